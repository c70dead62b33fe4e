"""The parts of a log, the newest first."""

from bisect import bisect_right
from collections.abc import Callable, Iterator
from itertools import groupby

from evidence.log.history import Entry, History
from evidence.log.outline import Outline
from evidence.log.part import PartStatement


def newest_first(
    history: History, says_nothing: Callable[[Outline], bool] | None = None
) -> Iterator[tuple[Entry, PartStatement]]:
    """
    Yield the parts, the newest first.

    Log order counts; only within a batch, which is ordered by digest, the time a part gives itself. A part that an
    outline is at hand of is not opened where by that it `says_nothing` new; it is asked when all of the batches after
    it were yielded.
    """
    ends = sorted(history.ledger.chain.roots)
    entries = (entry for entry in reversed(history.statements) if entry.kind == "part")
    for _, batch in groupby(entries, key=lambda entry: bisect_right(ends, entry.index)):
        parts = []
        for entry in batch:
            told = history.outlined(entry) if says_nothing is not None else None
            if told is None or says_nothing is None or not says_nothing(told):
                parts.append((entry, history.part(entry)))
        yield from sorted(parts, key=_time, reverse=True)


def _time(pair: tuple[Entry, PartStatement]) -> tuple[str, int]:
    return pair[1].started, pair[1].chunk
