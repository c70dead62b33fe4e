"""
What is read from an SNMP answer before the decoder gets it (BER: X.690 §8; messages: RFC 1901, RFC 3412 §6).

The decoder says neither error-status nor which report came, and stops the process's thread on some malformed
datagrams, so the few octets that tell are read here. Nothing of this is kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import inf

from evidence.errors import Error

_SEQUENCE, _OID = 0x30, 0x06
_RESPONSE, _REPORT = 0xA2, 0xA8
NULL, NO_SUCH_OBJECT, NO_SUCH_INSTANCE, END_OF_MIB_VIEW = 0x05, 0x80, 0x81, 0x82
VALUELESS = frozenset({NULL, NO_SUCH_OBJECT, NO_SUCH_INSTANCE})
"""Tags in place of a value (RFC 3416 §3)."""

_SEEM_VALUELESS = tuple(bytes((tag, 0)) for tag in sorted(VALUELESS))
_AND_GO_ON = tuple(seem + bytes((_SEQUENCE,)) for seem in _SEEM_VALUELESS)

TOO_BIG, NO_SUCH_NAME, AUTHORIZATION_ERROR = 1, 2, 16
ERRORS = {
    1: "tooBig",
    2: "noSuchName",
    3: "badValue",
    4: "readOnly",
    5: "genErr",
    6: "noAccess",
    13: "resourceUnavailable",
    16: "authorizationError",
}
"""error-status by number (RFC 3416 §3), those an answer to a read can bring."""

NOT_IN_TIME_WINDOW, UNKNOWN_ENGINE = 2, 4
REPORTS = {
    1: "security level not supported for this user",
    2: "not in time window",
    3: "unknown user",
    4: "unknown engine id",
    5: "wrong authentication password or protocol",
    6: "wrong privacy password or protocol",
}
"""The last arc but the instance of usmStats (RFC 3414 §5), in words."""

_USM_STATS = bytes.fromhex("060a2b060106030f0101")
"""An OID of ten octets beginning with 1.3.6.1.6.3.15.1.1, as it stands in a report."""


_OID_OCTETS = 128 * 5
"""At most 128 arcs below 2^32 (RFC 2578 §3.5)."""


class MalformedError(Error):
    """The octets are not BER, or not an SNMP answer."""


@dataclass(frozen=True, slots=True)
class PlainAnswer:
    """What a v1 or v2c answer says of itself."""

    status: int
    """error-status."""
    varbinds: tuple[tuple[str, int], ...]
    """(OID, tag of the value)."""

    def echoes(self, oids: Sequence[str]) -> bool:
        """Return whether it names the OIDs asked for: an answer to another request does not."""
        return [oid for oid, _ in self.varbinds] == list(oids)


def is_whole(datagram: bytes | bytearray | memoryview) -> bool:
    """Return whether one BER sequence fills the datagram: the cheap look every datagram gets."""
    if len(datagram) < 2 or datagram[0] != _SEQUENCE:
        return False
    length = datagram[1]
    if length < 0x80:
        return len(datagram) == 2 + length
    if length == 0x81:
        return len(datagram) > 2 and len(datagram) == 3 + datagram[2]
    if length == 0x82:
        return len(datagram) > 3 and len(datagram) == 4 + (datagram[2] << 8) + datagram[3]
    return False


def may_hold_nulls(datagram: bytes) -> bool:
    """Return whether some octets look like no value, and the next varbind or the end: few answers without one do."""
    if datagram.endswith(_SEEM_VALUELESS):
        return True
    for octets in _AND_GO_ON:  # noqa: SIM110 - of every answer: a generator costs as much as the search
        if octets in datagram:
            return True
    return False


def request_id(datagram: bytes) -> bytes | None:
    """Return the request-id of a v1 or v2c message as its octets stand there, `None` where none is seen."""
    at = 0
    try:
        for inside in (True, False, False, True, True):  # the message; past version and community; the PDU; its first
            length, at = datagram[at + 1], at + 2
            if length & 0x80:
                octets = length & 0x7F
                length, at = int.from_bytes(datagram[at : at + octets]), at + octets
            if not inside:
                at += length
    except IndexError:
        return None
    found = datagram[at : at + length]
    return found if found and len(found) == length else None


def read_plain(datagram: bytes, *, most: float = inf) -> PlainAnswer:
    """Read a v1 or v2c answer, its first `most` varbinds; raise `MalformedError` for all else, SNMPv3 included."""
    message = _children(_only(datagram, _SEQUENCE))
    if len(message) != 3 or message[2][0] != _RESPONSE or message[0][1] not in (b"\0", b"\1"):
        raise MalformedError("not a v1 or v2c answer")
    pdu = _children(message[2][1])
    if len(pdu) != 4 or pdu[3][0] != _SEQUENCE:
        raise MalformedError("not an answer's PDU")
    varbinds = []
    for tag, body in _children(pdu[3][1], most):
        pair = _children(body)
        if tag != _SEQUENCE or len(pair) != 2 or pair[0][0] != _OID:
            raise MalformedError("not a varbind")
        varbinds.append((_dotted(pair[0][1]), pair[1][0]))
    return PlainAnswer(int.from_bytes(pdu[1][1], signed=True), tuple(varbinds))


@dataclass(frozen=True, slots=True)
class Secured:
    """What an SNMPv3 message says of its own security (RFC 3412 §6.4, RFC 3414 §2.4)."""

    signed: bool
    encrypted: bool
    signature: bytes
    is_report: bool
    """It can be seen to be a report, which may be less secure than the request was."""


def read_secured(datagram: bytes) -> Secured:
    """Read the outside of an SNMPv3 message; raise `MalformedError` for anything else."""
    message = _children(_only(datagram, _SEQUENCE))
    header = _children(message[1][1]) if len(message) == 4 else []
    if len(header) != 4 or len(header[2][1]) != 1:
        raise MalformedError("not a v3 message")
    security = _children(_only(message[2][1], _SEQUENCE))
    if len(security) != 6:
        raise MalformedError("not the user-based security model")
    flags, (tag, body) = header[2][1][0], message[3]
    inside = [kind for kind, _ in _children(body)] if tag == _SEQUENCE else []
    is_report = len(inside) == 3 and inside[2] == _REPORT
    return Secured(bool(flags & 1), bool(flags & 2), security[4][1], is_report)


def read_report(datagram: bytes) -> int | None:
    """Return which usmStats counter an unencrypted SNMPv3 report names, or None when it names none."""
    start = datagram.find(_USM_STATS)
    if start < 0 or start + len(_USM_STATS) >= len(datagram):
        return None
    return datagram[start + len(_USM_STATS)]


def _only(data: bytes, tag: int) -> bytes:
    found = _children(data)
    if len(found) != 1 or found[0][0] != tag:
        raise MalformedError("not one BER value")
    return found[0][1]


def _children(data: bytes, most: float = inf) -> list[tuple[int, bytes]]:
    """Return tag and content of the values that fill `data`, or of the first `most`."""
    found: list[tuple[int, bytes]] = []
    at = 0
    while at < len(data) and len(found) < most:
        tag, start, at = _value_at(data, at)
        found.append((tag, data[start:at]))
    return found


def _value_at(data: bytes, at: int) -> tuple[int, int, int]:
    """Return the tag of a value, and where its content begins and ends; lengths have at most two octets."""
    if at + 2 > len(data):
        raise MalformedError("truncated")
    tag, length, start = data[at], data[at + 1], at + 2
    if length & 0x80:
        octets = length & 0x7F
        if octets not in (1, 2) or start + octets > len(data):
            raise MalformedError("a length no datagram has")
        length = int.from_bytes(data[start : start + octets])
        start += octets
    if start + length > len(data):
        raise MalformedError("truncated")
    return tag, start, start + length


def _dotted(body: bytes) -> str:
    """Return an OID's content octets as dotted text (X.690 §8.19)."""
    if len(body) > _OID_OCTETS:
        raise MalformedError("an OID longer than any")
    return _remembered(body) if len(body) <= _REMEMBERED_OCTETS else _decoded(body)


def _decoded(body: bytes) -> str:
    arcs, arc = [], 0
    for octet in body:
        arc = (arc << 7) | (octet & 0x7F)
        if not octet & 0x80:
            arcs.append(arc)
            arc = 0
    if not arcs or body[-1] & 0x80:
        raise MalformedError("not an OID")
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))


_REMEMBERED_OCTETS = 40
_remembered = lru_cache(maxsize=4096)(_decoded)
"""Devices are asked for the same OIDs, one after the other."""
