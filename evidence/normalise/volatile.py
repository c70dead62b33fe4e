"""
Taking out of an answer what changes by itself, and putting it back.

`sysUpTime`, table ages and lines like `! Last configuration change` would make every answer new. They are kept apart,
so that an unchanged device costs no new blob; both shares together give back the exact answer, whatever its bytes.

The volatile share is a row of pieces `<offset> <length>\\n<bytes>`: each goes back in before the byte at `offset` of
the stable share, in order.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from evidence.errors import Error
from evidence.normalise.lines import LineSearch
from evidence.platforms.platform import Question

_HEAD = re.compile(rb"(0|[1-9][0-9]{0,11}) ([1-9][0-9]{0,11})\n")


class VolatileError(Error):
    """A volatile share does not fit its stable share."""


def split(question: Question, data: bytes) -> tuple[bytes, bytes]:
    """Return the stable and the volatile share of an answer; the latter is empty when nothing in it is volatile."""
    if question.volatile_oids:
        pieces = list(_merged(_oid_lines(question.volatile_oids, data)))
    elif question.volatile_lines:
        pieces = list(_merged(_search(question.volatile_lines).matching(data)))
    else:
        return data, b""
    stable: list[bytes] = []
    moving: list[bytes] = []
    done = offset = 0
    for start, end in pieces:
        stable.append(data[done:start])
        offset += start - done
        moving.append(b"%d %d\n" % (offset, end - start))
        moving.append(data[start:end])
        done = end
    stable.append(data[done:])
    return b"".join(stable), b"".join(moving)


def merge(stable: bytes, volatile: bytes) -> bytes:
    """Return the answer `split` was given. Raises `VolatileError` when the shares are not two of one split."""
    parts: list[bytes] = []
    done = place = 0
    while place < len(volatile):
        head = _HEAD.match(volatile, place)
        if head is None:
            raise VolatileError(f"volatile share: expected a piece at byte {place}")
        offset, length = int(head[1]), int(head[2])
        place = head.end() + length
        if place > len(volatile) or not done <= offset <= len(stable) or (offset == done and parts):
            raise VolatileError(f"volatile share: the piece at byte {head.start()} does not fit")
        parts.append(stable[done:offset])
        parts.append(volatile[head.end() : place])
        done = offset
    parts.append(stable[done:])
    return b"".join(parts)


@lru_cache(maxsize=256)
def _search(patterns: tuple[str, ...]) -> LineSearch:
    return LineSearch(patterns)


def _oid_lines(prefixes: Iterable[str], data: bytes) -> Iterator[tuple[int, int]]:
    """
    Yield (start, end) of the lines below each prefix, unsorted.

    Canonical SNMP text is sorted, so the lines below a prefix are neighbours: the first and the last are enough.
    """
    for prefix in prefixes:
        text = prefix.encode()
        starts = [start for mark in (b"\t", b".") if (start := _line_start(data, text + mark)) >= 0]
        if starts:
            last = max(data.rfind(b"\n" + text + mark) + 1 for mark in (b"\t", b"."))
            last = max(last, *starts)
            end = data.find(b"\n", last)
            yield min(starts), len(data) if end < 0 else end + 1


def _line_start(data: bytes, text: bytes) -> int:
    """Return where the first line that begins with `text` starts, or -1."""
    if data.startswith(text):
        return 0
    found = data.find(b"\n" + text)
    return found + 1 if found >= 0 else -1


def _merged(pieces: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield the pieces in order, neighbours and overlapping ones as one."""
    start = end = -1
    for first, last in sorted(pieces):
        if first <= end:
            end = max(end, last)
            continue
        if end >= 0:
            yield start, end
        start, end = first, last
    if end >= 0:
        yield start, end
