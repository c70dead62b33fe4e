"""What a log knows as of a moment, as checks want it: every asset of the plan in force, and every run's conduct."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import cache, partial
from ipaddress import ip_address
from types import MappingProxyType

from evidence.assess.answers import Answers
from evidence.assess.knowledge import Knowledge
from evidence.assess.packed import Packed, pack
from evidence.assess.saved import SAVED, saved_facts
from evidence.assess.sightings import LOOK_BACK_DAYS, Sightings
from evidence.assess.standing import running_before
from evidence.checks.estate import Estate, RunConduct, Subject
from evidence.checks.tables import Share, Tables
from evidence.clock import parse_rfc3339, rfc3339
from evidence.log.assets import load_assets
from evidence.log.captures import asked_over
from evidence.log.chain import LogError
from evidence.log.part import PartStatement
from evidence.log.plan import load_plan
from evidence.model.asset import Asset, Safety
from evidence.model.names import AssetId, Digest
from evidence.model.outcome import Outcome, Result
from evidence.model.register import Registers
from evidence.platforms.load import Platforms
from evidence.snapshots import Reading, Snapshots, by_platform
from evidence.store.blobs import get_blob
from evidence.store.interface import Store

RUNS_DAYS = 400
"""How far back the conduct of runs is looked at: longer than the window of any profile we know."""

HELD = 500_000
"""Values and sightings of large tables held: some 50 MB, those of 350 switches of 190 ports; more are packed."""

_ANOTHER = 1_000_000
"""Ranks between the rules of one platform and those of another; no platform has as many."""

NEVER = Outcome(asset=AssetId("-"), result=Result.INTERRUPTED, reason="no run has tried to read it yet")
"""The outcome of an asset that no run had on its list."""


def plan_in_force(snapshots: Snapshots, store: Store) -> tuple[Digest, tuple[Asset, ...]]:
    """
    Return the plan's blob and its assets: the plan of the newest run, before any run the newest plan logged.

    It is what is judged: an asset that was taken out of the plan is not, one that was never read is.
    """
    history = snapshots.history
    lengths: dict[Digest, int] = {}
    for entry in history.statements:
        if entry.kind == "plan":
            accepted = history.open(entry)
            if accepted.plan is not None:
                lengths.pop(accepted.plan, None)
                lengths |= accepted.blobs
    if not lengths:
        raise LogError("there is no plan in the log", hint="`plantproof collect` states one")
    plan = snapshots.newest_run[0][1].plan if snapshots.newest_run else next(reversed(lengths))
    return plan, load_plan(get_blob(store, plan, lengths[plan])).assets


def estate_of(
    snapshots: Snapshots,
    store: Store,
    knowledge: Knowledge,
    registers: Registers,
    *,
    at: datetime,
    profile: str,
    held: int = HELD,
) -> Estate:
    """Return everything that is judged, as of `at`; so much of large tables is `held` while it is."""
    plan, assets = plan_in_force(snapshots, store)
    listed = plan if snapshots.newest_run else None  # what a ledger said before any run, nobody knows
    catalogue = knowledge.catalogue
    limits = {one.id: one.parameters for one in catalogue.controls.values()}
    reader = _Reader(snapshots, knowledge.platforms, at, held)
    subjects = {asset.id: reader.subject(asset, listed) for asset in sorted(assets, key=lambda asset: asset.id)}
    return Estate(
        at=at,
        subjects=MappingProxyType(subjects),
        registers=registers,
        runs=tuple(_runs(snapshots, store, at)),
        support=catalogue.support,
        parameters=MappingProxyType(limits | dict(catalogue.profile(profile).parameters)),
    )


class _Reader:
    """Reads what is known of assets; their large tables are packed where they cannot all be held."""

    def __init__(self, snapshots: Snapshots, platforms: Platforms, at: datetime, most: int) -> None:
        since, as_of = rfc3339(at - timedelta(days=LOOK_BACK_DAYS)), rfc3339(at)
        self._snapshots, self._platforms, self._as_of = snapshots, platforms, as_of
        self._answers = Answers(snapshots, platforms)
        self._shares = _Shares(snapshots, self._answers)
        self._sightings = Sightings(snapshots, self._answers, since=since, as_of=as_of)
        self._tables: dict[AssetId, Tables] = {}
        self._packed: dict[AssetId, Packed] = {}
        self._last: tuple[AssetId, Tables] | None = None
        self._room = most

    def subject(self, asset: Asset, plan: Digest | None) -> Subject:
        """Return an asset with what is known of it."""
        snapshots = self._snapshots
        if asset.id not in snapshots:
            return Subject(id=asset.id, asset=asset, outcome=NEVER, at=self._as_of, facts=(), listed=plan)
        visit = snapshots.visit(asset.id)
        facts = self._answers.best(snapshots.latest(asset.id).values())
        if not any(fact.name == SAVED for fact in facts):
            facts += tuple(saved_facts(snapshots, asset.id, self._platforms))
        before = self._answers.best(snapshots.previous(asset.id).values())
        changed = running_before(snapshots, asset.id, self._platforms, facts)
        if changed is not None:
            since, was = changed
            facts += (since,)
            before = (*(fact for fact in before if fact.name != was.name), was)
        self._read(asset.id)
        return Subject(
            id=asset.id,
            asset=asset,
            outcome=visit.outcome,
            at=visit.at,
            facts=facts,
            before=before,
            listed=plan,
            read=partial(self._read, asset.id),
        )

    def _read(self, asset: AssetId) -> Tables:
        """Return the tables of an asset: the first are held, the rest packed, and of those the last held too."""
        if asset in self._tables:
            return self._tables[asset]
        if self._last is not None and self._last[0] == asset:
            return self._last[1]
        packed = self._packed.get(asset)
        if packed is None:
            shares, seen = self._shares.newest(asset), self._sightings.of(asset)
            self._answers.forget()
        else:
            shares, seen = packed.unpack()
        tables = Tables(shares, seen, partial(self._shares.before, asset))
        if packed is None and len(tables) <= self._room:
            self._tables[asset] = tables
            self._room -= len(tables)
        else:
            self._packed[asset] = packed or pack(shares, seen)
            self._last = asset, tables
        return tables


class _Shares:
    """Reads large tables. It holds none, so those it is asked for later hold nothing but what reads them."""

    def __init__(self, snapshots: Snapshots, answers: Answers) -> None:
        self._snapshots, self._answers = snapshots, answers

    def newest(self, asset: AssetId) -> tuple[Share, ...]:
        """Return what the newest answers of an asset say."""
        return tuple(self._said(self._snapshots.latest(asset).values()))

    def before(self, asset: AssetId) -> tuple[Share, ...]:
        """Return what the answers before the newest say."""
        shares = tuple(self._said(self._snapshots.previous(asset).values()))
        self._answers.forget()
        return shares

    def _said(self, readings: Iterable[Reading]) -> Iterator[Share]:
        """Yield what answers say; where platforms differ, the one asked last goes before the others."""
        for place, group in enumerate(by_platform(readings)):
            for reading in group:
                for share in self._answers.shares(reading):
                    yield share._replace(rank=share.rank + place * _ANOTHER)


def _runs(snapshots: Snapshots, store: Store, at: datetime) -> Iterator[RunConduct]:
    """Yield the conduct of each run up to `at`, the newest first."""
    runs: dict[str, list[tuple[Digest, PartStatement]]] = {}
    for entry, part in snapshots.history.parts(newest_first=True):
        age_s = (at - parse_rfc3339(part.started)).total_seconds()
        if 0 <= age_s <= RUNS_DAYS * 86_400:
            runs.setdefault(part.run, []).append((entry.digest, part))

    @cache
    def listed(blob: Digest, length: int) -> Mapping[AssetId, Asset]:
        return {asset.id: asset for asset in load_assets(get_blob(store, blob, length))}

    conducts = [_conduct(parts, listed(parts[0][1].assets, parts[0][1].assets_bytes)) for parts in runs.values()]
    yield from sorted(conducts, key=lambda run: (run.started, run.run), reverse=True)


def _conduct(parts: list[tuple[Digest, PartStatement]], listed: Mapping[AssetId, Asset]) -> RunConduct:
    """Return what the parts of one run add up to: each states the run's totals so far, so the largest are the run's."""
    digest, last = max(parts, key=lambda pair: pair[1].chunk)
    every = [part for _, part in parts]
    asked = {pair for part in every for pair in asked_over(part.captures)}
    answered = {asset for asset, _ in asked}
    elsewhere = {asset for asset, transport in asked if transport != "local"}
    restarted = {AssetId(name) for part in every for name in _restarted(part)}
    return RunConduct(
        run=last.run,
        slot=last.slot,
        part=digest,
        started=min(part.started for part in every),
        requests=_most("requests", every),
        refused=_most("refused", every),
        pace=str(last.conduct.get("pace", "not recorded")),
        max_rate_per_device=_most("max_rate_per_device", every),
        restarted=tuple(sorted(restarted)),
        loopback=all(
            _is_loopback(asset.address) or asset.id in answered - elsewhere for asset in listed.values()
        ),  # the machine that collects has a name for an address
        fragile_asked=tuple(sorted(name for name in answered if _is(listed.get(name), Safety.FRAGILE))),
        has_it=any(_is(asset, Safety.IT) for asset in listed.values()),
        finished=last.last and {part.chunk for part in every} == set(range(last.chunk + 1)),
    )


def _most(name: str, parts: Iterable[PartStatement]) -> int:
    found = (part.conduct.get(name) for part in parts)
    return max((value for value in found if type(value) is int), default=0)


def _restarted(part: PartStatement) -> Iterator[str]:
    rows = part.conduct.get("uptimes")
    for row in rows if isinstance(rows, list | tuple) else ():
        if isinstance(row, Mapping) and row.get("restarted") is True:
            yield str(row.get("asset"))


def _is(asset: Asset | None, safety: Safety) -> bool:
    return asset is not None and asset.safety is safety


def _is_loopback(address: str) -> bool:
    if address == "localhost":
        return True
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False
