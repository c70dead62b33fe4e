"""
When a job is due: the site file's words, and the progressions in UTC that a plan is made of. Pure: the time comes in.

A job is due `at` a local time (`02:00 Europe/Berlin`, `Sun 02:00 Europe/Berlin`, `Mon-Fri 05:30 Asia/Tokyo`), or
`every` so many hours, counted from midnight UTC. When clocks change, a time of day that comes twice means the first,
one that is skipped the moment of the skip.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from collectors.schedule import DAYS, ScheduleError, local_moment, time_zone, week_days
from evidence.clock import rfc3339
from evidence.log.plan import Plan, Slots, slot_name

AHEAD = timedelta(days=366)
"""How far ahead a plan says what is due; the format allows 400 days."""

RENEWED = timedelta(days=60)
"""A plan that reaches less far ahead is stated anew: whoever runs a job once a month still renews it in time."""

HOURS = (1, 2, 3, 4, 6, 8, 12)
"""Steps that divide a day, so that a job is due at the same hours every day and cron can say it, too."""

_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_LENGTH = re.compile(r"([1-9][0-9]{0,3})(min|h|d)")
_UNITS = {"min": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
_LONGEST = timedelta(days=7)
_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalTime:
    """A time of day in a zone, on some days of the week."""

    days: tuple[int, ...]
    """0 is Monday."""
    minutes: int
    """After midnight."""
    zone: ZoneInfo

    @classmethod
    def parse(cls, text: str) -> "LocalTime":
        """Read `02:00 Europe/Berlin` or `Mon-Fri 02:00 Europe/Berlin`; raise `ScheduleError`."""
        words = text.split()
        times = _TIME.fullmatch(words[-2]) if len(words) in (2, 3) else None
        if times is None:
            raise ScheduleError(f"expected a time like 'Sun 02:00 Europe/Berlin', found {text!r:.80}")
        days = week_days(words[0], text) if len(words) == 3 else tuple(range(7))
        return cls(days=days, minutes=int(times[1]) * 60 + int(times[2]), zone=time_zone(words[-1]))

    @property
    def daily(self) -> bool:
        """Whether it is every day."""
        return len(self.days) == len(DAYS)

    @property
    def step(self) -> timedelta:
        """How far apart two moments of one series are, save where clocks change."""
        return _DAY if self.daily else _WEEK

    def series(self, begin: datetime, end: datetime) -> Iterator[list[datetime]]:
        """Yield its moments from `begin` to `end`, in rows of which each is due at equal distances: one a week day."""
        first = begin.astimezone(self.zone).date() - _DAY
        days = [first + number * _DAY for number in range((end - begin).days + 4)]
        for week_day in (None,) if self.daily else self.days:
            own = (day for day in days if week_day in (None, day.weekday()))
            moments = (local_moment(day, self.minutes, self.zone, last=False) for day in own)
            yield [moment for moment in moments if begin <= moment <= end]


@dataclass(frozen=True, slots=True)
class Hourly:
    """Every so many hours from midnight UTC on."""

    hours: int

    @classmethod
    def parse(cls, text: str) -> "Hourly":
        """Read `4h`; raise `ScheduleError`."""
        known = {f"{hours}h": hours for hours in HOURS}
        if text not in known:
            raise ScheduleError(f"expected one of {', '.join(known)}, found {text!r:.40}")
        return cls(known[text])

    @property
    def step(self) -> timedelta:
        """How far apart two moments are."""
        return timedelta(hours=self.hours)

    def series(self, begin: datetime, end: datetime) -> Iterator[list[datetime]]:
        """Yield its moments from `begin` to `end`."""
        midnight = datetime.combine(begin.astimezone(UTC).date(), time(), UTC)
        first = midnight + -((midnight - begin) // self.step) * self.step
        yield [first + number * self.step for number in range((end - first) // self.step + 1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Something that is due again and again."""

    name: str
    times: LocalTime | Hourly
    grace: timedelta
    """How late an answer may be."""
    tags: tuple[str, ...] = ()
    """What is asked, as for `-t`; none is everything."""

    def newest(self, at: datetime) -> datetime:
        """Return the moment at which it was last due, `at` included."""
        return max(moment for row in self.times.series(at - _WEEK - _DAY, at) for moment in row)

    def slots(self, begin: datetime, end: datetime) -> Iterator[Slots]:
        """Yield progressions that hold its moments from `begin` to `end`, the earliest first."""
        runs = (run for row in self.times.series(begin, end) for run in _equal_steps(row, self.times.step))
        for first, count in sorted(runs):
            yield Slots(
                name=self.name,
                first=rfc3339(first),
                every_s=int(self.times.step.total_seconds()),
                count=count,
                grace_s=int(self.grace.total_seconds()),
            )


def parse_length(text: str) -> timedelta:
    """Read `90min`, `2h` or `1d`; raise `ScheduleError`."""
    found = _LENGTH.fullmatch(text)
    length = int(found[1]) * _UNITS[found[2]] if found else None
    if length is None or length > _LONGEST:
        raise ScheduleError(f"expected a length of time like 90min, 2h or 1d, at most 7d, found {text!r:.40}")
    return length


def planned_slots(jobs: Iterable[Job], at: datetime, *, filling: str | None = None) -> tuple[Slots, ...]:
    """
    Return what a plan stated `at` says is due, a year ahead.

    Of the slots before `at` it asks only for `filling`, which the run that states it fills, if its grace allows.
    """

    def begin(job: Job) -> datetime:
        newest = job.newest(at)
        return newest if filling == slot_name(job.name, newest) and at <= newest + job.grace else at

    return tuple(slots for job in jobs for slots in job.slots(begin(job), at + AHEAD))


def still_says(plan: Plan, jobs: Sequence[Job], at: datetime) -> bool:
    """Tell whether a plan asks for what the jobs ask for, from `at` on as far as a plan has to reach ahead."""

    def ahead(slots: Iterable[Slots]) -> set[tuple[str, datetime, int | None]]:
        every = ((one, moment) for one in slots for moment in one.moments())
        return {(one.name, moment, one.grace_s) for one, moment in every if at <= moment <= at + RENEWED}

    return ahead(plan.slots) == ahead(slots for job in jobs for slots in job.slots(at, at + RENEWED))


def _equal_steps(moments: Sequence[datetime], step: timedelta) -> Iterator[tuple[datetime, int]]:
    """Yield first moment and length of each run of moments that are `step` apart."""
    numbered = enumerate(moments)
    for _, run in groupby(numbered, key=lambda pair: pair[1] - pair[0] * step):
        members = list(run)
        yield members[0][1], len(members)
