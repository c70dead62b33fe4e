"""
Checkpoints: origin, size and root of the log in a signed note (C2SP signed-note and tlog-checkpoint, v1).

A checkpoint that somebody wrote down is a pin: it binds everything that came before it.
"""

import base64
import hashlib
import json
import re
from dataclasses import dataclass

from evidence.errors import Error
from evidence.log.dsse import EnvelopeError, unbase64
from evidence.log.fields import Fields, ShapeError
from evidence.log.keys import PublicKey, Signer
from evidence.store.layout import MAX_LOG_SIZE, MAX_NOTE_BYTES

_ED25519 = b"\x01"
"""Signature type of signed-note."""

_ORIGIN = re.compile(r"[a-z0-9.-]{1,253}/[a-z0-9._-]{1,100}/[0-9a-f]{16}")
_SIZE = re.compile(r"0|[1-9][0-9]{0,11}")
_ROOT = re.compile(r"[0-9a-f]{64}")
_NOTE = re.compile(r"(?P<text>[^\n]+\n[^\n]+\n[^\n]+\n)\n\u2014 (?P<name>[^ \n]+) (?P<sig>[^ \n]+)\n")
_PIN = frozenset({"origin", "size", "root"})


class NoteError(Error):
    """Bytes are not a checkpoint, or not a pin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """What a log was at one moment."""

    origin: str
    size: int
    """How many leaves it had."""
    root: str
    """The Merkle root over them, 64 hex digits."""

    def __post_init__(self) -> None:
        check_origin(self.origin)
        if not 0 <= self.size <= MAX_LOG_SIZE:
            raise NoteError(f"a log has 0 to {MAX_LOG_SIZE} leaves, found {self.size}")
        if not _ROOT.fullmatch(self.root):
            raise NoteError(f"expected a root of 64 hex digits, found {self.root!r:.100}")

    @property
    def pin(self) -> str:
        """The line that reports print and `verify --pin` takes."""
        return f"{self.origin} {self.size} {self.root}"

    @property
    def body(self) -> str:
        """The signed text: tlog-checkpoint's three lines."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(bytes.fromhex(self.root)).decode()}\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedCheckpoint:
    """A checkpoint and its signature, not yet checked against any key."""

    checkpoint: Checkpoint
    name: str
    key_hash: bytes
    signature: bytes

    def matches(self, key: PublicKey) -> bool:
        """Tell whether `key` is the one the signature line names."""
        return self.key_hash == _key_hash(self.name, key)

    def verify(self, key: PublicKey) -> Checkpoint:
        """Return the checkpoint if `key` signed it; raise `SignatureError` if not."""
        key.verify(self.signature, self.checkpoint.body.encode())
        return self.checkpoint


def check_origin(origin: str) -> str:
    """Return `origin` if it is `<domain>/<owner>/<16 hex>`; raise `NoteError` if not."""
    if not _ORIGIN.fullmatch(origin):
        raise NoteError(f"expected an origin like plantproof.example/acme/9c1e4f0a12b3c4d5, found {origin!r:.200}")
    return origin


def sign_checkpoint(key: Signer, checkpoint: Checkpoint) -> bytes:
    """Return the signed note of `checkpoint`; the key is named by the log's origin."""
    signature = key.sign(checkpoint.body.encode())
    line = base64.b64encode(_key_hash(checkpoint.origin, key.public) + signature).decode()
    return f"{checkpoint.body}\n\u2014 {checkpoint.origin} {line}\n".encode()


def read_checkpoint(data: bytes) -> SignedCheckpoint:
    """Read a signed note with exactly one signature; raise `NoteError` unless it is as `sign_checkpoint` writes it."""
    checkpoint, name, text = open_note(data)
    try:
        line = unbase64(text)
    except EnvelopeError as error:
        raise NoteError(str(error)) from error
    if name != checkpoint.origin or len(line) != 68:
        raise NoteError("the note is not written as a checkpoint's is")
    return SignedCheckpoint(checkpoint=checkpoint, name=name, key_hash=line[:4], signature=line[4:])


def open_note(data: bytes) -> tuple[Checkpoint, str, str]:
    """Return a note's checkpoint, and name and base64 of its one signature; raise `NoteError` for anything else."""
    if len(data) > MAX_NOTE_BYTES:
        raise NoteError(f"a note of {len(data)} bytes; at most {MAX_NOTE_BYTES} are read")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise NoteError(f"a note that is not UTF-8: {error}") from error
    match = _NOTE.fullmatch(text)
    if match is None:
        raise NoteError("expected three lines, an empty one and one signature")
    origin, size, root, _ = match["text"].split("\n")
    try:
        checkpoint = Checkpoint(origin=origin, size=_size(size), root=unbase64(root).hex())
    except EnvelopeError as error:
        raise NoteError(str(error)) from error
    if checkpoint.body != match["text"]:
        raise NoteError("the note is not written as a checkpoint's is")
    return checkpoint, match["name"], match["sig"]


def parse_pin(data: bytes) -> Checkpoint:
    """
    Read a pin: the line `origin size root`, a JSON object of the three, or a checkpoint note.

    The root may be hex (as we print it) or base64 (as notes hold it). A note's signature is not checked here: a pin
    is trusted because of where it was kept.
    """
    if len(data) > MAX_NOTE_BYTES:
        raise NoteError(f"a pin of {len(data)} bytes; at most {MAX_NOTE_BYTES} are read")
    if b"\n\n" in data.strip():
        return read_checkpoint(data).checkpoint
    text = data.decode("utf-8", "replace").strip()
    if text.startswith("{"):
        return _json_pin(text)
    words = text.split(" ")
    if len(words) != 3:
        raise NoteError(f"expected a pin `origin size root`, found {text!r:.200}")
    return Checkpoint(origin=words[0], size=_size(words[1]), root=_root(words[2]))


def _json_pin(text: str) -> Checkpoint:
    try:
        pin = Fields(json.loads(text), "pin", _PIN, frozenset())
        return Checkpoint(origin=pin.text("origin"), size=pin.whole("size"), root=_root(pin.text("root")))
    except (ValueError, RecursionError, ShapeError) as error:
        raise NoteError(f'expected a pin {{"origin": …, "size": …, "root": …}}: {error}') from error


def _root(text: str) -> str:
    plain = text.removeprefix("sha256:")
    if _ROOT.fullmatch(plain):
        return plain
    try:
        return unbase64(text).hex()
    except EnvelopeError as error:
        raise NoteError(f"expected a root, found {text!r:.100}") from error


def _size(text: str) -> int:
    if not _SIZE.fullmatch(text):
        raise NoteError(f"expected a log size, found {text!r:.40}")
    return int(text)


def _key_hash(name: str, key: PublicKey) -> bytes:
    """Return the four bytes a signature line begins with (signed-note, "Signatures")."""
    return hashlib.sha256(name.encode() + b"\n" + _ED25519 + key.raw).digest()[:4]
