"""What a directory store promises beyond every store: nothing half-written, nothing outside, no debris."""

import errno
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from evidence.store import directory, linkless
from evidence.store.directory import LOCK, TEMPORARY, DirectoryStore
from evidence.store.interface import ConflictError, MissingError, StoreError
from evidence.store.layout import MAX_OBJECT_BYTES


@pytest.fixture(params=["in one call", "link by link", "refused the one call"])
def folder(request: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DirectoryStore:
    """A store whose objects are opened as this system can, and as others have to."""
    calls: dict[str, Any] = {"link by link": None, "refused the one call": lambda _: (-1, errno.EPERM)}
    if request.param in calls:
        monkeypatch.setattr(linkless, "_openat2", lambda: calls[request.param])
    (tmp_path / "store").mkdir()
    return DirectoryStore(tmp_path / "store")


def test_a_missing_directory_is_no_store(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no store at") as caught:
        DirectoryStore(tmp_path / "nowhere")
    assert "init" in (caught.value.hint or "")
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match="no store at"):
        DirectoryStore(tmp_path / "file")


def test_keys_are_plain_files(folder: DirectoryStore) -> None:
    folder.put("parts/slot/a", b"x")
    assert (folder.path / "parts" / "slot" / "a").read_bytes() == b"x"
    assert (folder.path / "parts" / "slot" / "a").stat().st_mode & 0o777 == 0o640 & ~_umask()


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def test_unfinished_files_and_the_lock_are_no_keys(folder: DirectoryStore) -> None:
    folder.put("a", b"x")
    (folder.path / TEMPORARY / "0123").write_bytes(b"half")
    with folder.exclusive(wait_s=0):
        assert list(folder.keys("")) == ["a"]
    assert [path.name for path in folder.leftovers()] == ["0123"]
    assert (folder.path / LOCK).exists()


def test_a_new_store_has_no_leftovers(folder: DirectoryStore) -> None:
    assert folder.leftovers() == ()
    folder.put("a", b"x")
    assert folder.leftovers() == ()
    with pytest.raises(ConflictError):
        folder.put("a", b"y")
    assert folder.leftovers() == ()


def test_what_does_not_belong_is_named_not_hidden(folder: DirectoryStore) -> None:
    folder.put("a", b"x")
    (folder.path / "Thumbs.db").write_bytes(b"")
    (folder.path / "blobs").mkdir()
    (folder.path / "blobs" / ".hidden").write_bytes(b"")
    assert list(folder.keys("")) == ["Thumbs.db", "a", "blobs/.hidden"]


def test_a_link_to_a_file_is_named_and_never_read(folder: DirectoryStore, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    (folder.path / "a").symlink_to(tmp_path / "secret")
    assert list(folder.keys("")) == ["a"]
    with pytest.raises(StoreError, match="plain file"):
        folder.get("a")
    with pytest.raises(StoreError, match="plain file"):
        folder.put("a", b"secret")
    assert (tmp_path / "secret").read_bytes() == b"secret"


def test_a_link_to_a_directory_is_refused_in_every_way(folder: DirectoryStore, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "b").write_bytes(b"secret")
    (folder.path / "a").symlink_to(outside)
    assert list(folder.keys("")) == ["a"]
    for act in (
        lambda: folder.get("a/b"),
        lambda: folder.get("a/nothing"),
        lambda: folder.get("a/b/below"),
        lambda: folder.put("a/new", b"x"),
        lambda: list(folder.keys("a/")),
    ):
        with pytest.raises(StoreError, match="symbolic link"):
            act()
    assert sorted(path.name for path in outside.iterdir()) == ["b"]


def test_a_link_that_leads_nowhere_is_refused_as_well(folder: DirectoryStore, tmp_path: Path) -> None:
    (folder.path / "round").symlink_to("round")
    (folder.path / "gone").symlink_to(tmp_path / "gone")
    for key in ("round/b", "gone/b"):
        with pytest.raises(StoreError, match="symbolic link"):
            folder.get(key)


def test_a_link_in_place_of_a_parent_of_the_store_is_none_of_its_own(folder: DirectoryStore, tmp_path: Path) -> None:
    folder.put("a", b"x")
    (tmp_path / "store").rename(tmp_path / "moved")
    (tmp_path / "store").symlink_to(tmp_path / "moved")
    assert folder.get("a") == b"x"


def test_a_link_where_objects_are_begun_is_refused_and_nothing_is_written_through_it(
    folder: DirectoryStore, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (folder.path / TEMPORARY).symlink_to(outside)
    with pytest.raises(StoreError, match="symbolic link"):
        folder.put("a", b"x")
    assert list(outside.iterdir()) == []


def test_a_store_may_itself_be_reached_by_a_link(folder: DirectoryStore, tmp_path: Path) -> None:
    folder.put("a", b"x")
    (tmp_path / "link").symlink_to(folder.path)
    assert DirectoryStore(tmp_path / "link").get("a") == b"x"


def test_a_pipe_under_a_key_is_refused_and_not_waited_for(folder: DirectoryStore) -> None:
    os.mkfifo(folder.path / "a")
    with pytest.raises(StoreError, match="plain file"):
        folder.get("a")


def test_an_object_larger_than_any_is_refused_unread(folder: DirectoryStore) -> None:
    with (folder.path / "a").open("wb") as file:
        file.truncate(MAX_OBJECT_BYTES + 1)
    with pytest.raises(StoreError, match=str(MAX_OBJECT_BYTES)):
        folder.get("a")


def test_a_file_where_a_folder_should_be_is_missing_to_readers_and_an_error_to_writers(folder: DirectoryStore) -> None:
    folder.put("a", b"x")
    with pytest.raises(MissingError):
        folder.get("a/b")
    assert list(folder.keys("a/")) == []
    with pytest.raises(StoreError, match="a/b: cannot be written"):
        folder.put("a/b", b"x")


def test_a_folder_that_was_removed_is_made_again(folder: DirectoryStore) -> None:
    folder.put("parts/x/a", b"1")
    (folder.path / "parts" / "x" / "a").unlink()
    (folder.path / "parts" / "x").rmdir()
    folder.put("parts/x/a", b"2")
    assert folder.get("parts/x/a") == b"2"


_WRITE = """
import sys
from pathlib import Path
from evidence.store.directory import DirectoryStore
from evidence.store.interface import StoreError
store = DirectoryStore(Path(sys.argv[1]))
store.put("before", b"x" * 1000)
try:
    store.put("a/b", bytes(range(256)) * 4000)
except StoreError as error:
    print(error, "|", error.hint)
print(sorted(store.keys("")), store.leftovers())
"""


def test_a_write_that_cannot_end_leaves_nothing(tmp_path: Path) -> None:
    def small_files() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    done = subprocess.run(
        [sys.executable, "-c", _WRITE, str(tmp_path)],
        preexec_fn=small_files,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == [f"a/b: cannot be written: {os.strerror(errno.EFBIG)} | None", "['before'] ()"]


@pytest.mark.real
def test_a_full_disk_is_said_plainly_and_leaves_nothing(tmp_path: Path) -> None:
    script = 'mount -t tmpfs -o size=100k tmpfs "$1" && exec "$2" -c "$3" "$1"'
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", script, "sh", str(tmp_path), sys.executable, _WRITE],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if "mount" in done.stderr or "unshare" in done.stderr:
        pytest.skip("this machine lets nobody mount a small file system")
    first, second = done.stdout.splitlines()
    assert first == "a/b: not written, the disk is full | free some space and run again; nothing is lost"
    assert second == "['before'] ()"


class _Failing:
    """Stands for a file system call that fails in a given way."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __call__(self, *args: object, **kwargs: object) -> None:
        raise OSError(self.number, os.strerror(self.number))


@pytest.mark.parametrize("number", [errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK])
def test_a_file_system_without_links_keeps_the_promises(
    folder: DirectoryStore, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr(os, "link", _Failing(number))
    folder.put("a", b"x")
    folder.put("a", b"x")
    with pytest.raises(ConflictError):
        folder.put("a", b"y")
    assert folder.get("a") == b"x"
    assert folder.leftovers() == ()


@pytest.mark.parametrize(("call", "number"), [("link", errno.EIO), ("fsync", errno.EIO)])
def test_a_disk_that_fails_is_said_and_leaves_no_debris(
    folder: DirectoryStore, monkeypatch: pytest.MonkeyPatch, call: str, number: int
) -> None:
    folder.put("before", b"x")
    monkeypatch.setattr(os, call, _Failing(number))
    with pytest.raises(StoreError, match="a: cannot be written: "):
        folder.put("a", b"x")
    assert list(folder.keys("")) == ["before"]
    assert folder.leftovers() == ()


def test_unreadable_places_are_said(folder: DirectoryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.put("a/b", b"x")
    monkeypatch.setattr(os, "scandir", _Failing(errno.EACCES))
    with pytest.raises(StoreError, match="a/: cannot be listed"):
        list(folder.keys("a/"))
    with monkeypatch.context() as broken:
        broken.setattr(linkless, "_openat2", lambda: lambda _: (-1, errno.EIO))
        with pytest.raises(StoreError, match="a/b: cannot be read: Input/output error"):
            folder.get("a/b")
        broken.setattr(os, "lstat", _Failing(errno.EACCES))
        with pytest.raises(StoreError, match="a/b: cannot be read: Input/output error"):
            folder.get("a/b")
    with monkeypatch.context() as broken:
        broken.setattr(linkless, "_openat2", lambda: None)
        broken.setattr(os, "open", _Failing(errno.EIO))
        with pytest.raises(StoreError, match="a/b: cannot be read"):
            folder.get("a/b")


def _synced(monkeypatch: pytest.MonkeyPatch, act: Callable[[], None]) -> list[str]:
    """Return the names that were synced while `act` ran."""
    real, names = os.fsync, []

    def fsync(handle: int) -> None:
        names.append(Path(f"/proc/self/fd/{handle}").readlink().name)
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    act()
    return names


def test_data_is_synced_before_its_name_and_the_name_before_put_returns(
    folder: DirectoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.put("a/b/x", b"")
    names = _synced(monkeypatch, lambda: folder.put("a/b/c", b"x"))
    assert len(names) == 2
    assert len(names[0]) == 24
    assert names[1] == "b"


def test_many_are_all_synced_before_any_has_a_name_and_settling_makes_the_names_durable(
    folder: DirectoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.put("a/b/x", b"")
    folder.put("a/c/x", b"")
    real, named = os.link, []

    def link(*args: Any, **kwargs: Any) -> None:
        named.append(len(names))
        real(*args, **kwargs)

    monkeypatch.setattr(os, "link", link)
    real_sync, names = os.fsync, []

    def fsync(handle: int) -> None:
        names.append(Path(f"/proc/self/fd/{handle}").readlink())
        real_sync(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    objects = [("a/b/1", b"x"), ("a/b/2", b"y"), ("a/c/3", b"z")]
    folder.put_many(objects)
    assert {path.parent.name for path in names} == {".tmp"}
    assert named == [3, 3, 3]
    folder.settle(key for key, _ in objects)
    assert len(names) == 5
    assert {str(path) for path in names[3:]} == {f"{folder.path}/a/b", f"{folder.path}/a/c"}
    assert [folder.get(key) for key, _ in objects] == [data for _, data in objects]
    assert folder.leftovers() == ()


@pytest.mark.parametrize("call", ["open", "write", "fsync", "link"])
def test_of_many_on_a_disk_that_fails_those_with_a_name_are_whole(
    folder: DirectoryStore, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    folder.put("a/before", b"x")
    objects = [(f"a/{number}", b"%d" % number) for number in range(5)]
    for working in range(30):
        real, left = getattr(os, call), [working]

        def fails(*args: Any, real: Any = real, left: list[int] = left, **kwargs: Any) -> Any:
            left[0] -= 1
            if left[0] < 0:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            return real(*args, **kwargs)

        with monkeypatch.context() as broken:
            broken.setattr(os, call, fails)
            with suppress(StoreError):
                folder.put_many(objects)
                folder.settle(key for key, _ in objects)
                break
        assert folder.leftovers() == ()
        kept = set(folder.keys("a/")) - {"a/before"}
        assert all(folder.get(key) == key.removeprefix("a/").encode() for key in kept)
    else:
        pytest.fail(f"{call} is called more often than was thought")
    assert [folder.get(key) for key, _ in objects] == [data for _, data in objects]


def test_a_link_that_is_put_in_place_while_a_bunch_is_written_is_refused(
    folder: DirectoryStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside, real = tmp_path / "outside", os.fsync
    outside.mkdir()

    def fsync(handle: int) -> None:
        if not (folder.path / "b").is_symlink():
            (folder.path / "b").rmdir()
            (folder.path / "b").symlink_to(outside)
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(StoreError, match="a symbolic link inside the store is refused"):
        folder.put_many([("a/1", b"x"), ("b/1", b"x")])
    assert not [*outside.iterdir()]


def test_one_unfinished_file_that_cannot_be_removed_keeps_none_of_the_others(
    folder: DirectoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, left = os.unlink, [1]

    def unlink(path: str) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        real(path)

    monkeypatch.setattr(os, "unlink", unlink)
    folder.put_many([(f"a/{number}", b"x") for number in range(9)])
    assert len(folder.leftovers()) == 1
    assert len(list(folder.keys("a/"))) == 9


def test_a_folder_somebody_made_and_did_not_live_to_sync_is_synced_by_the_next_writer(
    folder: DirectoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder.path / "a" / "b").mkdir(parents=True)
    assert sorted(_synced(monkeypatch, lambda: folder.put("a/b/c", b"x"))[1:]) == sorted([folder.path.name, "a", "b"])


def test_a_failure_to_tidy_up_hides_no_other(folder: DirectoryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "link", _Failing(errno.ENOSPC))
    monkeypatch.setattr(os, "unlink", _Failing(errno.EACCES))
    with pytest.raises(StoreError, match="a/b: not written, the disk is full"):
        folder.put("a/b", b"x")


def test_where_a_name_cannot_be_made_durable_its_key_is_named(
    folder: DirectoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.put("a/x", b"")
    monkeypatch.setattr(directory, "_sync_folder", _Failing(errno.ENOSPC))
    with pytest.raises(StoreError, match="a/b: not written, the disk is full"):
        folder.put("a/b", b"x")


def test_of_many_a_conflict_is_told_and_changes_nothing(folder: DirectoryStore) -> None:
    folder.put("a/2", b"other")
    with pytest.raises(ConflictError, match="a/2"):
        folder.put_many([("a/1", b"x"), ("a/2", b"y")])
    assert folder.get("a/2") == b"other"
    assert folder.leftovers() == ()


def test_new_folders_are_synced_into_their_parents(folder: DirectoryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    names = _synced(monkeypatch, lambda: folder.put("a/b/c", b"x"))
    assert sorted(names[1:]) == sorted([folder.path.name, "a", "b"])
    assert _synced(monkeypatch, lambda: folder.put("a/b/d", b"x"))[1:] == ["b"]


def test_putting_the_same_again_still_promises_durability(
    folder: DirectoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.put("a/b", b"x")
    assert _synced(monkeypatch, lambda: folder.put("a/b", b"x"))[-1] == "a"


def test_windows_needs_no_synced_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directory.os, "name", "nt")
    directory._sync_folder("never opened")  # type: ignore[arg-type]
