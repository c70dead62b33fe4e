"""
What looks like a secret in JSON (RFC 8259): members whose name says so, however it is spelt.

`clientSecret`, `db_password` and `"API-Key"` are names of secrets; `passwordPolicy`, `tokenType` and `secretName` are
not: the last word tells. Values are strings, or arrays of them; an answer may hold several JSON texts.
"""

import json
import re
from collections.abc import Iterator

from collectors.redact_tags import Span

_LAST = frozenset({"password", "passwd", "passphrase", "passcode", "passwort", "pwd", "secret", "psk", "token"})
"""A name that ends with one of these words holds a secret."""

_KEYS = frozenset({"api", "access", "auth", "client", "encryption", "license", "priv", "private", "secret", "shared"})
"""A `key` with one of these words before it is a secret, and no name of a column."""

_PLACES = frozenset({"next", "continuation", "page", "marker", "start"})
"""A `token` with one of these words before it says where the next page begins."""

_JOINED = frozenset({"apikey", "accesskey", "authkey", "privatekey", "secretkey", "sharedkey", "presharedkey"})

_MEMBER = re.compile(
    rb'"(?P<name>[^"\\\x00-\x1f]{0,80}(?:pass|pwd|secret|psk|token|key)[^"\\\x00-\x1f]{0,20})"\s{0,20}:\s{0,20}(?=["\[])',
    re.I,
)
_STRING = re.compile(rb'"((?:[^"\\\x00-\x1f]|\\.)*)"')
_NEXT = re.compile(rb"[\s,\[]*")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_MASKED = re.compile(rb"[*.\s]*|<[^<>]*>")

_STRUCTURE = b" \t\r\n,:{}[]"

MAX_MEMBERS = 1_000
"""Most members of one array that are looked at."""


def find(data: bytes) -> Iterator[Span]:
    """Yield a span for each string that is the value of a member named like a secret."""
    for member in _MEMBER.finditer(data):
        kind = type_of(member["name"].decode("utf-8", "replace"))
        if kind is None:
            continue
        place = member.end()
        many = data[place : place + 1] == b"["
        for _ in range(MAX_MEMBERS if many else 1):
            if many:
                place = _end(_NEXT.match(data, place), place)
            value = _STRING.match(data, place)
            if value is None:
                break
            place = value.end()
            if not _MASKED.fullmatch(value[1]):
                yield Span(start=value.start(1), end=value.end(1), plain=_decoded(value[0]), type=kind, rank=2)


def type_of(name: str) -> str | None:
    """Return the type of secret a member's name means, or `None`."""
    words = [word.lower() for word in _WORD.findall(name)]
    if not words:
        return None
    last, before = words[-1], words[-2] if len(words) > 1 else ""
    if last in _JOINED or (last == "key" and before in _KEYS):
        return "api-key"
    if last not in _LAST or (last == "token" and before in _PLACES):
        return None
    return "api-token" if last == "token" else "password"


def breaks(span: Span) -> bool:
    """Say whether a span found by reading JSON as plain text lies between its strings: taking it out would spoil it."""
    return span.rank == 2 and not span.plain.strip(_STRUCTURE)


def _end(match: "re.Match[bytes] | None", otherwise: int) -> int:
    return match.end() if match else otherwise


def _decoded(text: bytes) -> bytes:
    try:
        return str(json.loads(text)).encode("utf-8", "surrogatepass")
    except ValueError:
        return text[1:-1]
