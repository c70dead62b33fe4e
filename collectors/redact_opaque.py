"""
Answers that are no text: archives, databases and ciphertexts, in which no secret can be found and none replaced.

They are refused, never kept as if they were redacted. Text in UTF-16, as Windows writes it, is text.
"""

from collections.abc import Mapping

_ARCHIVES: Mapping[bytes, str] = {
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"7z\xbc\xaf\x27\x1c": "7z",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\x04\x22\x4d\x18": "lz4",
    b"Rar!\x1a\x07": "rar",
    b"SQLite format 3\x00": "SQLite",
    b"Salted__": "openssl enc",
    b"age-encryption.org/": "age",
}
"""First octets of what backups of devices and services are: a `.gwbk` is a zip (file(1)'s own list)."""

_TAR = b"ustar"
_TAR_PLACE = 257
"""Where a tar archive says that it is one (POSIX.1, pax)."""

_LOOKED_AT = 64 * 1024
"""So many octets tell text from ciphertext."""

_CONTROLS = bytes(octet for octet in range(32) if octet not in b"\t\n\r\b\f\x1b\x07\x00\x11\x13")
"""Control characters that terminals and serial lines have no use for."""

_MOST_CONTROLS = 0.02
"""Of ciphertext one octet in eleven is another control character, and no 64 of them are UTF-8."""

_BYTE_ORDER = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}


def opaque(data: bytes) -> str | None:
    """Return what kind of thing `data` is that cannot be read as text; `None` where it can."""
    for first, name in _ARCHIVES.items():
        if data.startswith(first):
            return name
    if data[_TAR_PLACE : _TAR_PLACE + len(_TAR)] == _TAR:
        return "tar"
    head = data[:_LOOKED_AT]
    controls = len(head) - len(head.translate(None, delete=_CONTROLS))
    if controls > len(head) * _MOST_CONTROLS and not _is_utf8(head):
        return "unreadable"
    return None


def wide(data: bytes) -> str | None:
    """Return the encoding of text in UTF-16; `None` where it is none, or does not decode."""
    encoding = _BYTE_ORDER.get(data[:2])
    if encoding is None and len(data) >= 8 and not len(data) % 2:
        even, odd = data[0:_LOOKED_AT:2], data[1:_LOOKED_AT:2]
        if odd.count(0) > 0.9 * len(odd) and 0 not in even:
            encoding = "utf-16-le"
        elif even.count(0) > 0.9 * len(even) and 0 not in odd:
            encoding = "utf-16-be"
    if encoding is None:
        return None
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return None
    return encoding


def _is_utf8(head: bytes) -> bool:
    try:
        head[:-4].decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
