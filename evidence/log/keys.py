"""
Ed25519 keys in OpenSSH's file format (PROTOCOL.key), so that ssh-keygen can show, check and use them.

A key is named by its SSH fingerprint, `SHA256:…`, in statements and to people alike.
"""

import base64
import hashlib
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_ssh_private_key,
)

from evidence.errors import Error

_PREFIX = b"\x00\x00\x00\x0bssh-ed25519\x00\x00\x00\x20"
"""RFC 8709 §4: the key type, then the length of the 32 bytes that follow."""

_LINE = re.compile(r"ssh-ed25519 ([A-Za-z0-9+/]{68})(?: [^\r\n]{0,200})?\n?")

LENIENT = (
    (
        "fb6eafc44261ffce962ae373989efab177d31b29386e558c7ebb56ec558e965d",
        "ff713cd1ff580bc377e1c3523e9d80fb6694aa62cc8452bdc0778d7de6d0d4b9"
        "29bb10be15e33285fcc2ef0bc2142d9513aa43b2df96314ba3a35dd0056f7601",
    ),
    (
        "26c9a248cf222f3b76f4d533ab403ec35c562a3a83dd7c51c39b5ccfc46a75b0",
        "3b18dd6e706804407a2f29bb66ff89942cccde10111db680195a7b5d546ea7ad"
        "551afc75beaf6497c93dc034b9728f92246077a56200240d02ee085307be2f08",
    ),
)
"""
Keys, and signatures over `plantproof`: RFC 8032 §5.1.7 lets a verifier choose whether they fit, OpenSSL says no.

In the first the point R, in the second the key, is off by a point of order eight.
"""

KEY_BYTES, SIGNATURE_BYTES = 32, 64
"""RFC 8032 §5.1.6."""

MAX_KEY_FILE_BYTES = 4096
"""Largest key file; an Ed25519 one has about 400 bytes."""


class KeyFileError(Error):
    """A key file cannot be used."""


class SignatureError(Error):
    """A signature does not fit."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """The half of a key that everyone may know."""

    raw: bytes
    """32 bytes (RFC 8032 §5.1.5)."""

    def __post_init__(self) -> None:
        if len(self.raw) != KEY_BYTES:
            raise KeyFileError(f"an Ed25519 public key has 32 bytes, found {len(self.raw)}")

    @property
    def id(self) -> str:
        """The SSH fingerprint."""
        digest = hashlib.sha256(_PREFIX + self.raw).digest()
        return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")

    @property
    def text(self) -> str:
        """The key as a line of `authorized_keys` or `allowed_signers` holds it, without a comment."""
        return "ssh-ed25519 " + base64.b64encode(_PREFIX + self.raw).decode()

    @classmethod
    def parse(cls, text: str) -> "PublicKey":
        """Read a `.pub` file's one line."""
        match = _LINE.fullmatch(text)
        if match is None:
            raise KeyFileError("expected one line `ssh-ed25519 AAAA…`, an Ed25519 public key of OpenSSH")
        blob = base64.b64decode(match[1])
        if not blob.startswith(_PREFIX):
            raise KeyFileError("the line says ssh-ed25519, the key in it does not")
        return cls(blob.removeprefix(_PREFIX))

    def verify(self, signature: bytes, data: bytes) -> None:
        """Return if `signature` was made over `data` by the other half of this key; raise `SignatureError` if not."""
        if _MANY.fits(self.raw, signature, data):
            return
        try:
            _opened(self.raw).verify(signature, data)
        except InvalidSignature as error:
            raise SignatureError(f"not signed by {self.id}, or changed since") from error


