"""
A run's artefacts, written in bunches and durable before a part speaks of them.

What a run read is evidence once a part says so; until then nobody misses an artefact that a dying machine takes with
it. So artefacts wait for one another, and the disk is asked to keep many at a time: as many as it keeps while nobody
notices.
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from evidence.model.names import Digest, digest_of
from evidence.store.blobs import deflate, get_blob, put_blob, put_frame
from evidence.store.interface import Bulk, ConflictError, MissingError, Store, StoreError
from evidence.store.layout import MAX_BLOB_BYTES, blob_key

BUNCH_S = 0.02
"""How long writing one bunch should take, seconds: whoever called waits for it, at times with a device on the line."""

MOST, MOST_BYTES = 32, 4 * 1024 * 1024
"""Most artefacts, and bytes of frames, that wait for one another: a disk may get slow from one bunch to the next."""


class _Waiting(NamedTuple):
    digest: Digest
    frame: bytes
    plain_bytes: int


class BlobWriter:
    """Keeps artefacts of one run, each once; safe for several threads. After `commit` all of them are durable."""

    def __init__(self, store: Store, monotonic: Callable[[], float]) -> None:
        self._store = store
        self._bulk = store if isinstance(store, Bulk) else None
        self._monotonic = monotonic
        self._seen: set[Digest] = set()
        self._turn = threading.Condition()
        self._waiting: list[_Waiting] = []
        self._waiting_bytes = 0
        self._at_work = 0
        """Threads that are writing or settling."""
        self._unsettled: dict[str, str] = {}
        """Folders to be settled, each with a key in it that was written, or was there: who wrote that may not have."""
        self._failed: StoreError | None = None
        self._most = 1
        """Artefacts of the next bunch; the first one shows how quick the disk is."""

    def put(self, data: bytes) -> Digest:
        """
        Keep `data` and return the digest it is found under after `commit`; what is kept already is checked.

        Raises for any artefact of this run that could not be kept, not only for this one.
        """
        digest = digest_of(data)
        if digest not in self._seen:
            if self._bulk is None or len(data) > MAX_BLOB_BYTES:
                put_blob(self._store, data)
            else:
                self._put_in_bunches(self._bulk, digest, data)
            self._seen.add(digest)
        return digest

    def commit(self) -> None:
        """Make all that was put durable; raise what went wrong, at every call from then on, if anything is not."""
        if self._bulk is None:
            return
        self._write(self._bulk)
        with self._turn:
            self._turn.wait_for(lambda: not self._at_work)
            self._refuse_after_failure()
            unsettled = dict(self._unsettled)
        with self._working():
            self._bulk.settle(unsettled.values())
        with self._turn:
            for folder, key in unsettled.items():
                if self._unsettled.get(folder) is key:  # what was noted meanwhile stays
                    del self._unsettled[folder]

    def _put_in_bunches(self, bulk: Bulk, digest: Digest, data: bytes) -> None:
        try:
            get_blob(self._store, digest, len(data))
        except MissingError:
            one = _Waiting(digest, deflate(data), len(data))
        else:
            self._note_unsettled([digest])
            return
        with self._turn:
            self._refuse_after_failure()
            self._waiting.append(one)
            self._waiting_bytes += len(one.frame)
            full = len(self._waiting) >= self._most or self._waiting_bytes >= MOST_BYTES
        if full:
            self._write(bulk)

    def _write(self, bulk: Bulk) -> None:
        """Write what waits; `commit` of any thread waits for it."""
        with self._working():
            with self._turn:
                bunch, self._waiting, self._waiting_bytes = self._waiting, [], 0
            if not bunch:
                return
            begun = self._monotonic()
            _put_all(self._store, bulk, bunch)
            object_s = max((self._monotonic() - begun) / len(bunch), 1e-6)
            self._most = int(min(max(BUNCH_S / object_s, 1), MOST))
            self._note_unsettled(one.digest for one in bunch)

    def _note_unsettled(self, digests: Iterable[Digest]) -> None:
        keys = map(blob_key, digests)
        with self._turn:
            self._unsettled.update((key.rpartition("/")[0], key) for key in keys)

    @contextmanager
    def _working(self) -> Iterator[None]:
        """Let `commit` wait for what is done, and never pass after it failed."""
        failed: StoreError | None = StoreError("writing artefacts was broken off")
        with self._turn:
            self._at_work += 1
        try:
            yield
            failed = None
        except StoreError as error:
            failed = error
            raise
        except Exception as error:
            failed = StoreError(f"artefacts could not be kept: {type(error).__name__}")
            raise failed from error
        finally:
            with self._turn:
                self._at_work -= 1
                self._failed = self._failed or failed
                self._turn.notify_all()

    def _refuse_after_failure(self) -> None:
        if self._failed is not None:
            raise self._failed.with_traceback(None)


def _put_all(store: Store, bulk: Bulk, bunch: list[_Waiting]) -> None:
    """Write a bunch; where another writer was first, or by chance something failed that is no disk, one by one."""
    try:
        bulk.put_many([(blob_key(one.digest), one.frame) for one in bunch])
    except Exception as error:
        if isinstance(error, StoreError) and not isinstance(error, ConflictError):
            raise
        for one in bunch:
            put_frame(store, one.digest, one.frame, one.plain_bytes)
