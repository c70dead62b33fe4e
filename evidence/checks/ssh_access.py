"""CFG-05: devices keep to the hardening baseline; looked at so far is what SSH agrees and offers."""

from collections.abc import Iterator
from functools import partial

from evidence.checks.estate import Estate, Row, Subject
from evidence.model.finding import Finding, Status
from evidence.model.ssh import LEGACY
from evidence.normalise.access import TELNET

REQUIREMENT = "CFG-05"

_AGREED = ("kex", "host_key", "cipher", "mac")

_finding = partial(Finding, requirement=REQUIREMENT)


def legacy_ssh(estate: Estate) -> Iterator[Finding]:
    """Judge each asset that was read over SSH by the algorithms; not assessed where none was."""
    read = False
    for subject in estate.subjects.values():
        for row in subject.rows("access"):
            if row.text("kind") == "ssh":
                read = True
                yield _judged(estate, subject, row)
            elif row.text("kind") == TELNET:
                read = True
                yield _in_the_clear(estate, subject, row)
    if not read:
        yield _finding(asset=None, status=Status.NOT_ASSESSED, reason="no asset shows what SSH agrees with it")


def _in_the_clear(estate: Estate, subject: Subject, row: Row) -> Finding:
    judged = partial(_finding, asset=subject.id, row=row.name, evidence=row.sources)
    if all(map(estate.is_stale, row.facts.values())):
        return judged(status=Status.NOT_ASSESSED, reason="that it was read over telnet is longer ago than it counts")
    words = "it was read over telnet: the password and every answer crossed the network in the clear"
    return judged(status=Status.CONTRADICTS, reason=words)


def _judged(estate: Estate, subject: Subject, row: Row) -> Finding:
    judged = partial(_finding, asset=subject.id, row=row.name, evidence=row.sources)
    used = [name for column in _AGREED if (name := row.text(column) or "") in LEGACY and name != "none"]
    offered = [name for name in (row.text("offered") or "").split(", ") if name in LEGACY and name != "none"]
    if used:
        words = f"it was read by legacy algorithms, because it offers no others: {', '.join(used)}"
        return judged(status=Status.CONTRADICTS, reason=words)
    if all(map(estate.is_stale, row.facts.values())):
        return judged(status=Status.NOT_ASSESSED, reason="what SSH agrees with it was seen longer ago than it counts")
    if offered:
        words = f"SSH agreed on {row.text('kex')} and {row.text('cipher')}, and offers besides: {', '.join(offered)}"
        return judged(status=Status.SUPPORTS, due=True, reason=f"{words}: to be switched off")
    words = f"SSH agreed on {row.text('kex')} and {row.text('cipher')}, and offers nothing legacy"
    return judged(status=Status.SUPPORTS, reason=words)
