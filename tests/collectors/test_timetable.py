"""When jobs are due, and what a plan says of it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.schedule import ScheduleError
from collectors.timetable import HOURS, Hourly, Job, LocalTime, parse_length, planned_slots, still_says
from evidence.log.plan import Plan, Slots

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def job(times: str, *, grace: str = "2h", name: str = "nightly") -> Job:
    parse = Hourly.parse if times.endswith("h") else LocalTime.parse
    return Job(name=name, times=parse(times), grace=parse_length(grace))


def moments(slots: tuple[Slots, ...]) -> list[datetime]:
    return sorted(moment for one in slots for moment in one.moments())


def test_a_local_time_is_one_progression_between_two_changes_of_clocks() -> None:
    slots = planned_slots([job("02:00 Europe/Berlin")], datetime(2026, 1, 10, tzinfo=UTC))
    assert [(one.first, one.count, one.every_s, one.grace_s) for one in slots] == [
        ("2026-01-10T01:00:00Z", 79, 86_400, 7_200),
        ("2026-03-30T00:00:00Z", 210, 86_400, 7_200),
        ("2026-10-26T01:00:00Z", 77, 86_400, 7_200),
    ]


def test_a_skipped_time_of_day_is_the_moment_of_the_skip_and_one_that_comes_twice_the_first() -> None:
    berlin = job("02:30 Europe/Berlin")
    assert berlin.newest(datetime(2026, 3, 29, 12, tzinfo=UTC)) == datetime(2026, 3, 29, 1, tzinfo=UTC)
    assert berlin.newest(datetime(2026, 10, 25, 12, tzinfo=UTC)) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_days_of_the_week_are_a_progression_each() -> None:
    slots = planned_slots([job("Mon-Fri 05:30 Asia/Tokyo")], NOON)
    assert {one.every_s for one in slots} == {7 * 86_400}
    assert [one.first for one in slots] == [f"2026-11-2{day}T20:30:00Z" for day in (2, 3, 4, 5, 6)]
    assert all(moment.weekday() in (6, 0, 1, 2, 3) for moment in moments(slots)), "Tokyo's morning is UTC's evening"


def test_hours_are_counted_from_midnight_utc() -> None:
    (slots,) = planned_slots([job("6h")], NOON)
    assert (slots.first, slots.every_s) == ("2026-11-22T12:00:00Z", 21_600)
    assert job("6h").newest(NOON + timedelta(hours=5, minutes=59)) == NOON


@given(
    at=st.integers(-12_000_000, 17_000_000).map(lambda minutes: NOON + timedelta(minutes=minutes)),
    zone=st.sampled_from(["Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"]),
    minutes=st.integers(0, 1439),
    days=st.sampled_from(["", "Sun ", "Mon-Fri ", "Fri-Mon "]),
)
def test_a_plan_holds_exactly_the_local_times_of_the_year_ahead(
    at: datetime, zone: str, minutes: int, days: str
) -> None:
    one = job(f"{days}{minutes // 60:02}:{minutes % 60:02} {zone}")
    assert isinstance(one.times, LocalTime)
    found = moments(planned_slots([one], at))
    assert found == sorted(set(found)), "each once"
    local = [moment.astimezone(one.times.zone) for moment in found]
    assert {day.weekday() for day in local} == set(one.times.days)
    odd = [day for day in local if day.hour * 60 + day.minute != minutes]
    assert len(odd) <= 2, "only where the clocks skip it"
    assert all(at <= moment <= at + timedelta(days=366) for moment in found)
    assert len(found) >= 52 * len(one.times.days)
    assert found[0] - one.newest(at) <= timedelta(days=7, hours=2)
    assert one.newest(found[10]) == found[10]


@given(hours=st.sampled_from(HOURS), minute=st.integers(0, 10_000))
def test_every_so_many_hours_is_one_progression(hours: int, minute: int) -> None:
    at = NOON + timedelta(minutes=minute)
    one = job(f"{hours}h")
    (slots,) = planned_slots([one], at)
    first = next(slots.moments())
    assert first - timedelta(hours=hours) < at <= first
    assert first.hour % hours == 0
    assert one.newest(at) in (first, first - timedelta(hours=hours))


def test_a_plan_asks_for_a_slot_that_has_begun_only_where_the_run_fills_it() -> None:
    late = datetime(2026, 11, 22, 2, 30, tzinfo=UTC)
    first = "2026-11-22T01:00:00Z"
    jobs = [job("02:00 Europe/Berlin"), job("1h", name="hourly")]
    assert planned_slots(jobs, late, filling="nightly-20261122T0100Z")[0].first == first
    assert planned_slots(jobs, late)[0].first == "2026-11-23T01:00:00Z"
    assert planned_slots(jobs, late, filling="hourly-20261122T0200Z")[0].first == "2026-11-23T01:00:00Z"
    too_late = late + timedelta(hours=1)
    assert planned_slots(jobs, too_late, filling="nightly-20261122T0100Z")[0].first == "2026-11-23T01:00:00Z"


def test_a_plan_holds_until_it_reaches_less_than_two_months_ahead() -> None:
    jobs = [job("02:00 Europe/Berlin"), job("4h", name="often")]
    plan = Plan(assets=(), slots=planned_slots(jobs, NOON), grace_s=0)
    assert still_says(plan, jobs, NOON)
    assert still_says(plan, jobs, NOON + timedelta(days=305))
    assert not still_says(plan, jobs, NOON + timedelta(days=307))


@pytest.mark.parametrize("jobs", [[], ["03:00 Europe/Berlin"], ["02:00 Asia/Tokyo"], ["Mon 02:00 Europe/Berlin"]])
def test_a_plan_of_other_times_does_not_say_the_same(jobs: list[str]) -> None:
    plan = Plan(assets=(), slots=planned_slots([job("02:00 Europe/Berlin")], NOON), grace_s=0)
    assert not still_says(plan, [job(text) for text in jobs], NOON)
    assert not still_says(plan, [job("02:00 Europe/Berlin", grace="3h")], NOON)
    assert not still_says(plan, [job("02:00 Europe/Berlin", name="other")], NOON)


@pytest.mark.parametrize(
    "text", ["", "02:00", "24:00 UTC", "2:00 UTC", "02:00 Nowhere", "Mon,Tue 02:00 UTC", "daily 02:00 UTC", "a b c d"]
)
def test_what_is_no_local_time_is_refused(text: str) -> None:
    with pytest.raises(ScheduleError):
        LocalTime.parse(text)


@pytest.mark.parametrize("text", ["", "5h", "24h", "1", "0h", "90min", "1.5h"])
def test_hours_that_do_not_divide_a_day_are_refused(text: str) -> None:
    with pytest.raises(ScheduleError, match="expected one of 1h, 2h, 3h"):
        Hourly.parse(text)


@pytest.mark.parametrize("text", ["", "2", "0h", "8d", "2 h", "-1h", "1w", "20160min"])
def test_what_is_no_length_of_time_is_refused(text: str) -> None:
    with pytest.raises(ScheduleError, match="like 90min"):
        parse_length(text)
