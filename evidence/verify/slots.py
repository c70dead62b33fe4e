"""What became of each planned slot: of every (slot, asset), one word. Pure: parts and time come in."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from evidence.clock import rfc3339
from evidence.log.calendar import Due
from evidence.log.missed import Missed

NAMED = 20
"""Assets named of one slot; the rest are counted."""


COUNTED = ("expected", "present", "late", "off_by_schedule", "missed", "gaps", "pending")
"""The numbers of a slot, in the order in which they are told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """What one part says of a slot."""

    slot: str
    ended: datetime
    """When the part says it was finished."""
    covering: datetime
    """The earliest time it can have been finished, as far as the log binds it; never before `ended`."""
    outcomes: Collection[str]
    """Assets that have a row."""
    off: frozenset[str]
    """Those of them that were off by schedule."""
    interrupted: frozenset[str]
    """Those of them whose turn was cut short: that is no outcome."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotCount:
    """What became of one slot, in numbers of assets."""

    slot: str
    job: str
    due: str
    deadline: str
    expected: int
    present: int
    late: int
    off_by_schedule: int
    missed: int
    """Without an outcome, and somebody signed why."""
    gaps: int
    """Without an outcome, and nobody said why."""
    pending: int
    """Without an outcome yet, and there is still time."""
    begun: bool
    """Whether any part says anything of it."""
    late_names: tuple[str, ...] = ()
    gap_names: tuple[str, ...] = ()
    """The first of them."""
    reasons: tuple[str, ...] = ()
    """Why it was missed."""

    @property
    def whole(self) -> bool:
        """Whether every asset has its outcome in time, or still has time."""
        return not (self.late or self.missed or self.gaps)


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """Every slot that was due."""

    as_of: str
    slots: tuple[SlotCount, ...]

    def total(self, field: str) -> int:
        """Return the sum of one of the numbers over all slots."""
        return sum(getattr(one, field) for one in self.slots)

    @property
    def words(self) -> str:
        """The numbers in one line."""
        counts = ", ".join(f"{self.total(field)} {field.replace('_', ' ')}" for field in COUNTED)
        return f"slots: {len(self.slots)} due up to {self.as_of}; outcomes: {counts}"


def judge(due: Mapping[str, Due], covers: Iterable[Cover], missed: Iterable[Missed], *, as_of: datetime) -> Calendar:
    """Return what became of each slot in `due`, with what was known at `as_of`."""
    by_slot: dict[str, list[Cover]] = {}
    for cover in covers:
        if cover.covering <= as_of:
            by_slot.setdefault(cover.slot, []).append(cover)
    said: dict[str, list[Missed]] = {}
    for one in missed:
        if one.at <= rfc3339(as_of):
            said.setdefault(one.slot, []).append(one)
    counts = (_count(one, by_slot.get(one.slot, ()), said.get(one.slot, ()), as_of) for one in due.values())
    return Calendar(as_of=rfc3339(as_of), slots=tuple(counts))


def _count(due: Due, covers: Sequence[Cover], said: Sequence[Missed], as_of: datetime) -> SlotCount:
    present: set[str] = set()
    off: set[str] = set()
    late: set[str] = set()
    for cover in covers:
        if cover.ended < due.moment:
            continue  # it was over before the slot began, whatever it is called
        off |= cover.off
        answered = set(cover.outcomes) - cover.off - cover.interrupted
        (present if cover.covering <= due.deadline else late).update(answered)
    present &= due.assets
    off = (off & due.assets) - present
    late = (late & due.assets) - present - off
    rest = due.assets - present - off - late
    explained = {asset for one in said for asset in (rest & one.assets if one.assets else rest)}
    open_ = rest - explained
    pending = open_ if as_of <= due.deadline else frozenset()
    gaps = open_ - pending
    return SlotCount(
        slot=due.slot,
        job=due.job,
        due=rfc3339(due.moment),
        deadline=rfc3339(due.deadline),
        expected=len(due.assets),
        present=len(present),
        late=len(late),
        off_by_schedule=len(off),
        missed=len(explained),
        gaps=len(gaps),
        pending=len(pending),
        begun=bool(covers),
        late_names=tuple(sorted(late)[:NAMED]),
        gap_names=tuple(sorted(gaps)[:NAMED]),
        reasons=tuple(one.reason for one in said) if explained else (),
    )


def troubles(calendar: Calendar) -> Iterator[str]:
    """Yield in words what is not as planned; slots in a row of which nothing is there are one line."""
    jobs: dict[str, list[SlotCount]] = {}
    for one in calendar.slots:
        jobs.setdefault(one.job, []).append(one)
    for slots in jobs.values():
        for silent, group in groupby(slots, key=lambda one: not one.begun and one.gaps == one.expected > 0):
            if silent:
                yield _silence(list(group))
            else:
                for one in group:
                    yield from _words(one)


def _silence(slots: Sequence[SlotCount]) -> str:
    if len(slots) == 1:
        return f"{slots[0].slot}: gap: no run at all; {slots[0].gaps} assets were due"
    return f"{slots[0].slot} to {slots[-1].slot}: gap: no run in {len(slots)} slots; {slots[-1].gaps} assets were due"


def _words(one: SlotCount) -> Iterator[str]:
    if one.gaps:
        yield f"{one.slot}: gap: no outcome of {_named(one.gap_names, one.gaps)}"
    if one.missed:
        yield f"{one.slot}: missed, {one.missed} assets: {'; '.join(one.reasons)}"
    if one.late:
        yield f"{one.slot}: late: {_named(one.late_names, one.late)}, in time was until {one.deadline}"


def _named(names: Sequence[str], count: int) -> str:
    return ", ".join(names[:5]) + (f" and {count - 5} more" if count > 5 else "")
