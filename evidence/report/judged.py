"""What the newest assessment found, requirement by requirement, as the auditor's report shows it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from evidence.assess.comparison import Change, Compared, compared
from evidence.assess.recorded import Recorded, newest_two
from evidence.controls.load import Catalogue
from evidence.log.findings import count
from evidence.log.history import History
from evidence.model.finding import Finding, Status
from evidence.model.names import Digest
from evidence.store.interface import Store

MAX_ROWS = 200
"""Findings of one requirement shown one by one; `findings` prints the rest."""

MAX_NAMES = 12
"""Assets named behind one reason; the rest is counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One reason why something is not assessed, and of what."""

    words: str
    assets: tuple[str, ...]
    """At most `MAX_NAMES` of them."""
    left_out: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """One requirement and what was found of it."""

    id: str
    title: str
    applies: str
    controls: tuple[tuple[str, tuple[str, ...]], ...]
    """(framework, its own ids), the profile's framework first."""
    limits: Mapping[str, int]
    counts: Mapping[str, int]
    """`supports`, `due`, `contradicts`, `excepted`, `not_assessed`, `not_applicable`."""
    shown: tuple[Compared, ...]
    """Contradictions, then what is due."""
    left_out: int
    reasons: tuple[Reason, ...]

    @property
    def worst(self) -> str:
        """The word for its worst finding: what a reader of the overview needs."""
        if self.counts["contradicts"] > self.counts["excepted"]:
            return "contradicts"
        for word in ("not_assessed", "due", "supports", "not_applicable"):
            if self.counts[word]:
                return word.replace("_", "-")
        return "excepted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """The newest assessment."""

    as_of: str
    profile: str
    title: str
    framework: str | None
    statement: Digest
    size: int
    counts: Mapping[str, int]
    before: str | None
    """As of when the assessment before was made."""
    changes: Mapping[str, int]
    requirements: tuple[Requirement, ...]


def judgement_of(store: Store, history: History, catalogue: Catalogue, *, as_of: str | None) -> Judgement | None:
    """Return the newest assessment up to a moment, or nothing where there is none."""
    newest, before = newest_two(store, history, as_of=as_of)
    if newest is None:
        return None
    return _judgement(newest, before, catalogue)


def _judgement(newest: Recorded, before: Recorded | None, catalogue: Catalogue) -> Judgement:
    basis = newest.statement.basis
    profile = catalogue.profiles.get(basis.profile)
    rows = list(compared(newest.findings, before.findings if before else ()))
    changes = Counter(one.change for one in rows)
    return Judgement(
        as_of=basis.as_of,
        profile=basis.profile,
        title=profile.title if profile else basis.profile,
        framework=profile.framework if profile else None,
        statement=newest.digest,
        size=basis.size,
        counts=count(newest.findings),
        before=before.statement.basis.as_of if before else None,
        changes={str(change): changes[change] for change in Change},
        requirements=tuple(_requirements(rows, catalogue, basis.profile)),
    )


def _requirements(rows: Sequence[Compared], catalogue: Catalogue, profile: str) -> Iterator[Requirement]:
    by_id: dict[str, list[Compared]] = {}
    for one in rows:
        by_id.setdefault(one.finding.requirement, []).append(one)
    chosen = catalogue.profiles.get(profile)
    for name in sorted(by_id):
        control, found = catalogue.controls.get(name), by_id[name]
        open_ = [one for one in found if one.finding.status is Status.CONTRADICTS or one.finding.due]
        open_.sort(key=lambda one: (one.finding.due, one.finding.exception is not None, one.finding.order))
        frameworks = dict(control.frameworks) if control else {}
        first = chosen.framework if chosen else None
        yield Requirement(
            id=name,
            title=control.title if control else "not in this catalogue",
            applies=control.applies if control else "",
            controls=tuple(sorted(frameworks.items(), key=lambda pair: pair[0] != first)),
            limits=dict(chosen.parameters.get(name, {})) if chosen else {},
            counts=count(one.finding for one in found),
            shown=tuple(open_[:MAX_ROWS]),
            left_out=max(len(open_) - MAX_ROWS, 0),
            reasons=tuple(_reasons(one.finding for one in found)),
        )


def _reasons(findings: Iterable[Finding]) -> Iterator[Reason]:
    """Yield why something is not assessed, the commonest reason first."""
    named: dict[str, list[str]] = {}
    for finding in findings:
        if finding.status is Status.NOT_ASSESSED:
            named.setdefault(finding.reason, []).append(finding.asset or "the site")
    for words, assets in sorted(named.items(), key=lambda pair: (-len(pair[1]), pair[0])):
        each = sorted(set(assets))
        yield Reason(words=words, assets=tuple(each[:MAX_NAMES]), left_out=max(len(each) - MAX_NAMES, 0))
