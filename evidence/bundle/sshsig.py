"""
Signatures over files as OpenSSH makes them (PROTOCOL.sshsig), so that `ssh-keygen -Y verify` can check them.

One way to write one: Ed25519, SHA-512, lines of 70 characters.
"""

import base64
import binascii
import hashlib
import struct
from dataclasses import dataclass

from evidence.errors import Error
from evidence.log.keys import PublicKey, Signer

MAX_SIGNATURE_BYTES = 4096
"""Largest signature file; an Ed25519 one has about 300 bytes."""

_MAGIC, _HASH, _TYPE = b"SSHSIG", b"sha512", b"ssh-ed25519"
_BEGIN, _END = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"
_WIDTH = 70


class SshsigError(Error):
    """Bytes are not a signature as we write it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SshSignature:
    """Who signed, for which namespace; not yet checked."""

    key: PublicKey
    namespace: str
    signature: bytes

    def verify(self, data: bytes) -> None:
        """Return if the key signed `data` for the namespace; raise `SignatureError` if not."""
        self.key.verify(self.signature, _signed(data, self.namespace))


def sign(key: Signer, data: bytes, *, namespace: str) -> bytes:
    """Return the signature file over `data`."""
    return _armour(key.public, namespace, key.sign(_signed(data, namespace)))


def read(data: bytes) -> SshSignature:
    """Read a signature file; raise `SshsigError` unless it is as `sign` writes it."""
    try:
        lines = data.decode("ascii").splitlines() if len(data) <= MAX_SIGNATURE_BYTES else []
        blob = base64.b64decode("".join(lines[1:-1]), validate=True)
        *_, key, namespace, _, _, signature = _strings(blob[len(_MAGIC) + 4 :])
        kind, raw = _strings(key)
        signed_as, bare = _strings(signature)
        found = SshSignature(key=PublicKey(raw), namespace=namespace.decode("ascii"), signature=bare)
    except (ValueError, binascii.Error, struct.error, Error) as error:
        raise SshsigError(f"not an SSH signature: {error}") from error
    if (kind, signed_as) != (_TYPE, _TYPE) or _armour(found.key, found.namespace, bare) != data:
        raise SshsigError("an SSH signature, but not an Ed25519 one written our way")
    return found


def _armour(key: PublicKey, namespace: str, signature: bytes) -> bytes:
    public = _string(_TYPE) + _string(key.raw)
    blob = (
        _MAGIC
        + struct.pack(">I", 1)
        + b"".join(map(_string, (public, namespace.encode(), b"", _HASH)))
        + _string(_string(_TYPE) + _string(signature))
    )
    text = base64.b64encode(blob).decode()
    lines = [text[at : at + _WIDTH] for at in range(0, len(text), _WIDTH)]
    return "\n".join([_BEGIN, *lines, _END, ""]).encode()


def _signed(data: bytes, namespace: str) -> bytes:
    return _MAGIC + b"".join(map(_string, (namespace.encode(), b"", _HASH, hashlib.sha512(data).digest())))


def _string(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


def _strings(data: bytes) -> list[bytes]:
    """Split the strings that fill `data`."""
    found = []
    while data:
        (length,) = struct.unpack(">I", data[:4])
        found.append(data[4 : 4 + length])
        if len(found[-1]) != length:
            raise SshsigError("cut off")
        data = data[4 + length :]
    return found
