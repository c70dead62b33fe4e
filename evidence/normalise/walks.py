"""What net-snmp's `snmpbulkwalk -On -Oe` prints: how most people record a device."""

from collections.abc import Iterator

from evidence.errors import Error
from evidence.normalise.varbinds import Value


class WalkError(Error):
    """A line is not what `snmpbulkwalk -On -Oe` prints."""


def read_walk(text: str) -> Iterator[tuple[str, Value]]:
    """
    Yield (OID, value) of each line, in their order; what the device said it does not have is left out.

    A text of several lines, which is printed as such, cannot be told from the next value: `-Ox` prints it as octets.
    """
    for number, line in enumerate(text.splitlines(), 1):
        oid, equals, rest = line.partition(" = ")
        kind, _, value = rest.partition(": ")
        if not equals:
            raise WalkError(f"line {number}: expected OID = value, found {line!r:.60}")
        if rest.startswith("No "):
            continue
        try:
            yield oid.lstrip("."), b"" if rest == '""' else _value(kind, value, rest)
        except ValueError as error:
            raise WalkError(f"line {number}: not a value of snmpbulkwalk -On -Oe: {line!r:.60}") from error


def _value(kind: str, value: str, rest: str) -> Value:
    match kind:
        case "STRING":
            return (value[1:-1] if value[:1] == '"' else value).replace('\\"', '"').encode()
        case "Hex-STRING":
            return bytes.fromhex(value)
        case "Timeticks":
            return int(value[1 : value.index(")")])
        case "OID":
            return value.lstrip(".")
        case "IpAddress":
            return value
    return int(value or rest)
