"""A folder of keys: one Ed25519 key a role, and the master key of redaction."""

import os
import re
import secrets
import shutil
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from evidence.log.agent import agent_keys
from evidence.log.keys import MAX_KEY_FILE_BYTES, KeyFileError, PublicKey, Signer, SigningKey
from evidence.log.kms import PREFIX, KmsKey

REDACTION_KEY_BYTES = 32
"""Length of the master key."""

BOTH_TAGS = timedelta(days=8)
"""How long after a change of the redaction key secrets have a tag of either: jobs are due once a week at least."""

_REDACTION_FILE = re.compile(r"redaction-(k[1-9][0-9]{0,3})\.key")
_REDACTION_SAID = re.compile(r"(k[1-9][0-9]{0,3}):([0-9a-f]{64})")
_REDACTION_TEXT = re.compile(rb"([0-9a-f]{64})\n?")
_SPARE = "spare"
_NOTHING: Mapping[str, str] = MappingProxyType({})


class Role(StrEnum):
    """What a key may sign."""

    ROOT = "root"
    PLANNER = "planner"
    COLLECTOR = "collector"
    ASSESSOR = "assessor"
    SEALER = "sealer"
    OWNER = "owner"


class NoKeyError(KeyFileError):
    """A keyring lacks the key of a role."""


class RedactionKey:
    """The master key redaction tags are made with; it derives keys and is never shown itself."""

    __slots__ = ("_master", "id")

    def __init__(self, master: bytes, key_id: str) -> None:
        if len(master) != REDACTION_KEY_BYTES:
            raise KeyFileError(f"a redaction key has {REDACTION_KEY_BYTES} bytes, found {len(master)}")
        self._master = master
        self.id = key_id
        """Short and without meaning, as tags carry it: `k1`."""

    def derive(self, use: str) -> bytes:
        """Return the 32-byte key for one use (HKDF-SHA256, RFC 5869)."""
        return HKDF(algorithm=SHA256(), length=32, salt=None, info=f"plantproof/{use}".encode()).derive(self._master)

    def __repr__(self) -> str:
        return f"<redaction key {self.id}>"

    def __reduce__(self) -> str:
        raise TypeError("a redaction key is not serialised")


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyring:
    """The keys one process holds; seldom all of them."""

    signing: Mapping[Role, Signer]
    redaction: RedactionKey | None = None
    spare: PublicKey | None = None
    """Public half of the spare root, which genesis names."""
    earlier: Mapping[Role, tuple[PublicKey, ...]] = field(default_factory=lambda: MappingProxyType({}))
    """Public halves of the keys these took the place of: what they signed as working memory is still read."""

    def key(self, role: Role) -> Signer:
        """Return the key of `role`, or raise `NoKeyError`."""
        try:
            return self.signing[role]
        except KeyError:
            raise NoKeyError(f"the keyring has no {role} key") from None

    def known(self, role: Role) -> Mapping[str, PublicKey]:
        """Return the key of a role, and those before it, by fingerprint."""
        return {key.id: key for key in (self.key(role).public, *self.earlier.get(role, ()))}

    def redaction_key(self) -> RedactionKey:
        """Return the master key of redaction, or raise `NoKeyError`."""
        if self.redaction is None:
            raise NoKeyError("the keyring has no redaction key")
        return self.redaction


def create_keyring(folder: Path) -> Keyring:
    """
    Make `folder` with a new key of every role, all 0600, and return them.

    The folder appears whole or not at all; one that already holds something raises `KeyFileError` and stays as it is.
    """
    folder = folder.absolute()
    draft = folder.with_name(f".{folder.name}.{secrets.token_hex(6)}")
    try:
        folder.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        draft.mkdir(mode=0o700)
        for name in (*Role, _SPARE):
            write_pair(draft / name, SigningKey.generate(), name)
        master = secrets.token_bytes(REDACTION_KEY_BYTES)
        _write(draft / "redaction-k1.key", f"{master.hex()}\n".encode(), 0o600)
        draft.rename(folder)
    except OSError as error:
        raise KeyFileError(f"{folder}: keys cannot be made there: {error.strerror}") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return load_keyring(folder)