class _Many:
    """
    libsodium, where it is installed and many signatures are checked: it takes half of OpenSSL's time.

    Only its yes counts, and only of a release that says yes to nothing OpenSSL refuses: it looks for the same equation
    and refuses more (points of small order, encodings that are not canonical). What it refuses OpenSSL is asked about.
    So the same signatures fit on every machine.
    """

    WORTH_IT = 1_000
    """Signatures a process checks before it loads the library, which takes as long as checking half as many."""

    SHORT = 16_384
    """Longest data it is asked about, bytes: its SHA-512 takes twice OpenSSL's time, which tells from some 25 KB on."""

    def __init__(self) -> None:
        self._seen = 0
        self._looked = False
        self._fit: Callable[[bytes, bytes], bool] | None = None

    def fits(self, key: bytes, signature: bytes, data: bytes) -> bool:
        """Return whether libsodium was asked, and says that `signature` fits."""
        if len(data) > self.SHORT:
            return False
        if self._fit is None:
            self._seen += 1
            if self._seen >= self.WORTH_IT and not self._looked:
                self._looked = True
                self._fit = _libsodium()
            return False
        # Of other lengths it would take the rest from the data, or give it some, or read beyond the key.
        return len(signature) == SIGNATURE_BYTES and len(key) == KEY_BYTES and self._fit(signature + data, key)


_MANY = _Many()


class _Room(threading.local):
    """Where libsodium writes what was signed: each thread has its own."""

    def __init__(self, new: Callable[..., Any]) -> None:
        self.data, self.length = new("unsigned char[]", SIGNATURE_BYTES + _Many.SHORT), new("unsigned long long *")


def _libsodium() -> Callable[[bytes, bytes], bool] | None:
    """
    Return what tells whether the signature before some data fits a key; `None` where nothing as strict as OpenSSL does.

    PyNaCl's own function copies the data once more, and makes room for it each time: 4 to 10 µs of some 75.
    """
    try:
        import nacl.bindings  # noqa: F401 - makes the library ready
        from nacl._sodium import ffi, lib  # type: ignore[import-not-found]

        room, opens = _Room(ffi.new), lib.crypto_sign_open
    except (ImportError, AttributeError):
        return None

    def fit(signed: bytes, key: bytes) -> bool:
        return bool(opens(room.data, room.length, signed, len(signed), key) == 0)

    return None if is_lenient(fit) else fit


def is_lenient(fit: Callable[[bytes, bytes], bool]) -> bool:
    """Tell whether a library says yes to a signature that fits only after both sides were multiplied by eight."""
    return any(fit(bytes.fromhex(signature) + b"plantproof", bytes.fromhex(key)) for key, signature in LENIENT)


@lru_cache(maxsize=256)
def _opened(raw: bytes) -> Ed25519PublicKey:
    """Make a key ready to check with; a log has few keys and many signatures."""
    return Ed25519PublicKey.from_public_bytes(raw)


class Signer(Protocol):
    """What can sign with a key; it need not hold it."""

    @property
    def public(self) -> PublicKey:
        """The half of the key that everyone may know."""
        ...

    def sign(self, data: bytes) -> bytes:
        """Return the 64-byte Ed25519 signature over `data`; raise `KeyFileError` where there is none to be had."""
        ...


class SigningKey:
    """
    A private key that cannot be printed or serialised by accident.

    A plain class on purpose: `dataclasses.asdict` would copy the value out.
    """

    __slots__ = ("_key", "_public")

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self._public = PublicKey(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))

    @property
    def public(self) -> PublicKey:
        """The half of it that everyone may know."""
        return self._public

    @classmethod
    def generate(cls) -> "SigningKey":
        """Make a new key."""
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def from_seed(cls, seed: bytes) -> "SigningKey":
        """Return the key of a 32-byte seed (RFC 8032 §5.1.5)."""
        return cls(Ed25519PrivateKey.from_private_bytes(seed))

    @classmethod
    def parse(cls, data: bytes) -> "SigningKey":
        """Read an OpenSSH private key file without a passphrase."""
        try:
            key = load_ssh_private_key(data, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise KeyFileError(f"not an OpenSSH private key without passphrase: {error}") from error
        if not isinstance(key, Ed25519PrivateKey):
            raise KeyFileError("a key, but not an Ed25519 one")
        return cls(key)

    def file_bytes(self) -> bytes:
        """Return the OpenSSH private key file. Only for writing it, mode 0600."""
        return self._key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())

    def sign(self, data: bytes) -> bytes:
        """Return the 64-byte signature over `data`."""
        return self._key.sign(data)

    def __repr__(self) -> str:
        return f"<signing key {self.public.id}>"

    def __reduce__(self) -> str:
        raise TypeError("a signing key is not serialised")
