"""
The one place gufo-snmp is imported: its sockets, driven without its per-value iterators.

gufo (Rust) builds, signs, encrypts and decodes messages. Its public iterators hand over one value per step of the
event loop, which costs more than the decoding; its sockets hand over one answer.
"""

import importlib
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, TypeVar

from collectors.inventory.host import SnmpAccess
from collectors.transports.interface import Value
from collectors.transports.snmp_engine import (
    RECEIVE_BUFFER_BYTES,
    EngineMissingError,
    Question,
    RefusedPortError,
    RefusedUserError,
    SnmpSocket,
    StrayError,
    UndecodableError,
)
from collectors.transports.snmp_user import PRIV, AccessError, User

DATAGRAM_BYTES = 4080
"""gufo's own buffer: a longer answer is cut by it and cannot be decoded."""

_AUTH = {"sha1": 4, "sha224": 7, "sha256": 10, "sha384": 11, "sha512": 12}
_PRIV = {"des": 1, "aes128": 2, "aes192": 3, "aes256": 4, "aes192c": 3, "aes256c": 4}
_BLUMENTHAL, _REEDER = 1, 2
"""Added to the authentication number where its key is too short for the cipher."""
Values = TypeVar("Values", bound=Iterable[tuple[str, Value] | None])

_MASTER, _LOCALISED = 1 << 6, 2 << 6
"""Mark a key as hashed, and as localised, already."""


def library() -> Any:
    """Return gufo's compiled module, or raise `EngineMissingError`."""
    try:
        return importlib.import_module("gufo.snmp._fast")
    except ImportError as error:
        raise EngineMissingError(
            "SNMP through gufo needs gufo-snmp, which is not installed",
            hint="gufo-snmp has wheels for Linux (x86_64, aarch64) and macOS (arm64): elsewhere use pysnmp",
        ) from error


def open_gufo(access: SnmpAccess, host: str, port: int) -> SnmpSocket:
    """Open a socket to an IP literal; a v3 socket knows nobody yet, enough to learn the engine id (RFC 3414 §4)."""
    if access.context:
        raise AccessError(
            "plantproof_snmp_context is set, and gufo can only ask the default context",
            hint="let plantproof choose the SNMP engine, or say --snmp-engine pysnmp",
        )
    gufo, address = library(), f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    if access.version == "3":
        v3 = gufo.SnmpV3ClientSocket(address, b"", "", 0, b"", 0, b"", 0, 0, RECEIVE_BUFFER_BYTES, 0)
        return GufoV3Socket(gufo, v3)
    kind = gufo.SnmpV1ClientSocket if access.version == "1" else gufo.SnmpV2cClientSocket
    community = access.community.reveal() if access.community else ""
    return GufoSocket(gufo, kind(address, community, 0, 0, RECEIVE_BUFFER_BYTES, 0))


class GufoSocket:
    """One of gufo's v1 and v2c sockets."""

    longest = DATAGRAM_BYTES

    def __init__(self, gufo: Any, sock: Any) -> None:
        """Use `open_gufo`."""
        self._gufo, self._sock = gufo, sock

    def fileno(self) -> int:
        """Return the descriptor."""
        return int(self._sock.get_fd())

    def close(self) -> None:
        """Drop gufo's object, which closes the descriptor."""
        self._sock = None

    def get(self, oids: list[str]) -> Question:
        """Ask for values; an answer without any is looked at in its octets."""
        sock = self._sock
        return self._question(partial(sock.send_get_many, oids), lambda: _many(sock.recv_get_many()))

    def after(self, oid: str, root: str, size: int) -> Question:
        """
        Ask for what follows.

        Two of gufo's iterators are at work: one knows the subtree, the other where to go on and how many to ask for,
        which an iterator cannot change.
        """
        sock, sender, receiver = self._sock, self._gufo.GetIter(oid, size or None), self._gufo.GetIter(root)
        if size:
            return self._question(lambda: sock.send_get_bulk(sender), lambda: _read(sock.recv_get_bulk(receiver)))
        return self._question(lambda: sock.send_get_next(sender), lambda: _read([sock.recv_get_next(receiver)]))

    def _question(self, send: Callable[[], None], receive: Callable[[], Any]) -> Question:
        return Question(send, partial(translated, self._gufo.SnmpAuthError, receive))


class GufoV3Socket(GufoSocket):
    """gufo's v3 socket."""

    @property
    def engine_id(self) -> bytes:
        """The engine id learnt from the device, or nothing."""
        return bytes(self._sock.get_engine_id())

    def refresh(self) -> Question:
        """Ask for engine id, boots and time."""
        return self._question(self._sock.send_refresh, self._sock.recv_refresh)

    def set_user(self, user: User) -> None:
        """
        Give the socket its user.

        gufo takes localised keys as long as the hash is and lengthens them itself; by Reeder's draft it does so rightly
        only from a key that is not localised yet.
        """
        auth, priv, priv_key = 0, 0, b""
        if user.auth:
            auth = _AUTH[user.auth] | _LOCALISED
        if user.priv:
            priv, priv_key = _PRIV[user.priv] | _LOCALISED, user.priv_key[: len(user.auth_key)]
            short = PRIV[user.priv] > len(user.auth_key)
            if short and user.priv.endswith("c"):
                auth, priv, priv_key = auth + _REEDER, _PRIV[user.priv] | _MASTER, user.priv_master
            elif short:
                auth += _BLUMENTHAL
        self._sock.set_keys(user.name, auth, user.auth_key, priv, priv_key)

    def get(self, oids: list[str]) -> Question:
        """Ask for values; asked for alone, what is not there (no values) differs from an error or a null (None)."""
        if len(oids) > 1:
            return super().get(oids)
        return self._question(partial(self._sock.send_get, oids[0]), partial(self._one, oids[0]))

    def _one(self, oid: str) -> dict[str, Any] | None:
        try:
            value = self._sock.recv_get()
        except self._gufo.NoSuchInstance:
            return {}
        return None if value is None else _many({oid: value})


def _many(values: dict[str, Value]) -> dict[str, Value] | None:
    _read(values.items())
    return values or None


def _read(values: Values) -> Values:
    """
    Return what gufo read; raise `UndecodableError` for an object identifier it reads wrongly.

    gufo takes the first octet for the first two arcs, which may be more (X.690 §8.19.4): a first arc of 3 to 6 shows.
    """
    for pair in values:
        if pair and type(value := pair[1]) is str and value[1] == "." and value[0] in "3456" and value.count(".") != 3:
            raise UndecodableError("an object identifier that gufo reads wrongly")
    return values


def translated(refused_user: type[Exception], receive: Callable[[], Any]) -> Any:
    """Receive, with gufo's exceptions turned into ours."""
    try:
        return receive()
    except StopAsyncIteration:
        return None
    except BlockingIOError as error:  # gufo goes on waiting
        raise StrayError("it answers something else") from error
    except TimeoutError as error:  # gufo's word for a refused port
        raise RefusedPortError("Connection refused") from error
    except refused_user as error:
        raise RefusedUserError(str(error)) from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # a Rust panic is no Exception
            raise
        raise UndecodableError("the decoder gave up") from None
