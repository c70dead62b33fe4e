"""Rows of facts: columns of SNMP tables, and lines of text that a pattern takes apart."""

import re
from collections.abc import Iterator
from functools import cache

from evidence.normalise.documents import column_text, rows_at
from evidence.normalise.values import INDEX_FORMATS, VALUE_FORMATS, clean
from evidence.normalise.varbinds import Index, Varbind
from evidence.platforms.platform import Column, TableRule

MAX_ROW_CHARACTERS = 200
"""Longest name of a row: an OID has at most 128 arcs (RFC 2578 §3.5), a useful index far fewer characters."""

Row = tuple[str, str, str, str]
"""(fact, row, value, OID or empty)."""


def read_rows(rule: TableRule, index: Index | None, text: str, document: object = None) -> Iterator[Row]:
    """Yield what `rule` reads from an SNMP answer (`index`), a document or a text."""
    if index is not None:
        found = _snmp_rows(rule, index)
    elif rule.rows is not None:
        found = rows_at(rule, document)
    else:
        found = _text_rows(rule, text)
    for fact, row, value, origin in found:
        value = clean(value)
        if value and row:
            yield fact, clean(row)[:MAX_ROW_CHARACTERS], value, origin


def _snmp_rows(rule: TableRule, index: Index) -> Iterator[Row]:
    row_name = INDEX_FORMATS[rule.key or "index"]
    for column in rule.columns:
        for row, varbind in index.below(column.oid or ""):
            if varbind.kind != "n":
                yield column.fact, row_name(row), _snmp_value(column, index, row, varbind), varbind.oid


def _snmp_value(column: Column, index: Index, row: str, varbind: Varbind) -> str:
    by_index = INDEX_FORMATS.get(column.format)
    value = by_index(row) if by_index else VALUE_FORMATS[column.format](varbind)
    if column.lookup is not None:
        other = index.get(f"{column.lookup}.{value}")
        value = other.text if other else ""
    return value if column.map is None else column.map.get(value, "")


def _text_rows(rule: TableRule, text: str) -> Iterator[Row]:
    key = rule.key or ""
    for match in _regex(rule.pattern or "").finditer(text):
        row = match.expand(key) if "\\" in key else match[key or 0] or ""
        for column in rule.columns:
            yield column.fact, row, column_text(column, match[column.group or 0] or ""), ""


@cache
def _regex(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.MULTILINE)
