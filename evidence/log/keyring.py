"""A folder of keys: one Ed25519 key a role, and the master key of redaction."""

import os
import re
import secrets
import shutil
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from evidence.log.keys import MAX_KEY_FILE_BYTES, KeyFileError, PublicKey, SigningKey

REDACTION_KEY_BYTES = 32
"""Length of the master key."""

_REDACTION_FILE = re.compile(r"redaction-(k[1-9][0-9]{0,3})\.key")
_REDACTION_TEXT = re.compile(rb"([0-9a-f]{64})\n?")
_SPARE = "spare"


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

    signing: Mapping[Role, SigningKey]
    redaction: RedactionKey | None = None
    spare: PublicKey | None = None
    """Public half of the spare root, which genesis names."""

    def key(self, role: Role) -> SigningKey:
        """Return the key of `role`, or raise `NoKeyError`."""
        try:
            return self.signing[role]
        except KeyError:
            raise NoKeyError(f"the keyring has no {role} key") from None

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
            key = SigningKey.generate()
            _write(draft / name, key.file_bytes(), 0o600)
            _write(draft / f"{name}.pub", f"{key.public.text} plantproof-{name}\n".encode(), 0o644)
        master = secrets.token_bytes(REDACTION_KEY_BYTES)
        _write(draft / "redaction-k1.key", f"{master.hex()}\n".encode(), 0o600)
        draft.rename(folder)
    except OSError as error:
        raise KeyFileError(f"{folder}: keys cannot be made there: {error.strerror}") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return load_keyring(folder)


def load_keyring(folder: Path) -> Keyring:
    """Return the keys in `folder`; roles without a file are left out, a file others may read raises `KeyFileError`."""
    if not folder.is_dir():
        raise KeyFileError(f"no keys at {folder}", hint="`plantproof init` makes them")
    signing = {}
    for role in Role:
        if (folder / role).exists():
            signing[role] = _parse_private(folder / role)
    spare = folder / f"{_SPARE}.pub"
    return Keyring(
        signing=MappingProxyType(signing),
        redaction=_load_redaction(folder),
        spare=load_public(spare) if spare.exists() else None,
    )


def load_public(path: Path) -> PublicKey:
    """Return the public key in a `.pub` file."""
    try:
        return PublicKey.parse(_read(path).decode("utf-8", "replace"))
    except KeyFileError as error:
        raise KeyFileError(f"{path}: {error}") from error


def _parse_private(path: Path) -> SigningKey:
    _check_mode(path)
    try:
        return SigningKey.parse(_read(path))
    except KeyFileError as error:
        raise KeyFileError(f"{path}: {error}") from error


def _load_redaction(folder: Path) -> RedactionKey | None:
    """Return the newest master key: `redaction-k2.key` is newer than `redaction-k1.key`."""
    found = {int(m[1][1:]): p for p in folder.iterdir() if (m := _REDACTION_FILE.fullmatch(p.name))}
    if not found:
        return None
    number = max(found)
    path = found[number]
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
