"""Captures and outcomes as rows of a part statement, there and back."""

import re
from collections.abc import Callable
from functools import lru_cache
from sys import intern
from typing import NamedTuple, TypeVar

from evidence.log.fields import MAX_TEXT, Fields, ShapeError, is_time
from evidence.log.links import link_row, read_link
from evidence.model.capture import (
    PERSONAL,
    SALT_BYTES,
    SNMP_AUTHENTICATION,
    SNMP_PRIVACY,
    SNMP_VERSIONS,
    Access,
    Capture,
    Original,
    Segment,
)
from evidence.model.names import AssetId, Digest, is_digest
from evidence.model.outcome import Outcome, Result

_OUTCOME = frozenset({"asset", "result"})
_CAPTURE = frozenset(
    {"asset", "question", "transport", "request", "at", "took_ms", "bytes", "blob", "ttl_s", "class", "redactions"}
    | {"complete"}
)
_OPTIONAL = frozenset({"platform", "reason", "host_key", "volatile", "access", "ssh", "sealed", "salt"})
_SEALED = frozenset({"digest", "bytes"})
_SEGMENT = frozenset({"blob", "offset", "length"})
_COMMUNITY = frozenset({"version", "community"})
_USER = frozenset({"version", "user", "level"})
_PROTOCOLS = frozenset({"auth", "priv"})
_TAG = re.compile(r"<(?:secret|default):snmp-community:[A-Za-z0-9_.-]+:[0-9a-f]{20}>")
"""The tag of a community: nothing else may stand where it stands, so no community can."""
MAX_USER = 256
"""Longest name of a user: 32 octets (RFC 3411, SnmpAdminString of usmUserName), or the tags in the place of them."""
_REASON = frozenset({"reason"})
_NONE: frozenset[str] = frozenset()
_CLASSES = frozenset({"technical", PERSONAL})
_Read = TypeVar("_Read")


def outcome_row(outcome: Outcome) -> dict[str, object]:
    """Return the row of one outcome."""
    row: dict[str, object] = {"asset": outcome.asset, "result": str(outcome.result)}
    if outcome.reason is not None:
        row["reason"] = outcome.reason
    return row


def read_outcome(value: object) -> Outcome:
    """Read what `outcome_row` writes."""
    row = Fields(value, "outcome", _OUTCOME, _REASON)
    try:
        result = Result(row.text("result"))
    except ValueError as error:
        raise ShapeError(f"outcome: {error}") from error
    return Outcome(asset=AssetId(row.text("asset")), result=result, reason=row.optional_text("reason"))


@lru_cache(maxsize=16_384)
def known_outcome(asset: str, result: str) -> Outcome:
    """Return the outcome of a row that was looked at and has no reason: an asset's is the same most nights."""
    return Outcome(asset=AssetId(asset), result=Result(result))


def capture_row(capture: Capture) -> dict[str, object]:
    """Return the row of one capture; what is not known is left out."""
    row: dict[str, object] = {
        "asset": capture.asset,
        "question": capture.question,
        "transport": capture.transport,
        "request": capture.request,
        "at": capture.at,
        "took_ms": capture.took_ms,
        "bytes": capture.bytes,
        "blob": capture.blob,
        "ttl_s": capture.ttl_s,
        "class": capture.classification,
        "redactions": capture.redactions,
        "complete": capture.complete,
    }
    for name in ("platform", "reason", "host_key"):
        value = getattr(capture, name)
        if value is not None:
            row[name] = value
    if capture.access is not None:
        row["access"] = _access_row(capture.access)
    if capture.link is not None:
        row["ssh"] = link_row(capture.link)
    if capture.original is not None:
        row["sealed"] = {"digest": capture.original.digest, "bytes": capture.original.bytes}
    if capture.salt:
        row["salt"] = capture.salt
    if capture.volatile is not None:
        segment = capture.volatile
        row["volatile"] = {"blob": segment.blob, "offset": segment.offset, "length": segment.length}
    return row


def read_capture(value: object) -> Capture:
    """Read what `capture_row` writes; what is said of thousands of captures alike is held once (`intern`)."""
    return _plain_capture(value) or _capture_in_words(value)


def _plain_capture(value: object) -> Capture | None:
    """Read a whole answer at once, for a log has millions of them; `None` for what has to be looked at more closely."""
    if type(value) is not dict:
        return None
    get = value.get
    at, took_ms, length, ttl_s = get("at"), get("took_ms"), get("bytes"), get("ttl_s")
    redactions, blob = get("redactions"), get("blob")
    segment, access, link = get("volatile"), get("access"), get("ssh")
    about = get("asset"), get("question"), get("transport"), get("request"), get("class")
    platform, host_key = get("platform"), get("host_key")
    try:
        known = _about(*about, platform, host_key)
    except TypeError:  # something that is no text
        return None
    there = len(_CAPTURE) + (platform is not None) + (host_key is not None) + (segment is not None)
    if not (
        known
        and len(value) == there + (access is not None) + (link is not None)
        and get("complete") is True
        and type(took_ms) is type(length) is type(ttl_s) is type(redactions) is int
        and min(took_ms, length, ttl_s, redactions) >= 0
        and is_digest(blob)
        and type(at) is str
        and is_time(at)
        and (access is None or known.transport == "snmp")
        and (link is None or known.transport == "ssh")
    ):
        return None
    return Capture(
        known.asset,
        known.platform,
        known.question,
        known.transport,
        known.request,
        intern(at),
        took_ms,
        Digest(intern(str(blob))),
        length,
        ttl_s,
        known.classification,
        redactions,
        None if segment is None else _segment(segment),
        known.host_key,
        None if access is None else _same(_access, access),
        None if link is None else _same(read_link, link),
    )


