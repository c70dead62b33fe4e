"""What goes into a bundle: which leaves of the log, which of their statements, and which artefacts those name."""

from bisect import bisect_right
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count

from evidence.bundle.layout import artefact_path, blob_path, statement_path
from evidence.clock import parse_rfc3339, rfc3339
from evidence.errors import Error
from evidence.export.period import Period
from evidence.export.survey import SHOWN_TO_ALL, Survey, asked, sealed_plan, survey_of
from evidence.log.accept import Accepted
from evidence.log.captures import Columns
from evidence.log.erased import erased_by, is_gone
from evidence.log.erasure import Erasure
from evidence.log.findings import FindingsStatement
from evidence.log.history import Entry, History
from evidence.log.ledger import DISTRUSTED
from evidence.log.missed import Missed
from evidence.log.statement import FIRST_SUBJECT
from evidence.model.capture import Capture
from evidence.model.names import AssetId, Digest
from evidence.store.blobs import get_blob
from evidence.verify.audit import SealedPart, SealedPlan
from evidence.verify.bundle_gaps import Run
from evidence.verify.calendar_step import Slots, Window, derive, read_plans
from evidence.verify.result import Answer

_OF_ITS_TIME = frozenset({"part", "missed", "findings", "quarantine", "export", "anchor"})
"""Kinds that say something of their own time; all others go on counting, and are supplied from before the span, too."""


class ExportError(Error):
    """There is nothing to hand out, or it cannot be chosen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What a bundle is asked to hold."""

    period: Period
    as_of: str | None = None
    """RFC 3339; `None`: the period's newest statement."""
    assets: frozenset[AssetId] = frozenset()
    """None: all of them."""
    profile: str | None = None
    controls: tuple[str, ...] = ()
    recipient: str | None = None
    incident: bool = False
    """Whether values that change by themselves are wanted, too, and a timeline."""
    artifact_root: str | None = None
    """Where the bundle is to be unpacked, for the hash logs of a CMMC assessment."""

    @property
    def narrowed(self) -> str:
        """What it was narrowed by, for machines: `no`, `assets`, `controls` or `assets controls`."""
        by = (*(["assets"] if self.assets else []), *(["controls"] if self.controls or self.profile else []))
        return " ".join(by) or "no"

    def wants(self, asset: AssetId) -> bool:
        """Tell whether an asset was chosen."""
        return not self.assets or asset in self.assets


@dataclass(slots=True, kw_only=True)
class Artefact:
    """One answer, how often it was given, and where it lies in the bundle."""

    first: Capture
    statement: Digest
    """The part that named it first."""
    last_at: str
    times: int = 1
    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One findings statement."""

    digest: Digest
    findings: FindingsStatement


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The leaves a bundle is about, and the moment it is made for."""

    previous: int
    size: int
    as_of: str
    plan: Digest
    """The newest plan's blob."""
    told: int
    """Up to this leaf things are supplied; beyond it only what was said of keys, and what was erased."""


@dataclass(slots=True, kw_only=True)
class Gathered:
    """Everything that was chosen."""

    span: Span
    history: History
    """The log as it was at the end of the span."""
    supplied: dict[int, tuple[str, Digest]] = field(default_factory=dict)
    """Index -> kind and digest of each statement."""
    runs: list[Run] = field(default_factory=list)
    """Without their captures."""
    artefacts: dict[tuple[AssetId, str, Digest], Artefact] = field(default_factory=dict)
    blobs: dict[Digest, int] = field(default_factory=dict)
    """Artefacts that are no answers, with their lengths."""
    findings: list[Judged] = field(default_factory=list)
    """The findings statements, in the log's order."""
    plans: set[Digest] = field(default_factory=set)
    """Blobs of the plans that supplied statements are about."""
    stated: list[SealedPlan] = field(default_factory=list)
    """The supplied plan statements, in the log's order."""
    parts: list[SealedPart] = field(default_factory=list)
    said: dict[Missed, Digest] = field(default_factory=dict)
    """The supplied missed statements."""
    gone: Mapping[Digest, Erasure] = field(default_factory=dict)
    """What was erased, by the word of the supplied statements."""
    named: set[Digest] = field(default_factory=set)
    """Parts that supplied ones name as the ones before."""

    @property
    def withheld(self) -> int:
        """How many leaves of the span have a statement that is not supplied."""
        return self.span.size - self.span.previous - sum(index >= self.span.previous for index in self.supplied)

    @property
    def earlier(self) -> tuple[int, ...]:
        """The statements from before the span that are supplied, or that supplied ones refer to."""
        before = self.history.statements[: self.span.previous]
        return tuple(one.index for one in before if one.index in self.supplied or one.digest in self.named)

    @property
    def missed(self) -> Collection[Missed]:
        """The slots that somebody who plans says were missed, and why."""
        return self.said.keys()

    def artefact(self, digest: Digest, length: int) -> bytes:
        """Return an artefact that is no answer."""
        return get_blob(self.history.ledger.store, digest, length)

    def keep(self, blobs: Collection[Digest]) -> None:
        """Let go of the answers that are none of `blobs`."""
        self.artefacts = {key: one for key, one in self.artefacts.items() if one.first.blob in blobs}

    def paths(self) -> Iterator[tuple[str, Digest, int | None]]:
        """Yield path, digest and length of every file that is a copy; a statement's length is known when it is read."""
        for kind, digest in self.supplied.values():
            yield statement_path(kind, digest), digest, None
        for artefact in self.artefacts.values():
            yield artefact.path, artefact.first.blob, artefact.first.bytes
        for digest, length in self.blobs.items():
            yield blob_path(digest), digest, length


