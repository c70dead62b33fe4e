"""
Which slots a log's plans ask for.

A plan asks for its slots until the next plan begins. What was due before that stays due, whatever the next plan says;
only a slot that both list, and whose grace had not run out when the next plan was stated, goes by the next one's
assets. So neither dropping a job nor narrowing the assets can take back a slot that is over.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from evidence.log.history import History
from evidence.log.plan import Plan, load_plan, plan_blob, plan_time, slot_name
from evidence.model.names import Digest
from evidence.store.blobs import get_blob

EVER = datetime.min.replace(tzinfo=UTC)
"""When a plan began that does not say when it was stated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedPlan:
    """A plan, and from when on it counts."""

    blob: Digest
    plan: Plan
    begin: datetime

    @property
    def assets(self) -> frozenset[str]:
        """The assets it asks for, by name."""
        return frozenset(asset.id for asset in self.plan.assets)

    @property
    def end(self) -> datetime | None:
        """Until when it says what is due; `None` where it says nothing of it."""
        return max((one.end + timedelta(seconds=one.every_s) for one in self.plan.slots), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A slot that some plan asks for."""

    slot: str
    job: str
    moment: datetime
    deadline: datetime
    """When its grace runs out."""
    assets: frozenset[str]
    plan: Digest


def logged_plans(history: History) -> Sequence[StatedPlan]:
    """Return the plans of a log in its order, each from when on it says it was stated."""
    plans = []
    for entry in history.statements:
        if entry.kind == "plan":
            statement = history.open(entry).statement
            blob, length = plan_blob(statement)
            plan = load_plan(get_blob(history.ledger.store, blob, length))
            plans.append(StatedPlan(blob=blob, plan=plan, begin=plan_time(statement) or EVER))
    return sorted(plans, key=lambda stated: stated.begin)


def due_slots(plans: Sequence[StatedPlan], *, until: datetime) -> Mapping[str, Due]:
    """Return every slot due up to `until`, by its name, in the order of their moments."""
    found: dict[str, Due] = {}
    for number, stated in enumerate(plans):
        end = plans[number + 1].begin if number + 1 < len(plans) else None
        assets = stated.assets
        for slots in stated.plan.slots:
            grace = timedelta(seconds=stated.plan.grace_s if slots.grace_s is None else slots.grace_s)
            for moment in slots.moments():
                if moment > until or (end is not None and moment >= end):
                    break
                one = Due(
                    slot=slot_name(slots.name, moment),
                    job=slots.name,
                    moment=moment,
                    deadline=moment + grace,
                    assets=assets,
                    plan=stated.blob,
                )
                if one.deadline >= stated.begin and not _over(found.get(one.slot), stated.begin):
                    found[one.slot] = one
    return dict(sorted(found.items(), key=lambda pair: (pair[1].moment, pair[0])))


def _over(earlier: Due | None, begin: datetime) -> bool:
    """Tell whether a slot that an earlier plan asked for was over before the next plan was stated."""
    return earlier is not None and earlier.deadline < begin
