"""The seam between evidence and the place that keeps it: a handful of promises, and what is raised when they break."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Protocol, runtime_checkable

from evidence.errors import Error


class StoreError(Error):
    """The place that keeps evidence cannot do what was asked: full, unreadable, or not what it should be."""


class MissingError(StoreError):
    """There is nothing under a key."""


class ConflictError(StoreError):
    """Different bytes are already kept under a key."""


class BusyError(StoreError):
    """Another process holds the store's lock."""

    exit_code = 75


class Store(Protocol):
    """
    A place that keeps what it is given.

    Keys are those of `evidence.store.layout`: components of `[a-z0-9._-]+` joined by `/`. Any number of threads and
    processes may call any method at any time.
    """

    def put(self, key: str, data: bytes) -> None:
        """
        Write `data` under `key`, once.

        Putting the same bytes again succeeds and changes nothing. Putting different bytes raises `ConflictError` and
        changes nothing. When this returns the object is durable; if it raises, or the process dies, no reader ever
        sees a part of it.
        """
        ...

    def get(self, key: str) -> bytes:
        """Return exactly the bytes kept under `key`, or raise `MissingError`."""
        ...

    def keys(self, prefix: str) -> Iterator[str]:
        """
        Yield every key that begins with `prefix`, in order of their bytes, each once.

        What lies in the place but is not a key a store would write is yielded too, so that nobody can hide it.
        """
        ...

    def replace(self, key: str, data: bytes) -> None:
        """
        Write `data` under the hint `key`, whatever was there.

        Only for hints (`log/checkpoint`, `state/…`), which are never evidence; any other key raises `StoreError`.
        A reader sees the old bytes or the new ones, never a mixture.
        """
        ...


@runtime_checkable
class Lockable(Protocol):
    """A store that can keep other processes from sealing at the same time."""

    def exclusive(self, *, wait_s: float) -> AbstractContextManager[None]:
        """Hold the store's only lock; after about `wait_s` seconds of waiting raise `BusyError`."""
        ...


@runtime_checkable
class Bulk(Protocol):
    """A store that writes several objects for less than each costs alone."""

    def put_many(self, objects: Sequence[tuple[str, bytes]]) -> None:
        """
        Write each (key, data) as `put` does, but for the names, which may be lost with the machine until `settle`.

        When it raises, some may have been written, each of them whole.
        """
        ...

    def settle(self, keys: Iterable[str]) -> None:
        """Make the names of objects durable, whoever wrote them; nothing may speak of them before."""
        ...
