"""
Setting apart the rows of a part: the same strict reading as row by row, for logs of millions of captures.

A part's payload is canonical JSON. Its captures and its subjects, which repeat what captures say, are nearly all of it,
and nearly all of a capture is what the same asset answered the night before. So the rows are cut into runs of members,
each run is read strictly (`canonical.loads`, `rows.read_capture`) when it is first met, and one that was met before is
known by its bytes. The runs lie without a gap, their members in order, between brackets whose place is certain: so the
whole is canonical if the rest of the payload is, without its rows, which `statement.parse` reads as ever.

Nothing is accepted here that is not accepted there. What is out of the ordinary is not judged here at all.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from operator import add
from sys import intern
from typing import NamedTuple, TypeVar

from pydantic_core import to_json

from evidence.errors import Error
from evidence.log.canonical import loads
from evidence.log.captures import Columns, like
from evidence.log.fields import is_time
from evidence.log.rows import read_capture
from evidence.model.capture import Capture, Segment
from evidence.model.names import Digest

MAX_NAME = 1_024
"""Longest name of a subject, as `statement` bounds it."""

MAX_ROWS = 100_000
"""Most captures that are read here: an envelope of the largest size has half as many."""

REMEMBERED = 10_000
"""
Runs of members that are known by their bytes, twice as many at most: ten answers of 1,000 assets take 17 MB, and twice
as many, of which none was met twice, 31.
"""

_WHOLE = rb"(?:0|[1-9][0-9]{0,14})"
_DIGEST = rb"sha256:[0-9a-f]{64}"

_BEGIN = re.compile(
    rb'\{"_type":"https://in-toto\.io/Statement/v1","predicate":\{"after":'
    rb'(?:null|\{"root":"[0-9a-f]{64}","size":' + _WHOLE + rb'\}),"assets":"' + _DIGEST + rb'","assets_bytes":'
    + _WHOLE + rb',"captures":\['
)  # fmt: skip
"""How every part begins, up to its first capture: keys stand in order."""

_END = b'],"chunk":'
"""What follows the captures; no string of canonical JSON holds a bare quote, so none holds this."""

_ROWS = re.compile(
    rb'\{((?:"access":\{[^}]*+\},)?"asset":"[^"]*+"),"at":"([^"]*+)","blob":"([^"]*+","bytes":[0-9]*),'
    rb'("class":(?:[^}]*+\},(?="took_ms":)|(?:[^,]*+,)*?))"took_ms":(WHOLE),("transport":"[^"]*+","ttl_s":[0-9]*)'
    rb'(,"volatile":\{"blob":"(DIGEST)","length":(WHOLE),"offset":(WHOLE)\})?\}(?:,(?=\{)|\Z)|((?s:.+))'.replace(
        b"WHOLE", _WHOLE
    ).replace(b"DIGEST", _DIGEST)
)
"""One row behind the other, and in the last group all from where that ends: so it takes as long as there are bytes."""

_BLOB = re.compile(rb"(" + _DIGEST + rb')","bytes":(' + _WHOLE + rb")")
_STANDS_FOR = {"at": "2000-01-01T00:00:00Z", "blob": f"sha256:{'0' * 64}", "bytes": 0, "took_ms": 0}
"""Stands in a row for what is read apart."""


_Key = TypeVar("_Key")
_Said = TypeVar("_Said")


@dataclass(frozen=True, slots=True)
class Apart:
    """A part's payload without its rows, and the rows."""

    rest: bytes
    """The payload with no captures, and with the plan as its only subject."""
    captures: Columns


class _UnusualError(Exception):
    """What was met is not judged here."""


class _Alike(NamedTuple):
    """What the rows of every night say alike."""

    capture: Capture
    subject: str
    """How the subject of such a row ends, after the digest."""


class _Blob(NamedTuple):
    """What a row says of its answer."""

    kept: tuple[Digest, int]
    subject: str
    """How the subject of such a row begins, up to the digest."""


