"""
Where vault passwords come from: Ansible's flags, environment and ansible.cfg, in Ansible's order and by its rules.

A file is read and loses the blanks around its text; one that is executable is run and loses its last line breaks; a
script whose name ends in `-client` is told the vault id. A source that gives nothing is a warning while another gives
something, as it is there.
"""

import re
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from collectors.inventory.printed import MAX_PRINTED_BYTES as MAX_PASSWORD_BYTES
from collectors.inventory.printed import printed_by
from collectors.inventory.problem import InventoryError
from collectors.inventory.settings import AnsibleSettings
from collectors.inventory.vault import DEFAULT_LABEL, Vault, Vaulted, VaultError, VaultPassword, is_vaulted
from collectors.inventory.yamlfile import read_bytes

PROMPTS = ("prompt", "prompt_ask_vault_pass")
"""Sources that are a person."""

_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)\})", re.ASCII)
_EXECUTABLE = stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH
_ASKED = "prompt_ask_vault_pass"
_TRUE = frozenset({"true", "yes", "on", "1", "y", "t"})


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultArguments:
    """What was said about vault passwords on the command line."""

    ids: tuple[str, ...] = ()
    """`--vault-id`: `label@source`, or a source."""
    files: tuple[str, ...] = ()
    """`--vault-password-file`."""
    ask: bool = False
    """`-J`."""


def read_vault(said: VaultArguments, environ: Mapping[str, str], prompt: Callable[[str], str]) -> Vault:
    """Return the passwords that were named, and asked for with `prompt`; raise `InventoryError` where none is there."""
    settings = AnsibleSettings(environ)
    label = settings.text("ANSIBLE_VAULT_IDENTITY", "vault_identity") or DEFAULT_LABEL
    only_matching = _is_true(settings.text("ANSIBLE_VAULT_ID_MATCH", "vault_id_match"))
    found: list[VaultPassword] = []
    failures: list[InventoryError] = []
    for written in _sources(said, settings, label):
        named, at, source = written.partition("@")
        name, source = (named or label, source) if at else (label, written)
        try:
            if source in PROMPTS:
                found.append(_asked(name, source, prompt))
            else:
                found.append(_read(name, source, environ, Vault(found, default_label=label)))
        except InventoryError as error:
            failures.append(error)
    if failures and not found:
        raise failures[-1]
    warnings = [str(failure) for failure in failures]
    return Vault(found, default_label=label, only_matching=only_matching, warnings=warnings)


def _sources(said: VaultArguments, settings: AnsibleSettings, label: str) -> Iterator[str]:
    """Yield every source, in the order in which Ansible tries them."""
    listed = settings.text("ANSIBLE_VAULT_IDENTITY_LIST", "vault_identity_list")
    yield from (name.strip() for name in listed.split(",") if name.strip())
    yield from said.ids
    yield from (f"{label}@{path}" for path in said.files)
    file = settings.path("ANSIBLE_VAULT_PASSWORD_FILE", "vault_password_file")
    if file:
        yield f"{label}@{file}"
    if said.ask or _is_true(settings.text("ANSIBLE_ASK_VAULT_PASS", "ask_vault_pass")):
        yield f"{label}@{_ASKED}"


def _is_true(text: str) -> bool:
    return text.strip().lower() in _TRUE


def _asked(label: str, source: str, prompt: Callable[[str], str]) -> VaultPassword:
    value = prompt("Vault password" if source == _ASKED else f"Vault password ({label})").encode().strip()
    if not value:
        raise InventoryError("expected a vault password, an empty one was entered")
    return VaultPassword(label, value)


def _read(label: str, source: str, environ: Mapping[str, str], known: Vault) -> VaultPassword:
    path = _expanded(source, environ)
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise InventoryError(f"{path}: expected a vault password file, found none: {error.strerror}") from error
    if stat.S_ISDIR(mode):
        raise InventoryError(f"{path}: expected a vault password file, found a folder")
    value = _run(path, label, environ).rstrip(b"\r\n") if mode & _EXECUTABLE else _text(path, known)
    if not value:
        raise InventoryError(f"{path}: expected a vault password, found nothing")
    return VaultPassword(label, value, str(path))


def _expanded(source: str, environ: Mapping[str, str]) -> Path:
    """Return the absolute path that `~` and `$NAME` in `source` stand for."""
    known = _VARIABLE.sub(lambda found: environ.get(found[1] or found[2], found[0]), source)
    return Path(known).expanduser().absolute()


def _text(path: Path, known: Vault) -> bytes:
    """Return what a password file holds; it may be encrypted itself, with a password named before it."""
    data = read_bytes(path)
    if len(data) > MAX_PASSWORD_BYTES:
        raise InventoryError(f"{path}: expected at most {MAX_PASSWORD_BYTES} bytes of vault password, found more")
    if is_vaulted(data):
        try:
            data = known.open_file(Vaulted(data.decode("utf-8", "replace")))
        except VaultError as error:
            raise InventoryError(f"{path}: {error}", hint=error.hint) from None
    return data.strip()


def _run(path: Path, label: str, environ: Mapping[str, str]) -> bytes:
    """Return what a password script prints."""
    command = [str(path), *(["--vault-id", label] if path.stem.endswith("-client") else [])]
    return printed_by(command, environ, name=str(path), wanted="a vault password")
