"""
Statements that were opened, held for another look.

A year of nights of 500 assets has two million captures. As objects they would take a gigabyte; most of what one says it
says every night, so they are held as columns of numbers that stand for it, and made again when they are looked at.
"""

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, overload

from evidence.log.accept import Accepted
from evidence.model.capture import Capture, Segment
from evidence.model.names import AssetId, Digest

HELD = 2_500_000
"""Captures that are held: a year of nights of 500 assets, ten a night; 16 bytes each, 32 where values change."""


class Texts:
    """What captures say, each once, by number."""

    def __init__(self) -> None:
        self._numbers: dict[object, int] = {}
        self.said: list[object] = []

    def number(self, said: object) -> int:
        """Return the number that stands for `said`."""
        found = self._numbers.get(said)
        if found is None:
            found = self._numbers[said] = len(self.said)
            self.said.append(said)
        return found


class Columns(Sequence[Capture]):
    """The captures of one part, made anew whenever they are looked at."""

    __slots__ = ("_alike", "_at", "_blobs", "_moving", "_texts", "_took_ms")

    def __init__(self, captures: Sequence[Capture], texts: Texts) -> None:
        """Hold `captures`; what other parts say, too, stands in `texts`."""
        number = texts.number
        self._texts = texts
        self._alike, self._at, self._blobs, self._took_ms = array("I"), array("I"), array("I"), array("Q")
        for one in captures:
            asset, platform, question, transport, request, at, took_ms, blob, length, ttl_s, kind, hits, _, *rest = one
            self._alike.append(number((asset, platform, question, transport, request, ttl_s, kind, hits, *rest)))
            self._at.append(number(at))
            self._blobs.append(number((blob, length)))
            self._took_ms.append(took_ms)
        self._moving = _Moving(captures, texts) if any(one.volatile for one in captures) else None

    def __len__(self) -> int:
        return len(self._at)

    @overload
    def __getitem__(self, index: int) -> Capture: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Capture]: ...

    def __getitem__(self, index: int | slice) -> Capture | Sequence[Capture]:
        return tuple(self)[index] if isinstance(index, slice) else self._capture(range(len(self))[index])

    def __iter__(self) -> Iterator[Capture]:
        return map(self._capture, range(len(self)))

    def __reversed__(self) -> Iterator[Capture]:
        return map(self._capture, reversed(range(len(self))))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Columns | tuple) and tuple(self) == tuple(other)

    __hash__ = None  # type: ignore[assignment]

    def asked(self) -> set[tuple[AssetId, str]]:
        """Return assets and transports, without making a capture."""
        said: Any = self._texts.said
        return {(said[number][0], said[number][3]) for number in self._alike}

    def _capture(self, index: int) -> Capture:
        said: Any = self._texts.said
        asset, platform, question, transport, request, ttl_s, kind, hits, *rest = said[self._alike[index]]
        blob, length = said[self._blobs[index]]
        at, took_ms = said[self._at[index]], self._took_ms[index]
        segment = self._moving.segment(index, said) if self._moving is not None else None
        return Capture(
            asset, platform, question, transport, request, at, took_ms, blob, length, ttl_s, kind, hits, segment, *rest
        )


def asked_over(captures: Sequence[Capture]) -> set[tuple[AssetId, str]]:
    """Return which assets answered, and over which transports."""
    if isinstance(captures, Columns):
        return captures.asked()
    return {(one.asset, one.transport) for one in captures}


class _Moving:
    """Where the values lie that change by themselves."""

    __slots__ = ("_blobs", "_lengths", "_offsets")

    def __init__(self, captures: Sequence[Capture], texts: Texts) -> None:
        nothing = Segment(blob=Digest(""), offset=0, length=0)
        segments = [one.volatile or nothing for one in captures]
        self._blobs = array("I", (texts.number(one.blob) for one in segments))
        self._offsets = array("Q", (one.offset for one in segments))
        self._lengths = array("Q", (one.length for one in segments))

    def segment(self, index: int, said: Any) -> Segment | None:
        blob = said[self._blobs[index]]
        return Segment(blob=blob, offset=self._offsets[index], length=self._lengths[index]) if blob else None


@dataclass(slots=True)
class Opened:
    """Statements that were opened, held for another look within a bound."""

    room: int = HELD
    """How many captures more can be held."""
    _held: dict[int, Accepted] = field(default_factory=dict)
    _texts: Texts = field(default_factory=Texts)

    def get(self, index: int) -> Accepted | None:
        """Return the statement at a place of the log, where it is held."""
        return self._held.get(index)

    def keep(self, index: int, accepted: Accepted) -> Accepted:
        """Hold a statement if there is room, and return it; those read first stay, as logs are read again and again."""
        part = accepted.part
        captures = len(part.captures) if part else 1
        if captures > self.room:
            return accepted
        self.room -= captures
        if part is not None:
            accepted = replace(accepted, part=replace(part, captures=Columns(part.captures, self._texts)), named=None)
        self._held[index] = accepted
        return accepted
