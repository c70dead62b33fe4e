"""The time a bundle is about: a year, a quarter, a month, or from one day to another, in UTC."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from evidence.errors import Error

_SHAPES = re.compile(
    r"(?P<year>[0-9]{4})(Q(?P<quarter>[1-4])|-(?P<month>[0-9]{2}))?"
    r"|(?P<first>[0-9]{4}-[0-9]{2}-[0-9]{2})\.\.(?P<last>[0-9]{4}-[0-9]{2}-[0-9]{2})"
)


class PeriodError(Error):
    """A period is not written as one."""

    exit_code = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """From the first second of a day to the last one of another."""

    name: str
    """As it was asked for: `2026Q3`."""
    since: datetime
    until: datetime
    """Its last second."""


def parse_period(text: str) -> Period:
    """Read `2026`, `2026Q3`, `2026-07` or `2026-07-01..2026-08-15`; raise `PeriodError` for anything else."""
    match = _SHAPES.fullmatch(text)
    try:
        if match is None:
            raise ValueError("no such shape")
        if match["first"]:
            first, after = date.fromisoformat(match["first"]), date.fromisoformat(match["last"]) + timedelta(days=1)
        else:
            year = int(match["year"])
            month, months = 1, 12
            if match["quarter"]:
                month, months = 3 * int(match["quarter"]) - 2, 3
            elif match["month"]:
                month, months = int(match["month"]), 1
            first, last = date(year, month, 1), month + months - 1
            after = date(year + last // 12, last % 12 + 1, 1)
        if after <= first:
            raise ValueError("it ends before it begins")
    except (ValueError, OverflowError) as error:
        expected = "2026, 2026Q3, 2026-07 or 2026-07-01..2026-08-15"
        raise PeriodError(f"expected a period like {expected}, found {text!r:.60}: {error}") from error
    since, end = (datetime.combine(day, time(), UTC) for day in (first, after))
    return Period(name=text.replace("..", "-"), since=since, until=end - timedelta(seconds=1))
