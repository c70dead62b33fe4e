"""Assets × platforms × what is due -> a plan that can be printed before anything runs."""

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Protocol

from collectors.inventory.host import Host, SshAccess
from collectors.pace import PACES, PaceClass
from collectors.transports.interface import TransportError
from collectors.transports.ssh_jump import way_to
from evidence.model.asset import Safety
from evidence.model.names import AssetId
from evidence.model.outcome import Outcome, Result
from evidence.normalise.access import TELNET
from evidence.platforms.build import fitted
from evidence.platforms.platform import SYSTEM, Platform, Question

UPTIME = "uptime"
"""Every platform's second SNMP question: the clocks that tell a restart from a wrap of sysUpTime."""

AWS_LOGIN = "sts:GetCallerIdentity"
"""What a cloud account is asked first, to see whether the credential is good: it needs no right (STS API reference)."""

IN_THIS_VERSION = ("local", "snmp", "ssh", "telnet", "http", "opcua", "aws")
"""Transports that exist; the others of the command reference are named in the outcome, never passed over."""


_SET_IT = "set plantproof_platform"
_NOT_ACCEPTED = (
    "telnet: it would send the password, and every answer, in the clear, and no exception accepts that for this asset:"
    " use SSH (with plantproof_ssh_legacy where the device is old) or SNMP, or have the owner sign one"
    " (plantproof exception add --requirement CFG-05 --row telnet --asset …)"
)

_NEVER_GUESSED = {
    "ssh": f"commands are never guessed: {_SET_IT}",
    TELNET: f"commands are never guessed: {_SET_IT}",
    "http": f"paths are never guessed: {_SET_IT}",
    "aws": f"operations are never guessed: {_SET_IT}",
    "opcua": f"nodes are never guessed: {_SET_IT}",
}


class Knowledge(Protocol):
    """What the plan needs of the platform files."""

    @property
    def generic(self) -> Platform:
        """What is asked of a device nobody knows."""
        ...

    def named(self, name: str) -> Platform | None:
        """Return the platform of that name."""
        ...

    def for_network_os(self, name: str) -> Platform | None:
        """Return the platform an `ansible_network_os` means."""
        ...

    def recognise(self, sysobjectid: str | None) -> Question | None:
        """Return the question that tells devices of this sysObjectID apart, where one is needed."""
        ...

    def match(self, sysobjectid: str | None, sysdescr: str | None, answered: Collection[str] = ()) -> Platform:
        """Return the most specific platform for what a device says of itself."""
        ...

    def resolve(self, platform: Platform, sysobjectid: str | None) -> Platform:
        """Return the platform with questions below the device's own branch made out."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One asset's turn: what may be asked of it and how, or why it is not asked at all."""

    host: Host
    platform: Platform | None
    """`None` while only the device's sysObjectID can tell."""
    transports: tuple[str, ...]
    problems: tuple[str, ...] = ()
    """What was asked for and cannot be done; makes the outcome at best partial."""
    verdict: Outcome | None = None
    """The outcome, where it is known without asking."""

    @property
    def asset(self) -> AssetId:
        """The asset visited."""
        return self.host.asset.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What one run is going to do."""

    visits: tuple[Visit, ...]
    tags: frozenset[str]
    """What `-t` chose; empty is everything."""
    paces: Mapping[Safety, PaceClass] = field(default_factory=lambda: PACES)
    """The site's."""
    clear: frozenset[AssetId] = frozenset()
    """Assets for which an exception accepts that they are asked over telnet."""

    def questions(self, platform: Platform, transport: str) -> Iterator[Question]:
        """Yield what this run asks a platform over a transport; over telnet what a command line is asked over SSH."""
        written = "ssh" if transport == TELNET else transport
        for question in platform.questions:
            if question.transport == written and (not self.tags or question.tags & self.tags):
                yield question if transport == written else replace(question, transport=transport)

    def actions(self, visit: Visit, generic: Platform) -> Iterator[tuple[str, str]]:
        """Yield (transport, request) for everything a visit may ask, as far as it is known before asking."""
        platform = visit.platform or generic
        for transport in visit.transports:
            questions = tuple(self.questions(platform, transport))
            if transport == "snmp":
                always = (platform.named(SYSTEM), platform.named(UPTIME))
                questions = (*always, *(one for one in questions if one not in always))
            elif transport in ("ssh", TELNET) and questions:
                access = visit.host.ssh if transport == "ssh" else visit.host.telnet
                yield from ((transport, request) for request in _logging_in(visit, platform, access))
            elif transport == "http" and questions:
                door = next(one for one in platform.questions if one.transport == "http")
                questions = (door, *(one for one in questions if one is not door))
                if platform.http is not None and platform.http.login is not None:
                    yield from ((transport, f"{method} {platform.http.login}") for method in ("POST", "DELETE"))
            elif transport == "opcua" and questions:
                yield transport, f"login {visit.host.opcua.url if visit.host.opcua else ''}"
            elif transport == "aws" and questions:
                yield transport, AWS_LOGIN
            yield from ((transport, question.request) for question in questions)

    def max_repetitions(self, safety: Safety, platform: Platform) -> int:
        """Return how many values one GetBulk may ask for."""
        pace = self.paces[safety].max_repetitions
        return min(pace, platform.max_repetitions) if platform.max_repetitions else pace


