"""
A bundle under reading: a zip as we write it, or the folder it was unpacked to.

A zip's entries are stored, not deflated, and lie one after the other, so nothing in it is larger than the file that
was handed over. Links, folders, second entries of a name and names no bundle has are refused before anything is read.
"""

import os
import stat
import struct
from collections.abc import Iterator, Mapping
from hashlib import sha256
from io import FileIO
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple, Protocol
from weakref import finalize

from evidence.bundle.layout import MAX_FILES, TAG_FILES, BundleError, check_folder, check_path
from evidence.model.names import Digest
from evidence.store.layout import MAX_BLOB_BYTES

MAX_DIRECTORY_BYTES = 256 * 1024 * 1024
"""Largest central directory of a zip: 500,000 entries of about 300 bytes, with room."""

_PIECE = 64 * 1024
"""What is read at once: of more, the memory would be asked of the system and given back each time (mallopt(3))."""
_END, _END_64, _LOCATOR = 22, 56, 20
"""Lengths of the zip's last records (APPNOTE 4.3.14 to 4.3.16); we write no comment behind them."""
_HEADER = struct.Struct("<4s2xI4xIIIHH")
"""What stands before each entry (APPNOTE 4.3.7); which version and which date is all the same to us."""
_RECORD = struct.Struct("<4s2xBxI4xIIIHHH4xII")
"""An entry of the directory (APPNOTE 4.3.12): flags and method are one number, which has to be 0."""
MAX_VERSION = 63
"""Newest version of the format that an entry may ask for (APPNOTE 6.3), as Python's zipfile has it."""
_FAR, _FAR_EXTRA = 0xFFFFFFFF, struct.Struct("<HHQ")
"""Where an entry lies beyond 4 GiB, and the extra field that then says where (APPNOTE 4.5.3)."""


class Bundle(Protocol):
    """The files of a bag, by their paths within it."""

    sizes: Mapping[str, int]
    """Every file there is, and its length."""

    def pieces(self, path: str) -> Iterator[bytes]:
        """Yield the bytes of one of them, at most one more than its length."""
        ...


def open_bundle(place: Path) -> Bundle:
    """Open the bundle at `place`; raise `BundleError` unless it is a zip or a folder that can be one."""
    try:
        if place.is_dir():
            return _Folder(_bag_folder(place))
        return _Zip(place)
    except OSError as error:
        raise BundleError(f"{place}: cannot be read: {error.strerror or error}") from error


def is_bundle(place: Path) -> bool:
    """Tell whether a bundle lies there rather than a store."""
    if place.is_dir():
        return any(_bags(place))
    return place.is_file()


def read_file(bundle: Bundle, path: str, *, at_most: int = MAX_BLOB_BYTES) -> bytes:
    """Return a file's bytes; raise `BundleError` where there is none, or a longer one than any we write."""
    length = bundle.sizes.get(path)
    if length is None:
        raise BundleError(f"{path}: missing")
    if length > at_most:
        raise BundleError(f"{path}: {length} bytes; at most {at_most} are read")
    try:
        data = b"".join(bundle.pieces(path))
    except OSError as error:
        raise BundleError(f"{path}: cannot be read: {error}") from error
    if len(data) != length:
        raise BundleError(f"{path}: expected {length} bytes, found {len(data)}")
    return data


def digest_file(bundle: Bundle, path: str) -> Digest:
    """Return a file's digest, never holding more than a piece of it."""
    hashed = sha256()
    try:
        for piece in bundle.pieces(path):
            hashed.update(piece)
    except OSError as error:
        raise BundleError(f"{path}: cannot be read: {error}") from error
    return Digest(f"sha256:{hashed.hexdigest()}")


class _Folder:
    """A bag that somebody unpacked."""

    def __init__(self, root: Path) -> None:
        self._root = root
        found = {}
        for path, length in _walk(root, ""):
            found[check_path(path)] = length
            if len(found) > MAX_FILES:
                raise BundleError(f"{root}: more than {MAX_FILES} files")
        self.sizes: Mapping[str, int] = MappingProxyType(found)

    def pieces(self, path: str) -> Iterator[bytes]:
        """Read a file; it was no link when it was listed, and is not followed if it has become one."""
        handle = os.open(self._root / path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0))
        with FileIO(handle) as file:
            yield from _read(file, self.sizes[path] + 1)


class _Entry(NamedTuple):
    """A file in a zip, as the directory has it."""

    name: bytes
    size: int
    start: int
    crc: int


