"""
Cosignatures: a witness' word that it saw a log, and that it had only grown (C2SP tlog-cosignature, cosignature/v1).

One is kept as a signed note of its own: the checkpoint's text and one signature line.
"""

import base64
import hashlib
import re
import struct
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from evidence.log.dsse import EnvelopeError, unbase64
from evidence.log.keys import PublicKey, SignatureError, Signer
from evidence.log.note import Checkpoint, NoteError, open_note

_TYPE = b"\x04"
"""Signature type of a timestamped Ed25519 cosignature."""

_NAME = re.compile(r"[!-*,-~]{1,200}")
"""A witness' name: no blank and no plus (signed-note, "Format")."""

_LATEST = 253_402_300_800
"""The end of the year 9999, in seconds since 1970."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cosignature:
    """A checkpoint and a witness' signature, not yet checked against any key."""

    checkpoint: Checkpoint
    name: str
    key_hash: bytes
    time: int
    """Seconds since 1970."""
    signature: bytes

    @property
    def at(self) -> datetime:
        """When the witness says it saw the log."""
        return datetime.fromtimestamp(self.time, UTC)

    @property
    def file_name(self) -> str:
        """What it is called below `log/cosig/<size>/`."""
        return f"{self.key_hash.hex()}-{self.at:%Y%m%dt%H%M%Sz}"

    def matches(self, key: PublicKey) -> bool:
        """Tell whether `key` is the one the signature line names."""
        return self.key_hash == _key_hash(self.name, key)

    def verify(self, key: PublicKey) -> Checkpoint:
        """Return the checkpoint if `key` cosigned it; raise `SignatureError` if not."""
        key.verify(self.signature, _message(self.checkpoint, self.time))
        return self.checkpoint

    def verify_any(self, keys: Sequence[PublicKey]) -> Checkpoint:
        """Return the checkpoint if one of `keys` cosigned it: four bytes of hash are not enough to tell them apart."""
        for key in keys[:-1]:
            with suppress(SignatureError):
                return self.verify(key)
        return self.verify(keys[-1])


def check_witness_name(name: str) -> str:
    """Return `name` if it can name a witness; raise `NoteError` if not."""
    if not _NAME.fullmatch(name):
        raise NoteError(f"expected a witness' name without blanks, like auditor.example/acme, found {name!r:.200}")
    return name


def cosign(key: Signer, name: str, checkpoint: Checkpoint, at: datetime) -> bytes:
    """Return the cosignature of `checkpoint` as a note."""
    time = int(at.timestamp())
    line = _key_hash(check_witness_name(name), key.public) + struct.pack(">Q", time)
    line += key.sign(_message(checkpoint, time))
    return f"{checkpoint.body}\n\u2014 {name} {base64.b64encode(line).decode()}\n".encode()


def read_cosignature(data: bytes) -> Cosignature:
    """Read a cosignature; raise `NoteError` unless it is as `cosign` writes it."""
    checkpoint, name, text = open_note(data)
    try:
        line = unbase64(text)
    except EnvelopeError as error:
        raise NoteError(str(error)) from error
    if len(line) != 76 or not _NAME.fullmatch(name):
        raise NoteError("the signature line is not a cosignature's")
    (time,) = struct.unpack(">Q", line[4:12])
    if not 0 < time < _LATEST:
        raise NoteError("a cosignature of a time that is none")
    return Cosignature(checkpoint=checkpoint, name=name, key_hash=line[:4], time=time, signature=line[12:])


def _message(checkpoint: Checkpoint, time: int) -> bytes:
    return f"cosignature/v1\ntime {time}\n{checkpoint.body}".encode()


def _key_hash(name: str, key: PublicKey) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + _TYPE + key.raw).digest()[:4]
