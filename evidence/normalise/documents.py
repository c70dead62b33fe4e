"""Facts out of documents: paths (JMESPath) into what a reader made of an answer."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError

from evidence.normalise.values import TEXT_FORMATS
from evidence.platforms.platform import Column, FactRule, TableRule

MAX_ROWS = 100_000
"""Most rows of one answer: the audit log of a busy week is a tenth of it."""


def values_at(rule: FactRule, document: object) -> list[tuple[str, str]]:
    """Return (value as text, nothing) for what a rule's path leads to; the members of a list one by one."""
    found = search(rule.path or "@", document)
    members = found if isinstance(found, list) else [found]
    show = TEXT_FORMATS[rule.format]
    return [(show(_text(member)), "") for member in members[:MAX_ROWS] if member is not None]


def rows_at(rule: TableRule, document: object) -> Iterator[tuple[str, str, str, str]]:
    """Yield (fact, row, value, nothing) for each column of each row a table's path leads to."""
    rows = search(rule.rows or "@", document)
    lookups = {column.fact: _named(column.lookup, document) for column in rule.columns if column.lookup}
    for row in (rows if isinstance(rows, list) else [rows])[:MAX_ROWS]:
        name = _text(search(rule.key or "@", row))
        for column in rule.columns:
            found = _text(search(column.path, row)) if column.path else ""
            if column.fact in lookups:
                found = lookups[column.fact].get(found, "")
            yield column.fact, name, column_text(column, found), ""


def column_text(column: Column, found: str) -> str:
    """Return what a column of a text or document says where this was found."""
    if column.pattern is not None:
        match = _regex(column.pattern).search(found)
        found = (match["value"] if "value" in match.re.groupindex else match[0]) or "" if match else ""
    found = TEXT_FORMATS[column.format](found)
    found = found if column.map is None else column.map.get(found, "")
    if column.value is not None:
        return column.value if found or (column.path is None and column.group is None) else ""
    return found


def _named(path: str, document: object) -> dict[str, str]:
    """Return (name, value) pairs as a look-up."""
    pairs = search(path, document)
    return {_text(pair[0]): _text(pair[1]) for pair in pairs if isinstance(pair, list)} if pairs else {}


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(_text(member) for member in value)
    return value if isinstance(value, str) else str(value)


def search(path: str, document: object) -> Any:
    """Return what a JMESPath leads to; nothing where the document has another shape."""
    try:
        return _compiled(path).search(document)
    except JMESPathError:  # a document of another shape than the rule was written for
        return None


@cache
def _regex(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


@cache
def _compiled(path: str) -> Any:
    return jmespath.compile(path)
