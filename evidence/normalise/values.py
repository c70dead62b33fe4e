"""How values of answers are shown in facts."""

import ipaddress
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from functools import lru_cache, partial

from evidence.normalise.varbinds import Varbind, read_value

MAX_VALUE_CHARACTERS = 1000
"""Longest value of a fact: DisplayString ends at 255 characters (RFC 2579 §2), four times that is a text to look at in
the capture itself."""

_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]+")


def clean(text: str) -> str:
    """Return `text` without control characters and surrounding blanks, of bounded length."""
    seen = text if text.isprintable() else _UNSEEN.sub(" ", text)
    seen = seen.strip()
    return seen if len(seen) <= MAX_VALUE_CHARACTERS else seen[:MAX_VALUE_CHARACTERS].rstrip()


def clean_all(texts: Sequence[str]) -> list[str]:
    """Return what `clean` does of each: where all are plain and short, as most are, all at once."""
    if "".join(texts).isprintable() and max(map(len, texts), default=0) <= MAX_VALUE_CHARACTERS:
        return list(map(str.strip, texts))
    return list(map(clean, texts))


def _mac(varbind: Varbind) -> str:
    return varbind.octets.hex(":")


def _octets(varbind: Varbind) -> str:
    return _mac(varbind) if varbind.kind == "x" else varbind.text


def _integer(varbind: Varbind) -> str:
    return str(varbind.value) if isinstance(varbind.value, int) else ""


