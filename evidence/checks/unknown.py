"""INV-09: devices that switches see and that no inventory and no person knows."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from evidence.checks.estate import Estate, Subject
from evidence.checks.hardware_addresses import Address, behind_addresses, is_made_up, known, on_ports
from evidence.model.finding import Finding, Status
from evidence.model.names import AssetId, Digest

REQUIREMENT = "INV-09"

_finding = partial(Finding, requirement=REQUIREMENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownDevice:
    """A device nobody knows, where it was seen nearest."""

    mac: str
    seen_by: AssetId
    port: str
    """The port, of all it was seen at, with the fewest other devices; or the network address it answers for."""
    since: str
    """RFC 3339 UTC; when it was seen first, as far as the log is looked back."""
    at: str
    """When it was seen last."""
    source: Digest

    @property
    def words(self) -> str:
        """Where it is and since when, in words."""
        return f"{self.mac} at {self.port or 'an unknown port'} of {self.seen_by}, seen since {self.since}"


def unknown_devices(estate: Estate) -> Iterator[UnknownDevice]:
    """Yield each device that tables which are not stale show and nobody knows, by address."""
    familiar = known(estate)
    sightings: dict[str, list[tuple[int, Subject, Address]]] = {}
    for subject in estate.subjects.values():
        fresh = [one for one in on_ports(subject) if not estate.is_stale(one.fact)]
        crowd = Counter(one.place for one in fresh)
        answering = [one for one in behind_addresses(subject) if not estate.is_stale(one.fact)]
        ranked = [(crowd[one.place], one) for one in fresh] + [(len(fresh) + 1_000_000, one) for one in answering]
        for rank, one in ranked:
            if one.mac not in familiar:
                sightings.setdefault(one.mac, []).append((rank, subject, one))
    first = _first_seen(estate)
    for mac, seen in sorted(sightings.items()):
        _, subject, nearest = min(seen, key=lambda each: (each[0], each[1].id, each[2].place))
        yield UnknownDevice(
            mac=mac,
            seen_by=subject.id,
            port=nearest.place,
            since=min(first.get(mac, nearest.fact.at), nearest.fact.at),
            at=nearest.fact.at,
            source=nearest.fact.source,
        )


def unknown_device(estate: Estate) -> Iterator[Finding]:
    """Judge what switches and routers see: one finding for each unknown device, or one that there is none."""
    tables = {subject.id: _table(subject) for subject in estate.subjects.values()}
    watching = {asset: facts for asset, facts in tables.items() if facts}
    if not watching:
        yield _finding(asset=None, status=Status.NOT_ASSESSED, reason="no table of addresses was read of any asset")
        return
    found = list(unknown_devices(estate))
    for device in found:
        yield _judged(estate, device)
    if found:
        return
    stale = sorted(asset for asset, facts in watching.items() if all(estate.is_stale(one.fact) for one in facts))
    evidence = tuple(sorted({one.fact.source for facts in watching.values() for one in facts}))
    if stale:
        words = f"nothing unknown was seen, but the tables of {', '.join(stale)} are older than they may be"
        yield _finding(asset=None, status=Status.NOT_ASSESSED, reason=words, evidence=evidence)
        return
    words = f"every device that {', '.join(sorted(watching))} see is known"
    yield _finding(asset=None, status=Status.SUPPORTS, reason=words, evidence=evidence)


def _judged(estate: Estate, device: UnknownDevice) -> Finding:
    hours = estate.limit(REQUIREMENT, "triage_hours")
    judged = partial(_finding, asset=None, row=device.mac, evidence=(device.source,))
    if is_made_up(device.mac):
        words = f"{device.words}: the address was given by software and does not say which device has it"
        return judged(status=Status.NOT_ASSESSED, reason=words)
    if estate.age_s(device.since) > hours * 3600:
        return judged(status=Status.CONTRADICTS, reason=f"{device.words}: nobody knows it after {hours} h")
    return judged(status=Status.SUPPORTS, due=True, reason=f"{device.words}: to be known within {hours} h")


def _table(subject: Subject) -> list[Address]:
    return [*on_ports(subject), *behind_addresses(subject)]


def _first_seen(estate: Estate) -> dict[str, str]:
    """Return when each address was seen first, by anybody."""
    first: dict[str, str] = {}
    for subject in estate.subjects.values():
        for one in subject.seen:
            if one.name in ("mac.address", "mac.mac", "arp.mac"):
                first[one.value] = min(first.get(one.value, one.first), one.first)
    return first
