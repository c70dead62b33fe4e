"""Step 10 of a bundle: its runs, the slots of its period, and its table of gaps."""

from collections.abc import Mapping
from itertools import pairwise

from evidence.bundle.layout import GAPS
from evidence.bundle.opened import read_file
from evidence.clock import rfc3339
from evidence.log.calendar import Due
from evidence.verify.bundle_audit import BundleAudit
from evidence.verify.bundle_gaps import gaps_table
from evidence.verify.bundle_statements import UNREADABLE
from evidence.verify.calendar_step import Slots, check_slots, derive, read_plans
from evidence.verify.result import Answer
from evidence.verify.run_steps import check_covered, check_runs

_BY_THE_SEALER = frozenset({"export"})
"""Kinds of statements about a plan that the sealer signs; who makes the bundle cannot vouch for its plans."""


def check_bundle_completeness(audit: BundleAudit, answer: Answer) -> None:
    """Step 10: every run has one outcome for each asset of its list, every slot of the period one for each planned."""
    if audit.proof is None or not audit.authorities:
        answer.gap(UNREADABLE)
        return
    if GAPS not in audit.manifest:
        answer.fail(f"{GAPS}: missing")
    if audit.narrowed not in ("no", "controls"):
        answer.gap("the bundle is about some assets only; the lists of all are not supplied, and neither are the plans")
        answer.gap(f"which slots were due, and whether {GAPS} lists all that are not whole: that takes the plans")
        return
    covered = check_runs(audit, answer)
    plans = read_plans(audit, answer)
    slots = derive(audit, plans, audit.window)
    due: Mapping[str, Due] = {}
    if slots is not None:
        check_slots(audit, answer, plans, slots)
        _check_edges(audit, answer, slots)
        _check_beginning(audit, answer, slots)
        due, audit.calendar = slots.due, slots.calendar
    whole = slots is None or all(one.whole and not one.pending for one in slots.calendar.slots)
    for kind in sorted({"plan"} if whole else {"plan", "missed", "part"}):
        if audit.withheld.get(kind):
            answer.gap(f"whether the slots are as they look: {audit.withheld[kind]} {kind} statements are withheld")
    check_covered(covered, due, plans, answer)
    if GAPS in audit.manifest:
        made = gaps_table(audit.runs, slots, audit.said, whole=True)
        if read_file(audit.bundle, GAPS) != made:
            answer.fail(f"{GAPS}: not what the statements here say")


def _check_edges(audit: BundleAudit, answer: Answer, slots: Slots) -> None:
    """Say which slots the period or the bundle's moment cuts, so that nothing can be said of them."""
    window = slots.window
    for one in slots.settled:
        if one.pending:
            answer.gap(
                f"{one.due.slot}: {len(one.pending)} assets have no outcome yet: in time is until"
                f" {rfc3339(one.due.deadline)}, and this bundle ends at {rfc3339(window.as_of)}"
            )
    if slots.later:
        first, last = slots.later[0].slot, slots.later[-1].slot
        answer.gap(
            f"{len(slots.later)} slots from {first} to {last}: due in the period, and this bundle ends at"
            f" {rfc3339(window.as_of)}"
        )
    before = {part.slot for part in audit.parts if part.slot in slots.due}
    for slot in sorted(slot for slot in before if slots.due[slot].moment < window.since):
        answer.gap(f"{slot}: due before the period began; whether it is whole, a bundle of that time says")


def _check_beginning(audit: BundleAudit, answer: Answer, slots: Slots) -> None:
    """Say where only the sealer vouches for which plan counted when the leaves of the bundle began."""
    previous = audit.proof.previous if audit.proof else 0
    earlier = [plan for plan in audit.stated if plan.index < previous]
    for one, other in pairwise(earlier):
        if one.at and other.at and other.at < one.at and other.index != one.index + 1:
            answer.gap(f"leaf {other.index}: says it was stated before leaf {one.index}; why it counts is not shown")
    asked = {one.plan for one in slots.due.values() if one.moment >= slots.window.since}
    spoken = {plan for index, kind, plan in audit.subjects if index >= previous and kind not in _BY_THE_SEALER}
    if earlier and earlier[-1].blob in asked - spoken:
        answer.gap(
            f"whether leaf {earlier[-1].index} was the newest plan before leaf {previous}: only the sealer says so,"
            " and no run or word of a planner here is about it"
        )
