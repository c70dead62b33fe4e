"""
The plan: which assets are to be read, and when.

Its blob is what every statement's first subject names. Slots are UTC progressions, so a verifier evaluates neither
cron nor time zones.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from evidence.clock import parse_rfc3339, rfc3339
from evidence.log.assets import asset_rows, read_asset_rows
from evidence.log.canonical import CanonicalError, dumps, loads
from evidence.log.fields import Fields, ShapeError
from evidence.log.statement import Statement, Subject
from evidence.model.asset import Asset
from evidence.model.names import Digest

MAX_SLOTS_DAYS = 400
"""Longest a progression of slots reaches ahead; a plan is renewed every year."""

MAX_SLOTS = 100_000
"""Most slots of a plan: ten jobs that are due every hour for 400 days are 96,000."""

_NEVER = "9000"
"""No slot lies in a year from which a progression could leave the calendar (RFC 3339 ends at 9999)."""

_STAMP = re.compile(r"-[0-9]{8}T[0-9]{4}(?:[0-9]{2})?Z(?:-[0-9a-f]{6})?\Z")
_PLAN = frozenset({"assets", "slots", "grace_s"})
_SLOTS = frozenset({"name", "first", "every_s", "count"})
_GRACE = frozenset({"grace_s"})
_PREDICATE = frozenset({"log", "blob", "bytes"})
_AT = frozenset({"at"})
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
    grace_s: int | None = None
    """How late an answer of this job may be, seconds; `None`: as the plan says for all."""

    def moments(self) -> Iterator[datetime]:
        """Yield each moment it is due, in UTC."""
        first, step = parse_rfc3339(self.first), timedelta(seconds=self.every_s)
        return (first + number * step for number in range(self.count))

    @property
    def end(self) -> datetime:
        """The last moment it is due."""
        return parse_rfc3339(self.first) + (self.count - 1) * timedelta(seconds=self.every_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A plan's blob, read."""

    assets: tuple[Asset, ...]
    slots: tuple[Slots, ...]
    grace_s: int
    """How late an answer may be, seconds."""


def dump_plan(assets: Iterable[Asset], *, slots: Iterable[Slots] = (), grace_s: int = 0) -> bytes:
    """Return the plan's blob."""
    return dumps({"assets": asset_rows(assets), "slots": [_slots_row(one) for one in slots], "grace_s": grace_s})


def load_plan(data: bytes) -> Plan:
    """Read what `dump_plan` writes; raise `ShapeError` for anything else."""
    try:
        plan = Fields(loads(data), "plan", _PLAN, _NONE)
    except CanonicalError as error:
        raise ShapeError(f"plan: {error}") from error
    slots = tuple(map(_slots, plan.rows("slots")))
    if sum(one.count for one in slots) > MAX_SLOTS:
        raise ShapeError(f"plan: at most {MAX_SLOTS} slots are read, found {sum(one.count for one in slots)}")
    return Plan(assets=read_asset_rows(plan.raw("assets")), slots=slots, grace_s=plan.whole("grace_s"))


def plan_predicate(blob: Digest, length: int, *, at: datetime | None = None) -> Mapping[str, object]:
    """Return the predicate of a plan statement, stated `at`; its only subject is `("plan", blob)`."""
    return {"blob": blob, "bytes": length} | ({"at": rfc3339(at)} if at else {})


def slot_name(name: str, moment: datetime) -> str:
    """Return what the slot of job `name` at `moment` is called: `nightly-20260722T0200Z`."""
    return f"{name}-{moment:%Y%m%dT%H%MZ}"


def job_of(slot: str) -> str:
    """Return what a slot is named by: `nightly` of `nightly-20260722T0200Z`."""
    return _STAMP.sub("", slot)


def plan_blob(statement: Statement) -> tuple[Digest, int]:
    """Return digest and length of the blob of a plan statement; raise `ShapeError` unless it is written our way."""
    fields = Fields(statement.predicate, "plan", _PREDICATE, _AT)
    blob = fields.digest("blob")
    if statement.subjects != (Subject(name="plan", digest=blob),):
        raise ShapeError("plan: expected one subject, the plan's blob")
    plan_time(statement)
    return blob, fields.whole("bytes")


def plan_time(statement: Statement) -> datetime | None:
    """Return when a plan statement says it was made; the first ones did not say."""
    fields = Fields(statement.predicate, "plan", _PREDICATE, _AT)
    return parse_rfc3339(fields.time("at")) if "at" in fields else None


def _slots_row(slots: Slots) -> dict[str, object]:
    row = {"name": slots.name, "first": slots.first, "every_s": slots.every_s, "count": slots.count}
    return row if slots.grace_s is None else {**row, "grace_s": slots.grace_s}


def _slots(row: object) -> Slots:
    fields = Fields(row, "slots", _SLOTS, _GRACE)
    slots = Slots(
        name=fields.text("name"),
        first=fields.time("first"),
        every_s=fields.whole("every_s", least=1),
        count=fields.whole("count", least=1),
        grace_s=fields.whole("grace_s") if "grace_s" in fields else None,
    )
    if slots.every_s * slots.count > MAX_SLOTS_DAYS * 86_400 or slots.first >= _NEVER:
        raise ShapeError(f"slots: {slots.name} reaches more than {MAX_SLOTS_DAYS} days ahead")
    return slots
