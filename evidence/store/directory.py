"""
A store in a directory.

An object is written to `.tmp/`, synced, and then linked under its key, so a key is never half-written and never
written twice, whatever dies when. `.tmp/` and `.lock` are ours and hold no keys. Nothing outside the directory is
ever read or written through it: a symbolic link inside is refused.
"""

import errno
import os
import secrets
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, suppress
from datetime import datetime
from math import inf
from pathlib import Path

from evidence.store import linkless, writeback
from evidence.store.flock import held
from evidence.store.interface import ConflictError, MissingError, StoreError
from evidence.store.layout import MAX_OBJECT_BYTES, check_key
from evidence.store.memory import check_hint, check_size

TEMPORARY = ".tmp"
"""Where objects are written before they get their key."""

LOCK = ".lock"
"""The file whose lock keeps a second sealer out."""

_WRITING = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_READING = os.O_RDONLY | sum(getattr(os, flag, 0) for flag in ("O_CLOEXEC", "O_BINARY", "O_NOFOLLOW"))
_OURS = frozenset({TEMPORARY, LOCK})
_NO_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV})


class DirectoryStore:
    """Keeps objects as files below one directory, which must exist."""

    def __init__(self, path: Path) -> None:
        self._root = path.resolve()
        if not self._root.is_dir():
            raise StoreError(f"no store at {path}", hint="`plantproof init` and `plantproof collect` make one")
        self._named: set[str] = set()
        """Folders whose own names are durable."""

    @property
    def path(self) -> Path:
        """The directory."""
        return self._root

    def put(self, key: str, data: bytes) -> None:
        """Write `data` under `key`, once."""
        self.put_many([(key, data)])
        self.settle([key])

    def put_many(self, objects: Sequence[tuple[str, bytes]]) -> None:
        """Write each (key, data), once; the names are durable after `settle`."""
        self._write(objects, self._link)

    def settle(self, keys: Iterable[str]) -> None:
        """
        Make the names of these objects durable: each folder they lie in once.

        And once for this store, the names of those folders: whoever made them may have died before he did.
        """
        unsettled: dict[str, str] = {}
        named: list[str] = []
        for key in keys:
            folder = check_key(key).rpartition("/")[0]
            unsettled[folder] = key
            while folder and folder not in self._named:
                named.append(folder)
                folder = folder.rpartition("/")[0]
                unsettled[folder] = key
        key = ""
        try:
            for folder, about in unsettled.items():
                key = about
                _sync_folder(self._root / folder)
        except OSError as error:
            raise _in_words(key, error) from error
        self._named.update(named)

    def replace(self, key: str, data: bytes) -> None:
        """Write `data` under a hint key, whatever was there."""
        check_hint(key)
        self._write([(key, data)], self._overwrite)
        self.settle([key])

    def get(self, key: str) -> bytes:
        """Return the bytes kept under `key`."""
        path = f"{self._root}/{check_key(key)}"
        try:
            handle = linkless.opened(path)
            if handle is None:
                self._look_at(key)
                handle = os.open(path, _READING)
            return _read(handle, key)
        except (FileNotFoundError, NotADirectoryError):
            raise MissingError(f"{key}: nothing is kept there") from None
        except OSError as error:
            with suppress(OSError):
                self._look_at(key)  # raises in words for what cannot be opened and is no plain file
            raise StoreError(f"{key}: cannot be read: {error.strerror}") from error

    def _look_at(self, key: str) -> None:
        """Raise for a link on the way to an object, and for an object that is no plain file; `OSError` for the rest."""
        *folders, name = key.split("/")
        # Strings, not paths: where the system cannot do this, reading a log of years waits for it.
        folder = str(self._root)
        for one in folders:
            folder = f"{folder}/{one}"
            if stat.S_ISLNK(os.lstat(folder).st_mode):
                self._refuse_links(Path(folder))
        _check_plain(os.lstat(f"{folder}/{name}"), key)

    def keys(self, prefix: str) -> Iterator[str]:
        """Yield every key that begins with `prefix`, in order; links are named, never followed."""
        folder, _, _ = prefix.rpartition("/")
        start = self._root / folder if folder else self._root
        try:
            if folder:
                check_key(folder)
                self._refuse_links(start)
            yield from self._walk(str(start), f"{folder}/" if folder else "", prefix)
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            raise StoreError(f"{prefix}: cannot be listed: {error.strerror}") from error

    def kept_by(self, key: str, *, bypass: bool, at: datetime) -> Iterator[str]:  # noqa: ARG002
        """Yield nothing: who may write here may remove."""
        check_key(key)
        yield from ()

    def erase(self, key: str, *, bypass: bool) -> int:  # noqa: ARG002
        """Remove an object, durably, and return how many there were."""
        place = self._place(key)
        try:
            self._refuse_links(place.parent)
            place.unlink()
            _sync_folder(place.parent)
        except (FileNotFoundError, NotADirectoryError):
            return 0
        except OSError as error:
            raise StoreError(f"{key}: cannot be removed: {error.strerror}") from error
        return 1

    def exclusive(self, *, wait_s: float) -> AbstractContextManager[None]:
        """Hold the store's lock file; the operating system lets go of it when the process dies."""
        return held(self._root / LOCK, wait_s=wait_s, mode=0o640, what=str(self._root))

    def leftovers(self, *, before: float | None = None) -> tuple[Path, ...]:
        """
        Return the files that writers left in `.tmp/` when they died (or are writing now).

        `before` leaves out those that are younger: seconds since 1970. A writer is at a file for moments.
        """
        folder = self._root / TEMPORARY
        found = sorted(folder.iterdir()) if folder.is_dir() else []
        return tuple(path for path in found if before is None or _written_at(path) < before)

    def _place(self, key: str) -> Path:
        return self._root.joinpath(*check_key(key).split("/"))

    def _refuse_links(self, folder: Path) -> None:
        """Raise for a link between the root and `folder`; a link at the root itself was resolved at the start."""
        while folder != self._root:
            if stat.S_ISLNK(folder.lstat().st_mode):
                raise StoreError(f"{folder.relative_to(self._root)}: a symbolic link inside the store is refused")
            folder = folder.parent

    def _walk(self, folder: str, before: str, prefix: str) -> Iterator[str]:
        try:
            with os.scandir(folder) as found:
                entries = sorted([e.name + "/" * e.is_dir(follow_symlinks=False) for e in found])
        except FileNotFoundError:
            return
        for entry in entries:
            key = before + entry
            if not before and entry.rstrip("/") in _OURS:
                continue
            if entry.endswith("/"):
                if key.startswith(prefix) or prefix.startswith(key):
                    yield from self._walk(f"{folder}/{entry[:-1]}", key, prefix)
            elif key.startswith(prefix):
                yield key

    def _write(self, objects: Sequence[tuple[str, bytes]], give_name: Callable[[str, str, str, bytes], None]) -> None:
        # Strings, not paths: one asset's answers are some ten of these calls, and a night has thousands. All are
        # written before the first is synced: a new file after a sync costs ext4 several times as much.
        begun: list[tuple[str, str, str, bytes]] = []
        handles: list[int] = []
        seen: dict[str, str] = {}
        key = ""
        try:
            with ExitStack() as files:
                for key, data in objects:
                    check_size(key, len(data))
                    folder, _, name = check_key(key).rpartition("/")
                    temporary = f"{self._folder(TEMPORARY, seen)}/{secrets.token_hex(12)}"
                    place = f"{self._folder(folder, seen)}/{name}"
                    handle = os.open(temporary, _WRITING, 0o640)
                    files.callback(os.close, handle)
                    begun.append((temporary, place, key, data))
                    handles.append(handle)
                    _write_whole(handle, data)
                if len(handles) > 1:
                    writeback.begin(handles)
                for one, handle in zip(begun, handles, strict=True):
                    key = one[2]
                    os.fsync(handle)
            for folder in seen.values():  # whoever may write here has had all this time to put a link there
                if stat.S_ISLNK(os.lstat(folder).st_mode):
                    self._refuse_links(Path(folder))
            for temporary, place, key, data in begun:
                give_name(temporary, place, key, data)
        except OSError as error:
            raise _in_words(key, error) from error
        finally:
            for temporary, *_ in begun:
                with suppress(OSError):  # it has no key; `store check --repair` removes it
                    os.unlink(temporary)  # noqa: PTH108 - a path takes longer than the call

    def _link(self, temporary: str, place: str, key: str, data: bytes) -> None:
        try:
            os.link(temporary, place, follow_symlinks=False)
        except FileExistsError:
            self._same(key, data)
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            if os.path.lexists(place):
                self._same(key, data)
            else:
                Path(temporary).rename(place)

    def _same(self, key: str, data: bytes) -> None:
        """
        Raise unless the very bytes are kept there.

        Whoever linked them may not have synced the folder yet, and our promise is durability: the caller does.
        """
        if self.get(key) != data:
            raise ConflictError(f"{key}: other bytes are already kept there")

    def _overwrite(self, temporary: str, place: str, _key: str, _data: bytes) -> None:
        Path(temporary).replace(place)

    def _folder(self, key: str, seen: dict[str, str]) -> str:
        """Return a folder below the root, and remember it in `seen`; what is missing is made; a link is refused."""
        if not key:
            return str(self._root)
        if key in seen:
            return seen[key]
        above, _, name = key.rpartition("/")
        folder = f"{self._folder(above, seen)}/{name}"
        try:
            found = os.lstat(folder)
        except FileNotFoundError:
            with suppress(FileExistsError):
                Path(folder).mkdir(mode=0o750)
                self._named.discard(key)
            found = os.lstat(folder)
        if stat.S_ISLNK(found.st_mode):
            self._refuse_links(Path(folder))
        seen[key] = folder
        return folder


