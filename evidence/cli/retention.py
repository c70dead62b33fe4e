"""What `store retention`, `init` and `doctor` say of a bucket."""

from collections.abc import Iterator
from itertools import groupby

from evidence.cli.options import moment_text
from evidence.store.interface import Store, StoreError
from evidence.store.layout import is_hint
from evidence.store.s3 import S3Store
from evidence.store.s3_retention import locked_until

_AREAS = ("log/", "statements/", "store.json", "parts/", "blobs/sha256/00/")
_ALL = ("log/", "statements/", "store.json", "parts/", "blobs/")


def honoured(store: Store) -> Iterator[str]:
    """Yield what the server does with what it is given, one line each."""
    bucket = _bucket_of(store)
    habits, checks = bucket.habits, bucket.checks()
    yield f"versioning: {habits.versioning}"
    default = f", by default {habits.default}" if habits.default else ""
    yield f"object lock: {'yes' if habits.lock else 'no: whoever may delete, may delete evidence'}{default}"
    if checks is None:
        yield "what is refused is seen after the first seal"
        return
    for name, refused, otherwise in (
        ("if-none-match", checks.conditional, "versions are listed after each put, and the oldest counts"),
        ("content-md5", checks.md5, "what is damaged on the way is noticed when it is read"),
        ("x-amz-checksum-sha256", checks.sha256, "Content-MD5 is sent too"),
    ):
        yield f"{name}: {'honoured' if refused else f'ignored: {otherwise}'}"


def kept(store: Store, *, everything: bool) -> Iterator[tuple[str, str, str, str]]:
    """Yield for each area how many objects there are, how many are locked, and when the first lock ends."""
    bucket, lock = _bucket_of(store).bucket, _bucket_of(store).habits.lock
    for prefix in _ALL if everything else _AREAS:
        ends = []
        for key, versions in groupby(bucket.versions(prefix), key=lambda version: version.key):
            found = [version for version in versions if not version.marker]
            if found and not is_hint(key):
                ends.append(locked_until(bucket, found[-1]) if lock else None)
        locked = [end for end in ends if end is not None]
        yield prefix, str(len(ends)), str(len(locked)), moment_text(min(locked, default=None)) or "-"


def _bucket_of(store: Store) -> S3Store:
    if not isinstance(store, S3Store):
        raise StoreError("only a store in S3 has locks", hint="name one with --store s3://bucket/prefix")
    return store
