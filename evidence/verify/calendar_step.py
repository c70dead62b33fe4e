"""The second half of step 9: the plans' calendar against what the log holds."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import accumulate, pairwise

from evidence.clock import parse_rfc3339, rfc3339
from evidence.errors import Error
from evidence.log.calendar import EVER, Due, StatedPlan, due_slots
from evidence.log.plan import job_of, load_plan
from evidence.store.blobs import get_blob
from evidence.verify.audit import Audit, SealedPlan
from evidence.verify.result import Answer
from evidence.verify.slots import Cover, judge, troubles

_Known = Callable[[int], datetime]
"""Given a log size, returns the newest time at which a part below it says it ended: nothing that knew it is older."""


def read_plans(audit: Audit, answer: Answer) -> Sequence[StatedPlan]:
    """
    Return every plan in log order, each from when on it counts.

    A plan that was sealed after evidence of a later time than it gives itself was not there when that evidence was
    sealed: it counts from then on, so nobody dates a plan back to undo a slot. Within a batch, which is ordered by
    digest, the time a plan gives itself counts.
    """
    known, starts = _known(audit), sorted(audit.chain.roots) if audit.chain else [0]

    def place(stated: SealedPlan) -> tuple[int, datetime]:
        return starts[bisect_right(starts, stated.index) - 1], stated.at or EVER

    plans: list[StatedPlan] = []
    for stated in sorted(audit.stated, key=place):
        size, at = place(stated)
        begin = max(at, known(size), plans[-1].begin if plans else EVER) if stated.at else EVER
        try:
            plan = load_plan(get_blob(audit.store, stated.blob, stated.bytes))
        except Error as error:
            answer.fail(f"leaf {stated.index}: its plan: {error}")
        else:
            plans.append(StatedPlan(blob=stated.blob, plan=plan, begin=begin))
    return plans


def check_slots(audit: Audit, answer: Answer, plans: Sequence[StatedPlan]) -> Mapping[str, Due]:
    """Say what became of each planned slot up to the given time, and return those that were due."""
    if not any(stated.plan.slots for stated in plans):
        return {}
    if audit.as_of is None:
        answer.gap("whether slots of the plan were skipped: nobody said up to when")
        return {}
    due = due_slots(plans, until=audit.as_of)
    audit.calendar = judge(due, _covers(audit, answer), audit.missed, as_of=audit.as_of)
    for trouble in troubles(audit.calendar):
        answer.gap(trouble)
    end = plans[-1].end
    if end is not None and end < audit.as_of:
        answer.gap(f"what was due after {rfc3339(end)}: no plan reaches further")
    for earlier, later in pairwise(plans):
        gone = sorted(earlier.assets - later.assets)
        if gone:
            more = f" and {len(gone) - 5} more" if len(gone) > 5 else ""
            answer.note(f"the plan of {rfc3339(later.begin)} asks no longer for {', '.join(gone[:5])}{more}")
    jobs = {one.job for one in due.values()}
    for slot in sorted({part.slot for part in audit.parts if job_of(part.slot) in jobs} - due.keys()):
        answer.note(f"{slot}: a run that no plan asks for at that time")
    answer.note(audit.calendar.words)
    return due


def _covers(audit: Audit, answer: Answer) -> Iterator[Cover]:
    """Yield what each part says of its slot; one that knew evidence of a later time than its own is no earlier."""
    known = _known(audit)
    for part in audit.parts:
        ended, bound = parse_rfc3339(part.ended), known(part.after.size) if part.after else EVER
        if ended < bound:
            answer.gap(
                f"leaf {part.index}: clock-suspect: a part of {part.slot} says it ended at {part.ended},"
                f" and knew evidence of {rfc3339(bound)}"
            )
        yield Cover(
            slot=part.slot,
            ended=ended,
            covering=max(ended, bound),
            outcomes=part.outcomes,
            off=part.off,
            interrupted=part.interrupted,
        )


def _known(audit: Audit) -> _Known:
    indexes = [part.index for part in audit.parts]
    newest = list(accumulate((parse_rfc3339(part.ended) for part in audit.parts), max))

    def known(size: int) -> datetime:
        below = bisect_left(indexes, size)
        return newest[below - 1] if below else EVER

    return known
