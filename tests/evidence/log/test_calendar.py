"""Which slots a log's plans ask for."""

from datetime import UTC, datetime, timedelta

from evidence.clock import rfc3339
from evidence.log.calendar import EVER, StatedPlan, due_slots
from evidence.log.plan import Plan, Slots
from evidence.model.asset import Asset
from evidence.model.names import AssetId, digest_of

FIRST = datetime(2026, 11, 20, 2, tzinfo=UTC)
DAY = timedelta(days=1)


def nightly(first: datetime = FIRST, *, count: int = 30, grace_s: int | None = 3600, name: str = "nightly") -> Slots:
    return Slots(name=name, first=rfc3339(first), every_s=86_400, count=count, grace_s=grace_s)


def stated(begin: datetime, *slots: Slots, assets: str = "ab", grace_s: int = 0) -> StatedPlan:
    listed = tuple(Asset(id=AssetId(name), address="192.0.2.1") for name in assets)
    blob = digest_of(f"{begin}{slots}{assets}".encode())
    return StatedPlan(blob=blob, plan=Plan(assets=listed, slots=slots, grace_s=grace_s), begin=begin)


def names(*plans: StatedPlan, until: datetime) -> list[str]:
    return list(due_slots(plans, until=until))


def test_slots_are_due_up_to_a_time() -> None:
    plan = stated(FIRST, nightly())
    assert names(plan, until=FIRST - DAY) == []
    assert names(plan, until=FIRST) == ["nightly-20261120T0200Z"]
    assert len(names(plan, until=FIRST + 5 * DAY)) == 6
    assert len(names(plan, until=FIRST + 500 * DAY)) == 30
    assert plan.end == FIRST + 30 * DAY


def test_the_grace_of_a_job_goes_before_the_plans() -> None:
    plan = stated(FIRST, nightly(), nightly(name="other", grace_s=None), grace_s=60)
    due = due_slots([plan], until=FIRST)
    assert due["nightly-20261120T0200Z"].deadline == FIRST + timedelta(hours=1)
    assert due["other-20261120T0200Z"].deadline == FIRST + timedelta(minutes=1)


def test_a_plan_cannot_take_back_what_was_due_before_it() -> None:
    dropped = stated(FIRST + 2 * DAY + timedelta(minutes=1))
    assert len(names(stated(FIRST, nightly()), dropped, until=FIRST + 9 * DAY)) == 3


def test_a_narrower_plan_counts_from_its_begin_on_and_for_the_slot_it_is_stated_in() -> None:
    wide, third = stated(FIRST, nightly()), FIRST + 2 * DAY
    within = stated(third + timedelta(minutes=1), nightly(third), assets="a")
    due = due_slots([wide, within], until=FIRST + 3 * DAY)
    assert [sorted(one.assets) for one in due.values()] == [["a", "b"], ["a", "b"], ["a"], ["a"]]
    after = stated(third + timedelta(hours=2), nightly(third), assets="a")
    due = due_slots([wide, after], until=FIRST + 3 * DAY)
    assert [sorted(one.assets) for one in due.values()] == [["a", "b"], ["a", "b"], ["a", "b"], ["a"]]


def test_a_plan_asks_for_nothing_that_was_over_when_it_was_stated() -> None:
    plan = stated(FIRST + 3 * DAY + timedelta(minutes=30), nightly())
    assert names(plan, until=FIRST + 4 * DAY) == ["nightly-20261123T0200Z", "nightly-20261124T0200Z"]


def test_a_plan_that_does_not_say_when_it_was_stated_asks_for_all_its_slots() -> None:
    assert len(names(stated(EVER, nightly()), until=FIRST + DAY)) == 2
    assert stated(EVER).end is None
