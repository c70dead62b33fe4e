"""
The plan: which assets are to be read, and when.

Its blob is what every statement's first subject names. Slots are UTC progressions, so a verifier evaluates neither
cron nor time zones.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from evidence.log.assets import asset_rows, read_asset_rows
from evidence.log.canonical import CanonicalError, dumps, loads
from evidence.log.fields import Fields, ShapeError
from evidence.log.statement import Statement, Subject
from evidence.model.asset import Asset
from evidence.model.names import Digest

MAX_SLOTS_DAYS = 400
"""Longest a progression of slots reaches ahead; a plan is renewed every year."""

_PLAN = frozenset({"assets", "slots", "grace_s"})
_SLOTS = frozenset({"name", "first", "every_s", "count"})
_PREDICATE = frozenset({"log", "blob", "bytes"})
_NONE: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Slots:
    """When a job is due: `count` times, `every_s` apart, from `first` on."""

    name: str
    """What slots are named by: `nightly` of `nightly-20260722T0200Z`."""
    first: str
    """RFC 3339 UTC."""
    every_s: int
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A plan's blob, read."""

    assets: tuple[Asset, ...]
    slots: tuple[Slots, ...]
    grace_s: int
    """How late an answer may be, seconds."""


def dump_plan(assets: Iterable[Asset], *, slots: Iterable[Slots] = (), grace_s: int = 0) -> bytes:
    """Return the plan's blob."""
    rows = [{"name": s.name, "first": s.first, "every_s": s.every_s, "count": s.count} for s in slots]
    return dumps({"assets": asset_rows(assets), "slots": rows, "grace_s": grace_s})


def load_plan(data: bytes) -> Plan:
    """Read what `dump_plan` writes; raise `ShapeError` for anything else."""
    try:
        plan = Fields(loads(data), "plan", _PLAN, _NONE)
    except CanonicalError as error:
        raise ShapeError(f"plan: {error}") from error
    return Plan(
        assets=read_asset_rows(plan.raw("assets")),
        slots=tuple(map(_slots, plan.rows("slots"))),
        grace_s=plan.whole("grace_s"),
    )


def plan_predicate(blob: Digest, length: int) -> Mapping[str, object]:
    """Return the predicate of a plan statement; its only subject is `("plan", blob)`."""
    return {"blob": blob, "bytes": length}


def plan_blob(statement: Statement) -> tuple[Digest, int]:
    """Return digest and length of the blob of a plan statement; raise `ShapeError` unless it is written our way."""
    fields = Fields(statement.predicate, "plan", _PREDICATE, _NONE)
    blob = fields.digest("blob")
    if statement.subjects != (Subject(name="plan", digest=blob),):
        raise ShapeError("plan: expected one subject, the plan's blob")
    return blob, fields.whole("bytes")


def _slots(row: object) -> Slots:
    fields = Fields(row, "slots", _SLOTS, _NONE)
    slots = Slots(
        name=fields.text("name"),
        first=fields.time("first"),
        every_s=fields.whole("every_s", least=1),
        count=fields.whole("count", least=1),
    )
    if slots.every_s * slots.count > MAX_SLOTS_DAYS * 86_400:
        raise ShapeError(f"slots: {slots.name} reaches more than {MAX_SLOTS_DAYS} days ahead")
    return slots
