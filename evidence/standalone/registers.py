"""What owners declare in registers: exceptions, approvals, attestations, column by column."""

import re
from typing import Any

from evidence.standalone.shapes import Shape, anything, holds, like, record, rows
from evidence.standalone.slots import seconds

REGISTERS = ("exception", "approval", "attestation")
"""Kinds of statements that hold entries."""

MAX_WORDS, MAX_ENTRIES = 2_000, 10_000
"""Longest text of a column, and most texts of one."""

_NOT_ON_A_LINE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
"""What steers a terminal, turns the direction of what follows, ends a line, or cannot be seen."""


def line(longest: int) -> Shape:
    """Return what tells whether a value is a text on one line that can be seen."""
    return lambda value: (
        isinstance(value, str)
        and 0 < len(value) <= longest
        and value == value.strip()
        and not _NOT_ON_A_LINE.search(value)
    )


def _several(shape: Shape) -> Shape:
    return lambda value: rows(shape, least=1, most=MAX_ENTRIES)(value) and len(set(value)) == len(value)


_LINE, _MOMENT, _WHOLE, _CODE = line(MAX_WORDS), holds(seconds), like("0|[1-9][0-9]{0,11}"), like("[A-Z]{2,5}-[0-9]{2}")
_DATE = holds(lambda value: seconds(f"{value}T00:00:00Z"))
_LINES, _CODES = _several(_LINE), _several(_CODE)
_STATED: dict[str, Shape] = {"id": line(100), "act": like("state")}
_ENDED = record(id=line(100), act=like("end"), reason=_LINE)
_EXCEPTION = record(
    {"assets": _LINES, "row": _LINE, "compensating": _CODES, "replacement": _DATE},
    requirement=_CODE, reason_class=like("too-old|vendor-gone|process-risk|other"), reason=_LINE, owner=_LINE,
    approver=_LINE, approved=_DATE, expires=_DATE, **_STATED,
)  # fmt: skip
_APPROVAL = record(
    {"assets": _LINES, "ticket": _LINE},
    kind=like("session|change|device|firmware|rule"), subject=_LINE, begins=_MOMENT, ends=_MOMENT, approver=_LINE,
    **_STATED,
)  # fmt: skip
_RESTORE_TEST = record(
    {
        **dict.fromkeys(("asset", "backup_hash", "target", "method", "tool", "operator"), _LINE),
        **dict.fromkeys(("witness", "defects", "evidence"), _LINE),
        **dict.fromkeys(("rto_goal_s", "rpo_goal_s", "checks_expected", "checks_passed"), _WHOLE),
        "backup_at": _MOMENT, "end": _MOMENT,
    },
    backup=_LINE, start=_MOMENT, status=like("completed|failed|running"),
    validation=like("successful|failed|timed-out|none"), kind=anything, by=_LINE, **_STATED,
)  # fmt: skip
_ATTESTED = {
    "restore-test": _RESTORE_TEST,
    "support-end": record(
        {"asset": _LINE, "model": _LINE, "version": _LINE}, end=_DATE, origin=_LINE, kind=anything, by=_LINE, **_STATED
    ),
    "known-device": record(
        {"asset": _LINE, "place": _LINE, "owner": _LINE},
        mac=like("[0-9a-f]{2}(:[0-9a-f]{2}){5}"), name=_LINE, kind=anything, by=_LINE, **_STATED,
    ),
    "firmware-baseline": record(
        {"asset": _LINE, "model": _LINE, "origin": _LINE}, version=_LINE, kind=anything, by=_LINE, **_STATED
    ),
    "legal-hold": record({"asset": _LINE, "ticket": _LINE}, reason=_LINE, kind=anything, by=_LINE, **_STATED),
}  # fmt: skip
_IN_ORDER = (("begins", "ends"), ("approved", "expires"), ("start", "end"))


def entries(register: str, value: list[dict[str, Any]]) -> bool:
    """Tell whether these are entries of a register, each id once."""
    known = len({one["id"] for one in value if line(100)(one.get("id"))}) == len(value)
    return known and all(_ENDED(one) or _entry(register, one) for one in value)


def _entry(register: str, one: dict[str, Any]) -> bool:
    kind = one.get("kind")
    attested = _ATTESTED.get(kind) if isinstance(kind, str) else None
    shape = {"exception": _EXCEPTION, "approval": _APPROVAL}.get(register, attested)
    if shape is None or not shape(one):
        return False
    return all(one[first] <= one[last] for first, last in _IN_ORDER if first in one and last in one)
