"""
What is known of each asset: the newest answer to each question, the one before it, and how the newest try ended.

Signatures and digests of statements are checked once, by the history; the digest of an answer when it is fetched.
"""

from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from types import MappingProxyType
from typing import NamedTuple

from evidence.errors import Error
from evidence.log.assets import load_assets
from evidence.log.captures import Over, newest_of
from evidence.log.erased import erased_in, is_gone
from evidence.log.erasure import Erasure
from evidence.log.history import History
from evidence.log.newest import newest_first
from evidence.log.outline import Outline
from evidence.log.part import PartStatement
from evidence.model.asset import Asset
from evidence.model.capture import Capture
from evidence.model.fact import Fact
from evidence.model.names import AssetId, Digest
from evidence.model.outcome import Outcome, Result
from evidence.normalise.facts import Ranked, asked_as, best_of, ranked_facts
from evidence.normalise.volatile import merge
from evidence.platforms.load import Platforms
from evidence.platforms.platform import Platform
from evidence.store.answers import get_answer
from evidence.store.blobs import get_blob
from evidence.store.interface import Store

KEPT = 2
"""Answers kept per asset and question: the newest and the one before."""

_PACKED_KEPT = 4
"""Packed volatile blobs held open; captures of one part share one."""

_WORST_FIRST = tuple(reversed(Result))


Ranking = Callable[["Reading"], Iterable[Ranked]]
"""Reads one answer, each fact with the place of its rule."""


class UnknownAssetError(Error):
    """The log knows no asset of that name."""


class Reading(NamedTuple):
    """One answer and where the log holds it; a tuple, for logs have many."""

    capture: Capture
    part: Digest
    """Digest of the part's envelope."""
    leaf: int
    """Place of the part in the log."""
    packed_bytes: int | None
    """Length of the packed blob that the volatile share lies in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """How one try to read an asset ended."""

    outcome: Outcome
    at: str
    """RFC 3339; when the part that says so was finished."""
    part: Digest
    index: int
    run: str
    slot: str


@dataclass(slots=True)
class Standing:
    """Since when an answer is as it is."""

    since: Reading
    """The first of the whole answers that are the same as the newest."""
    before: Reading | None = None
    """The newest whole answer that was another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """An answer that was erased: when it was given, and what was said of that."""

    capture: Capture
    erasure: Erasure


@dataclass(slots=True)
class _Known:
    visit: Visit
    readings: dict[str, list[Reading]] = field(default_factory=dict)
    standing: dict[str, Standing] = field(default_factory=dict)
    cut_off: dict[str, Reading] = field(default_factory=dict)
    erased: dict[str, Gone] = field(default_factory=dict)
    settled: set[str] = field(default_factory=set)
    """Questions of which no older answer says anything that is not known."""


