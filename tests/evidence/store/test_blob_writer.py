"""Artefacts of a run: in bunches, each once, and none missing when a part speaks of them."""

import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from secrets import token_bytes

import pytest
from zstandard import ZstdCompressor

from evidence.model.names import digest_of
from evidence.store.blob_writer import MOST, MOST_BYTES, BlobWriter
from evidence.store.blobs import BlobError, get_blob, put_blob
from evidence.store.directory import DirectoryStore
from evidence.store.interface import StoreError
from evidence.store.layout import blob_key
from evidence.store.memory import MemoryStore

TEXTS = [b"answer %d" % number for number in range(700)]


class Watched(DirectoryStore):
    """A store in a directory that notes what is asked of it, and takes as long for an object as it is told."""

    def __init__(self, path: Path, *, object_s: float = 0.0) -> None:
        super().__init__(path)
        self.bunches: list[int] = []
        self.unsettled: set[str] = set()
        self.settled: list[int] = []
        self.object_s = object_s
        self.passed_s = 0.0

    def monotonic(self) -> float:
        return self.passed_s

    def put_many(self, objects: Sequence[tuple[str, bytes]]) -> None:
        self.bunches.append(len(objects))
        self.passed_s += self.object_s * len(objects)
        super().put_many(objects)
        self.unsettled.update(key for key, _ in objects)

    def settle(self, keys: Iterable[str]) -> None:
        folders = {key.rpartition("/")[0] for key in keys}
        super().settle(f"{folder}/any" for folder in folders)
        self.settled.append(len(folders))
        self.unsettled -= {key for key in self.unsettled if key.rpartition("/")[0] in folders}


def put_all(writer: BlobWriter, texts: Sequence[bytes] = TEXTS) -> None:
    for text in texts:
        assert writer.put(text) == digest_of(text)


def test_after_commit_every_artefact_is_there_and_settled(tmp_path: Path) -> None:
    store = Watched(tmp_path, object_s=0.001)
    writer = BlobWriter(store, store.monotonic)
    put_all(writer, TEXTS[:50])
    put_all(writer, TEXTS[:50])
    writer.commit()
    assert sum(store.bunches) == 50
    assert store.unsettled == set()
    assert [get_blob(store, digest_of(text), len(text)) for text in TEXTS[:50]] == TEXTS[:50]
    assert store.leftovers() == ()


def test_the_quicker_the_disk_the_larger_the_bunch(tmp_path: Path) -> None:
    bunches = {}
    for object_s in (0.0, 0.00099, 0.015, 1.0):
        folder = tmp_path / str(object_s)
        folder.mkdir()
        store = Watched(folder, object_s=object_s)
        put_all(BlobWriter(store, store.monotonic))
        bunches[object_s] = store.bunches[:3]
    assert bunches == {0.0: [1, MOST, MOST], 0.00099: [1, 20, 20], 0.015: [1, 1, 1], 1.0: [1, 1, 1]}


def test_a_disk_that_gets_quicker_is_trusted_again(tmp_path: Path) -> None:
    store = Watched(tmp_path, object_s=1.0)
    writer = BlobWriter(store, store.monotonic)
    put_all(writer, TEXTS[:3])
    store.object_s = 0.0019
    put_all(writer, TEXTS[3:24])
    assert store.bunches == [1, 1, 1, 1, 10, 10]


def test_what_another_writer_has_not_settled_yet_is_settled_before_a_part_speaks_of_it(tmp_path: Path) -> None:
    store = Watched(tmp_path)
    other = BlobWriter(Watched(tmp_path), store.monotonic)
    put_all(other, TEXTS[:1])
    store.unsettled.add(blob_key(digest_of(TEXTS[0])))
    writer = BlobWriter(store, store.monotonic)
    put_all(writer, TEXTS[:1])
    writer.commit()
    assert store.bunches == []
    assert store.unsettled == set()
    store.unsettled.add(blob_key(digest_of(TEXTS[0])))
    put_blob(store, TEXTS[0])
    assert store.unsettled == set()


