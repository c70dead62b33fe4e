"""
DRF-02: a device that was exchanged for another: the same name, port or address, and another serial number or MAC.

What is compared is each newest value with the one before it, as far as the log is looked back: a night later the
exchange is still there to be explained.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from evidence.checks.estate import Estate, Subject
from evidence.checks.hardware_addresses import (
    behind_addresses,
    is_made_up,
    names_a_device,
    on_ports,
    own,
    port_names,
    ports_of,
)
from evidence.checks.tables import Sighting, Spell
from evidence.clock import parse_rfc3339
from evidence.model.capture import Capture
from evidence.model.fact import Fact
from evidence.model.finding import Finding, Status
from evidence.model.names import AssetId, Digest
from evidence.model.register import Approval

REQUIREMENT = "DRF-02"

IDENTITY = ("hardware.serial", "module.serial", "interface.mac")
"""Facts that tell an asset, or a part of it, from another of its kind."""

WATCHED = (*IDENTITY, "mac.address", "arp.mac")
"""All facts of which it is worth to know since when they are as they are."""

_LARGE_IDENTITY = (("module", "serial"), ("interface", "mac"))
_LARGE_WATCHED = (*_LARGE_IDENTITY, ("mac", "address"), ("arp", "mac"))
"""Those of them that stand in large tables."""

_finding = partial(Finding, requirement=REQUIREMENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One thing that had one identity and has another."""

    row: str | None
    what: str
    old: str
    new: str
    last: str
    """When the old one was seen last, RFC 3339 UTC."""
    first: str
    """When the new one was seen first."""
    evidence: tuple[Digest, ...]

    @property
    def words(self) -> str:
        """What became of what, in words."""
        return f"{self.what} was {self.old} until {self.last} and is {self.new} since {self.first}"


def replaced_device(estate: Estate) -> Iterator[Finding]:
    """Judge each asset that has an identity: exchanged with an approval, without one, or not exchanged."""
    addresses = _addresses(estate)
    found: dict[AssetId, list[Exchange]] = {}
    elsewhere: dict[AssetId, list[Exchange]] = {}
    unchanged: dict[AssetId, Finding] = {}
    for subject in estate.subjects.values():
        found[subject.id] = list(_own_exchanges(subject))
        for asset, exchange in (*_exchanged_addresses(subject, addresses), *_exchanged_ports(subject, addresses)):
            elsewhere.setdefault(asset, []).append(exchange)
        told = list(_told(subject))
        if told:
            unchanged[subject.id] = _unchanged(estate, subject, told)
    for asset, own_ones in found.items():
        both = (*own_ones, *elsewhere.get(asset, ()))
        exchanges = {exchange.row: exchange for exchange in reversed(both)}.values()  # several may see the same
        yield from (_judged(estate, asset, exchange) for exchange in exchanges)
        if not exchanges and asset in unchanged:
            yield unchanged[asset]


def _told(subject: Subject) -> Iterator[tuple[Digest, Fact | Capture]]:
    """Yield what says who an asset is and whom it sees, with its digest."""
    yield from ((fact.source, fact) for fact in subject.facts if fact.name in IDENTITY)
    tables = subject.tables
    answers = [told for family, name in _LARGE_IDENTITY for told in tables.column(family, name).answers()]
    yield from {told.blob: told for told in (*answers, *(one.told for one in on_ports(tables)))}.items()


def _unchanged(estate: Estate, subject: Subject, told: list[tuple[Digest, Fact | Capture]]) -> Finding:
    evidence = tuple(sorted({source for source, _ in told}))
    if not subject.before and subject.tables.before.empty:
        status, words = Status.NOT_ASSESSED, "seen once: there is nothing to compare it with"
    elif all(estate.is_stale(one) for _, one in told):
        status, words = Status.NOT_ASSESSED, "what tells the device from another is older than it may be"
    else:
        status, words = Status.SUPPORTS, "the serial numbers and addresses are those of before"
    return _finding(asset=subject.id, status=status, reason=words, evidence=evidence)