def _seconds(varbind: Varbind) -> str:
    return str(varbind.value // 100) if isinstance(varbind.value, int) else ""


def _address(varbind: Varbind) -> str:
    if len(varbind.octets) in (4, 16):
        return str(ipaddress.ip_address(varbind.octets))
    return varbind.value if isinstance(varbind.value, str) else ""


VALUE_FORMATS: Mapping[str, Callable[[Varbind], str]] = {
    "text": lambda varbind: varbind.text,
    "mac": _mac,
    "hex": lambda varbind: varbind.octets.hex(),
    "integer": _integer,
    "centiseconds": _seconds,
    "address": _address,
    "octets": _octets,
}
"""Name of a format -> how it shows a value; `centiseconds` shows whole seconds, `octets` text where it is text."""


def shown_as(name: str, written: Collection[str]) -> Callable[[str], str]:
    """
    Return how a format shows values as lines have them, of which these will be asked for.

    Short ones are remembered: ports, states and types are the same in one device after the other.
    """
    short = max(map(len, written), default=0) <= _REMEMBERED_CHARACTERS
    return partial(_remembered if short else _shown_as, name)


def _shown_as(name: str, written: str) -> str:
    return VALUE_FORMATS[name](read_value(written))


_REMEMBERED_CHARACTERS = 64
_remembered = lru_cache(maxsize=8192)(_shown_as)


_YEAR_FIRST = re.compile(r"\b(\d{4})[-/](\d{2})[-/](\d{2})\b")
_EPOCH = re.compile(r"-?[0-9]{9,11}(?:\.[0-9]+)?")
_EPOCH_MS = re.compile(r"[0-9]{12,14}")
_DOTNET = re.compile(r"/Date\((-?[0-9]{1,15})\)/")
"""Milliseconds since 1970, as Windows PowerShell's ConvertTo-Json writes a time."""
_GO = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(?:\.\d+)? ([+-]\d{4}) \S+")
"""How Go's programs write a time: https://pkg.go.dev/time#Time.String"""
_OPENSSL = "%b %d %H:%M:%S %Y GMT"
_IOS = re.compile(r"(\d\d:\d\d:\d\d) (?:UTC|GMT) ([A-Z][a-z]{2} +\d{1,2} \d{4})")
"""How Cisco IOS writes a time; its other zones are named as whoever configured them liked."""


def _time(text: str) -> str:
    """
    Return a time as RFC 3339 UTC; nothing where it cannot be read.

    Reads ISO 8601 with an offset, seconds or milliseconds since 1970, RFC 5322 dates; OpenSSL, Go, .NET and IOS.
    One without an offset is taken for UTC only where it ends in `Z`: others could be hours off.
    """
    text = text.strip()
    try:
        if dotnet := _DOTNET.fullmatch(text):
            moment = datetime.fromtimestamp(int(dotnet[1]) / 1000, UTC)
        elif _EPOCH_MS.fullmatch(text):
            moment = datetime.fromtimestamp(int(text) / 1000, UTC)
        elif _EPOCH.fullmatch(text):
            moment = datetime.fromtimestamp(float(text), UTC)
        elif ios := _IOS.fullmatch(text):
            moment = datetime.strptime(" ".join(ios.groups()), "%H:%M:%S %b %d %Y").replace(tzinfo=UTC)
        elif text.endswith(" GMT") and not text[:4].endswith(","):
            moment = datetime.strptime(text, _OPENSSL).replace(tzinfo=UTC)
        elif text[3:4] == ",":
            moment = parsedate_to_datetime(text)
        else:
            moment = datetime.fromisoformat("".join(go.groups()) if (go := _GO.fullmatch(text)) else text)
    except (ValueError, OverflowError, OSError, TypeError):
        return ""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if moment.tzinfo is not None else ""


def _date(text: str) -> str:
    """Return the first date in a text, year first, as RFC 3339 writes it; nothing where there is none."""
    found = _YEAR_FIRST.search(text)
    return "-".join(found.groups()) if found else ""


_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def _day(text: str) -> str:
    """Return a time, or the end of a day that people wrote without one: what is to end that day holds through it."""
    text = text.strip()
    return _time(f"{text}T23:59:59Z" if _DAY.fullmatch(text) else text)


def _microseconds(text: str) -> str:
    """Return seconds as whole microseconds."""
    try:
        return str(round(Decimal(text.strip()) * 1_000_000))
    except (ArithmeticError, ValueError):
        return ""


_SERVICE = re.compile(r"(\S+)(?: +(?:eq (\S+)|range (\S+) (?:to )?(\S+)|((?:gt|lt|neq) \S+))(?!\S))?")


def _service(text: str) -> str:
    """Return a protocol and its port in the words of an access list as `tcp/502`, `udp/5000-5010`, `tcp/gt 1023`."""
    found = _SERVICE.match(text.strip())
    protocol, port, first, last, compared = found.groups() if found else ("", None, None, None, None)
    port = port or (first and f"{first}-{last}") or compared
    return f"{protocol}/{port}" if port else protocol


def _names(text: str) -> str:
    """Return a distinguished name that stands attribute by attribute in lines of its own as RFC 4514 joins them."""
    pairs = [line.partition("=") for line in text.splitlines() if "=" in line]
    return ",".join(f"{kind.strip().upper()}={value.strip().replace(',', chr(92) + ',')}" for kind, _, value in pairs)


TEXT_FORMATS: Mapping[str, Callable[[str], str]] = {
    "text": str,
    "lower": str.lower,
    "hex": lambda text: text.replace(":", "").lower(),
    "time": _time,
    "date": _date,
    "day": _day,
    "integer": lambda text: text.strip() if text.strip().isdecimal() else "",
    "count": lambda text: str(len(text.split())),
    "microseconds": _microseconds,
    "names": _names,
    "service": _service,
}
"""
Name of a format -> how it shows what a text or a document holds.

`count` counts words, `time` is RFC 3339 UTC, `day` also reads a date alone, `hex` takes colons out, `microseconds`
takes seconds, `names` the lines of a distinguished name, `service` a protocol and port of an access list.
"""


def _last(index: str, count: int) -> bytes:
    """Return the last `count` arcs of an index as octets, or nothing when they are not."""
    try:
        octets = bytes(map(int, index.rsplit(".", count)[-count:]))
    except ValueError:
        return b""
    return octets if len(octets) == count else b""


_HEX = {str(octet): f"{octet:02x}" for octet in range(256)}


def _index_mac(index: str) -> str:
    """Return the last six arcs as a MAC address; large tables have hundreds."""
    arcs = index.rsplit(".", 6)[-6:]
    try:
        return ":".join([_HEX[arc] for arc in arcs]) if len(arcs) == 6 else ""
    except KeyError:
        return ""


def _index_address(index: str) -> str:
    return ".".join(map(str, _last(index, 4)))


def _index_inet(index: str) -> str:
    """InetAddressType and InetAddress at the end of an index: type, length, octets (RFC 4001 §3)."""
    for version, length in (("1", 4), ("2", 16)):
        arcs = index.split(".")
        if len(arcs) >= length + 2 and arcs[-length - 2 : -length] == [version, str(length)]:
            octets = _last(index, length)
            return str(ipaddress.ip_address(octets)) if octets else ""
    return ""


def _second(index: str) -> str:
    return [*index.split("."), ""][1]


INDEX_FORMATS: Mapping[str, Callable[[str], str]] = {
    "index": str,
    "index-first": lambda index: index.partition(".")[0],
    "index-second": _second,
    "index-rest": lambda index: index.partition(".")[2],
    "index-mac": _index_mac,
    "index-address": _index_address,
    "index-inet": _index_inet,
}
"""Name of a format -> how it shows a row's index, or a part of it."""
