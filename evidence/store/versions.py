"""The seam to stores that keep every version they were ever given: what lies over an object and is none."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True, kw_only=True)
class Surplus:
    """A version or a delete marker that is not the object of its key. Nothing reads it as the object."""

    key: str
    what: str
    """In words: `a delete marker`, `another version`."""
    alike: bool = False
    """Whether it says the same as the object: somebody wrote twice, and nothing else happened."""
    data: bytes | None = None
    """Its bytes, where the key is one of the log's own."""


@runtime_checkable
class Versioned(Protocol):
    """A store that keeps every version."""

    def surplus(self) -> Iterator[Surplus]:
        """Yield what was put over or under the objects, hints apart: they are overwritten as a matter of course."""
        ...
