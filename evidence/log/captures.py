"""
The captures of one part, held as columns.

A year of nights of 500 assets has two million captures. As objects they would take a gigabyte; most of what one says it
says every night, so what repeats is held once, and a capture is made again when it is looked at.
"""

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar, overload

from evidence.model.capture import Capture, Segment
from evidence.model.names import AssetId, Digest

_NOWHERE = Digest("")
_Said = TypeVar("_Said")

Over = dict[int, Capture]
"""What captures say alike that nobody wants any more, by `id`; held, so that no other takes its place."""

MOST_OVER = 100_000
"""Most of them: ten questions to 10,000 assets. When it is full all is forgotten, and asked about again."""


@dataclass(slots=True)
class Texts:
    """What captures of many parts say, each once."""

    _one: dict[Any, Any] = field(default_factory=dict)
    _held: set[int] = field(default_factory=set)
    """The `id` of each that is held: most of what comes is held, and need not be compared."""

    def held(self, said: Sequence[_Said]) -> Sequence[_Said]:
        """Return the same things, each the one that is held."""
        held = self._held
        if held.issuperset(map(id, said)):
            return said
        return [one if id(one) in held else self._hold(one) for one in said]

    def _hold(self, one: _Said) -> _Said:
        found: _Said = self._one.setdefault(one, one)
        self._held.add(id(found))
        return found


class Columns(Sequence[Capture]):
    """The captures of one part, made anew whenever they are looked at."""

    __slots__ = ("_alike", "_at", "_blobs", "_moving", "_took_ms")

    def __init__(
        self,
        alike: Sequence[Capture],
        at: Sequence[str],
        blobs: Sequence[tuple[Digest, int]],
        took_ms: Iterable[int],
        segments: Sequence[Segment | None] | None,
    ) -> None:
        """Hold captures: what each says as `like` has it, its time, blob and length, how long it took, its segment."""
        self._alike, self._at, self._blobs = alike, at, blobs
        self._took_ms = array("Q", took_ms)
        self._moving = _Moving(segments) if segments is not None else None

    @classmethod
    def of(cls, captures: Sequence[Capture]) -> "Columns":
        """Hold captures that were made."""
        if isinstance(captures, Columns):
            return captures
        return cls(
            [like(one) for one in captures],
            [one.at for one in captures],
            [(one.blob, one.bytes) for one in captures],
            [one.took_ms for one in captures],
            [one.volatile for one in captures] if any(one.volatile for one in captures) else None,
        )

    def shared(self, texts: Texts) -> "Columns":
        """Hold the same; what other parts say, too, stands in `texts`."""
        held = Columns(texts.held(self._alike), texts.held(self._at), texts.held(self._blobs), (), None)
        held._took_ms, held._moving = self._took_ms, self._moving and self._moving.shared(texts)
        return held

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

    @property
    def blobs(self) -> Sequence[tuple[Digest, int]]:
        """Blob and length of each."""
        return self._blobs

    @property
    def at(self) -> Sequence[str]:
        """When each was asked for."""
        return self._at

    @property
    def alike(self) -> Sequence[Capture]:
        """Of each what it says as others do, as `like` has it."""
        return self._alike

    def segments(self) -> Iterator[tuple[Capture, Segment]]:
        """Yield where values lie that change by themselves, and of what."""
        for index in range(len(self)) if self._moving is not None else ():
            capture = self._capture(index)
            if capture.volatile is not None:
                yield capture, capture.volatile

    def _capture(self, index: int) -> Capture:
        said: Any = self._alike[index]
        asset, platform, question, transport, request, _, _, _, _, ttl_s, kind, hits, _, *rest = said
        blob, length = self._blobs[index]
        segment = self._moving.segment(index) if self._moving is not None else None
        at, took_ms = self._at[index], self._took_ms[index]
        return Capture(
            asset, platform, question, transport, request, at, took_ms, blob, length, ttl_s, kind, hits, segment, *rest
        )


def like(capture: Capture) -> Capture:
    """Return what a capture says as others do: without time, duration, blob and segment."""
    return capture._replace(at="", took_ms=0, blob=_NOWHERE, bytes=0, volatile=None)


def newest_of(
    captures: Sequence[Capture], wanted: Callable[[Capture], bool], over: Over | None = None
) -> Iterator[Capture]:
    """
    Yield the captures of a part that are `wanted`, the last first; it is asked by what they say as others do.

    What it says no to stands in `over`, and is not asked about again.
    """
    said = captures.alike if isinstance(captures, Columns) else captures
    left = range(len(said)) if over is None else [n for n, one in enumerate(map(id, said)) if one not in over]
    for index in reversed(left):
        one = said[index]
        if wanted(one):
            yield captures[index]
        elif over is not None:
            if len(over) >= MOST_OVER:
                over.clear()
            over[id(one)] = one


def asked_over(captures: Sequence[Capture]) -> set[tuple[AssetId, str]]:
    """Return which assets answered, and over which transports."""
    said = captures.alike if isinstance(captures, Columns) else captures
    return {(one.asset, one.transport) for one in said}


class _Moving:
    """Where the values lie that change by themselves."""

    __slots__ = ("_blobs", "_lengths", "_offsets")

    def __init__(self, segments: Sequence[Segment | None]) -> None:
        nothing = Segment(blob=_NOWHERE, offset=0, length=0)
        self._blobs: Sequence[Digest] = [(one or nothing).blob for one in segments]
        self._offsets = array("Q", [(one or nothing).offset for one in segments])
        self._lengths = array("Q", [(one or nothing).length for one in segments])

    def shared(self, texts: Texts) -> "_Moving":
        held = _Moving(())
        held._blobs, held._offsets, held._lengths = texts.held(self._blobs), self._offsets, self._lengths
        return held

    def segment(self, index: int) -> Segment | None:
        blob = self._blobs[index]
        return Segment(blob=blob, offset=self._offsets[index], length=self._lengths[index]) if blob else None
