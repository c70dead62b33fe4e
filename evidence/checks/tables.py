"""The large tables of an asset: who is at which port and behind which address, by the hundred."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

from evidence.model.fact import Fact
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of a family of facts: one certificate, rule, session, job."""

    name: str
    facts: Mapping[str, Fact]
    """By column: `not_after` of `certificate.not_after`."""

    def text(self, column: str) -> str | None:
        """Return the value of a column, or nothing."""
        fact = self.facts.get(column)
        return fact.value if fact else None

    @property
    def sources(self) -> tuple[Digest, ...]:
        """The captures the row was read from."""
        return tuple(sorted({fact.source for fact in self.facts.values()}))


Rows = Mapping[str, tuple[Row, ...]]
"""Family -> its rows, by name."""


def by_family(facts: Iterable[Fact]) -> Rows:
    """Return the rows of every family, which is what stands before the first dot of a fact's name."""
    families: dict[str, dict[str, dict[str, Fact]]] = {}
    for fact in facts:
        if fact.row is not None:
            family, _, column = fact.name.partition(".")
            families.setdefault(family, {}).setdefault(fact.row, {})[column] = fact
    return {
        family: tuple(Row(name=name, facts=found[name]) for name in sorted(found)) for family, found in families.items()
    }


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


class Tables:
    """The large tables of one asset, and what the log remembers of what tells devices apart."""

    __slots__ = ("_before", "_rows", "facts", "seen")

    def __init__(
        self,
        facts: tuple[Fact, ...] = (),
        seen: tuple[Sighting, ...] = (),
        before: Callable[[], tuple[Fact, ...]] = tuple,
    ) -> None:
        """Hold the newest rows; `before` reads those of the answers before, which few ask for."""
        self.facts = facts
        self.seen = seen
        self._before = before
        self._rows: dict[bool, Rows] = {}

    @property
    def before(self) -> tuple[Fact, ...]:
        """What the answers before the newest said."""
        return self._before()

    def rows(self, family: str, *, before: bool = False) -> tuple[Row, ...]:
        """Return the rows of a family, by name."""
        if before not in self._rows:
            self._rows[before] = by_family(self.before if before else self.facts)
        return self._rows[before].get(family, ())

    def __len__(self) -> int:
        """Return how much is held."""
        return len(self.facts) + len(self.seen)
