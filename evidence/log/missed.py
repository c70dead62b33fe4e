"""A missed slot: somebody who plans says why nothing was read. It explains a gap, and closes none."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from evidence.clock import rfc3339
from evidence.log.fields import Fields, ShapeError
from evidence.log.statement import Statement
from evidence.store.layout import check_slot

MAX_REASON = 1_000
"""Longest reason, in characters; a sentence or two."""

_MISSED = frozenset({"log", "slot", "reason", "at", "assets"})
_NONE: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed:
    """A `missed` statement, read."""

    slot: str
    reason: str
    at: str
    """When it was said, RFC 3339 UTC."""
    assets: frozenset[str]
    """What was missed; none named is every asset of the plan."""


def missed_predicate(slot: str, reason: str, at: datetime, *, assets: Iterable[str] = ()) -> dict[str, object]:
    """Return the predicate of a missed statement; its only subject is the plan that asked for the slot."""
    return {"slot": check_slot(slot), "reason": reason, "at": rfc3339(at), "assets": sorted(set(assets))}


def read_missed(statement: Statement) -> Missed:
    """Read a missed statement; raise `ShapeError` unless it is as `missed_predicate` writes it."""
    fields = Fields(statement.predicate, "missed", _MISSED, _NONE)
    assets = [asset for asset in fields.rows("assets") if isinstance(asset, str) and asset]
    if len(assets) != len(fields.rows("assets")) or assets != sorted(set(assets)):
        raise ShapeError("missed: assets: expected names, in order, each once")
    if len(statement.subjects) != 1:
        raise ShapeError("missed: expected one subject, the plan")
    return Missed(
        slot=check_slot(fields.text("slot")),
        reason=fields.text("reason", longest=MAX_REASON),
        at=fields.time("at"),
        assets=frozenset(assets),
    )
