"""
The owner's page: one a site, in plain words, from the same findings as the auditor's report.

Decisions to take, better or worse, the last real restore, who got in, the six questions, and the line to check it by.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from evidence.assess.assess import DEFAULT_PROFILE
from evidence.assess.comparison import CONTRADICTED, Change, Compared, compared, weight
from evidence.assess.estate import estate_of
from evidence.assess.knowledge import Knowledge
from evidence.assess.recorded import Recorded
from evidence.checks.estate import Estate, Row, Subject
from evidence.clock import parse_rfc3339, rfc3339
from evidence.controls.load import Catalogue
from evidence.log.erased import erased_in
from evidence.log.findings import count
from evidence.log.history import History
from evidence.model.finding import Finding, Status
from evidence.model.outcome import Result
from evidence.registers.reading import read_registers
from evidence.snapshots import Snapshots
from evidence.store.interface import Store

DECISIONS = 3
"""What an owner can decide in one sitting."""

MAX_NAMES = 4
"""Assets named in one line."""

MAX_SESSIONS = 5
"""Sessions shown; a page is one page, the rest is counted."""

WINDOW_DAYS = 31
"""How far back the page looks for who got in: since the report before, where one is written every month."""

FIRST = (
    "VAC-01", "INV-09", "DRF-02", "SEG-02", "BKP-02", "BKP-01", "ACC-04", "INV-07", "CFG-01", "INV-04", "PAT-01",
    "ACC-06", "CFG-03", "SAFE-01", "INV-03",
)  # fmt: skip
"""What an owner is asked first: who comes in, what is there that nobody knows, whether it could be brought back."""

QUESTIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("What is connected?", ("INV-03", "INV-04", "INV-09", "DRF-02")),
    ("How are systems separated?", ("SEG-02",)),
    ("Who has access?", ("VAC-01", "ACC-04", "ACC-06")),
    ("What if an email account or a mobile device is lost?", ()),
    ("What proves that the controls work?", ("BKP-01", "BKP-02", "PAT-01", "INV-07", "CFG-01", "CFG-03", "EXC-01")),
    ("How are tools that use AI governed?", ()),
)
"""Question -> the requirements whose findings answer it; none: this version reads nothing that could."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Something only the owner can decide."""

    requirement: str
    title: str
    what: str
    """What is to be decided."""
    found: tuple[str, ...]
    """`asset: reason`, at most a few."""
    more: int
    """How many findings are not named."""
    due: bool
    """Nothing contradicts yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One of the six questions and its short answer."""

    question: str
    word: str
    """`supports`, `due`, `contradicts`, `not-assessed`."""
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Somebody who was on something."""

    who: str
    what: str
    start: str
    end: str | None
    approved: str
    """`approved`, `not approved`, or nothing where nobody judged it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One site."""

    site: str | None
    assets: int
    read: int
    counts: Mapping[str, int]
    trend: str
    """`better`, `worse`, `the same`, `first`."""
    trend_words: str
    decisions: tuple[Decision, ...]
    waiting: int
    """Decisions that are not on the page."""
    restore: str
    sessions: tuple[Session, ...]
    sessions_words: str
    visits: str
    """How often whoever collects was there: an MSP, too, got in."""
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerReport:
    """The pages of one owner."""

    owner: str
    as_of: str
    before: str | None
    profile: str
    statement: str
    pin: str
    verified: bool
    tool: str
    pages: tuple[Page, ...]


def owner_report(
    store: Store,
    history: History,
    newest: Recorded,
    before: Recorded | None,
    knowledge: Knowledge,
    *,
    verified: bool,
) -> OwnerReport:
    """Return the owner's pages of an assessment, made of the log as it was judged; the pin binds the log as it is."""
    basis = newest.statement.basis
    judged = History.read(store, size=basis.size)
    registers = read_registers(judged, basis.as_of)
    profile = basis.profile if basis.profile in knowledge.catalogue.profiles else DEFAULT_PROFILE
    snapshots = Snapshots(store, judged, as_of=basis.as_of, erased=erased_in(history))
    estate = estate_of(snapshots, store, knowledge, registers, at=parse_rfc3339(basis.as_of), profile=profile)
    return OwnerReport(
        owner=history.owner,
        as_of=basis.as_of,
        before=before.statement.basis.as_of if before else None,
        profile=basis.profile,
        statement=newest.digest,
        pin=history.checkpoint.pin,
        verified=verified,
        tool=knowledge.tool,
        pages=owner_pages(estate, newest, before, knowledge.catalogue),
    )


