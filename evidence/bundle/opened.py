"""
A bundle under reading: a zip as we write it, or the folder it was unpacked to.

A zip's entries are stored, not deflated, and lie one after the other, so nothing in it is larger than the file that
was handed over. Links, folders, second entries of a name and names no bundle has are refused before anything is read.
"""

import os
import stat
import struct
import zipfile
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import IO, BinaryIO, Protocol

from evidence.bundle.layout import MAX_FILES, TAG_FILES, BundleError, check_folder, check_path
from evidence.model.names import Digest
from evidence.store.layout import MAX_BLOB_BYTES

MAX_DIRECTORY_BYTES = 256 * 1024 * 1024
"""Largest central directory of a zip: 500,000 entries of about 300 bytes, with room."""

_PIECE = 1024 * 1024
_END, _END_64, _LOCATOR = 22, 56, 20
"""Lengths of the zip's last records (APPNOTE 4.3.14 to 4.3.16); we write no comment behind them."""
_LOCAL_HEADER = struct.Struct("<4s2x4s4xIIIHH")
"""What stands before each entry (APPNOTE 4.3.7); which version and which date is all the same to us."""


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
        with os.fdopen(handle, "rb", buffering=0) as file:
            yield from _read(file, self.sizes[path] + 1)


class _Zip:
    """A bag in a zip."""

    def __init__(self, place: Path) -> None:
        with place.open("rb") as file:
            told = _told(file, place)
        try:
            self._zip = zipfile.ZipFile(place)
        except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
            raise BundleError(f"{place}: not a zip: {error}") from error
        entries = self._zip.infolist()
        self._folder = check_folder(entries[0].filename.split("/")[0])
        self._entries: dict[str, zipfile.ZipInfo] = {}
        for entry in entries:
            path = self._path(entry)
            if path in self._entries:
                raise BundleError(f"{path}: stands twice in the zip")
            self._entries[path] = entry
        _check_room(self._zip)
        if told != (self._zip.start_dir, len(entries)):
            raise BundleError(f"{place}: its end says otherwise of where the directory lies, or how long it is")
        self.sizes: Mapping[str, int] = MappingProxyType({path: one.file_size for path, one in self._entries.items()})

    def pieces(self, path: str) -> Iterator[bytes]:
        """Read an entry; what stands before it has to say what the directory says, as streaming programs believe it."""
        entry, name = self._entries[path], f"{self._folder}/{path}".encode()
        file = self._zip.fp
        if file is None:
            raise BundleError(f"{path}: the zip was closed")
        file.seek(entry.header_offset)
        length = _LOCAL_HEADER.size + len(name)
        first = _whole(file, length + min(entry.file_size, _PIECE))
        head, begun = first[: _LOCAL_HEADER.size], first[length:]
        told = _LOCAL_HEADER.unpack(head) if len(head) == _LOCAL_HEADER.size else ()
        expected = (b"PK\x03\x04", bytes(4), entry.CRC, entry.file_size, entry.file_size, len(name), 0)
        if told != expected or first[_LOCAL_HEADER.size : length] != name:
            raise BundleError(f"{path}: the entry does not say what the directory says")
        yield begun
        if entry.file_size > len(begun):
            yield from _read(file, entry.file_size - len(begun))

    def _path(self, entry: zipfile.ZipInfo) -> str:
        folder, _, path = entry.filename.partition("/")
        if entry.orig_filename != entry.filename or folder != self._folder:
            raise BundleError(f"{entry.orig_filename!r:.200}: expected everything in the folder {self._folder}")
        mode = entry.external_attr >> 16
        if (mode and not stat.S_ISREG(mode)) or entry.is_dir():
            raise BundleError(f"{entry.filename!r:.200}: expected a plain file")
        stored = entry.compress_type == zipfile.ZIP_STORED and entry.compress_size == entry.file_size
        if not stored or entry.flag_bits:
            raise BundleError(f"{entry.filename!r:.200}: expected a stored entry, not a deflated or encrypted one")
        return check_path(path)


def _read(file: IO[bytes], length: int) -> Iterator[bytes]:
    """Yield at most `length` bytes, in pieces."""
    while length > 0 and (piece := file.read(min(length, _PIECE))):
        yield piece
        length -= len(piece)


def _whole(file: IO[bytes], length: int) -> bytes:
    """Return `length` bytes, or all there are."""
    return b"".join(_read(file, length))


def _told(file: BinaryIO, place: Path) -> tuple[int, int]:
    """Return where the directory lies and how many files it lists; bound it before zipfile reads it whole."""
    file.seek(0, os.SEEK_END)
    length = file.tell()
    file.seek(max(length - _END - _LOCATOR - _END_64, 0))
    tail = file.read(_END + _LOCATOR + _END_64)
    end = tail[-_END:]
    if len(end) < _END or end[:4] != b"PK\x05\x06" or end[-2:] != b"\0\0":
        raise BundleError(f"{place}: not a zip as we write it")
    count, size, start = struct.unpack("<HII", end[10:20])
    if tail[-_END - _LOCATOR : -_END][:4] == b"PK\x06\x07" and tail[:4] == b"PK\x06\x06":
        count, size, start = struct.unpack("<QQQ", tail[32:56])
    if size > min(MAX_DIRECTORY_BYTES, length):
        raise BundleError(f"{place}: a directory of {size} bytes; at most {MAX_DIRECTORY_BYTES} are read")
    if not 0 < count <= MAX_FILES:
        raise BundleError(f"{place}: expected 1 to {MAX_FILES} files, found {count}")
    file.seek(start)
    if not _lists(file.read(size), count):
        raise BundleError(f"{place}: its directory does not list {count} files")
    return start, count


def _lists(directory: bytes, count: int) -> bool:
    """Tell whether a directory has so many entries and nothing else: zipfile makes an object of each it finds."""
    at = 0
    for _ in range(count):
        if directory[at : at + 4] != b"PK\x01\x02" or at + 46 > len(directory):
            return False
        named, extra, comment = struct.unpack_from("<HHH", directory, at + 28)
        at += 46 + named + extra + comment
    return at == len(directory)


def _check_room(archive: zipfile.ZipFile) -> None:
    """Raise where entries share bytes (a zip that inflates by overlapping), or bytes lie between them."""
    end = 0
    for entry in sorted(archive.infolist(), key=lambda one: one.header_offset):
        if entry.header_offset != end:
            raise BundleError(f"{entry.filename!r:.200}: does not follow the entry before it")
        end += _LOCAL_HEADER.size + len(entry.filename) + entry.file_size
    if archive.start_dir != end:
        raise BundleError("something lies between the last entry and the directory")


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
