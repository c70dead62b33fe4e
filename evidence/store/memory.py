"""A store that forgets: for tests and dry runs."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime

from evidence.store.interface import BusyError, ConflictError, MissingError, StoreError
from evidence.store.layout import MAX_OBJECT_BYTES, check_key, is_hint


class MemoryStore:
    """Keeps objects in a dictionary of this process."""

    def __init__(self) -> None:
        self._objects: dict[str, bytes] = {}
        self._guard = threading.Lock()
        self._lock = threading.Lock()

    def put(self, key: str, data: bytes) -> None:
        """Write `data` under `key`, once."""
        check_key(key)
        check_size(key, len(data))
        with self._guard:
            if self._objects.setdefault(key, bytes(data)) != data:
                raise ConflictError(f"{key}: other bytes are already kept there")

    def get(self, key: str) -> bytes:
        """Return the bytes kept under `key`."""
        check_key(key)
        try:
            return self._objects[key]
        except KeyError:
            raise MissingError(f"{key}: nothing is kept there") from None

    def keys(self, prefix: str) -> Iterator[str]:
        """Yield every key that begins with `prefix`, in order."""
        with self._guard:
            found = sorted(key for key in self._objects if key.startswith(prefix))
        yield from found

    def replace(self, key: str, data: bytes) -> None:
        """Write `data` under a hint key, whatever was there."""
        check_hint(key)
        check_size(key, len(data))
        with self._guard:
            self._objects[key] = bytes(data)

    def kept_by(self, key: str, *, bypass: bool, at: datetime) -> Iterator[str]:  # noqa: ARG002
        """Yield nothing: nothing is locked here."""
        check_key(key)
        yield from ()

    def erase(self, key: str, *, bypass: bool) -> int:  # noqa: ARG002
        """Remove an object, and return how many there were."""
        with self._guard:
            return int(self._objects.pop(check_key(key), None) is not None)

    @contextmanager
    def exclusive(self, *, wait_s: float) -> Iterator[None]:
        """Hold the only lock."""
        if not self._lock.acquire(timeout=wait_s):
            raise BusyError("another thread is sealing this store")
        try:
            yield
        finally:
            self._lock.release()


class Vault(MemoryStore):
    """A store whose owner can do everything to it: what attacks on evidence are tried on."""

    def force(self, key: str, data: bytes | None) -> None:
        """Write or remove an object as no store would."""
        if data is None:
            self._objects.pop(key)
        else:
            self._objects[key] = data

    def snapshot(self) -> dict[str, bytes]:
        """Return all objects."""
        return dict(self._objects)

    def restore(self, objects: Mapping[str, bytes]) -> None:
        """Put all objects back."""
        self._objects = dict(objects)


def check_hint(key: str) -> None:
    """Raise `StoreError` unless `key` is a hint, the only thing that may be replaced."""
    if not is_hint(check_key(key)):
        raise StoreError(f"{key}: only hints may be replaced")


def check_size(key: str, length: int) -> None:
    """Raise `StoreError` for an object larger than any a store keeps."""
    if length > MAX_OBJECT_BYTES:
        raise StoreError(f"{key}: {length} bytes, at most {MAX_OBJECT_BYTES} are kept")
