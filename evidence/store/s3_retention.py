"""Object Lock: what is locked how and until when, and extending it before less than the period is left."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from itertools import groupby

from evidence.clock import rfc3339
from evidence.store.interface import MissingError
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
    lock = lock_of(bucket, version)
    return lock.until if lock else None


def lock_of(bucket: Bucket, version: Version) -> Lock | None:
    """Return how and until when the store keeps a version, `None` where it may be deleted at any time."""
    found = _asked(bucket, version, "get_object_retention", "Retention")
    until = found.get("RetainUntilDate")
    return Lock(mode=str(found.get("Mode")), until=until) if isinstance(until, datetime) else None


def is_held(bucket: Bucket, version: Version) -> bool:
    """Tell whether a legal hold lies on a version."""
    return _asked(bucket, version, "get_object_legal_hold", "LegalHold").get("Status") == "ON"


def keepers(bucket: Bucket, version: Version, *, bypass: bool, at: datetime) -> Iterator[str]:
    """Yield in words what keeps a version from being removed; a bypass lifts GOVERNANCE, and nothing else."""
    lock = lock_of(bucket, version)
    if lock is not None and lock.until > at and not (bypass and lock.mode == "GOVERNANCE"):
        yield f"{version.key}: {lock.mode} until {rfc3339(lock.until)}"
    if is_held(bucket, version):
        yield f"{version.key}: legal hold"


def _asked(bucket: Bucket, version: Version, operation: str, name: str) -> Mapping[str, object]:
    """Return what the store says of a version; nothing where it says that there is no such thing."""
    try:
        found = bucket.ask_of(version.key, operation, VersionId=version.id).get(name, {})
    except (RefusedError, MissingError) as error:
        if any(word in str(error) for word in _UNLOCKED):
            return {}
        raise
    return found if isinstance(found, Mapping) else {}
