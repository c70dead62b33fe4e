"""
Requests to one bucket: each sent again a bounded number of times, each answer bounded, each error in our words.

The only module that imports boto3, and only when it is used.
"""

import hashlib
import heapq
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from evidence.store.interface import MissingError, StoreError
from evidence.store.layout import MAX_OBJECT_BYTES
from evidence.store.remote import Remote

T = TypeVar("T")

TRIES = 6
"""Most times one request is sent; with the pauses between, a store may be away for twelve seconds."""

FIRST_PAUSE_S = 0.4
"""Pause before the second try; each further one is twice as long."""

CONNECT_TIMEOUT_S = 10
"""How long a connection is waited for."""

_PASSING = frozenset(
    {"SlowDown", "RequestTimeout", "InternalError", "ServiceUnavailable", "Throttling", "ThrottlingException"}
    | {"ConditionalRequestConflict", "OperationAborted", "BadDigest", "IncompleteBody", "XAmzContentSHA256Mismatch"}
)
"""Codes that another try may not meet (S3 API reference, Error responses); a wrong digest is a damaged request."""

_ABSENT = frozenset({"NoSuchKey", "NoSuchVersion", "404"})
_TAKEN = frozenset({"PreconditionFailed", "412"})


class TakenError(StoreError):
    """Something lies under the key already, and the store refused to put anything over it."""


class RefusedError(StoreError):
    """The store does not let this role do that, or knows no such thing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """Until when nobody may delete an object, and whether anybody may change that."""

    mode: str
    """`COMPLIANCE` or `GOVERNANCE`."""
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version of one key, or a delete marker among them."""

    key: str
    id: str
    size: int
    etag: str
    modified: datetime
    latest: bool
    marker: bool


class Bucket:
    """One bucket, or what lies in it below a prefix. Safe to use from several threads."""

    def __init__(self, name: str, prefix: str, remote: Remote) -> None:
        self.name = name
        self._root = f"{prefix}/" if prefix else ""
        self._remote = remote
        self._wait = remote.wait or threading.Event().wait
        self._guard = threading.Lock()
        self._client: Any = None

    @property
    def place(self) -> str:
        """The bucket and its prefix, as the user names them."""
        return f"s3://{self.name}/{self._root}".rstrip("/")

    @property
    def client(self) -> Any:
        """The bucket's client, made when it is first needed."""
        with self._guard:
            if self._client is None:
                self._client = _client(self._remote)
            return self._client

    def link(self, key: str, seconds: int) -> str:
        """Return a URL that lets whoever has it get `key` for so many seconds (AWS Signature Version 4)."""
        words = {**self._at(key), "ResponseContentDisposition": f'attachment; filename="{key.rpartition("/")[2]}"'}
        return str(self.client.generate_presigned_url("get_object", Params=words, ExpiresIn=seconds))

    def ask(self, operation: str, **words: object) -> Mapping[str, Any]:
        """Carry out an operation on the bucket itself and return the answer."""
        return self._tried(self.place, lambda: getattr(self.client, operation)(Bucket=self.name, **words))

    def ask_of(self, key: str, operation: str, **words: object) -> Mapping[str, Any]:
        """Carry out an operation on one key and return the answer."""
        return self._tried(key, lambda: getattr(self.client, operation)(**self._at(key), **words))

    def put(self, key: str, data: bytes, *, only_new: bool, lock: Lock | None = None) -> str | None:
        """
        Write `data` under `key` and return the version's id, `None` where the bucket keeps no versions.

        With `only_new` a store that can raises `TakenError` where something lies under the key. Where a try ended
        without an answer it is looked whether the bytes have arrived before they are sent again.
        """
        words: dict[str, object] = {
            "Body": data,
            "ContentMD5": b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode(),
            "ChecksumSHA256": b64encode(hashlib.sha256(data).digest()).decode(),
        }
        if only_new:
            words["IfNoneMatch"] = "*"
        if lock is not None:
            words |= {"ObjectLockMode": lock.mode, "ObjectLockRetainUntilDate": lock.until}
        answer = self._tried(
            key,
            lambda: self.client.put_object(**self._at(key), **words),
            settled=lambda: self._arrived(key, data) if only_new else None,
        )
        version = answer.get("VersionId")
        return None if version in (None, "null") else str(version)

    def refuses(self, key: str, data: bytes, **words: object) -> bool:
        """Tell whether the store refuses to put `data` with these words, as it should; asked once."""
        from botocore.exceptions import ClientError

        try:
            self.client.put_object(**self._at(key), Body=data, **words)
        except ClientError as error:
            if _may_pass(error) and _code(error) != "BadDigest":
                raise self._in_words(key, error, 1) from error
            return True
        return False

    def get(self, key: str, version: str | None = None) -> bytes:
        """Return what lies under `key`, or one version of it; raise `MissingError` where there is nothing."""
        words = {} if version is None else {"VersionId": version}

        def once() -> bytes:
            answer = self.client.get_object(**self._at(key), **words)
            with closing(answer["Body"]) as body:
                length = answer["ContentLength"]
                if length > MAX_OBJECT_BYTES:
                    raise StoreError(f"{key}: {length} bytes, at most {MAX_OBJECT_BYTES} are kept")
                data = bytes(body.read(length + 1))
            if len(data) != length:
                raise _CutError(f"{length} bytes were announced, {len(data)} came")
            return data

        try:
            return self._tried(key, once)
        except RefusedError:
            # Who may list below a prefix only is told 'denied' of what is not there (S3 API reference, GetObject).
            if next(self.versions_of(key), None) is None:
                raise MissingError(f"{key}: nothing is kept there") from None
            raise

    def versions(self, prefix: str) -> Iterator[Version]:
        """Yield every version whose key begins with `prefix`, by key, the newest of each first."""
        start: dict[str, str] = {}
        while True:
            answer = self.ask("list_object_versions", Prefix=self._root + prefix, **start)
            pages = (
                [self._version(entry, marker=marker) for entry in answer.get(name, ())]
                for name, marker in (("Versions", False), ("DeleteMarkers", True))
            )
            yield from heapq.merge(*pages, key=lambda version: version.key)
            if not answer.get("IsTruncated"):
                return
            after = {"KeyMarker": answer["NextKeyMarker"], "VersionIdMarker": answer.get("NextVersionIdMarker", "")}
            if after == start:
                raise StoreError(f"{self.place}: the listing does not go on after {after['KeyMarker']!r:.200}")
            start = {name: text for name, text in after.items() if text}

    def versions_of(self, key: str) -> Iterator[Version]:
        """Yield every version of exactly `key`, the newest first."""
        for version in self.versions(key):
            if version.key != key:
                return
            yield version

    def _version(self, entry: Mapping[str, Any], *, marker: bool) -> Version:
        return Version(
            key=entry["Key"].removeprefix(self._root),
            id=entry["VersionId"],
            size=entry.get("Size", 0),
            etag=entry.get("ETag", ""),
            modified=entry["LastModified"],
            latest=entry["IsLatest"],
            marker=marker,
        )

    def _arrived(self, key: str, data: bytes) -> Mapping[str, Any] | None:
        """Return the answer a lost one would have been, if these bytes lie under `key`."""
        for version in self.versions_of(key):
            if not version.marker and version.size == len(data) and self.get(key, version.id) == data:
                return {"VersionId": version.id}
        return None

    def _at(self, key: str) -> dict[str, str]:
        return {"Bucket": self.name, "Key": self._root + key}

    def _tried(self, what: str, act: Callable[[], T], *, settled: Callable[[], T | None] | None = None) -> T:
        """Return what `act` returns, trying again while its errors may pass."""
        from botocore.exceptions import BotoCoreError, ClientError
        from botocore.parsers import ResponseParserError

        pause_s = FIRST_PAUSE_S
        for turn in range(1, TRIES + 1):
            try:
                if turn > 1 and settled is not None and (found := settled()) is not None:
                    return found
                return act()
            except (ClientError, BotoCoreError, ResponseParserError, _CutError) as error:
                if turn == TRIES or not _may_pass(error):
                    raise self._in_words(what, error, turn) from error
            self._wait(pause_s)
            pause_s *= 2
        raise AssertionError("unreachable")

    def _in_words(self, what: str, error: Exception, tries: int) -> StoreError:
        """Return our error for botocore's."""
        code, said = _code(error), _said(error)
        where = self.place if what == self.place else f"{self.place}/{what}"
        if code in _ABSENT:
            return MissingError(f"{what}: nothing is kept there")
        if code in _TAKEN:
            return TakenError(f"{what}: something is kept there already")
        for codes, hint in _HINTS:
            if code in codes:
                return RefusedError(f"{where}: {said}", hint=hint)
        if _may_pass(error):
            return StoreError(f"{what}: no answer in {tries} tries: {said}", hint="run again; nothing is lost")
        return RefusedError(f"{where}: {said}")


