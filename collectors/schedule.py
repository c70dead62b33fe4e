"""
When an asset may be asked: working hours and blackouts, in the plant's own time zone. Pure: the time comes in.

Weekly windows are written `Mon-Fri 06:00-22:00, Sat 08:00-14:00 Europe/Berlin`: days (none: every day), times of
day, one IANA zone at the end. A window that ends before it begins ends on the next day. When clocks change, a
window begins at the first moment and ends at the last moment that its times of day can mean; a time of day that is
skipped means the moment of the skip.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Self
from zoneinfo import ZoneInfo

from evidence.errors import Error
from evidence.model.asset import Asset
from evidence.model.outcome import Result

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

MAX_TEXT = 1_000
"""Longest text of windows, in characters."""

_TIMES = re.compile(r"([0-2][0-9]):([0-5][0-9])-([0-2][0-9]):([0-5][0-9])")
_DAY_MINUTES = 24 * 60
_LOOK_AHEAD = timedelta(days=9)
"""A weekly window opens and closes within a week; two days more for midnight and the change of clocks."""


class ScheduleError(Error):
    """A window is not written as it has to be."""

    exit_code = 5


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """A window of one week day, in minutes after its midnight; more than 1,440 reach into the next day."""

    day: int
    """0 is Monday."""
    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class WorkingHours:
    """Windows that come back every week, in one time zone."""

    windows: tuple[Window, ...]
    zone: ZoneInfo

    @staticmethod
    @lru_cache(maxsize=1024)
    def parse(text: str) -> "WorkingHours":
        """Return the windows that `text` describes; raise `ScheduleError`."""
        if len(text) > MAX_TEXT:
            raise ScheduleError(f"expected at most {MAX_TEXT} characters of windows, found {len(text)}")
        body, _, zone = text.strip().rpartition(" ")
        if not body or _TIMES.fullmatch(zone):
            raise ScheduleError(f"expected a time zone after the times, as in 'Europe/Berlin', found {text!r:.80}")
        windows: list[Window] = []
        days: tuple[int, ...] = ()
        for piece in (piece.split() for piece in body.split(",")):
            if len(piece) == 1 and not _TIMES.fullmatch(piece[0]):
                days += week_days(piece[0], text)
                continue
            if len(piece) not in (1, 2):
                raise _unreadable(text)
            days += week_days(piece[0], text) if len(piece) == 2 else ()
            begin, end = _times(piece[-1], text)
            windows += [Window(day, begin, end) for day in days or range(7)]
            days = ()
        if days:
            raise ScheduleError(f"expected times after the days, as in 'Mon-Fri 06:00-22:00', found {text!r:.80}")
        return WorkingHours(tuple(sorted(set(windows))), time_zone(zone))

    def is_open(self, at: datetime) -> bool:
        """Whether `at` lies in a window; the first moment does, the last does not."""
        return any(begin <= at < end for begin, end in self._spans(at))

    def next_change(self, at: datetime) -> datetime | None:
        """Return when this next opens or closes after `at`, in UTC, or `None` where it never does."""
        spans = self._spans(at)
        now_open = any(begin <= at < end for begin, end in spans)
        moments = (moment for span in spans for moment in span if moment > at)
        soon = (moment for moment in moments if moment <= _utc(at) + _LOOK_AHEAD)
        return next((moment for moment in sorted(soon) if self.is_open(moment) != now_open), None)

    def _spans(self, at: datetime) -> list[tuple[datetime, datetime]]:
        """Return the windows around `at` as moments, joined where they touch."""
        today = _utc(at).astimezone(self.zone).date()
        spans = sorted(
            (
                local_moment(day, window.begin, self.zone, last=False),
                local_moment(day, window.end, self.zone, last=True),
            )
            for day in (today + timedelta(days=offset) for offset in range(-2, _LOOK_AHEAD.days + 2))
            for window in self.windows
            if window.day == day.weekday()
        )
        joined: list[tuple[datetime, datetime]] = []
        for begin, end in spans:
            if joined and begin <= joined[-1][1]:
                joined[-1] = (joined[-1][0], max(joined[-1][1], end))
            elif begin < end:
                joined.append((begin, end))
        return joined


@dataclass(frozen=True, slots=True)
class Period:
    """One stretch of time, from a moment until another."""

    begin: datetime
    end: datetime

    @classmethod
    def parse(cls, begin: str, end: str, zone: str) -> Self:
        """Return the period between two local times like `2026-12-24 18:00` in an IANA zone."""
        tz = time_zone(zone)
        moments = tuple(_local(text, tz, last=last) for text, last in ((begin, False), (end, True)))
        if moments[0] >= moments[1]:
            raise ScheduleError(f"expected a period to end after it begins, found {begin!r:.40} to {end!r:.40}")
        return cls(*moments)

    def is_open(self, at: datetime) -> bool:
        """Whether `at` lies in the period."""
        return self.begin <= _utc(at) < self.end

    def next_change(self, at: datetime) -> datetime | None:
        """Return when it begins or ends after `at`, in UTC, or `None` where it is over."""
        return next((moment for moment in (self.begin, self.end) if moment > _utc(at)), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Blackout:
    """A time in which nothing is asked: of a site, of a zone, or of everything."""

    window: WorkingHours | Period
    site: str | None = None
    zone: str | None = None
    """The asset's zone (IEC 62443), not the time zone."""
    reason: str | None = None

    def concerns(self, asset: Asset) -> bool:
        """Whether it counts for `asset`: site and zone, where named, must both be the asset's."""
        return self.site in (None, asset.site) and self.zone in (None, asset.zone)


