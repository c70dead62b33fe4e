"""
The second engine: pysnmp's messages (RFC 1901, RFC 3416, RFC 3412) over a socket of each session's own.

Of pysnmp its message types and ciphers are used, not its `SnmpEngine`: that shares one socket among all devices and
loses answers past some fifty requests in flight; here every session has a socket, and one request in flight on it.
"""

import secrets
import socket
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from pyasn1.codec.ber import decoder, encoder
from pyasn1.type import univ
from pysnmp.proto import api, rfc1905

from collectors.inventory.host import SnmpAccess
from collectors.transports import snmp_wire
from collectors.transports.interface import NotReadOnlyError, Value
from collectors.transports.snmp_engine import (
    RECEIVE_BUFFER_BYTES,
    Question,
    RefusedUserError,
    SnmpSocket,
    StrayError,
    UndecodableError,
)
from collectors.transports.snmp_pdus import Message, Report, value_of
from collectors.transports.snmp_user import User
from collectors.transports.snmp_usm import Usm

DATAGRAM_BYTES = 65_507
"""The longest payload of a UDP datagram over IPv4."""

_V2C = api.PROTOCOL_MODULES[api.SNMP_VERSION_2C]
"""Good for v1, too: what is asked and answered there has the same form."""

_READS = (rfc1905.GetRequestPDU, rfc1905.GetNextRequestPDU, rfc1905.GetBulkRequestPDU)
"""Every kind of request there is here."""

_ABSENT = (rfc1905.NoSuchObject, rfc1905.NoSuchInstance)

Read = Callable[[Any], Any]


class Envelope(Protocol):
    """What a request and its answer travel in."""

    def wrap(self, pdu: Any) -> bytes:
        """Return the message that carries a request."""
        ...

    def unwrap(self, datagram: bytes) -> Any:
        """Return what an answer carries; raises `StrayError` or `UndecodableError`, or pysnmp's own errors."""
        ...


class Community:
    """The envelope of v1 and v2c: a version and a community."""

    def __init__(self, access: SnmpAccess) -> None:
        """Take both from the access."""
        self._version = 0 if access.version == "1" else 1
        self._community = access.community.reveal() if access.community else ""

    def wrap(self, pdu: Any) -> bytes:
        """Return the message that carries a request."""
        message = _V2C.Message()
        _V2C.apiMessage.set_defaults(message)
        message.setComponentByPosition(0, self._version)
        _V2C.apiMessage.set_community(message, self._community.encode())
        _V2C.apiMessage.set_pdu(message, pdu)
        return bytes(encoder.encode(message))

    def unwrap(self, datagram: bytes) -> Any:
        """Return what an answer carries."""
        message, _ = decoder.decode(datagram, asn1Spec=Message())
        if int(message[0]) != self._version:
            raise StrayError("another version of SNMP")
        return message[2].getComponent()


def open_pysnmp(access: SnmpAccess, host: str, port: int) -> SnmpSocket:
    """Open a socket to an IP literal; a v3 socket knows nobody yet, enough to learn the engine id (RFC 3414 §4)."""
    if access.version == "3":
        return PysnmpV3Socket(host, port, Usm(access.context or ""))
    return PysnmpSocket(host, port, Community(access))


