"""Zips that no export writes: each a good one with one thing changed, which nobody needs a key for."""

import io
import struct
import zipfile
from collections.abc import Callable
from typing import Any

_LOCAL, _CENTRAL, _END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"


def entry(name: str, data: bytes = b"x", *, mode: int = 0o100644, kind: int = zipfile.ZIP_STORED) -> tuple[Any, bytes]:
    """Return an entry to be written."""
    info = zipfile.ZipInfo("x", (1980, 1, 1, 0, 0, 0))
    info.filename = name  # as it is: the constructor would cut it at a NUL
    info.create_system, info.external_attr, info.compress_type = 3, mode << 16, kind
    return info, data


def rewritten(
    data: bytes, edit: Callable[[list[tuple[Any, bytes]]], list[tuple[Any, bytes]]], comment: bytes = b""
) -> bytes:
    """Write a zip again with other entries."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = [(info, archive.read(info)) for info in archive.infolist()]
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w") as archive:
        for info, content in edit(entries):
            archive.writestr(info, content)
        archive.comment = comment
    return kept.getvalue()


def with_one_more(name: str, **said: Any) -> Callable[[bytes], bytes]:
    """Return what adds an entry below the bundle's folder."""

    def edit(data: bytes) -> bytes:
        folder = data[30:].split(b"/")[0].decode()
        return rewritten(data, lambda entries: [*entries, entry(name.replace("FOLDER", folder), **said)])

    return edit


def in_another_folder(folder: str) -> Callable[[bytes], bytes]:
    """Return what moves every entry to a folder of another name."""

    def renamed(entries: list[tuple[Any, bytes]]) -> list[tuple[Any, bytes]]:
        return [entry(f"{folder}/{info.filename.partition('/')[2]}", data) for info, data in entries]

    return lambda data: rewritten(data, renamed)


def patched(where: str, offset: int, value: bytes, *, also: tuple[str, int] | None = None) -> Callable[[bytes], bytes]:
    """Return what overwrites bytes of the second entry's header, its record in the directory, or the zip's end."""

    def edit(data: bytes) -> bytes:
        found = bytearray(data)
        for place, at in ((where, offset), *([also] if also else [])):
            begin = _second(data, _LOCAL if place == "local" else _CENTRAL) if place != "end" else data.rindex(_END)
            found[begin + at : begin + at + len(value)] = value
        return bytes(found)

    return edit


def _second(data: bytes, magic: bytes) -> int:
    directory = struct.unpack("<I", data[-6:-2])[0]
    start = 0 if magic == _LOCAL else directory
    return data.index(magic, start + 4)


def _at_directory(data: bytes, more: bytes, *, told: bool) -> bytes:
    """Put bytes before the directory, and say so at the end or not."""
    directory = struct.unpack("<I", data[-6:-2])[0]
    end = data[-6:-2] if not told else struct.pack("<I", directory + len(more))
    return data[:directory] + more + data[directory:-6] + end + data[-2:]


def offsets_shifted(data: bytes) -> bytes:
    """Say of everything that it lies seven bytes further on, which programs that allow bytes in front put right."""
    directory = struct.unpack("<I", data[-6:-2])[0]
    found = bytearray(data)
    at = directory
    while data[at : at + 4] == _CENTRAL:
        (offset,) = struct.unpack("<I", data[at + 42 : at + 46])
        found[at + 42 : at + 46] = struct.pack("<I", offset + 7)
        at += 46 + sum(struct.unpack("<HHH", data[at + 28 : at + 34]))
    found[-6:-2] = struct.pack("<I", directory + 7)
    return bytes(found)


def wrong_crc(data: bytes) -> bytes:
    """Change the sum of the second entry in both places; nobody who compares SHA-256 looks at it."""
    return patched("local", 14, b"none", also=("central", 16))(data)


def told_more(data: bytes, field: int) -> bytes:
    """Say four bytes more of the last entry in the directory, as its comment or its extra field."""
    found, last = bytearray(data), data.rindex(_CENTRAL)
    found[last + field : last + field + 2] = b"\4\0"
    end = data.rindex(_END)
    found[end + 12 : end + 16] = struct.pack("<I", struct.unpack("<I", data[end + 12 : end + 16])[0] + 4)
    return bytes(found[:end]) + b"\xfe\xca\0\0" + bytes(found[end:])


