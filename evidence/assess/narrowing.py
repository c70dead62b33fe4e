"""
The rows in which an SNMP answer differs from the one after it: of a forwarding table of 300 addresses ten may have
changed overnight, and only they need to be read.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from evidence.assess.answers import Looking
from evidence.normalise.facts import asked_as
from evidence.normalise.values import INDEX_FORMATS


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowed:
    """What is left to be read of an older answer."""

    data: bytes
    """The rows that differ, with what they are looked up in."""
    rows: frozenset[str]
    """Their names; every other row says what the newer answer says."""


def narrowed(looking: Looking, question: str, older: bytes, newer: bytes) -> Narrowed | None:
    """Return the rows of `older` that are not as in `newer`; `None` where all of it has to be read."""
    name = asked_as(question)
    tables = [table for table in looking.tables.tables if table.question == name]
    keys = {table.key or "index" for table in tables}
    if len(keys) != 1 or any(question == name for question in _told_otherwise(looking)):
        return None
    columns = {column.oid for table in tables for column in table.columns if column.oid}
    lookups = {column.lookup for table in tables for column in table.columns if column.lookup} - columns
    old, new = older.splitlines(keepends=True), newer.splitlines(keepends=True)
    changed: set[str] = set()
    for line in set(old).symmetric_difference(new):
        oid = _oid(line)
        if any(oid.startswith(f"{lookup}.") for lookup in lookups):
            return None
        changed.update(oid.removeprefix(f"{column}.") for column in columns if oid.startswith(f"{column}."))
    wanted = {f"{column}.{index}" for column in columns for index in changed}
    prefixes = tuple(f"{lookup}." for lookup in lookups)
    kept = [line for line in old if (oid := _oid(line)) in wanted or oid.startswith(prefixes)]
    row_name = INDEX_FORMATS[keys.pop()]
    return Narrowed(data=b"".join(kept), rows=frozenset(map(row_name, changed)))


def _told_otherwise(looking: Looking) -> Iterator[str]:
    yield from (rule.question for rule in looking.facts.facts)
    yield from (table.question for table in looking.facts.tables)


def _oid(line: bytes) -> str:
    return line.partition(b"\t")[0].decode("ascii", "replace")