class PysnmpSocket:
    """A connected UDP socket, and pysnmp's reading of what comes over it."""

    longest = DATAGRAM_BYTES

    def __init__(self, host: str, port: int, envelope: Envelope) -> None:
        """Open it; nothing is sent yet."""
        self._envelope = envelope
        self._socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self._socket.setblocking(False)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
            self._socket.connect((host, port))
        except OSError:
            self._socket.close()
            raise

    def fileno(self) -> int:
        """Return the descriptor."""
        return self._socket.fileno()

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def get(self, oids: list[str]) -> Question:
        """Ask for values; an answer without any is looked at in its octets."""
        return self._question(rfc1905.GetRequestPDU(), oids, _many)

    def after(self, oid: str, root: str, size: int) -> Question:
        """Ask for what follows."""
        pdu = rfc1905.GetBulkRequestPDU() if size else rfc1905.GetNextRequestPDU()
        return self._question(pdu, [oid], lambda answer: _below(root, answer), size=size)

    def _question(self, pdu: Any, oids: list[str], read: Read, *, size: int = 0) -> Question:
        number = secrets.randbelow(2**31)
        pdu.setComponentByPosition(0, number)
        pdu.setComponentByPosition(1, 0)
        pdu.setComponentByPosition(2, size)
        _V2C.apiPDU.set_varbinds(pdu, [(oid, _V2C.null) for oid in oids])
        return Question(lambda: self.send(pdu), lambda: self._receive(number, read))

    def send(self, pdu: Any) -> None:
        """Put a request on the wire; raise `NotReadOnlyError` for any that is not GET, GETNEXT or GETBULK."""
        if type(pdu) not in _READS:
            raise NotReadOnlyError(f"not a request that only reads: {type(pdu).__name__}")
        self._socket.send(self._envelope.wrap(pdu))

    def _receive(self, number: int, read: Read) -> Any:
        pdu = self._envelope.unwrap(self._socket.recv(DATAGRAM_BYTES))
        if isinstance(pdu, Report):
            return self._reported()
        if int(pdu[0]) != number:
            raise StrayError("it answers something else")
        return read(pdu)

    def _reported(self) -> None:
        raise UndecodableError("a report where there are none")


class PysnmpV3Socket(PysnmpSocket):
    """What SNMPv3 adds."""

    def __init__(self, host: str, port: int, usm: Usm) -> None:
        """Open it."""
        super().__init__(host, port, usm)
        self._usm = usm
        self._learning = False

    @property
    def engine_id(self) -> bytes:
        """The engine id learnt from the device, or nothing."""
        return self._usm.engine_id

    def set_user(self, user: User) -> None:
        """Ask as this user from now on."""
        self._usm.user = user

    def refresh(self) -> Question:
        """Ask for nothing: every message carries engine id, boots and time, a report too."""
        question = self._question(rfc1905.GetRequestPDU(), [], lambda _: None)
        self._learning = True
        return question

    def get(self, oids: list[str]) -> Question:
        """Ask for values; asked for alone, what is not there (no values) differs from an error or a null (None)."""
        if len(oids) > 1:
            return super().get(oids)
        return self._question(rfc1905.GetRequestPDU(), oids, _one)

    def _question(self, pdu: Any, oids: list[str], read: Read, *, size: int = 0) -> Question:
        self._learning = False
        return super()._question(pdu, oids, read, size=size)

    def _reported(self) -> None:
        if not self._learning:
            raise RefusedUserError("a report")


def _many(pdu: Any) -> dict[str, Value] | None:
    if int(pdu[1]) == snmp_wire.AUTHORIZATION_ERROR:
        raise RefusedUserError("the user may not read")
    return None if int(pdu[1]) else dict(_present(pdu)) or None


def _one(pdu: Any) -> dict[str, Value] | None:
    return _many(pdu) or ({} if any(isinstance(value, _ABSENT) for _, value in _varbinds(pdu)) else None)


def _present(pdu: Any) -> list[tuple[str, Value]]:
    """Return the varbinds that hold a value."""
    return [(oid, value_of(value)) for oid, value in _varbinds(pdu) if not isinstance(value, univ.Null)]


def _below(root: str, pdu: Any) -> list[tuple[str, Value] | None] | None:
    """Return the values within a subtree, up to the first outside or the end of the tables."""
    found: list[tuple[str, Value] | None] = []
    if int(pdu[1]):
        return None
    for oid, value in _varbinds(pdu):
        if isinstance(value, rfc1905.EndOfMibView):
            break
        if not oid.startswith(root + "."):
            return [*found, None]
        if not isinstance(value, univ.Null):
            found.append((oid, value_of(value)))
    return found or None


def _varbinds(pdu: Any) -> Iterator[tuple[str, Any]]:
    for varbind in pdu[3]:
        yield ".".join(map(str, varbind[0])), varbind[1].getComponent()
