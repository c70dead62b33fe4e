"""Time as an argument: nothing below `cli` reads the clock."""

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Protocol

from evidence.errors import Error

_RFC3339 = re.compile(r"[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}Z")
"""What `rfc3339` writes, but for days and minutes that there are not."""


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """Return the wall-clock time, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never go back, from an arbitrary start."""
        ...


class TimeError(Error):
    """A time is not written as RFC 3339 UTC."""


def rfc3339(moment: datetime) -> str:
    """Write an aware `moment` as RFC 3339 in UTC with whole seconds: `2026-11-22T23:48:00Z` (RFC 3339 §5.6)."""
    if moment.tzinfo is None:
        raise TimeError(f"a time without a zone: {moment.isoformat()}")
    return moment.astimezone(UTC).isoformat()[:19] + "Z"


@lru_cache(maxsize=10_000)
def parse_rfc3339(text: str) -> datetime:
    """Read what `rfc3339` writes, and nothing else."""
    try:
        if _RFC3339.fullmatch(text):
            return datetime.fromisoformat(text)
    except ValueError as error:
        raise TimeError(f"expected a time like 2026-11-22T23:48:00Z, found {text!r}") from error
    raise TimeError(f"expected a time like 2026-11-22T23:48:00Z, found {text!r}")
