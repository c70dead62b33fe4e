"""The main job: plan, capture, redact, store, sign, seal."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from collectors.conduct import Conduct
from collectors.engine import Doors, Engine, EngineOptions
from collectors.hold import held
from collectors.inventory.host import Host
from collectors.locks import DeviceLocks
from collectors.memory import DeviceMemory, dump_memory, load_memory
from collectors.pace import Pace
from collectors.parts import PartWriter, RunIdentity
from collectors.plan import Knowledge, Plan
from collectors.record import Kept, Recording
from collectors.redact import Redactor
from collectors.transports.interface import Gate
from evidence.clock import Clock
from evidence.log.hints import read_hint, write_hint
from evidence.log.keyring import Keyring
from evidence.log.seal import seal
from evidence.model.names import AssetId
from evidence.model.outcome import Outcome
from evidence.store.interface import Store

DEVICES = "devices"
"""The hint that holds what is remembered of every asset."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Everything one run needs; nothing is looked up behind its back."""

    store: Store
    keyring: Keyring
    knowledge: Knowledge
    plan: Plan
    identity: RunIdentity
    redactor: Redactor
    pace: Pace
    clock: Clock
    wait: Callable[[float], None]
    locks: Path
    doors: Callable[[Gate, Mapping[AssetId, DeviceMemory]], Doors]
    """Builds the way in once the gate exists."""
    options: EngineOptions = field(default_factory=EngineOptions)
    verdict: Callable[[Host], Outcome | None] = lambda _: None
    progress: Callable[[Outcome], None] = lambda _: None
    on_stop: Callable[[Callable[[], None]], None] = lambda _: None
    """Given what to call when somebody ends the run."""
    sealing: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """How a run ended."""

    kept: Mapping[AssetId, Kept]
    before: Mapping[AssetId, DeviceMemory]
    """What was remembered when it began."""
    origin: str | None
    size: int | None
    root: str | None
    """The checkpoint, when the run was sealed: base64 of the root hash, as the checkpoint writes it."""
    requests: int
    bugs: tuple[Exception, ...]


def collect(job: Job) -> Done:
    """Carry out the plan; write every part; seal; remember."""
    memory = load_memory(read_hint(job.store, job.keyring, DEVICES))
    conduct = Conduct(
        assets={visit.asset: visit.host.asset for visit in job.plan.visits},
        clock=job.clock,
        pace=job.pace,
        baselines={asset: one.baseline_s() for asset, one in memory.items()},
        held=lambda zone: held(job.store, zone, job.clock.now()),
        wait=job.wait,
    )
    writer = PartWriter(
        job.store,
        job.keyring,
        job.identity,
        conduct=conduct,
        clock=job.clock,
        scrub=job.redactor.text,
        redaction_key=job.redactor.key_id,
    )
    recording = Recording(store=job.store, redactor=job.redactor, clock=job.clock, write=writer.write)
    engine = Engine(
        plan=job.plan,
        knowledge=job.knowledge,
        conduct=conduct,
        recorder=recording,
        doors=job.doors(conduct, memory),
        locks=DeviceLocks(job.locks),
        clock=job.clock,
        memory=memory,
        options=job.options,
        verdict=job.verdict,
        progress=job.progress,
    )
    job.on_stop(conduct.stop)
    asyncio.run(engine.run())
    recording.finish()
    _remember(job, recording, conduct)
    sealed = seal(job.store, job.keyring, at=job.clock.now()) if job.sealing else None
    return Done(
        kept=recording.kept,
        before=memory,
        origin=sealed.origin if sealed else None,
        size=sealed.size if sealed else None,
        root=sealed.root_text if sealed else None,
        requests=conduct.totals.requests,
        bugs=tuple(engine.bugs),
    )


def _remember(job: Job, recording: Recording, conduct: Conduct) -> None:
    """Bring the store's working memory up to date: read again, as another run may have written meanwhile."""
    memory = load_memory(read_hint(job.store, job.keyring, DEVICES))
    for asset, kept in recording.kept.items():
        known = memory.get(asset, DeviceMemory())
        memory[asset] = replace(
            known.with_latencies(conduct.latencies(asset)),
            result=kept.outcome.result,
            visited=kept.ended if kept.captures else known.visited,
            uptime=kept.uptime or known.uptime,
            quarantine=kept.restarted or known.quarantine,
        )
    write_hint(job.store, job.keyring, DEVICES, dump_memory(memory))
