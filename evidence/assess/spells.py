"""From what stood in answers, one after the other, to spells: what came and went together is held together."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from evidence.checks.tables import Spell
from evidence.model.names import Digest


class Stood(NamedTuple):
    """What stood in one answer, of one name."""

    values: Mapping[str, str]
    """Row -> value; the row of what comes in none is empty."""
    places: Mapping[str, str]
    """Row -> what the value stood at, where the row itself does not say it."""

    def parted(self, older: "Stood") -> tuple["Stood", "Stood"]:
        """Return what of it stood in an older answer, too, and what did not."""
        if self == older:
            return self, NOTHING
        was, at = older.values.get, older.places.get
        other = {row for row, value in self.values.items() if was(row) != value or at(row) != self.places.get(row)}
        return self.beside(other), self.beside(self.values.keys() - other)

    def beside(self, rows: Collection[str]) -> "Stood":
        """Return it without some rows."""
        return Stood(*({row: said for row, said in told.items() if row not in rows} for told in self))

    def joined(self, other: "Stood") -> "Stood":
        """Return both; of a row that both have, the other."""
        return Stood({**self.values, **other.values}, {**self.places, **other.places}) if self.values else other


NOTHING = Stood({}, {})


class Turn(NamedTuple):
    """Answers that are the same, one after the other, and what stood in them."""

    first: str
    """RFC 3339 UTC time of the first of them."""
    last: str
    source: Digest
    """Digest of the first."""
    stood: Mapping[str, Stood]
    """By name."""


class _Standing(NamedTuple):
    """What has not changed from the turn that is looked at until some later time."""

    name: str
    until: str
    stood: Stood


def spells_of(question: str, turns: Iterable[Turn]) -> Iterator[Spell]:
    """Yield what stood in the answers to one question, given the newest first; what came back is another spell."""
    standing: list[_Standing] = []
    after: Turn | None = None
    for turn in turns:
        new, still = dict(turn.stood), list[_Standing]()
        for one in standing:
            stays, came = one.stood.parted(turn.stood.get(one.name, NOTHING))
            if came.values and after is not None:
                yield Spell(one.name, question, after.first, one.until, after.source, *came)
            if stays.values:
                still.append(one._replace(stood=stays))
                new[one.name] = new[one.name].beside(stays.values)
        still += (_Standing(name, turn.last, stood) for name, stood in new.items() if stood.values)
        standing, after = still, turn
    for one in standing:
        if after is not None:
            yield Spell(one.name, question, after.first, one.until, after.source, *one.stood)