def _written_at(path: Path) -> float:
    """Return when a file was last written, seconds since 1970; the end of time for one that is gone meanwhile."""
    try:
        return path.lstat().st_mtime
    except FileNotFoundError:
        return inf


def _check_plain(found: os.stat_result, key: str) -> None:
    if stat.S_ISDIR(found.st_mode):
        raise MissingError(f"{key}: nothing is kept there")
    if not stat.S_ISREG(found.st_mode):
        raise StoreError(f"{key}: expected a plain file, found something else")
    if found.st_size > MAX_OBJECT_BYTES:
        raise StoreError(f"{key}: {found.st_size} bytes, at most {MAX_OBJECT_BYTES} are kept")


def _read(handle: int, key: str) -> bytes:
    """Return what an open file holds, and close it."""
    try:
        found = os.fstat(handle)
        _check_plain(found, key)
        size = found.st_size
        data = os.read(handle, size + 1)
        while len(data) < size and (more := os.read(handle, size + 1 - len(data))):
            data += more
        return data
    finally:
        os.close(handle)


def _write_whole(handle: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]


def _sync_folder(folder: str | Path) -> None:
    """Make a new name durable. Windows has no such thing and needs none."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _in_words(key: str, error: OSError) -> StoreError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StoreError(
            f"{key}: not written, the disk is full", hint="free some space and run again; nothing is lost"
        )
    return StoreError(f"{key}: cannot be written: {error.strerror}")
