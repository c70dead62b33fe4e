"""What answers say to checks: read with the rules alone that a check looks at, and of one asset each answer once."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from evidence.checks.tables import Share, is_large, is_looked_at
from evidence.model.capture import Capture
from evidence.model.fact import Fact
from evidence.model.names import AssetId
from evidence.normalise.facts import Ranked, ranked_columns, ranked_facts
from evidence.platforms.load import Platforms
from evidence.platforms.platform import Platform, TableRule
from evidence.snapshots import Reading, Snapshots, platform_of

_Place = tuple[int, AssetId, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Looking:
    """What checks look at of a platform."""

    facts: Platform
    """With the rules of everything but large tables."""
    tables: Platform
    """With the columns of large tables that a check looks at."""


class Answers:
    """Reads the answers of one asset after another, and remembers what it read until it is told to forget."""

    def __init__(self, snapshots: Snapshots, platforms: Platforms) -> None:
        self._snapshots = snapshots
        self._platforms = platforms
        self._looking: dict[str, Looking] = {}
        self._data: dict[_Place, bytes] = {}
        self._facts: dict[_Place, list[Ranked]] = {}
        self._shares: dict[_Place, list[Share]] = {}

    def looking(self, capture: Capture) -> Looking:
        """Return what checks look at of the platform an answer was asked by."""
        name = capture.platform or ""
        if name not in self._looking:
            self._looking[name] = looking(platform_of(self._platforms, capture.platform))
        return self._looking[name]

    def data(self, reading: Reading) -> bytes:
        """Return a whole answer."""
        place = _place(reading)
        if place not in self._data:
            self._data[place] = self._snapshots.data(reading)
        return self._data[place]

    def facts(self, reading: Reading) -> list[Ranked]:
        """Return what an answer says but for large tables, each fact with the place of its rule."""
        place, capture = _place(reading), reading.capture
        if place not in self._facts:
            self._facts[place] = list(ranked_facts(self.looking(capture).facts, capture, self.data(reading)))
        return self._facts[place]

    def shares(self, reading: Reading) -> list[Share]:
        """Return what an answer says of large tables."""
        place, capture = _place(reading), reading.capture
        if place not in self._shares:
            self._shares[place] = list(shares_of(self.looking(capture).tables, capture, self.data(reading)))
        return self._shares[place]

    def best(self, readings: Iterable[Reading]) -> tuple[Fact, ...]:
        """Return what these answers of one asset say but for large tables."""
        return self._snapshots.facts_of(readings, self._platforms, self.facts)

    def forget(self) -> None:
        """Let go of what was read: the next asset has other answers."""
        self._data.clear()
        self._facts.clear()
        self._shares.clear()


def looking(platform: Platform) -> Looking:
    """Return what checks look at of a platform."""
    small = tuple(_with(platform.tables, lambda fact: not is_large(fact)))
    large = tuple(_with(platform.tables, lambda fact: is_large(fact) and is_looked_at(fact)))
    return Looking(facts=replace(platform, tables=small), tables=replace(platform, facts=(), tables=large))


def shares_of(platform: Platform, capture: Capture, data: bytes) -> Iterator[Share]:
    """Yield what the tables of `platform` read from an answer."""
    for rank, fact, values in ranked_columns(platform, capture, data):
        family, _, column = fact.partition(".")
        yield Share(rank, family, column, values, capture)


def _with(tables: Iterable[TableRule], wanted: Callable[[str], bool]) -> Iterator[TableRule]:
    for table in tables:
        columns = tuple(column for column in table.columns if wanted(column.fact))
        if columns:
            yield replace(table, columns=columns)


def _place(reading: Reading) -> _Place:
    return reading.leaf, reading.capture.asset, reading.capture.question, reading.capture.at
