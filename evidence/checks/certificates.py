"""INV-07: no certificate in use is about to end."""

from collections.abc import Iterator

from evidence.checks.estate import Estate, Row, Subject
from evidence.checks.judging import moment_of, stale, unknown
from evidence.model.asset import Safety
from evidence.model.finding import Finding, Status

REQUIREMENT = "INV-07"


def certificate_end(estate: Estate) -> Iterator[Finding]:
    """Judge each certificate that was read from an asset."""
    for subject in estate.subjects.values():
        rows = tuple(subject.rows("certificate"))
        if not rows:
            yield unknown(subject, REQUIREMENT, "which certificates it uses")
        for row in rows:
            yield _judged(estate, subject, row)


def _judged(estate: Estate, subject: Subject, row: Row) -> Finding:
    name = row.text("subject") or f"certificate {row.name[:16]}"
    fact = row.facts.get("not_after")
    if fact is not None and estate.is_stale(fact):
        return stale(estate, REQUIREMENT, fact, f"the certificate of {name}", row=row.name)
    ends, begins = moment_of(row.text("not_after")), moment_of(row.text("not_before"))
    status, due = Status.SUPPORTS, False
    if ends is None:
        status, reason = Status.NOT_ASSESSED, f"{name}: when it ends was not read"
    elif begins is not None and estate.age_s(begins) < 0:
        status, reason = Status.CONTRADICTS, f"{name}: not valid before {begins}"
    else:
        left_s = -estate.age_s(ends)
        limit = estate.limit(REQUIREMENT, "limit_days")
        soon = estate.limit(REQUIREMENT, f"due_days_{_care(subject)}")
        if left_s < 0:
            status, reason = Status.CONTRADICTS, f"{name}: ended on {ends}, {-left_s // 86_400} days ago"
        elif left_s <= limit * 86_400:
            status = Status.CONTRADICTS
            reason = f"{name}: ends on {ends}, in {left_s // 86_400} days; the limit is {limit}"
        else:
            due = left_s <= soon * 86_400
            reason = f"{name}: valid until {ends}, {left_s // 86_400} days"
            if due:
                reason = f"{reason}; it is due from {soon} days before"
    return Finding(
        requirement=REQUIREMENT,
        asset=subject.id,
        row=row.name,
        status=status,
        due=due,
        reason=reason,
        evidence=row.sources,
    )


def _care(subject: Subject) -> str:
    """Return `it` where the ledger says so, else `ot`: the longer limit."""
    return "it" if subject.asset is not None and subject.asset.safety is Safety.IT else "ot"
