"""The main job: plan, capture, redact, store, sign, seal."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from traceback import format_exception

from collectors.conduct import Conduct
from collectors.engine import Doors, Engine, EngineOptions
from collectors.events import Event, Requested, RunBegan, RunSealed, Watch, nobody
from collectors.hold import glance, held
from collectors.inventory.host import Host
from collectors.locks import DeviceLocks
from collectors.memory import DeviceMemory, dump_memory, load_memory
from collectors.originals import HINT, Originals
from collectors.pace import Pace
from collectors.parts import PartWriter, RunIdentity
from collectors.plan import Knowledge, Plan
from collectors.record import Kept, Recording
from collectors.redact import Redactor
from collectors.sealing import seal_site
from collectors.site import OpenSite, note_pins
from collectors.transports.interface import Gate
from evidence.clock import Clock
from evidence.log.hints import read_hint, write_hint
from evidence.log.note import Checkpoint
from evidence.log.writer import LOCK_WAIT_S
from evidence.model.names import AssetId
from evidence.model.outcome import Outcome
from evidence.store.answers import Random
from evidence.store.lock import locked

DEVICES = "devices"
"""The hint that holds what is remembered of every asset."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Everything one run needs; nothing is looked up behind its back."""

    site: OpenSite
    knowledge: Knowledge
    plan: Plan
    identity: RunIdentity
    redactor: Redactor
    pace: Pace
    clock: Clock
    random: Random
    wait: Callable[[float], None]
    locks: Path
    doors: Callable[[Gate], Doors]
    """Builds the way in once the gate exists."""
    pins: Callable[[], Mapping[str, str]] = dict
    """Returns the SSH host keys seen for the first time in this run, by address."""
    options: EngineOptions = field(default_factory=EngineOptions)
    verdict: Callable[[Host], Outcome | None] = lambda _: None
    progress: Callable[[Outcome], None] = lambda _: None
    on_stop: Callable[[Callable[[], None]], None] = lambda _: None
    """Given what to call when somebody ends the run."""
    sealing: bool = True
    recipients: tuple[str, ...] = ()
    """Public keys of age that originals of configurations are encrypted to; none: no original is kept."""
    watch: Watch = nobody
    """Told what happens; nothing of it holds a secret."""
    requests: bool = False
    """Whether `watch` wants to know of every request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """How a run ended."""

    kept: Mapping[AssetId, Kept]
    before: Mapping[AssetId, DeviceMemory]
    """What was remembered when it began."""
    checkpoint: Checkpoint | None
    """What the log was when the run was sealed."""
    requests: int
    bugs: tuple[str, ...]
    """Tracebacks of what nobody expected, without the run's secrets."""


def collect(job: Job) -> Done:
    """Carry out the plan; write every part; seal; remember."""
    locks = DeviceLocks(job.locks)
    locks.prepare()
    memory = load_memory(read_hint(job.site.store, job.site.keyring, DEVICES))
    conduct = _conduct(job, memory)
    writer = PartWriter(
        job.site.store,
        job.site.keyring,
        job.identity,
        conduct=conduct,
        clock=job.clock,
        scrub=job.redactor.text,
        redaction_keys=job.redactor.keys,
    )
    originals = _originals(job)
    recording = _recording(job, writer, originals)
    engine = Engine(
        plan=job.plan,
        knowledge=job.knowledge,
        conduct=conduct,
        recorder=recording,
        doors=job.doors(conduct),
        locks=locks,
        clock=job.clock,
        memory=memory,
        options=job.options,
        verdict=job.verdict,
        progress=job.progress,
        watch=job.watch,
    )
    job.watch(RunBegan(run=job.identity.run, slot=job.identity.slot, assets=len(job.plan.visits)))
    job.on_stop(conduct.stop)
    asyncio.run(engine.run())
    recording.finish()
    with locked(job.site.store, wait_s=LOCK_WAIT_S):  # another slice may be remembering at the same moment
        note_pins(job.site, job.pins())
        _remember(job, recording, conduct)
        if originals is not None:
            write_hint(job.site.store, job.site.keyring, HINT, originals.dump())
    sealed = seal_site(job.site, at=job.clock.now()) if job.sealing else None
    job.watch(RunSealed(requests=conduct.totals.requests, pin=sealed.pin if sealed else None))
    return Done(
        kept=recording.kept,
        before=memory,
        checkpoint=sealed,
        requests=conduct.totals.requests,
        bugs=tuple(job.redactor.text("".join(format_exception(bug))) for bug in engine.bugs),
    )


def _recording(job: Job, writer: PartWriter, originals: Originals | None) -> Recording:
    return Recording(
        store=job.site.store,
        redactor=job.redactor,
        clock=job.clock,
        random=job.random,
        write=writer.write,
        watch=job.watch,
        originals=originals,
    )


def _originals(job: Job) -> Originals | None:
    """Return what encrypts originals, where the site wants them."""
    if not job.recipients:
        return None
    known = read_hint(job.site.store, job.site.keyring, HINT)
    return Originals(job.site.store, job.recipients, known, at=job.clock.now())


def _conduct(job: Job, memory: Mapping[AssetId, DeviceMemory]) -> Conduct:
    hosts = {visit.asset: visit.host for visit in job.plan.visits}
    holds = glance(job.site.store, job.clock.monotonic)
    return Conduct(
        assets={asset: host.asset for asset, host in hosts.items()},
        clock=job.clock,
        pace=job.pace,
        baselines={asset: one.baseline_s() for asset, one in memory.items()},
        held=lambda zone: held(holds, zone, job.clock.now()),
        wait=job.wait,
        windows=lambda asset: job.verdict(hosts[asset]),
        watch=_without_secrets(job) if job.requests else None,
    )


def _without_secrets(job: Job) -> Watch:
    """Return what tells of requests as the action log does."""

    def tell(event: Event) -> None:
        if isinstance(event, Requested):
            error = None if event.error is None else job.redactor.text(event.error)
            event = replace(event, object=job.redactor.text(event.object), error=error)
        job.watch(event)

    return tell


def release(site: OpenSite, asset: AssetId, *, reason: str) -> str | None:
    """Lift an asset's quarantine; return why it was in one, `None` when it was not."""
    with locked(site.store, wait_s=LOCK_WAIT_S):
        memory = load_memory(read_hint(site.store, site.keyring, DEVICES))
        known = memory.get(asset, DeviceMemory())
        memory[asset] = replace(known, quarantine=None, released=reason)
        write_hint(site.store, site.keyring, DEVICES, dump_memory(memory))
    return known.quarantine


def _remember(job: Job, recording: Recording, conduct: Conduct) -> None:
    """Bring the store's working memory up to date: read again, as another run may have written meanwhile."""
    memory = load_memory(read_hint(job.site.store, job.site.keyring, DEVICES))
    for asset, kept in recording.kept.items():
        known = memory.get(asset, DeviceMemory())
        memory[asset] = replace(
            known.with_latencies(conduct.latencies(asset)),
            result=kept.outcome.result,
            visited=kept.ended if kept.captures else known.visited,
            uptime=kept.uptime or known.uptime,
            quarantine=kept.restarted or known.quarantine,
            cursors={**known.cursors, **kept.cursors},
        )
    write_hint(job.site.store, job.site.keyring, DEVICES, dump_memory(memory))
