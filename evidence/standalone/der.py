"""Reading DER strictly (ITU-T X.690 §8 to §11): values within values, each written the one way."""

from calendar import timegm
from time import strptime
from typing import NamedTuple

from evidence.standalone.files import refuse, require

MAX_VALUES = 1_000
"""Most values within one other, but the rows of a revocation list."""


class Der(NamedTuple):
    """A value: its tag, its content, and all of it as it was written."""

    tag: int
    body: bytes
    whole: bytes


def values(data: bytes, most: int = MAX_VALUES) -> list[Der]:
    """Return the values that follow each other in `data`."""
    found, at = list[Der](), 0
    while at < len(data):
        head = data[at : at + 6]
        require(len(head) > 1 and head[0] & 0x1F != 0x1F, "DER: cut off, or a tag that is not used here")
        count = head[1] & 0x7F if head[1] & 0x80 else 0
        length = int.from_bytes(head[2 : 2 + count], "big") if count else head[1]
        shortest = not head[1] & 0x80 or (0 < count <= 4 and head[2:3] != b"\0" and length >= 0x80)
        begin = at + 2 + count
        require(shortest and begin + length <= len(data), "DER: cut off, or a length that is not written the one way")
        require(len(found) < most, f"DER: more than {most} values")
        found.append(Der(data[at], data[begin : begin + length], data[at : begin + length]))
        at = begin + length
    return found


def only(data: bytes) -> Der:
    """Return the one value in `data`."""
    found = values(data)
    return found[0] if len(found) == 1 else refuse("DER: expected one value")


def content(value: Der, tag: int) -> bytes:
    """Return what is in a value of this tag."""
    require(value.tag == tag, f"DER: expected the tag {tag:#04x}, found {value.tag:#04x}")
    return value.body


def within(value: Der, tag: int = 0x30, most: int = MAX_VALUES) -> list[Der]:
    """Return the values in one of this tag, a sequence if nothing else is said."""
    return values(content(value, tag), most)


def integer(value: Der, longest: int = 64) -> int:
    """Read a whole number, written as short as it can be."""
    body = content(value, 0x02)
    shortest = len(body) < 2 or not (body[0] in (0, 0xFF) and (body[0] ^ body[1]) < 0x80)
    require(0 < len(body) <= longest and shortest, "DER: not an integer in its shortest form")
    return int.from_bytes(body, "big", signed=True)


def dotted(value: Der) -> str:
    """Read an object identifier."""
    body, arcs, arc = content(value, 0x06), list[int](), 0
    require(0 < len(body) <= 64 and body[-1] < 0x80, "DER: not an object identifier")
    for byte in body:
        require(arc or byte != 0x80, "DER: not an object identifier")
        arc = arc << 7 | byte & 0x7F
        if byte < 0x80:
            arcs, arc = [*arcs, arc], 0
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))


def bits(value: Der) -> bytes:
    """Read a string of whole bytes' bits."""
    body = content(value, 0x03)
    require(body[:1] == b"\0", "DER: bits that are no bytes")
    return body[1:]


def octets(value: Der) -> bytes:
    """Return what an octet string holds."""
    return content(value, 0x04)


def micros(value: Der) -> int:
    """Read a time in UTC, of either form, as microseconds since 1970 (RFC 5280 §4.1.2.5, RFC 3161 §2.4.2)."""
    text = value.body.decode("ascii")
    if value.tag == 0x17:
        text = ("19" if text >= "50" else "20") + text
    plain, _, fraction = text.removesuffix("Z").partition(".")
    require(value.tag in (0x17, 0x18) and text.endswith("Z") and len(plain) == 14, "DER: not a time in UTC")
    require(plain.isdigit() and (not fraction) == ("." not in text), "DER: not a time in UTC")
    short = not fraction or (value.tag == 0x18 and fraction.isdigit() and len(fraction) <= 10 and fraction[-1] != "0")
    require(short and plain[-2:] < "60", "DER: not a time in UTC")
    return timegm(strptime(plain, "%Y%m%d%H%M%S")) * 10**6 + int(fraction[:6].ljust(6, "0"))
