"""Quarantine: the sealer's word that an object in the store supports nothing, and why."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from evidence.clock import rfc3339
from evidence.log.fields import Fields, ShapeError
from evidence.log.statement import Statement, Subject
from evidence.model.names import Digest

MAX_REASON = 500
"""Longest reason kept."""

_QUARANTINE = frozenset({"log", "key", "found", "reason", "at"})
_NONE: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantine:
    """One object set aside."""

    key: str
    """Where it lies."""
    found: Digest
    """Digest of the bytes that were found there."""
    reason: str
    at: str


def quarantine_predicate(key: str, found: Digest, reason: str, at: datetime) -> Mapping[str, object]:
    """Return the predicate of a quarantine statement; its only subject is `("object", found)`."""
    plain = reason.encode("utf-8", "replace").decode("utf-8")
    return {"key": key, "found": found, "reason": plain[:MAX_REASON], "at": rfc3339(at)}


def read_quarantine(statement: Statement) -> Quarantine:
    """Read a quarantine statement; raise `ShapeError` unless it is written our way."""
    fields = Fields(statement.predicate, "quarantine", _QUARANTINE, _NONE)
    found = fields.digest("found")
    if statement.subjects != (Subject(name="object", digest=found),):
        raise ShapeError("quarantine: expected one subject, the object")
    return Quarantine(
        key=fields.text("key"),
        found=found,
        reason=fields.text("reason", longest=MAX_REASON),
        at=fields.time("at"),
    )
