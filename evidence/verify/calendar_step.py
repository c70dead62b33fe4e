"""The second half of completeness: the plans' calendar against what the log holds, of a store or of a bundle."""

from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import accumulate, pairwise

from evidence.clock import parse_rfc3339, rfc3339
from evidence.errors import Error
from evidence.log.calendar import EVER, Due, StatedPlan, due_slots
from evidence.log.fields import ShapeError
from evidence.log.plan import MAX_SLOTS_DAYS, Plan, job_of, load_plan
from evidence.verify.audit import Audited, SealedPlan
from evidence.verify.result import Answer
from evidence.verify.slots import Calendar, Cover, Settled, settle, troubles

Known = Callable[[int], datetime]
"""Given a log size, returns the newest time at which a part below it says it ended: nothing that knew it is older."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Which slots are asked about: those due from one moment to another, with what was known at a third."""

    since: datetime = EVER
    until: datetime
    as_of: datetime

    @property
    def end(self) -> datetime:
        """The last moment of which something can be said."""
        return min(self.until, self.as_of)


@dataclass(frozen=True, slots=True, kw_only=True)
class Slots:
    """What the plans asked for in a window, and what became of it."""

    window: Window
    due: Mapping[str, Due]
    """Every slot up to the window's end, those before it included."""
    settled: Sequence[Settled]
    """Those of the window of which something can be said."""
    reach: datetime | None
    """Until when the newest plan says what is due; `None` where it says nothing of it."""

    @property
    def calendar(self) -> Calendar:
        """The settled ones in numbers."""
        return Calendar(as_of=rfc3339(self.window.end), slots=tuple(one.count() for one in self.settled))

    @property
    def later(self) -> Sequence[Due]:
        """Those of the window that were due after the moment up to which something is known."""
        return tuple(one for one in self.due.values() if one.moment > self.window.end)


def counted_from(stated: Iterable[SealedPlan], known: Known) -> Sequence[tuple[SealedPlan, datetime]]:
    """
    Return every plan in the order in which they count, each with from when on.

    A plan that was sealed after evidence of a later time than it gives itself was not there when that evidence was
    sealed: it counts from then on, so nobody dates a plan back to undo a slot. Among plans that stand side by side in
    the log, as in a batch, which is ordered by digest, the time a plan gives itself counts.
    """
    rows: list[tuple[int, datetime, SealedPlan]] = []
    for plan in sorted(stated, key=lambda one: one.index):
        beside = rows and rows[-1][2].index == plan.index - 1
        rows.append((rows[-1][0] if beside else plan.index, plan.at or EVER, plan))
    found: list[tuple[SealedPlan, datetime]] = []
    for _, at, plan in sorted(rows, key=lambda row: row[:2]):
        found.append((plan, max(at, known(plan.index), found[-1][1] if found else EVER) if plan.at else EVER))
    return found


def known_of(ends: Sequence[tuple[int, datetime]]) -> Known:
    """Return what was known at each size of a log, of index and end of each of its parts, in order."""
    indexes = [index for index, _ in ends]
    newest = list(accumulate((ended for _, ended in ends), max))

    def known(size: int) -> datetime:
        below = bisect_left(indexes, size)
        return newest[below - 1] if below else EVER

    return known


def read_plans(audit: Audited, answer: Answer) -> Sequence[StatedPlan]:
    """Return every plan in the order in which they count, each from when on."""
    plans: list[StatedPlan] = []
    for stated, begin in counted_from(audit.stated, _known(audit)):
        try:
            plan = bounded(load_plan(audit.artefact(stated.blob, stated.bytes)))
        except Error as error:
            answer.fail(f"leaf {stated.index}: its plan: {error}")
        else:
            plans.append(StatedPlan(blob=stated.blob, plan=plan, begin=begin))
    return plans


def bounded(plan: Plan) -> Plan:
    """Return a plan whose slots end within the calendar; a grace as long as no plan reaches would lead out of it."""
    if max((plan.grace_s, *(one.grace_s or 0 for one in plan.slots))) > MAX_SLOTS_DAYS * 86_400:
        raise ShapeError(f"plan: a grace of more than {MAX_SLOTS_DAYS} days")
    return plan


def derive(
    audit: Audited, plans: Sequence[StatedPlan], window: Window, *, only: Collection[str] | None = None
) -> Slots | None:
    """Return what the plans asked for, of all assets or `only` of some; nothing where no plan says when."""
    ends = [plan.end for plan in plans if plan.end is not None]
    if not ends:
        return None
    due = due_slots(plans, until=window.until)
    if only is not None:
        narrowed = ((slot, replace(one, assets=one.assets.intersection(only))) for slot, one in due.items())
        due = {slot: one for slot, one in narrowed if one.assets}
    asked = [one for one in due.values() if window.since <= one.moment <= window.end]
    settled = tuple(settle(asked, _covers(audit), audit.missed, as_of=window.as_of))
    return Slots(window=window, due=due, settled=settled, reach=plans[-1].end)


def check_slots(audit: Audited, answer: Answer, plans: Sequence[StatedPlan], slots: Slots) -> None:
    """Say what became of each planned slot."""
    for trouble in (*_suspects(audit), *troubles(slots.calendar)):
        answer.gap(trouble)
    if slots.reach is not None and slots.reach < slots.window.end:
        answer.gap(f"what was due after {rfc3339(slots.reach)}: no plan reaches further")
    for earlier, later in pairwise(plans):
        gone = sorted(earlier.assets - later.assets)
        if gone:
            more = f" and {len(gone) - 5} more" if len(gone) > 5 else ""
            answer.note(f"the plan of {rfc3339(later.begin)} asks no longer for {', '.join(gone[:5])}{more}")
    jobs = {one.job for one in slots.due.values()}
    for slot in sorted({part.slot for part in audit.parts if job_of(part.slot) in jobs} - slots.due.keys()):
        answer.note(f"{slot}: a run that no plan asks for at that time")
    answer.note(slots.calendar.words)


def _covers(audit: Audited) -> Iterator[Cover]:
    """Yield what each part says of its slot; one that knew evidence of a later time than its own is no earlier."""
    known = _known(audit)
    for part in audit.parts:
        ended = parse_rfc3339(part.ended)
        yield Cover(
            slot=part.slot,
            ended=ended,
            covering=max(ended, known(part.after.size) if part.after else EVER),
            outcomes=part.outcomes,
            off=part.off,
            interrupted=part.interrupted,
            run=part.run,
            statement=part.statement,
        )


def _suspects(audit: Audited) -> Iterator[str]:
    """Yield which parts say that they ended before something they knew."""
    for part, cover in zip(audit.parts, _covers(audit), strict=True):
        if cover.ended < cover.covering:
            yield (
                f"leaf {part.index}: clock-suspect: a part of {part.slot} says it ended at {part.ended},"
                f" and knew evidence of {rfc3339(cover.covering)}"
            )


def _known(audit: Audited) -> Known:
    return known_of([(part.index, parse_rfc3339(part.ended)) for part in audit.parts])
