"""
A run's artefacts, written in bunches and durable before a part speaks of them.

What a run read is evidence once a part says so; until then nobody misses an artefact that a dying machine takes with
it. So artefacts wait for one another, and the disk is asked to keep many at a time: as many as it keeps while nobody
notices.
"""

import threading
from collections.abc import Callable
from typing import NamedTuple

from evidence.model.names import Digest, digest_of
from evidence.store.blobs import deflate, get_blob, put_blob, put_frame
from evidence.store.interface import Bulk, ConflictError, MissingError, Store
from evidence.store.layout import MAX_BLOB_BYTES, blob_key

BUNCH_S = 0.02
"""How long writing one bunch should take, seconds: whoever called waits for it, at times with a device on the line."""

MOST, MOST_BYTES = 256, 4 * 1024 * 1024
"""Most artefacts, and bytes of frames, that wait for one another."""


class _Waiting(NamedTuple):
    digest: Digest
    frame: bytes
    plain_bytes: int


class BlobWriter:
    """Keeps artefacts of one run, each once; safe for several threads. Nothing is durable before `commit` returned."""

    def __init__(self, store: Store, monotonic: Callable[[], float]) -> None:
        self._store = store
        self._bulk = store if isinstance(store, Bulk) else None
        self._monotonic = monotonic
        self._seen: set[Digest] = set()
        self._turn = threading.Condition()
        self._waiting: list[_Waiting] = []
        self._waiting_bytes = 0
        self._writing = 0
        """Bunches that threads are writing."""
        self._folders: set[str] = set()
        """What is to be settled."""
        self._failed: BaseException | None = None
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
        with self._turn:
            bunch = self._take()
        self._write(self._bulk, bunch)
        with self._turn:
            self._turn.wait_for(lambda: not self._writing)
            self._refuse_after_failure()
            try:
                self._bulk.settle(self._folders)
            except BaseException as error:
                self._failed = error
                raise
            self._folders.clear()

    def _put_in_bunches(self, bulk: Bulk, digest: Digest, data: bytes) -> None:
        try:
            get_blob(self._store, digest, len(data))
        except MissingError:
            one = _Waiting(digest, deflate(data), len(data))
        else:
            return
        with self._turn:
            self._refuse_after_failure()
            self._waiting.append(one)
            self._waiting_bytes += len(one.frame)
            if len(self._waiting) < self._most and self._waiting_bytes < MOST_BYTES:
                return
            bunch = self._take()
        self._write(bulk, bunch)

    def _take(self) -> list[_Waiting]:
        bunch, self._waiting, self._waiting_bytes = self._waiting, [], 0
        self._writing += 1
        return bunch

    def _write(self, bulk: Bulk, bunch: list[_Waiting]) -> None:
        """Write what was taken; `commit` of any thread waits for it."""
        begun = self._monotonic()
        folders: set[str] = set()
        failed: BaseException | None = None
        try:
            folders = _put_all(self._store, bulk, bunch)
        except BaseException as error:
            failed = error
            raise
        finally:
            took_s = self._monotonic() - begun
            with self._turn:
                self._writing -= 1
                self._folders |= folders
                self._failed = self._failed or failed
                if bunch:
                    self._most = int(min(max(len(bunch) * BUNCH_S / max(took_s, 1e-6), 1), MOST))
                self._turn.notify_all()

    def _refuse_after_failure(self) -> None:
        if self._failed is not None:
            raise self._failed


def _put_all(store: Store, bulk: Bulk, bunch: list[_Waiting]) -> set[str]:
    try:
        return bulk.put_many([(blob_key(one.digest), one.frame) for one in bunch])
    except ConflictError:
        for one in bunch:
            put_frame(store, one.digest, one.frame, one.plain_bytes)
        return set()
