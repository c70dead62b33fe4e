"""PAT-01: hosts have no critical update missing for long."""

from collections.abc import Iterator, Mapping

from evidence.checks.estate import Estate, Subject
from evidence.checks.judging import is_host, is_unread, moment_of, sources, stale, unknown, whole, words
from evidence.model.fact import Fact
from evidence.model.finding import Finding, Status

REQUIREMENT = "PAT-01"


def patch_state(estate: Estate) -> Iterator[Finding]:
    """Judge each host's missing updates, by lists of updates that are fresh; what was never read may be a host."""
    for subject in estate.subjects.values():
        rows = tuple(subject.rows("patch"))
        for row in rows:
            yield _judged(estate, subject, row.facts, row.name)
        if not rows and (is_host(subject) or is_unread(subject)):
            yield _judged(estate, subject, {name: subject.fact(f"patch.{name}") for name in _NAMES}, None)


def _judged(estate: Estate, subject: Subject, known: Mapping[str, Fact | None], row: str | None) -> Finding:
    """Judge one host: the asset itself, or a machine (`row`) that a cloud account patches."""
    named = {name: known.get(name) for name in _NAMES}
    critical = named["critical"] or named["security"]
    if critical is None or whole(critical) is None:
        return unknown(subject, REQUIREMENT, "how many critical updates are missing", row=row)
    if estate.is_stale(critical):
        return stale(estate, REQUIREMENT, critical, "its patch state", row=row)
    status, due, reason = _state(estate, named, critical)
    return Finding(
        requirement=REQUIREMENT,
        asset=subject.id,
        row=row,
        status=status,
        due=due,
        reason=reason,
        evidence=sources(*named.values()),
    )


_NAMES = ("critical", "security", "failed", "scanned_at", "last_install", "reboot_needed")


def _state(estate: Estate, named: dict[str, Fact | None], critical: Fact) -> tuple[Status, bool, str]:
    """Return status, whether it is due, and why."""
    scanned = _time(named["scanned_at"])
    if scanned is None:
        return Status.NOT_ASSESSED, False, "when the lists of updates were refreshed is not known"
    age, limit = estate.age_s(scanned), estate.limit(REQUIREMENT, "scan_max_age_days")
    if age > limit * 86_400:
        words_ = f"the lists of updates are {words(age)} old; they count for {limit} days"
        return Status.NOT_ASSESSED, False, words_
    missing, failed = whole(critical) or 0, whole(named["failed"]) or 0
    kind = critical.name.removeprefix("patch.")
    if failed:
        return Status.CONTRADICTS, False, f"{_count(failed, 'update')} could not be installed"
    if missing:
        return _missing(estate, f"{_count(missing, f'{kind} update')} missing", _time(named["last_install"]))
    reboot = named["reboot_needed"]
    if reboot is not None and reboot.value == "yes":
        return Status.SUPPORTS, True, f"no {kind} update is missing, but what was installed waits for a restart"
    return Status.SUPPORTS, False, f"no {kind} update is missing, by lists refreshed {words(age)} ago"


def _missing(estate: Estate, what: str, installed: str | None) -> tuple[Status, bool, str]:
    """Judge missing updates by when anything was last installed: they are missing since then at the longest."""
    limit = estate.limit(REQUIREMENT, "overdue_days")
    if installed is None:
        return Status.NOT_ASSESSED, False, f"{what}; for how long is not known"
    since = estate.age_s(installed)
    if since > limit * 86_400:
        return Status.CONTRADICTS, False, f"{what}; nothing was installed for {words(since)}, the limit is {limit} days"
    return Status.SUPPORTS, True, f"{what}; the last was installed {words(since)} ago, the limit is {limit} days"


def _time(fact: Fact | None) -> str | None:
    return moment_of(fact.value) if fact is not None else None


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
