"""
The log's share of a bundle: two checkpoints, the earlier one's frontier, and every leaf between them.

Frontier and leaves rebuild both roots, so a bundle shows that the log only grew, that each statement stands in it, and
that no leaf between was left out. Statements from before (genesis, keys, plans) come with their audit paths.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from evidence.bundle.layout import EARLIER, FRONTIER, LEAVES, MAX_LEAVES_BYTES, BundleError
from evidence.log.canonical import dumps, loads
from evidence.log.chain import Leaf, LogError, dump_batch, load_leaves
from evidence.log.fields import Fields
from evidence.log.merkle import Frontier, audit_paths, root_along
from evidence.model.names import Digest

MAX_FRONTIER = 40
"""Most hashes of a frontier: one for each bit of the largest log's size."""

MAX_EARLIER = 10_000
"""Most statements from before: keys, plans and exceptions of a log's whole life."""

_EARLIER = frozenset({"index", "kind", "statement", "path"})
_NONE: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """A statement from before the bundle's leaves, and the path that leads from it to the earlier root."""

    index: int
    leaf: Leaf
    path: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What the log's files of a bundle say."""

    previous: int
    """Log size before the first of the leaves."""
    frontier: tuple[bytes, ...]
    leaves: tuple[Leaf, ...]
    earlier: tuple[Earlier, ...]

    @property
    def size(self) -> int:
        """Log size after the last leaf."""
        return self.previous + len(self.leaves)

    def roots(self, sizes: Iterable[int]) -> Mapping[int, str]:
        """Return the root at each of these sizes that lies within the bundle, recomputed."""
        frontier, found = Frontier.resume(self.previous, self.frontier), {}
        for size in sorted({size for size in sizes if self.previous <= size <= self.size}):
            frontier.extend(leaf.line for leaf in self.leaves[frontier.size - self.previous : size - self.previous])
            found[size] = frontier.root()
        return MappingProxyType(found)

    def places(self) -> Mapping[Digest, tuple[int, str]]:
        """Return index and kind of every statement the bundle shows to be in the log."""
        within = {leaf.statement: (self.previous + i, leaf.kind) for i, leaf in enumerate(self.leaves)}
        return MappingProxyType({one.leaf.statement: (one.index, one.leaf.kind) for one in self.earlier} | within)


def cut(leaves: tuple[Leaf, ...], previous: int, size: int, wanted: Iterable[int]) -> Proof:
    """Return the proof for `leaves[previous:size]`, with the wanted ones from before."""
    frontier = Frontier()
    frontier.extend(leaf.line for leaf in leaves[:previous])
    indexes = sorted(wanted)
    paths = audit_paths((leaf.line for leaf in leaves[:previous]), indexes) if indexes else {}
    earlier = tuple(Earlier(index=i, leaf=leaves[i], path=paths[i]) for i in indexes)
    return Proof(previous=previous, frontier=frontier.hashes, leaves=leaves[previous:size], earlier=earlier)


def dump_proof(proof: Proof) -> Mapping[str, bytes]:
    """Return the files of a proof, but the checkpoints."""
    files = {LEAVES: dump_batch(proof.leaves)}
    if proof.previous:
        files[FRONTIER] = b"".join(f"{one.hex()}\n".encode() for one in proof.frontier)
    if proof.earlier:
        rows = [
            {"index": e.index, "kind": e.leaf.kind, "statement": e.leaf.statement, "path": [h.hex() for h in e.path]}
            for e in proof.earlier
        ]
        files[EARLIER] = dumps(rows)
    return MappingProxyType(files)


def load_proof(files: Mapping[str, bytes], previous: int) -> Proof:
    """Read what `dump_proof` writes; raise unless each statement stands once and those from before are in order."""
    leaves = load_leaves(files[LEAVES], LEAVES, at_most=MAX_LEAVES_BYTES)
    earlier = tuple(map(_earlier, _rows(files[EARLIER]))) if EARLIER in files else ()
    proof = Proof(previous=previous, frontier=_frontier(files, previous), leaves=leaves, earlier=earlier)
    indexes = [one.index for one in earlier]
    if indexes != sorted(set(indexes)) or len(proof.places()) != len(leaves) + len(earlier):
        raise BundleError(f"{EARLIER}: expected statements in order, none of them twice")
    if dump_proof(proof) != files:
        raise BundleError(f"{LEAVES}: the log's files are not written our way")
    return proof


def check_earlier(proof: Proof, root: str) -> None:
    """Raise `BundleError` unless every statement from before leads to the earlier root."""
    for one in proof.earlier:
        if root_along(one.path, one.leaf.line, index=one.index, size=proof.previous) != root:
            raise BundleError(f"{EARLIER}: {one.leaf.statement} was not leaf {one.index} of the earlier log")


def _frontier(files: Mapping[str, bytes], previous: int) -> tuple[bytes, ...]:
    lines = files.get(FRONTIER, b"").split()
    if len(lines) > MAX_FRONTIER or len(lines) != previous.bit_count():
        raise BundleError(f"{FRONTIER}: expected {previous.bit_count()} hashes, found {len(lines)}")
    return tuple(_hash(line.decode("ascii", "replace"), FRONTIER) for line in lines)


def _rows(data: bytes) -> list[object]:
    rows = loads(data)
    if not isinstance(rows, list) or len(rows) > MAX_EARLIER:
        raise BundleError(f"{EARLIER}: expected a list of at most {MAX_EARLIER} statements")
    return rows


def _earlier(value: object) -> Earlier:
    row = Fields(value, EARLIER, _EARLIER, _NONE)
    path = tuple(_hash(str(one), EARLIER) for one in row.rows("path"))
    return Earlier(index=row.whole("index"), leaf=Leaf(row.text("kind"), row.digest("statement")), path=path)


def _hash(text: str, name: str) -> bytes:
    try:
        found = bytes.fromhex(text)
    except ValueError:
        found = b""
    if len(found) != 32 or found.hex() != text:
        raise LogError(f"{name}: expected a hash of 64 hex digits, found {text!r:.80}")
    return found