def gather(history: History, selection: Selection) -> Gathered:
    """Choose from a log; raise `ExportError` where it holds nothing from the period."""
    survey = survey_of(history)
    span = _span(survey, history, selection)
    gathered = Gathered(span=span, history=history.until(span.size))
    window = _window(span, selection)
    in_force, due = asked(survey, window, gathered.artefact, previous=span.previous, size=span.size)
    since, until = rfc3339(selection.period.since), min(rfc3339(selection.period.until), span.as_of)
    plans: dict[int, Accepted] = {}
    for entry in gathered.history.statements:
        within = entry.index >= span.previous
        if entry.kind == DISTRUSTED and within:
            gathered.supplied[entry.index] = (history.open(entry).statement.kind, entry.digest)
        if entry.kind == DISTRUSTED or (entry.index >= span.told and entry.kind not in SHOWN_TO_ALL):
            continue
        if not within and entry.kind in _OF_ITS_TIME and entry.kind != "missed":
            continue
        accepted = history.open(entry)
        part, missed = accepted.part, accepted.missed
        if entry.kind == "plan":
            plans[entry.index] = accepted
        elif part is not None:
            if since <= part.ended <= until or (part.slot in due and part.ended <= span.as_of):
                _take_part(gathered, entry, accepted, selection)
        elif missed is None or within or missed.slot in due:
            _supply(gathered, entry, accepted)
            if missed is not None:
                gathered.said[missed] = entry.digest
            if accepted.findings is not None:
                gathered.findings.append(Judged(digest=entry.digest, findings=accepted.findings))
            _add_blobs(gathered, selection, accepted.blobs)
    gathered.plans.add(span.plan)
    for index, accepted in plans.items():
        if accepted.plan in gathered.plans or index in in_force:
            _supply(gathered, gathered.history.statements[index], accepted)
            gathered.stated.append(sealed_plan(index, accepted))
            _add_blobs(gathered, selection, accepted.blobs)
    disowned = any(one.kind == DISTRUSTED for one in gathered.history.statements[span.previous :])
    if not gathered.runs and not selection.assets and not due and not disowned:
        raise ExportError(f"no run of {selection.period.name} is in the log of {history.owner}")
    seen = {outcome.asset for run in gathered.runs for outcome in run.outcomes} | {key[0] for key in gathered.artefacts}
    for asset in sorted(selection.assets - seen):
        raise ExportError(f"{asset}: no such asset in {selection.period.name}")
    _leave_out_erased(gathered)
    _give_paths(gathered)
    return gathered


def slots_of(gathered: Gathered, selection: Selection) -> Slots | None:
    """Return what the supplied plans asked of the chosen assets in the period, and what became of it."""
    answer = Answer()
    plans = read_plans(gathered, answer)
    if answer.failures:
        raise ExportError(answer.failures[0])
    return derive(gathered, plans, _window(gathered.span, selection), only=selection.assets or None)


def _window(span: Span, selection: Selection) -> Window:
    period = selection.period
    return Window(since=period.since, until=period.until, as_of=parse_rfc3339(span.as_of))


