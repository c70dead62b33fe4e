"""
Since when things are as they are: serial numbers, MAC addresses and where they stood, over the time the log is looked
back.

An answer with the bytes of the one after it is not read again. What is away for one answer and comes back is a sighting
of its own.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from evidence.assess.answers import Answers, Looking, cells_of
from evidence.assess.narrowing import narrowed
from evidence.checks.hardware_addresses import port_of
from evidence.checks.replaced import WATCHED
from evidence.checks.tables import Cell, Sighting, is_large, places_of
from evidence.log.captures import newest_of
from evidence.model.capture import Capture
from evidence.model.fact import Fact
from evidence.model.names import AssetId, Digest
from evidence.normalise.facts import asked_as
from evidence.snapshots import Reading, Snapshots, newest_first

LOOK_BACK_DAYS = 90
"""How far back is looked: a quarter; an exchange that nobody explained within it was reported ninety times."""

_WATCHED = frozenset(WATCHED)
_WATCHED_CELLS = tuple((*name.split("."), name) for name in WATCHED if is_large(name))
_LOOKED_AT = frozenset(
    {(family, column) for family, column, _ in _WATCHED_CELLS}
    | {("mac", column) for column in ("interface", "port", "bridge_port", "status")}
)
"""Families and columns that tell what is watched, and where."""

_Key = tuple[str, str | None, str, str]


@dataclass(slots=True)
class _Run:
    first: str
    last: str
    source: Digest


@dataclass(slots=True)
class _Held:
    """An answer, and how long the answers before it had the same bytes."""

    reading: Reading
    first: str
    source: Digest

    def is_the_same(self, capture: Capture) -> bool:
        """Say whether an answer has the same bytes, without fetching them: none of them changes by itself."""
        newer = self.reading.capture
        return capture.blob == newer.blob and capture.volatile is None and newer.volatile is None


class Sightings:
    """What was seen within a time, asset by asset."""

    def __init__(self, snapshots: Snapshots, answers: Answers, *, since: str, as_of: str) -> None:
        """Look for the whole answers worth reading from `since` to `as_of` (RFC 3339 UTC), the newest first."""
        self._answers = answers
        self._held: dict[AssetId, dict[str, list[_Held]]] = {}
        self._telling: dict[str, frozenset[str]] = {}
        self._worth: dict[tuple[str | None, str], bool] = {}
        for reading in _readings(snapshots, self._tells, since=since, as_of=as_of):
            capture = reading.capture
            held = self._held.setdefault(capture.asset, {}).setdefault(capture.question, [])
            if held and held[-1].is_the_same(capture):
                held[-1].first, held[-1].source = capture.at, capture.blob
            else:
                held.append(_Held(snapshots.known(reading), first=capture.at, source=capture.blob))

    def of(self, asset: AssetId) -> tuple[Sighting, ...]:
        """Return what was seen of an asset, in no order that means anything."""
        asked = self._held.get(asset, {}).items()
        return tuple(_sighting(question, key, run) for question, held in asked for key, run in self._runs(held))

    def _runs(self, answers: Iterable[_Held]) -> list[tuple[_Key, _Run]]:
        """Return what stood in the answers to one question, the newest first; what came back is another run."""
        found: list[tuple[_Key, _Run]] = []
        after: Reading | None = None
        runs: dict[_Key, _Run] = {}
        for held in answers:
            capture, before = held.reading.capture, runs
            runs = {}
            for key in self._standing(held.reading, after, before):
                run = before.get(key)
                if run is None:
                    run = _Run(first=held.first, last=capture.at, source=held.source)
                    found.append((key, run))
                run.first, run.source = held.first, held.source
                runs[key] = run
            after = held.reading
        return found

    def _standing(self, reading: Reading, after: Reading | None, runs: Iterable[_Key]) -> Iterator[_Key]:
        """Yield what stands in an answer; where most of it is as in the newer one, only the rest is read."""
        capture, answers = reading.capture, self._answers
        looking, narrow = answers.looking(capture), None
        if after is not None and capture.transport == "snmp" and capture.platform == after.capture.platform:
            narrow = narrowed(looking, capture.question, answers.data(reading), answers.data(after))
        if narrow is None:
            yield from keys_of((fact for _, fact in answers.facts(reading)), answers.cells(reading))
            return
        yield from [key for key in runs if key[1] not in narrow.rows]
        yield from keys_of((), cells_of(looking.tables, capture, narrow.data))

    def _tells(self, capture: Capture) -> bool:
        """Say whether a whole answer can hold what is looked for."""
        asked = capture.platform, capture.question
        if asked not in self._worth:
            self._worth[asked] = self._is_worth(capture)
        return capture.complete and self._worth[asked]

    def _is_worth(self, capture: Capture) -> bool:
        looking = self._answers.looking(capture)
        name = looking.facts.name
        if name not in self._telling:
            self._telling[name] = frozenset(_telling_questions(looking))
        return asked_as(capture.question) in self._telling[name]


def _telling_questions(looking: Looking) -> Iterator[str]:
    yield from (rule.question for rule in looking.facts.facts if rule.fact in _WATCHED)
    for table in looking.tables.tables:
        if any(column.fact in _WATCHED for column in table.columns):
            yield table.question


def _readings(snapshots: Snapshots, wanted: Callable[[Capture], bool], *, since: str, as_of: str) -> Iterator[Reading]:
    """Yield the answers that are `wanted`, the newest first."""
    for entry, part in newest_first(snapshots.history):
        if part.started > as_of:
            continue
        if part.ended < since:
            return
        for capture in newest_of(part.captures, wanted):
            if snapshots.is_there(capture) and since <= capture.at <= as_of:
                segment = capture.volatile
                packed = part.packed.get(segment.blob) if segment else None
                yield Reading(capture=capture, part=entry.digest, index=entry.index, packed_bytes=packed)


def keys_of(facts: Iterable[Fact], cells: Iterable[Cell]) -> Iterator[_Key]:
    """Yield what stands in an answer, each place once: the first rule that tells it counts."""
    said: dict[tuple[str, str | None], str] = {}
    for fact in facts:
        if fact.name in _WATCHED:
            said.setdefault((fact.name, fact.row), fact.value)
    for (name, where), value in said.items():
        yield name, where, _comparable(name, value), ""
    families = places_of([[cell for cell in cells if (cell.family, cell.column) in _LOOKED_AT]])
    for family, column, name in _WATCHED_CELLS:
        for row, columns in families.get(family, {}).items():
            cell = columns.get(column)
            if cell is None:
                continue
            if family != "mac":
                yield name, row, _comparable(name, cell.value), ""
            elif _text(columns, "status") not in ("self", "invalid"):
                yield name, row, _comparable(name, cell.value), port_of(partial(_text, columns))


def _text(columns: Mapping[str, Cell], column: str) -> str | None:
    cell = columns.get(column)
    return cell.value if cell else None


def _comparable(name: str, value: str) -> str:
    return value if name.endswith("serial") or value.islower() else value.lower()


def _sighting(question: str, key: _Key, run: _Run) -> Sighting:
    name, row, value, place = key
    return Sighting(name, row, value, question, place, run.first, run.last, run.source)
