"""
Sealing: making statements count.

One object commits: the batch of new leaves. What was written before it is nothing anyone refers to, what comes after
(checkpoint, hints) can be made again from it. So a seal that dies anywhere is completed by the next one.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from evidence.errors import Error
from evidence.log.accept import Accepted, Found, accept_all, check_plan
from evidence.log.authority import Authority
from evidence.log.chain import Leaf, check_pin, dump_batch, in_order, read_chain
from evidence.log.erased import check_erasure
from evidence.log.fields import Fields
from evidence.log.hints import read_hint, write_hint
from evidence.log.keyring import Keyring, Role
from evidence.log.keystatement import Act
from evidence.log.ledger import Ledger, places_of, read_ledger
from evidence.log.nearby import recall, remember
from evidence.log.note import Checkpoint, read_checkpoint, sign_checkpoint
from evidence.log.outline import Outline
from evidence.log.outlines import outline_of, remember_outlines
from evidence.log.quarantine import quarantine_predicate
from evidence.log.retain import look_after
from evidence.log.statement import Subject
from evidence.log.whole import Whole
from evidence.log.writer import LOCK_WAIT_S, append
from evidence.model.names import Digest, digest_of
from evidence.store.blobs import BlobError
from evidence.store.interface import ConflictError, MissingError, Store, StoreError
from evidence.store.layout import (
    CHECKPOINT_HINT_KEY,
    MAX_BATCH_LEAVES,
    KeyNameError,
    batch_key,
    checkpoint_key,
    parse_key,
)
from evidence.store.lock import locked

ANCHOR = "anchor"
"""The hint that holds the newest checkpoint this sealer signed."""

BUNCH, BUNCH_BYTES = 64, 1024 * 1024
"""Parts that are checked together at most, and the bytes that are enough."""

MAX_LOST = 20
"""Most races lost in a row to sealers on other machines; one log has one sealer, so there should be none."""

_Waiting = deque[tuple[str, str]]
"""Key and kind of what is not sealed yet, in the order in which it is looked at."""

_ANCHOR = frozenset({"size", "root"})
_FIRST = {"genesis": 0, "key": 1, "plan": 2, "quarantine": 3, "review": 4}
_LAST = len(_FIRST)


class SealError(Error):
    """The log cannot be sealed as it stands."""


@dataclass(slots=True, kw_only=True)
class _Batch:
    """What one seal is about to commit."""

    authority: Authority
    plans: set[Digest]
    quarantined: set[tuple[str, Digest]]
    whole: Whole
    logged: set[Digest]
    """What stands in the log, and what will with this batch: no statement stands there twice."""
    leaves: list[Leaf] = field(default_factory=list)
    signers: set[str] = field(default_factory=set)
    """Who signed them."""
    adopting: set[Digest] = field(default_factory=set)
    """What its reviews adopt; that counts from the next batch on, as leaves of one stand in no order of time."""
    outlines: dict[Digest, Outline] = field(default_factory=dict)
    """What its larger parts are about."""
    more: bool = False
    """Whether something had to wait for another batch."""

    @property
    def room(self) -> int:
        """How many leaves more it can have."""
        return MAX_BATCH_LEAVES - len(self.leaves)

    def add(self, leaf: Leaf) -> None:
        """Commit a statement, too, unless it is in the log."""
        if leaf.statement not in self.logged:
            self.logged.add(leaf.statement)
            self.leaves.append(leaf)


@dataclass(slots=True)
class _Done:
    """What one seal came to, for what is remembered of it afterwards."""

    named: set[Digest] = field(default_factory=set)
    """Every blob its statements name."""
    outlines: dict[int, tuple[Digest, Outline]] = field(default_factory=dict)
    """What its larger parts are about, by their place."""


def seal(
    store: Store,
    keyring: Keyring,
    *,
    at: datetime,
    pin: Checkpoint | None = None,
    wait_s: float = LOCK_WAIT_S,
    renewing: bool = False,
) -> Checkpoint:
    """
    Commit every statement that is not in the log yet, and return the newest checkpoint.

    What does not pass its checks is set aside by a signed `quarantine` statement. A log that is older than `pin`, or
    than the newest checkpoint this sealer remembers, raises `RolledBackError` and is left as it is. `BusyError` when
    another process seals for longer than `wait_s`.

    What was stated of time stamps waits until there is something else to commit, or until they are to be renewed
    (`renewing`): it would ask for another time stamp, and so on.
    """
    with locked(store, wait_s=wait_s):
        recall(store, keyring.known(Role.SEALER).values())
        ledger = read_ledger(store)
        for anchor in (pin, _remembered(ledger, keyring)):
            if anchor is not None:
                check_pin(anchor, ledger.info.origin, ledger.chain)
        done = _Done()
        ledger, newest = _seal(ledger, keyring, at, done, renewing=renewing)
        _remember(ledger, keyring, newest)
        remember_outlines(store, keyring, done.outlines)
        look_after(store, keyring, done.named, at=at)
        remember(store, keyring)
        return newest


def _seal(ledger: Ledger, keyring: Keyring, at: datetime, done: _Done, *, renewing: bool) -> tuple[Ledger, Checkpoint]:
    """
    Commit batch after batch until nothing is left; where a sealer elsewhere was first, go on from its batch.

    What it comes to is added to `done`.
    """
    lost = 0
    waiting: _Waiting | None = None
    while True:
        if ledger.covered is None or ledger.covered.size < ledger.chain.size:
            ledger = _adopt(ledger, keyring)
        waiting = _unsealed(ledger) if waiting is None else waiting
        batch = _gather(ledger, keyring, at, waiting)
        done.named |= batch.whole.named
        if not batch.leaves or (not renewing and {leaf.kind for leaf in batch.leaves} == {"anchor"}):
            return ledger, ledger.here
        try:
            newest = _commit(ledger, keyring, batch, done)
        except ConflictError:
            lost += 1
            if lost == MAX_LOST:
                raise
            ledger, waiting = read_ledger(ledger.store), None
        else:
            if not waiting and not batch.more:
                return ledger, newest
            size = ledger.chain.size + len(batch.leaves)
            ledger, waiting = _after(ledger, size, None if batch.more else waiting)


def _after(ledger: Ledger, size: int, waiting: _Waiting | None) -> tuple[Ledger, _Waiting | None]:
    """
    Return the log after a batch, and what still waits if that is known: nobody else has sealed since it was listed, or
    the log would not have this `size`.

    What one batch had no room for goes into another, as if the first had been larger: what was written in between is
    left to the next seal either way, so it can change nothing about it.
    """
    if waiting is not None:
        after = read_ledger(ledger.store, places=ledger.places)
        if after.chain.size == size:
            return after, waiting
    return read_ledger(ledger.store), None


def _adopt(ledger: Ledger, keyring: Keyring) -> Ledger:
    """Sign for a batch whose sealer died before it could; raise if it holds what no sealer would have put there."""
    if not ledger.chain.size:
        return ledger
    batch = _begin(ledger)
    for index in range(ledger.covered.size if ledger.covered else 0, ledger.chain.size):
        leaf = ledger.chain.leaves[index]
        try:
            accepted = ledger.open(index)
            check_plan(accepted, ledger.plans)
            batch.whole.check(accepted)
            check_erasure(ledger, accepted)
        except Error as error:
            raise SealError(f"a batch without a checkpoint holds a bad leaf, {leaf.statement}: {error}") from error
    _sign(ledger, keyring, ledger.authority, ledger.here)
    return read_ledger(ledger.store)


def _gather(ledger: Ledger, keyring: Keyring, at: datetime, waiting: _Waiting) -> _Batch:
    """
    Check what is new and return the leaves of the next batch; quarantine statements are written on the way.

    What was looked at is taken from `waiting`.
    """
    batch = _begin(ledger, waiting=len(waiting))
    retiring: list[Found] = []
    while batch.room and (bunch := _bunch(ledger.store, waiting, at_most=batch.room)):
        for found, accepted in _checked(ledger, keyring, batch, bunch, at):
            if accepted.key is not None and accepted.key.act is Act.RETIRE:
                retiring.append(found)
            elif accepted.digest not in batch.logged:
                _take(batch, accepted)
    batch.more |= len(retiring) > batch.room
    for found in retiring[: batch.room]:
        # Within a batch keys stand before what they signed, so a retirement waits until nothing of the key's does.
        for _, accepted in _checked(ledger, keyring, batch, [found], at):
            if accepted.key is not None and accepted.key.key.id in batch.signers:
                batch.more = True
            else:
                _take(batch, accepted)
    return batch


def _bunch(store: Store, waiting: _Waiting, *, at_most: int) -> list[Found]:
    """Read what is looked at next: parts in bunches, as none of them changes what another has to be."""
    read: list[tuple[str, bytes]] = []
    size = 0
    while waiting:
        key, kind = waiting.popleft()
        data = store.get(key)
        read.append((key, data))
        size += len(data)
        if kind != "part" or len(read) == min(at_most, BUNCH) or size >= BUNCH_BYTES:
            break
    return [Found(key, data, digest_of(data)) for key, data in read]


def _checked(
    ledger: Ledger, keyring: Keyring, batch: _Batch, bunch: Sequence[Found], at: datetime
) -> list[tuple[Found, Accepted]]:
    """Return the statements that may count; what may not is set aside, if it was not before."""
    new = [found for found in bunch if (found.key, found.digest) not in batch.quarantined]
    try:
        statements = accept_all(new, batch.authority)
        for accepted in statements:
            check_plan(accepted, batch.plans)
        for accepted in statements:
            batch.whole.check(accepted)
        for accepted in statements:
            check_erasure(ledger, accepted)
    except Error as error:
        lacks = isinstance(error, MissingError | BlobError)
        if isinstance(error, StoreError) and not lacks:
            raise
        if len(new) > 1:
            return [one for found in new for one in _checked(ledger, keyring, batch, [found], at)]
        if not lacks and new[0].digest in batch.adopting:
            batch.more = True
        else:
            batch.add(_set_aside(ledger.store, keyring, new[0], error, at))
        return []
    for found, accepted in zip(new, statements, strict=True):
        outline = outline_of(accepted.part, len(found.data)) if accepted.part is not None else None
        if outline is not None:
            batch.outlines[accepted.digest] = outline
    return list(zip(new, statements, strict=True))


def _begin(ledger: Ledger, *, waiting: int = 0) -> _Batch:
    return _Batch(
        authority=ledger.authority,
        plans=set(ledger.plans),
        quarantined=set(ledger.quarantined),
        whole=Whole(ledger, waiting=waiting),
        logged={leaf.statement for leaf in ledger.chain.leaves},
    )


def _take(batch: _Batch, accepted: Accepted) -> None:
    if accepted.review is None:
        batch.authority = accepted.authority
    else:
        batch.adopting.update(accepted.review.adopted)
        batch.more = True
    if accepted.plan is not None:
        batch.plans.add(accepted.plan)
    if accepted.quarantine is not None:
        batch.quarantined.add((accepted.quarantine.key, accepted.quarantine.found))
    if accepted.statement.signer is not None:
        batch.signers.add(accepted.statement.signer)
    batch.add(Leaf(accepted.statement.kind, accepted.digest))


def _unsealed(ledger: Ledger) -> _Waiting:
    """
    Return key and kind of every statement that no leaf stands for; what is no statement's key is `verify`'s to name.

    Parts are those the ledger found when the lock was held already: who seals has written his before. Where a logged
    part lies under two slots both are there: the copy is to be set aside, the other passes.
    """
    settled = set()
    for leaf in ledger.chain.leaves:
        places = places_of(leaf, ledger.places)
        if len(places) == 1:
            settled.add(places[0])
    parts = sorted(key for places in ledger.places.values() for key in places)
    others = sorted(_statements(ledger.store), key=lambda pair: _FIRST.get(pair[1], _LAST))
    found = (*others, *((key, "part") for key in parts))
    return deque(pair for pair in found if pair[0] not in settled)


def _statements(store: Store) -> Iterator[tuple[str, str]]:
    for key in store.keys("statements/"):
        with suppress(KeyNameError):
            yield key, parse_key(key).kind or ""


def _set_aside(store: Store, keyring: Keyring, found: Found, why: Error, at: datetime) -> Leaf:
    subjects = (Subject(name="object", digest=found.digest),)
    predicate = quarantine_predicate(found.key, found.digest, str(why), at)
    return Leaf("quarantine", append(store, keyring, kind="quarantine", predicate=predicate, subjects=subjects))


def _commit(ledger: Ledger, keyring: Keyring, batch: _Batch, done: _Done) -> Checkpoint:
    """Write the batch, then sign for it."""
    _check_sealer(keyring, batch.authority)
    ledger.store.put(batch_key(ledger.chain.size), dump_batch(in_order(batch.leaves)))
    chain = read_chain(ledger.store)
    checkpoint = Checkpoint(origin=ledger.info.origin, size=chain.size, root=chain.root)
    _sign(ledger, keyring, batch.authority, checkpoint)
    for index in range(ledger.chain.size, chain.size):
        digest = chain.leaves[index].statement
        if digest in batch.outlines:
            done.outlines[index] = digest, batch.outlines[digest]
    return checkpoint


def _sign(ledger: Ledger, keyring: Keyring, authority: Authority, checkpoint: Checkpoint) -> None:
    _check_sealer(keyring, authority)
    key = checkpoint_key(checkpoint.size)
    try:
        ledger.store.put(key, sign_checkpoint(keyring.key(Role.SEALER), checkpoint))
    except ConflictError:
        # Another sealer adopted the batch first and signed with a key of its own: as good, if it says the same.
        note = read_checkpoint(ledger.store.get(key))
        authority.check_note(note)
        if note.checkpoint != checkpoint:
            raise


def _check_sealer(keyring: Keyring, authority: Authority) -> None:
    """Raise before anything is committed that this sealer could not sign for."""
    authority.key_of(keyring.key(Role.SEALER).public.id, Role.SEALER, "checkpoint")


def _remembered(ledger: Ledger, keyring: Keyring) -> Checkpoint | None:
    """Return the newest checkpoint this sealer remembers having signed."""
    value = read_hint(ledger.store, keyring, ANCHOR, role=Role.SEALER)
    if value is None:
        return None
    anchor = Fields(value, ANCHOR, _ANCHOR, frozenset())
    return Checkpoint(origin=ledger.info.origin, size=anchor.whole("size"), root=anchor.text("root"))


def _remember(ledger: Ledger, keyring: Keyring, newest: Checkpoint) -> None:
    """Make the hints say what the log says, where they do not."""
    note = ledger.store.get(checkpoint_key(newest.size))
    if _kept(ledger.store, CHECKPOINT_HINT_KEY) != note:
        ledger.store.replace(CHECKPOINT_HINT_KEY, note)
    if _remembered(ledger, keyring) != newest:
        write_hint(ledger.store, keyring, ANCHOR, {"size": newest.size, "root": newest.root}, role=Role.SEALER)


def _kept(store: Store, key: str) -> bytes | None:
    try:
        return store.get(key)
    except MissingError:
        return None
