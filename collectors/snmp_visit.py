"""One asset's SNMP visit: who are you, then what your platform may be asked, then are you still up."""

from collections.abc import Callable, Iterable

from collectors.inventory.host import SnmpAccess
from collectors.memory import DeviceMemory, Uptime, restarted_after_visit
from collectors.plan import UPTIME, Knowledge, Plan, Visit
from collectors.transports.interface import Answer, Gate, UnreachableError, Value, Varbinds
from collectors.transports.snmp import SnmpSession, open_snmp
from collectors.transports.snmp_walk import Walked
from collectors.visit import Findings, Heard
from evidence.clock import Clock
from evidence.model.outcome import Result
from evidence.normalise.rows import FIRST_ROWS, looked_at, wanted
from evidence.normalise.varbinds import arcs
from evidence.platforms.platform import SYSTEM, Platform, Question, Verb

SYS_DESCR = "1.3.6.1.2.1.1.1.0"
SYS_OBJECT_ID = "1.3.6.1.2.1.1.2.0"
SYS_UPTIME = "1.3.6.1.2.1.1.3.0"
SNMP_ENGINE_TIME = "1.3.6.1.6.3.10.2.1.3.0"
HR_SYSTEM_UPTIME = "1.3.6.1.2.1.25.1.1.0"
UPTIME_CLOCKS = (SYS_UPTIME, SNMP_ENGINE_TIME, HR_SYSTEM_UPTIME)
"""SNMPv2-MIB (RFC 3418), SNMP-FRAMEWORK-MIB (RFC 3411), HOST-RESOURCES-MIB (RFC 2790)."""
MOST = {SYS_UPTIME: 2**32, SNMP_ENGINE_TIME: 2**31, HR_SYSTEM_UPTIME: 2**32}
"""What each clock stays below by its MIB; a device that says more, or less than nothing, has no such clock."""


async def visit_snmp(
    visit: Visit,
    findings: Findings,
    *,
    plan: Plan,
    knowledge: Knowledge,
    gate: Gate,
    clock: Clock,
    memory: DeviceMemory | None,
    timeout_s: float,
    engine: str | None,
    opened: Callable[[], None],
) -> Platform:
    """
    Ask everything the plan allows; note answers in `findings` as they come; return the platform recognised.

    `opened` is called at the first answer; `engine` is as for `open_snmp`.
    """
    access, asset = visit.host.snmp, visit.host.asset
    assert access is not None  # noqa: S101 - the plan chose snmp because there is access
    platform = visit.platform or knowledge.generic
    async with open_snmp(access, asset=asset.id, gate=gate, timeout_s=timeout_s, engine=engine) as session:
        session.limit(plan.max_repetitions(asset.safety, platform))
        put = _Asker(session, access, findings, clock)
        system = await put.question(platform.named(SYSTEM), platform)
        opened()
        sysobjectid = _text(system, SYS_OBJECT_ID)
        if visit.platform is None:
            platform = await _recognised(put, knowledge, sysobjectid, _text(system, SYS_DESCR))
            findings.heard[:] = [heard._replace(platform=platform) for heard in findings.heard]
            session.limit(plan.max_repetitions(asset.safety, platform))
        else:
            platform = knowledge.resolve(platform, sysobjectid)
        clocks = [*system, *await put.question(platform.named(UPTIME), platform)]
        since = clock.monotonic()
        findings.uptime_before = uptime_of(clocks)
        if memory and findings.uptime_before:
            findings.restarted = restarted_after_visit(memory, findings.uptime_before, clock.now())
            if findings.restarted:
                findings.problems.append((Result.LEFT_ALONE, f"put in quarantine: {findings.restarted}"))
                return platform
        for question in plan.questions(platform, "snmp"):
            if question.name not in (SYSTEM, UPTIME) and not put.in_vain(question):
                await put.question(question, platform)
        shown = [oid for oid, value in clocks if oid in UPTIME_CLOCKS and value is not None]
        if shown:
            findings.uptime_after = uptime_of(await session.get(shown))
            _compare_uptimes(findings, clock.monotonic() - since)
    return platform


