"""Rows of facts: columns of SNMP tables, and lines of text that a pattern takes apart."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from evidence.normalise.documents import column_text, rows_at
from evidence.normalise.patterns import pattern_of
from evidence.normalise.values import INDEX_FORMATS, VALUE_FORMATS, clean, clean_all
from evidence.normalise.varbinds import NOTHING, Index, Written, read_value
from evidence.platforms.platform import Column, TableRule

MAX_ROW_CHARACTERS = 200
"""Longest name of a row: an OID has at most 128 arcs (RFC 2578 §3.5), a useful index far fewer characters."""

_GROUP = re.compile(r"\\g<(\w+)>")
"""How a row's name, or a column, calls a group, as in a replacement of `re`."""

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
        self._by_index = INDEX_FORMATS[rule.key or "index"]
        self._known: dict[str, str] = {}

    def of(self, rows: Iterable[str]) -> list[str]:
        """Return the name of each row; empty where it has none."""
        known = self._known
        new = [row for row in rows if row not in known]
        names = clean_all(list(map(self._by_index, new)))
        known.update(zip(new, (name[:MAX_ROW_CHARACTERS] for name in names), strict=True))
        return list(map(known.__getitem__, rows))

    def named(self, column: Values) -> Values:
        """Return a column by the names of its rows; of rows of one name the first, of no name none."""
        names, values = self.of(column), list(column.values())
        found = dict(zip(reversed(names), reversed(values), strict=True))
        found.pop("", None)
        return found


def _shown(column: Column, index: Index) -> Values:
    """Return what a column shows by index, where it shows anything."""
    there = {row: one for row, one in index.below(column.oid or "").items() if not one.startswith(NOTHING)}
    if column.format in INDEX_FORMATS:
        shown = clean_all(list(map(_shown_as(column, index, INDEX_FORMATS[column.format]), there)))
        return {row: value for row, value in zip(there, shown, strict=True) if value}
    by_value = VALUE_FORMATS[column.format]
    show = _shown_as(column, index, lambda one: by_value(read_value(one)))
    once = list(dict.fromkeys(there.values()))
    values = dict(zip(once, clean_all(list(map(show, once))), strict=True))
    return {row: value for row, one in there.items() if (value := values[one])}


def _shown_as(column: Column, index: Index, show: Callable[[str], str]) -> Callable[[str], str]:
    """Return how a column shows something: as `show` does, or what that is looked up as, or mapped to."""
    if column.lookup is not None:
        show = _looked_up(show, index.below(column.lookup))
    return show if column.map is None else _mapped(show, column.map)


def _looked_up(show: Callable[[str], str], known: Written) -> Callable[[str], str]:
    return lambda one: read_value(found).text if (found := known.get(show(one))) else ""


def _mapped(show: Callable[[str], str], known: Mapping[str, str]) -> Callable[[str], str]:
    return lambda one: known.get(show(one), "")


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
