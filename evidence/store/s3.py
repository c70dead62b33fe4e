"""
A store in an S3 bucket, or below a prefix of one.

S3 has no write-once: a plain PUT over a locked object becomes the current one, and a plain DELETE hides it. So the
object of a key is chosen among its versions (docs/evidence-format.md): where the name follows from the content, any
version that fits; everywhere else the oldest. What is put is sent with `If-None-Match: *`, and because servers exist
that ignore it, the versions are listed afterwards; a writer that is not the oldest has lost.
"""

import hashlib
import os
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from functools import cached_property
from itertools import groupby

from evidence.store.flock import held
from evidence.store.interface import ConflictError, MissingError, StoreError
from evidence.store.known import Known
from evidence.store.layout import check_key, is_hint
from evidence.store.memory import check_hint, check_size
from evidence.store.remote import Remote, Retention
from evidence.store.retains import Renewed
from evidence.store.s3_names import NUMBERED, fits, is_named_by_content, read_name
from evidence.store.s3_probe import Checks, Habits, check_conditional, check_versioning, look_at, try_checks
from evidence.store.s3_retention import is_held, keepers, lock_for, renew
from evidence.store.s3_wire import Bucket, Lock, TakenError, Version
from evidence.store.versions import Surplus

MAX_VERSIONS = 1_000
"""Most versions of one key that are looked into; each cost whoever made it a request too."""

_PLACE = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])((?:/[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}){0,8})/?")