def million_files() -> bytes:
    """Return a zip whose directory lists a million files of no bytes, all of them in the same place."""
    name = b"x/data/y.txt"
    one = struct.pack("<4s6H3I5H2I", _CENTRAL, 20, 20, 0, 0, 0, 33, 0, 0, 0, len(name), 0, 0, 0, 0, 0, 0) + name
    directory, count = one * 1_000_000, 1_000_000
    far = struct.pack("<4sQ2H2I4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, len(directory), 0)
    locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, len(directory), 1)
    return directory + far + locator + _END + b"\0\0\0\0" + b"\xff" * 12 + b"\0\0"


def _first_twice(entries: list[tuple[Any, bytes]]) -> list[tuple[Any, bytes]]:
    return [*entries, entries[0]]


ZIPS: dict[str, Callable[[bytes], bytes]] = {
    "zip_symlink": with_one_more("FOLDER/data/link.txt", data=b"/etc/passwd", mode=0o120777),
    "zip_device": with_one_more("FOLDER/data/device.txt", mode=0o020644),
    "zip_folder": with_one_more("FOLDER/data/folder/", data=b"", mode=0o040755),
    "zip_path_traversal": with_one_more("FOLDER/data/../../evil.txt"),
    "zip_path_traversal_of_windows": with_one_more("FOLDER/data/..\\evil.txt"),
    "zip_absolute_path": with_one_more("/etc/evil.txt"),
    "zip_drive_letter": with_one_more("FOLDER/data/c:evil.txt"),
    "zip_device_name": with_one_more("FOLDER/data/con.txt"),
    "zip_hidden_name": with_one_more("FOLDER/data/.evil"),
    "zip_name_in_capitals": with_one_more("FOLDER/data/Gaps.csv"),
    "zip_name_with_nul": with_one_more("FOLDER/data/gaps\0.csv"),
    "zip_name_with_markup": with_one_more("FOLDER/data/<img src=x onerror=alert(1)>.txt"),
    "zip_name_that_turns_round": with_one_more("FOLDER/data/\u202etxt.exe"),
    "zip_name_too_long": with_one_more(f"FOLDER/data/evidence/{'a' * 90}/{'b' * 90}.txt"),
    "zip_name_too_deep": with_one_more("FOLDER/data/evidence/a/b/c/d.txt"),
    "zip_second_folder": with_one_more("other/data/evil.txt"),
    "zip_all_of_it_above": in_another_folder(".."),
    "zip_folder_of_another_form": in_another_folder("A B"),
    "zip_duplicate_name": lambda data: rewritten(data, _first_twice),
    "zip_bomb": with_one_more("FOLDER/data/bomb.txt", data=bytes(1_000_000), kind=zipfile.ZIP_DEFLATED),
    "zip_encrypted": patched("central", 8, b"\x01\0"),
    "zip_patched_data": patched("central", 8, b"\x20\0"),
    "zip_of_a_later_version": patched("central", 6, b"\xff"),
    "zip_comment": lambda data: rewritten(data, lambda entries: entries, comment=b"see also"),
    "zip_entry_with_a_comment": lambda data: told_more(data, 32),
    "zip_entry_with_an_extra_field": lambda data: told_more(data, 30),
    "zip_truncated": lambda data: data[: len(data) // 2],
    "zip_truncated_at_its_end": lambda data: data[:-1],
    "zip_concatenated": lambda data: data + data,
    "zip_with_bytes_in_front": lambda data: b"#!/bin/sh\n" + data,
    "zip_with_bytes_behind": lambda data: data + b"hidden",
    "zip_with_bytes_before_the_directory": lambda data: _at_directory(data, b"hidden", told=True),
    "zip_with_bytes_before_the_directory_untold": lambda data: _at_directory(data, b"hidden", told=False),
    "zip_entries_share_bytes": patched("central", 42, struct.pack("<I", 3)),
    "zip_offsets_shifted": offsets_shifted,
    "zip_fewer_files_than_it_has": patched("end", 10, b"\x01\0"),
    "zip_directory_too_large": patched("end", 12, struct.pack("<I", 2**32 - 2)),
    "zip_header_with_another_name": patched("local", 30, b"Z"),
    "zip_header_with_another_size": patched("local", 22, struct.pack("<I", 1)),
    "zip_header_with_another_method": patched("local", 8, b"\x08\0"),
    "zip_entry_with_another_size": patched("central", 20, struct.pack("<II", 1, 1)),
    "zip_of_a_million_files": lambda data: million_files(),
    "zip_empty": lambda data: b"PK\x05\x06" + bytes(18),
    "zip_that_is_none": lambda data: b"hello\n" * 100,
}
"""Each fails at the first step."""
