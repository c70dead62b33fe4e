"""
The large tables of an asset: who is at which port and behind which address, by the hundred.

They are no facts: of a device's thousands of values most are of interest to no check, and the rest is looked at by
column. So they are held by column, too: an object for each value would cost more than all that is done with it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple, TypeVar, cast

from evidence.model.capture import Capture
from evidence.model.names import Digest

LARGE: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "arp": frozenset({"address", "mac", "type"}),
        "bridge": frozenset(),
        "interface": frozenset({"mac", "name"}),
        "mac": frozenset({"address", "bridge_port", "interface", "mac", "port", "status"}),
        "module": frozenset({"name", "serial", "version"}),
        "neighbour": frozenset({"chassis", "name"}),
        "port": frozenset(),
        "vlan": frozenset({"name"}),
    }
)
"""Family of facts that comes by the hundred -> its columns that a check looks at; the others are not read to judge."""


def is_large(fact: str) -> bool:
    """Say whether facts of a name belong to a large table."""
    return fact.partition(".")[0] in LARGE


def is_looked_at(fact: str) -> bool:
    """Say whether a check looks at facts of a name."""
    family, _, column = fact.partition(".")
    columns = LARGE.get(family)
    return columns is None or column in columns


class Share(NamedTuple):
    """What one rule reads of one column from one answer."""

    rank: int
    """Place of the rule in the platform file: of several that say something of one row the first rule counts."""
    family: str
    column: str
    values: Mapping[str, str]
    """Row -> value."""
    told: Capture
    """The answer it was read from."""


class Column:
    """One column of a large table: what each row says, and which answer says so."""

    __slots__ = ("_shares", "values")

    def __init__(self, shares: Iterable[Share] = ()) -> None:
        """Join shares of one column, given in the order of their answers: of equals the first counts."""
        self._shares = tuple(sorted(shares, key=lambda share: share.rank))
        self.values: Mapping[str, str] = self._shares[0].values if self._shares else {}
        """Row -> value."""
        if len(self._shares) > 1:
            self.values = {row: value for share in reversed(self._shares) for row, value in share.values.items()}

    def told(self, row: str) -> Capture:
        """Return the answer that says what stands in a row, which must be one of `values`."""
        if len(self._shares) == 1:
            return self._shares[0].told
        return next(share.told for share in self._shares if row in share.values)

    def answers(self) -> Iterator[Capture]:
        """Yield the answers that say something of it, those that say it of many rows many times."""
        return map(self.told, self.values) if len(self._shares) > 1 else (share.told for share in self._shares)


_NOTHING = Column()


def columns_of(shares: Iterable[Share]) -> Mapping[tuple[str, str], Column]:
    """Return columns, by family and name, of what answers say."""
    found: dict[tuple[str, str], list[Share]] = {}
    for share in shares:
        if share.values:
            found.setdefault((share.family, share.column), []).append(share)
    return {place: Column(theirs) for place, theirs in found.items()}


class Sighting(NamedTuple):
    """
    One value in what the log remembers: since when it was there, and until when.

    A tuple, as a fact is one.
    """

    name: str
    row: str | None
    value: str
    question: str
    """Whose answers held it: what one question says is not compared with what another says."""
    place: str
    """What the value stood at: the port of a MAC address, as its row says it; empty where the row itself says it."""
    first: str
    """RFC 3339 UTC time of the first answer that held it."""
    last: str
    """Of the last one."""
    source: Digest
    """Digest of the first."""

    @property
    def spell(self) -> "Spell":
        """It alone."""
        row = self.row or ""
        values, places = {row: self.value}, {row: self.place}
        return Spell(self.name, self.question, self.first, self.last, self.source, values, places)


class Spell(NamedTuple):
    """All the sightings of one name that came and went with the same answers to a question: most of a device stays."""

    name: str
    question: str
    first: str
    last: str
    source: Digest
    values: Mapping[str, str]
    """Row -> value; the row of what comes in none is empty."""
    places: Mapping[str, str]
    """Row -> what the value stood at, where the row itself does not say it."""

    def sightings(self) -> Iterator[Sighting]:
        """Yield them one by one."""
        name, question, first, last, source, values, places = self
        for row, value in values.items():
            yield Sighting(name, row or None, value, question, places.get(row, ""), first, last, source)


_Made = TypeVar("_Made")


def _no_shares() -> Iterable[Share]:
    return ()


class Tables:
    """The large tables of one asset, and what the log remembers of what tells devices apart."""

    __slots__ = ("_before", "_columns", "_made", "seen", "shares")

    def __init__(
        self,
        shares: Iterable[Share] = (),
        seen: tuple[Spell, ...] = (),
        before: Callable[[], Iterable[Share]] = _no_shares,
    ) -> None:
        """Hold what the newest answers say; `before` reads what those before said, for which few ask."""
        self.shares = tuple(shares)
        self._columns = columns_of(self.shares)
        self._before = before
        self._made: dict[object, object] = {}
        self.seen = seen

    def column(self, family: str, name: str) -> Column:
        """Return a column (`interface`, `mac`); an empty one where nothing says anything of it."""
        return self._columns.get((family, name), _NOTHING)

    def values(self, family: str, *names: str) -> Mapping[str, str]:
        """Return row -> value of the first of these columns that says something of the row."""
        if len(names) == 1:
            return self.column(family, *names).values
        return {row: value for name in reversed(names) for row, value in self.column(family, name).values.items()}

    def once(self, make: Callable[["Tables"], _Made]) -> _Made:
        """Return what `make` makes of these tables; it is made when it is first asked for, and held."""
        if make not in self._made:
            self._made[make] = make(self)
        return cast(_Made, self._made[make])

    @property
    def before(self) -> "Tables":
        """The tables of the answers before the newest."""
        return Tables(self._before())

    @property
    def empty(self) -> bool:
        """There is no row in them."""
        return not self._columns

    def __len__(self) -> int:
        """Return how much is held."""
        return sum(len(share.values) for share in self.shares) + sum(len(spell.values) for spell in self.seen)