def owner_pages(estate: Estate, newest: Recorded, before: Recorded | None, catalogue: Catalogue) -> tuple[Page, ...]:
    """Return one page for each site; assets without one share a page."""
    sites: dict[str | None, list[Subject]] = {}
    for subject in estate.subjects.values():
        sites.setdefault(subject.asset.site if subject.asset else None, []).append(subject)
    rows = list(compared(newest.findings, before.findings if before else ()))
    pages = []
    for site in sorted(sites, key=lambda name: (name is None, name or "")) or [None]:
        subjects = sites.get(site, [])
        names = {subject.id for subject in subjects}
        mine = [one for one in rows if one.finding.asset is None or one.finding.asset in names]
        pages.append(_page(estate, site, subjects, mine, before is None, catalogue))
    return tuple(pages)


def _page(
    estate: Estate,
    site: str | None,
    subjects: Sequence[Subject],
    rows: Sequence[Compared],
    first: bool,
    known: Catalogue,
) -> Page:
    findings = [one.finding for one in rows]
    decisions = tuple(_decisions(findings, estate, known))
    sessions = tuple(_sessions(estate, subjects, findings))
    trend, words = _trend(rows, first)
    return Page(
        site=site,
        assets=len(subjects),
        read=sum(one.outcome.result in (Result.COLLECTED, Result.PARTIAL) for one in subjects),
        counts=count(findings),
        trend=trend,
        trend_words=words,
        decisions=decisions[:DECISIONS],
        waiting=max(len(decisions) - DECISIONS, 0),
        restore=_restore(estate, subjects),
        sessions=sessions[:MAX_SESSIONS],
        sessions_words=_sessions_words(subjects, sessions),
        visits=_visits(estate),
        lines=tuple(_line(question, names, findings) for question, names in QUESTIONS),
    )


def _decisions(findings: Iterable[Finding], estate: Estate, known: Catalogue) -> Iterator[Decision]:
    """Yield what is to be decided, the most pressing first: contradictions before what is due, then by requirement."""
    groups: dict[tuple[bool, str], list[Finding]] = {}
    for finding in findings:
        if finding.requirement in FIRST and (finding.due or weight(finding) == CONTRADICTED):
            groups.setdefault((finding.due, finding.requirement), []).append(finding)
    for due, requirement in sorted(groups, key=lambda key: (key[0], FIRST.index(key[1]))):
        group = sorted(groups[due, requirement], key=lambda one: (not _critical(estate, one), one.order))
        control = known.controls.get(requirement)
        yield Decision(
            requirement=requirement,
            title=control.title if control else requirement,
            what=control.decide if control else "",
            found=tuple(f"{one.asset or 'the site'}: {one.reason}" for one in group[:2]),
            more=max(len(group) - 2, 0),
            due=due,
        )


def _critical(estate: Estate, finding: Finding) -> bool:
    subject = estate.subjects.get(finding.asset) if finding.asset else None
    return bool(subject and subject.asset and subject.asset.criticality in ("high", "critical"))


def _trend(rows: Sequence[Compared], first: bool) -> tuple[str, str]:
    if first:
        return "first", "This is the first assessment; the next one is compared with it."
    worse = [one for one in rows if one.change in (Change.WORSE, Change.NEW)]
    better = [one for one in rows if one.change is Change.BETTER]
    contradicted = sum(weight(one.finding) == CONTRADICTED for one in worse)
    if not worse and not better:
        return "the same", "No finding got better or worse."
    trend = (
        "worse" if contradicted or len(worse) > len(better) else "better" if len(better) > len(worse) else "the same"
    )
    news = f", of these {contradicted} contradicted" if contradicted else ""
    return trend, f"Findings that got better: {len(better)}; worse or new: {len(worse)}{news}."


