"""Step 12: findings rest on this log, and made again they are the same."""

from collections.abc import Iterable, Iterator

from evidence.assess.assess import assess
from evidence.assess.knowledge import Knowledge
from evidence.clock import parse_rfc3339
from evidence.errors import Error
from evidence.log.chain import Chain
from evidence.log.erased import rests_on
from evidence.log.findings import FindingsStatement, count, load_results
from evidence.log.history import History
from evidence.model.finding import Finding
from evidence.model.names import Digest
from evidence.store.blobs import get_blob
from evidence.verify.audit import Audit, SealedFindings
from evidence.verify.result import Answer


def check_findings(audit: Audit, answer: Answer) -> None:
    """Step 12: what was judged is this log as it was, all evidence named is in it, and judging again gives the same."""
    chain = audit.sealed
    if chain is None or audit.info is None:
        answer.gap("the log cannot be read (steps 1 and 4)")
        return
    if not audit.findings:
        answer.gap("nothing was judged: there is no findings statement in the log")
        return
    logged = {leaf.statement: index for index, leaf in enumerate(chain.leaves)}
    sound = []
    for one in audit.findings:
        troubles = list(_troubles(audit, chain, logged, one))
        for trouble in troubles:
            answer.fail(f"leaf {one.index}: findings as of {one.statement.basis.as_of}: {trouble}")
        if not troubles:
            sound.append(one)
    for one in {one.statement.basis.profile: one for one in sound}.values():
        later = sum(index < one.statement.basis.size for index in audit.disowned)
        later -= sum(index < one.statement.basis.size for index in audit.disowned_at(one.statement.basis.size))
        if later:
            answer.gap(f"leaf {one.index}: judged with {later} statements of keys that were revoked since")
        alone = sum(rests_on(row, audit.erased) is not None for row in _rows(audit, one.statement))
        if alone:
            answer.gap(f"leaf {one.index}: {alone} findings rest on erased artefacts alone: not-assessed since")
    answer.note(f"{len(audit.findings)} assessments")
    _make_again(audit, answer, sound)


def _troubles(audit: Audit, chain: Chain, logged: dict[Digest, int], one: SealedFindings) -> Iterator[str]:
    """Yield what is wrong with a statement by itself."""
    basis = one.statement.basis
    if basis.size > one.index or chain.roots.get(basis.size) != basis.root:
        yield f"made of a log with {basis.size} leaves and root {basis.root}, which this one never was"
    for kind, digest in basis.registers:
        place = logged.get(digest, basis.size)
        if place >= basis.size or chain.leaves[place].kind != kind:
            yield f"its register of kind {kind}, {digest}, was not in the log"
    try:
        rows = _rows(audit, one.statement)
    except Error as error:
        yield str(error)
        return
    if dict(one.statement.counts) != count(rows):
        yield "it miscounts its own results"
    for finding in rows:
        for digest in finding.evidence:
            place = min(audit.named.get(digest, basis.size), logged.get(digest, basis.size))
            if place >= basis.size:
                what = f"{finding.requirement} of {finding.asset or 'the site'}"
                yield f"{what} rests on {digest}, which was not in the log"


def _rows(audit: Audit, statement: FindingsStatement) -> tuple[Finding, ...]:
    return load_results(get_blob(audit.store, statement.results, statement.results_bytes))


def _make_again(audit: Audit, answer: Answer, sound: list[SealedFindings]) -> None:
    """Judge the log again as it was, by the same checks; the newest of each profile unless all are wanted."""
    if audit.knowledge is None:
        answer.gap("whether judging again gives the same: no platform files and catalogue are at hand")
        return
    newest = {one.statement.basis.profile: one for one in sound}
    wanted = sound if audit.every_assessment else sorted(newest.values(), key=lambda one: one.index)
    knowledge = audit.knowledge() if wanted else None
    for one in wanted if knowledge else ():
        basis = one.statement.basis
        other = next(_differences(one.statement, knowledge), None) if knowledge else None
        what = f"leaf {one.index}: findings as of {basis.as_of}"
        if other is not None:
            answer.gap(f"{what}: whether judging again gives the same: {other}")
        elif knowledge is not None:
            _compare(audit, answer, what, one.statement, knowledge)
    if len(sound) > len(wanted):
        answer.gap(f"{len(sound) - len(wanted)} older assessments were not made again; --every-assessment does")


def _differences(statement: FindingsStatement, knowledge: Knowledge) -> Iterator[str]:
    """Yield why this program cannot make a statement's findings again."""
    basis = statement.basis
    if basis.tool != knowledge.tool:
        yield f"made with version {basis.tool}, this is {knowledge.tool}"
    if basis.platforms != knowledge.platform_files:
        yield f"made with other platform files ({basis.platforms}; they are kept in the store)"
    if basis.controls != knowledge.controls:
        yield f"made with another catalogue ({basis.controls}; it is kept in the store)"
    if basis.profile not in knowledge.catalogue.profiles:
        yield f"made by the profile {basis.profile}, which is not at hand"


def _compare(audit: Audit, answer: Answer, what: str, statement: FindingsStatement, knowledge: Knowledge) -> None:
    basis = statement.basis
    gone = _erased_since(audit, basis.size)
    if gone:
        answer.gap(f"{what}: whether judging again gives the same: {gone} artefacts were erased since")
        return
    try:
        history = History.read(audit.store, size=basis.size, opened=audit.opened)
        again = assess(audit.store, history, knowledge, at=parse_rfc3339(basis.as_of), profile=basis.profile)
    except Error as error:
        answer.fail(f"{what}: cannot be made again: {error}")
        return
    if again.plan != statement.plan:
        answer.fail(f"{what}: made of the plan {statement.plan}, in force was {again.plan}")
    if again.basis != basis:
        answer.fail(f"{what}: made of other registers than those in the log")
    kept = get_blob(audit.store, statement.results, statement.results_bytes)
    if again.results == kept:
        answer.note(f"{what}: made again, {len(again.findings)} findings, byte for byte the same")
    else:
        answer.fail(
            f"{what}: made again it is another: {_first_difference(load_results(kept), load_results(again.results))}"
        )


def _erased_since(audit: Audit, size: int) -> int:
    """Return how many artefacts that a log of `size` leaves named were erased by what it did not hold yet."""
    later = {erasure for index, erasure in audit.erasures if index >= size}
    return sum(erasure in later and audit.named.get(one, size) < size for one, erasure in audit.erased.items())


def _first_difference(kept: Iterable[Finding], again: Iterable[Finding]) -> str:
    was, now = ({finding.id: finding for finding in rows} for rows in (kept, again))
    for name in sorted(was.keys() | now.keys()):
        one, other = was.get(name), now.get(name)
        if one != other:
            named = one or other
            place = f"{named.requirement} of {named.asset or 'the site'}" if named else name
            return f"{place}: signed as {_told(one)}, is {_told(other)}"
    return "the same findings, written differently"


def _told(finding: Finding | None) -> str:
    return f"{finding.status} ({finding.reason})" if finding else "nothing"
