"""VAC-01: every session of a vendor was approved before it began, and ended while it was approved."""

from collections.abc import Iterator, Mapping
from functools import partial

from evidence.checks.estate import Estate, Row, Subject
from evidence.clock import TimeError, parse_rfc3339, rfc3339
from evidence.model.finding import Finding, Status
from evidence.model.names import AssetId
from evidence.model.register import Approval

REQUIREMENT = "VAC-01"

_finding = partial(Finding, requirement=REQUIREMENT)


def vendor_session(estate: Estate) -> Iterator[Finding]:
    """Judge the sessions of each asset that has a log of them; sessions that are not a vendor's are not judged."""
    accounts = _vendor_accounts(estate)
    addresses = {subject.asset.address: subject.id for subject in estate.subjects.values() if subject.asset}
    read = 0
    for subject in estate.subjects.values():
        sessions = list(subject.rows("session"))
        if not sessions:
            continue
        read += 1
        vendors = [row for row in sessions if _is_vendors(row, accounts)]
        if not accounts and not any(row.text("vendor") for row in sessions):
            words = f"{len(sessions)} sessions, and nothing says which accounts are a vendor's"
            yield _finding(asset=subject.id, status=Status.NOT_ASSESSED, reason=words)
        elif not vendors:
            yield _none_by_a_vendor(estate, subject, sessions)
        for row in vendors:
            yield _judged(estate, subject, row, _target(estate, addresses, subject, row))
    if not read:
        yield _finding(asset=None, status=Status.NOT_ASSESSED, reason="no log of sessions was read")


def _vendor_accounts(estate: Estate) -> frozenset[str]:
    """Return the accounts that the ledger or an approval says are a vendor's."""
    named = [subject.asset.vendor for subject in estate.subjects.values() if subject.asset and subject.asset.vendor]
    listed = {one.strip().casefold() for text in named for one in text.split(",")}
    approved = {one.subject.casefold() for one in estate.registers.approvals if one.kind == "session"}
    return frozenset(listed | approved)


def _is_vendors(row: Row, accounts: frozenset[str]) -> bool:
    vendor = (row.text("vendor") or "").casefold()
    return vendor not in ("", "no") or (row.text("account") or "").casefold() in accounts


def _none_by_a_vendor(estate: Estate, subject: Subject, sessions: list[Row]) -> Finding:
    facts = [fact for row in sessions for fact in row.facts.values()]
    evidence = tuple(sorted({fact.source for fact in facts}))
    if all(map(estate.is_stale, facts)):
        words = "the log of sessions is older than it may be"
        return _finding(asset=subject.id, status=Status.NOT_ASSESSED, reason=words, evidence=evidence)
    words = f"{len(sessions)} sessions, none of them a vendor's"
    return _finding(asset=subject.id, status=Status.SUPPORTS, reason=words, evidence=evidence)


def _judged(estate: Estate, subject: Subject, row: Row, target: AssetId) -> Finding:
    """Judge one session of a vendor."""
    account = row.text("account") or ""
    start, end = _moment(row.text("start")), _moment(row.text("end"))
    what = f"{account or 'somebody'} on {target}"
    judged = partial(_finding, asset=subject.id, row=row.name)
    if start is None or not account:
        words = f"a vendor's session on {target}, whose account or start is not known"
        return judged(status=Status.NOT_ASSESSED, reason=words, evidence=row.sources)
    theirs = [
        one
        for one in estate.registers.approvals
        if one.kind == "session"
        and one.subject.casefold() == account.casefold()
        and (not one.assets or target in one.assets)
    ]
    begun = [one for one in theirs if one.at < start and one.begins <= start <= one.ends]
    if not begun:
        words = f"{what} from {start}: {_why_not(theirs, start)}"
        sources = {one.source for one in theirs}
        return judged(status=Status.CONTRADICTS, reason=words, evidence=(*row.sources, *sorted(sources)))
    until = end if end is not None else rfc3339(estate.at)
    names = {one.id for one in begun}
    versions = [one for one in theirs if one.id in names and one.at < until]
    whole = [one for one in versions if one.begins <= until <= one.ends]
    approval = (whole or begun)[0]
    evidence = (*row.sources, approval.source)
    if not whole:
        ended = f"ended {until}" if end is not None else f"had not ended at {until}"
        limit = max(one.ends for one in versions)
        words = f"{what} from {start} {ended}, after the approval {approval.id} did: {limit}"
        return judged(status=Status.CONTRADICTS, reason=words, evidence=evidence)
    if all(map(estate.is_stale, row.facts.values())):
        words = "the log of sessions is older than it may be"
        return judged(status=Status.NOT_ASSESSED, reason=words, evidence=evidence)
    words = f"{what} from {start}: approved by {approval.approver} ({approval.id}) until {approval.ends}"
    return judged(status=Status.SUPPORTS, reason=words, evidence=evidence)


def _target(estate: Estate, addresses: Mapping[str, AssetId], subject: Subject, row: Row) -> AssetId:
    """Return what a session went to: the asset of that name or address, else the name; unsaid, the log's own asset."""
    to = row.text("to")
    if to is None:
        return subject.id
    return AssetId(to) if AssetId(to) in estate.subjects else addresses.get(to, AssetId(to))


def _why_not(theirs: list[Approval], start: str) -> str:
    if not theirs:
        return "nobody approved it"
    inside = [one for one in theirs if one.begins <= start <= one.ends]
    if inside:
        first = min(inside, key=lambda one: one.at)
        return f"the approval {first.id} was signed at {first.at}, not before the session"
    nearest = max(theirs, key=lambda one: one.begins)
    return f"outside every approval; {nearest.id} is for {nearest.begins} to {nearest.ends}"


def _moment(text: str | None) -> str | None:
    """Return a time if it is written as all times are, so that texts compare as times do."""
    try:
        return rfc3339(parse_rfc3339(text)) if text else None
    except TimeError:
        return None