def _judged(estate: Estate, asset: AssetId, exchange: Exchange) -> Finding:
    days = estate.limit(REQUIREMENT, "ticket_working_days")
    judged = partial(_finding, asset=asset, row=exchange.row)
    approval = next(
        (one for one in estate.registers.approvals if _covers(one, asset, exchange, days)),
        None,
    )
    if approval is None:
        words = f"{exchange.words}; no approval of a change or device covers it"
        return judged(status=Status.CONTRADICTS, reason=words, evidence=exchange.evidence)
    words = f"{exchange.words}; approved by {approval.approver} ({approval.ticket or approval.id})"
    return judged(status=Status.SUPPORTS, reason=words, evidence=(*exchange.evidence, approval.source))


def _covers(approval: Approval, asset: AssetId, exchange: Exchange, days: int) -> bool:
    """Say whether an approval is about this exchange, at its time, and was signed at most `days` working days after."""
    if approval.kind == "device":
        named = asset in approval.assets or not approval.assets
        about = named and approval.subject.casefold() == exchange.new.casefold()
    else:
        about = approval.kind == "change" and asset in approval.assets
    in_time = approval.begins <= exchange.first and exchange.last <= approval.ends
    return about and in_time and parse_rfc3339(approval.at) <= _working_days_after(exchange.first, days)


def _working_days_after(at: str, days: int) -> datetime:
    """Return the end of the `days`-th day from Monday to Friday after a time, UTC; holidays are not known."""
    moment = parse_rfc3339(at)
    while days:
        moment += timedelta(days=1)
        days -= moment.weekday() < 5
    return moment.replace(hour=23, minute=59, second=59)


def _own_exchanges(subject: Subject) -> Iterator[Exchange]:
    """Yield the asset's serial numbers and addresses that are not those of before; what moved within it is none."""
    tables = subject.tables
    macs = own(tables)
    serials = {*tables.values("module", "serial").values()}
    serials |= {fact.value for fact in subject.facts if fact.name == "hardware.serial"}
    first: dict[str, str] = {}
    _note_first(first, _spells(subject, ("hardware.serial", "module.serial")))
    for (name, row, _), seen in _by_place(subject, IDENTITY).items():
        old, new = seen[-2:]
        if name == "interface.mac":
            if macs.get(row or "") == new.value and names_a_device(old.value) and not is_made_up(new.value):
                yield _exchange(f"interface {row}", f"the address of interface {row}", old, new)
        elif new.value in serials and old.value not in serials and first[new.value] >= new.first:
            what = "its serial number" if row is None else f"the serial number of {row}"
            yield _exchange(None if row is None else f"module {row}", what, old, new)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Addresses:
    """What has to be known of every asset to judge what one of them sees of others."""

    owners: Mapping[str, AssetId]
    """Network address -> whose it is."""
    on_ports: frozenset[str]
    """The MAC addresses that any switch sees at a port now."""
    first: Mapping[str, str]
    """MAC address -> when anybody saw it first."""


def _addresses(estate: Estate) -> _Addresses:
    subjects = estate.subjects.values()
    now: set[str] = set()
    first: dict[str, str] = {}
    for subject in subjects:
        now.update(one.mac for one in on_ports(subject.tables))
        _note_first(first, _spells(subject, ("mac.address", "arp.mac")))
    owners = {subject.asset.address: subject.id for subject in subjects if subject.asset}
    return _Addresses(owners=owners, on_ports=frozenset(now), first=first)


def _exchanged_addresses(subject: Subject, addresses: _Addresses) -> Iterator[tuple[AssetId, Exchange]]:
    """Yield the assets for whose network address another device answers; other addresses change hands every day."""
    now = {one.row: one for one in behind_addresses(subject.tables) if one.place in addresses.owners}
    for (_, row, _), (*_, old, new) in _by_place(subject, ("arp.mac",)).items():
        one = now.get(row or "")
        if one is None or one.mac != new.value or is_made_up(new.value) or is_made_up(old.value):
            continue
        what = f"the address behind {one.place}, as {subject.id} sees it,"
        yield addresses.owners[one.place], _exchange(f"address {one.place}", what, old, new)