class S3Store:
    """Keeps objects in a bucket, which must exist. Safe to use from several threads."""

    def __init__(self, spec: str, remote: Remote) -> None:
        match = _PLACE.fullmatch(spec)
        if match is None:
            raise StoreError(f"{spec!r:.200}: expected s3://bucket or s3://bucket/prefix")
        self._bucket = Bucket(match[1], match[2].strip("/"), remote)
        self._remote = remote
        self._known = Known()
        self._oldest: dict[str, str] = {}
        self._proven = False

    @property
    def known(self) -> Known:
        """What this process knows of the blobs."""
        return self._known

    @property
    def bucket(self) -> Bucket:
        """The bucket, for what goes beyond a store."""
        return self._bucket

    @cached_property
    def habits(self) -> Habits:
        """How the bucket keeps what it is given; asked for once."""
        return look_at(self._bucket)

    @property
    def retention(self) -> Retention | None:
        """How long objects are locked; `None` where the bucket has no Object Lock or nobody wants it."""
        return self._remote.retention if self._remote.retention and self.habits.lock else None

    def checks(self) -> Checks | None:
        """Return what the server refuses, as it should; `None` before the first seal."""
        return try_checks(self._bucket)

    def put(self, key: str, data: bytes) -> None:
        """Write `data` under `key`, once."""
        check_key(key)
        check_size(key, len(data))
        near = self._known.near(key)
        if near is not None:
            if near != data:
                raise ConflictError(f"{key}: other bytes are already kept there")
            return
        if fits(key, data):
            self._put_named(key, data)
        else:
            self._put_numbered(key, data)
        self._keep_near(key, data)

    def get(self, key: str) -> bytes:
        """Return the bytes kept under `key`, whatever was put over them."""
        check_key(key)
        if is_hint(key):
            return self._bucket.get(key)
        near = self._known.near(key)
        if near is not None:
            return near
        data = self._named(key) if is_named_by_content(key) else self._eldest(key)
        self._keep_near(key, data)
        return data

    def keys(self, prefix: str) -> Iterator[str]:
        """Yield every key that begins with `prefix`, in order; a delete marker hides a hint, and nothing else."""
        for key, versions in groupby(self._bucket.versions(prefix), key=lambda version: version.key):
            oldest = current = None
            for version in versions:
                if not version.marker:
                    oldest = version
                    current = version if version.latest else current
            if oldest is None or (current is None and is_hint(key)):
                continue
            self._oldest[key] = oldest.id
            yield key

    def replace(self, key: str, data: bytes) -> None:
        """Write `data` under a hint key, whatever was there."""
        check_hint(key)
        check_size(key, len(data))
        self._bucket.put(key, data, only_new=False)

    def exclusive(self, *, wait_s: float) -> AbstractContextManager[None]:
        """Keep other processes of this machine and user from sealing; between machines the oldest batch decides."""
        name = hashlib.sha256(f"{self._remote.endpoint} {self._bucket.place}".encode()).hexdigest()[:32]
        path = self._remote.locks / f"plantproof-{os.getuid()}-{name}.lock"
        return held(path, wait_s=wait_s, mode=0o600, what=self._bucket.place)

    def renew(self, prefix: str, *, wanted: Callable[[str], bool], at: datetime) -> Renewed:
        """Look at everything below `prefix`, and extend the lock of what is `wanted` and has too little left."""
        if self.retention is None:
            return Renewed(seen=frozenset(self.keys(prefix)), extended=0)
        return renew(self._bucket, self.retention, prefix, wanted=wanted, at=at)

    def kept_by(self, key: str, *, bypass: bool, at: datetime) -> Iterator[str]:
        """Yield in words what keeps a version of an object from being removed at a moment."""
        if self.habits.lock:
            for version in self._bucket.versions_of(check_key(key)):
                if not version.marker:
                    yield from keepers(self._bucket, version, bypass=bypass, at=at)

    def erase(self, key: str, *, bypass: bool) -> int:
        """Remove every version of an object, and every delete marker; return how many there were."""
        versions = list(self._bucket.versions_of(check_key(key)))
        lift = {"BypassGovernanceRetention": True} if bypass and self.habits.lock else {}
        for version in versions:
            self._bucket.ask_of(key, "delete_object", VersionId=version.id, **lift)
        self._oldest.pop(key, None)
        self._known.let_go(key)
        return len(versions)

    def hold(self, key: str, *, on: bool) -> int:
        """Set or lift the legal hold of every version of an object; return of how many it was otherwise."""
        if not self.habits.lock:
            raise StoreError(f"{self._bucket.place}: the bucket has no Object Lock, so it knows no legal holds")
        found = [one for one in self._bucket.versions_of(check_key(key)) if not one.marker]
        other = [one for one in found if is_held(self._bucket, one) is not on]
        for version in other:
            words = {"Status": "ON" if on else "OFF"}
            self._bucket.ask_of(key, "put_object_legal_hold", VersionId=version.id, LegalHold=words)
        return len(other)

    def surplus(self) -> Iterator[Surplus]:
        """Yield every version and delete marker that is not the object of its key, hints apart."""
        for key, versions in groupby(self._bucket.versions(""), key=lambda version: version.key):
            if is_hint(key):
                continue
            found = [version for _, version in zip(range(MAX_VERSIONS + 1), versions, strict=False)]
            if len(found) > MAX_VERSIONS:
                yield Surplus(key=key, what=f"more than {MAX_VERSIONS} versions")
                continue
            yield from (Surplus(key=key, what="a delete marker") for version in found if version.marker)
            kept = [version for version in found if not version.marker]
            yield from self._others(key, kept) if len(kept) > 1 else ()

    def _others(self, key: str, versions: list[Version]) -> Iterator[Surplus]:
        """Yield the versions of a key that are not its object, the oldest first."""
        data, passed = self.get(key), False
        name = read_name(key)
        numbered = name is not None and name.area in NUMBERED
        for version in reversed(versions):
            other = self._bucket.get(key, version.id)
            if other == data and not passed:
                passed = True
                continue
            alike = other == data or fits(key, other)
            what = "written again" if alike else "another version"
            yield Surplus(key=key, what=what, alike=alike, data=other if numbered else None)

    def _put_named(self, key: str, data: bytes) -> None:
        """Put what fits its name: wherever it comes among the versions, it is the object."""
        try:
            self._put_once(key, data)
        except TakenError:
            kept = self.get(key)
            if kept == data:
                return
            if fits(key, kept) or not self.habits.versioned:
                raise ConflictError(f"{key}: other bytes are already kept there") from None
            # What lies there is not what the name says, so nothing that counts is replaced.
            self._bucket.put(key, data, only_new=False, lock=self._lock(key))

    def _put_numbered(self, key: str, data: bytes) -> None:
        """Put what only its place gives a name: the oldest version is the object, and others have lost."""
        if any(not version.marker for version in self._bucket.versions_of(key)):
            self._compare(key, data)
            return
        try:
            self._put_once(key, data)
        except TakenError:
            self._compare(key, data)
            return
        if self.habits.versioned:
            self._compare(key, data)

    def _compare(self, key: str, data: bytes) -> None:
        """Raise `ConflictError` unless the oldest version holds these bytes."""
        if self._eldest(key, listed=False) != data:
            raise ConflictError(f"{key}: other bytes are already kept there")

    def _put_once(self, key: str, data: bytes) -> None:
        """Put a version where nothing lies; the first time make sure that nothing can take its place."""
        check_versioning(self._bucket, self.habits)
        self._bucket.put(key, data, only_new=True, lock=self._lock(key))
        if not self.habits.versioned and not self._proven:
            check_conditional(self._bucket, key, data)
            self._proven = True

    def _lock(self, key: str) -> Lock | None:
        retention = self.retention
        at = self._remote.now() if retention and self._remote.now else None
        return lock_for(key, retention, at)

    def _named(self, key: str) -> bytes:
        """Return the version that fits the name of `key`, the current one if it does; else the oldest."""
        try:
            data = self._bucket.get(key)
            if fits(key, data):
                return data
        except MissingError:
            pass
        oldest = None
        for number, version in enumerate(self._bucket.versions_of(key)):
            if version.marker:
                continue
            oldest = version
            if number < MAX_VERSIONS and fits(key, data := self._bucket.get(key, version.id)):
                return data
        if oldest is None:
            raise MissingError(f"{key}: nothing is kept there")
        return self._bucket.get(key, oldest.id)

    def _eldest(self, key: str, *, listed: bool = True) -> bytes:
        """Return the oldest version; where it was listed before it needs no listing, for it cannot become another."""
        oldest = self._oldest.get(key) if listed else None
        if oldest is None:
            for version in self._bucket.versions_of(key):
                oldest = oldest if version.marker else version.id
        if oldest is None:
            raise MissingError(f"{key}: nothing is kept there")
        self._oldest[key] = oldest
        return self._bucket.get(key, oldest)

    def _keep_near(self, key: str, data: bytes) -> None:
        """Keep at hand what never changes and is read more than once: everything but blobs and hints."""
        if not is_hint(key) and not key.startswith("blobs/"):
            self._known.keep_near(key, data)