def _restore(estate: Estate, subjects: Sequence[Subject]) -> str:
    """Say when a backup was last restored and found good, by a machine's word or a person's."""
    tests = [(row.text("end") or row.text("start") or "", _of(subject, row)) for subject in subjects for row in
             subject.rows("restore") if row.text("validation") == "successful"]  # fmt: skip
    names = {subject.id for subject in subjects}
    tests += [
        (one.values.get("end") or one.values.get("start") or one.at, f"{one.asset}, attested by {one.by}")
        for one in estate.registers.attestations
        if one.kind == "restore-test" and one.asset in names and one.values.get("validation") == "successful"
    ]
    if tests:
        at, what = max(tests)
        return f"{at}: {what}."
    untested = sum(1 for subject in subjects for _ in subject.rows("restore"))
    if untested:
        tried = "one restore was" if untested == 1 else f"{untested} restores were"
        return f"Never, as far as evidence goes: {tried} recorded, and none was found good by a check."
    return "Never, as far as evidence goes: no record of a test was read or signed."


def _of(subject: Subject, row: Row) -> str:
    return f"{row.text('asset') or subject.id}, read from {subject.id}"


def _sessions(estate: Estate, subjects: Sequence[Subject], findings: Iterable[Finding]) -> Iterator[Session]:
    """Yield who was on something within the window: vendors first, those not approved before all, then the newest."""
    judged = {(one.asset, one.row): one.status for one in findings if one.requirement == "VAC-01"}
    words = {Status.SUPPORTS: "approved", Status.CONTRADICTS: "not approved"}
    found = []
    for subject in subjects:
        for row in subject.rows("session"):
            start = row.text("start") or row.facts[min(row.facts)].at
            if start >= _since(estate):
                who = row.text("account") or row.text("from") or "somebody"
                vendor = row.text("vendor")
                status = judged.get((subject.id, row.name))
                found.append(
                    Session(
                        who=f"{who} ({vendor})" if vendor else who,
                        what=row.text("to") or subject.id,
                        start=start,
                        end=row.text("end"),
                        approved=words.get(status, "") if status else "",
                    )
                )
    found.sort(key=lambda one: one.start, reverse=True)
    yield from sorted(found, key=lambda one: ("not approved", "approved", "").index(one.approved))


def _since(estate: Estate) -> str:
    return rfc3339(estate.at - timedelta(days=WINDOW_DAYS))


def _sessions_words(subjects: Sequence[Subject], sessions: Sequence[Session]) -> str:
    if sessions:
        left = len(sessions) - MAX_SESSIONS
        return f"and {left} more in {WINDOW_DAYS} days" if left > 0 else ""
    if any(True for subject in subjects for _ in subject.rows("session")):
        return f"Nobody, within {WINDOW_DAYS} days, by the records that were read."
    return "Not known: no record of sessions was read from a jump host, firewall or management server."


def _visits(estate: Estate) -> str:
    runs = [run for run in estate.runs if run.started >= _since(estate)]
    requests = sum(run.requests for run in runs)
    return f"Whoever collects this evidence: {len(runs)} runs with {requests} read-only requests."


def _line(question: str, requirements: Sequence[str], findings: Iterable[Finding]) -> Line:
    if not requirements:
        return Line(question=question, word="not-assessed", answer="This version reads nothing that could tell.")
    mine = [one for one in findings if one.requirement in requirements]
    if not mine:
        return Line(question=question, word="not-assessed", answer="The profile asks for none of it.")
    numbers = count(mine)
    wrong = numbers["contradicts"] - numbers["excepted"]
    word = (
        "contradicts" if wrong
        else "not-assessed" if numbers["not_assessed"]
        else "due" if numbers["due"] or numbers["excepted"]
        else "supports"
    )  # fmt: skip
    told = [
        f"{wrong} contradicted" if wrong else "",
        f"{numbers['excepted']} accepted for a time" if numbers["excepted"] else "",
        f"{numbers['due']} due" if numbers["due"] else "",
        f"{numbers['supports'] - numbers['due']} supported" if numbers["supports"] - numbers["due"] else "",
        f"{numbers['not_assessed']} not assessed" if numbers["not_assessed"] else "",
    ]
    return Line(question=question, word=word, answer=", ".join(part for part in told if part) + ".")