class Snapshots:
    """The newest answers in a log, as of a moment."""

    def __init__(
        self,
        store: Store,
        history: History,
        *,
        as_of: str | None = None,
        erased: Mapping[Digest, Erasure] | None = None,
    ) -> None:
        """
        Read every part up to `as_of` (RFC 3339 UTC), the newest first.

        `erased` is what is gone, where that is not what `history` says: it may be the log as it was.
        """
        self.history = history
        self._store = store
        self._packed: OrderedDict[Digest, bytes] = OrderedDict()
        self._known: dict[AssetId, _Known] = {}
        self._lists: dict[Digest, int] = {}
        self._erased = erased_in(history) if erased is None else erased
        self.newest_run: list[tuple[Digest, PartStatement]] = []
        """The parts of the run that began last, with their digests, the newest first."""
        self._settled: set[str] = set()
        """Assets and questions of which no older answer says anything that is not known, as subjects name them."""
        self._over: Over = {}
        self._slots: set[str] = set()
        """Slots of the parts that were read."""
        for entry, part in newest_first(history, self._says_nothing):
            if as_of is None or part.started <= as_of:
                self._take(entry.digest, entry.index, part, as_of)
        self._over.clear()

    def _take(self, digest: Digest, index: int, part: PartStatement, as_of: str | None) -> None:
        self._lists.setdefault(part.assets, part.assets_bytes)
        self._slots.add(part.slot)
        if not self.newest_run or self.newest_run[0][1].run == part.run:
            self.newest_run.append((digest, part))
        for outcome in part.outcomes:
            known = self._known.get(outcome.asset)
            if known is None or (known.visit.slot == part.slot and _worse(outcome, known.visit.outcome)):
                visit = Visit(outcome=outcome, at=part.ended, part=digest, index=index, run=part.run, slot=part.slot)
                if known is None:
                    self._known[outcome.asset] = _Known(visit)
                else:
                    known.visit = visit
        for capture in newest_of(part.captures, self._is_open, self._over):
            if as_of is not None and capture.at > as_of:
                continue
            segment = capture.volatile
            packed = part.packed.get(segment.blob) if segment else None
            reading = Reading(capture=capture, part=digest, leaf=index, packed_bytes=packed)
            if capture.asset not in self._known:
                self._known[capture.asset] = _Known(_no_outcome(capture, reading, part))
            known = self._known[capture.asset]
            if self._erased and (erasure := is_gone(capture, self._erased)):
                known.erased.setdefault(capture.question, Gone(capture=capture, erasure=erasure))
                continue
            if not capture.complete:
                known.cut_off.setdefault(capture.question, reading)
                continue
            _stand(known.standing, reading)
            kept = known.readings.setdefault(capture.question, [])
            if len(kept) < KEPT and all(other.part != digest for other in kept):
                kept.append(reading)
            if len(kept) == KEPT and known.standing[capture.question].before is not None:
                known.settled.add(capture.question)
                self._settled.add(f"{capture.asset}/{capture.question}")

    def _says_nothing(self, told: Outline) -> bool:
        """Tell whether a part that is older than all that was read says nothing that is not known."""
        return (
            told.assets in self._lists
            and told.slot not in self._slots
            and (not self.newest_run or self.newest_run[0][1].run != told.run)
            and all(asset in self._known for asset in told.outcomes)
            and self._settled.issuperset(told.answers)
        )

    def _is_open(self, capture: Capture) -> bool:
        """Tell whether an older answer of an asset to a question says anything that is not known."""
        known = self._known.get(capture.asset)
        return known is None or capture.question not in known.settled

    @property
    def assets(self) -> tuple[AssetId, ...]:
        """Every asset the log knows, by name."""
        return tuple(sorted(self._known))

    def ledger(self) -> Mapping[AssetId, Asset]:
        """Return every asset as the newest run that had it on its list knew it."""
        found: dict[AssetId, Asset] = {}
        for digest, length in self._lists.items():
            if len(found) == len(self._known):
                break
            for asset in load_assets(get_blob(self._store, digest, length)):
                found.setdefault(asset.id, asset)
        return MappingProxyType(found)

    def choose(self, names: Iterable[str]) -> tuple[AssetId, ...]:
        """Return the assets of these names, all of them for none; raise `UnknownAssetError` for a name nobody has."""
        wanted = tuple(AssetId(name) for name in names)
        for name in wanted:
            if name not in self._known:
                raise UnknownAssetError(f"{name}: no such asset in this log", hint=self._near(name))
        return wanted or self.assets

    def __contains__(self, asset: object) -> bool:
        """Tell whether any run had the asset on its list."""
        return asset in self._known

    def visit(self, asset: AssetId) -> Visit:
        """Return how the newest try to read `asset` ended; of two parts for one slot, the worse result."""
        return self._known[asset].visit

    def newest(self, asset: AssetId, question: str) -> tuple[Reading, ...]:
        """Return the newest whole answers of different parts, the newest first; at most two."""
        known = self._known.get(asset)
        return tuple(known.readings.get(question, ())) if known else ()

    def among(self, blobs: Collection[Digest]) -> "Snapshots":
        """Return the same, but for answers that are none of `blobs`: of those nothing is known."""
        there = copy(self)
        there._known = {asset: _among(known, blobs) for asset, known in self._known.items()}
        return there

    def known(self, reading: Reading) -> Reading:
        """Return the reading that is held already, where it is one of the newest: it need not be held twice."""
        same = (one for one in self.newest(reading.capture.asset, reading.capture.question) if one == reading)
        return next(same, reading)

    def latest(self, asset: AssetId) -> Mapping[str, Reading]:
        """
        Return the newest answer to each question, by its name.

        A whole answer goes before a newer one that was cut off. Of those cut off only SNMP's is given: each of its
        values is whole, while a text may end in the middle of a word.
        """
        known = self._known[asset]
        found = {name: one for name, one in known.cut_off.items() if one.capture.transport == "snmp"}
        return MappingProxyType(found | {name: kept[0] for name, kept in known.readings.items()})

    def previous(self, asset: AssetId) -> Mapping[str, Reading]:
        """Return the whole answer before the newest to each question, by its name."""
        kept = self._known[asset].readings if asset in self._known else {}
        return MappingProxyType({name: found[1] for name, found in kept.items() if len(found) > 1})

    def erased(self, asset: AssetId) -> Mapping[str, Gone]:
        """Return the newest answer to each question that was erased, where none that is there is newer."""
        known = self._known[asset]
        newest = {name: kept[0].capture.at for name, kept in known.readings.items()}
        left = {name: one for name, one in known.erased.items() if one.capture.at > newest.get(name, "")}
        return MappingProxyType(left)

    def is_there(self, capture: Capture) -> bool:
        """Tell whether an answer was not erased."""
        return not self._erased or is_gone(capture, self._erased) is None

    def standing(self, asset: AssetId, question: str) -> Standing | None:
        """
        Return since when the answer to a question is as it is, but for what changes by itself.

        Nothing of one with a salt: that its digest is another says nothing, and all before it would have to be read.
        """
        known = self._known.get(asset)
        standing = known.standing.get(question) if known else None
        return None if standing is None or standing.since.capture.salt else standing

    def stable(self, reading: Reading) -> bytes:
        """Return an answer without what changes by itself."""
        return get_answer(self._store, reading.capture)

    def data(self, reading: Reading) -> bytes:
        """Return the whole redacted answer, both shares together."""
        stable, segment = self.stable(reading), reading.capture.volatile
        if segment is None:
            return stable
        packed = self._packed_blob(segment.blob, reading.packed_bytes or 0)
        return merge(stable, packed[segment.offset : segment.offset + segment.length])

    def _packed_blob(self, digest: Digest, length: int) -> bytes:
        if digest in self._packed:
            self._packed.move_to_end(digest)
        else:
            self._packed[digest] = get_blob(self._store, digest, length)
            if len(self._packed) > _PACKED_KEPT:
                self._packed.popitem(last=False)
        return self._packed[digest]

    def facts(self, asset: AssetId, platforms: Platforms) -> tuple[Fact, ...]:
        """Return what is known of `asset`, each fact read with the platform its answer was asked by."""
        return self.facts_of(self.latest(asset).values(), platforms)

    def facts_of(
        self, readings: Iterable[Reading], platforms: Platforms, ranked: Ranking | None = None
    ) -> tuple[Fact, ...]:
        """
        Return what these answers of one asset tell; where platforms differ, the one asked last is believed.

        `ranked` reads one answer, where not everything in it is wanted.
        """
        groups = by_platform(readings)
        found: dict[tuple[str, str], Fact] = {}
        for group in groups:
            platform = platform_of(platforms, group[0].capture.platform)
            facts = best_of(platform, (self._ranked(platform, one) if ranked is None else ranked(one) for one in group))
            if len(groups) == 1:
                return facts
            for fact in facts:
                found.setdefault((fact.name, fact.row or ""), fact)
        return tuple(found[key] for key in sorted(found))

    def _ranked(self, platform: Platform, reading: Reading) -> Iterator[Ranked]:
        return ranked_facts(platform, reading.capture, self.data(reading))

    def _near(self, name: str) -> str:
        near = get_close_matches(name, self._known, n=3)
        return f"did you mean {' or '.join(near)}?" if near else f"the log knows {len(self._known)} assets"


