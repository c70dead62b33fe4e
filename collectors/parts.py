"""Signed parts out of chunks: packed volatile blob, action log, statement."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from collectors.conduct import Conduct
from collectors.record import Chunk
from evidence.clock import Clock
from evidence.log.keyring import Keyring
from evidence.log.note import Checkpoint
from evidence.log.part import part_predicate, part_subjects
from evidence.log.writer import append
from evidence.model.names import Digest
from evidence.store.blobs import put_blob
from evidence.store.interface import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class RunIdentity:
    """What every part of one run says of the run."""

    run: str
    slot: str
    label: str
    plan: Digest
    assets: Digest
    assets_bytes: int
    platforms: Digest
    platforms_bytes: int
    after: Checkpoint | None
    previous: tuple[Digest, ...]
    """This key's earlier statements that nothing refers to yet."""
    clock: Mapping[str, object]
    tool: Mapping[str, object]
    run_by: Mapping[str, object]
    pace: str
    """`classes`, or `none` where the run was let loose on loopback."""


class PartWriter:
    """Writes a run's chunks as signed parts, one after the other."""

    def __init__(
        self,
        store: Store,
        keyring: Keyring,
        identity: RunIdentity,
        *,
        conduct: Conduct,
        clock: Clock,
        scrub: Callable[[str], str],
        redaction_keys: Mapping[str, str],
    ) -> None:
        self.written: list[Digest] = []
        self._store = store
        self._keyring = keyring
        self._identity = identity
        self._conduct = conduct
        self._clock = clock
        self._scrub = scrub
        self._redaction_keys = redaction_keys

    def write(self, chunk: Chunk, last: bool) -> None:
        """Store the chunk's packed blobs, then its statement."""
        volatile = bytes(chunk.volatile)
        packed = {put_blob(self._store, volatile): len(volatile)} if volatile else {}
        captures = chunk.sealed_captures(next(iter(packed), None))
        identity = self._identity
        predicate = part_predicate(
            run=identity.run,
            slot=identity.slot,
            label=identity.label,
            chunk=len(self.written),
            last=last,
            previous=self.written[-1:] or identity.previous,
            after=identity.after,
            assets=identity.assets,
            assets_bytes=identity.assets_bytes,
            packed=packed,
            platforms=identity.platforms,
            platforms_bytes=identity.platforms_bytes,
            started=chunk.started,
            ended=self._clock.now(),
            clock=identity.clock,
            tool=identity.tool,
            run_by=identity.run_by,
            outcomes=chunk.outcomes,
            captures=captures,
            conduct=self._conduct_rows(chunk),
            redaction={
                "ruleset": identity.platforms,
                "hits": chunk.hits,
                "unlisted": chunk.unlisted,
                **self._redaction_keys,
            },
        )
        subjects = part_subjects(identity.plan, captures)
        self.written.append(append(self._store, self._keyring, kind="part", predicate=predicate, subjects=subjects))

    def _conduct_rows(self, chunk: Chunk) -> dict[str, object]:
        log = self._scrub("".join(f"{line}\n" for line in self._conduct.drain())).encode()
        totals = self._conduct.totals
        return {
            "log": put_blob(self._store, log),
            "log_bytes": len(log),
            "requests": totals.requests,
            "failed": totals.failed,
            "refused": totals.refused,
            "max_rate_per_device": totals.max_rate_per_device,
            "max_rate_per_zone": totals.max_rate_per_zone,
            "pace": self._identity.pace,
            "uptimes": chunk.uptimes,
        }
