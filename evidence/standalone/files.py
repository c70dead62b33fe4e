"""The files of a bag in a zip or a folder; whatever is no plain file of a bag is refused before it is read."""

import os
import re
import stat
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

MAX_FILES, MAX_FILE, MAX_DIRECTORY = 500_000, 256 * 2**20, 256 * 2**20
"""Most files, largest file, and largest directory of a zip that are read."""

TAGS = ("bag-info.txt", "bagit.txt", "manifest-sha256.txt")
"""What the tag manifest lists."""

TAGMANIFEST, SIGNATURE = "tagmanifest-sha256.txt", "tagmanifest-sha256.txt.sig"
_NAME = r"(?!\.|(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|/|$))[a-z0-9._-]{1,120}(?<!\.)"
_PATH = re.compile(rf"data/({_NAME}/){{0,3}}{_NAME}|data/README\.txt|data/cmmc/CMMCAssessment(Artifacts|LogHash)\.log")
_FOLDER = re.compile(rf"(?=.{{1,40}}$){_NAME}")

BROKEN = (
    *(ValueError, LookupError, TypeError, AttributeError, OSError, ArithmeticError, EOFError),
    *(RecursionError, NotImplementedError, struct.error, zipfile.BadZipFile, zipfile.LargeZipFile),
)
"""What reading bytes that others made can end with; every one of them is a failure, none a pass."""

_ENTRY = struct.Struct("<IHHHHHIIIHH")
"""What stands before each entry of a zip (APPNOTE 4.3.7)."""


def refuse(why: str) -> NoReturn:
    """Say that something does not hold."""
    raise ValueError(why)


def require(holds: object, why: str) -> None:
    """Say so unless something holds."""
    if not holds:
        refuse(why)


def check_path(path: str) -> str:
    """Return a path if a bundle may hold it."""
    known = path in (*TAGS, TAGMANIFEST, SIGNATURE) or (len(path) <= 180 and _PATH.fullmatch(path))
    require(known, f"{path!r:.200}: not a file of a bundle")
    return path


class Bundle:
    """The files of a bag in a zip or a folder; whatever is no plain file of a bag is refused before it is read."""

    def __init__(self, place: Path) -> None:
        self.sizes: dict[str, int] = {}
        self._zip = None
        if place.is_dir():
            bags = [bag.parent for bag in (place / "bagit.txt", *place.glob("*/bagit.txt")) if bag.is_file()]
            require(len(bags) == 1, f"{place}: expected one bag, found {len(bags)}")
            self._root = str(bags[0])
            for path, size in self._walk(self._root, ""):
                self._take(path, size)
            return
        told = _told(place)
        self._zip = zipfile.ZipFile(place)
        self._file = self._zip.fp or refuse(f"{place}: closed")
        self._starts = dict[str, tuple[int, bytes]]()
        entries = self._zip.infolist()
        self._root, end = entries[0].filename.split("/")[0] if entries else "", 0
        require(_FOLDER.fullmatch(self._root), f"{place}: expected one folder with a short, plain name")
        for entry in sorted(entries, key=lambda one: one.header_offset):
            require(entry.header_offset == end, f"{entry.filename!r:.200}: does not follow the entry before it")
            end += self._take_entry(entry)
        require(end == self._zip.start_dir, f"{place}: something lies before the directory")
        require((end, len(entries)) == told, f"{place}: its end says otherwise of where the directory lies")

    def _take_entry(self, entry: zipfile.ZipInfo) -> int:
        """Keep where an entry lies, and what stands before it; return how long both are."""
        folder, _, path = entry.filename.partition("/")
        mode, name = entry.external_attr >> 16, entry.filename.encode("ascii", "replace")
        plain = entry.compress_type == 0 and entry.compress_size == entry.file_size and not entry.flag_bits
        require(plain and (not mode or stat.S_ISREG(mode)), f"{entry.filename!r:.200}: not a plain, stored file")
        require(folder == self._root and entry.orig_filename == entry.filename, f"{entry.filename!r:.200}: misplaced")
        far = entry.extra[:4] == b"\1\0\x08\0" and len(entry.extra) == 12 and entry.header_offset >= 2**31
        require(not entry.comment and (far or not entry.extra), f"{entry.filename!r:.200}: more than is written there")
        self._take(path, entry.file_size)
        said = (entry.CRC, entry.file_size, entry.file_size, len(name), 0)
        self._starts[path] = entry.header_offset, _ENTRY.pack(0x04034B50, 0, 0, 0, 0, 0, *said) + name
        return _ENTRY.size + len(name) + entry.file_size

    def _walk(self, folder: str, before: str) -> Iterator[tuple[str, int]]:
        for entry in sorted(os.scandir(folder), key=lambda one: one.name):
            if entry.is_dir(follow_symlinks=False) and before.count("/") < 5:
                yield from self._walk(entry.path, f"{before}{entry.name}/")
            else:
                require(entry.is_file(follow_symlinks=False), f"{before}{entry.name}: not a plain file")
                yield before + entry.name, entry.stat(follow_symlinks=False).st_size

    def _take(self, path: str, size: int) -> None:
        require(check_path(path) not in self.sizes, f"{path}: stands twice")
        self.sizes[path] = size
        require(len(self.sizes) <= MAX_FILES and size <= MAX_FILE, f"{path}: too much to read")

    def read(self, path: str) -> bytes:
        """Return a file, never more than it was said to have."""
        require(path in self.sizes, f"{path}: missing")
        if self._zip is None:
            with Path(f"{self._root}/{path}").open("rb") as file:
                data = file.read(self.sizes[path] + 1)
        else:
            start, head = self._starts[path]
            self._file.seek(start)
            found = self._file.read(len(head))
            same = found[:4] == head[:4] and found[6:10] == bytes(4) and found[14:] == head[14:]
            require(same, f"{path}: the entry does not say what the directory says")
            data = self._file.read(self.sizes[path])
        require(len(data) == self.sizes[path], f"{path}: expected {self.sizes[path]} bytes")
        return data

    def below(self, folder: str) -> list[str]:
        """Return the paths that begin so."""
        return sorted(path for path in self.sizes if path.startswith(folder))


def _told(place: Path) -> tuple[int, int]:
    """Return where a zip's directory lies and how many files it has, by the zip's end, if it can be read at all."""
    with place.open("rb") as file:
        length = file.seek(0, os.SEEK_END)
        file.seek(max(length - 98, 0))
        tail = file.read(98)
    end = tail[-22:]
    require(end[:4] == b"PK\5\6" and end[-2:] == b"\0\0", f"{place}: not a zip as it was written")
    far = tail[-42:-22].startswith(b"PK\6\7") and tail.startswith(b"PK\6\6")
    fields = (tail[32:40], tail[40:48], tail[48:56]) if far else (end[10:12], end[12:16], end[16:20])
    count, size, start = (int.from_bytes(field, "little") for field in fields)
    require(size <= min(length, MAX_DIRECTORY), f"{place}: a directory of {size} bytes")
    require(0 < count <= MAX_FILES, f"{place}: {count} files")
    with place.open("rb") as file:
        file.seek(start)
        directory, at = file.read(size), 0
    for _ in range(count):
        whole = len(directory) >= at + 46
        require(whole and directory[at : at + 4] == b"PK\1\2", f"{place}: a directory of fewer files")
        at += 46 + sum(struct.unpack_from("<HHH", directory, at + 28))
    require(at == len(directory), f"{place}: a directory of more files")
    return start, count
