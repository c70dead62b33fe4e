"""
Keys that an ssh-agent holds: it signs, and the key never leaves it (draft-miller-ssh-agent, RFC 8032 signatures).

Only what is needed: ask which keys it has, and have Ed25519 signatures made.
"""

import socket
import struct
from collections.abc import Mapping
from pathlib import Path

from evidence.log.keys import KeyFileError, PublicKey

MAX_ANSWER_BYTES = 256 * 1024
"""Longest answer that is read: OpenSSH's own bound (AGENT_MAX_LEN)."""

WAIT_S = 60.0
"""How long an answer is waited for: an agent may ask a person first (`ssh-add -c`)."""

_REQUEST_IDENTITIES, _IDENTITIES_ANSWER = 11, 12
_SIGN_REQUEST, _SIGN_RESPONSE = 13, 14
_ED25519 = b"ssh-ed25519"


class AgentKey:
    """A key that an agent holds."""

    __slots__ = ("_public", "_socket")

    def __init__(self, public: PublicKey, socket_path: Path) -> None:
        self._public, self._socket = public, socket_path

    @property
    def public(self) -> PublicKey:
        """The half of it that everyone may know."""
        return self._public

    def sign(self, data: bytes) -> bytes:
        """Return the agent's signature over `data`."""
        request = bytes([_SIGN_REQUEST]) + _string(_blob(self._public)) + _string(data) + struct.pack(">I", 0)
        answer = _Reader(_asked(self._socket, request))
        if answer.byte() != _SIGN_RESPONSE:
            raise KeyFileError(f"the agent at {self._socket} does not sign with {self._public.id}")
        made = _Reader(answer.string())
        kind, signature = made.string(), made.string()
        if kind != _ED25519 or len(signature) != 64:
            raise KeyFileError(f"the agent at {self._socket} made no Ed25519 signature")
        self._public.verify(signature, data)
        return signature

    def __repr__(self) -> str:
        return f"<key {self._public.id} of an agent>"


def agent_keys(socket_path: Path) -> Mapping[str, AgentKey]:
    """Return the Ed25519 keys an agent holds, by fingerprint; none where no agent answers."""
    try:
        answer = _Reader(_asked(socket_path, bytes([_REQUEST_IDENTITIES])))
        if answer.byte() != _IDENTITIES_ANSWER:
            return {}
        blobs = [(answer.string(), answer.string())[0] for _ in range(answer.number())]
    except KeyFileError:
        return {}
    found = (PublicKey(blob[-32:]) for blob in blobs if blob.startswith(_string(_ED25519)) and len(blob) == 51)
    return {key.id: AgentKey(key, socket_path) for key in found}


def _asked(path: Path, request: bytes) -> bytes:
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(WAIT_S)
            connection.connect(str(path))
            connection.sendall(_string(request))
            length = struct.unpack(">I", _exactly(connection, 4))[0]
            if length > MAX_ANSWER_BYTES:
                raise KeyFileError(f"the agent at {path} answers with {length} bytes")
            return _exactly(connection, length)
    except OSError as error:
        raise KeyFileError(f"no agent at {path}: {error.strerror or error}") from error


def _exactly(connection: socket.socket, length: int) -> bytes:
    data = b""
    while len(data) < length:
        more = connection.recv(length - len(data))
        if not more:
            raise KeyFileError("the agent hung up")
        data += more
    return data


def _blob(key: PublicKey) -> bytes:
    return _string(_ED25519) + _string(key.raw)


def _string(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


class _Reader:
    """Reads an answer from its beginning; raises `KeyFileError` where it ends too early."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def _take(self, length: int) -> bytes:
        if len(self._data) < length:
            raise KeyFileError("the agent's answer is cut off")
        taken, self._data = self._data[:length], self._data[length:]
        return taken

    def byte(self) -> int:
        return self._take(1)[0]

    def number(self) -> int:
        return int.from_bytes(self._take(4), "big")

    def string(self) -> bytes:
        return self._take(self.number())
