"""The log as it stands: its leaves, and what has to be known of its earlier statements to judge the next one."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from evidence.errors import Error
from evidence.log import dsse
from evidence.log.accept import Accepted, accept
from evidence.log.authority import Authority, found
from evidence.log.chain import (
    Chain,
    Leaf,
    LogError,
    StoreInfo,
    checkpoint_sizes,
    part_keys,
    read_chain,
    read_store_info,
)
from evidence.log.keyring import Role
from evidence.log.note import Checkpoint, read_checkpoint
from evidence.log.statement import ROLE_OF
from evidence.model.names import Digest, digest_of
from evidence.store.interface import Store
from evidence.store.layout import MAX_STATEMENT_BYTES, checkpoint_key, statement_key

_EAGER = frozenset({"genesis", "key", "review", "plan", "quarantine"})

DISTRUSTED = "distrusted"
"""Stands for the kind of a logged statement whose key was revoked since: whoever looks for a kind finds it not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """All leaves, and the statements among them that later ones depend on."""

    store: Store
    info: StoreInfo
    chain: Chain
    covered: Checkpoint | None
    """The newest checkpoint; leaves beyond it are committed, but nobody has signed for them yet."""
    places: Mapping[Digest, tuple[str, ...]]
    """Where each part lies."""
    authorities: tuple[tuple[int, Authority], ...]
    """Who may sign what from which index on."""
    plans: frozenset[Digest]
    quarantined: frozenset[tuple[str, Digest]]
    """Key and found digest of each object set aside."""

    @property
    def authority(self) -> Authority:
        """Who may sign what now."""
        return self.authorities[-1][1]

    @property
    def here(self) -> Checkpoint:
        """The whole chain as a checkpoint."""
        return Checkpoint(origin=self.info.origin, size=self.chain.size, root=self.chain.root)

    def authority_at(self, index: int) -> Authority:
        """Return who might sign the statement at `index`."""
        return _authority_at(self.authorities, index)

    def distrusted(self, size: int) -> frozenset[int]:
        """Return the leaves below `size` that do not count, by what had been revoked when the log had that size."""
        now, found = self.authority_at(size), set()
        for one in (one for ended in now.ended.values() for one in ended if one.distrust_from is not None):
            since = next(start for start, authority in self.authorities if one in authority.ended.get(one.key.id, ()))
            for index in range(one.distrust_from or 0, min(size, since)):
                leaf = self.chain.leaves[index]
                ours = ROLE_OF.get(leaf.kind) is one.role and not now.adopts(leaf.statement)
                if ours and self._signer(index) == one.key.id:
                    found.add(index)
        return frozenset(found)

    def _signer(self, index: int) -> str | None:
        """Return who says to have signed the statement at `index`; what cannot be read is for whoever opens it."""
        try:
            return dsse.read(self.envelope(index), dsse.IN_TOTO, at_most=MAX_STATEMENT_BYTES).key_id
        except Error:
            return None

    def open(self, index: int) -> Accepted:
        """Return the statement at `index`, checked; raise if it is not what the log says."""
        leaf, authority = self.chain.leaves[index], self.authority_at(index)
        *copies, last = places_of(leaf, self.places)
        for key in copies:
            with suppress(Error):
                return accept(key, self.store.get(key), authority)
        return accept(last, self.store.get(last), authority)

    def envelope(self, index: int) -> bytes:
        """Return the file of the statement at `index`; raise `LogError` where no copy has its digest."""
        leaf = self.chain.leaves[index]
        for key in places_of(leaf, self.places):
            data = self.store.get(key)
            if digest_of(data) == leaf.statement:
                return data
        raise LogError(f"{leaf.statement}: the bytes kept there have another digest")


def read_ledger(store: Store, *, places: Mapping[Digest, tuple[str, ...]] | None = None) -> Ledger:
    """
    Read the log; raise where its own objects, or the statements all others depend on, do not hold.

    Parts are listed unless it is known in what `places` they lie.
    """
    info = read_store_info(store)
    founded = found(store.get(statement_key("genesis", info.genesis)))
    if (founded.origin, founded.owner, founded.genesis) != (info.origin, info.owner, info.genesis):
        raise LogError(f"store.json: genesis makes the log {founded.origin} of {founded.owner}, not {info.origin}")
    chain = read_chain(store)
    if chain.size and chain.leaves[0] != Leaf("genesis", info.genesis):
        raise LogError("log/batch: the first leaf is not genesis")
    authorities = [(0, founded)]
    plans: set[Digest] = set()
    aside: dict[int, Accepted] = {}
    for index, leaf in enumerate(chain.leaves):
        if leaf.kind not in _EAGER:
            continue
        key = statement_key(leaf.kind, leaf.statement)
        accepted = accept(key, store.get(key), authorities[-1][1])
        if leaf.kind in ("key", "review"):
            authorities.append((index + 1, accepted.authority))
        if accepted.plan is not None:
            plans.add(accepted.plan)
        if accepted.quarantine is not None:
            aside[index] = accepted
    return Ledger(
        store=store,
        info=info,
        chain=chain,
        covered=_newest_checkpoint(store, chain, authorities),
        places=part_keys(store) if places is None else places,
        authorities=tuple(authorities),
        plans=frozenset(plans),
        quarantined=frozenset(_set_aside(aside, authorities)),
    )


def _authority_at(authorities: Sequence[tuple[int, Authority]], index: int) -> Authority:
    return authorities[bisect_right(authorities, index, key=lambda pair: pair[0]) - 1][1]


def _set_aside(
    statements: Mapping[int, Accepted], authorities: Sequence[tuple[int, Authority]]
) -> Iterator[tuple[str, Digest]]:
    """Yield what sealers set aside; not what one said that was revoked since, nor what an owner adopted after that."""
    now = authorities[-1][1]
    for index, accepted in statements.items():
        quarantine = accepted.quarantine
        if quarantine is None or now.distrusts(accepted.statement.signer, Role.SEALER, index):
            continue
        since = next((start for start, one in authorities if quarantine.found in one.adopted), None)
        if since is None or index >= since or not now.adopts(quarantine.found):
            yield quarantine.key, quarantine.found


def places_of(leaf: Leaf, parts: Mapping[Digest, tuple[str, ...]]) -> tuple[str, ...]:
    """Return the keys a leaf's statement may lie under, one but for copies; `parts` says where parts lie."""
    if leaf.kind != "part":
        return (statement_key(leaf.kind, leaf.statement),)
    try:
        return parts[leaf.statement]
    except KeyError:
        raise LogError(f"parts/…: the logged part {leaf.statement} is missing") from None


def _newest_checkpoint(store: Store, chain: Chain, authorities: Sequence[tuple[int, Authority]]) -> Checkpoint | None:
    """
    Return the newest checkpoint, signed and equal to the batches' own root.

    By whoever might sign when the log had that size: a batch that nobody has signed for yet may end his key.
    """
    newest = max(checkpoint_sizes(store), default=None)
    if newest is None:
        return None
    key = checkpoint_key(newest)
    note = read_checkpoint(store.get(key))
    _authority_at(authorities, newest).check_note(note)
    if note.checkpoint.size != newest or chain.roots.get(newest) != note.checkpoint.root:
        raise LogError(f"{key}: the batches do not add up to this checkpoint", hint="was a batch removed or replaced?")
    return note.checkpoint
