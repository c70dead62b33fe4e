"""Facts out of documents: paths (JMESPath) into what a reader made of an answer."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError

from evidence.normalise.values import TEXT_FORMATS
from evidence.platforms.platform import FactRule, TableRule

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
    for row in (rows if isinstance(rows, list) else [rows])[:MAX_ROWS]:
        name = _text(search(rule.key or "@", row))
        for column in rule.columns:
            value = TEXT_FORMATS[column.format](_text(search(column.path or "@", row)))
            yield column.fact, name, value if column.map is None else column.map.get(value, ""), ""


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
def _compiled(path: str) -> Any:
    return jmespath.compile(path)