def _span(survey: Survey, history: History, selection: Selection) -> Span:
    """
    Return the leaves to hand out: whole batches, from the first that holds something of the period to the last.

    As the log grows the span of a time that is over stays the same, unless something of that time is sealed late, or
    something is said of a key, or erased: whoever reads a bundle must see who is trusted now, the sealer that signs it
    among them, and what is gone.
    """
    moments = survey.moments
    until = rfc3339(selection.period.until)
    spoken = (moment for _, kind, moment in moments if kind not in ("export", "anchor") and moment <= until)
    as_of = selection.as_of or max(spoken, default=until)
    ends = sorted(size for size in history.ledger.chain.roots if size <= history.size)
    last = max((index for index, _, moment in moments if moment <= as_of), default=-1)
    after = min((index for index, _, moment in moments if moment > as_of), default=history.size)
    size = max(ends[bisect_right(ends, after) - 1], next((end for end in ends if end > last), 0))
    since = rfc3339(selection.period.since)
    first = min((index for index, _, moment in moments if since <= moment <= as_of), default=size)
    previous = ends[bisect_right(ends, first) - 1]
    plan = max((one for one in survey.stated if one.index < size), key=lambda one: one.index, default=None)
    if previous >= size or plan is None:
        raise ExportError(f"nothing of {selection.period.name} is in the log of {history.owner}")
    reach = max(size, next((end for end in ends if end >= survey.shown), size))
    return Span(previous=previous, size=reach, as_of=as_of, plan=plan.blob, told=size)


def _take_part(gathered: Gathered, entry: Entry, accepted: Accepted, selection: Selection) -> None:
    part = accepted.part
    if part is None:
        return
    outcomes = tuple(outcome for outcome in part.outcomes if selection.wants(outcome.asset))
    captures = Columns.of(part.captures)
    if selection.assets and not outcomes and not any(selection.wants(said.asset) for said in captures.alike):
        return
    _supply(gathered, entry, accepted)
    gathered.named.update(part.previous)
    gathered.parts.append(SealedPart.of(entry.index, entry.digest, part))
    gathered.runs.append(Run.of(entry.digest, part, outcomes))
    _take_captures(gathered, entry, captures, selection)
    left = {blob for blob, _ in captures.blobs}.union(() if selection.incident else part.packed)
    others = {digest: length for digest, length in part.lists() if digest not in left}
    _add_blobs(gathered, selection, others)


def _take_captures(gathered: Gathered, entry: Entry, captures: Columns, selection: Selection) -> None:
    artefacts, chosen = gathered.artefacts, selection.assets
    for index, said, (blob, _), at in zip(count(), captures.alike, captures.blobs, captures.at, strict=False):
        if chosen and said.asset not in chosen:
            continue
        key = said.asset, said.question, blob
        known = artefacts.get(key)
        if known is None:
            artefacts[key] = Artefact(first=captures[index], statement=entry.digest, last_at=at)
            continue
        known.times += 1
        if at > known.last_at:
            known.last_at = at
        elif at < known.first.at:
            known.first, known.statement = captures[index], entry.digest


def _add_blobs(gathered: Gathered, selection: Selection, blobs: Mapping[Digest, int]) -> None:
    """Supply lists and logs, unless the bundle is about some assets only: they name the others, too."""
    if not selection.assets:
        gathered.blobs.update(blobs)


def _supply(gathered: Gathered, entry: Entry, accepted: Accepted) -> None:
    """Supply a statement, and keep in mind which plan it is about."""
    gathered.supplied[entry.index] = (entry.kind, entry.digest)
    if accepted.plan is None and entry.kind not in FIRST_SUBJECT:
        gathered.plans.add(accepted.statement.subjects[0].digest)


def _leave_out_erased(gathered: Gathered) -> None:
    """Let go of what was erased, as whoever reads the supplied statements alone must take it."""
    said = (gathered.history.statements[index] for index in sorted(gathered.supplied))
    gone = gathered.gone = erased_by(gathered.history, said)
    gathered.artefacts = {key: one for key, one in gathered.artefacts.items() if not is_gone(one.first, gone)}
    gathered.blobs = {digest: length for digest, length in gathered.blobs.items() if digest not in gone}


def _give_paths(gathered: Gathered) -> None:
    taken: set[str] = set()
    for _, artefact in sorted(gathered.artefacts.items(), key=lambda item: (item[1].first.at, item[0])):
        capture = artefact.first
        path = artefact_path(capture.asset, capture.at[:10], capture.question)
        if path in taken:
            path = artefact_path(capture.asset, capture.at[:10], capture.question, capture.blob)
        if path in taken:
            raise ExportError(f"{path}: two answers would lie there")
        taken.add(path)
        artefact.path = path
