"""Large tables packed: a twentieth of the room, for a tenth of the time that reading the answers again takes."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import zstandard

from evidence.checks.tables import Share, Spell
from evidence.model.capture import Capture

_LEVEL = 1
"""The fastest: what is packed is unpacked a handful of times and thrown away."""


@dataclass(frozen=True, slots=True)
class Packed:
    """The large tables of one asset and what the log remembers of it, to be unpacked within the same assessment."""

    data: bytes
    captures: tuple[Capture, ...]
    """The answers that tell the shares, which are held anyway."""

    def unpack(self) -> tuple[tuple[Share, ...], tuple[Spell, ...]]:
        """Return what was packed."""
        shares, seen = json.loads(zstandard.ZstdDecompressor().decompress(self.data).decode("utf-8", "surrogatepass"))
        told = zip(shares, self.captures, strict=True)
        return tuple(Share._make((*said, capture)) for said, capture in told), tuple(map(Spell._make, seen))


def pack(shares: Sequence[Share], seen: Sequence[Spell]) -> Packed:
    """Pack what answers say of all families and what was seen."""
    said, captures = [share[:-1] for share in shares], tuple(share.told for share in shares)
    data = json.dumps((said, seen), ensure_ascii=False).encode("utf-8", "surrogatepass")
    packed = zstandard.ZstdCompressor(level=_LEVEL).compress(data)
    return Packed(bytes(memoryview(packed)), captures)  # a copy: the compressor's own keeps room for the input
