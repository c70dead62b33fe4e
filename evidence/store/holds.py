"""The seam to stores that can hold an object for a court: a lock without an end, lifted by whoever may set it."""

from typing import Protocol, runtime_checkable


@runtime_checkable
class Holds(Protocol):
    """A store with legal holds of its own."""

    def hold(self, key: str, *, on: bool) -> int:
        """Set or lift the legal hold of every version of an object; return of how many it was otherwise."""
        ...
