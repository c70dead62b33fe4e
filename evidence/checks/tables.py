"""
The large tables of an asset: who is at which port and behind which address, by the hundred.

They are no facts: of a device's thousands of values most are of interest to no check, and the rest is looked at by
column.
"""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple, TypeVar, cast

from evidence.model.capture import Capture
from evidence.model.names import Digest
from evidence.model.tuples import made

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


class Cell(NamedTuple):
    """
    What one answer says of one column of one row.

    A tuple, and without what all cells of an answer have in common, because an estate has millions.
    """

    rank: int
    """Place of the rule that read it in the platform file: of several answers the first rule counts."""
    family: str
    column: str
    row: str
    value: str
    told: Capture
    """The answer it was read from."""


class TableRow(NamedTuple):
    """One row of a large table: one address, one interface, one module."""

    name: str
    cells: tuple[Cell, ...]
    """One for each column; there are few."""

    def cell(self, column: str) -> Cell | None:
        """Return the cell of a column, or nothing."""
        for cell in self.cells:
            if cell.column == column:
                return cell
        return None

    def text(self, column: str) -> str | None:
        """Return the value of a column, or nothing."""
        cell = self.cell(column)
        return cell.value if cell else None


TableRows = Mapping[str, tuple[TableRow, ...]]
"""Family -> its rows, by name."""


def rows_of(answers: Iterable[Iterable[Cell]]) -> TableRows:
    """Return rows of what answers say; of several that say something of one place, the first with the first rule."""
    return {
        family: tuple([made(TableRow, (name, tuple(rows[name].values()))) for name in sorted(rows)])
        for family, rows in places_of(answers).items()
    }


def places_of(answers: Iterable[Iterable[Cell]]) -> Mapping[str, Mapping[str, Mapping[str, Cell]]]:
    """Return what `rows_of` does by family, row and column, in no order."""
    families: dict[str, dict[str, dict[str, Cell]]] = {}
    for answer in answers:
        for cell in answer:
            rank, family, column, row, _, _ = cell
            rows = families.get(family)
            if rows is None:
                rows = families[family] = {}
            cells = rows.get(row)
            if cells is None:
                rows[row] = {column: cell}
            elif column not in cells or rank < cells[column].rank:
                cells[column] = cell
    return families


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


_Made = TypeVar("_Made")


def _no_rows() -> TableRows:
    return MappingProxyType({})


class Tables:
    """The large tables of one asset, and what the log remembers of what tells devices apart."""

    __slots__ = ("_before", "_made", "_rows", "seen")

    def __init__(
        self,
        rows: TableRows | None = None,
        seen: tuple[Sighting, ...] = (),
        before: Callable[[], TableRows] = _no_rows,
    ) -> None:
        """Hold the newest rows; `before` reads those of the answers before, which few ask for."""
        self._rows = rows or {}
        self._before = before
        self._made: dict[object, object] = {}
        self.seen = seen

    def rows(self, family: str) -> tuple[TableRow, ...]:
        """Return the rows of a family (`interface`), by name."""
        return self._rows.get(family, ())

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
        return not any(self._rows.values())

    def __len__(self) -> int:
        """Return how much is held."""
        return sum(len(row.cells) for rows in self._rows.values() for row in rows) + len(self.seen)
