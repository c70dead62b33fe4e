"""Working hours and blackouts: zones, midnights, changes of clocks, and closed when in doubt."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.schedule import (
    Blackout,
    Closed,
    Open,
    Period,
    ScheduleError,
    WorkingHours,
    verdict,
)
from evidence.model.asset import Asset
from evidence.model.names import AssetId
from evidence.model.outcome import Result

BERLIN = ZoneInfo("Europe/Berlin")
WEEKDAYS = WorkingHours.parse("Mon-Fri 06:00-22:00 Europe/Berlin")


def local(text: str, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN, fold=fold)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def asset(**more: object) -> Asset:
    return Asset(id=AssetId("press-7"), address="192.0.2.7", **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("at", "is_open"),
    [
        ("2026-11-23T06:00:00", True),  # a Monday; the first moment counts
        ("2026-11-23T05:59:59", False),
        ("2026-11-23T21:59:59", True),
        ("2026-11-23T22:00:00", False),  # the last does not
        ("2026-11-27T12:00:00", True),
        ("2026-11-28T12:00:00", False),  # Saturday
        ("2026-07-20T06:30:00", True),  # summer time: local hours, not UTC
        ("2026-07-20T05:30:00", False),
    ],
)
def test_working_hours_are_local_hours(at: str, is_open: bool) -> None:
    assert WEEKDAYS.is_open(local(at)) is is_open


def test_the_zone_of_the_question_does_not_matter() -> None:
    at = local("2026-11-23T07:00:00")
    assert WEEKDAYS.is_open(at.astimezone(UTC))
    assert WEEKDAYS.is_open(at.astimezone(timezone(timedelta(hours=9))))


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ScheduleError, match="without a zone"):
        WEEKDAYS.is_open(datetime(2026, 11, 23, 7))  # noqa: DTZ001


def test_several_windows_and_lists_of_days() -> None:
    hours = WorkingHours.parse("Mon, Wed-Thu 06:00-14:00, Sat 08:00-12:00 Europe/Berlin")
    days = [hours.is_open(local(f"2026-11-{day}T09:00:00")) for day in range(23, 30)]
    assert days == [True, False, True, True, False, True, False]


def test_no_days_is_every_day_and_a_week_may_wrap() -> None:
    assert WorkingHours.parse("06:00-07:00 UTC").is_open(utc("2026-11-29T06:30:00"))
    hours = WorkingHours.parse("Sat-Mon 00:00-24:00 UTC")
    assert [hours.is_open(utc(f"2026-11-{day}T12:00:00")) for day in range(23, 30)] == [True, *[False] * 4, True, True]


def test_a_window_over_midnight_belongs_to_the_day_it_begins() -> None:
    hours = WorkingHours.parse("Fri 22:00-06:00 Europe/Berlin")
    assert hours.is_open(local("2026-11-27T23:00:00"))
    assert hours.is_open(local("2026-11-28T05:59:00"))
    assert not hours.is_open(local("2026-11-28T22:30:00"))
    assert not hours.is_open(local("2026-11-27T05:00:00"))
    assert hours.next_change(local("2026-11-27T23:00:00")) == local("2026-11-28T06:00:00")


def test_when_clocks_go_back_the_doubled_hour_is_inside() -> None:
    hours = WorkingHours.parse("Sun 01:00-02:30 Europe/Berlin")  # 2026-10-25: 03:00 is 02:00 again
    assert hours.is_open(local("2026-10-25T02:15:00", fold=0))
    assert hours.is_open(local("2026-10-25T02:45:00", fold=0)), "between the two 02:30 the window is still open"
    assert hours.is_open(local("2026-10-25T02:15:00", fold=1))
    assert not hours.is_open(local("2026-10-25T02:30:00", fold=1))
    assert hours.next_change(local("2026-10-25T01:30:00")) == utc("2026-10-25T01:30:00")


def test_when_clocks_go_forward_the_missing_hour_is_a_moment() -> None:
    begins = WorkingHours.parse("Sun 02:30-04:00 Europe/Berlin")  # 2026-03-29: 02:00 is 03:00
    assert begins.next_change(local("2026-03-29T01:00:00")) == utc("2026-03-29T01:00:00")
    assert begins.is_open(local("2026-03-29T03:00:00"))
    inside = WorkingHours.parse("Sun 02:10-02:50 Europe/Berlin")
    assert inside.next_change(local("2026-03-28T12:00:00")) == local("2026-04-05T02:10:00")


def test_touching_windows_are_one() -> None:
    hours = WorkingHours.parse("Mon-Sun 00:00-12:00, Mon-Sun 12:00-24:00 UTC")
    assert hours.is_open(utc("2026-11-23T12:00:00"))
    assert hours.next_change(utc("2026-11-23T11:00:00")) is None, "it never closes"


@given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)).map(lambda at: at.replace(tzinfo=UTC)))  # noqa: DTZ001
def test_the_next_change_is_the_first_moment_that_is_different(at: datetime) -> None:
    hours = WorkingHours.parse("Mon-Fri 06:00-22:00, Sat 22:00-02:30 Europe/Berlin")
    change = hours.next_change(at)
    assert change is not None
    assert change > at
    assert hours.is_open(change) is not hours.is_open(at)
    assert hours.is_open(change - timedelta(microseconds=1)) is hours.is_open(at)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Mon-Fri",
        "Mon-Fri 06:00-22:00",
        "Mon-Fri 06:00-22:00 Europe/Atlantis",
        "Mon-Fri 06:00-22:00 ../../etc/passwd",
        "Mon-Fri 06:00-22:00 /etc/passwd",
        "Mo-Fr 06:00-22:00 UTC",
        "Mon-Fry 06:00-22:00 UTC",
        "Mon 6:00-22:00 UTC",
        "Mon 06:00-24:30 UTC",
        "Mon 24:00-06:00 UTC",
        "Mon 06:00-06:00 UTC",
        "Mon 06:00 - 22:00 UTC",
        "Mon 06:00-22:00, Tue UTC",
        "Mon 06:00-22:00,, UTC",
        "x" * 2000,
    ],
)
def test_what_is_not_understood_is_an_error_and_never_a_guess(text: str) -> None:
    with pytest.raises(ScheduleError, match="expected"):
        WorkingHours.parse(text)


def test_a_period_begins_and_ends_once() -> None:
    period = Period.parse("2026-12-24 18:00", "2027-01-02T06:00:30", "Europe/Berlin")
    assert not period.is_open(local("2026-12-24T17:59:59"))
    assert period.is_open(local("2026-12-24T18:00:00"))
    assert not period.is_open(local("2027-01-02T06:00:30"))
    assert period.next_change(local("2026-12-01T00:00:00")) == local("2026-12-24T18:00:00")
    assert period.next_change(local("2026-12-25T00:00:00")) == local("2027-01-02T06:00:30")
    assert period.next_change(local("2027-02-01T00:00:00")) is None


@pytest.mark.parametrize(
    ("begin", "end", "zone"),
    [
        ("2026-12-24 18:00", "2026-12-24 18:00", "UTC"),
        ("2027-12-24 18:00", "2026-12-24 18:00", "UTC"),
        ("tomorrow", "2026-12-24", "UTC"),
        ("2026-12-24T18:00+01:00", "2026-12-25", "UTC"),
        ("2026-12-24", "2026-12-25", "CEST/Nowhere"),
    ],
)
def test_a_period_that_is_none_is_an_error(begin: str, end: str, zone: str) -> None:
    with pytest.raises(ScheduleError, match="expected"):
        Period.parse(begin, end, zone)


NIGHT = WorkingHours.parse("Mon-Sun 22:00-06:00 Europe/Berlin")
AT_NIGHT, BY_DAY = local("2026-11-23T23:00:00"), local("2026-11-23T12:00:00")


@pytest.mark.parametrize(
    ("scope", "closed"),
    [
        ({}, True),
        ({"site": "werk-1"}, True),
        ({"zone": "press"}, True),
        ({"site": "werk-1", "zone": "press"}, True),
        ({"site": "werk-2"}, False),
        ({"site": "werk-1", "zone": "paint"}, False),
    ],
)
def test_a_blackout_closes_the_site_and_zone_it_names(scope: dict[str, str], closed: bool) -> None:
    blackout = Blackout(window=NIGHT, **scope)  # type: ignore[arg-type]
    found = verdict(asset(site="werk-1", zone="press"), AT_NIGHT, [blackout], clock_trusted=True)
    assert isinstance(found, Closed) is closed
    assert verdict(asset(site="werk-1", zone="press"), BY_DAY, [blackout], clock_trusted=True) == Open()


def test_a_blackout_says_why_and_until_when() -> None:
    blackout = Blackout(window=NIGHT, reason="backup of the line")
    found = verdict(asset(), AT_NIGHT, [blackout], clock_trusted=True)
    assert found == Closed(
        result=Result.OUT_OF_WINDOW, reason="blackout (backup of the line) until 2026-11-24T05:00:00Z"
    )


def test_a_blackout_without_an_end_in_sight_closes_all_the_same() -> None:
    always = Blackout(window=WorkingHours.parse("Mon-Sun 00:00-24:00 UTC"))
    assert verdict(asset(), BY_DAY, [always], clock_trusted=True) == Closed(
        result=Result.OUT_OF_WINDOW, reason="blackout"
    )


def test_blackouts_that_cannot_be_read_close_everything() -> None:
    found = verdict(asset(), BY_DAY, None, clock_trusted=True)
    assert isinstance(found, Closed)
    assert found.result is Result.OUT_OF_WINDOW


def test_a_clock_nobody_trusts_cannot_open_a_blackout() -> None:
    elsewhere = Blackout(window=NIGHT, site="elsewhere")
    assert isinstance(verdict(asset(), BY_DAY, [Blackout(window=NIGHT)], clock_trusted=False), Closed)
    assert verdict(asset(), BY_DAY, [elsewhere], clock_trusted=False) == Open()
    assert verdict(asset(powered="Mon 06:00-07:00 UTC"), BY_DAY, [], clock_trusted=False) == Open()


def test_a_line_that_is_switched_off_is_off_by_schedule() -> None:
    line = asset(powered="Mon-Fri 06:00-22:00 Europe/Berlin")
    assert verdict(line, BY_DAY, [], clock_trusted=True) == Open()
    found = verdict(line, AT_NIGHT, [], clock_trusted=True)
    assert isinstance(found, Closed)
    assert found.result is Result.OFF_BY_SCHEDULE
    assert "until 2026-11-24T05:00:00Z" in found.reason


def test_working_hours_that_cannot_be_read_close() -> None:
    found = verdict(asset(powered="whenever"), BY_DAY, [], clock_trusted=True)
    assert isinstance(found, Closed)
    assert "cannot be read" in found.reason
