"""
Since when things are as they are: serial numbers, MAC addresses and where they stood, over the time the log is looked
back.

An answer with the bytes of the one after it is not read again. What is away for one answer and comes back is a sighting
of its own.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from evidence.assess.narrowing import narrowed
from evidence.checks.estate import Sighting
from evidence.checks.hardware_addresses import port_of
from evidence.checks.replaced import WATCHED
from evidence.model.capture import Capture
from evidence.model.fact import Fact
from evidence.model.names import AssetId, Digest
from evidence.normalise.facts import asked_as, read_facts
from evidence.platforms.load import Platforms
from evidence.platforms.platform import Platform, TableRule
from evidence.snapshots import Reading, Snapshots, newest_first

LOOK_BACK_DAYS = 90
"""How far back is looked: a quarter; an exchange that nobody explained within it was reported ninety times."""

_WATCHED = frozenset(WATCHED)
_MAC_TABLE = "mac."
_Key = tuple[str, str | None, str, str]


@dataclass(slots=True)
class _Run:
    first: str
    last: str
    source: Digest


@dataclass(slots=True)
class _Answer:
    """The newer answer to the question that is being looked at."""

    capture: Capture
    data: bytes
    runs: dict[_Key, _Run]

    def is_the_same(self, capture: Capture) -> bool:
        """Say whether an answer has the same bytes, without fetching them: none of them changes by itself."""
        return capture.blob == self.capture.blob and capture.volatile is None and self.capture.volatile is None


def sightings(
    snapshots: Snapshots, platforms: Platforms, *, since: str, as_of: str
) -> Mapping[AssetId, tuple[Sighting, ...]]:
    """Return what was seen from `since` to `as_of` (RFC 3339 UTC), by asset, in no order that means anything."""
    newer: dict[tuple[AssetId, str], _Answer] = {}
    found: dict[AssetId, list[tuple[str, _Key, _Run]]] = {}
    telling = _Telling(platforms)
    for reading in _readings(snapshots, telling, since=since, as_of=as_of):
        capture = reading.capture
        after = newer.get((capture.asset, capture.question))
        if after is not None and after.is_the_same(capture):
            _extend(after.runs.values(), capture)
            continue
        data = snapshots.data(reading)
        runs: dict[_Key, _Run] = {}
        for key in _standing(telling, capture, data, after):
            run = after.runs.get(key) if after is not None else None
            if run is None:
                run = _Run(first=capture.at, last=capture.at, source=capture.blob)
                found.setdefault(capture.asset, []).append((capture.question, key, run))
            runs[key] = run
        _extend(runs.values(), capture)
        newer[capture.asset, capture.question] = _Answer(capture=capture, data=data, runs=runs)
    return {asset: tuple(_sighting(*one) for one in seen) for asset, seen in found.items()}


def _extend(runs: Iterable[_Run], capture: Capture) -> None:
    for run in runs:
        run.first, run.source = capture.at, capture.blob


def _standing(telling: "_Telling", capture: Capture, data: bytes, after: _Answer | None) -> Iterator[_Key]:
    """Yield what stands in an answer; where most of it is as in the newer one, only the rest is read."""
    narrow = None
    if after is not None and capture.transport == "snmp" and capture.platform == after.capture.platform:
        narrow = narrowed(telling.platform(capture), capture.question, data, after.data)
    if narrow is None or after is None:
        yield from keys_of(read_facts(telling.watching(capture), capture, data))
        return
    yield from (key for key in after.runs if key[1] not in narrow.rows)
    yield from keys_of(read_facts(telling.watching(capture), capture, narrow.data))


class _Telling:
    """Which questions of which platform tell devices apart."""

    def __init__(self, platforms: Platforms) -> None:
        self._platforms = platforms
        self._questions: dict[str, frozenset[str]] = {}
        self._watching: dict[str, Platform] = {}

    def platform(self, capture: Capture) -> Platform:
        """Return the platform an answer was asked by."""
        return (self._platforms.named(capture.platform) if capture.platform else None) or self._platforms.generic

    def watching(self, capture: Capture) -> Platform:
        """Return that platform with the rules alone that `keys_of` looks at."""
        platform = self.platform(capture)
        if platform.name not in self._watching:
            self._watching[platform.name] = replace(
                platform,
                facts=tuple(rule for rule in platform.facts if _is_looked_at(rule.fact)),
                tables=tuple(_watched_columns(platform.tables)),
            )
        return self._watching[platform.name]

    def tells(self, capture: Capture) -> bool:
        """Say whether an answer can hold what is looked for."""
        platform = self.platform(capture)
        if platform.name not in self._questions:
            self._questions[platform.name] = frozenset(_telling_questions(platform))
        return asked_as(capture.question) in self._questions[platform.name]


def _is_looked_at(fact: str) -> bool:
    return fact in _WATCHED or fact.startswith(_MAC_TABLE)


def _watched_columns(tables: Iterable[TableRule]) -> Iterator[TableRule]:
    for table in tables:
        columns = tuple(column for column in table.columns if _is_looked_at(column.fact))
        if columns:
            yield replace(table, columns=columns)


def _telling_questions(platform: Platform) -> Iterator[str]:
    yield from (rule.question for rule in platform.facts if rule.fact in _WATCHED)
    for table in platform.tables:
        if any(column.fact in _WATCHED for column in table.columns):
            yield table.question


def _readings(snapshots: Snapshots, telling: _Telling, *, since: str, as_of: str) -> Iterator[Reading]:
    """Yield the whole answers worth reading, the newest first."""
    for entry, part in newest_first(snapshots.history):
        if part.started > as_of:
            continue
        if part.ended < since:
            return
        for capture in reversed(part.captures):
            if capture.complete and since <= capture.at <= as_of and telling.tells(capture):
                segment = capture.volatile
                packed = part.packed.get(segment.blob) if segment else None
                yield Reading(capture=capture, part=entry.digest, index=entry.index, packed_bytes=packed)


def keys_of(facts: Iterable[Fact]) -> Iterator[_Key]:
    """Yield what stands in an answer, each place once: the first rule that tells it counts."""
    said: dict[tuple[str, str | None], str] = {}
    tables: dict[str, dict[str, str]] = {}
    for fact in facts:
        if fact.name in _WATCHED:
            said.setdefault((fact.name, fact.row), fact.value)
        if fact.row is not None and fact.name.startswith(_MAC_TABLE):
            tables.setdefault(fact.row, {}).setdefault(fact.name.removeprefix(_MAC_TABLE), fact.value)
    for (name, row), value in said.items():
        columns = tables.get(row or "", {}) if name == "mac.address" else {}
        if columns.get("status") not in ("self", "invalid"):
            yield name, row, value if name.endswith("serial") else value.lower(), port_of(columns)


def _sighting(question: str, key: _Key, run: _Run) -> Sighting:
    name, row, value, place = key
    return Sighting(
        name=name,
        row=row,
        value=value,
        question=question,
        place=place,
        first=run.first,
        last=run.last,
        source=run.source,
    )
