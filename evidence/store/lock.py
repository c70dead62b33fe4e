"""One sealer at a time, where the store can promise it."""

from collections.abc import Iterator
from contextlib import contextmanager

from evidence.store.interface import Lockable, Store


@contextmanager
def locked(store: Store, *, wait_s: float) -> Iterator[None]:
    """
    Hold the store's lock; raise `BusyError` when another process keeps it for longer than `wait_s`.

    A store that has no lock does without: put-once batches let only one of two sealers through.
    """
    if isinstance(store, Lockable):
        with store.exclusive(wait_s=wait_s):
            yield
    else:
        yield
