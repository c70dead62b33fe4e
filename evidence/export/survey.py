"""What choosing for a bundle needs to know of the whole log: when what was said, and which plans counted when."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from evidence.clock import TimeError, parse_rfc3339, rfc3339
from evidence.log.accept import Accepted
from evidence.log.calendar import StatedPlan, due_slots
from evidence.log.history import History
from evidence.log.ledger import DISTRUSTED
from evidence.log.plan import load_plan, plan_blob, plan_time
from evidence.model.names import Digest
from evidence.verify.audit import SealedPlan
from evidence.verify.calendar_step import Window, counted_from, known_of

SHOWN_TO_ALL = frozenset({"key", "review", "erasure"})
"""Kinds that say who is trusted, and what is gone: whoever reads a bundle must see all of them."""


@dataclass(slots=True)
class Survey:
    """A log, as far as choosing needs to know it."""

    moments: list[tuple[int, str, str]] = field(default_factory=list)
    """Index, kind and time of each statement that says when it was made."""
    stated: list[SealedPlan] = field(default_factory=list)
    ends: list[tuple[int, datetime]] = field(default_factory=list)
    """Index and end of each part."""
    shown: int = 0
    """How many leaves there are up to the last one of a kind that is shown to all."""


def survey_of(history: History) -> Survey:
    """Read a whole log."""
    found = Survey()
    for entry in history.statements:
        if entry.kind in SHOWN_TO_ALL:
            found.shown = entry.index + 1
        if entry.kind == "part":
            ended = history.outline(entry).ended
            found.moments.append((entry.index, entry.kind, ended))
            found.ends.append((entry.index, parse_rfc3339(ended)))
            continue
        accepted = history.open(entry)
        moment = _moment(accepted)
        if moment is not None:
            found.moments.append((entry.index, entry.kind, moment))
        if accepted.plan is not None and entry.kind != DISTRUSTED:
            found.stated.append(sealed_plan(entry.index, accepted))
    return found


def sealed_plan(index: int, accepted: Accepted) -> SealedPlan:
    """Return what the calendar needs of a plan statement."""
    blob, length = plan_blob(accepted.statement)
    return SealedPlan(index=index, blob=blob, bytes=length, at=plan_time(accepted.statement))


def asked(
    survey: Survey, window: Window, artefact: Callable[[Digest, int], bytes], *, previous: int, size: int
) -> tuple[frozenset[int], frozenset[str]]:
    """
    Return the plan statements that say what was due in a window, by index, and the slots that were.

    Every plan from leaf `previous` on is one of them: whoever leaves one out must be seen to.
    """
    counted = counted_from((one for one in survey.stated if one.index < size), known_of(survey.ends))
    ends = [*(begin for _, begin in counted[1:]), None]
    wanted = [
        (plan, begin)
        for (plan, begin), end in zip(counted, ends, strict=True)
        if plan.index >= previous or end is None or end > window.since
    ]
    plans = [
        StatedPlan(blob=plan.blob, plan=load_plan(artefact(plan.blob, plan.bytes)), begin=begin)
        for plan, begin in wanted
    ]
    due = due_slots(plans, until=window.end).values()
    slots = frozenset(one.slot for one in due if one.moment >= window.since)
    return frozenset(plan.index for plan, _ in wanted), slots


def _moment(accepted: Accepted) -> str | None:
    """Return when a statement says it was made, if it says so."""
    if accepted.part is not None:
        return accepted.part.ended
    predicate = accepted.statement.predicate
    found = predicate.get("at", predicate.get("as_of"))
    try:
        return rfc3339(parse_rfc3339(found)) if isinstance(found, str) else None
    except TimeError:
        return None
