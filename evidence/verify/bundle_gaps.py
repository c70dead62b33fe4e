"""
What a bundle says of gaps: `gaps.csv`, made of the statements in it alone, so that a verifier can make it again.

A row is an outcome that is not `collected`; a run without its last part; a planned slot, all of it (no asset is named)
or one asset of it, that is `late`, `missed` with a signed reason, a `gap` without one, or `pending`; or a part of a
slot that is absent.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from types import MappingProxyType

from evidence.bundle.table import csv_table
from evidence.clock import rfc3339
from evidence.log.labels import absent_parts
from evidence.log.missed import Missed
from evidence.log.part import PartStatement
from evidence.model.names import Digest
from evidence.model.outcome import Outcome, Result
from evidence.verify.calendar_step import Slots
from evidence.verify.slots import Settled

_HEADER = ("slot", "run", "asset", "result", "reason", "at", "statement")
_Row = tuple[object, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One part of a run, for what is said of conduct and gaps."""

    statement: Digest
    part: PartStatement
    """Without its captures: a quarter of nights would not fit into memory with them."""
    outcomes: tuple[Outcome, ...]
    """Those of the chosen assets."""

    @classmethod
    def of(cls, statement: Digest, part: PartStatement, outcomes: tuple[Outcome, ...]) -> "Run":
        """Keep what is needed, and let go of the captures."""
        light = part._replace(captures=(), packed=MappingProxyType({}))
        return cls(statement=statement, part=light, outcomes=outcomes)


def gaps_table(runs: Iterable[Run], slots: Slots | None, said: Mapping[Missed, Digest], *, whole: bool) -> bytes:
    """
    Return `gaps.csv`; `said` are the missed statements and their digests.

    Which parts of a run are absent is said only where the bundle is `whole`: one about some assets holds only theirs.
    """
    ordered = in_time(runs)
    rows = [*_outcomes(ordered), *(_unfinished(ordered) if whole else ())]
    if slots is not None:
        rows += [row for one in slots.settled for row in _slot(one, said)]
        rows += [*_later(slots), *_beyond(slots), *(_absent(ordered, slots) if whole else ())]
    return csv_table(_HEADER, rows)


def in_time(runs: Iterable[Run]) -> list[Run]:
    """Return the parts in the order in which they began."""
    return sorted(runs, key=lambda run: (run.part.started, run.part.run, run.part.chunk, run.statement))


def by_run(ordered: Iterable[Run]) -> Mapping[str, Sequence[Run]]:
    """Return the parts of each run."""
    runs: dict[str, list[Run]] = {}
    for run in ordered:
        runs.setdefault(run.part.run, []).append(run)
    return runs


def _outcomes(ordered: Iterable[Run]) -> Iterator[_Row]:
    for run in ordered:
        for outcome in run.outcomes:
            if outcome.result is not Result.COLLECTED:
                part = run.part
                yield part.slot, part.run, outcome.asset, outcome.result, outcome.reason, part.ended, run.statement


def _unfinished(ordered: Iterable[Run]) -> Iterator[_Row]:
    for name, parts in by_run(ordered).items():
        if not any(run.part.last for run in parts):
            newest = parts[-1]
            reason = "the run's last part is not there; assets may lack an outcome"
            yield newest.part.slot, name, "", "unfinished", reason, newest.part.ended, newest.statement


def _slot(one: Settled, said: Mapping[Missed, Digest]) -> Iterator[_Row]:
    """Yield what is not as planned of a slot: in one row where there is no run, and it is the same of all assets."""
    name, due, deadline = one.due.slot, rfc3339(one.due.moment), rfc3339(one.due.deadline)
    for asset, cover in sorted(one.late.items()):
        yield name, cover.run, asset, "late", f"in time was until {deadline}", rfc3339(cover.covering), cover.statement
    rest: dict[str, tuple[str, str, str, str]] = {}
    for asset, why in one.missed.items():
        reasons, digests = "; ".join(each.reason for each in why), " ".join(said[each] for each in why)
        rest[asset] = ("missed", reasons, why[-1].at, digests)
    rest |= dict.fromkeys(one.gaps, ("gap", "no outcome, and nobody said why", due, ""))
    rest |= dict.fromkeys(one.pending, ("pending", f"no outcome yet; in time is until {deadline}", due, ""))
    if not one.begun and len(rest) > 1 and len(set(rest.values())) == 1:
        result, reason, *more = next(iter(rest.values()))
        yield name, "", "", result, f"{reason}; no run at all, {len(rest)} assets were due", *more
        return
    for asset, row in sorted(rest.items()):
        yield name, "", asset, *row


def _later(slots: Slots) -> Iterator[_Row]:
    """Yield of each job what was due in the period after the moment up to which the bundle knows anything."""
    for job, group in groupby(sorted(slots.later, key=lambda one: (one.job, one.moment)), key=lambda one: one.job):
        due = list(group)
        more = f", as are {len(due) - 1} more of {job} up to {due[-1].slot}" if len(due) > 1 else ""
        reason = f"due after {rfc3339(slots.window.as_of)}, of which this bundle knows nothing{more}"
        yield due[0].slot, "", "", "pending", reason, rfc3339(due[0].moment), ""


def _beyond(slots: Slots) -> Iterator[_Row]:
    if slots.reach is not None and slots.reach < slots.window.end:
        yield "", "", "", "unplanned", "no plan says what was due from then on", rfc3339(slots.reach), ""


def _absent(ordered: Iterable[Run], slots: Slots) -> Iterator[_Row]:
    """Yield the parts that others of the same slot say there are, of slots whose time is over."""
    labels: dict[str, set[str]] = {}
    for run in ordered:
        labels.setdefault(run.part.slot, set()).add(run.part.label)
    for one in slots.settled:
        if one.begun and not one.pending:
            lacking = bool(one.gaps or one.missed or one.late)
            for label in absent_parts(labels.get(one.due.slot, ()), something_missing=lacking):
                yield one.due.slot, "", "", "part-absent", f"part {label}", rfc3339(one.due.deadline), ""
