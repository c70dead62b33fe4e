"""
Registers in the log: exceptions, approvals and attestations, as the owner signs them.

A statement holds entries of one register. An entry is known by its id: one that comes later replaces it, one that says
`end` ends it, with a reason. Every value is a text or a list of texts, so that a sheet, a form and a statement say the
same thing in the same words.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType

from evidence.clock import TimeError, parse_rfc3339, rfc3339
from evidence.harmless import UNSEEN
from evidence.log.fields import Fields, ShapeError
from evidence.log.statement import Statement, Subject
from evidence.model.columns import EXAMPLES, Column, columns_of
from evidence.model.names import Digest

MAX_ENTRIES = 10_000
"""Most entries of one statement: the devices of a large site, declared known at once."""

MAX_TEXT = 2_000
"""Longest text of an entry: a reason of a page."""

MAX_ID = 100
"""Longest id of an entry; a ticket's number, a name."""

Value = str | tuple[str, ...]
"""What stands in one column of an entry."""

_PREDICATE = frozenset({"log", "at", "entries"})
_END = frozenset({"id", "act", "reason"})
_NONE: frozenset[str] = frozenset()
_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")
_REQUIREMENT = re.compile(r"[A-Z]{2,5}-[0-9]{2}")
_WHOLE = re.compile(r"0|[1-9][0-9]{0,11}")
_BREAKS = re.compile(f"[\t\n]|{UNSEEN.pattern}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry, or the end of one."""

    id: str
    columns: Mapping[str, Value] = field(default_factory=lambda: MappingProxyType({}))
    """By name; empty where the entry ends."""
    ended: str | None = None
    """Why the entry of this id ends."""

    def text(self, name: str) -> str | None:
        """Return what stands in a column, or nothing."""
        value = self.columns.get(name)
        return value if isinstance(value, str) else None

    def several(self, name: str) -> tuple[str, ...]:
        """Return what stands in a column that holds a list."""
        value = self.columns.get(name, ())
        return value if isinstance(value, tuple) else (value,)


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterStatement:
    """What the owner signed at one time about one register."""

    register: str
    at: str
    """When he says it was, RFC 3339 UTC."""
    entries: tuple[Entry, ...]


def register_predicate(register: str, entries: Iterable[Entry], at: datetime) -> Mapping[str, object]:
    """Return the predicate of a register's statement; its only subject is `("plan", blob)`."""
    rows = [_row(entry) for entry in entries]
    _entries(register, rows)
    return {"at": rfc3339(at), "entries": rows}


def read_register(statement: Statement) -> RegisterStatement:
    """Read a register's statement; raise `ShapeError` unless it is written our way."""
    what = statement.kind
    fields = Fields(statement.predicate, what, _PREDICATE, _NONE)
    if [subject.name for subject in statement.subjects] != ["plan"]:
        raise ShapeError(f"{what}: expected one subject, the plan")
    return RegisterStatement(register=what, at=fields.time("at"), entries=_entries(what, fields.rows("entries")))


def register_subjects(plan: Digest) -> tuple[Subject, ...]:
    """Return the subjects of a register's statement."""
    return (Subject(name="plan", digest=plan),)


def check_value(column: Column, value: Value, what: str) -> Value:
    """Return what stands in a column if it may; raise `ShapeError` if not."""
    if column.several:
        texts = value if isinstance(value, tuple) and all(isinstance(text, str) for text in value) else None
        if texts is None or not 0 < len(texts) <= MAX_ENTRIES or len(set(texts)) != len(texts):
            raise ShapeError(f"{what}: {column.name}: expected 1 to {MAX_ENTRIES} texts, each once")
        one = "requirement" if column.shape == "requirements" else "text"
        return tuple(_checked(column.name, one, (), text, what) for text in texts)
    if isinstance(value, tuple):
        raise ShapeError(f"{what}: {column.name}: expected one text, found a list")
    return _checked(column.name, column.shape, column.choices, value, what)


def check_id(text: object, what: str) -> str:
    """Return an id if it is one; raise `ShapeError` if not."""
    if not isinstance(text, str) or not 0 < len(text) <= MAX_ID or text != text.strip() or _BREAKS.search(text):
        raise ShapeError(f"{what}: id: expected 1 to {MAX_ID} visible characters on one line, found {text!r:.60}")
    return text


def check_entry(register: str, entry: Entry) -> Entry:
    """Return an entry if its columns fit together; raise `ShapeError` if not."""
    what = f"{register} {entry.id}"
    if entry.ended is not None:
        _checked("reason", "text", (), entry.ended, what)
        return entry
    columns = columns_of(register, entry.text("kind"))
    unknown = entry.columns.keys() - {column.name for column in columns}
    if unknown:
        raise ShapeError(f"{what}: unknown column {', '.join(sorted(unknown))}")
    for column in columns:
        if column.name in entry.columns:
            check_value(column, entry.columns[column.name], what)
        elif column.required:
            raise ShapeError(f"{what}: without {column.name}")
    for first, last in (("begins", "ends"), ("approved", "expires"), ("start", "end")):
        earlier, later = entry.text(first), entry.text(last)
        if earlier is not None and later is not None and earlier > later:
            raise ShapeError(f"{what}: {last} ({later}) lies before {first} ({earlier})")
    return entry


def _checked(name: str, shape: str, choices: tuple[str, ...], text: str, what: str) -> str:
    """Return one text of a shape; raise `ShapeError` if it has another."""
    if not isinstance(text, str) or not 0 < len(text) <= MAX_TEXT or text != text.strip() or _BREAKS.search(text):
        raise ShapeError(f"{what}: {name}: expected 1 to {MAX_TEXT} visible characters on one line, found {text!r:.60}")
    if choices and text not in choices:
        raise ShapeError(f"{what}: {name}: expected one of {', '.join(choices)}, found {text!r:.60}")
    if not _FITS[shape](text):
        raise ShapeError(f"{what}: {name}: expected {EXAMPLES[shape]}, found {text!r:.60}")
    return text


def _is_date(text: str) -> bool:
    try:
        return text >= "1000" and date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _is_time(text: str) -> bool:
    try:
        parse_rfc3339(text)
    except TimeError:
        return False
    return True


_FITS: Mapping[str, Callable[[str], bool]] = {
    "text": bool,
    "date": _is_date,
    "time": _is_time,
    "whole": lambda text: _WHOLE.fullmatch(text) is not None,
    "mac": lambda text: _MAC.fullmatch(text) is not None,
    "requirement": lambda text: _REQUIREMENT.fullmatch(text) is not None,
}


def _row(entry: Entry) -> dict[str, object]:
    if entry.ended is not None:
        return {"id": entry.id, "act": "end", "reason": entry.ended}
    columns = {name: list(value) if isinstance(value, tuple) else value for name, value in entry.columns.items()}
    return {"id": entry.id, "act": "state", **columns}


def _entries(register: str, rows: Iterable[object]) -> tuple[Entry, ...]:
    entries = tuple(_entry(register, row) for row in rows)
    if not 0 < len(entries) <= MAX_ENTRIES:
        raise ShapeError(f"{register}: expected 1 to {MAX_ENTRIES} entries, found {len(entries)}")
    if len({entry.id for entry in entries}) != len(entries):
        raise ShapeError(f"{register}: an id stands twice in one statement")
    return entries


def _entry(register: str, row: object) -> Entry:
    if not isinstance(row, dict):
        raise ShapeError(f"{register}: expected an object, found {type(row).__name__}")
    name = check_id(row.get("id"), register)
    if row.get("act") == "end":
        fields = Fields(row, f"{register} {name}", _END, _NONE)
        return check_entry(register, Entry(id=name, ended=fields.text("reason", longest=MAX_TEXT)))
    if row.get("act") != "state":
        raise ShapeError(f"{register} {name}: act: expected state or end, found {row.get('act')!r:.40}")
    columns = {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}
    kept = {key: value for key, value in columns.items() if key not in ("id", "act")}
    return check_entry(register, Entry(id=name, columns=MappingProxyType(kept)))
