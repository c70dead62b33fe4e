"""Signed parts out of chunks: packed volatile blob, action log, statement."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass

from collectors.conduct import Conduct
from collectors.record import Chunk
from evidence.clock import Clock, rfc3339
from evidence.log.canonical import dumps
from evidence.log.keyring import Keyring
from evidence.log.part import part_predicate, part_subjects
from evidence.log.writer import append
from evidence.model.asset import Asset
from evidence.model.names import Digest
from evidence.store.blobs import put_blob
from evidence.store.interface import Store


def asset_rows(assets: Sequence[Asset]) -> list[dict[str, object]]:
    """Return the ledger as it is frozen into evidence: one row an asset, by name, without what is not said."""
    rows = []
    for asset in sorted(assets, key=lambda one: one.id):
        row: dict[str, object] = {"asset": asset.id}
        for name, value in asdict(asset).items():
            if name != "id" and value not in (None, (), False):
                row[name] = list(value) if isinstance(value, tuple) else value
        rows.append(row)
    return rows


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
    after: Mapping[str, object] | None
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
        redaction_key: str,
    ) -> None:
        self.written: list[Digest] = []
        self._store = store
        self._keyring = keyring
        self._identity = identity
        self._conduct = conduct
        self._clock = clock
        self._scrub = scrub
        self._redaction_key = redaction_key

    def write(self, chunk: Chunk, last: bool) -> None:
        """Store the chunk's packed blobs, then its statement."""
        packed = put_blob(self._store, bytes(chunk.volatile))
        captures = chunk.sealed_captures(packed)
        identity = self._identity
        predicate = part_predicate(
            run=identity.run,
            slot=identity.slot,
            label=identity.label,
            chunk=len(self.written),
            last=last,
            previous=self.written[-1:],
            after=identity.after,
            assets=identity.assets,
            assets_bytes=identity.assets_bytes,
            platforms=identity.platforms,
            platforms_bytes=identity.platforms_bytes,
            started=chunk.started,
            ended=rfc3339(self._clock.now()),
            clock=identity.clock,
            tool=identity.tool,
            run_by=identity.run_by,
            outcomes=chunk.outcomes,
            captures=captures,
            conduct=self._conduct_rows(chunk),
            redaction={"ruleset": identity.platforms, "hits": chunk.hits, "key": self._redaction_key},
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


def put_rows(store: Store, rows: object) -> tuple[Digest, int]:
    """Keep plain values as canonical JSON; return digest and length."""
    data = dumps(rows)
    return put_blob(store, data), len(data)