def test_large_artefacts_wait_for_no_others(tmp_path: Path) -> None:
    store = Watched(tmp_path)
    writer = BlobWriter(store, store.monotonic)
    put_all(writer, [TEXTS[0], TEXTS[1], token_bytes(MOST_BYTES)])
    assert store.bunches == [1, 2]


def test_what_is_kept_already_is_checked_and_not_written(tmp_path: Path) -> None:
    store = Watched(tmp_path)
    store.put(blob_key(digest_of(b"damaged")), b"no frame")
    writer = BlobWriter(store, store.monotonic)
    put_all(writer, TEXTS[:9])
    writer.commit()
    store.bunches.clear()
    later = BlobWriter(store, store.monotonic)
    put_all(later, TEXTS[:9])
    later.commit()
    assert sum(store.bunches) == 0
    with pytest.raises(BlobError):
        later.put(b"damaged")


class Raced(Watched):
    """Another writer is always a moment faster, with a frame of its own."""

    frame = b""

    def put_many(self, objects: Sequence[tuple[str, bytes]]) -> None:
        super().put_many([(key, self.frame) for key, _ in objects])
        super().put_many(objects)


@pytest.mark.parametrize(("theirs", "same"), [(TEXTS[0], True), (b"another one", False)])
def test_another_writer_is_a_conflict_only_with_other_plain_bytes(tmp_path: Path, theirs: bytes, same: bool) -> None:
    store = Raced(tmp_path)
    store.frame = ZstdCompressor(level=1, write_checksum=True).compress(theirs)
    writer = BlobWriter(store, store.monotonic)
    if same:
        put_all(writer, TEXTS[:1])
        store.unsettled.add(blob_key(digest_of(TEXTS[0])))
        writer.commit()
        assert store.unsettled == set()
    else:
        with pytest.raises(BlobError):
            writer.put(TEXTS[0])
        with pytest.raises(BlobError):
            writer.commit()


class Failing(Watched):
    """The disk fails from the second bunch on, or where names are settled."""

    where = "put_many"

    def put_many(self, objects: Sequence[tuple[str, bytes]]) -> None:
        if self.bunches and self.where == "put_many":
            raise StoreError("the disk is full")
        super().put_many(objects)

    def settle(self, keys: Iterable[str]) -> None:
        if self.where == "settle":
            raise StoreError("the disk is full")
        super().settle(keys)


@pytest.mark.parametrize("where", ["put_many", "settle"])
def test_after_a_failure_nothing_is_ever_called_durable(tmp_path: Path, where: str) -> None:
    store = Failing(tmp_path)
    store.where = where
    writer = BlobWriter(store, store.monotonic)
    put_all(writer, TEXTS[:3])
    for _ in range(2):
        with pytest.raises(StoreError, match="the disk is full"):
            writer.commit()
    store.where = ""
    with pytest.raises(StoreError, match="the disk is full"):
        writer.commit()
    with pytest.raises(StoreError, match="the disk is full"):
        writer.put(TEXTS[9])


class Stumbling(Watched):
    """Something that is no disk fails so many times, wherever blobs are written."""

    stumbles = 1

    def put_many(self, objects: Sequence[tuple[str, bytes]]) -> None:
        if self.bunches and self.stumbles:
            self.stumbles -= 1
            raise MemoryError
        super().put_many(objects)


def test_what_fails_by_chance_is_tried_once_more_one_by_one(tmp_path: Path) -> None:
    store = Stumbling(tmp_path)
    writer = BlobWriter(store, store.monotonic)
    put_all(writer, TEXTS[:20])
    writer.commit()
    assert [get_blob(store, digest_of(text), len(text)) for text in TEXTS[:20]] == TEXTS[:20]


def test_what_keeps_failing_is_said_in_words_and_ends_the_run(tmp_path: Path) -> None:
    store = Stumbling(tmp_path)
    store.stumbles = 9
    writer = BlobWriter(store, store.monotonic)
    put_all(writer, TEXTS[:20])
    for _ in range(3):
        with pytest.raises(StoreError, match="artefacts could not be kept: MemoryError") as caught:
            writer.commit()
    assert len(caught.traceback) < 6
    with pytest.raises(StoreError, match="MemoryError"):
        writer.put(TEXTS[30])


