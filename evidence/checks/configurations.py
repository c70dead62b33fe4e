"""CFG-01 and CFG-03: configurations change only with a ticket, and what runs is saved."""

from collections.abc import Iterator

from evidence.checks.estate import Estate, Subject
from evidence.checks.judging import digests, is_host, is_unread, moment_of, sources, stale, unknown, words
from evidence.model.fact import Fact
from evidence.model.finding import Finding, Status
from evidence.model.names import Digest
from evidence.model.register import Approval

CHANGED, SAVED = "CFG-01", "CFG-03"


def unticketed_change(estate: Estate) -> Iterator[Finding]:
    """Judge each running configuration against the last other one that was read, within the window."""
    for subject in _configured(estate):
        yield _change(estate, subject)


def unsaved_configuration(estate: Estate) -> Iterator[Finding]:
    """Judge whether each running configuration would survive a loss of power."""
    for subject in _configured(estate):
        yield _saving(estate, subject)


def _configured(estate: Estate) -> Iterator[Subject]:
    """Yield assets that have a configuration of their own; hosts have none, and what was never read may have one."""
    for subject in estate.subjects.values():
        told = any(fact.name.startswith("config.") for fact in subject.facts)
        if told or is_unread(subject) or not is_host(subject):
            yield subject


def _change(estate: Estate, subject: Subject) -> Finding:
    now, before = subject.fact("config.sha256"), _before(subject, "config.sha256")
    if now is None:
        return unknown(subject, CHANGED, "its running configuration")
    if estate.is_stale(now):
        return stale(estate, CHANGED, now, "its running configuration")
    if before is None:
        status, reason = Status.NOT_ASSESSED, "its configuration was read once; there is none before it to compare with"
        return Finding(requirement=CHANGED, asset=subject.id, status=status, reason=reason, evidence=sources(now))
    if now.value == before.value:
        status, reason = Status.SUPPORTS, f"its configuration is as it was on {before.at}"
        return Finding(
            requirement=CHANGED, asset=subject.id, status=status, reason=reason, evidence=sources(now, before)
        )
    since = subject.fact("config.since")
    seen = (moment_of(since.value) if since is not None else None) or now.at
    window = estate.limit(CHANGED, "window_days")
    if estate.age_s(seen) > window * 86_400:
        status, reason = Status.SUPPORTS, f"its configuration is as it was on {seen}, more than {window} days ago"
        return Finding(requirement=CHANGED, asset=subject.id, status=status, reason=reason, evidence=sources(now))
    changed = subject.fact("config.changed_at")
    told = moment_of(changed.value) if changed is not None else None
    first, last = (told, told) if told is not None and before.at < told <= seen else (before.at, seen)
    span = f"at {told}" if first == last else f"between {first} and {last}"
    ticket = _ticket(estate, subject, first, last)
    if ticket is not None:
        status = Status.SUPPORTS
        reason = f"its configuration changed {span}; {ticket.approver} approved {ticket.ticket or ticket.id}"
    else:
        status, reason = Status.CONTRADICTS, f"its configuration changed {span}, and no approved change covers that"
    evidence = [now.source, before.source, *([ticket.source] if ticket else [])]
    return Finding(requirement=CHANGED, asset=subject.id, status=status, reason=reason, evidence=digests(evidence))


def _ticket(estate: Estate, subject: Subject, first: str, last: str) -> Approval | None:
    """Return the approved change that overlaps the time in which it was made."""
    for approval in estate.registers.approvals:
        meant = approval.kind == "change" and (not approval.assets or subject.id in approval.assets)
        if meant and approval.begins <= last and approval.ends >= first:
            return approval
    return None


def _saving(estate: Estate, subject: Subject) -> Finding:
    saved = subject.fact("config.saved")
    if saved is None or saved.value not in ("yes", "no"):
        return unknown(subject, SAVED, "whether its running configuration is saved")
    if estate.is_stale(saved):
        return stale(estate, SAVED, saved, "whether its configuration is saved")
    due, evidence = False, sources(saved, subject.fact("config.sha256"))
    if saved.value == "yes":
        status, reason = Status.SUPPORTS, "its running and saved configuration are the same"
    else:
        since, evidence = _unsaved_since(subject, saved)
        limit, age = estate.limit(SAVED, "unsaved_hours"), estate.age_s(since)
        due = age <= limit * 3_600
        status = Status.SUPPORTS if due else Status.CONTRADICTS
        reason = f"its running configuration is unsaved for {words(age)} at least; the limit is {limit} h"
    return Finding(requirement=SAVED, asset=subject.id, status=status, due=due, reason=reason, evidence=evidence)


def _unsaved_since(subject: Subject, saved: Fact) -> tuple[str, tuple[Digest, ...]]:
    """Return the earliest time at which it is known to have been unsaved, and what says so."""
    changed = subject.fact("config.changed_at")
    told = moment_of(changed.value) if changed is not None else None
    if told is not None and told <= saved.at:
        return told, sources(saved, changed)
    before = _before(subject, "config.saved")
    was, now = _before(subject, "config.sha256"), subject.fact("config.sha256")
    since = subject.fact("config.since")
    same = was is not None and now is not None and was.value == now.value
    stood = since is not None and before is not None and since.value <= before.at
    if before is not None and before.value == "no" and (same or stood):
        return before.at, sources(saved, before, was if same else since, now)
    return saved.at, sources(saved, now)


def _before(subject: Subject, name: str) -> Fact | None:
    return next((fact for fact in subject.before if fact.name == name and fact.row is None), None)
