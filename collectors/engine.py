"""Carries out a plan: concurrency, conduct, one outcome per planned asset whatever breaks."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from collectors.ask import AskedSession, ask_all
from collectors.conduct import Conduct, zone_of
from collectors.events import VisitBegan, Watch, nobody
from collectors.inventory.host import Host
from collectors.keeping import Keeping, Recorder
from collectors.locks import DeviceLocks
from collectors.memory import DeviceMemory
from collectors.plan import Knowledge, Plan, Visit
from collectors.proof import Proofs
from collectors.snmp_visit import visit_snmp
from collectors.transports.interface import (
    AlgorithmError,
    AuthenticationError,
    CertificateError,
    HostKeyError,
    InterruptedRunError,
    JumpHostError,
    LeftAloneError,
    RefusedError,
    TransportError,
    UnreachableError,
    WindowClosedError,
)
from collectors.visit import Findings, fault
from evidence.clock import Clock
from evidence.model.names import AssetId
from evidence.model.outcome import Outcome, Result
from evidence.normalise.access import TELNET
from evidence.platforms.build import fitted
from evidence.platforms.platform import Platform

T = TypeVar("T")

_RESULTS: tuple[tuple[type[TransportError], Result], ...] = (
    (AuthenticationError, Result.AUTH_FAILED),
    (JumpHostError, Result.AUTH_FAILED),
    (HostKeyError, Result.REFUSED),
    (AlgorithmError, Result.REFUSED),
    (CertificateError, Result.REFUSED),
    (RefusedError, Result.REFUSED),
    (LeftAloneError, Result.LEFT_ALONE),
    (InterruptedRunError, Result.INTERRUPTED),
    (UnreachableError, Result.UNREACHABLE),
    (TransportError, Result.UNREACHABLE),
)
"""What an asset is that gave nothing because of it; one that gave something is partial."""


class Doors(Protocol):
    """How a session with a host or a service is opened; the engine's only knowledge of what is not SNMP."""

    def open(
        self, host: Host, transport: str, platform: Platform, cursors: Mapping[str, str]
    ) -> AbstractContextManager[AskedSession]:
        """
        Return a context manager that logs in when entered.

        `cursors` says of questions about a time where they begin.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineOptions:
    """How the engine works."""

    forks: int = 50
    """Assets visited at the same time."""
    snmp_timeout_s: float = 5.0
    snmp_engine: str | None = None
    """`gufo` or `pysnmp`, and then no other; by itself what can ask and read an asset."""


@dataclass(slots=True, kw_only=True)
class Engine:
    """One run's engine. Create, `await run()`, and read `bugs`."""

    plan: Plan
    knowledge: Knowledge
    conduct: Conduct
    recorder: Recorder
    doors: Doors
    locks: DeviceLocks
    clock: Clock
    memory: Mapping[AssetId, DeviceMemory]
    options: EngineOptions = field(default_factory=EngineOptions)
    verdict: Callable[[Host], Outcome | None] = lambda _: None
    """Looked at again when an asset's turn comes: windows may have closed meanwhile."""
    progress: Callable[[Outcome], None] = lambda _: None
    watch: Watch = nobody
    proofs: Proofs = field(default_factory=Proofs)
    bugs: list[Exception] = field(default_factory=list)
    """Exceptions nobody expected: the run goes on, is sealed, and the program then says so."""
    _visitors: ThreadPoolExecutor | None = None

    async def run(self) -> None:
        """Visit every planned asset, at most `forks` at a time."""
        visitors = ThreadPoolExecutor(max_workers=min(self.options.forks, 64), thread_name_prefix="visit")
        with visitors as self._visitors, Keeping(self.recorder, self.clock.monotonic) as keeping:
            turns = iter(self.plan.visits)
            workers = min(self.options.forks, len(self.plan.visits))
            try:
                await asyncio.gather(*(self._work(turns, keeping) for _ in range(workers)))
            except BaseException:
                self.conduct.stop()  # nothing that is heard from now on could be kept
                raise

    async def _work(self, turns: Iterator[Visit], keeping: Keeping) -> None:
        for visit in turns:
            findings = Findings(asset=visit.asset)
            outcome = visit.verdict or self._without_asking(visit)
            if outcome is None:
                self.watch(VisitBegan(asset=visit.asset))
                outcome = await self._visit(visit, findings)
            self.bugs += await keeping.keep(findings, outcome)
            self.conduct.finished(visit.asset)
            self.progress(outcome)

    def _without_asking(self, visit: Visit) -> Outcome | None:
        if self.conduct.stopping:
            return Outcome(asset=visit.asset, result=Result.INTERRUPTED, reason="the run was ended before its turn")
        known = self.memory.get(visit.asset)
        if known and known.quarantine:
            reason = f"in quarantine: {known.quarantine}; `plantproof release {visit.asset} --reason …` lifts it"
            return Outcome(asset=visit.asset, result=Result.LEFT_ALONE, reason=reason)
        why = self.conduct.left_alone(visit.asset)
        if why:
            return Outcome(asset=visit.asset, result=Result.LEFT_ALONE, reason=why)
        return self.verdict(visit.host)

    async def _visit(self, visit: Visit, findings: Findings) -> Outcome:
        findings.problems += [(Result.PARTIAL, problem) for problem in visit.problems]
        try:
            async with self.locks.held(visit.host, lambda: self.conduct.stopping):
                await self._transports(visit, findings)
        except InterruptedRunError as error:
            findings.problems.append((Result.INTERRUPTED, str(error)))
        except Exception as bug:  # noqa: BLE001 - one asset's surprise must not cost the others their evidence
            self.bugs.append(bug)
            findings.problems.append((Result.INTERRUPTED, fault(bug)))
        outcome = findings.outcome()
        failed = outcome.result in (Result.UNREACHABLE, Result.AUTH_FAILED)
        if failed or findings.restarted or self.conduct.in_distress(visit.asset):
            self.conduct.zones.note_failed(zone_of(visit.host.asset))
        return outcome

    async def _transports(self, visit: Visit, findings: Findings) -> None:
        platform = visit.platform
        for transport in visit.transports:
            try:
                if transport == "snmp":
                    known = await self._snmp(visit, findings)
                    platform = fitted(known, visit.host.lists) if known else None
                else:
                    await self._commands(visit, transport, platform, findings)
            except WindowClosedError as error:
                findings.problems.append((error.result, str(error)))
                return
            except TransportError as error:
                result = next(result for kind, result in _RESULTS if isinstance(error, kind))
                advice = f" ({error.hint})" if error.hint else ""
                findings.problems.append((result, f"{transport}: {error}{advice}"))
                if platform is None:  # it could not say what it is, so there is no command to send
                    return
            if findings.restarted:
                return

    async def _snmp(self, visit: Visit, findings: Findings) -> Platform | None:
        async with self.proofs.proving(visit.asset, visit.host.credential("snmp")) as accepted:
            return await visit_snmp(
                visit,
                findings,
                plan=self.plan,
                knowledge=self.knowledge,
                gate=self.conduct,
                clock=self.clock,
                memory=self.memory.get(visit.asset),
                timeout_s=self.options.snmp_timeout_s,
                engine=self.options.snmp_engine,
                opened=accepted,
            )

    async def _commands(self, visit: Visit, transport: str, platform: Platform | None, findings: Findings) -> None:
        if platform is None or not _has_line(platform, transport):
            name = platform.name if platform else "an unknown platform"
            raise RefusedError(f"{visit.asset}: no command is known to be read-only on {name}")
        questions = tuple(self.plan.questions(platform, transport))
        if not questions:
            return
        known = self.memory.get(visit.asset)
        door = self.doors.open(visit.host, transport, platform, known.cursors if known else {})
        async with self.proofs.proving(visit.asset, visit.host.credential(transport)) as accepted:
            session = await _in_thread(self._visitors, door.__enter__)
            accepted()
        try:
            await _in_thread(
                self._visitors, ask_all, session, questions, platform, findings, self.clock, self.conduct.refused
            )
        finally:
            await _in_thread(self._visitors, door.__exit__, None, None, None)


def _has_line(platform: Platform, transport: str) -> bool:
    """Tell whether a platform has a command line that can be asked over a transport."""
    if transport == TELNET:
        return platform.session is not None and platform.session.kind != "host"
    return transport != "ssh" or platform.session is not None


async def _in_thread(threads: ThreadPoolExecutor | None, work: Callable[..., T], *args: object) -> T:
    return await asyncio.get_running_loop().run_in_executor(threads, work, *args)
