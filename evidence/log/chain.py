"""
The log's own objects: batches of leaves, checkpoints, and the store's description.

A leaf is one line of canonical JSON, `{"kind":"part","statement":"sha256:…"}`; the Merkle tree is over the lines
without their line feeds.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from operator import lt
from sys import intern
from types import MappingProxyType
from typing import NamedTuple

from evidence.errors import Error
from evidence.log.canonical import CanonicalError, dumps, loads
from evidence.log.fields import Fields, ShapeError
from evidence.log.merkle import EMPTY_ROOT, Frontier
from evidence.log.note import Checkpoint, check_origin
from evidence.model.names import Digest
from evidence.store.interface import Store
from evidence.store.layout import (
    MAX_BATCH_BYTES,
    MAX_BATCH_LEAVES,
    STORE_KEY,
    KeyNameError,
    batch_key,
    parse_key,
    part_digest,
)

FORMAT = 1
"""Version of the store's format."""

_LEAF = re.compile(rb'\{"kind":"([a-z]{1,32})","statement":"(sha256:[0-9a-f]{64})"\}')
_STORE = frozenset({"format", "owner", "origin", "genesis"})
_NONE: frozenset[str] = frozenset()
_RANK: Mapping[str, int] = MappingProxyType({"genesis": 0, "key": 1, "plan": 2})
_OTHERS = 3
_MAX_STORE_BYTES = 4096


class LogError(Error):
    """The log's own objects do not fit together."""


class RolledBackError(LogError):
    """The log is older than, or another than, one that was seen before."""


class Leaf(NamedTuple):
    """One line of the log: a statement that counts; a tuple, for logs have millions."""

    kind: str
    statement: Digest

    @property
    def line(self) -> bytes:
        """The bytes the tree is over."""
        return f'{{"kind":"{self.kind}","statement":"{self.statement}"}}'.encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreInfo:
    """What `store.json` says."""

    owner: str
    origin: str
    genesis: Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """All batches, and the root at each of their ends."""

    leaves: tuple[Leaf, ...]
    roots: Mapping[int, str]
    """Root by size, at 0 and at the end of each batch."""

    @property
    def size(self) -> int:
        """How many leaves there are."""
        return len(self.leaves)

    @property
    def root(self) -> str:
        """Root over all leaves."""
        return self.roots[self.size]


def in_order(leaves: Iterable[Leaf]) -> tuple[Leaf, ...]:
    """Return leaves in the one order of a batch: genesis, keys, plans, others; then by digest."""
    return tuple(sorted(leaves, key=_place))


def _place(leaf: Leaf) -> tuple[int, Digest]:
    return _RANK.get(leaf.kind, _OTHERS), leaf.statement


def dump_batch(leaves: Iterable[Leaf]) -> bytes:
    """Return a batch object."""
    return b"".join(leaf.line + b"\n" for leaf in leaves)


def load_batch(data: bytes, key: str) -> tuple[Leaf, ...]:
    """Read a batch object; raise `LogError` unless it is as `dump_batch` writes it, in order, each leaf once."""
    found = load_leaves(data, key, at_most=MAX_BATCH_BYTES)
    places = [_place(leaf) for leaf in found]
    if len(found) > MAX_BATCH_LEAVES or not all(map(lt, places, places[1:])):
        raise LogError(f"{key}: expected at most {MAX_BATCH_LEAVES} leaves, in order, each once")
    return found


def load_leaves(data: bytes, key: str, *, at_most: int) -> tuple[Leaf, ...]:
    """Read the lines of leaves, in whatever order; raise `LogError` unless each is as `dump_batch` writes it."""
    if not 0 < len(data) <= at_most or not data.endswith(b"\n"):
        raise LogError(f"{key}: expected 1 to {at_most} bytes of lines, found {len(data)}")
    leaves: list[Leaf] = []
    for number, line in enumerate(data[:-1].split(b"\n"), 1):
        match = _LEAF.fullmatch(line)
        if match is None:
            raise LogError(f"{key}: line {number} is not a leaf")
        leaves.append(Leaf(intern(match[1].decode()), Digest(match[2].decode())))
    return tuple(leaves)


def read_chain(store: Store) -> Chain:
    """Read all batches; raise `LogError` for a gap, an overlap or a leaf that stands twice."""
    frontier = Frontier()
    roots = {0: EMPTY_ROOT}
    leaves: list[Leaf] = []
    for key in store.keys("log/batch/"):
        if key != batch_key(len(leaves)):
            raise LogError(f"{key}: expected {batch_key(len(leaves))} next")
        data = store.get(key)
        leaves.extend(load_batch(data, key))
        frontier.extend(data[:-1].split(b"\n"))  # there is one way to write a leaf: these are their lines
        roots[frontier.size] = frontier.root()
    if len({leaf.statement for leaf in leaves}) != len(leaves):
        raise LogError("log/batch: a statement stands twice in the log")
    return Chain(leaves=tuple(leaves), roots=MappingProxyType(roots))


def part_keys(store: Store) -> Mapping[Digest, tuple[str, ...]]:
    """Return where each part lies: in one place, unless somebody put a copy under another slot."""
    places: dict[Digest, tuple[str, ...]] = {}
    for key in store.keys("parts/"):
        digest = part_digest(key)
        if digest is not None:
            places[digest] = (*places.get(digest, ()), key)
    return MappingProxyType(places)


def check_pin(pin: Checkpoint, origin: str, chain: Chain) -> None:
    """Raise `RolledBackError` unless the log still holds everything `pin` stands for."""
    if pin.origin != origin:
        raise RolledBackError(f"the log is {origin}, expected {pin.origin}")
    if pin.size > chain.size:
        raise RolledBackError(f"the log has {chain.size} leaves, it had {pin.size} before")
    if chain.roots.get(pin.size) != pin.root:
        raise RolledBackError(f"the log was another one at {pin.size} leaves")


def checkpoint_sizes(store: Store) -> Iterator[int]:
    """Yield the size of each checkpoint kept, smallest first."""
    for key in store.keys("log/checkpoints/"):
        try:
            size = parse_key(key).size
        except KeyNameError as error:
            raise LogError(f"{key}: not a checkpoint's key") from error
        if size is not None:
            yield size


def dump_store_info(info: StoreInfo) -> bytes:
    """Return the bytes of `store.json`."""
    return dumps({"format": FORMAT, "owner": info.owner, "origin": info.origin, "genesis": info.genesis})


def read_store_info(store: Store) -> StoreInfo:
    """Return what `store.json` says; raise `LogError` unless it is as `dump_store_info` writes it."""
    data = store.get(STORE_KEY)
    if len(data) > _MAX_STORE_BYTES:
        raise LogError(f"{STORE_KEY}: {len(data)} bytes; at most {_MAX_STORE_BYTES} are read")
    try:
        fields = Fields(loads(data), STORE_KEY, _STORE, _NONE)
        if fields.whole("format") != FORMAT:
            raise LogError(f"{STORE_KEY}: format {fields.whole('format')}; this program reads format {FORMAT}")
        return StoreInfo(
            owner=fields.text("owner"), origin=check_origin(fields.text("origin")), genesis=fields.digest("genesis")
        )
    except (CanonicalError, ShapeError) as error:
        raise LogError(f"{STORE_KEY}: {error}") from error
