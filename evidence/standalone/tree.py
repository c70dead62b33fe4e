"""Merkle trees over the log's leaves (RFC 6962 §2.1)."""

import hashlib
from typing import Any

from evidence.standalone.files import refuse, require


def hashed(*pieces: bytes) -> bytes:
    """Return the SHA-256 of all pieces."""
    return hashlib.sha256(b"".join(pieces)).digest()


def folded(edge: list[bytes]) -> str:
    """Return the root over a frontier."""
    right = edge[-1] if edge else hashlib.sha256().digest()
    for left in reversed(edge[:-1]):
        right = hashed(b"\1", left, right)
    return right.hex()


def grown(edge: list[bytes], size: int, leaf: bytes) -> None:
    """Add a leaf to the right edge of a tree that has `size` of them."""
    carried = hashed(b"\0", leaf)
    while size & 1:
        carried, size = hashed(b"\1", edge.pop(), carried), size >> 1
    edge.append(carried)


def along(row: dict[str, Any], leaf: bytes, size: int) -> str:
    """Return the root that an audit path leads to (RFC 6962 §2.1.1)."""
    index, here, path = row["index"], hashed(b"\0", leaf), [bytes.fromhex(one) for one in row["path"]]
    require(0 <= index < size, "earlier: outside the log")
    while size > 1:
        if index ^ 1 < size:
            other = path.pop(0) if path else refuse("earlier: a path is too short")
            here = hashed(b"\1", other, here) if index & 1 else hashed(b"\1", here, other)
        index, size = index >> 1, (size + 1) >> 1
    require(not path, "earlier: a path is too long")
    return here.hex()
