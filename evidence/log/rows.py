"""Captures and outcomes as rows of a part statement, there and back."""

import re
from sys import intern

from evidence.log.fields import Fields, ShapeError
from evidence.log.links import link_row, read_link
from evidence.model.capture import SNMP_AUTHENTICATION, SNMP_PRIVACY, SNMP_VERSIONS, Access, Capture, Original, Segment
from evidence.model.names import AssetId
from evidence.model.outcome import Outcome, Result

_OUTCOME = frozenset({"asset", "result"})
_CAPTURE = frozenset(
    {"asset", "question", "transport", "request", "at", "took_ms", "bytes", "blob", "ttl_s", "class", "redactions"}
    | {"complete"}
)
_OPTIONAL = frozenset({"platform", "reason", "host_key", "volatile", "access", "ssh", "sealed"})
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
_CLASSES = frozenset({"technical", "personal"})


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
    if capture.volatile is not None:
        segment = capture.volatile
        row["volatile"] = {"blob": segment.blob, "offset": segment.offset, "length": segment.length}
    return row


def read_capture(value: object) -> Capture:
    """Read what `capture_row` writes; what is said of thousands of captures alike is held once (`intern`)."""
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
    )


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
