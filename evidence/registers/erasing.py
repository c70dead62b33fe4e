"""
Erasing: what goes, what is said of it, and removing it; in this order, so that a crash leaves nothing unexplained.

First the owner's statement, which counts once it is sealed; only then is anything removed. Done again it does what is
left to do.
"""

from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from evidence.errors import Error
from evidence.log.accept import accept
from evidence.log.erased import erased_in, named_in, naming, read_with
from evidence.log.erasure import MAX_ERASED, Named, digests_of, erasure_predicate, erasure_subjects
from evidence.log.history import History
from evidence.log.keyring import Keyring, Role
from evidence.log.nearby import recall, remember
from evidence.log.part import PartStatement
from evidence.log.writer import LOCK_WAIT_S, append
from evidence.model.names import AssetId, Digest, digest_of
from evidence.registers.holding import holds_in_force
from evidence.registers.signing import newest_plan
from evidence.store.erases import Erases
from evidence.store.interface import Store, StoreError
from evidence.store.known import memory_of
from evidence.store.layout import blob_key, original_key
from evidence.store.lock import locked


class NotErasableError(Error):
    """Something cannot be erased, or not yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What is to go."""

    artefacts: frozenset[Digest]
    originals: frozenset[Digest]
    affected: frozenset[Digest]
    """Every statement that names something of it."""
    assets: frozenset[AssetId]
    """Whose answers they are."""
    shared: frozenset[Digest]
    """Answers of the asset that stay: another, or it itself later, gave the same bytes, or a list has them."""
    moving: frozenset[Digest]
    """Artefacts that hold values of these answers, and of others, that change by themselves; they stay."""

    @property
    def digests(self) -> frozenset[Digest]:
        """All of it."""
        return self.artefacts | self.originals


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed:
    """What was removed."""

    objects: int
    versions: int
    left: tuple[str, ...]
    """What was not, and why, in words."""


def choose(
    history: History, digests: Collection[Digest], *, asset: AssetId | None = None, before: str | None = None
) -> Chosen:
    """
    Return what goes: artefacts and originals by digest, and the answers of an asset, up to a moment (RFC 3339 UTC).

    With an answer goes its encrypted original. Raises `NotErasableError` for what is unknown, is no answer, or is named
    by a statement that waits to be sealed.
    """
    every = [accepted for _, accepted in naming(history, history.statements)]
    parts = [accepted.part for accepted in every if accepted.part is not None]
    ours, moving = set[Digest](), set[Digest]()
    others = set[Digest]().union(*map(read_with, every))
    for capture in (capture for part in parts for capture in part.captures):
        if capture.asset == asset and (before is None or capture.at < before):
            ours.add(capture.blob)
            moving |= {capture.volatile.blob} if capture.volatile else set()
        else:
            others.add(capture.blob)
    if asset is not None and not ours:
        raise NotErasableError(f"{asset}: the log holds no such answer of it")
    named = frozenset(digests) | (ours - others)
    belonging = [capture for part in parts for capture in part.captures if capture.blob in named]
    sealed = {one.original.digest for part in parts for one in part.captures if one.original is not None}
    originals = frozenset(one.original.digest for one in belonging if one.original is not None) | (named & sealed)
    everything = _named(history, named | originals)
    _check(history, everything)
    return Chosen(
        artefacts=named - originals,
        originals=originals,
        affected=frozenset(one for found in everything.by.values() for one in found.values()),
        assets=frozenset(one.asset for part in parts for one in part.captures if digests_of(one) & everything.wanted),
        shared=frozenset(ours & others) - named,
        moving=frozenset(moving) - named,
    )


def _named(history: History, wanted: frozenset[Digest]) -> Named:
    return named_in(naming(history, history.statements), wanted)


def _check(history: History, named: Named) -> None:
    """Raise `NotErasableError` unless all of it is an answer that sealed statements name, and no others."""
    for digest in sorted(named.wanted):
        if digest in named.lasting:
            raise NotErasableError(f"{digest}: is no answer; without it the log cannot be read")
        if digest not in named.by:
            raise NotErasableError(f"{digest}: no statement of the log names it")
    if named.wanted & _waiting(history):
        raise NotErasableError("a part that is not sealed yet names it, too", hint="`plantproof seal`, then again")


def _waiting(history: History) -> frozenset[Digest]:
    return frozenset().union(*map(PartStatement.answers, history.unsealed()))