def make_plan(
    hosts: Iterable[Host],
    knowledge: Knowledge,
    *,
    tags: Iterable[str] = (),
    verdict: Callable[[Host], Outcome | None] = lambda _: None,
    paces: Mapping[Safety, PaceClass] = PACES,
    clear: Collection[AssetId] = (),
) -> Plan:
    """Plan one visit per host, in a stable order that is not the inventory's: neighbours are not asked in a row."""
    visits = [_visit(host, knowledge, verdict(host), host.asset.id in clear) for host in hosts]
    visits.sort(key=lambda visit: hashlib.sha256(visit.asset.encode("utf-8", "replace")).digest())
    return Plan(visits=tuple(visits), tags=frozenset(tags), paces=paces, clear=frozenset(clear))


def _logging_in(visit: Visit, platform: Platform, ssh: SshAccess | None) -> Iterator[str]:
    """Yield what is done over SSH or telnet before the first question."""
    session = platform.session
    if ssh is None or session is None:
        return
    with suppress(TransportError):  # a way that cannot be gone is said when it is gone
        for hop in way_to(ssh, visit.asset):
            yield f"login {hop.shown_user or '(nobody)'}@{hop.address}:{hop.port}"
    yield f"login {ssh.shown_user or '(nobody)'}@{ssh.address}:{ssh.port}"
    if session.kind != "host":
        if ssh.enable is not None or ssh.become:
            yield "enable"
        yield from session.setup


def _visit(host: Host, knowledge: Knowledge, verdict: Outcome | None, clear: bool) -> Visit:
    asset = host.asset
    if verdict is None and asset.safety is Safety.FRAGILE:
        reason = "fragile: known only from what its neighbours report"
        verdict = Outcome(asset=asset.id, result=Result.EXCLUDED, reason=reason)
    platform, problems = _platform(host, knowledge)
    transports, missing = _transports(host, clear)
    problems += missing
    if platform is None and "snmp" not in transports:
        guessing = [name for name in transports if name in _NEVER_GUESSED]
        transports = tuple(name for name in transports if name not in guessing)
        problems += [f"{name}: the platform is not known, and {_NEVER_GUESSED[name]}" for name in guessing]
    if verdict is None and not transports:
        result = Result.REFUSED if problems else Result.EXCLUDED
        reason = "; ".join(problems) or "no transport: the inventory grants no access"
        verdict = Outcome(asset=asset.id, result=result, reason=reason)
    platform = fitted(platform, host.lists) if platform else None
    return Visit(host=host, platform=platform, transports=transports, problems=tuple(problems), verdict=verdict)


def _platform(host: Host, knowledge: Knowledge) -> tuple[Platform | None, list[str]]:
    asset = host.asset
    if asset.platform:
        platform = knowledge.named(asset.platform)
        return platform, [] if platform else [f"no platform file is named {asset.platform!r}"]
    if asset.network_os:
        platform = knowledge.for_network_os(asset.network_os)
        return platform, [] if platform else [f"no platform file knows ansible_network_os {asset.network_os!r}"]
    if host.local:
        return knowledge.for_network_os("linux"), []
    return None, []


def _transports(host: Host, clear: bool) -> tuple[tuple[str, ...], list[str]]:
    wanted = host.asset.transports
    if not wanted:
        return tuple(name for name in IN_THIS_VERSION if host.grants(name)), []
    chosen, problems = [], []
    for name in wanted:
        if name not in IN_THIS_VERSION:
            problems.append(f"{name}: not in this version")
        elif name == TELNET and not clear:
            problems.append(_NOT_ACCEPTED)
        elif not host.grants(name):
            problems.append(f"{name}: asked for, but the inventory grants no access")
        else:
            chosen.append(name)
    return tuple(name for name in IN_THIS_VERSION if name in chosen), problems
