"""
Step 11: what binds a log from outside (time stamps, cosignatures, pins), from when on, and what nothing binds.

A time stamp proves that the log up to a size was there at its time. Stated in the log it proves the reverse, too: who
knew a log that holds it acted after its time. So each part has a bracket, and a time outside it is named.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import accumulate

from evidence.clock import parse_rfc3339, rfc3339
from evidence.errors import Error
from evidence.log.cosign import read_cosignature
from evidence.log.note import Checkpoint, NoteError
from evidence.verify.anchored import Anchored, Bound, Found
from evidence.verify.result import Answer

CLOCKS_APART = timedelta(minutes=5)
"""By how much a part's time may leave its bracket: a collector's clock and an authority's are never quite the same."""


def check_outside(log: Anchored, answer: Answer, *, size: int, origin: str, pins: Sequence[Checkpoint]) -> None:
    """Say what binds the log of `size` leaves; `pins` are those that were shown to hold."""
    found = Found(bounds=[Bound(size=pin.size, what="a pin") for pin in pins])
    if log.anchors or any(True for _ in log.tokens):
        from evidence.verify.token_step import check_tokens  # X.509 takes a tenth of a second to load

        check_tokens(log, answer, found)
    _check_cosignatures(log, answer, found, origin)
    for what in sorted(found.untrusted):
        answer.gap(f"whether {what} is to be trusted with the time: name its CA with --tsa-ca")
    for what in sorted(found.unlisted):
        answer.gap(f"whether the certificate of {what} was revoked: no revocation list was kept")
    for what in sorted(found.strangers):
        answer.gap(f"cosigned by {what}, whose key was not given: name it with --witness")
    if not found.stamped:
        answer.gap("when it was made: the log has no time stamp (RFC 3161); times are its writers' word")
    if not any(True for _ in log.cosignatures):
        answer.gap("whether others saw the same log: it has no cosignature")
    for words in _suspects(log, found):
        answer.gap(words)
    _say_bounds(log, answer, found.bounds, size)


def _say_bounds(log: Anchored, answer: Answer, bounds: Sequence[Bound], size: int) -> None:
    """Say what lies before the earliest anchor, and after the newest."""
    if not size:
        return
    if not bounds:
        answer.gap(f"the newest {size} of {size} leaves: no anchor binds them")
        return
    first = min(bounds, key=lambda one: (one.size, one.at is None, rfc3339(one.at) if one.at else ""))
    last = max(bounds, key=lambda one: one.size)
    parts = sum(part.index < first.size for part in log.parts)
    if parts:
        before = f"nothing binds them before {_words(first)}"
        answer.gap(f"the first {first.size} leaves, {parts} parts among them: {before}")
    if last.size < size:
        answer.gap(f"the newest {size - last.size} of {size} leaves: no anchor binds them")
    answer.note(f"the earliest anchor binds the leaves up to {first.size}: {_words(first)}")
    answer.note(f"the newest anchor binds the leaves up to {last.size}: {_words(last)}")


def _words(bound: Bound) -> str:
    return bound.what if bound.at is None else f"{bound.what} of {rfc3339(bound.at)}"


def _check_cosignatures(log: Anchored, answer: Answer, found: Found, origin: str) -> None:
    """Check every cosignature by a witness whose key is known."""
    seen: list[int] = []
    for one in log.cosignatures:
        try:
            made = read_cosignature(log.kept_bytes(one))
            here = made.checkpoint
            if (here.origin, here.size) != (origin, one.size) or one.key.rpartition("/")[2] != made.file_name:
                raise NoteError("a cosignature of something else lies there")
            keys = [key for key in log.outside.witnesses if made.matches(key)]
            if not keys:
                found.strangers.add(f"{made.name} ({made.key_hash.hex()})")
                continue
            made.verify_any(keys)
            if here.root != log.root_at(one.size):
                raise NoteError(f"{made.name} saw another log at {one.size} leaves: {here.root}")
        except Error as error:
            answer.fail(f"{one.key}: {error}")
        else:
            found.bounds.append(Bound(size=one.size, what=f"the cosignature by {made.name}", at=made.at))
            seen.append(one.size)
    if seen:
        answer.note(f"{len(seen)} cosignatures, the newest over {max(seen)} leaves")


def _suspects(log: Anchored, found: Found) -> Iterator[str]:
    """Yield which parts say a time outside their bracket."""
    covering = _covering(found)
    known = _known(log, found)
    for part in log.parts:
        ended, said = parse_rfc3339(part.ended), f"a part of {part.slot} says it ended at {part.ended}"
        upper = covering(part.index)
        lower = known(part.after.size) if part.after else None
        if upper is not None and ended > upper + CLOCKS_APART:
            yield f"leaf {part.index}: clock-suspect: {said}, and was time-stamped at {rfc3339(upper)}"
        if lower is not None and ended < lower - CLOCKS_APART:
            yield f"leaf {part.index}: clock-suspect: {said}, and knew a time stamp of {rfc3339(lower)}"


def _covering(found: Found) -> Callable[[int], datetime | None]:
    """Return what tells, of a leaf, the earliest time by which it was there."""
    rows = sorted(((stamp.size, stamp.time + stamp.accuracy) for stamp in found.stamped.values()), reverse=True)
    sizes, earliest = [-size for size, _ in rows], list(accumulate((time for _, time in rows), min))

    def covering(index: int) -> datetime | None:
        above = bisect_left(sizes, -index)
        return earliest[above - 1] if above else None

    return covering


def _known(log: Anchored, found: Found) -> Callable[[int], datetime | None]:
    """Return what tells, of a log size, the newest time stamp that stands in the log below it."""
    stated = ((index, digest) for index, anchor in log.anchors for digest in anchor.tokens if digest in found.stamped)
    stamps = ((index, found.stamped[digest]) for index, digest in stated)
    rows = sorted((index, stamp.time - stamp.accuracy) for index, stamp in stamps)
    indexes, newest = [index for index, _ in rows], list(accumulate((time for _, time in rows), max))

    def known(size: int) -> datetime | None:
        below = bisect_left(indexes, size)
        return newest[below - 1] if below else None

    return known
