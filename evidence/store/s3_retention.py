"""Object Lock: what is locked how and until when, and extending it before less than the period is left."""

from collections.abc import Callable
from datetime import datetime
from itertools import groupby

from evidence.store.layout import STORE_KEY, is_hint
from evidence.store.remote import Retention
from evidence.store.retains import Renewed
from evidence.store.s3_wire import Bucket, Lock, RefusedError, Version

_UNLOCKED = ("NoSuchObjectLockConfiguration", "ObjectLockConfigurationNotFoundError")
"""How AWS and Ceph RGW say that an object has no lock."""


def lock_for(key: str, retention: Retention | None, at: datetime | None) -> Lock | None:
    """Return the lock an object is put with: the log's own cannot be lifted by anybody, the rest by the owner."""
    if retention is None or at is None or is_hint(key):
        return None
    mode = "COMPLIANCE" if key.startswith("log/") or key == STORE_KEY else "GOVERNANCE"
    return Lock(mode=mode, until=(at + retention.period + retention.slack).replace(microsecond=0))


def renew(bucket: Bucket, retention: Retention, prefix: str, *, wanted: Callable[[str], bool], at: datetime) -> Renewed:
    """
    Extend the locks of every wanted object that has less than the period left, as the store says.

    One that is younger than the slack was locked for longer than that when it was put; it is not asked for.
    """
    seen, extended = set(), 0
    for key, versions in groupby(bucket.versions(prefix), key=lambda version: version.key):
        kept = [version for version in versions if not version.marker]
        if not kept or is_hint(key):
            continue
        seen.add(key)
        if wanted(key):
            due = (version for version in kept if version.modified + retention.slack <= at)
            extended += sum(_extend(bucket, retention, version, at) for version in due)
    return Renewed(seen=frozenset(seen), extended=extended)


def _extend(bucket: Bucket, retention: Retention, version: Version, at: datetime) -> bool:
    until = locked_until(bucket, version)
    if until is not None and until - at >= retention.period:
        return False
    lock = lock_for(version.key, retention, at)
    assert lock is not None  # noqa: S101 - there is a retention, and hints were left out
    words = {"Mode": lock.mode, "RetainUntilDate": lock.until}
    bucket.ask_of(version.key, "put_object_retention", VersionId=version.id, Retention=words)
    return True


def locked_until(bucket: Bucket, version: Version) -> datetime | None:
    """Return until when the store keeps a version, `None` where it may be deleted at any time."""
    try:
        found = bucket.ask_of(version.key, "get_object_retention", VersionId=version.id)["Retention"]
    except RefusedError as error:
        if any(word in str(error) for word in _UNLOCKED):
            return None
        raise
    until = found.get("RetainUntilDate")
    return until if isinstance(until, datetime) else None
