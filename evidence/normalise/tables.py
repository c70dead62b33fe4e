"""Rows of facts: columns of SNMP tables, and lines of text that a pattern takes apart."""

import re
from collections.abc import Callable, Iterator, Mapping

from evidence.normalise.documents import column_text, rows_at
from evidence.normalise.patterns import pattern_of
from evidence.normalise.values import INDEX_FORMATS, VALUE_FORMATS, clean
from evidence.normalise.varbinds import Index, Varbind
from evidence.platforms.platform import Column, TableRule

MAX_ROW_CHARACTERS = 200
"""Longest name of a row: an OID has at most 128 arcs (RFC 2578 §3.5), a useful index far fewer characters."""

_GROUP = re.compile(r"\\g<(\w+)>")
"""How a row's name, or a column, calls a group, as in a replacement of `re`."""

Row = tuple[str, str, str, str]
"""(fact, row, value, OID or empty)."""


def read_rows(rule: TableRule, index: Index | None, text: str, document: object = None) -> list[Row]:
    """Return what `rule` reads from an SNMP answer (`index`), a document or a text."""
    if index is not None:
        return _snmp_rows(rule, index)
    found = rows_at(rule, document) if rule.rows is not None else _text_rows(rule, text)
    shown = ((fact, row, clean(value), origin) for fact, row, value, origin in found)
    return [(fact, _row_name(row), value, origin) for fact, row, value, origin in shown if value and row]


def _row_name(row: str) -> str:
    return clean(row)[:MAX_ROW_CHARACTERS]


def _snmp_rows(rule: TableRule, index: Index) -> list[Row]:
    by_index, names, rows = INDEX_FORMATS[rule.key or "index"], dict[str, str](), list[Row]()
    for column in rule.columns:
        fact, show = column.fact, _shown_by(column, index)
        for row, varbind in index.below(column.oid or ""):
            value = clean(show(row, varbind)) if varbind.kind != "n" else ""
            if not value:
                continue
            name = names.get(row)
            if name is None:
                name = names[row] = _row_name(by_index(row))
            if name:
                rows.append((fact, name, value, varbind.oid))
    return rows


def _shown_by(column: Column, index: Index) -> Callable[[str, Varbind], str]:
    """Return how a column shows what stands in a row."""
    show = _shown_as(column.format)
    if column.lookup is not None:
        show = _looked_up(show, index.column(column.lookup))
    if column.map is not None:
        show = _mapped(show, column.map)
    return show


def _shown_as(name: str) -> Callable[[str, Varbind], str]:
    if name in INDEX_FORMATS:
        by_index = INDEX_FORMATS[name]
        return lambda row, _: by_index(row)
    by_value = VALUE_FORMATS[name]
    return lambda _, varbind: by_value(varbind)


def _looked_up(show: Callable[[str, Varbind], str], known: Mapping[str, Varbind]) -> Callable[[str, Varbind], str]:
    def other(row: str, varbind: Varbind) -> str:
        found = known.get(show(row, varbind))
        return found.text if found else ""

    return other


def _mapped(show: Callable[[str, Varbind], str], known: Mapping[str, str]) -> Callable[[str, Varbind], str]:
    return lambda row, varbind: known.get(show(row, varbind), "")


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
