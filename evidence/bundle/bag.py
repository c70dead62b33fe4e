"""
A bag's own files (RFC 8493 §2): the declaration, the description, and the two manifests.

One way to write each: sorted, line feeds, two blanks between digest and path as sha256sum has it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from evidence.bundle.layout import BAG_INFO, BAGIT, MANIFEST, MAX_FILES, BundleError, check_path
from evidence.model.names import Digest, digest_of, hex_of

DECLARATION = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
"""`bagit.txt` (RFC 8493 §2.1.1)."""

_LINE = re.compile(r"([0-9a-f]{64})  ([^\r\n]+)")
_LABEL = re.compile(r"([A-Z][A-Za-z-]*): ([^\r\n]+)")
_OXUM = re.compile(r"([0-9]{1,18})\.([0-9]{1,9})")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tags:
    """A bag's tag files, without the signature over the last of them."""

    files: Mapping[str, bytes]

    @property
    def tagmanifest(self) -> bytes:
        """The file that is signed; by digests it holds everything else."""
        return dump_manifest({name: digest_of(data) for name, data in self.files.items()})


def tag_files(payload: Mapping[str, Digest], payload_bytes: int, described: Mapping[str, str]) -> Tags:
    """Return the tag files for a payload of these digests."""
    rows = {**described, "Payload-Oxum": f"{payload_bytes}.{len(payload)}"}
    files = {BAGIT: DECLARATION, BAG_INFO: dump_info(rows), MANIFEST: dump_manifest(payload)}
    return Tags(files=MappingProxyType(files))


def dump_manifest(files: Mapping[str, Digest]) -> bytes:
    """Return a manifest."""
    return _written({check_path(name): digest for name, digest in files.items()})


def load_manifest(data: bytes, name: str) -> Mapping[str, Digest]:
    """Read a manifest; raise `BundleError` unless it is as `dump_manifest` writes it."""
    found: dict[str, Digest] = {}
    for number, line in enumerate(_lines(data, name), 1):
        match = _LINE.fullmatch(line)
        if match is None or number > MAX_FILES:
            raise BundleError(f"{name}: line {number}: expected a digest, two blanks and a path")
        found[check_path(match[2])] = Digest(f"sha256:{match[1]}")
    if _written(found) != data:
        raise BundleError(f"{name}: expected every path once, in order")
    return MappingProxyType(found)


def _written(files: Mapping[str, Digest]) -> bytes:
    return "".join([f"{hex_of(files[name])}  {name}\n" for name in sorted(files)]).encode()


def dump_info(rows: Mapping[str, str]) -> bytes:
    """Return `bag-info.txt`; a value is one line."""
    return "".join(f"{label}: {_CONTROL.sub(' ', rows[label]).strip()}\n" for label in sorted(rows)).encode()


def load_info(data: bytes) -> Mapping[str, str]:
    """Read `bag-info.txt`; raise `BundleError` unless it is as `dump_info` writes it."""
    found: dict[str, str] = {}
    for line in _lines(data, BAG_INFO):
        match = _LABEL.fullmatch(line)
        if match is None or found.setdefault(match[1], match[2]) != match[2]:
            raise BundleError(f"{BAG_INFO}: expected lines `Label: value`, each label once")
    if dump_info(found) != data:
        raise BundleError(f"{BAG_INFO}: not written our way")
    return MappingProxyType(found)


def payload_of(rows: Mapping[str, str]) -> tuple[int, int]:
    """Return how many bytes and files the payload has (`Payload-Oxum`)."""
    match = _OXUM.fullmatch(rows.get("Payload-Oxum", ""))
    if match is None:
        raise BundleError(f"{BAG_INFO}: expected a Payload-Oxum like 1234.5")
    return int(match[1]), int(match[2])


def _lines(data: bytes, name: str) -> list[str]:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BundleError(f"{name}: not UTF-8: {error}") from error
    if not text.endswith("\n"):
        raise BundleError(f"{name}: expected lines, found {len(data)} bytes")
    return text[:-1].split("\n")
