"""Reading DER strictly, and writing the little of it that a time-stamp request needs (ITU-T X.690 §8, §10, §11)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from evidence.errors import Error

BOOLEAN, INTEGER, BIT_STRING, OCTETS, NULL, OID = 0x01, 0x02, 0x03, 0x04, 0x05, 0x06
TIME, SEQUENCE, SET = 0x18, 0x30, 0x31

MAX_VALUES = 1_000
"""Most values within one other; the longest list in a token is its certificates, of which there are a handful."""

_TIME = re.compile(rb"([0-9]{14})(?:\.([0-9]{0,9}[1-9]))?Z")


class DerError(Error):
    """Bytes are not DER, or not of the type that was expected."""


@dataclass(frozen=True, slots=True)
class Value:
    """One value: its tag, its content, and both with the length as they were written."""

    tag: int
    body: bytes
    raw: bytes

    def expect(self, tag: int, what: str) -> "Value":
        """Return it if it has this tag; raise `DerError` if not."""
        if self.tag != tag:
            raise DerError(f"{what}: expected the tag {tag:#04x}, found {self.tag:#04x}")
        return self

    def within(self, what: str, *, tag: int = SEQUENCE) -> tuple["Value", ...]:
        """Return the values inside one of this tag."""
        return tuple(_split(self.expect(tag, what).body, what))

    def oid(self, what: str) -> str:
        """Return an object identifier, dotted."""
        body = self.expect(OID, what).body
        if not 0 < len(body) <= 64 or body[-1] & 0x80:
            raise DerError(f"{what}: not an object identifier")
        arcs, arc = [], 0
        for byte in body:
            if arc == 0 and byte == 0x80:
                raise DerError(f"{what}: not an object identifier")
            arc = arc << 7 | byte & 0x7F
            if not byte & 0x80:
                arcs.append(arc)
                arc = 0
        first = min(arcs[0] // 40, 2)
        return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))

    def integer(self, what: str) -> int:
        """Return an integer of at most 64 bytes."""
        body = self.expect(INTEGER, what).body
        if not 0 < len(body) <= 64 or (len(body) > 1 and (body[0] in (0, 0xFF)) and (body[0] ^ body[1]) < 0x80):
            raise DerError(f"{what}: not an integer in its shortest form")
        return int.from_bytes(body, "big", signed=True)

    def time(self, what: str) -> datetime:
        """Return a GeneralizedTime in UTC."""
        match = _TIME.fullmatch(self.expect(TIME, what).body)
        try:
            if match is None:
                raise ValueError
            moment = datetime.strptime(match[1].decode(), "%Y%m%d%H%M%S").replace(tzinfo=UTC)
        except ValueError:
            raise DerError(f"{what}: not a time in UTC as DER writes it") from None
        fraction = (match[2] or b"0")[:6].ljust(6, b"0")
        return moment + timedelta(microseconds=int(fraction))


def read(data: bytes, what: str) -> Value:
    """Return the one value in `data`; raise `DerError` where there is none, or something behind it."""
    found = _split(data, what)
    if len(found) != 1:
        raise DerError(f"{what}: expected one value, found {len(found)}")
    return found[0]


def write(tag: int, *parts: bytes) -> bytes:
    """Return a value of this tag."""
    body = b"".join(parts)
    if len(body) < 0x80:
        return bytes([tag, len(body)]) + body
    length = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + body


def write_integer(number: int) -> bytes:
    """Return a non-negative integer."""
    return write(INTEGER, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def write_oid(dotted: str) -> bytes:
    """Return an object identifier."""
    first, second, *rest = map(int, dotted.split("."))
    return write(OID, b"".join(_base128(arc) for arc in (40 * first + second, *rest)))


def _base128(arc: int) -> bytes:
    groups = [arc & 0x7F]
    while arc := arc >> 7:
        groups.append(arc & 0x7F | 0x80)
    return bytes(reversed(groups))


def _split(data: bytes, what: str) -> Sequence[Value]:
    found: list[Value] = []
    at = 0
    while at < len(data):
        if len(found) == MAX_VALUES:
            raise DerError(f"{what}: more than {MAX_VALUES} values")
        begin, end = _measure(data, at, what)
        found.append(Value(data[at], data[begin:end], data[at:end]))
        at = end
    return found


def _measure(data: bytes, at: int, what: str) -> tuple[int, int]:
    """Return where the content of the value at `at` begins and ends."""
    if at + 2 > len(data) or data[at] & 0x1F == 0x1F:
        raise DerError(f"{what}: cut off, or a tag that is not used there")
    first = data[at + 1]
    begin = at + 2
    if first < 0x80:
        length = first
    else:
        count = first & 0x7F
        digits = data[begin : begin + count]
        length = int.from_bytes(digits, "big")
        begin += count
        if not 0 < count <= 4 or len(digits) < count or digits[0] == 0 or length < 0x80:
            raise DerError(f"{what}: a length that is not written the one way")
    if begin + length > len(data):
        raise DerError(f"{what}: cut off")
    return begin, begin + length
