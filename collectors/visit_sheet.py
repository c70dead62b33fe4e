"""
The visit sheet: what a run is going to do to each asset, for those who have to agree to it before it does.

Everything here is known without touching a device: the plan, the ways and accounts the inventory grants, the pace, the
windows, and what the same visits took before, where the log knows.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from collectors.conduct import zone_of
from collectors.earlier import Earlier
from collectors.inventory.host import Host
from collectors.pace import SLACK
from collectors.plan import Knowledge, Plan, Visit
from collectors.schedule import Blackout
from collectors.timetable import Job
from collectors.ways import Way, ways
from evidence.clock import rfc3339
from evidence.model.asset import Asset, Safety
from evidence.model.names import AssetId
from evidence.model.outcome import Outcome
from evidence.platforms.platform import Platform
from evidence.platforms.rights import least_rights

AHEAD = timedelta(days=8)
"""How far ahead a job's next moment is looked for: every job is due at least once a week."""
_LOGIN = "login "


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A list of requests that some assets share."""

    name: str
    """What the sheet calls it: the platform, and a number where one platform has several."""
    title: str
    account: str | None
    """The least account that can answer it, in the vendor's own words."""
    requests: tuple[tuple[str, str], ...]
    """(transport, request)."""
    assets: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One asset's visit."""

    asset: Asset
    zone: str
    platform: str | None
    """`None` where only the device can tell, and none was seen before."""
    recognised: bool
    """The platform is what the device was recognised as earlier; the inventory does not name it."""
    ways: tuple[Way, ...]
    asked: str | None
    """Name of its list of requests; `None`: it is not asked."""
    why: str | None
    """Why it is not asked, or not asked now."""
    problems: tuple[str, ...]
    requests: int
    at_least: bool
    """The number is of the plan: tables take as many requests more as they are long."""
    seconds: float
    bytes: int | None
    """Of the earlier visit's answers, as kept."""
    as_on: str | None
    """When the visit was that the numbers are of, RFC 3339."""
    blackouts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """What a zone has to bear."""

    name: str
    safety: Safety
    assets: int
    requests: int
    seconds: float
    device_per_s: float
    zone_per_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitSheet:
    """The whole sheet."""

    owner: str
    at: str
    tags: tuple[str, ...]
    forks: int
    paced: bool
    turns: tuple[Turn, ...]
    asked: tuple[Asked, ...]
    zones: tuple[Zone, ...]
    jobs: tuple[tuple[str, str, str], ...]
    """(name, when it is due next, tags)."""
    store: str
    tool: str

    @property
    def requests(self) -> int:
        """How many requests in all."""
        return sum(turn.requests for turn in self.turns)

    @property
    def going(self) -> int:
        """How many assets are asked."""
        return sum(turn.asked is not None for turn in self.turns)

    @property
    def at_least(self) -> bool:
        """Whether a number is of the plan alone."""
        return any(turn.at_least for turn in self.turns)

    @property
    def seconds(self) -> float:
        """How long it takes: zones go on side by side, `forks` assets at a time."""
        everybody = sum(turn.seconds for turn in self.turns) / self.forks
        return max(everybody, max((zone.seconds for zone in self.zones), default=0.0))

    @property
    def flows(self) -> tuple[tuple[Way, int], ...]:
        """(way, how many assets use it): what a firewall between here and the plant has to let through."""
        found: Counter[Way] = Counter()
        for turn in self.turns:
            found.update(way for way in turn.ways if way.protocol != "none" and turn.asked)
        return tuple(sorted(found.items(), key=lambda one: (one[0].address, one[0].protocol, one[0].port or 0)))


@dataclass(slots=True, kw_only=True)
class _Shared:
    """A list of requests on its way to be told."""

    name: str
    platform: Platform
    requests: tuple[tuple[str, str], ...]
    assets: int = 0

    def told(self) -> Asked:
        return Asked(
            name=self.name,
            title=self.platform.title,
            account=least_rights(self.platform),
            requests=self.requests,
            assets=self.assets,
        )