@dataclass(frozen=True, slots=True)
class Open:
    """The asset may be asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """The asset may not be asked now."""

    result: Result
    """`out-of-window` for a blackout, `off-by-schedule` for working hours."""
    reason: str


def verdict(asset: Asset, at: datetime, blackouts: Sequence[Blackout] | None, *, clock_trusted: bool) -> Open | Closed:
    """
    Say whether `asset` may be asked at `at`.

    Fails closed: `blackouts` of `None` are configured ones that could not be read, and a clock that nobody vouches
    for cannot tell whether a blackout is on. Working hours only say that a line is switched off, so an untrusted
    clock leaves them out of account and the attempt shows what is true.
    """
    if blackouts is None:
        return Closed(result=Result.OUT_OF_WINDOW, reason="the blackouts cannot be read")
    concerned = [blackout for blackout in blackouts if blackout.concerns(asset)]
    if concerned and not clock_trusted:
        return Closed(result=Result.OUT_OF_WINDOW, reason="a blackout is configured and the clock is not trusted")
    for blackout in concerned:
        if blackout.window.is_open(at):
            why = f" ({blackout.reason})" if blackout.reason else ""
            return Closed(result=Result.OUT_OF_WINDOW, reason=f"blackout{why}{_until(blackout.window, at)}")
    if asset.powered is None or not clock_trusted:
        return Open()
    try:
        hours = WorkingHours.parse(asset.powered)
    except ScheduleError as error:
        return Closed(result=Result.OUT_OF_WINDOW, reason=f"the working hours cannot be read: {error}")
    if hours.is_open(at):
        return Open()
    return Closed(result=Result.OFF_BY_SCHEDULE, reason=f"switched off outside of {asset.powered}{_until(hours, at)}")


@lru_cache(maxsize=256)
def time_zone(name: str) -> ZoneInfo:
    """Return an IANA zone; raise `ScheduleError`."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ScheduleError(f"expected an IANA time zone like Europe/Berlin or UTC, found {name!r:.60}") from error


def _until(window: WorkingHours | Period, at: datetime) -> str:
    change = window.next_change(at)
    return f" until {change:%Y-%m-%dT%H:%M:%SZ}" if change else ""


def week_days(text: str, whole: str) -> tuple[int, ...]:
    """Return the days that `Mon` or `Mon-Fri` names, 0 for Monday; `whole` is what an error shows."""
    first, dash, last = text.partition("-")
    if first not in DAYS or (dash and last not in DAYS):
        raise ScheduleError(f"expected days like Mon or Mon-Fri, found {text!r:.40} in {whole!r:.80}")
    begin = DAYS.index(first)
    length = (DAYS.index(last) - begin) % 7 if dash else 0
    return tuple((begin + offset) % 7 for offset in range(length + 1))


def _times(text: str, whole: str) -> tuple[int, int]:
    found = _TIMES.fullmatch(text)
    if not found:
        raise _unreadable(whole)
    begin, end = int(found[1]) * 60 + int(found[2]), int(found[3]) * 60 + int(found[4])
    if begin >= _DAY_MINUTES or end > _DAY_MINUTES or begin == end:
        raise ScheduleError(f"expected times from 00:00 to 24:00, not alike, found {text!r:.40} in {whole!r:.80}")
    return begin, end if end > begin else end + _DAY_MINUTES


def _unreadable(text: str) -> ScheduleError:
    return ScheduleError(f"expected windows like 'Mon-Fri 06:00-22:00 Europe/Berlin', found {text!r:.80}")


def _local(text: str, zone: ZoneInfo, *, last: bool) -> datetime:
    try:
        local = datetime.fromisoformat(text.strip().replace(" ", "T"))
    except ValueError:
        local = None
    if local is None or local.tzinfo is not None:
        raise ScheduleError(f"expected a local time like 2026-12-24 18:00, found {text!r:.40}")
    minutes = local.hour * 60 + local.minute
    return local_moment(local.date(), minutes, zone, last=last) + timedelta(seconds=local.second)


def local_moment(day: date, minutes: int, zone: ZoneInfo, *, last: bool) -> datetime:
    """Return in UTC the first (or last) moment at which clocks in `zone` pass a time of day."""
    naive = datetime.combine(day, time()) + timedelta(minutes=minutes)
    first_reading = naive.replace(tzinfo=zone, fold=0).astimezone(UTC)
    second_reading = naive.replace(tzinfo=zone, fold=1).astimezone(UTC)
    if first_reading <= second_reading:
        return second_reading if last else first_reading
    return _change_between(second_reading, first_reading, zone)


def _change_between(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """Return the moment at which the clocks of `zone` change, to the second."""
    offset = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) // 2
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after.replace(microsecond=0)


def _utc(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ScheduleError(f"a time without a zone: {at.isoformat()}")
    return at.astimezone(UTC)