class _About(NamedTuple):
    """What the captures of every night say alike."""

    asset: AssetId
    question: str
    transport: str
    request: str
    classification: str
    platform: str | None
    host_key: str | None


@lru_cache(maxsize=65_536)
def _about(
    asset: str, question: str, transport: str, request: str, classification: str, platform: str, host_key: str
) -> _About | None:
    """Return it, each text held once, or `None` where it is not as it should be."""
    texts = asset, question, transport, request, classification, platform, host_key
    for text in texts[:5]:
        if not isinstance(text, str) or not 0 < len(text) <= MAX_TEXT:
            return None
    for text in texts[5:]:
        if text is not None and (not isinstance(text, str) or not 0 < len(text) <= MAX_TEXT):
            return None
    if classification not in _CLASSES:
        return None
    return _About._make(None if text is None else intern(text) for text in texts)


def _same(read: Callable[[object], _Read], value: object) -> _Read:
    """Read what most captures of an asset have alike; what was read before is given back."""
    try:
        found: _Read = _remembered(read, tuple(value.items()))  # type: ignore[attr-defined]
    except (AttributeError, TypeError):  # no object, or one that holds a list
        return read(value)
    return found


@lru_cache(maxsize=4096)
def _remembered(read: Callable[[object], _Read], items: tuple[tuple[str, str], ...]) -> _Read:
    return read(dict(items))


def _capture_in_words(value: object) -> Capture:
    """Read a capture member by member, to hold what few have, and to tell what is wrong with it."""
    row = Fields(value, "capture", _CAPTURE, _OPTIONAL)
    classification = row.text("class")
    if classification not in _CLASSES:
        raise ShapeError(f"capture: class: expected technical or personal, found {classification!r:.40}")
    transport = row.text("transport")
    if "access" in row and transport != "snmp":
        raise ShapeError(f"capture: access: says how SNMP was asked, found beside {transport!r:.40}")
    if "ssh" in row and transport != "ssh":
        raise ShapeError(f"capture: ssh: says what SSH agreed, found beside {transport!r:.40}")
    platform = row.optional_text("platform")
    return Capture(
        asset=AssetId(intern(row.text("asset"))),
        platform=intern(platform) if platform is not None else None,
        question=intern(row.text("question")),
        transport=intern(transport),
        request=intern(row.text("request")),
        at=intern(row.time("at")),
        took_ms=row.whole("took_ms"),
        blob=row.digest("blob"),
        bytes=row.whole("bytes"),
        ttl_s=row.whole("ttl_s"),
        classification=intern(classification),
        redactions=row.whole("redactions"),
        volatile=_segment(row.raw("volatile")) if "volatile" in row else None,
        host_key=row.optional_text("host_key"),
        access=_access(row.raw("access")) if "access" in row else None,
        link=read_link(row.raw("ssh")) if "ssh" in row else None,
        original=_original(row.raw("sealed")) if "sealed" in row else None,
        complete=row.flag("complete"),
        reason=row.optional_text("reason"),
        salt=_salt(row, classification),
    )


def _salt(row: Fields, classification: str) -> int:
    """Return how many random bytes a blob begins with; whether there is room for them, `read_part` looks at."""
    if "salt" not in row:
        return 0  # a technical answer, or a personal one from before they had a salt
    if classification != PERSONAL:
        raise ShapeError(f"capture: salt: stands beside a personal answer, found beside a {classification} one")
    salt = row.whole("salt")
    if salt != SALT_BYTES:
        raise ShapeError(f"capture: salt: expected {SALT_BYTES} bytes, found {salt}")
    return salt


def _original(value: object) -> Original:
    row = Fields(value, "sealed", _SEALED, _NONE)
    return Original(digest=row.digest("digest"), bytes=row.whole("bytes", least=1))


def _segment(value: object) -> Segment:
    row = Fields(value, "volatile", _SEGMENT, _NONE)
    return Segment(blob=row.digest("blob"), offset=row.whole("offset"), length=row.whole("length"))


def _access_row(access: Access) -> dict[str, object]:
    named = ("version", "community", "user", "level", "auth", "priv")
    return {name: value for name in named if (value := getattr(access, name)) is not None}


def _access(value: object) -> Access:
    version = Fields(value, "access", frozenset({"version"}), _COMMUNITY | _USER | _PROTOCOLS).text("version")
    if version not in SNMP_VERSIONS:
        raise ShapeError(f"access: version: expected {' or '.join(SNMP_VERSIONS)}, found {version!r:.40}")
    if version != "3":
        tag = Fields(value, "access", _COMMUNITY, _NONE).text("community")
        if not _TAG.fullmatch(tag):
            raise ShapeError("access: community: expected its tag, found something else")
        return Access(version=version, community=tag)
    row = Fields(value, "access", _USER, _PROTOCOLS)
    access = Access(
        version=version,
        user=row.text("user", longest=MAX_USER),
        auth=row.optional_text("auth"),
        priv=row.optional_text("priv"),
    )
    known = access.auth in (None, *SNMP_AUTHENTICATION) and access.priv in (None, *SNMP_PRIVACY)
    if not known or (access.priv and not access.auth) or row.text("level") != access.level:
        raise ShapeError("access: expected the level of security that its protocols make, found another")
    return access