@dataclass(slots=True, kw_only=True)
class SheetMaker:
    """Makes the sheet of a plan; everything it rests on is given."""

    plan: Plan
    """Without regard to what time it is."""
    knowledge: Knowledge
    earlier: Mapping[AssetId, Earlier]
    """What the newest visits took."""
    blackouts: Sequence[Blackout]
    closed: Callable[[Host], Outcome | None]
    """Why a host cannot be asked at this moment."""
    at: datetime
    paced: bool = True
    _shared: dict[tuple[str, tuple[tuple[str, str], ...]], _Shared] = field(default_factory=dict)

    def make(self, *, owner: str, forks: int, jobs: Sequence[Job], store: str, tool: str) -> VisitSheet:
        """Return the sheet."""
        turns = tuple(self._turn(visit) for visit in sorted(self.plan.visits, key=lambda one: one.asset))
        return VisitSheet(
            owner=owner,
            at=rfc3339(self.at),
            tags=tuple(sorted(self.plan.tags)),
            forks=forks,
            paced=self.paced,
            turns=turns,
            asked=tuple(one.told() for one in self._shared.values()),
            zones=tuple(self._zones(turns, forks)),
            jobs=tuple((job.name, _next(job, self.at), ", ".join(job.tags)) for job in jobs),
            store=store,
            tool=tool,
        )

    def _turn(self, visit: Visit) -> Turn:
        host, asset = visit.host, visit.host.asset
        earlier = self.earlier.get(visit.asset)
        recognised = visit.platform is None and earlier is not None and earlier.platform is not None
        platform = visit.platform
        if recognised and earlier and earlier.platform:
            platform = self.knowledge.named(earlier.platform)
        asked = None if visit.verdict else self._list(visit, platform)
        closed = visit.verdict or self.closed(host)
        requests = len(asked.requests) + _logins(visit) if asked else 0
        interval_s = self._interval_s(asset.safety)
        known = earlier if asked else None
        return Turn(
            asset=asset,
            zone=zone_of(asset),
            platform=platform.name if platform else None,
            recognised=recognised,
            ways=ways(host, visit.transports),
            asked=asked.name if asked else None,
            why=f"{closed.result}: {closed.reason or 'as planned'}" if closed else None,
            problems=visit.problems,
            requests=known.requests if known else requests,
            at_least=known is None and asked is not None,
            seconds=known.seconds(interval_s) if known else requests * interval_s,
            bytes=known.bytes if known else None,
            as_on=known.at if known else None,
            blackouts=tuple(_blackout(one, self.at) for one in self.blackouts if one.concerns(asset)),
        )

    def _interval_s(self, safety: Safety) -> float:
        limits = self.plan.paces.get(safety)
        return SLACK / limits.device_per_s if limits and self.paced else 0.0

    def _list(self, visit: Visit, platform: Platform | None) -> _Shared:
        """Return the list of requests a visit shares with others, with this visit counted."""
        known = platform or self.knowledge.generic
        actions = self.plan.actions(replace(visit, platform=platform), self.knowledge.generic)
        requests = tuple(one for one in actions if not one[1].startswith(_LOGIN))
        if (known.name, requests) not in self._shared:
            taken = sum(name == known.name for name, _ in self._shared)
            name = f"{known.name} ({taken + 1})" if taken else known.name
            self._shared[(known.name, requests)] = _Shared(name=name, platform=known, requests=requests)
        found = self._shared[(known.name, requests)]
        found.assets += 1
        return found

    def _zones(self, turns: Sequence[Turn], forks: int) -> Iterator[Zone]:
        by_zone: dict[tuple[str, Safety], list[Turn]] = defaultdict(list)
        for turn in turns:
            if turn.asked:
                by_zone[(turn.zone, turn.asset.safety)].append(turn)
        for (name, safety), members in sorted(by_zone.items()):
            limits = self.plan.paces[safety]
            requests = sum(turn.requests for turn in members)
            together_s = sum(turn.seconds for turn in members) / min(forks, len(members))
            paced_s = requests * SLACK / limits.zone_per_s if self.paced else 0.0
            yield Zone(
                name=name,
                safety=safety,
                assets=len(members),
                requests=requests,
                seconds=max(paced_s, together_s, max(turn.seconds for turn in members)),
                device_per_s=limits.device_per_s,
                zone_per_s=limits.zone_per_s,
            )


def _logins(visit: Visit) -> int:
    """Return how many logins a visit makes before it asks."""
    return sum(transport in ("ssh", "telnet", "opcua") for transport in visit.transports)


def _next(job: Job, at: datetime) -> str:
    moments = (moment for row in job.times.series(at, at + AHEAD) for moment in row if moment > at)
    return rfc3339(min(moments))


def _blackout(blackout: Blackout, at: datetime) -> str:
    """Return a blackout in words: until when it holds, or when it begins."""
    change = blackout.window.next_change(at)
    why = f" ({blackout.reason})" if blackout.reason else ""
    if blackout.window.is_open(at):
        return f"closed until {rfc3339(change)}{why}" if change else f"closed{why}"
    return f"next closed from {rfc3339(change)}{why}" if change else f"over{why}"
