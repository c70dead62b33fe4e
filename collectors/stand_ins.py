"""
Made-up secrets in place of real ones: a recording of a device stays one, and the rules that hide secrets can be tried.

A stand-in has the shape of what it stands for: as long, digits for digits, small letters for small ones, punctuation
as it was. The same secret has the same stand-in within one recording. Words everybody knows stay: they are no secret,
and that a device uses one is a finding.
"""

import hmac
import re
from collections.abc import Iterator
from itertools import count

from collectors.redact_tags import WELL_KNOWN, Span, Tagger

_HEX = re.compile(rb"(?:[0-9a-f]+|[0-9A-F]+)")
_KINDS = (b"0123456789", b"abcdefghijklmnopqrstuvwxyz", b"ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_HEX_KINDS = (b"0123456789", b"abcdef", b"ABCDEF")


class StandIns(Tagger):
    """Replaces secrets by made-up ones, under a key that is thrown away with it."""

    __slots__ = ("_secret", "made")

    def __init__(self, *, key: bytes) -> None:
        """Take 32 random bytes."""
        super().__init__(key=key, key_id="none")
        self._secret = key
        self.made: dict[bytes, bytes] = {}
        """Secret -> what stands in its place."""

    def __repr__(self) -> str:
        return f"StandIns({len(self.made)})"

    def tag(self, span: Span) -> bytes:
        """Return what replaces a span; what only looks like a tag of ours stays as the device wrote it."""
        if span.rank == 3:
            return b"<"
        if span.plain.lower() in WELL_KNOWN:
            return span.plain
        return self.made.setdefault(span.plain, self.of(span.plain))

    def of(self, plain: bytes) -> bytes:
        """Return octets of the same shape."""
        kinds = _HEX_KINDS if _HEX.fullmatch(plain) else _KINDS
        noise = self._noise(plain)
        return bytes(next((kind[next(noise) % len(kind)] for kind in kinds if octet in kind), octet) for octet in plain)

    def _noise(self, plain: bytes) -> Iterator[int]:
        for number in count():
            yield from hmac.digest(self._secret, b"%d " % number + plain, "sha256")
