"""
Some rows of a table: which are asked for, once the first values of one column are known.

A chassis is among the first entries of an entity table (RFC 6933), before every fan, port and sensor: what the device
is stands in one row. So one column is looked at in the first rows only, and of the rows that fit the other columns are
asked for by name.
"""

import re
from collections.abc import Iterable, Mapping
from functools import cache

from evidence.normalise.varbinds import Value, Varbind
from evidence.platforms.platform import Question, Verb

FIRST_ROWS = 25
"""
Rows looked at: one GETBULK at the `it` pace, three at the `ot` pace. Of 123 recorded devices with a chassis in their
entity table, three have it only behind 340 other rows; all others have their first among these.
"""

MOST_ROWS = 3
"""Rows asked for: enough to see that a device is of several chassis; with eight columns one GET at the `it` pace."""


def looked_at(question: Question) -> str:
    """Return the column whose first values are looked at."""
    return next(iter(question.among or {}))


def wanted(question: Question, seen: Iterable[tuple[str, Value]]) -> list[str]:
    """Return the OIDs to ask for next, after the first values of the column that was looked at."""
    column = looked_at(question)
    pattern = _regex((question.among or {})[column])
    known = dict(seen)
    rows = [oid.removeprefix(column) for oid, value in known.items() if pattern.search(Varbind(oid, "", value).text)]
    chosen = [f"{other}{row}" for row in rows[:MOST_ROWS] for other in question.objects if other != column]
    return list(dict.fromkeys((*chosen, *(oid for oid in question.instances if oid not in known))))


def answer(question: Question, held: Mapping[str, Value]) -> list[tuple[str, Value]]:
    """Return what a device that holds these values answers to an SNMP question, in their order; for recordings."""
    if question.verb is Verb.GET:
        return [(oid, held[oid]) for oid in question.objects if oid in held]
    if question.verb is Verb.WALK:
        stems = tuple(f"{root}." for root in question.objects)
        return [(oid, value) for oid, value in held.items() if oid.startswith(stems)]
    stem = f"{looked_at(question)}."
    seen = [(oid, value) for oid, value in held.items() if oid.startswith(stem)][:FIRST_ROWS]
    return [*seen, *((oid, held[oid]) for oid in wanted(question, seen) if oid in held)]


@cache
def _regex(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.MULTILINE)
