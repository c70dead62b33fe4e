"""Witnessing: somebody who is not the log's writer looks at it now and then, and remembers one line of what he saw."""

from dataclasses import dataclass

from evidence.log.chain import LogError, RolledBackError, check_pin
from evidence.log.cosign import Cosignature, read_cosignature
from evidence.log.ledger import Ledger, read_ledger
from evidence.log.note import Checkpoint
from evidence.store.interface import Store
from evidence.store.layout import cosignature_key


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a witness saw."""

    checkpoint: Checkpoint
    root_key: str
    """Fingerprint of the root key that made the log."""


def look(store: Store, before: Checkpoint | None) -> Seen:
    """
    Recompute a log from its batches, and return the newest checkpoint a sealer signed.

    Raises `RolledBackError` where it does not hold everything `before` stands for: it was forked, or cut back.
    """
    ledger = read_ledger(store)
    if ledger.covered is None:
        raise LogError("nothing is sealed yet; there is nothing to witness")
    if before is not None:
        check_pin(before, ledger.info.origin, ledger.chain)
        if before.size > ledger.covered.size:
            raise RolledBackError(f"the newest checkpoint is of {ledger.covered.size} leaves, it was {before.size}")
    return Seen(checkpoint=ledger.covered, root_key=ledger.authority.root.id)


def take(store: Store, data: bytes) -> tuple[Cosignature, str]:
    """
    Keep a witness' cosignature, and return it with its key.

    Raises unless it is of this log as it was. Whether the witness is one to be trusted is the verifier's question.
    """
    made, ledger = read_cosignature(data), read_ledger(store)
    _check_seen(made, ledger)
    key = cosignature_key(made.checkpoint.size, made.file_name)
    store.put(key, data)
    return made, key


def _check_seen(made: Cosignature, ledger: Ledger) -> None:
    if made.checkpoint.origin != ledger.info.origin:
        raise LogError(f"a cosignature of the log {made.checkpoint.origin}, this one is {ledger.info.origin}")
    if ledger.chain.roots.get(made.checkpoint.size) != made.checkpoint.root:
        raise LogError(
            f"{made.name} saw another log at {made.checkpoint.size} leaves: {made.checkpoint.root}",
            hint="keep that cosignature: it proves that there are two histories under one name",
        )
