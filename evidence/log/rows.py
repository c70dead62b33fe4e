"""Captures and outcomes as rows of a part statement, there and back."""

from evidence.log.fields import Fields, ShapeError
from evidence.model.capture import Capture, Segment
from evidence.model.names import AssetId
from evidence.model.outcome import Outcome, Result

_OUTCOME = frozenset({"asset", "result"})
_CAPTURE = frozenset(
    {"asset", "question", "transport", "request", "at", "took_ms", "bytes", "blob", "ttl_s", "class", "redactions"}
    | {"complete"}
)
_OPTIONAL = frozenset({"platform", "reason", "host_key", "volatile"})
_SEGMENT = frozenset({"blob", "offset", "length"})
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
    if capture.volatile is not None:
        segment = capture.volatile
        row["volatile"] = {"blob": segment.blob, "offset": segment.offset, "length": segment.length}
    return row


def read_capture(value: object) -> Capture:
    """Read what `capture_row` writes."""
    row = Fields(value, "capture", _CAPTURE, _OPTIONAL)
    classification = row.text("class")
    if classification not in _CLASSES:
        raise ShapeError(f"capture: class: expected technical or personal, found {classification!r:.40}")
    return Capture(
        asset=AssetId(row.text("asset")),
        platform=row.optional_text("platform"),
        question=row.text("question"),
        transport=row.text("transport"),
        request=row.text("request"),
        at=row.time("at"),
        took_ms=row.whole("took_ms"),
        blob=row.digest("blob"),
        bytes=row.whole("bytes"),
        ttl_s=row.whole("ttl_s"),
        classification=classification,
        redactions=row.whole("redactions"),
        volatile=_segment(row.raw("volatile")) if "volatile" in row else None,
        host_key=row.optional_text("host_key"),
        complete=row.flag("complete"),
        reason=row.optional_text("reason"),
    )


def _segment(value: object) -> Segment:
    row = Fields(value, "volatile", _SEGMENT, _NONE)
    return Segment(blob=row.digest("blob"), offset=row.whole("offset"), length=row.whole("length"))
