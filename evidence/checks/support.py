"""INV-04: every asset's maker still supports what runs on it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache

from evidence.checks.estate import Estate, Subject
from evidence.checks.judging import attested, digests, stale, unknown
from evidence.checks.tables import Tables
from evidence.model.fact import Fact
from evidence.model.finding import Finding, Status
from evidence.model.names import Digest
from evidence.model.support import SupportEnd

REQUIREMENT = "INV-04"
_MODULE = "module."
_NAME = "module.name"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """One end of support that bears on an asset."""

    what: str
    ends: str
    says: str
    row: str | None
    evidence: tuple[Digest, ...]
    facts: tuple[Fact, ...] = ()


def end_of_support(estate: Estate) -> Iterator[Finding]:
    """
    Judge each asset by its ledger, else by what a person attested, else by what its makers say of version and modules.

    The ledger wins: whoever wrote it knows of a contract that no bulletin knows.
    """
    for subject in estate.subjects.values():
        known = _ledger(subject) or _attested(estate, subject) or tuple(_said(estate, subject))
        if not known:
            yield _nothing(subject)
        for one in known:
            yield _judged(estate, subject, one)


def _nothing(subject: Subject) -> Finding:
    version, model = subject.fact("firmware.version"), subject.fact("hardware.model")
    if version is None and model is None:
        return unknown(subject, REQUIREMENT, "what runs on it, and so when its support ends,")
    what = " ".join(fact.value for fact in (model, version) if fact is not None)
    return Finding(
        requirement=REQUIREMENT,
        asset=subject.id,
        status=Status.NOT_ASSESSED,
        reason=f"no date of support is known for {what}: neither ledger, attestation nor a maker's bulletin names one",
        evidence=digests(fact.source for fact in (model, version) if fact is not None),
    )


def _ledger(subject: Subject) -> tuple[_Known, ...]:
    asset = subject.asset
    if asset is None or not asset.support_end or subject.listed is None:
        return ()
    return (
        _Known(what="support", ends=asset.support_end, says="the ledger says", row=None, evidence=(subject.listed,)),
    )


def _attested(estate: Estate, subject: Subject) -> tuple[_Known, ...]:
    newest = attested(estate, subject, "support-end")
    if newest is None or "end" not in newest.values:
        return ()
    says = f"{newest.by} attested"
    return (_Known(what="support", ends=newest.values["end"], says=says, row=None, evidence=(newest.source,)),)


def _said(estate: Estate, subject: Subject) -> Iterator[_Known]:
    """Yield what makers say: at most once for the asset itself, and once for each of its modules."""
    version = subject.fact("firmware.version")
    if version is not None:
        for end in estate.support:
            read = _fits(subject, end)
            if read is not None and _regex(end.version).match(version.value):
                yield _by_bulletin(end, None, (version, *read))
                break
    modular = [end for end in estate.support if _NAME in end.when]
    tables = subject.tables if modular else Tables()
    names, versions = tables.values("module", "name"), tables.values("module", "version")
    modules = sorted(names.keys() & versions.keys())
    for end in modular:
        for row in modules:
            if _regex(end.when[_NAME]).fullmatch(names[row]) and _regex(end.version).match(versions[row]):
                yield _by_bulletin(end, row, (_fact(tables, "name", row), _fact(tables, "version", row)))


def _fact(tables: Tables, name: str, row: str) -> Fact:
    column = tables.column("module", name)
    told = column.told(row)
    return Fact(
        asset=told.asset,
        name=f"module.{name}",
        value=column.values[row],
        source=told.blob,
        origin=f"{told.transport} {told.request}",
        at=told.at,
        ttl_s=told.ttl_s,
        row=row,
    )


def _fits(subject: Subject, end: SupportEnd) -> tuple[Fact, ...] | None:
    """Return the facts by which an asset is the product meant, or nothing."""
    found = []
    for name, pattern in end.when.items():
        fact = None if name.startswith(_MODULE) else subject.fact(name)
        if fact is None or not _regex(pattern).fullmatch(fact.value):
            return None
        found.append(fact)
    return tuple(found)


def _by_bulletin(end: SupportEnd, row: str | None, facts: tuple[Fact, ...]) -> _Known:
    says = f"{end.source}, looked up on {end.looked_up}"
    evidence = digests(fact.source for fact in facts)
    return _Known(what=f"{end.product}: {end.kind}", ends=end.ends, says=says, row=row, evidence=evidence, facts=facts)


def _judged(estate: Estate, subject: Subject, known: _Known) -> Finding:
    old = next((fact for fact in known.facts if estate.is_stale(fact)), None)
    if old is not None:
        return stale(estate, REQUIREMENT, old, f"{old.name} {old.value}", row=known.row)
    status, due = Status.SUPPORTS, False
    try:
        left = (date.fromisoformat(known.ends) - estate.at.date()).days
    except ValueError:
        status, reason = (
            Status.NOT_ASSESSED,
            f"{known.what} ends on {known.ends!r:.40} ({known.says}), which is no date",
        )
    else:
        limit = estate.limit(REQUIREMENT, "due_days")
        due = 0 <= left <= limit
        if left < 0:
            status, reason = Status.CONTRADICTS, f"{known.what} ended on {known.ends}, {-left} days ago ({known.says})"
        else:
            reason = f"{known.what} ends on {known.ends}, in {left} days ({known.says})"
        if due:
            reason = f"{reason}; it is due from {limit} days before"
    return Finding(
        requirement=REQUIREMENT,
        asset=subject.id,
        row=known.row,
        status=status,
        due=due,
        reason=reason,
        evidence=known.evidence,
    )


@cache
def _regex(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)