def state(keyring: Keyring, history: History, chosen: Chosen, *, by: str, reason: str, at: datetime) -> Digest | None:
    """Sign that what is chosen is erased, as far as nobody has said so; it counts once it is sealed."""
    new = chosen.digests - erased_in(history).keys() - _said_unsealed(history)
    if not new:
        return None
    affected = {one for found in _named(history, new).by.values() for one in found.values()}
    predicate = erasure_predicate(by=by, reason=reason, at=at, here=history.checkpoint, affected=affected)
    subjects = erasure_subjects(newest_plan(history), chosen.artefacts & new, chosen.originals & new)
    return append(history.ledger.store, keyring, kind="erasure", predicate=predicate, subjects=subjects)


def _said_unsealed(history: History) -> frozenset[Digest]:
    """Return what erasures say that wait to be sealed: somebody died in between, or another one seals."""
    store, ledger = history.ledger.store, history.ledger
    logged = {entry.digest for entry in history.statements}
    found = set[Digest]()
    for key in store.keys("statements/erasure/"):
        data = store.get(key)
        digest = digest_of(data)
        if digest not in logged and (key, digest) not in ledger.quarantined:
            with suppress(Error):
                erasure = accept(key, data, ledger.authority).erasure
                found |= erasure.digests if erasure else set()
    return frozenset(found)


def obstacles(history: History, chosen: Chosen, *, bypass: bool, at: datetime) -> Iterator[str]:
    """Yield in words what keeps any of it from being removed: legal holds, and the store's own locks and holds."""
    erases = _erases(history.ledger.store)
    yield from (str(hold) for hold in holds_in_force(history) if any(map(hold.covers, chosen.assets)))
    for key in _keys(chosen.artefacts, chosen.originals):
        yield from erases.kept_by(key, bypass=bypass, at=at)


def free(store: Store, digests: Collection[Digest], *, at: datetime) -> tuple[tuple[Digest, ...], int]:
    """Return so many of these that one erasure can name as no lock keeps, and how many are locked."""
    erases = _erases(store)
    going: list[Digest] = []
    locked = 0
    for digest in sorted(digests):
        if len(going) == MAX_ERASED // 2:  # the originals of answers go with them
            break
        kept = any(True for key in _keys([digest], [digest]) for _ in erases.kept_by(key, bypass=False, at=at))
        locked += kept
        if not kept:
            going.append(digest)
    return tuple(going), locked


def remove(store: Store, keyring: Keyring, chosen: Chosen, *, bypass: bool, at: datetime) -> Removed:
    """
    Remove what is chosen, as far as a sealed erasure says that it is gone, while nobody seals.

    What a statement names that came since was collected again, and stays.
    """
    erases = _erases(store)
    with locked(store, wait_s=LOCK_WAIT_S):
        # What is remembered of a store far away must be corrected, or the blobs would be taken to be there.
        if memory_of(store) is not None:
            recall(store, keyring.known(Role.SEALER).values())
        history = History.read(store)
        gone = erased_in(history).keys() - _waiting(history)
        held = [str(hold) for hold in holds_in_force(history) if any(map(hold.covers, chosen.assets))]
        if held:
            return Removed(objects=0, versions=0, left=tuple(held))
        going = [*_keys(chosen.artefacts & gone, chosen.originals & gone)]
        left = [f"{digest}: was collected again" for digest in sorted(chosen.digests - gone)]
        left += [words for key in going for words in erases.kept_by(key, bypass=bypass, at=at)]
        kept = {words.partition(":")[0] for words in left}
        versions = [erases.erase(key, bypass=bypass) for key in going if key not in kept]
        known = memory_of(store)
        if known is not None:
            known.forget_all(chosen.artefacts & gone)
            if Role.SEALER in keyring.signing:
                remember(store, keyring)
    return Removed(objects=sum(map(bool, versions)), versions=sum(versions), left=tuple(left))


def is_said(history: History, chosen: Chosen) -> bool:
    """Tell whether sealed erasures say of all of it that it is gone."""
    return chosen.digests <= erased_in(history).keys()


def _keys(artefacts: Collection[Digest], originals: Collection[Digest]) -> Iterator[str]:
    yield from map(blob_key, sorted(artefacts))
    yield from map(original_key, sorted(originals))


def _erases(store: Store) -> Erases:
    if not isinstance(store, Erases):
        raise StoreError("this store removes nothing")
    return store
