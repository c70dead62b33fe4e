"""ACC-06: how SNMP lets people in: version 3 with authentication and privacy, or less."""

from collections.abc import Iterator
from functools import partial

from evidence.checks.estate import Estate, Row, Subject
from evidence.model.finding import Finding, Status

REQUIREMENT = "ACC-06"

WEAK = frozenset({"md5", "des", "3des", "usmhmacmd5authprotocol", "usmdesprivprotocol"})
"""Algorithms that no longer protect (RFC 6151, SP 800-131A)."""

_finding = partial(Finding, requirement=REQUIREMENT)


def snmp_security(estate: Estate) -> Iterator[Finding]:
    """Judge each way in over SNMP; not assessed where none is visible."""
    read = 0
    for subject in estate.subjects.values():
        rows = [row for row in subject.rows("access") if row.text("kind") == "snmp"]
        found = [_judged(estate, subject, row) for row in rows]
        if _speaks_snmp(subject) and not any(map(_is_configured, rows)) and all(map(_is_clean, found)):
            words = f"it answers SNMP, and its configuration does not show who {'else ' if rows else ''}is let in"
            found.append(_finding(asset=subject.id, status=Status.NOT_ASSESSED, reason=words))
        yield from found
        read += bool(found)
    if not read:
        yield _finding(asset=None, status=Status.NOT_ASSESSED, reason="no asset shows how SNMP lets people in")


def _speaks_snmp(subject: Subject) -> bool:
    return any(fact.origin.startswith("snmp ") for fact in subject.facts)


def _is_configured(row: Row) -> bool:
    """Say whether a configuration shows a way in; that we were let in says nothing of others, nor what it may do."""
    return row.text("used") is None or row.text("rights") is not None


def _is_clean(finding: Finding) -> bool:
    return finding.status is Status.SUPPORTS and not finding.due


def _judged(estate: Estate, subject: Subject, row: Row) -> Finding:
    judged = partial(_finding, asset=subject.id, row=row.name, evidence=row.sources)
    version, level, rights = row.text("version"), row.text("level"), row.text("rights")
    what = f"SNMP {f'v{version}' if version else 'access'} {level or ''}".strip()
    if row.text("well_known"):
        what += " with a community everybody knows"
    if not _is_configured(row):
        what += ", by which it was read"
    algorithms = {(row.text(name) or "").casefold() for name in ("auth", "priv")}
    private = version == "3" and level == "authPriv"
    stale = all(map(estate.is_stale, row.facts.values()))
    if private and not algorithms & WEAK:
        if stale:
            return judged(status=Status.NOT_ASSESSED, reason=f"{what}, read longer ago than it may be")
        return judged(status=Status.SUPPORTS, reason=f"{what}: authenticated and enciphered")
    if version is None or (version == "3" and level is None):
        return judged(status=Status.NOT_ASSESSED, reason=f"{what}: the level of security is not known")
    weak = f" with {', '.join(sorted(algorithms & WEAK)).upper()}" if private else ""
    if private or (version != "3" and (rights == "ro" or not _is_configured(row))):
        if stale and not _is_configured(row):
            return judged(status=Status.NOT_ASSESSED, reason=f"{what}{weak}, longer ago than counts")
        words = f"{what}{weak}{_extent(row)}: to be replaced by v3 authPriv with SHA and AES"
        return judged(status=Status.SUPPORTS, due=True, reason=words)
    if version == "3":
        return judged(status=Status.CONTRADICTS, reason=f"{what}: what is asked and answered can be read on the way")
    if rights == "rw":
        return judged(status=Status.CONTRADICTS, reason=f"{what} may write: anybody who listens can change the device")
    return judged(status=Status.NOT_ASSESSED, reason=f"{what}: whether it may write is not known")


def _extent(row: Row) -> str:
    if not _is_configured(row):
        return " (whether it may write was not tried)"
    return ", read and write" if row.text("rights") == "rw" else ", to read"
