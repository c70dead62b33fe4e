"""What became of each planned slot: of every (slot, asset), one word. Pure: parts and time come in."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from evidence.clock import rfc3339
from evidence.log.calendar import Due
from evidence.log.missed import Missed
from evidence.model.names import Digest

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
    run: str
    statement: Digest
    """The part that says so."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What became of one slot, asset by asset; each of its assets stands in one of the six."""

    due: Due
    present: frozenset[str]
    off: frozenset[str]
    late: Mapping[str, Cover]
    """What brought the outcome, too late."""
    missed: Mapping[str, tuple[Missed, ...]]
    """Who signed why there is none."""
    gaps: frozenset[str]
    pending: frozenset[str]
    begun: bool
    """Whether any part says anything of it."""

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it was missed, in the order in which it was said."""
        said = {one: None for asset in sorted(self.missed) for one in self.missed[asset]}
        return tuple(one.reason for one in sorted(said, key=lambda one: (one.at, one.reason)))

    def count(self) -> SlotCount:
        """Return it in numbers."""
        due = self.due
        return SlotCount(
            slot=due.slot,
            job=due.job,
            due=rfc3339(due.moment),
            deadline=rfc3339(due.deadline),
            expected=len(due.assets),
            present=len(self.present),
            late=len(self.late),
            off_by_schedule=len(self.off),
            missed=len(self.missed),
            gaps=len(self.gaps),
            pending=len(self.pending),
            begun=self.begun,
            late_names=tuple(sorted(self.late)[:NAMED]),
            gap_names=tuple(sorted(self.gaps)[:NAMED]),
            reasons=self.reasons,
        )


def settle(
    due: Iterable[Due], covers: Iterable[Cover], missed: Iterable[Missed], *, as_of: datetime
) -> Iterator[Settled]:
    """Yield what became of each slot in `due`, with what was known at `as_of`."""
    by_slot: dict[str, list[Cover]] = {}
    for cover in covers:
        if cover.covering <= as_of:
            by_slot.setdefault(cover.slot, []).append(cover)
    said: dict[str, list[Missed]] = {}
    for one in missed:
        if one.at <= rfc3339(as_of):
            said.setdefault(one.slot, []).append(one)
    for slot in due:
        yield _settled(slot, by_slot.get(slot.slot, ()), said.get(slot.slot, ()), as_of)


def judge(due: Mapping[str, Due], covers: Iterable[Cover], missed: Iterable[Missed], *, as_of: datetime) -> Calendar:
    """Return what became of each slot in `due` in numbers, with what was known at `as_of`."""
    counts = (one.count() for one in settle(due.values(), covers, missed, as_of=as_of))
    return Calendar(as_of=rfc3339(as_of), slots=tuple(counts))


def _settled(due: Due, covers: Sequence[Cover], said: Sequence[Missed], as_of: datetime) -> Settled:
    present: set[str] = set()
    off: set[str] = set()
    late: dict[str, Cover] = {}
    for cover in sorted(covers, key=lambda one: one.covering):
        if cover.ended < due.moment:
            continue  # it was over before the slot began, whatever it is called
        off |= cover.off
        answered = due.assets.intersection(cover.outcomes) - cover.off - cover.interrupted
        if cover.covering <= due.deadline:
            present |= answered
        else:
            late = dict.fromkeys(answered, cover) | late
    off = (off & due.assets) - present
    late = {asset: cover for asset, cover in late.items() if asset not in present | off}
    rest = due.assets - present - off - late.keys()
    missed = {asset: tuple(one for one in said if asset in one.assets or not one.assets) for asset in rest}
    missed = {asset: why for asset, why in missed.items() if why}
    open_ = rest - missed.keys()
    pending = open_ if as_of <= due.deadline else frozenset()
    return Settled(
        due=due,
        present=frozenset(present),
        off=frozenset(off),
        late=late,
        missed=missed,
        gaps=open_ - pending,
        pending=pending,
        begun=bool(covers),
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
