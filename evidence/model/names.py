"""Names that must not be swapped."""

import hashlib
import re
from typing import NewType

from evidence.errors import Error

AssetId = NewType("AssetId", str)
"""The inventory's name of an asset, as the owner writes it; any Unicode."""

Digest = NewType("Digest", str)
"""`sha256:<64 lower-case hex>`."""

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_PLAIN_NAME = re.compile(r"[a-z0-9._-]{1,80}")
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?|.*\.|\.+.*")


class DigestError(Error):
    """A string is not a digest."""


def digest_of(data: bytes) -> Digest:
    """Return the SHA-256 of `data`."""
    return Digest("sha256:" + hashlib.sha256(data).hexdigest())


def is_digest(text: object) -> bool:
    """Tell whether `text` is a digest."""
    return isinstance(text, str) and _DIGEST.fullmatch(text) is not None


def parse_digest(text: str) -> Digest:
    """Return `text` as a digest, or raise `DigestError`."""
    if not is_digest(text):
        raise DigestError(f"expected sha256:<64 hex>, found {text!r:.100}")
    return Digest(text)


def hex_of(digest: Digest) -> str:
    """Return the hex part of a digest."""
    return digest.removeprefix("sha256:")


def slug(name: str) -> str:
    """
    Return `name` as a store key component, unchanged where it fits, else shortened with 8 hex digits of its SHA-256.

    Components match `[a-z0-9._-]+`, are at most 100 bytes long, never a Windows device name and never differ by case
    alone, so the hash covers the name as written.
    """
    if _PLAIN_NAME.fullmatch(name) and not _RESERVED.fullmatch(name):
        return name
    stem = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:60]
    return f"{stem or 'x'}-{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"
