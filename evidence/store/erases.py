"""The seam to stores that can remove an object: the owner's right, and nobody else's."""

from collections.abc import Iterator
from datetime import datetime
from typing import Protocol, runtime_checkable


@runtime_checkable
class Erases(Protocol):
    """A store whose objects can be removed by who has the right to."""

    def kept_by(self, key: str, *, bypass: bool, at: datetime) -> Iterator[str]:
        """Yield in words what keeps an object from being removed at a moment: a lock, a legal hold."""
        ...

    def erase(self, key: str, *, bypass: bool) -> int:
        """
        Remove every version of an object, delete markers too, and return how many there were.

        `bypass` lifts locks that their owner may lift. Raises `StoreError` where the store refuses.
        """
        ...