def configuration(snapshots: Snapshots, asset: AssetId, platforms: Platforms, kind: str) -> tuple[Reading, ...]:
    """Return the newest whole `running` or `startup` configurations of `asset`, the newest first; at most two."""
    found: list[Reading] = []
    for name, reading in snapshots.latest(asset).items():
        platform = platform_of(platforms, reading.capture.platform)
        question = next((one for one in platform.questions if one.name == asked_as(name)), None)
        if question is not None and question.config == kind:
            found += snapshots.newest(asset, name)
    found.sort(key=lambda one: (one.leaf, one.capture.at), reverse=True)
    return tuple(found[:KEPT])


def erased_configuration(snapshots: Snapshots, asset: AssetId, platforms: Platforms, kind: str) -> Gone | None:
    """Return the newest configuration of `asset` if it was erased."""
    for name, gone in snapshots.erased(asset).items():
        platform = platform_of(platforms, gone.capture.platform)
        if any(one.name == asked_as(name) and one.config == kind for one in platform.questions):
            return gone
    return None


def _stand(standing: dict[str, Standing], reading: Reading) -> None:
    """Take note of the next older answer."""
    question = reading.capture.question
    known = standing.get(question)
    if known is None:
        standing[question] = Standing(since=reading)
    elif known.before is None:
        if reading.capture.blob == known.since.capture.blob:
            known.since = reading
        else:
            known.before = reading


