"""
Some rows of a table: which are asked for, once the first values of a column, or of a few, are known.

A chassis is among the first entries of an entity table (RFC 6933), before every fan, port and sensor: what the device
is stands in a few rows. So what chooses them is looked at in the first rows only, and of those that fit the other
columns are asked for by name.
"""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from itertools import islice

from evidence.normalise.varbinds import Value, Varbind, arcs
from evidence.platforms.platform import Question, Verb

FIRST_ROWS = 20
"""
Rows looked at: one GETBULK a column at the `it` pace, two at the `ot` pace. Of 123 recorded devices with a chassis in
their entity table all but four have their first among these; those four are read by name.
"""

MOST_ROWS = 3
"""Rows asked for, for each column that chooses: enough to see that a device is of several chassis."""


def looked_at(question: Question) -> tuple[str, ...]:
    """Return the columns whose first values are looked at, in their order in an answer."""
    return tuple(sorted(question.chosen_by or {}, key=arcs))


def wanted(question: Question, seen: Iterable[tuple[str, Value]]) -> list[str]:
    """Return the OIDs to ask for next, after the first values of the columns that were looked at."""
    known = dict(seen)
    rows: list[str] = []
    for column, pattern in (question.chosen_by or {}).items():
        matches = _regex(pattern).search
        fitting = (
            oid[len(column) :]
            for oid, value in known.items()
            if oid.startswith(f"{column}.") and matches(Varbind(oid, "", value).text)
        )
        rows += islice(fitting, MOST_ROWS)
    chosen = [f"{column}{row}" for row in dict.fromkeys(rows) for column in question.objects]
    return [oid for oid in dict.fromkeys((*chosen, *question.instances)) if oid not in known]


def answer(question: Question, held: Mapping[str, Value]) -> list[tuple[str, Value]]:
    """Return what a device that holds these values answers to an SNMP question, in their order; for recordings."""
    if question.verb is Verb.GET:
        return [(oid, held[oid]) for oid in question.objects if oid in held]
    if question.verb is Verb.WALK:
        stems = tuple(f"{root}." for root in question.objects)
        return [(oid, value) for oid, value in held.items() if oid.startswith(stems)]
    seen: list[tuple[str, Value]] = []
    for column in looked_at(question):
        seen += islice(((oid, value) for oid, value in held.items() if oid.startswith(f"{column}.")), FIRST_ROWS)
    return [*seen, *((oid, held[oid]) for oid in wanted(question, seen) if oid in held)]


@cache
def _regex(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.MULTILINE)
