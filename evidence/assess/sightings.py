"""
Since when things are as they are: serial numbers, MAC addresses and where they stood, over the time the log is looked
back.

An answer with the bytes of the one after it is not read again. What is away for one answer and comes back is a sighting
of its own.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from evidence.assess.answers import Answers, Looking, shares_of
from evidence.assess.narrowing import narrowed
from evidence.assess.spells import NOTHING, Stood, Turn, spells_of
from evidence.checks.hardware_addresses import OWN_OR_INVALID, ports_of
from evidence.checks.replaced import WATCHED
from evidence.checks.tables import Share, Spell, Tables, is_large
from evidence.log.captures import newest_of
from evidence.log.newest import newest_first
from evidence.model.capture import Capture
from evidence.model.fact import Fact
from evidence.model.names import AssetId, Digest
from evidence.normalise.facts import asked_as
from evidence.snapshots import Reading, Snapshots

LOOK_BACK_DAYS = 90
"""How far back is looked: a quarter; an exchange that nobody explained within it was reported ninety times."""

_WATCHED = frozenset(WATCHED)
_WATCHED_CELLS = tuple((*name.split("."), name) for name in WATCHED if is_large(name))


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

    def of(self, asset: AssetId) -> tuple[Spell, ...]:
        """Return what was seen of an asset, in no order that means anything."""
        asked = self._held.get(asset, {}).items()
        return tuple(spell for question, held in asked for spell in spells_of(question, self._turns(held)))

    def _turns(self, answers: Iterable[_Held]) -> Iterator[Turn]:
        """Yield what stood in the answers to one question, the newest first."""
        after: Reading | None = None
        stood: Mapping[str, Stood] = {}
        for held in answers:
            stood = self._stood(held.reading, after, stood)
            yield Turn(held.first, held.reading.capture.at, held.source, stood)
            after = held.reading

    def _stood(self, reading: Reading, after: Reading | None, newer: Mapping[str, Stood]) -> Mapping[str, Stood]:
        """Return what stands in an answer; where most of it is as in the `newer` one, only the rest is read."""
        capture, answers = reading.capture, self._answers
        looking, narrow = answers.looking(capture), None
        if after is not None and capture.transport == "snmp" and capture.platform == after.capture.platform:
            narrow = narrowed(looking, capture.question, answers.data(reading), answers.data(after))
        if narrow is None:
            return stood_in((fact for _, fact in answers.facts(reading)), answers.shares(reading))
        changed = stood_in((), shares_of(looking.tables, capture, narrow.data))
        same = {name: stood.beside(narrow.rows) for name, stood in newer.items()}
        return {name: same.get(name, NOTHING).joined(changed.get(name, NOTHING)) for name in {**same, **changed}}

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
                yield Reading(capture=capture, part=entry.digest, leaf=entry.index, packed_bytes=packed)


def stood_in(facts: Iterable[Fact], shares: Iterable[Share]) -> Mapping[str, Stood]:
    """Return by name what stands in an answer, each place once: the first rule that tells it counts."""
    said: dict[str, dict[str, str]] = {}
    for fact in facts:
        if fact.name in _WATCHED:
            said.setdefault(fact.name, {}).setdefault(fact.row or "", fact.value)
    found = {name: Stood(_comparable(name, values), {}) for name, values in said.items()}
    tables = Tables(shares)
    for family, column, name in _WATCHED_CELLS:
        values = _comparable(name, tables.values(family, column))
        places: dict[str, str] = {}
        if family == "mac":
            statuses, ports = tables.values(family, "status"), ports_of(tables)
            values = {row: value for row, value in values.items() if statuses.get(row) not in OWN_OR_INVALID}
            places = {row: ports.get(row, "") for row in values}
        if values:
            found[name] = found.get(name, NOTHING).joined(Stood(values, places))
    return found


def _comparable(name: str, values: Mapping[str, str]) -> Mapping[str, str]:
    """Return addresses in small letters; the column itself where they are, so that it is held once."""
    if name.endswith("serial"):
        return values
    lower = {row: value.lower() for row, value in values.items()}
    return values if lower == values else lower
