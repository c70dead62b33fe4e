"""
Merkle tree hashes (RFC 6962 §2.1) over the log's leaves.

The frontier holds one hash for each full subtree to the left, at most 40 for 10^12 leaves, so a log is extended and
its root known at any size without keeping its leaves.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence

from evidence.errors import Error

_LEAF, _NODE = b"\x00", b"\x01"

EMPTY_ROOT = hashlib.sha256(b"").hexdigest()
"""Root of a tree without leaves."""


class ProofError(Error):
    """Hashes do not prove what they are given for."""


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

    @classmethod
    def resume(cls, size: int, hashes: Sequence[bytes]) -> "Frontier":
        """Return the edge of a tree of `size` leaves; raise `ProofError` for another number of hashes than it has."""
        if len(hashes) != size.bit_count() or any(len(one) != 32 for one in hashes):
            raise ProofError(f"a frontier of {size} leaves has {size.bit_count()} hashes, found {len(hashes)}")
        frontier = cls()
        frontier._full, frontier.size = list(hashes), size
        return frontier

    @property
    def hashes(self) -> tuple[bytes, ...]:
        """Roots of the full subtrees, largest first."""
        return tuple(self._full)

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


def audit_paths(leaves: Iterable[bytes], wanted: Collection[int]) -> Mapping[int, tuple[bytes, ...]]:
    """Return for each wanted index the hashes from its leaf up to the root (RFC 6962 §2.1.1), the lowest first."""
    level = [leaf_hash(leaf) for leaf in leaves]
    at = {index: index for index in wanted}
    paths: dict[int, tuple[bytes, ...]] = dict.fromkeys(wanted, ())
    while len(level) > 1:
        for index, place in at.items():
            if place ^ 1 < len(level):
                paths[index] += (level[place ^ 1],)
            at[index] = place >> 1
        pairs = [hashlib.sha256(_NODE + level[i] + level[i + 1]).digest() for i in range(0, len(level) - 1, 2)]
        level = pairs + level[2 * len(pairs) :]
    return paths


def root_along(path: Sequence[bytes], leaf: bytes, *, index: int, size: int) -> str:
    """Return the root of a tree of `size` leaves whose leaf `index` is `leaf`; raise `ProofError` if none can be."""
    if not 0 <= index < size:
        raise ProofError(f"no leaf {index} in a tree of {size}")
    here, rest = leaf_hash(leaf), list(reversed(path))
    while size > 1:
        if index ^ 1 < size:
            if not rest:
                raise ProofError("the path is too short")
            other = rest.pop()
            here = hashlib.sha256(_NODE + (other + here if index & 1 else here + other)).digest()
        index, size = index >> 1, (size + 1) >> 1
    if rest:
        raise ProofError("the path is too long")
    return here.hex()
