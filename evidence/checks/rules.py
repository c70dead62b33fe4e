"""SEG-02: firewall rules let in for a time have an owner, a reason and an end; none lets everything through."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import partial

from evidence.checks.estate import Estate, Row, Subject
from evidence.clock import TimeError, parse_rfc3339
from evidence.model.finding import Finding, Status
from evidence.model.names import Digest
from evidence.model.register import Approval

REQUIREMENT = "SEG-02"

ANY = frozenset({"any", "all", "*", "0.0.0.0/0", "::/0", "0.0.0.0/0, ::/0"})
"""How rule sets say that they do not restrict."""

ALLOWS = frozenset({"accept", "allow", "permit", "pass"})
"""How they say that they let through."""

_TEMPORARY = re.compile(r"(?i)(?<![a-z])(te?mp(orary)?|provisional|exception)(?![a-z])")
"""What people call a rule that is not meant to stay."""

_TAGS = ("owner", "reason", "expires", "temporary")

_finding = partial(Finding, requirement=REQUIREMENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tags:
    owner: str | None
    reason: str | None
    expires: str | None
    sources: tuple[Digest, ...]


def exception_rule(estate: Estate) -> Iterator[Finding]:
    """Judge the rules of each asset that has some; those that are switched off let nothing through."""
    read = 0
    for subject in estate.subjects.values():
        rules = list(subject.rows("rule"))
        if rules:
            read += 1
            yield from _of_one(estate, subject, [row for row in rules if row.text("enabled") != "no"], len(rules))
    if not read:
        yield _finding(asset=None, status=Status.NOT_ASSESSED, reason="no firewall rules were read of any asset")


def _of_one(estate: Estate, subject: Subject, rules: list[Row], everything: int) -> Iterator[Finding]:
    bad = False
    for row in rules:
        finding = _judged(estate, subject, row)
        if finding is not None:
            bad = bad or finding.status is not Status.SUPPORTS
            yield finding
    if bad:
        return
    evidence = tuple(sorted({source for row in subject.rows("rule") for source in row.sources}))
    facts = [fact for row in subject.rows("rule") for fact in row.facts.values()]
    tagged = any(row.text(tag) for row in subject.rows("rule") for tag in _TAGS) or any(
        _approval(estate, subject, row) for row in rules
    )
    if all(map(estate.is_stale, facts)):
        status, words = Status.NOT_ASSESSED, f"its {everything} rules were read longer ago than they may be"
    elif not tagged:
        status, words = Status.NOT_ASSESSED, f"none of its {everything} rules names an owner, a reason or an end"
    else:
        status, words = Status.SUPPORTS, f"{len(rules)} of {everything} rules are in force, none past its end"
    yield _finding(asset=subject.id, status=status, reason=words, evidence=evidence)


def _judged(estate: Estate, subject: Subject, row: Row) -> Finding | None:
    """Return what is to be said of one rule in force; nothing of one that was not let in for a time."""
    judged = partial(_finding, asset=subject.id, row=row.name)
    what = f"rule {row.text('name') or row.name}"
    if _lets_everything_through(row):
        words = f"{what} lets everything through: any source, any destination, any service"
        return judged(status=Status.CONTRADICTS, reason=words, evidence=row.sources)
    tags = _tags(estate, subject, row)
    temporary = row.text("temporary") == "yes" or _TEMPORARY.search(row.text("name") or "") is not None
    if not temporary and tags.expires is None:
        return None
    missing = [name for name in ("owner", "reason", "expires") if getattr(tags, name) is None]
    end = _end(tags.expires)
    days = estate.limit(REQUIREMENT, "temporary_days")
    due = False
    if tags.expires is not None and end is None:
        status, words = Status.NOT_ASSESSED, f"{what}: its end is not a time: {tags.expires!r:.60}"
    elif end is not None and end < estate.at:
        status, words = Status.CONTRADICTS, f"{what} was to end {tags.expires}, and is still in force"
    elif missing:
        status, words = Status.CONTRADICTS, f"{what} was let in for a time, without {', '.join(missing)}"
    elif end is not None and temporary and end - estate.at > timedelta(days=days):
        status, words = Status.CONTRADICTS, f"{what} is to end {tags.expires}, more than {days} days from now"
    elif all(map(estate.is_stale, row.facts.values())):
        status, words = Status.NOT_ASSESSED, f"{what} was read longer ago than it may be"
    else:
        due = end is not None and end - estate.at <= timedelta(days=estate.limit(REQUIREMENT, "due_days"))
        status, words = Status.SUPPORTS, f"{what}, of {tags.owner}, ends {tags.expires}: {tags.reason}"
    return judged(status=status, due=due, reason=words, evidence=(*row.sources, *tags.sources))


def _lets_everything_through(row: Row) -> bool:
    columns = [row.text(name) for name in ("source", "destination", "service")]
    allowed = (row.text("action") or "").casefold() in ALLOWS
    return allowed and all(value is not None and value.casefold() in ANY for value in columns)


def _tags(estate: Estate, subject: Subject, row: Row) -> _Tags:
    """Return who, why and until when: from the rule itself, and from an approval of it where the rule cannot say."""
    approval = _approval(estate, subject, row)
    owner, reason, expires = row.text("owner"), row.text("reason"), row.text("expires")
    if approval is None:
        return _Tags(owner=owner, reason=reason, expires=expires, sources=())
    return _Tags(
        owner=owner or approval.approver,
        reason=reason or approval.ticket or approval.id,
        expires=expires or approval.ends,
        sources=(approval.source,),
    )


def _approval(estate: Estate, subject: Subject, row: Row) -> Approval | None:
    """Return the approval of a rule, by its name or id, that ends last."""
    names = {(row.text("name") or row.name).casefold(), row.name.casefold()}
    found = [
        one
        for one in estate.registers.approvals
        if one.kind == "rule" and subject.id in one.assets and one.subject.casefold() in names
    ]
    return max(found, key=lambda one: one.ends, default=None)


def _end(text: str | None) -> datetime | None:
    """Return when a rule ends: a time, or the end of a date, UTC."""
    if text is None:
        return None
    try:
        if "T" in text:
            return parse_rfc3339(text)
        return datetime.combine(datetime.fromisoformat(text).date(), time(23, 59, 59), UTC)
    except (TimeError, ValueError):
        return None
