"""
Sheets: registers as people write them, CSV or YAML, one row an entry.

Reading is strict and names lines. What a spreadsheet would run as a formula is written behind an apostrophe (OWASP: CSV
Injection) and read without it.
"""

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any

from evidence.clock import rfc3339
from evidence.errors import Error
from evidence.log.fields import ShapeError
from evidence.log.register import MAX_ENTRIES, Entry, Value, check_entry, check_id
from evidence.model.columns import EXAMPLES, Column, register_of, sheet_columns

MAX_SHEET_BYTES = 16 * 1024 * 1024
"""Largest sheet read: 10,000 rows of 1,600 characters."""

MAX_PROBLEMS = 20
"""Most lines named in one error."""

SEEN = "seen"
"""A column for people: what was seen and why the row was proposed; it is not read."""

ENDED = "ended"
"""A column whose text ends the entry, and is the reason."""

_FORMULA = "=+-@'＝＋－＠"
_LIST = re.compile(r"((?:\\.|[^;\\])+)")
_MAC = re.compile(r"[0-9A-Fa-f]{12}")


class SheetError(Error):
    """A sheet is not as it has to be; the message names its lines."""

    exit_code = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One row of a sheet."""

    number: int
    """The line it ends at, as an editor counts."""
    entry: Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A row a person may complete."""

    id: str
    columns: Mapping[str, Value] = field(default_factory=lambda: MappingProxyType({}))
    seen: str = ""


def write_csv(kind: str, rows: Iterable[Proposal]) -> str:
    """Return a sheet as CSV (RFC 4180)."""
    names = [column.name for column in sheet_columns(kind)]
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(["id", *names, ENDED, SEEN])
    for row in rows:
        cells = (row.id, *(_joined(row.columns.get(name, "")) for name in names), "", row.seen)
        writer.writerow([_disarmed(cell) for cell in cells])
    return out.getvalue()


def write_yaml(kind: str, rows: Iterable[Proposal]) -> str:
    """Return a sheet as YAML; what is required and not known stands there empty."""
    import yaml

    columns = sheet_columns(kind)
    entries = []
    for row in rows:
        entry: dict[str, object] = {"id": row.id}
        for column in columns:
            value = row.columns.get(column.name, "" if column.required else None)
            if value is not None:
                entry[column.name] = list(value) if isinstance(value, tuple) else value
        entries.append({**entry, SEEN: row.seen} if row.seen else entry)
    text: str = yaml.safe_dump({"kind": kind, "entries": entries}, allow_unicode=True, sort_keys=False, width=120)
    return text


def read_sheet(kind: str, data: bytes, name: str) -> tuple[Line, ...]:
    """Return the rows of a sheet, CSV or YAML (and so JSON); raise `SheetError` naming every line that is wrong."""
    if len(data) > MAX_SHEET_BYTES:
        raise SheetError(f"{name}: larger than {MAX_SHEET_BYTES} bytes")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SheetError(f"{name}: not UTF-8 text", hint="save it as CSV UTF-8") from error
    read = _csv_rows if name.lower().endswith(".csv") else _yaml_rows
    lines: list[Line] = []
    problems: list[str] = []
    seen: dict[str, int] = {}
    for number, cells in read(kind, text, name):
        try:
            entry = entry_of(kind, cells)
            if entry.id in seen:
                raise ShapeError(f"{entry.id}: stands in line {seen[entry.id]} already")
        except ShapeError as error:
            problems.append(f"{name}:{number}: {error}")
            continue
        seen[entry.id] = number
        lines.append(Line(number=number, entry=entry))
    if problems:
        more = f"\nand {len(problems) - MAX_PROBLEMS} more lines" if len(problems) > MAX_PROBLEMS else ""
        raise SheetError("\n".join(problems[:MAX_PROBLEMS]) + more)
    return tuple(lines)


def entry_of(kind: str, cells: Mapping[str, str | Sequence[str]]) -> Entry:
    """Return the entry that a person's words for each column make; raise `ShapeError` if they make none."""
    columns = {column.name: column for column in sheet_columns(kind)}
    for name in cells:
        if name not in (*columns, "id", ENDED, SEEN):
            near = get_close_matches(name, columns, n=1)
            raise ShapeError(f"unknown column {name!r:.60}{f' (did you mean {near[0]}?)' if near else ''}")
    ident = check_id(_one(cells.get("id", "")), kind)
    ended = _one(cells.get(ENDED, ""))
    if ended:
        return check_entry(register_of(kind), Entry(id=ident, ended=ended))
    values: dict[str, Value] = {"kind": kind} if register_of(kind) == "attestation" else {}
    for name, column in columns.items():
        value = _value(column, cells.get(name, ""))
        if value:
            values[name] = value
    return check_entry(register_of(kind), Entry(id=ident, columns=MappingProxyType(values)))


def differences(current: Mapping[str, Entry], lines: Iterable[Entry]) -> Iterator[tuple[str, Entry, tuple[str, ...]]]:
    """Yield (`new`, `changed` or `ended`; the entry; what differs, in words) for each entry not as it stands."""
    for entry in lines:
        old = current.get(entry.id)
        if entry.ended is not None:
            if old is None:
                raise SheetError(f"{entry.id}: cannot end, for there is no such entry")
            yield "ended", entry, (entry.ended,)
        elif old is None:
            yield "new", entry, tuple(f"{name}: {_joined(value)}" for name, value in entry.columns.items())
        elif old.columns != entry.columns:
            yield "changed", entry, tuple(_changed(old, entry))


