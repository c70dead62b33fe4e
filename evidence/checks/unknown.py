"""INV-09: devices that switches see and that no inventory and no person knows."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from evidence.checks.estate import Estate
from evidence.checks.hardware_addresses import behind_addresses, is_made_up, known, on_ports
from evidence.model.finding import Finding, Status
from evidence.model.names import AssetId, Digest

REQUIREMENT = "INV-09"

_ADDRESSES = ("mac.address", "mac.mac", "arp.mac")
_FAR = 1_000_000
"""How much farther a device is that only answers for a network address than one at a port."""

_finding = partial(Finding, requirement=REQUIREMENT)


class UnknownDevice(NamedTuple):
    """A device nobody knows, where it was seen nearest. A tuple, for a network full of strangers has thousands."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What one look at every table brought."""

    devices: tuple[UnknownDevice, ...]
    watching: Mapping[AssetId, frozenset[Digest]]
    """Each asset that has a table -> what it was read from."""
    stale: frozenset[AssetId]
    """Those of which nothing is fresh."""


def _look(estate: Estate) -> _Seen:
    """Look at what tables that are not stale show, by address, and at whom nobody knows."""
    familiar = known(estate)
    nearest: dict[str, tuple[int, AssetId, str, str, Digest]] = {}
    first: dict[str, str] = {}
    watching: dict[AssetId, frozenset[Digest]] = {}
    stale: set[AssetId] = set()
    for subject in estate.subjects.values():
        tables = subject.tables
        learned, answering = on_ports(tables), behind_addresses(tables)
        if learned or answering:
            watching[subject.id] = frozenset(one.told.blob for one in (*learned, *answering))
        fresh = [one for one in learned if not estate.is_stale(one.told)]
        far = [one for one in answering if not estate.is_stale(one.told)]
        if not fresh and not far:
            stale.add(subject.id)
        crowd = Counter(one.place for one in fresh)
        for one, rank in (*((one, crowd[one.place]) for one in fresh), *((one, len(fresh) + _FAR) for one in far)):
            mac, place, _, told = one
            if mac not in familiar:
                here = rank, subject.id, place, told.at, told.blob
                if mac not in nearest or here < nearest[mac]:
                    nearest[mac] = here
        for spell in tables.seen:
            if spell.name in _ADDRESSES:
                for mac in frozenset(spell.values.values()) - familiar:
                    first[mac] = min(first.get(mac, spell.first), spell.first)
    return _Seen(
        devices=tuple(
            UnknownDevice(mac, asset, place, min(first.get(mac, at), at), at, source)
            for mac, (_, asset, place, at, source) in sorted(nearest.items())
        ),
        watching=watching,
        stale=frozenset(stale & watching.keys()),
    )


def unknown_device(estate: Estate) -> Iterator[Finding]:
    """Judge what switches and routers see: one finding for each unknown device, or one that there is none."""
    seen = _look(estate)
    if not seen.watching:
        yield _finding(asset=None, status=Status.NOT_ASSESSED, reason="no table of addresses was read of any asset")
        return
    for device in seen.devices:
        yield _judged(estate, device)
    if seen.devices:
        return
    evidence = tuple(sorted(frozenset[Digest]().union(*seen.watching.values())))
    if seen.stale:
        words = (
            f"nothing unknown was seen, but the tables of {', '.join(sorted(seen.stale))} are older than they may be"
        )
        yield _finding(asset=None, status=Status.NOT_ASSESSED, reason=words, evidence=evidence)
        return
    words = f"every device that {', '.join(sorted(seen.watching))} see is known"
    yield _finding(asset=None, status=Status.SUPPORTS, reason=words, evidence=evidence)


def _judged(estate: Estate, device: UnknownDevice) -> Finding:
    hours = estate.limit(REQUIREMENT, "triage_hours")
    if is_made_up(device.mac):
        status, words = Status.NOT_ASSESSED, "the address was given by software and does not say which device has it"
    elif estate.age_s(device.since) > hours * 3600:
        status, words = Status.CONTRADICTS, f"nobody knows it after {hours} h"
    else:
        status, words = Status.SUPPORTS, f"to be known within {hours} h"
    return Finding(
        requirement=REQUIREMENT,
        asset=None,
        row=device.mac,
        status=status,
        due=status is Status.SUPPORTS,
        reason=f"{device.words}: {words}",
        evidence=(device.source,),
    )