def load_keyring(folder: Path, environ: Mapping[str, str] = _NOTHING) -> Keyring:
    """
    Return the keys in `folder`, and those that `environ` has.

    `PLANTPROOF_KEY_<ROLE>` is a key's file, or the text of one, or `kms:` and a key in AWS KMS. A file `<role>.kms`
    names such a key, too, and goes before a file of the role; `<role>.pub` says which key it has to be.
    `PLANTPROOF_KEY_REDACTION` is `k1:` and 64 hex digits. Of a role of which only the `.pub` file is there, an agent
    (`SSH_AUTH_SOCK`) is asked. Roles without a key are left out; a file others may read raises `KeyFileError`.
    """
    signing: dict[Role, Signer] = {}
    for role in Role:
        said = environ.get(f"PLANTPROOF_KEY_{role.upper()}")
        reference = said.strip() if said else _reference(folder / f"{role}.kms")
        if reference.startswith(PREFIX):
            signing[role] = KmsKey(reference, _load_if_there(folder / f"{role}.pub"))
        elif said:
            signing[role] = _parse_said(said, f"PLANTPROOF_KEY_{role.upper()}")
        elif (folder / role).exists():
            signing[role] = load_private(folder / role)
    redaction = environ.get("PLANTPROOF_KEY_REDACTION")
    if not folder.is_dir() and not signing:
        raise KeyFileError(f"no keys at {folder}", hint="`plantproof init` makes them")
    lacking = {role: folder / f"{role}.pub" for role in Role if role not in signing}
    public = {role: load_public(path) for role, path in lacking.items() if path.exists()}
    if public and environ.get("SSH_AUTH_SOCK"):
        held = agent_keys(Path(environ["SSH_AUTH_SOCK"]))
        signing.update({role: held[key.id] for role, key in public.items() if key.id in held})
    return Keyring(
        signing=MappingProxyType(signing),
        redaction=_parse_redaction(redaction) if redaction else _load_redaction(folder),
        spare=_load_if_there(folder / f"{_SPARE}.pub"),
        earlier=MappingProxyType({role: tuple(map(load_public, earlier_files(folder, role))) for role in Role}),
    )


def holds_keys(environ: Mapping[str, str]) -> bool:
    """Tell whether an environment has any signing key."""
    return any(environ.get(f"PLANTPROOF_KEY_{role.upper()}") for role in Role)


def earlier_files(folder: Path, role: Role) -> tuple[Path, ...]:
    """Return the `.pub` files of the keys that a role had before, the first one first."""
    pattern = re.compile(rf"{role}\.([1-9][0-9]{{0,3}})\.pub")
    found = {int(m[1]): path for path in _entries(folder) if (m := pattern.fullmatch(path.name))}
    return tuple(found[number] for number in sorted(found))


def take_place(folder: Path, role: Role, key: SigningKey) -> Path:
    """
    Make `key` the key of a role in `folder`, and return where the public half of the one before lies.

    The one before stays beside it under a number, so that nothing it signed as working memory is lost.
    """
    number = 1 + max((int(path.name.split(".")[1]) for path in earlier_files(folder, role)), default=0)
    before = folder / f"{role}.{number}.pub"
    try:
        write_pair(folder / f".{role}.new", key, role)
        named = (f"{role}.kms", f"{role}.{number}.kms")
        for name, kept in ((f"{role}.pub", before.name), (role, f"{role}.{number}"), named):
            if (folder / name).exists():
                (folder / name).rename(folder / kept)
        (folder / f".{role}.new").rename(folder / role)
        (folder / f".{role}.new.pub").rename(folder / f"{role}.pub")
    except OSError as error:
        raise KeyFileError(f"{folder}: the new {role} key cannot be put there: {error.strerror}") from error
    return before


def write_pair(path: Path, key: SigningKey, name: str) -> None:
    """Write a key's file (0600), which must not exist, and its `.pub` beside it."""
    _write(path, key.file_bytes(), 0o600)
    _write(path.with_name(f"{path.name}.pub"), f"{key.public.text} plantproof-{name}\n".encode(), 0o644)


def write_reference(path: Path, reference: str) -> PublicKey:
    """Write `<path>.kms`, which names a key in AWS KMS, and its public half as KMS says it, `<path>.pub`."""
    key = KmsKey(reference)
    _write(path.with_name(f"{path.name}.pub"), f"{key.public.text} plantproof-{path.name}\n".encode(), 0o644)
    _write(path.with_name(f"{path.name}.kms"), f"{key!r}\n".encode(), 0o644)
    return key.public