def set_apart(payload: bytes) -> Apart | None:
    """Return a part's rows and the rest of it; `None` for what is no part, or none that can be read at once."""
    begin = _BEGIN.match(payload)
    if begin is None:
        return None
    first, end = begin.end(), payload.find(_END, begin.end())
    rows = _rows(payload, first, end)
    if not rows:
        return None
    heads, ats, blobs, middles, tooks, tails, moving, *segments, _ = zip(*rows, strict=True)
    try:
        said = map(_ALIKE.__getitem__, zip(heads, middles, tails, strict=True))
        at, named = list(map(_TIMES.__getitem__, ats)), map(_BLOBS.__getitem__, blobs)
        (alike, ends), (kept, begins) = zip(*said, strict=True), zip(*named, strict=True)
    except _UnusualError:
        return None
    subjects = "".join(dict.fromkeys(map(add, begins, ends))).encode() + b"]}"
    if not payload.endswith(subjects) or len(payload) - len(subjects) < end:
        return None
    captures = Columns(
        alike, at, kept, map(_WHOLES.__getitem__, tooks), list(map(_segment, *segments)) if any(moving) else None
    )
    return Apart(b"%b%b]}" % (payload[:first], payload[end : -len(subjects)]), captures)


def _rows(payload: bytes, first: int, end: int) -> list[tuple[bytes, ...]] | None:
    """Cut what lies between two places into rows, one behind the other; `None` where that cannot be done."""
    found = _ROWS.findall(payload, first, end)
    if not found or found[-1][-1] or len(found) > MAX_ROWS:
        return None
    return found


def _alike(runs: tuple[bytes, bytes, bytes]) -> _Alike:
    """Read three runs of members of a row."""
    head, middle, tail = runs
    row: dict[str, object] = {}
    names: list[str] = []
    try:
        for run, others in ((head, ("at", "blob", "bytes")), (middle[:-1], ("took_ms",)), (tail, ())):
            members = loads(b"{%b}" % run)
            if not isinstance(members, dict):
                raise _UnusualError
            row |= members
            row |= {name: _STANDS_FOR[name] for name in others}
            names += [*members, *others]
        capture = read_capture(row)
    except Error as error:
        raise _UnusualError from error
    name = f"{capture.asset}/{capture.question}"
    if names != sorted(row) or len(name) > MAX_NAME:  # each once, and in order
        raise _UnusualError
    return _Alike(like(capture), f'"}},"name":{to_json(name).decode()}}}')


def _time(text: bytes) -> str:
    found = text.decode("ascii", "replace")
    if not is_time(found):
        raise _UnusualError
    return found


def _blob(text: bytes) -> _Blob:
    found = _BLOB.fullmatch(text)
    if found is None:
        raise _UnusualError
    digest = found[1].decode()
    return _Blob((Digest(digest), int(found[2])), f',{{"digest":{{"sha256":"{digest[7:]}')


class _Known(dict[_Key, _Said]):
    """
    What was read before, by its bytes; when it is full, all that was not met since it was full before is forgotten.

    What is met again stays the same object, which is quicker to know again than an equal one (`captures.Texts`).
    """

    def __init__(self, read: Callable[[_Key], _Said]) -> None:
        super().__init__()
        self._read = read
        self._before: dict[_Key, _Said] = {}

    def __missing__(self, key: _Key) -> _Said:
        if len(self) >= REMEMBERED:
            self._before = self.copy()
            self.clear()
        said = self._before.get(key)
        if said is None:
            said = self._read(key)
        self[key] = said
        return said


_ALIKE, _TIMES, _BLOBS, _WHOLES = _Known(_alike), _Known(_time), _Known(_blob), _Known[bytes, int](int)


def _segment(blob: bytes, length: bytes, offset: bytes) -> Segment | None:
    return Segment(blob=Digest(intern(blob.decode())), offset=int(offset), length=int(length)) if blob else None