class _CutError(StoreError):
    """An answer ended before it was whole."""


_HINTS: tuple[tuple[frozenset[str], str], ...] = (
    (
        frozenset({"NoSuchBucket"}),
        "make the bucket with Object Lock: aws s3api create-bucket --object-lock-enabled-for-bucket --bucket NAME",
    ),
    (
        frozenset({"AccessDenied", "403", "AllAccessDisabled"}),
        "`plantproof store policy ROLE` prints what each role needs",
    ),
    (
        frozenset({"InvalidAccessKeyId", "SignatureDoesNotMatch", "NoCredentialsError", "PartialCredentialsError"}),
        "give credentials as for any AWS tool: AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    ),
    (frozenset({"RequestTimeTooSkewed"}), "this machine's clock and the store's differ by more than 15 minutes"),
)


def _client(remote: Remote) -> Any:
    try:
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError
    except ImportError as error:
        raise StoreError("s3://…: boto3 is not installed here", hint="pip install boto3") from error
    config = Config(
        signature_version="s3v4",
        connect_timeout=CONNECT_TIMEOUT_S,
        read_timeout=remote.timeout_s,
        max_pool_connections=16,
        retries={"total_max_attempts": 1},
        s3={"addressing_style": "path" if remote.endpoint else "auto"},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    try:
        return boto3.session.Session().client("s3", endpoint_url=remote.endpoint, config=config)
    except (BotoCoreError, ValueError) as error:
        raise StoreError(f"s3://…: {error}", hint="see the AWS settings: profile, region, endpoint") from error


def _code(error: Exception) -> str:
    answer = getattr(error, "response", None)
    return str(answer.get("Error", {}).get("Code", "")) if isinstance(answer, dict) else type(error).__name__


def _said(error: Exception) -> str:
    answer = getattr(error, "response", None)
    if not isinstance(answer, dict):
        return str(error)
    message = answer.get("Error", {}).get("Message")
    return f"{_code(error)}: {message}" if message else _code(error)


def _may_pass(error: Exception) -> bool:
    """Tell whether the same request may succeed when it is sent again."""
    from botocore.exceptions import ClientError, HTTPClientError, SSLError
    from botocore.exceptions import ConnectionError as NoConnectionError
    from botocore.parsers import ResponseParserError

    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return status >= 500 or status == 429 or _code(error) in _PASSING
    passing = HTTPClientError | NoConnectionError | ResponseParserError | _CutError
    return isinstance(error, passing) and not isinstance(error, SSLError)
