"""
What a sealed part is about, read without its captures: enough to tell whether anybody needs them.

Only for an envelope with the digest of a leaf. The sealer, who signed for the leaf, read it strictly and checked who
signed it, so it is canonical: no string in it holds a bare quote, `chunk` is what follows its captures, and its
subjects are what they say. That is the sealer's word, and `verify` does not take it; it is taken here to choose and to
pass over, never to show: whatever is handed out, judged or printed of a part comes from one that was opened in full.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from sys import intern

from pydantic_core import from_json

from evidence.log.dsse import HEAD, EnvelopeError, unbase64_bytes
from evidence.log.fields import Fields, ShapeError
from evidence.model.names import Digest

_NAME = re.compile(rb'"name":"([^"]*)"\}')
_CHUNK = b'],"chunk":'
_START = 4 * 200
"""Digits of base64 in which the first members lie; they have at most 400 bytes. Subjects and what stands before them
are a quarter of a payload, so its last third is looked into first."""

_AFTER = frozenset({"chunk", "ended", "outcomes", "run", "slot", "started"})
_ALSO = frozenset(
    {"clock", "conduct", "label", "last", "log", "packed", "platforms", "platforms_bytes", "previous"}
    | {"redaction", "run_by", "tool"}
)
_BEFORE = frozenset({"after", "assets", "assets_bytes"})
_NONE: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """A part, as far as it can be told without its captures."""

    bytes: int
    """Of its envelope."""
    run: str
    slot: str
    chunk: int
    started: str
    ended: str
    assets: Digest
    """Its list of assets."""
    outcomes: tuple[str, ...]
    """The assets that have a row."""
    answers: tuple[str, ...]
    """Asset and question of each answer, as its subject names it."""


def outline(envelope: bytes) -> Outline:
    """Return what a sealed part is about; raise `ShapeError` for what is not written our way."""
    try:
        text = envelope[len(HEAD) : envelope.index(b'"', len(HEAD))]
        start, end = unbase64_bytes(text[:_START]), unbase64_bytes(text[len(text) * 2 // 3 // 4 * 4 :])
        if _CHUNK not in end:
            end = unbase64_bytes(text)
        chunk, kind, subject = end.index(_CHUNK), end.rindex(b',"predicateType":'), end.rindex(b',"subject":[')
        before = from_json(start[start.index(b'{"after":') : start.index(b',"captures":[')] + b"}")
        after = from_json(b"{" + end[chunk + 2 : kind])
    except (ValueError, EnvelopeError) as error:
        raise ShapeError(f"part: not written our way: {error}") from error
    head, rest = Fields(before, "part", _BEFORE, _NONE), Fields(after, "part", _AFTER, _ALSO)
    return read_outline(
        rest,
        size=len(envelope),
        assets=head.digest("assets"),
        outcomes=_interned(_assets(rest.rows("outcomes"))),
        answers=_names(end[subject + len(b',"subject":') : -1]),
    )


def read_outline(
    rest: Fields, *, size: int, assets: Digest, outcomes: tuple[str, ...], answers: tuple[str, ...]
) -> Outline:
    """Return the outline whose own members stand in `rest`; raise `ShapeError` where they do not."""
    return Outline(
        bytes=size,
        run=intern(rest.text("run")),
        slot=rest.text("slot"),
        chunk=rest.whole("chunk"),
        started=rest.time("started"),
        ended=rest.time("ended"),
        assets=Digest(intern(assets)),
        outcomes=outcomes,
        answers=answers,
    )


def _assets(rows: Iterable[object]) -> Iterable[str]:
    for row in rows:
        if not isinstance(row, dict):
            raise ShapeError("part: outcomes: expected objects")
        yield str(row.get("asset"))


def _names(subjects: bytes) -> tuple[str, ...]:
    """Return the names of subjects, but for that of the plan."""
    if b"\\" in subjects:
        return tuple(str(one["name"]) for one in from_json(subjects)[1:])
    return _split(b"\n".join(_NAME.findall(subjects)[1:]))


@lru_cache(maxsize=4096)
def _split(names: bytes) -> tuple[str, ...]:
    """Take names apart; most nights the same answer."""
    return _interned(names.decode().split("\n")) if names else ()


def _interned(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(map(intern, names))