async def _recognised(put: "_Asker", knowledge: Knowledge, sysobjectid: str | None, sysdescr: str | None) -> Platform:
    """Find the platform, with one question more where many appliances share the sysObjectID, or there is none."""
    asked = knowledge.recognise(sysobjectid)
    try:
        told = await put.question(asked, knowledge.generic) if asked else ()
    except UnreachableError:
        if sysobjectid:
            raise
        told = ()  # so odd an agent may be silent about what it does not know
    return knowledge.match(sysobjectid, sysdescr, {oid for oid, value in told if value is not None})


class _Asker:
    """Puts questions over one session and notes the answers."""

    def __init__(self, session: SnmpSession, access: SnmpAccess, findings: Findings, clock: Clock) -> None:
        self._session = session
        self._access = access
        self._findings = findings
        self._clock = clock
        self._empty: set[str] = set()
        """Questions that found nothing."""

    def in_vain(self, question: Question) -> bool:
        """Say whether another answer has shown already that there is nothing to be had."""
        return question.given in self._empty

    async def question(self, question: Question, platform: Platform) -> Varbinds:
        at, began = self._clock.now(), self._clock.monotonic()
        varbinds, reasons = await self._answer(question)
        if not reasons and not any(value is not None for _, value in varbinds):
            self._empty.add(question.name)
        reason = "; ".join(reasons) or None
        answer = Answer(
            data=varbinds,
            request=question.request,
            took_ms=int((self._clock.monotonic() - began) * 1000),
            complete=not reasons,
            reason=reason,
        )
        self._findings.heard.append(
            Heard(question=question, platform=platform, answer=answer, at=at, access=self._access)
        )
        if reason and not question.optional:
            self._findings.problems.append((Result.PARTIAL, f"{question.name}: {reason}"))
        return varbinds

    async def _answer(self, question: Question) -> tuple[list[tuple[str, Value]], list[str]]:
        """Return what came, and why it is not all."""
        if question.verb is Verb.GET:
            return await self._session.get(question.objects), []
        varbinds: list[tuple[str, Value]] = []
        reasons: list[str] = []
        rows = question.verb is Verb.ROWS
        walked = Walked(())
        for oid in looked_at(question) if rows else sorted(question.objects, key=arcs):  # in the capture's order
            if walked.rules_out(oid):
                continue
            walked = await self._session.walk(oid, first=FIRST_ROWS if rows else None)
            varbinds += walked.varbinds
            if not walked.complete:
                reasons.append(f"{oid}: {walked.reason}")
        if rows and (more := wanted(question, varbinds)):
            varbinds += await self._session.get(more)
        return varbinds, reasons


def _compare_uptimes(findings: Findings, elapsed_s: float) -> None:
    before, after = findings.uptime_before, findings.uptime_after
    if before and after and after.went_back_since(before, elapsed_s):
        findings.restarted = "it restarted during our visit"
        findings.problems.append((Result.PARTIAL, f"put in quarantine: {findings.restarted}"))


def uptime_of(varbinds: Iterable[tuple[str, Value]]) -> Uptime | None:
    """Read the uptime clocks out of an answer; `None` when sysUpTime is not in it, or is none."""
    found = {oid: value for oid, value in varbinds if isinstance(value, int) and 0 <= value < MOST.get(oid, 0)}
    if SYS_UPTIME not in found:
        return None
    return Uptime(agent_cs=found[SYS_UPTIME], engine_s=found.get(SNMP_ENGINE_TIME), host_cs=found.get(HR_SYSTEM_UPTIME))


def _text(varbinds: Iterable[tuple[str, Value]], oid: str) -> str | None:
    for found, value in varbinds:
        if found == oid:
            return (
                value.decode("utf-8", "replace") if isinstance(value, bytes) else None if value is None else str(value)
            )
    return None