def by_platform(readings: Iterable[Reading]) -> list[list[Reading]]:
    """Return answers by the platform they were asked by, the newest first, of each its newest first."""
    groups: dict[str | None, list[Reading]] = {}
    for reading in sorted(readings, key=lambda one: (one.capture.at, one.leaf), reverse=True):
        groups.setdefault(reading.capture.platform, []).append(reading)
    return list(groups.values())


def platform_of(platforms: Platforms, name: str | None) -> Platform:
    """Return the platform an answer was asked by, else the one for devices nobody knows."""
    return (platforms.named(name) if name else None) or platforms.generic


def _among(known: _Known, blobs: Collection[Digest]) -> _Known:
    newest = {name: kept[0].capture.at for name, kept in known.readings.items()}
    readings = {name: [one for one in kept if one.capture.blob in blobs] for name, kept in known.readings.items()}
    return replace(
        known,
        readings={name: kept for name, kept in readings.items() if kept},
        standing={name: one for name, one in known.standing.items() if one.since.capture.blob in blobs},
        cut_off={name: one for name, one in known.cut_off.items() if one.capture.blob in blobs},
        # One that was erased is told of where none is newer; what is left out here may be.
        erased={
            name: one
            for name, one in known.erased.items()
            if one.capture.blob in blobs and one.capture.at > newest.get(name, "")
        },
    )


def _worse(one: Outcome, other: Outcome) -> bool:
    return _WORST_FIRST.index(one.result) < _WORST_FIRST.index(other.result)


def _no_outcome(capture: Capture, reading: Reading, part: PartStatement) -> Visit:
    """Return a visit for an answer whose outcome stands in another part of the run, or nowhere: it was interrupted."""
    outcome = Outcome(asset=capture.asset, result=Result.INTERRUPTED, reason="no outcome was recorded")
    return Visit(outcome=outcome, at=part.ended, part=reading.part, index=reading.leaf, run=part.run, slot=part.slot)
