"""What answers say to checks: read with the rules alone that a check looks at, and of one asset each answer once."""

from dataclasses import replace

from evidence.checks.tables import is_large, is_looked_at
from evidence.model.capture import Capture
from evidence.model.names import AssetId
from evidence.normalise.facts import Ranked, asked_as, ranked_facts
from evidence.platforms.load import Platforms
from evidence.platforms.platform import Platform
from evidence.snapshots import Reading, Snapshots, platform_of

_Place = tuple[int, AssetId, str, str]


class Answers:
    """Reads the answers of one asset after another, and remembers what it read until it is told to forget."""

    def __init__(self, snapshots: Snapshots, platforms: Platforms) -> None:
        self._snapshots = snapshots
        self._platforms = platforms
        self._looking: dict[str, Platform] = {}
        self._more: dict[tuple[str, str], bool] = {}
        self._data: dict[_Place, bytes] = {}
        self._ranked: dict[_Place, list[Ranked]] = {}

    def platform(self, capture: Capture) -> Platform:
        """Return the platform an answer was asked by, with the rules that a check looks at."""
        platform = platform_of(self._platforms, capture.platform)
        if platform.name not in self._looking:
            self._looking[platform.name] = looking(platform)
        return self._looking[platform.name]

    def data(self, reading: Reading) -> bytes:
        """Return a whole answer."""
        place = _place(reading)
        if place not in self._data:
            self._data[place] = self._snapshots.data(reading)
        return self._data[place]

    def ranked(self, reading: Reading) -> list[Ranked]:
        """Return what an answer says, each fact with the place of its rule in the platform file."""
        place = _place(reading)
        if place not in self._ranked:
            capture = reading.capture
            self._ranked[place] = list(ranked_facts(self.platform(capture), capture, self.data(reading)))
        return self._ranked[place]

    def tells_more(self, capture: Capture) -> bool:
        """Tell whether an answer can say more than rows of large tables."""
        platform, name = self.platform(capture), asked_as(capture.question)
        if (platform.name, name) not in self._more:
            self._more[platform.name, name] = _tells_more(platform, name)
        return self._more[platform.name, name]

    def forget(self) -> None:
        """Let go of what was read: the next asset has other answers."""
        self._data.clear()
        self._ranked.clear()


def _place(reading: Reading) -> _Place:
    return reading.index, reading.capture.asset, reading.capture.question, reading.capture.at


def looking(platform: Platform) -> Platform:
    """Return a platform with the rules alone that a check looks at."""
    tables = []
    for table in platform.tables:
        columns = tuple(column for column in table.columns if is_looked_at(column.fact))
        if columns:
            tables.append(replace(table, columns=columns))
    return replace(
        platform, facts=tuple(rule for rule in platform.facts if is_looked_at(rule.fact)), tables=tuple(tables)
    )


def _tells_more(platform: Platform, name: str) -> bool:
    question = next((known for known in platform.questions if known.name == name), None)
    if question is None or question.config or "identify" in question.tags:
        return True
    facts = [rule.fact for rule in platform.facts if rule.question == name]
    facts += [column.fact for table in platform.tables if table.question == name for column in table.columns]
    return not all(map(is_large, facts))
