"""
The tags that stand where secrets stood.

`<secret:TYPE:KEY:20 hex>` is an 80-bit HMAC-SHA256 of the secret under a key derived for this use alone (HKDF, RFC
5869). The type is not in it: a password used twice shows as one tag, and a changed one as another. A mark at the end
says what the digits cannot: `:opaque` for a salted hash or a vendor's cipher, `:varying` in place of digits for a
cipher the device writes anew at every read. A word everybody knows becomes `<default:…>`, which is a finding by itself
but, like the others, does not show the word.
"""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass

from collectors.redact_schemes import DECODERS

_USE = b"plantproof redaction tag v1"
TAG_BYTES = 10
"""80 bits: a chance match among 10^6 secrets is below 10^-12."""

WELL_KNOWN = frozenset(
    b"public private admin administrator root user guest operator manager monitor cisco cisco123 password passw0rd "
    b"password1 pass secret default changeme test 1234 12345 123456 12345678 123456789 0000 1111 community snmp "
    b"snmptrap trap write read security switch router moxa hirschmann siemens juniper juniper123 netgear netgear1 "
    b"ubnt raspberry calvin toor support tech service system super enable access letmein welcome qwerty".split()
)
"""Factory settings from vendors' manuals and the words everybody tries first: no secret, but worth a finding."""

LITERALS = (b"<secret:", b"<default:", b"<escaped-")
"""What a device might say that would look like a tag; the first character is escaped."""
ESCAPE = b"<escaped-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One stretch of bytes that has to go. `repr` shows no content."""

    start: int
    end: int
    plain: bytes
    """The secret itself, or its disguise when `scheme` says so."""
    type: str
    scheme: str = "plain"
    rank: int = 0
    """0 a platform's rule, 1 a secret this run holds, 2 the generic detector, 3 a literal to be escaped."""

    def __repr__(self) -> str:
        return f"Span({self.start}..{self.end} {self.type})"


class Tagger:
    """Makes tags under one redaction key."""

    __slots__ = ("_key", "key_id")

    def __init__(self, *, key: bytes, key_id: str) -> None:
        """Derive the tag key from the owner's redaction master key (32 bytes)."""
        if len(key) != 32:
            raise ValueError(f"expected a redaction key of 32 bytes, found {len(key)}")
        extracted = hmac.digest(b"\0" * 32, key, "sha256")  # RFC 5869 §2.2, no salt
        self._key = hmac.digest(extracted, _USE + b"\1", "sha256")  # RFC 5869 §2.3, one block
        self.key_id = key_id

    def __repr__(self) -> str:
        return f"Tagger({self.key_id})"

    def tag(self, span: Span) -> bytes:
        """Return what replaces a span."""
        if span.rank == 3:
            return ESCAPE
        if span.scheme == "varying":
            return f"<secret:{span.type}:{self.key_id}:varying>".encode()
        decode = DECODERS.get(span.scheme)
        decoded = decode(span.plain) if decode else None
        plain = span.plain if decoded is None else decoded
        opaque = span.scheme == "opaque" or (decode is not None and decoded is None)
        digits = hmac.digest(self._key, plain, "sha256")[:TAG_BYTES].hex()
        kind = "default" if plain.lower() in WELL_KNOWN and not opaque else "secret"
        return f"<{kind}:{span.type}:{self.key_id}:{digits}{':opaque' if opaque else ''}>".encode()


def union(spans: Sequence[Span]) -> list[Span]:
    """
    Return spans that do not overlap and cover every byte of `spans`, in order.

    Of those that overlap, the longest gives the content of the tag; of equals, a rule goes before a held secret and
    that before the generic detector.
    """
    joined: list[Span] = []
    for span in sorted(spans, key=lambda each: (each.start, -each.end, each.rank)):
        if joined and span.start < joined[-1].end:
            joined[-1] = _joined(joined[-1], span)
        else:
            joined.append(span)
    return joined


def _joined(one: Span, other: Span) -> Span:
    main = min(one, other, key=lambda each: (each.rank == 3, each.start - each.end, each.rank))
    return Span(
        start=one.start,
        end=max(one.end, other.end),
        plain=main.plain,
        type=main.type,
        scheme=main.scheme,
        rank=main.rank,
    )
