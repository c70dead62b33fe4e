"""What an S3 server honours: products differ in what they silently ignore, so it is looked at, not assumed."""

import hashlib
from base64 import b64encode
from dataclasses import dataclass

from evidence.store.interface import MissingError, StoreError
from evidence.store.layout import CHECKPOINT_HINT_KEY
from evidence.store.s3_wire import Bucket, RefusedError

_NO_LOCK = "ObjectLockConfigurationNotFoundError"


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """How a bucket keeps what it is given."""

    versioning: str
    """`enabled`, `suspended` or `never`."""
    lock: bool
    """Whether it has Object Lock."""
    default: str | None
    """The retention it sets by itself, in words."""

    @property
    def versioned(self) -> bool:
        """Tell whether nothing that is put can replace what was put before."""
        return self.versioning == "enabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checks:
    """What the server refuses, as it should."""

    conditional: bool
    """`If-None-Match: *` where something lies under the key."""
    md5: bool
    """A wrong `Content-MD5`."""
    sha256: bool
    """A wrong `x-amz-checksum-sha256`."""


def look_at(bucket: Bucket) -> Habits:
    """Ask the bucket how it keeps things."""
    versioning = str(bucket.ask("get_bucket_versioning").get("Status", "never")).lower()
    try:
        lock = bucket.ask("get_object_lock_configuration")["ObjectLockConfiguration"]
    except (RefusedError, MissingError) as error:
        if _NO_LOCK not in str(error):
            raise
        return Habits(versioning=versioning, lock=False, default=None)
    default = lock.get("Rule", {}).get("DefaultRetention")
    words = None
    if default:
        length = f"{default['Days']} days" if default.get("Days") else f"{default.get('Years')} years"
        words = f"{default['Mode']} for {length}"
    return Habits(versioning=versioning, lock=lock.get("ObjectLockEnabled") == "Enabled", default=words)


def try_checks(bucket: Bucket) -> Checks | None:
    """
    Put the checkpoint hint over itself in three wrong ways and tell which were refused; `None` where there is none.

    A server that takes one has replaced a hint by the same bytes, so nothing is lost by looking.
    """
    try:
        data = bucket.get(CHECKPOINT_HINT_KEY)
    except MissingError:
        return None
    wrong = data + b"?"
    md5 = b64encode(hashlib.md5(wrong, usedforsecurity=False).digest()).decode()
    sha256 = b64encode(hashlib.sha256(wrong).digest()).decode()
    return Checks(
        conditional=bucket.refuses(CHECKPOINT_HINT_KEY, data, IfNoneMatch="*"),
        md5=bucket.refuses(CHECKPOINT_HINT_KEY, data, ContentMD5=md5),
        sha256=bucket.refuses(CHECKPOINT_HINT_KEY, data, ChecksumSHA256=sha256),
    )


def check_versioning(bucket: Bucket, habits: Habits) -> None:
    """Raise `StoreError` where the bucket kept versions once and does so no longer."""
    if habits.versioning == "suspended":
        raise StoreError(
            f"{bucket.place}: its versioning is suspended, so what is kept could be replaced",
            hint=f"aws s3api put-bucket-versioning --bucket {bucket.name} --versioning-configuration Status=Enabled",
        )


def check_conditional(bucket: Bucket, key: str, data: bytes) -> None:
    """Raise `StoreError` unless a bucket without versions refuses to replace what was put under `key` a moment ago."""
    if not bucket.refuses(key, data, IfNoneMatch="*"):
        raise StoreError(
            f"{bucket.place}: the bucket keeps no versions and ignores If-None-Match, so it would replace evidence",
            hint="use a bucket with Object Lock, or at least with versioning",
        )
