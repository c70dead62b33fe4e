"""
DRF-02: a device that was exchanged for another: the same name, port or address, and another serial number or MAC.

What is compared is each newest value with the one before it, as far as the log is looked back: a night later the
exchange is still there to be explained.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from evidence.checks.estate import Estate, Sighting, Subject
from evidence.checks.hardware_addresses import (
    behind_addresses,
    is_made_up,
    names_a_device,
    on_ports,
    own,
    port_names,
    port_of,
)
from evidence.clock import parse_rfc3339
from evidence.model.fact import Fact
from evidence.model.finding import Finding, Status
from evidence.model.names import AssetId, Digest
from evidence.model.register import Approval

REQUIREMENT = "DRF-02"

IDENTITY = ("hardware.serial", "module.serial", "interface.mac")
"""Facts that tell an asset, or a part of it, from another of its kind."""

WATCHED = (*IDENTITY, "mac.address", "arp.mac")
"""All facts of which it is worth to know since when they are as they are."""

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
    elsewhere = _exchanges_seen_by_others(estate)
    for subject in estate.subjects.values():
        facts = [fact for fact in subject.facts if fact.name in IDENTITY] + [one.fact for one in on_ports(subject)]
        both = (*_own_exchanges(subject), *elsewhere.get(subject.id, ()))
        exchanges = {exchange.row: exchange for exchange in reversed(both)}.values()  # several may see the same
        if exchanges:
            for exchange in exchanges:
                yield _judged(estate, subject.id, exchange)
        elif facts:
            yield _unchanged(estate, subject, facts)


def _unchanged(estate: Estate, subject: Subject, facts: list[Fact]) -> Finding:
    evidence = tuple(sorted({fact.source for fact in facts}))
    if not subject.before:
        status, words = Status.NOT_ASSESSED, "seen once: there is nothing to compare it with"
    elif all(map(estate.is_stale, facts)):
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
    macs = {(row.name, mac) for row, mac in own(subject)}
    serials = {fact.value for fact in subject.facts if fact.name in ("hardware.serial", "module.serial")}
    first = _first_of(_sightings(subject, ("hardware.serial", "module.serial")))
    for (name, row, _), seen in _by_place(subject, IDENTITY).items():
        old, new = seen[-2:]
        if name == "interface.mac":
            if (row, new.value) in macs and names_a_device(old.value) and not is_made_up(new.value):
                yield _exchange(f"interface {row}", f"the address of interface {row}", old, new)
        elif new.value in serials and old.value not in serials and first[new.value] >= new.first:
            what = "its serial number" if row is None else f"the serial number of {row}"
            yield _exchange(None if row is None else f"module {row}", what, old, new)


def _exchanges_seen_by_others(estate: Estate) -> dict[AssetId, list[Exchange]]:
    """Return, by asset, what tables of others say was exchanged: at a switch's ports, or behind the asset's address."""
    found: dict[AssetId, list[Exchange]] = {}
    for asset, exchange in (*_exchanged_addresses(estate), *_exchanged_ports(estate)):
        found.setdefault(asset, []).append(exchange)
    return found


def _exchanged_addresses(estate: Estate) -> Iterator[tuple[AssetId, Exchange]]:
    """Yield the assets for whose network address another device answers; other addresses change hands every day."""
    owners = {subject.asset.address: subject.id for subject in estate.subjects.values() if subject.asset}
    for subject in estate.subjects.values():
        now = {one.fact.row: one for one in behind_addresses(subject) if one.place in owners}
        for (_, row, _), (*_, old, new) in _by_place(subject, ("arp.mac",)).items():
            one = now.get(row)
            if one is None or one.mac != new.value or is_made_up(new.value) or is_made_up(old.value):
                continue
            what = f"the address behind {one.place}, as {subject.id} sees it,"
            yield owners[one.place], _exchange(f"address {one.place}", what, old, new)


def _exchanged_ports(estate: Estate) -> Iterator[tuple[AssetId, Exchange]]:
    """
    Yield the switches' ports at which one device was and another is.

    Only where the old one is nowhere now and the new one was nowhere then: what moved is no exchange.
    """
    now = {one.mac for subject in estate.subjects.values() for one in on_ports(subject)}
    first = _first_of(
        one for subject in estate.subjects.values() for one in _sightings(subject, ("mac.address", "arp.mac"))
    )
    for subject in estate.subjects.values():
        crowd = Counter(one.place for one in on_ports(subject))
        at_port: dict[str, list[Sighting]] = {}
        names = port_names(subject)
        for one in _sightings(subject, ("mac.address",)):
            if names_a_device(one.value):
                at_port.setdefault(names.get(one.place, one.place), []).append(one)
        for port, seen in sorted((port, _in_turn(seen)) for port, seen in at_port.items()):
            if crowd[port] != 1 or len(seen) < 2 or is_made_up(seen[-1].value):
                continue
            old, new = seen[-2:]
            alone = sum(other.last >= old.last for other in seen[:-1]) == 1
            if alone and old.value not in now and old.last < new.first and first[new.value] >= new.first:
                yield subject.id, _exchange(f"port {port}", f"the device at {port}", old, new)


def _first_of(sightings: Iterable[Sighting]) -> dict[str, str]:
    """Return when each value was seen first, wherever it stood."""
    first: dict[str, str] = {}
    for one in sightings:
        first[one.value] = min(first.get(one.value, one.first), one.first)
    return first


def _by_place(subject: Subject, names: Iterable[str]) -> dict[tuple[str, str | None, str], list[Sighting]]:
    """Return what stood in each place of an asset, in turn, by one question, where it was more than one thing."""
    found: dict[tuple[str, str | None, str], list[Sighting]] = {}
    for one in _sightings(subject, names):
        found.setdefault((one.name, one.row, one.question), []).append(one)
    turns = {place: _in_turn(seen) for place, seen in found.items()}
    return {place: seen for place, seen in turns.items() if len(seen) > 1}


def _in_turn(seen: Iterable[Sighting]) -> list[Sighting]:
    """Return what stood in one place, the oldest first; what was away for a while and came back is one sighting."""
    turns: list[Sighting] = []
    for one in sorted(seen, key=lambda each: (each.first, each.last)):
        if turns and turns[-1].value == one.value:
            turns[-1] = replace(turns[-1], last=max(turns[-1].last, one.last))
        else:
            turns.append(one)
    return turns


def _sightings(subject: Subject, names: Iterable[str]) -> Iterator[Sighting]:
    """Yield what the log remembers of these facts; without that, what the newest answers and those before say."""
    wanted = frozenset(names)
    yield from (one for one in subject.seen or _two_sightings(subject) if one.name in wanted)


def _two_sightings(subject: Subject) -> Iterator[Sighting]:
    """Yield what the newest answers and those before say."""
    known: dict[tuple[str, str | None, str, str], list[Fact]] = {}
    for before in (True, False):
        ports = {
            row.name: port_of({name: fact.value for name, fact in row.facts.items()})
            for row in subject.rows("mac", before=before)
        }
        for fact in subject.before if before else subject.facts:
            if fact.name in WATCHED:
                place = ports.get(fact.row or "", "") if fact.name == "mac.address" else ""
                known.setdefault((fact.name, fact.row, fact.value, place), []).append(fact)
    for (name, row, value, place), facts in known.items():
        first, last = facts[0], facts[-1]
        yield Sighting(
            name=name,
            row=row,
            value=value,
            question=first.origin,
            place=place,
            first=first.at,
            last=last.at,
            source=first.source,
        )


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
