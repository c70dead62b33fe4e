"""What a sheet is filled with before a person sees it: the entries in force, and what was seen and needs a word."""

from collections.abc import Iterable, Iterator, Mapping

from evidence.checks.estate import Estate
from evidence.checks.unknown import unknown_devices
from evidence.log.register import Entry
from evidence.model.finding import Finding, Status
from evidence.registers.sheet import Proposal


def in_force(entries: Iterable[Entry]) -> Iterator[Proposal]:
    """Yield the entries in force as rows."""
    for entry in entries:
        yield Proposal(id=entry.id, columns=entry.columns)


def exceptions_for(findings: Iterable[Finding]) -> Iterator[Proposal]:
    """Yield a row for every contradiction that no exception covers."""
    for finding in findings:
        if finding.status is not Status.CONTRADICTS or finding.exception is not None or finding.requirement == "EXC-01":
            continue
        place = {"assets": (finding.asset,)} if finding.asset else {}
        row = {"row": finding.row} if finding.row else {}
        yield Proposal(
            id=_name(finding.requirement, finding.asset, finding.row),
            columns={"requirement": finding.requirement, **place, **row},
            seen=finding.reason,
        )


def known_devices_for(estate: Estate) -> Iterator[Proposal]:
    """Yield a row for every device that was seen and that nobody knows."""
    for device in unknown_devices(estate):
        place = f"{device.seen_by} {device.port}".strip()
        yield Proposal(id=device.mac, columns={"mac": device.mac, "place": place}, seen=device.words)


def _name(requirement: str, asset: str | None, row: str | None) -> str:
    return "-".join(part for part in (requirement, asset, row) if part)[:100].strip()


def proposals(kind: str, estate: Estate | None, findings: Iterable[Finding]) -> Iterator[Proposal]:
    """Yield what was seen that an entry of this kind could answer."""
    if kind == "exception":
        yield from exceptions_for(findings)
    elif kind == "known-device" and estate is not None:
        yield from known_devices_for(estate)


def merged(current: Mapping[str, Entry], proposed: Iterable[Proposal]) -> Iterator[Proposal]:
    """Yield the entries in force, then each proposal whose id none of them has."""
    yield from in_force(current.values())
    for row in proposed:
        if row.id not in current:
            yield row