def new_redaction_key(folder: Path) -> Path:
    """Make the next master key of redaction in `folder`; tags of the two cannot be compared."""
    before = _load_redaction(folder)
    number = int(before.id.removeprefix("k")) + 1 if before else 1
    path = folder / f"redaction-k{number}.key"
    _write(path, f"{secrets.token_bytes(REDACTION_KEY_BYTES).hex()}\n".encode(), 0o600)
    return path


def load_public(path: Path) -> PublicKey:
    """Return the public key in a `.pub` file."""
    try:
        return PublicKey.parse(_read(path).decode("utf-8", "replace"))
    except KeyFileError as error:
        raise KeyFileError(f"{path}: {error}") from error


def load_private(path: Path) -> SigningKey:
    """Return the private key in a file that its owner alone can read."""
    if not path.exists():
        raise KeyFileError(f"no key at {path}")
    _check_mode(path)
    try:
        return SigningKey.parse(_read(path))
    except KeyFileError as error:
        raise KeyFileError(f"{path}: {error}") from error


def _load_if_there(path: Path) -> PublicKey | None:
    return load_public(path) if path.exists() else None


def _reference(path: Path) -> str:
    """Return the reference to a key in KMS that a file holds; nothing where there is none."""
    if not path.exists():
        return ""
    said = _read(path).decode("utf-8", "replace").strip()
    if not said.startswith(PREFIX):
        raise KeyFileError(f"{path}: expected {PREFIX} and a key in AWS KMS")
    return said


def _parse_said(said: str, name: str) -> SigningKey:
    """Return the key that a variable names or holds; its value is never repeated."""
    if not said.lstrip().startswith("-----BEGIN"):
        return load_private(Path(said))
    try:
        return SigningKey.parse(said.strip().encode() + b"\n")
    except KeyFileError as error:
        raise KeyFileError(f"{name}: {error}") from error


def _parse_redaction(said: str) -> RedactionKey:
    match = _REDACTION_SAID.fullmatch(said.strip())
    if match is None:
        raise KeyFileError("PLANTPROOF_KEY_REDACTION: expected k1: and 64 hex digits")
    return RedactionKey(bytes.fromhex(match[2]), match[1])


def _entries(folder: Path) -> tuple[Path, ...]:
    return tuple(folder.iterdir()) if folder.is_dir() else ()


def redaction_before(folder: Path, at: datetime) -> RedactionKey | None:
    """Return the master key before the newest one, as long as the newest is so young that both are to make tags."""
    found = _redaction_files(folder)
    if len(found) < 2:
        return None
    *_, before, newest = sorted(found)
    since = datetime.fromtimestamp(found[newest].stat().st_mtime, UTC)
    return _read_redaction(found[before], before) if at < since + BOTH_TAGS else None


def _load_redaction(folder: Path) -> RedactionKey | None:
    """Return the newest master key: `redaction-k2.key` is newer than `redaction-k1.key`."""
    found = _redaction_files(folder)
    return _read_redaction(found[max(found)], max(found)) if found else None


def _redaction_files(folder: Path) -> dict[int, Path]:
    return {int(m[1][1:]): p for p in _entries(folder) if (m := _REDACTION_FILE.fullmatch(p.name))}


def _read_redaction(path: Path, number: int) -> RedactionKey:
    _check_mode(path)
    match = _REDACTION_TEXT.fullmatch(_read(path))
    if match is None:
        raise KeyFileError(f"{path}: expected {2 * REDACTION_KEY_BYTES} hex digits")
    return RedactionKey(bytes.fromhex(match[1].decode()), f"k{number}")


def _check_mode(path: Path) -> None:
    """Raise unless only the owner can read the file. Windows keeps no such modes."""
    mode = stat.S_IMODE(path.stat().st_mode)
    if os.name != "nt" and mode & 0o077:
        raise KeyFileError(
            f"{path}: others than its owner can use this key (mode {mode:04o})", hint=f"chmod 600 {path}"
        )


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_KEY_FILE_BYTES + 1)
    except OSError as error:
        raise KeyFileError(f"{path}: cannot be read: {error.strerror}") from error
    if len(data) > MAX_KEY_FILE_BYTES:
        raise KeyFileError(f"{path}: larger than any key file")
    return data


def _write(path: Path, data: bytes, mode: int) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        os.write(handle, data)
        os.fsync(handle)
    finally:
        os.close(handle)