def test_whoever_breaks_off_a_write_breaks_off_the_run(tmp_path: Path) -> None:
    class Interrupted(Watched):
        def monotonic(self) -> float:
            if len(self.bunches) == 1:
                raise KeyboardInterrupt
            return 0.0

    store = Interrupted(tmp_path)
    writer = BlobWriter(store, store.monotonic)
    with pytest.raises(KeyboardInterrupt):
        writer.put(TEXTS[0])
    for _ in range(2):
        with pytest.raises(StoreError, match="broken off"):
            writer.commit()


def test_each_folder_is_settled_once_before_a_part(tmp_path: Path) -> None:
    store = Watched(tmp_path, object_s=0.001)
    writer = BlobWriter(store, store.monotonic)
    put_all(writer)
    assert store.settled == []
    writer.commit()
    assert store.settled == [len({blob_key(digest_of(text)).rpartition("/")[0] for text in TEXTS})]
    writer.commit()
    assert store.settled[1:] == [0]


@pytest.mark.parametrize("fails", [False, True])
def test_a_commit_waits_for_what_other_threads_are_writing(tmp_path: Path, fails: bool) -> None:
    begun, go_on = threading.Event(), threading.Event()

    class Slow(Watched):
        def put_many(self, objects: Sequence[tuple[str, bytes]]) -> None:
            begun.set()
            assert go_on.wait(20)
            if fails:
                raise StoreError("the disk is full")
            super().put_many(objects)

    store = Slow(tmp_path)
    writer = BlobWriter(store, store.monotonic)
    ended: list[str] = []

    def note(name: str, act: Callable[[], object]) -> None:
        try:
            act()
            ended.append(f"{name} {len(list(store.keys('blobs/')))}")
        except StoreError:
            ended.append(f"{name} failed")

    putting = threading.Thread(target=note, args=("put", lambda: writer.put(TEXTS[0])))
    putting.start()
    assert begun.wait(20)
    committing = threading.Thread(target=note, args=("commit", writer.commit))
    committing.start()
    committing.join(0.2)
    assert ended == []
    go_on.set()
    putting.join(20)
    committing.join(20)
    assert sorted(ended) == (["commit failed", "put failed"] if fails else ["commit 1", "put 1"])


def test_a_commit_beside_another_waits_for_its_settling(tmp_path: Path) -> None:
    begun, go_on = threading.Event(), threading.Event()

    class Slow(Watched):
        def settle(self, keys: Iterable[str]) -> None:
            begun.set()
            assert go_on.wait(20)
            super().settle(keys)

    store = Slow(tmp_path)
    writer = BlobWriter(store, store.monotonic)
    put_all(writer, TEXTS[:1])
    left: list[set[str]] = []

    def commit() -> None:
        writer.commit()
        left.append(set(store.unsettled))

    first, second = threading.Thread(target=commit), threading.Thread(target=commit)
    first.start()
    assert begun.wait(20)
    second.start()
    second.join(0.2)
    assert left == []
    go_on.set()
    first.join(20)
    second.join(20)
    assert left == [set(), set()]


def test_a_store_that_has_no_bunches_keeps_each_at_once() -> None:
    store = MemoryStore()
    writer = BlobWriter(store, lambda: 0.0)
    put_all(writer, TEXTS[:2])
    assert len(list(store.keys("blobs/"))) == 2
    writer.commit()


def test_threads_lose_nothing(tmp_path: Path) -> None:
    store = Watched(tmp_path, object_s=0.004)
    writer = BlobWriter(store, store.monotonic)
    threads = [threading.Thread(target=put_all, args=(writer, TEXTS[number::3])) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    writer.commit()
    assert [get_blob(store, digest_of(text), len(text)) for text in TEXTS] == TEXTS
    assert store.unsettled == set()
