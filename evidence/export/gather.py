"""What goes into a bundle: which leaves of the log, which of their statements, and which artefacts those name."""

from bisect import bisect_right
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace

from evidence.bundle.judged import Judgement, Places
from evidence.bundle.layout import artefact_path, blob_path, statement_path
from evidence.clock import parse_rfc3339, rfc3339
from evidence.export.judged import Judged, judgement
from evidence.export.selection import ExportError, Selection
from evidence.export.survey import SHOWN_TO_ALL, Survey, asked, sealed_plan, survey_of
from evidence.log.accept import Accepted
from evidence.log.captures import Columns
from evidence.log.erased import as_it_stands, erased_by, is_gone
from evidence.log.erasure import Erasure
from evidence.log.history import Entry, History
from evidence.log.ledger import DISTRUSTED
from evidence.log.missed import Missed
from evidence.log.part import PartStatement
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
    judged: Judgement | None = None
    """What is shown of them, as it stands: what rested on nothing but what was erased since is not-assessed."""
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
    seen: set[AssetId] = field(default_factory=set)
    """Assets of the supplied parts, where some were chosen."""

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

    def places(self) -> Places:
        """Return where everything lies."""
        others = {digest: statement_path(kind, digest) for kind, digest in self.supplied.values()}
        others |= {digest: blob_path(digest) for digest in self.blobs}
        answers = ((one.first.asset, one.first.blob, one.path) for one in self.artefacts.values())
        return Places(answers, others)

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
    entries = tuple(_near(gathered))
    for entry in entries:
        if entry.kind not in ("part", "plan"):
            _take(gathered, entry, selection, due)
    judged = gathered.judged = judgement(history.ledger.store, gathered.findings, selection, as_of=span.as_of)
    wanted = judged.evidence if judged is not None and selection.by_findings else None
    for entry in entries:
        if entry.kind != "part":
            continue
        part = history.part(entry)
        if since <= part.ended <= until or (part.slot in due and part.ended <= span.as_of):
            _take_part(gathered, entry, part, selection, wanted)
    gathered.plans.add(span.plan)
    for entry in entries:
        if entry.kind == "plan":
            _take_plan(gathered, entry, selection, in_force)
    disowned = any(one.kind == DISTRUSTED for one in gathered.history.statements[span.previous :])
    if not gathered.runs and not selection.assets and not due and not disowned:
        raise ExportError(f"no run of {selection.period.name} is in the log of {history.owner}")
    for asset in sorted(selection.assets - gathered.seen):
        raise ExportError(f"{asset}: no such asset in {selection.period.name}")
    _leave_out_erased(gathered)
    _give_paths(gathered)
    return gathered


def _near(gathered: Gathered) -> Iterator[Entry]:
    """Yield the statements that may be supplied. One whose key was revoked since is at once: it says nothing more."""
    span = gathered.span
    for entry in gathered.history.statements:
        within = entry.index >= span.previous
        if entry.kind == DISTRUSTED:
            if within:
                gathered.supplied[entry.index] = (gathered.history.open(entry).statement.kind, entry.digest)
        elif entry.index >= span.told:
            if entry.kind in SHOWN_TO_ALL:
                yield entry
        elif within or entry.kind not in _OF_ITS_TIME or entry.kind == "missed":
            yield entry


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


def _take(gathered: Gathered, entry: Entry, selection: Selection, due: Collection[str]) -> None:
    """Take what is no part and no plan."""
    accepted = gathered.history.open(entry)
    missed = accepted.missed
    if missed is not None and entry.index < gathered.span.previous and missed.slot not in due:
        return
    _supply(gathered, entry, accepted)
    if missed is not None:
        gathered.said[missed] = entry.digest
    if accepted.findings is not None:
        gathered.findings.append(Judged(digest=entry.digest, findings=accepted.findings))
    _add_blobs(gathered, selection, accepted.blobs)


def _take_plan(gathered: Gathered, entry: Entry, selection: Selection, in_force: Collection[int]) -> None:
    """Take a plan that a supplied statement is about, or that said what was due."""
    accepted = gathered.history.open(entry)
    if accepted.plan in gathered.plans or entry.index in in_force:
        _supply(gathered, entry, accepted)
        gathered.stated.append(sealed_plan(entry.index, accepted))
        _add_blobs(gathered, selection, accepted.blobs)


def _take_part(
    gathered: Gathered, entry: Entry, part: PartStatement, selection: Selection, wanted: Collection[Digest] | None
) -> None:
    """Take a part of the period, and of its answers those that are wanted; `None`: all of them."""
    outcomes = tuple(outcome for outcome in part.outcomes if selection.wants(outcome.asset))
    captures = Columns.of(part.captures)
    if selection.assets:
        seen = {said.asset for said in captures.alike} | {outcome.asset for outcome in outcomes}
        if seen.isdisjoint(selection.assets):
            return
        gathered.seen |= seen
    gathered.supplied[entry.index] = (entry.kind, entry.digest)
    gathered.plans.add(part.plan)
    gathered.named.update(part.previous)
    gathered.parts.append(SealedPart.of(entry.index, entry.digest, part))
    gathered.runs.append(Run.of(entry.digest, part, outcomes))
    _take_captures(gathered, entry, captures, selection, wanted)
    moving = part.packed.items() - set(captures.blobs) if selection.incident else ()
    _add_blobs(gathered, selection, dict([*part.read_with(), *moving]))


def _take_captures(
    gathered: Gathered, entry: Entry, captures: Columns, selection: Selection, wanted: Collection[Digest] | None
) -> None:
    artefacts, alike, at, blobs = gathered.artefacts, captures.alike, captures.at, captures.blobs
    for index in [n for n, (blob, _) in enumerate(blobs) if wanted is None or blob in wanted]:
        said, moment = alike[index], at[index]
        if not selection.wants(said.asset):
            continue
        key = said.asset, said.question, blobs[index][0]
        known = artefacts.get(key)
        if known is None:
            artefacts[key] = Artefact(first=captures[index], statement=entry.digest, last_at=moment)
            continue
        known.times += 1
        if moment > known.last_at:
            known.last_at = moment
        elif moment < known.first.at:
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
    if gathered.judged is not None:
        findings = tuple(as_it_stands(finding, gone) for finding in gathered.judged.findings)
        gathered.judged = replace(gathered.judged, findings=findings)
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
