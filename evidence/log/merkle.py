"""
Merkle tree hashes (RFC 6962 §2.1) over the log's leaves.

The frontier holds one hash for each full subtree to the left, at most 40 for 10^12 leaves, so a log is extended and
its root known at any size without keeping its leaves.
"""

import hashlib
from collections.abc import Iterable

_LEAF, _NODE = b"\x00", b"\x01"

EMPTY_ROOT = hashlib.sha256(b"").hexdigest()
"""Root of a tree without leaves."""


def leaf_hash(leaf: bytes) -> bytes:
    """Return the hash of one leaf: a batch line without its line feed."""
    return hashlib.sha256(_LEAF + leaf).digest()


class Frontier:
    """The right edge of a growing tree."""

    __slots__ = ("_full", "size")

    def __init__(self) -> None:
        self._full: list[bytes] = []
        """Roots of the full subtrees, largest first: one for each 1 bit of `size`."""
        self.size = 0
        """How many leaves were added."""

    def extend(self, leaves: Iterable[bytes]) -> None:
        """Add leaves on the right."""
        sha256, full, size = hashlib.sha256, self._full, self.size
        for leaf in leaves:
            carried = sha256(_LEAF + leaf).digest()
            rest = size
            while rest & 1:
                carried = sha256(_NODE + full.pop() + carried).digest()
                rest >>= 1
            full.append(carried)
            size += 1
        self.size = size

    def root(self) -> str:
        """Return the root over all leaves so far, as 64 hex digits."""
        if not self._full:
            return EMPTY_ROOT
        right = self._full[-1]
        for left in reversed(self._full[:-1]):
            right = hashlib.sha256(_NODE + left + right).digest()
        return right.hex()
