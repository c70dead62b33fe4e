"""The seam to stores that can keep their objects from being deleted."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Protocol, runtime_checkable

from evidence.store.remote import Retention

SHARDS = 256
"""How many folders the blobs lie in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewed:
    """What a look at some objects found and did."""

    seen: frozenset[str]
    """The keys that are there."""
    extended: int
    """How many locks were set further into the future."""


@runtime_checkable
class Retains(Protocol):
    """A store that can keep its objects from being deleted."""

    @property
    def retention(self) -> Retention | None:
        """How long; `None` where nothing is locked."""
        ...

    def renew(self, prefix: str, *, wanted: Callable[[str], bool], at: datetime) -> Renewed:
        """Look at everything below `prefix`, and extend the lock of what is `wanted` and has too little left."""
        ...


def due_shards(last: int, elapsed: timedelta, slack: timedelta) -> Iterator[int]:
    """Yield the shards to look at after `last`, at least one, so that each has its turn twice in the slack."""
    due = ceil(SHARDS * (elapsed / (slack / 2)))
    for step in range(1, min(SHARDS, max(1, due)) + 1):
        yield (last + step) % SHARDS