def _changed(old: Entry, new: Entry) -> Iterator[str]:
    for name in dict.fromkeys((*old.columns, *new.columns)):
        was, now = _joined(old.columns.get(name, "")), _joined(new.columns.get(name, ""))
        if was != now:
            yield f"{name}: {was or 'nothing'} -> {now or 'nothing'}"


def _csv_rows(kind: str, text: str, name: str) -> Iterator[tuple[int, dict[str, str]]]:
    header = text.partition("\n")[0]
    reader = csv.reader(
        io.StringIO(text, newline=""), strict=True, delimiter=";" if ";" in header and "," not in header else ","
    )
    try:
        names = [cell.strip() for cell in next(reader, [])]
        if "id" not in names or len(set(names)) != len(names):
            columns = ", ".join(column.name for column in sheet_columns(kind))
            raise SheetError(f"{name}:1: expected the column id and each of these at most once: {columns}")
        for count, cells in enumerate(reader):
            if count >= MAX_ENTRIES:
                raise SheetError(f"{name}:{reader.line_num}: at most {MAX_ENTRIES} rows are read")
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) > len(names):
                raise SheetError(f"{name}:{reader.line_num}: {len(cells)} cells in {len(names)} columns")
            yield reader.line_num, {key: _armed(cell) for key, cell in zip(names, cells, strict=False)}
    except csv.Error as error:
        raise SheetError(f"{name}:{reader.line_num}: not CSV: {error}") from error


def _yaml_rows(kind: str, text: str, name: str) -> Iterator[tuple[int, dict[str, str | Sequence[str]]]]:
    import yaml

    try:
        node = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise SheetError(f"{name}:{mark.line + 1 if mark else 1}: not YAML: {error.problem}") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise SheetError(f"{name}: not YAML") from error
    top = {key.value: value for key, value in node.value} if isinstance(node, yaml.MappingNode) else {}
    entries, said = top.get("entries"), top.get("kind")
    if top.keys() != {"kind", "entries"} or not isinstance(entries, yaml.SequenceNode):
        raise SheetError(f"{name}:1: expected `kind: {kind}` and a list `entries`")
    if said is None or said.value != kind:
        raise SheetError(f"{name}:1: expected a sheet of kind {kind}, found {getattr(said, 'value', '')!r:.60}")
    if len(entries.value) > MAX_ENTRIES:
        raise SheetError(f"{name}: at most {MAX_ENTRIES} entries are read")
    for row in entries.value:
        number = row.start_mark.line + 1
        if not isinstance(row, yaml.MappingNode):
            raise SheetError(f"{name}:{number}: expected keys and values")
        yield number, {_key(key, name): _cell(value, name) for key, value in row.value}


def _key(node: Any, name: str) -> str:
    if not isinstance(node.value, str):
        raise SheetError(f"{name}:{node.start_mark.line + 1}: expected a column's name")
    return node.value


def _cell(node: Any, name: str) -> str | Sequence[str]:
    if isinstance(node.value, str):
        return "" if node.tag == "tag:yaml.org,2002:null" else node.value
    members = [member.value for member in node.value] if node.id == "sequence" else [None]
    texts = [member for member in members if isinstance(member, str)]
    if len(texts) != len(members):
        raise SheetError(f"{name}:{node.start_mark.line + 1}: expected a text or a list of texts")
    return texts


def _one(cell: str | Sequence[str]) -> str:
    if not isinstance(cell, str):
        raise ShapeError("expected one text, found a list")
    return cell.strip()


def _value(column: Column, cell: str | Sequence[str]) -> Value | None:
    """Return what a person's words for a column mean, in the one way a statement writes it; nothing for none."""
    if column.several:
        words = [re.sub(r"\\(.)", r"\1", word) for word in _LIST.findall(cell)] if isinstance(cell, str) else cell
        return tuple(dict.fromkeys(word.strip() for word in words if word.strip()))
    return _SPELLINGS.get(column.shape, str)(_one(cell))


def _time(text: str) -> str:
    """Return a time with any offset (RFC 3339 §5.6) in UTC; one without is nobody's."""
    if not text:
        return ""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    if moment.tzinfo is None or len(text) <= len("2026-11-22"):
        raise ShapeError(f"a time without a zone: {text!r:.40}; expected {EXAMPLES['time']} or one with +09:00")
    return rfc3339(moment.astimezone(UTC))


def _mac(text: str) -> str:
    digits = re.sub(r"[:.\- ]", "", text)
    return ":".join(digits[at : at + 2] for at in range(0, 12, 2)).lower() if _MAC.fullmatch(digits) else text


_SPELLINGS: Mapping[str, Callable[[str], str]] = {"time": _time, "mac": _mac}


def _joined(value: Value) -> str:
    if isinstance(value, str):
        return value
    return "; ".join(re.sub(r"([;\\])", r"\\\1", one) for one in value)


def _disarmed(cell: str) -> str:
    return f"'{cell}" if cell[:1] and cell[0] in _FORMULA else cell


def _armed(cell: str) -> str:
    """Return a cell as it was before `_disarmed`; an apostrophe before anything else is the writer's own."""
    return cell[1:] if cell[:1] == "'" and cell[1:2] and cell[1] in _FORMULA else cell