class _Zip:
    """A bag in a zip."""

    def __init__(self, place: Path) -> None:
        self._file = FileIO(place)
        finalize(self, self._file.close)
        start, size, count = _told(self._file, place)
        self._file.seek(start)
        self._entries: dict[str, _Entry] = {}
        self._folder, end = b"", 0
        for entry in _listed(self._file.read(size), count):
            folder, _, name = entry.name.partition(b"/")
            self._folder = self._folder or check_folder(folder.decode("ascii", "replace")).encode()
            path = check_path(name.decode("ascii", "replace"))
            if folder != self._folder or path in self._entries:
                raise BundleError(f"{path}: stands twice in the zip, or in another folder than the first file")
            self._entries[path] = entry
        for path, entry in sorted(self._entries.items(), key=lambda one: one[1].start):
            if entry.start != end:
                raise BundleError(f"{path}: does not follow the entry before it")
            end += _HEADER.size + len(entry.name) + entry.size
        if end != start:
            raise BundleError(f"{place}: something lies between the last entry and the directory")
        self.sizes: Mapping[str, int] = MappingProxyType({path: one.size for path, one in self._entries.items()})

    def pieces(self, path: str) -> Iterator[bytes]:
        """Read an entry; what stands before it has to say what the directory says, as streaming programs believe it."""
        entry = self._entries[path]
        self._file.seek(entry.start)
        length = _HEADER.size + len(entry.name)
        first = b"".join(_read(self._file, length + min(entry.size, _PIECE)))
        told = _HEADER.unpack_from(first) if len(first) >= length else ()
        expected = (b"PK\x03\x04", 0, entry.crc, entry.size, entry.size, len(entry.name), 0)
        if told != expected or first[_HEADER.size : length] != entry.name:
            raise BundleError(f"{path}: the entry does not say what the directory says")
        yield first[length:]
        yield from _read(self._file, entry.size - (len(first) - length))


def _read(file: FileIO, length: int) -> Iterator[bytes]:
    """Yield at most `length` bytes, in pieces."""
    while length > 0 and (piece := file.read(min(length, _PIECE))):
        yield piece
        length -= len(piece)


def _told(file: FileIO, place: Path) -> tuple[int, int, int]:
    """Return where the directory lies, how long it is and how many files it lists, by the records at the very end."""
    length = file.seek(0, os.SEEK_END)
    file.seek(max(length - _END - _LOCATOR - _END_64, 0))
    tail = file.read(_END + _LOCATOR + _END_64)
    end, before = tail[-_END:], length - _END
    if len(end) < _END or end[:4] != b"PK\x05\x06" or end[-2:] != b"\0\0":
        raise BundleError(f"{place}: not a zip as we write it")
    count, size, start = struct.unpack("<HII", end[10:20])
    if tail[-_END - _LOCATOR : -_END][:4] == b"PK\x06\x07" and tail[:4] == b"PK\x06\x06":
        count, size, start = struct.unpack("<QQQ", tail[32:56])
        before -= _LOCATOR + _END_64
    if size > min(MAX_DIRECTORY_BYTES, length):
        raise BundleError(f"{place}: a directory of {size} bytes; at most {MAX_DIRECTORY_BYTES} are read")
    if not 0 < count <= MAX_FILES:
        raise BundleError(f"{place}: expected 1 to {MAX_FILES} files, found {count}")
    if start + size != before:
        raise BundleError(f"{place}: the directory does not lie where the end of the zip says")
    return start, size, count


def _listed(directory: bytes, count: int) -> Iterator[_Entry]:
    """Yield the entries of a directory; raise unless there are `count`, each of them plain and stored, and no more."""
    at = 0
    for _ in range(count):
        if len(directory) < at + _RECORD.size:
            raise BundleError("the zip's directory is cut off")
        magic, version, kind, crc, packed, size, *lengths, mode, start = _RECORD.unpack_from(directory, at)
        named, extra, comment = lengths
        name = directory[at + _RECORD.size : at + _RECORD.size + named]
        at += _RECORD.size + named
        if start == _FAR and extra == _FAR_EXTRA.size:
            *far, start = _FAR_EXTRA.unpack_from(directory.ljust(at + extra), at)
            at, extra = at + extra, extra if far != [1, 8] else 0
        if magic != b"PK\x01\x02" or extra or comment or len(name) != named:
            raise BundleError(f"{name!r:.200}: more in the zip's directory than we write there")
        if kind or packed != size or version > MAX_VERSION:
            raise BundleError(f"{name!r:.200}: expected a stored entry, not a deflated or encrypted one")
        if mode >> 16 and not stat.S_ISREG(mode >> 16):
            raise BundleError(f"{name!r:.200}: expected a plain file")
        yield _Entry(name, size, start, crc)
    if at != len(directory):
        raise BundleError("the zip's directory lists more files than its end says")


def _bag_folder(place: Path) -> Path:
    """Return the folder of the bag: the place itself, or the only folder in it that is one."""
    if place in _bags(place):
        return place
    inside = sorted(_bags(place))
    if len(inside) != 1:
        raise BundleError(f"{place}: expected one bag, found {len(inside)}")
    return inside[0]


def _bags(place: Path) -> set[Path]:
    """Return the folders, the place itself or those in it, that hold any of a bag's own files."""
    return {path.parent for name in TAG_FILES for path in (place / name, *place.glob(f"*/{name}")) if path.is_file()}


def _walk(folder: Path, before: str) -> Iterator[tuple[str, int]]:
    """Yield each file's path and length; raise for a link or anything else that is no plain file."""
    with os.scandir(folder) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    for entry in entries:
        path = before + entry.name
        if entry.is_dir(follow_symlinks=False):
            if path.count("/") > 4:
                raise BundleError(f"{path!r:.200}: deeper than any bundle")
            yield from _walk(folder / entry.name, f"{path}/")
        elif entry.is_file(follow_symlinks=False):
            yield path, entry.stat(follow_symlinks=False).st_size
        else:
            raise BundleError(f"{path!r:.200}: expected a plain file, found something else")
