"""
EXC-01: what contradicts is fixed, or accepted by a live and complete exception whose compensating controls hold.

A second pass, over the findings of all others. An exception lives while its dates say so and every requirement it names
as compensating is supported for the same asset; a compensating control that is itself excepted does not hold.
"""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from functools import partial

from evidence.checks.estate import Estate
from evidence.model.finding import Finding, Status
from evidence.model.names import AssetId, Digest
from evidence.model.register import RiskException

REQUIREMENT = "EXC-01"

MAX_NAMED = 12
"""Most contradictions named in one sentence; the others are counted."""

_finding = partial(Finding, requirement=REQUIREMENT)


def covered(estate: Estate, findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Return the findings, each contradiction with the id of the live exception that covers it."""
    held = _by_place(findings)
    return tuple(_covered(estate, finding, held) for finding in findings)


def risk_exception(estate: Estate, findings: Sequence[Finding]) -> Iterator[Finding]:
    """Judge every exception that something needs, and whether a contradiction is left; `findings` are all others."""
    if "exception" not in estate.registers.present:
        yield _finding(asset=None, status=Status.NOT_ASSESSED, reason="nobody keeps a register of exceptions")
        return
    held = _by_place(findings)
    open_ones = [one for one in findings if one.status is Status.CONTRADICTS and one.requirement != REQUIREMENT]
    for exception in estate.registers.exceptions:
        needed_for = [finding for finding in open_ones if _is_about(exception, finding)]
        if needed_for:
            yield _judged(estate, exception, needed_for, held)
    left = [one for one in open_ones if _covered(estate, one, held).exception is None]
    register = (estate.registers.sources["exception"],)
    if not left:
        words = f"{len(open_ones)} contradictions, each accepted for a time" if open_ones else "nothing contradicts"
        yield _finding(asset=None, status=Status.SUPPORTS, reason=words, evidence=register)
        return
    names = [" ".join(filter(None, (one.requirement, one.asset, one.row))) for one in left]
    more = f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
    words = f"neither fixed nor accepted: {', '.join(names[:MAX_NAMED])}{more}"
    evidence = tuple(dict.fromkeys((*register, *(source for one in left for source in one.evidence))))
    yield _finding(asset=None, status=Status.CONTRADICTS, reason=words, evidence=evidence)


_Held = dict[tuple[str, AssetId | None], list[Finding]]


def _by_place(findings: Sequence[Finding]) -> _Held:
    held: _Held = {}
    for finding in findings:
        if finding.status is not Status.NOT_APPLICABLE:
            held.setdefault((finding.requirement, finding.asset), []).append(finding)
    return held


def _covered(estate: Estate, finding: Finding, held: _Held) -> Finding:
    if finding.status is not Status.CONTRADICTS or finding.requirement == REQUIREMENT:
        return finding
    for exception in estate.registers.exceptions:
        if _is_about(exception, finding) and _lapse(estate, exception, finding.asset, held) is None:
            return finding._replace(exception=exception.id)
    return finding


def _is_about(exception: RiskException, finding: Finding) -> bool:
    return (
        exception.requirement == finding.requirement
        and (not exception.assets or finding.asset in exception.assets)
        and exception.row in (None, finding.row)
    )


def _judged(estate: Estate, exception: RiskException, needed_for: Sequence[Finding], held: _Held) -> Finding:
    """Judge one exception by all that it is needed for."""
    judged = partial(_finding, asset=exception.assets[0] if len(exception.assets) == 1 else None, row=exception.id)
    for finding in needed_for:
        lapse = _lapse(estate, exception, finding.asset, held)
        if lapse is not None:
            words = f"the exception {exception.id} from {exception.requirement} does not count: {lapse}"
            return judged(status=Status.CONTRADICTS, reason=words, evidence=(exception.source, *finding.evidence))
    days = estate.limit(REQUIREMENT, "due_days")
    due = date.fromisoformat(exception.expires) - _today(estate) <= timedelta(days=days)
    evidence: dict[Digest, None] = {exception.source: None}
    for finding in needed_for:
        for requirement in exception.compensating:
            for one in _of_asset(held, requirement, finding.asset):
                evidence.update(dict.fromkeys(one.evidence))
    words = (
        f"{exception.approver} accepted it until {exception.expires}; "
        f"{', '.join(exception.compensating)} hold{'s' if len(exception.compensating) == 1 else ''} meanwhile"
    )
    return judged(status=Status.SUPPORTS, due=due, reason=words, evidence=tuple(evidence))


def _lapse(estate: Estate, exception: RiskException, asset: AssetId | None, held: _Held) -> str | None:
    """Return why an exception does not count for an asset, or nothing where it does."""
    today = _today(estate).isoformat()
    if today < exception.approved:
        return f"it counts from {exception.approved} on"
    if today > exception.expires:
        return f"it expired {exception.expires}"
    if not exception.compensating:
        return "it names no compensating control"
    for requirement in exception.compensating:
        found = _of_asset(held, requirement, asset)
        bad = next((one for one in found if one.status is not Status.SUPPORTS), None)
        if bad is not None:
            return f"its compensating control {requirement} is {bad.status}: {bad.reason}"
        if not found:
            return f"nothing is known of its compensating control {requirement} for this asset"
    return None


def _of_asset(held: _Held, requirement: str, asset: AssetId | None) -> list[Finding]:
    """Return what was found of a requirement for an asset; of the site, where nothing was found for the asset."""
    return held.get((requirement, asset)) or held.get((requirement, None), [])


def _today(estate: Estate) -> date:
    return estate.at.date()
