"""
A log carried to another place unchanged: from a closed site onto a medium, from the medium to a centre.

What is carried is what is sealed: batches, checkpoints, what was made over them, and every object they name. Nothing is
committed at the target before all of it was checked there, so a damaged medium leaves a replica as it was.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from evidence.errors import Error
from evidence.log.anchor import COSIGNATURES, TOKENS, kept
from evidence.log.chain import RolledBackError, load_batch, read_store_info
from evidence.log.erased import erased_in
from evidence.log.history import History
from evidence.log.ledger import Ledger, places_of, read_ledger
from evidence.store.blobs import get_blob
from evidence.store.interface import MissingError, Store
from evidence.store.layout import (
    CHECKPOINT_HINT_KEY,
    STORE_KEY,
    batch_key,
    blob_key,
    checkpoint_key,
    original_key,
    parse_key,
)
from evidence.store.originals import check_original


class MissingLeavesError(Error):
    """Leaves are missing between what is there and what was brought: an earlier medium has not come yet."""


class NotPutError(Error):
    """Something was to be written that is only read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """The leaves somebody brought: from one size of the log to another."""

    begin: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What a copy brought."""

    brought: Carried
    """What the source holds."""
    held: int
    """How many leaves the target had before."""
    size: int
    """How many it has now."""
    objects: int
    """How many objects were written."""
    damaged: tuple[str, ...] = ()
    """Tokens and cosignatures that could not be carried; no leaf depends on them."""

    @property
    def repeated(self) -> int:
        """How many of the leaves that were brought were there before."""
        return max(0, min(self.brought.end, self.held) - self.brought.begin)


class Both:
    """Two stores read as one: what the first has not is looked for in the second. Nothing is written through it."""

    def __init__(self, first: Store, second: Store) -> None:
        self._first, self._second = first, second

    def get(self, key: str) -> bytes:
        """Return what is kept under `key`, in the first store or else in the second."""
        try:
            return self._first.get(key)
        except MissingError:
            return self._second.get(key)

    def keys(self, prefix: str) -> Iterator[str]:
        """Yield every key of either, in order, each once."""
        yield from sorted({*self._first.keys(prefix), *self._second.keys(prefix)})

    def put(self, key: str, data: bytes) -> None:
        """Refuse."""
        raise NotPutError(f"{key}: {len(data)} bytes were to be written where two stores are only read")

    def replace(self, key: str, data: bytes) -> None:
        """Refuse."""
        self.put(key, data)


def carry(source: Store, target: Store, *, since: int | None = None) -> Delivery:
    """
    Copy a sealed log from `source` to `target`, which holds the same log or nothing.

    With `since` only the leaves from there on are brought onto an empty target, a medium: a batch must begin there.
    Raises `RolledBackError` where the two are not one history, `MissingLeavesError` where leaves lie between, and
    before anything of the log is written where an object is missing or damaged.
    """
    _check_same(source, target)
    ours, theirs = _batches(target), _batches(source)
    if since is not None:
        if theirs and since not in (*theirs, _end(source, theirs)):
            raise MissingLeavesError(f"no batch begins at leaf {since}", hint="give the size of an earlier pin")
        theirs = [begin for begin in theirs if begin >= since]
    for begin in sorted(set(ours) & set(theirs)):
        if target.get(batch_key(begin)) != source.get(batch_key(begin)):
            raise RolledBackError(f"{batch_key(begin)}: two histories: the batch there is another one")
    held = _end(target, ours) if ours else (since or 0)
    new = [begin for begin in theirs if begin >= held]
    _check_gaps(source, held, new)
    whole = read_ledger(Both(target, source))
    covered = whole.covered.size if whole.covered else 0
    new = [begin for begin in new if begin < covered]
    size = max(_end(source, new), held) if new else held
    written = _copy_objects(whole, source, target, held, size)
    written += _commit(source, target, new)
    beside, damaged = _copy_beside(source, target, size)
    if new:
        target.replace(CHECKPOINT_HINT_KEY, source.get(checkpoint_key(size)))
    return Delivery(
        brought=Carried(begin=min(theirs, default=held), end=_end(source, theirs) if theirs else held),
        held=held,
        size=size,
        objects=written + beside,
        damaged=damaged,
    )


def judge(brought: Carried, held: int, earlier: Sequence[Carried]) -> Iterator[str]:
    """Yield what is to be said of a delivery to a place that held `held` leaves, after the earlier ones."""
    if brought.begin > held:
        yield f"missing: leaves {held} to {brought.begin - 1}: an earlier medium has not come"
    if brought.end <= held:
        yield f"repeated: all of its leaves, {brought.begin} to {brought.end}, were here before"
    elif brought.begin < held:
        yield f"repeated: leaves {brought.begin} to {held - 1} were here before"
    ahead = [one for one in earlier if one.begin > brought.begin and one.begin >= brought.end]
    if ahead and brought.end > held:
        these = f"leaves {brought.begin} to {brought.end - 1}"
        yield f"reordered: leaves from {ahead[0].begin} on were brought before {these}"


def span_of(source: Store) -> Carried:
    """Return which leaves a place holds."""
    batches = _batches(source)
    return Carried(begin=min(batches, default=0), end=_end(source, batches) if batches else 0)


def held_by(target: Store) -> int:
    """Return how many leaves a replica holds."""
    batches = _batches(target)
    return _end(target, batches) if batches else 0


def _check_same(source: Store, target: Store) -> None:
    theirs = read_store_info(source)
    try:
        ours = read_store_info(target)
    except MissingError:
        return
    if ours != theirs:
        raise RolledBackError(f"the log there is {ours.origin}, this one is {theirs.origin}")


def _batches(store: Store) -> list[int]:
    """Return where batches begin, in order."""
    sizes = (parse_key(key).size for key in store.keys("log/batch/"))
    return sorted(size for size in sizes if size is not None)


def _end(store: Store, batches: Sequence[int]) -> int:
    last = max(batches)
    return last + len(load_batch(store.get(batch_key(last)), batch_key(last)))


def _check_gaps(source: Store, held: int, new: Sequence[int]) -> None:
    """Raise unless the new batches go on from `held`, each from the one before."""
    at = held
    for begin in new:
        if begin != at:
            raise MissingLeavesError(
                f"leaves {at} to {begin - 1} are missing: an earlier medium has not come",
                hint="bring that one first; nothing was written",
            )
        at = _end(source, [begin])


def _copy_objects(whole: Ledger, source: Store, target: Store, held: int, size: int) -> int:
    """Copy what the new leaves name, checked; return how many objects were written."""
    written = 0
    gone = erased_in(History.read(whole.store))
    early = (index for index, leaf in enumerate(whole.chain.leaves[:held]) if leaf.kind in ("genesis", "key"))
    for index in chain(early, range(held, size)):
        accepted = whole.open(index)
        for digest, length in accepted.blobs.items():
            if digest in gone:
                continue
            get_blob(whole.store, digest, length)
            written += _copy(source, target, blob_key(digest))
        for digest, length in accepted.part.originals().items() if accepted.part is not None else ():
            if digest in gone:
                continue
            check_original(whole.store, digest, length)
            written += _copy(source, target, original_key(digest))
        named = [key for key in places_of(whole.chain.leaves[index], whole.places) if not _has(target, key)]
        if accepted.quarantine is not None:
            named.append(accepted.quarantine.key)
        written += sum(_copy(source, target, key) for key in named)
    target.put(STORE_KEY, source.get(STORE_KEY))
    return written


def _copy(source: Store, target: Store, key: str) -> bool:
    """Copy one object, whose bytes were checked; return whether it was not there."""
    if _has(target, key):
        return False
    target.put(key, source.get(key))
    return True


def _has(store: Store, key: str) -> bool:
    return key in store.keys(key)


def _commit(source: Store, target: Store, new: Sequence[int]) -> int:
    """Write the batches, then their checkpoints."""
    for begin in new:
        target.put(batch_key(begin), source.get(batch_key(begin)))
        target.put(checkpoint_key(_end(source, [begin])), source.get(checkpoint_key(_end(source, [begin]))))
    return 2 * len(new)


def _copy_beside(source: Store, target: Store, size: int) -> tuple[int, tuple[str, ...]]:
    """Copy what was made over checkpoints: what cannot be carried is named."""
    written, damaged = 0, []
    for one in (*kept(source, TOKENS), *kept(source, COSIGNATURES)):
        if one.size > size:
            continue
        try:
            written += _copy(source, target, one.key)
        except Error as error:
            damaged.append(str(error))
    return written, tuple(damaged)
