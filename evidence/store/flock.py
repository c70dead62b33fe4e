"""A lock file: held by one process at a time, and let go by the operating system when that process dies."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from evidence.store.interface import BusyError, StoreError

_POLL_S = 0.05


@contextmanager
def held(path: Path, *, wait_s: float, mode: int, what: str) -> Iterator[None]:
    """Hold the lock on the file `path`, made with `mode` where it is missing; raise `BusyError` after `wait_s`."""
    import fcntl

    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, mode)
    except OSError as error:
        raise StoreError(f"{path}: cannot be locked: {error.strerror}") from error
    try:
        pause = threading.Event()
        for _ in range(int(wait_s / _POLL_S) + 1):
            with suppress(BlockingIOError):
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            pause.wait(_POLL_S)
        else:
            raise BusyError(f"{what}: another process holds the lock", hint="try again when it has ended")
        yield
    finally:
        os.close(handle)