def _exchanged_ports(subject: Subject, addresses: _Addresses) -> Iterator[tuple[AssetId, Exchange]]:
    """
    Yield the switch's ports at which one device was and another is.

    Only where the old one is nowhere now and the new one was nowhere then: what moved is no exchange.
    """
    tables = subject.tables
    names, crowd = port_names(tables), Counter(one.place for one in on_ports(tables))
    spells = tuple(_spells(subject, ("mac.address",)))
    seen_at = Counter(names.get(place, place) for spell in spells for place in spell.places.values())
    ports = {port for port, count in seen_at.items() if count > 1 and crowd[port] == 1}
    at_port: dict[str, list[Sighting]] = {}
    for one in (one for spell in spells if ports for one in spell.sightings() if names_a_device(one.value)):
        at_port.setdefault(names.get(one.place, one.place), []).append(one)
    for port, seen in sorted((port, _in_turn(at_port.get(port, ()))) for port in ports):
        if len(seen) < 2 or is_made_up(seen[-1].value):
            continue
        old, new = seen[-2:]
        alone = sum(other.last >= old.last for other in seen[:-1]) == 1
        is_new = old.last < new.first and addresses.first[new.value] >= new.first
        if alone and old.value not in addresses.on_ports and is_new:
            yield subject.id, _exchange(f"port {port}", f"the device at {port}", old, new)


def _note_first(first: dict[str, str], spells: Iterable[Spell]) -> None:
    """Note when each value was seen first, wherever it stood."""
    for spell in spells:
        for value in spell.values.values():
            first[value] = min(first.get(value, spell.first), spell.first)


def _by_place(subject: Subject, names: Iterable[str]) -> dict[tuple[str, str | None, str], list[Sighting]]:
    """Return what stood in each place of an asset, in turn, by one question, where it was more than one thing."""
    asked: dict[tuple[str, str], list[Spell]] = {}
    for spell in _spells(subject, names):
        asked.setdefault((spell.name, spell.question), []).append(spell)
    found: dict[tuple[str, str | None, str], list[Sighting]] = {}
    for (name, question), spells in asked.items():
        for one in (one for spell in spells if len(spells) > 1 for one in spell.sightings()):  # one alone has each once
            found.setdefault((name, one.row, question), []).append(one)
    turns = {place: _in_turn(seen) for place, seen in found.items() if len(seen) > 1}
    return {place: seen for place, seen in turns.items() if len(seen) > 1}


def _in_turn(seen: Iterable[Sighting]) -> list[Sighting]:
    """Return what stood in one place, the oldest first; what was away for a while and came back is one sighting."""
    turns: list[Sighting] = []
    for one in sorted(seen, key=lambda each: (each.first, each.last)):
        if turns and turns[-1].value == one.value:
            turns[-1] = turns[-1]._replace(last=max(turns[-1].last, one.last))
        else:
            turns.append(one)
    return turns


def _spells(subject: Subject, names: Iterable[str]) -> Iterator[Spell]:
    """Yield what the log remembers of these facts; without that, what the newest answers and those before say."""
    wanted = frozenset(names)
    seen = subject.tables.seen or (one.spell for one in _two_sightings(subject))
    yield from (spell for spell in seen if spell.name in wanted)


def _two_sightings(subject: Subject) -> Iterator[Sighting]:
    """Yield what the newest answers and those before say."""
    said: dict[tuple[str, str | None, str, str], list[tuple[str, Digest, str]]] = {}
    tables = subject.tables
    for facts, one in ((subject.before, tables.before), (subject.facts, tables)):
        for fact in facts:
            if fact.name in WATCHED:
                key = fact.name, fact.row, fact.value, ""
                said.setdefault(key, []).append((fact.at, fact.source, fact.origin))
        for family, name in _LARGE_WATCHED:
            column, ports = one.column(family, name), ports_of(one) if family == "mac" else {}
            for row, value in column.values.items():
                told = column.told(row)
                key = f"{family}.{name}", row, value, ports.get(row, "")
                said.setdefault(key, []).append((told.at, told.blob, told.request))
    for (name, where, value, place), answers in said.items():
        (first, source, question), (last, _, _) = answers[0], answers[-1]
        yield Sighting(name, where, value, question, place, first, last, source)


def _exchange(row: str | None, what: str, old: Sighting, new: Sighting) -> Exchange:
    return Exchange(
        row=row,
        what=what,
        old=old.value,
        new=new.value,
        last=old.last,
        first=new.first,
        evidence=tuple(dict.fromkeys((old.source, new.source))),
    )
