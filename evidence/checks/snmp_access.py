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
        read += bool(rows)
        for row in rows:
            yield _judged(estate, subject, row)
        if not rows and _speaks_snmp(subject):
            words = "it answers SNMP, and its configuration does not show who is let in"
            yield _finding(asset=subject.id, status=Status.NOT_ASSESSED, reason=words)
            read += 1
    if not read:
        yield _finding(asset=None, status=Status.NOT_ASSESSED, reason="no asset shows how SNMP lets people in")


def _speaks_snmp(subject: Subject) -> bool:
    return any(fact.origin.startswith("snmp ") for fact in subject.facts)


def _judged(estate: Estate, subject: Subject, row: Row) -> Finding:
    judged = partial(_finding, asset=subject.id, row=row.name, evidence=row.sources)
    version, level, rights = row.text("version"), row.text("level"), row.text("rights")
    what = f"SNMP {f'v{version}' if version else 'access'} {level or ''}".strip()
    algorithms = {(row.text(name) or "").casefold() for name in ("auth", "priv")}
    private = version == "3" and level == "authPriv"
    if private and not algorithms & WEAK:
        if all(map(estate.is_stale, row.facts.values())):
            return judged(status=Status.NOT_ASSESSED, reason=f"{what}, read longer ago than it may be")
        return judged(status=Status.SUPPORTS, reason=f"{what}: authenticated and enciphered")
    if version is None or (version == "3" and level is None):
        return judged(status=Status.NOT_ASSESSED, reason=f"{what}: the level of security is not known")
    weak = f" with {', '.join(sorted(algorithms & WEAK)).upper()}" if private else ""
    if private or (version != "3" and rights == "ro"):
        words = f"{what}{weak}, {'read and write' if rights == 'rw' else 'to read'}: to be replaced by v3 authPriv"
        return judged(status=Status.SUPPORTS, due=True, reason=f"{words} with SHA and AES")
    if version == "3":
        return judged(status=Status.CONTRADICTS, reason=f"{what}: what is asked and answered can be read on the way")
    if rights == "rw":
        return judged(status=Status.CONTRADICTS, reason=f"{what} may write: anybody who listens can change the device")
    return judged(status=Status.NOT_ASSESSED, reason=f"{what}: whether it may write is not known")
