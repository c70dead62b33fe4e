"""As much BER (X.690 §8) as a simulated SNMP agent needs."""

from evidence.normalise.varbinds import Value, arcs

INTEGER, OCTETS, NULL, OID, SEQUENCE = 0x02, 0x04, 0x05, 0x06, 0x30
ADDRESS, GAUGE32, TIMETICKS, OPAQUE, COUNTER64 = 0x40, 0x42, 0x43, 0x44, 0x46


def tlv(tag: int, body: bytes) -> bytes:
    """Return one value: tag, length, content."""
    size = len(body)
    if size < 0x80:
        return bytes((tag, size)) + body
    octets = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes((tag, 0x80 | len(octets))) + octets + body


def integer(number: int, tag: int = INTEGER) -> bytes:
    """Return an integer in as few octets as it takes."""
    return tlv(tag, number.to_bytes(number.bit_length() // 8 + 1, signed=True))


def oid(dotted: str) -> bytes:
    """Return an object identifier."""
    first, second, *rest = (*arcs(dotted), 0) if "." not in dotted else arcs(dotted)
    out = bytearray()
    for arc in (first * 40 + second, *rest):
        octets = [arc & 0x7F]
        while arc := arc >> 7:
            octets.append(0x80 | (arc & 0x7F))
        out += bytes(reversed(octets))
    return tlv(OID, bytes(out))


def value(kind: str, held: Value) -> bytes:
    """
    Return a recorded value. Recordings do not tell integers apart: the smallest type that holds one is sent.

    A float goes as net-snmp's opaque float would, in plain octets.
    """
    if isinstance(held, bytes):
        return tlv(OCTETS, held)
    if isinstance(held, int):
        small = -(2**31) <= held < 2**31
        return integer(held, INTEGER if small else GAUGE32 if 0 <= held < 2**32 else COUNTER64)
    if kind == "a":
        return tlv(ADDRESS, bytes(map(int, str(held).split("."))))
    if kind == "o":
        return oid(str(held))
    if kind == "f":
        return tlv(OCTETS, repr(held).encode())
    return tlv(NULL, b"")


def read(data: bytes, at: int) -> tuple[int, bytes, int]:
    """Return tag, content and the place after it; raise `ValueError` or `IndexError` for what is no BER."""
    tag, size = data[at], data[at + 1]
    at += 2
    if size & 0x80:
        octets = size & 0x7F
        size = int.from_bytes(data[at : at + octets])
        at += octets
    if at + size > len(data):
        raise ValueError("truncated")
    return tag, data[at : at + size], at + size


def children(data: bytes) -> list[tuple[int, bytes]]:
    """Return tag and content of each value inside."""
    found, at = [], 0
    while at < len(data):
        tag, body, at = read(data, at)
        found.append((tag, body))
    return found


def dotted(body: bytes) -> str:
    """Return an object identifier's content as dotted text."""
    numbers, number = [], 0
    for octet in body:
        number = (number << 7) | (octet & 0x7F)
        if not octet & 0x80:
            numbers.append(number)
            number = 0
    if not numbers:
        raise ValueError("no arcs")
    first = min(numbers[0] // 40, 2)
    return ".".join(map(str, (first, numbers[0] - 40 * first, *numbers[1:])))
