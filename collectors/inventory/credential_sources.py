"""
Secrets the inventory names and the site file says the place of: a file, the environment, a program, systemd.

A place stands in the site file and never in the inventory: an inventory may be made by others (NetBox, a CMDB), and may
then neither have a program run here nor a file read.
"""

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path

from collectors.credentials import CredentialSource, Secret
from collectors.inventory.printed import MAX_PRINTED_BYTES, printed_by
from collectors.inventory.problem import InventoryError
from collectors.inventory.yamlfile import read_bytes

SYSTEMD_FOLDER = "CREDENTIALS_DIRECTORY"
"""Where systemd puts what a unit's LoadCredential= names (systemd.exec(5))."""


class CredentialSources:
    """Hands out secrets by name; each source is asked once."""

    def __init__(
        self, named: Mapping[str, CredentialSource] | None = None, environ: Mapping[str, str] | None = None
    ) -> None:
        self._named, self._environ = dict(named or {}), environ or {}
        self._known: dict[str, tuple[Secret, int]] = {}

    def secret(self, name: str, *, at_least: int = 0) -> Secret:
        """Return the secret of that name; raise `InventoryError` where there is none, or it is too short."""
        if name not in self._known:
            text = _text(self._read(name, self._source(name)), name)
            self._known[name] = Secret(text), len(text)
        secret, length = self._known[name]
        if length < at_least:
            raise InventoryError(f"credential {name}: expected at least {at_least} characters, found {length}")
        return secret

    def _source(self, name: str) -> CredentialSource:
        if name in self._named:
            return self._named[name]
        near = get_close_matches(name, self._named, n=1)
        meant = f" (did you mean {near[0]}?)" if near else ""
        raise InventoryError(
            f"expected a name of the site file's credentials, found {name!r:.80}{meant}",
            hint="plantproof.yml: credentials: {NAME: {file: …}}, or environment, command, systemd",
        )

    def _read(self, name: str, source: CredentialSource) -> bytes:
        where = f"credential {name}"
        if source.command:
            return printed_by(source.command, self._environ, name=where, wanted="a secret")
        if source.environment is not None:
            value = self._environ.get(source.environment)
            if value is None:
                raise InventoryError(f"{where}: expected the environment to hold {source.environment}, it does not")
            return value.encode("utf-8", "surrogateescape")
        return _file(self._path(where, source), where)

    def _path(self, where: str, source: CredentialSource) -> Path:
        if source.file is not None:
            return source.file
        folder = self._environ.get(SYSTEMD_FOLDER)
        if not folder:
            raise InventoryError(
                f"{where}: expected systemd's credential {source.systemd}, and ${SYSTEMD_FOLDER} is not set",
                hint=f"the unit needs LoadCredential={source.systemd}:PATH",
            )
        return Path(folder) / str(source.systemd)


NO_CREDENTIAL_SOURCES = CredentialSources()
"""The site file names none."""


def _file(path: Path, where: str) -> bytes:
    try:
        return read_bytes(path)
    except (OSError, InventoryError) as error:
        raise InventoryError(f"{where}: {error}") from error


def _text(data: bytes, name: str) -> str:
    """Return a secret without the line end behind it."""
    if len(data) > MAX_PRINTED_BYTES:
        raise InventoryError(f"credential {name}: expected at most {MAX_PRINTED_BYTES} bytes, found more")
    try:
        text = data.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise InventoryError(f"credential {name}: expected UTF-8 text, found something else") from None
    if not text or "\0" in text:
        raise InventoryError(f"credential {name}: expected a secret, found {'nothing' if not text else 'a NUL in it'}")
    return text
