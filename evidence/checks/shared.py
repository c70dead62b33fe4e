"""ACC-04: one credential on several devices; seen by its tag, never by itself."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from evidence.checks.estate import Estate, Row, Subject
from evidence.model.finding import Finding, Status
from evidence.model.names import AssetId

REQUIREMENT = "ACC-04"

MEANT_TO_BE_SHARED = frozenset(
    {"ospf-key", "ospf6-key", "bgp-password", "isis-password", "rip-key", "eigrp-key", "ldp-password", "nhrp-key"}
    | {"vrrp-key", "hsrp-key", "key-string", "ntp-key", "pre-shared-key", "ppp-password"}
)
"""Types of secrets that two ends have to agree on; that both have them is what they are for."""

NO_CREDENTIAL = frozenset({"config-digest"})
"""Types that open nothing."""

_finding = partial(Finding, requirement=REQUIREMENT)


def shared_credential(estate: Estate) -> Iterator[Finding]:
    """Judge each asset whose configuration was read: whether a credential of it stands on another, too."""
    credentials = {subject.id: tuple(_credentials(subject)) for subject in estate.subjects.values()}
    holders: dict[str, dict[AssetId, list[Row]]] = {}
    for asset, rows in credentials.items():
        for row in filter(_can_be_compared, rows):
            holders.setdefault(row.text("tag") or "", {}).setdefault(asset, []).append(row)
    comparable = {asset for found in holders.values() for asset in found}
    most, read = estate.limit(REQUIREMENT, "max_devices"), 0
    for subject in estate.subjects.values():
        if subject.fact("config.sha256") is None and not any(subject.rows("secret")):
            continue
        read += 1
        tags = [row.text("tag") or "" for row in credentials[subject.id]]
        shared = sorted({tag for tag in tags if len(holders.get(tag, ())) > most})
        for tag in shared:
            yield _shared(subject, tag, holders[tag])
        if not shared:
            alone = not comparable - {subject.id}
            yield _unshared(estate, subject, credentials[subject.id], alone=alone)
    if not read:
        yield _finding(asset=None, status=Status.NOT_ASSESSED, reason="no configuration was read of any asset")


def _shared(subject: Subject, tag: str, holders: Mapping[AssetId, list[Row]]) -> Finding:
    types = ", ".join(sorted({row.text("type") or "" for row in holders[subject.id]}))
    others = ", ".join(sorted(holders.keys() - {subject.id}))
    evidence = {source for rows in holders.values() for row in rows for source in row.sources}
    return _finding(
        asset=subject.id,
        row=tag,
        status=Status.CONTRADICTS,
        reason=f"its {types} is a credential of {others}, too",
        evidence=tuple(sorted(evidence)),
    )


def _unshared(estate: Estate, subject: Subject, rows: Sequence[Row], *, alone: bool) -> Finding:
    comparable = list(filter(_can_be_compared, rows))
    if not rows:
        status, words = Status.NOT_ASSESSED, "its configuration shows no credential"
    elif not comparable:
        status, words = Status.NOT_ASSESSED, "its credentials are salted or enciphered: they cannot be compared"
    elif alone:
        status, words = Status.NOT_ASSESSED, "no other configuration was read that it could be compared with"
    elif all(estate.is_stale(fact) for row in rows for fact in row.facts.values()):
        status, words = Status.NOT_ASSESSED, "its configuration was read longer ago than it may be"
    else:
        status, words = Status.SUPPORTS, f"{len(comparable)} credentials, none of them on another device"
    evidence = tuple(sorted({source for row in rows for source in row.sources}))
    return _finding(asset=subject.id, status=status, reason=words, evidence=evidence)


def _credentials(subject: Subject) -> Iterator[Row]:
    for row in subject.rows("secret"):
        if row.text("type") not in MEANT_TO_BE_SHARED | NO_CREDENTIAL and row.text("tag"):
            yield row


def _can_be_compared(row: Row) -> bool:
    """Say whether equal tags mean equal secrets, and different ones different secrets."""
    return not (row.text("tag") or "").endswith((":opaque", ":varying"))
