"""Rows of facts: columns of SNMP tables, and lines of text that a pattern takes apart."""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import repeat

from evidence.normalise.documents import column_text, rows_at
from evidence.normalise.patterns import pattern_of
from evidence.normalise.values import INDEX_FORMATS, clean, clean_all, shown_as
from evidence.normalise.varbinds import NOTHING, Index
from evidence.platforms.platform import Column, TableRule

MAX_ROW_CHARACTERS = 200
"""Longest name of a row: an OID has at most 128 arcs (RFC 2578 §3.5), a useful index far fewer characters."""

_GROUP = re.compile(r"\\g<(\w+)>")
"""How a row's name, or a column, calls a group, as in a replacement of `re`."""

_INDEX = "index"
"""The format of the whole index, which names most rows: digits and dots, so there is nothing to clean."""

Row = tuple[str, str, str, str]
"""(fact, row, value, OID or empty)."""

Values = Mapping[str, str]
"""Row -> value."""


def read_rows(rule: TableRule, index: Index | None, text: str, document: object = None) -> Iterable[Row]:
    """Return what `rule` reads from an SNMP answer (`index`), a document or a text."""
    return _other_rows(rule, text, document) if index is None else _snmp_rows(rule, index)


def read_columns(
    rule: TableRule, index: Index | None, text: str, document: object = None
) -> Iterable[tuple[str, Values]]:
    """Return what `read_rows` does by fact; of what it reads for one row of a column, the first."""
    if index is not None:
        names = _Names(rule)
        return [(column.fact, names.named(_shown(column, index))) for column in rule.columns]
    found: dict[str, dict[str, str]] = {}
    for fact, row, value, _ in _other_rows(rule, text, document):
        found.setdefault(fact, {}).setdefault(row, value)
    return found.items()


def _other_rows(rule: TableRule, text: str, document: object) -> Iterator[Row]:
    found = rows_at(rule, document) if rule.rows is not None else _text_rows(rule, text)
    for fact, row, value, origin in found:
        if row and (shown := clean(value)):
            yield fact, _row_name(row), shown, origin


def _row_name(row: str) -> str:
    return clean(row)[:MAX_ROW_CHARACTERS]


def _snmp_rows(rule: TableRule, index: Index) -> Iterator[Row]:
    names = _Names(rule)
    for column in rule.columns:
        shown = _shown(column, index)
        for (row, value), name in zip(shown.items(), names.of(shown), strict=True):
            if name:
                yield column.fact, name, value, f"{column.oid}.{row}"


class _Names:
    """The names of a table's rows by their index, each made once: it stands in every column."""

    __slots__ = ("_by_index", "_known")

    def __init__(self, rule: TableRule) -> None:
        self._by_index = INDEX_FORMATS[rule.key or _INDEX]
        self._known: dict[str, str] = {}

    def of(self, rows: Iterable[str]) -> list[str]:
        """Return the name of each row; empty where it has none."""
        known = self._known
        new = [row for row in rows if row not in known]
        if new:
            names = clean_all(list(map(self._by_index, new)))
            known.update(zip(new, (name[:MAX_ROW_CHARACTERS] for name in names), strict=True))
        return list(map(known.__getitem__, rows))

    def named(self, column: Values) -> Values:
        """Return a column by the names of its rows; of rows of one name the first, of no name none."""
        if self._by_index is INDEX_FORMATS[_INDEX] and max(map(len, column), default=0) <= MAX_ROW_CHARACTERS:
            return column
        names, values = self.of(column), list(column.values())
        found = dict(zip(reversed(names), reversed(values), strict=True))
        found.pop("", None)
        return found


def _shown(column: Column, index: Index) -> Values:
    """Return what a column shows by index, where it shows anything; what stands in many rows is shown once."""
    written = {row: one for row, one in index.below(column.oid or "").items() if one != NOTHING}
    if not written:
        return {}
    by_index = INDEX_FORMATS.get(column.format)
    told = written if by_index is None else {row: row for row in written}
    once = list(dict.fromkeys(told.values()))
    shown = list(map(by_index or shown_as(column.format, once), once))
    values = zip(once, clean_all(_other(column, index, shown)), strict=True)
    known = {one: value for one, value in values if value}
    return {row: known[one] for row, one in told.items() if one in known}


def _other(column: Column, index: Index, values: list[str]) -> list[str]:
    """Return what a column says instead of values: what they are looked up as, and then mapped to."""
    if column.lookup is not None:
        found = list(map(index.below(column.lookup).get, values, repeat(NOTHING)))
        values = list(map(shown_as("text", found), found))
    return values if column.map is None else [column.map.get(value, "") for value in values]


def _text_rows(rule: TableRule, text: str) -> Iterator[Row]:
    key = rule.key or ""
    for heading, below in _sections(rule, text):
        for match in pattern_of(rule.pattern or "").finditer(below):
            groups = heading | match.groupdict(default="")
            row = _filled(key, groups)
            for column in rule.columns:
                found = _filled(column.group, groups) if column.group is not None else match[0]
                yield column.fact, row, column_text(column, found), ""


def _filled(group: str, groups: Mapping[str, str]) -> str:
    """Return what a group holds, or a text with what the groups it names hold."""
    return _GROUP.sub(lambda named: groups[named[1]], group) if "\\" in group else groups[group]


def _sections(rule: TableRule, text: str) -> Iterator[tuple[dict[str, str], str]]:
    """Yield the groups of each heading, with the text down to the next one; the whole text where there are none."""
    if rule.under is None:
        yield {}, text
        return
    headings = list(pattern_of(rule.under).finditer(text))
    ends = [*(heading.start() for heading in headings[1:]), len(text)]
    for heading, end in zip(headings, ends, strict=False):  # without any heading there is an end too many
        yield heading.groupdict(default=""), text[heading.end() : end]
