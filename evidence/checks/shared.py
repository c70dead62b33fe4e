"""ACC-04: one credential on several devices, or a word everybody knows; seen by its tag, never by itself."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import islice

from evidence.checks.estate import Estate, Row, Subject
from evidence.model.finding import Finding, Status
from evidence.model.names import AssetId

REQUIREMENT = "ACC-04"

MEANT_TO_BE_SHARED = frozenset(
    {"ospf-key", "ospf6-key", "bgp-password", "isis-password", "rip-key", "eigrp-key", "ldp-password", "nhrp-key"}
    | {"vrrp-key", "hsrp-key", "key-string", "ntp-key", "pre-shared-key", "ppp-password"}
)
"""Types of secrets that two ends have to agree on; that both have them is what they are for."""

NAMED = 20
"""Most other holders that a finding names of a community devices were asked with: thousands may share one, and each has
its own finding."""

COMMUNITY = "snmp-community"
"""The type of what SNMP was asked with."""

NO_CREDENTIAL = frozenset({"config-digest"})
"""Types that open nothing."""

_finding = partial(Finding, requirement=REQUIREMENT)


def shared_credential(estate: Estate) -> Iterator[Finding]:
    """
    Judge each asset whose configuration was read, or that was asked with a community.

    Does a credential of it stand on another asset, or open one?
    """
    credentials = {subject.id: tuple(_credentials(subject)) for subject in estate.subjects.values()}
    asked = {subject.id: tuple(_asked_with(subject)) for subject in estate.subjects.values()}
    holders: dict[str, dict[AssetId, list[Row]]] = {}
    for asset, rows in credentials.items():
        for row in filter(_can_be_compared, (*rows, *asked[asset])):
            holders.setdefault(row.text("tag") or "", {}).setdefault(asset, []).append(row)
    keys = {asset: set(map(_key, filter(_can_be_compared, rows))) for asset, rows in credentials.items()}
    used = {row.text("tag") for rows in asked.values() for row in rows}
    most, read = estate.limit(REQUIREMENT, "max_devices"), 0
    for subject in estate.subjects.values():
        unread = subject.fact("config.sha256") is None and not any(subject.rows("secret"))
        if unread and not asked[subject.id]:
            continue
        read += 1
        tags = [row.text("tag") or "" for row in (*credentials[subject.id], *asked[subject.id])]
        shared = sorted({tag for tag in tags if len(holders.get(tag, ())) > most})
        known = {row.text("tag") or "": row for row in subject.rows("secret") if _is_known(row)}
        for tag in shared:
            yield _shared(subject, tag, holders[tag], NAMED if tag in used else None, known=tag in known)
        for tag in sorted(known.keys() - set(shared)):
            yield _known(subject, tag, known[tag])
        if shared or known:
            continue
        if unread:
            words = "its community opens no other device that was read; its configuration, with the rest, was not"
            evidence = tuple(sorted({source for row in asked[subject.id] for source in row.sources}))
            yield _finding(asset=subject.id, status=Status.NOT_ASSESSED, reason=words, evidence=evidence)
        else:
            alone = not any(keys[subject.id] & theirs for asset, theirs in keys.items() if asset != subject.id)
            yield _unshared(estate, subject, credentials[subject.id], alone=alone)
    if not read:
        yield _finding(asset=None, status=Status.NOT_ASSESSED, reason="no configuration was read of any asset")


def _shared(
    subject: Subject, tag: str, holders: Mapping[AssetId, list[Row]], most: int | None, *, known: bool
) -> Finding:
    types = ", ".join(sorted({row.text("type") or COMMUNITY for row in holders[subject.id]}))
    others = sorted(islice((asset for asset in holders if asset != subject.id), most))
    more = len(holders) - 1 - len(others)
    named = ", ".join(others) + (f" and {more} more" if more else "")
    evidence = {source for asset in (subject.id, *others) for row in holders[asset] for source in row.sources}
    return _finding(
        asset=subject.id,
        row=tag,
        status=Status.CONTRADICTS,
        reason=f"its {types} is {'a word everybody knows, and ' if known else ''}a credential of {named}, too",
        evidence=tuple(sorted(evidence)),
    )


def _known(subject: Subject, tag: str, row: Row) -> Finding:
    return _finding(
        asset=subject.id,
        row=tag,
        status=Status.CONTRADICTS,
        reason=f"its {row.text('type')} is a word everybody knows",
        evidence=row.sources,
    )


def _unshared(estate: Estate, subject: Subject, rows: Sequence[Row], *, alone: bool) -> Finding:
    comparable = list(filter(_can_be_compared, rows))
    if not rows:
        status, words = Status.NOT_ASSESSED, "its configuration shows no credential"
    elif not comparable:
        status, words = Status.NOT_ASSESSED, "its credentials are salted or enciphered: they cannot be compared"
    elif alone:
        status, words = (
            Status.NOT_ASSESSED,
            "no other configuration was read that it could be compared with, by tags of one key",
        )
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


def _asked_with(subject: Subject) -> Iterator[Row]:
    """Yield the community an asset was read with: that it let us in says that it holds it."""
    return (row for row in subject.rows("access") if row.text("used") and row.text("tag"))


def _can_be_compared(row: Row) -> bool:
    """Say whether equal tags mean equal secrets, and different ones different secrets."""
    return not (row.text("tag") or "").endswith((":opaque", ":varying"))


def _key(row: Row) -> str:
    """Return the key a row's tag was made with: tags of different keys say nothing of each other."""
    return (row.text("tag") or "").partition(":")[0]


def _is_known(row: Row) -> bool:
    """Say whether a secret is a factory setting or a word everybody tries first, whatever it is for."""
    return row.text("well_known") is not None and row.text("type") not in NO_CREDENTIAL
