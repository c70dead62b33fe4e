"""Steps 7, 8, 9 and 11 of a bundle: statements, what they refer to, artefacts, anchors."""

from collections import Counter
from collections.abc import Iterator

from evidence.bundle.layout import BAG_INFO, BLOBS, EVIDENCE, artefact_path, blob_path
from evidence.bundle.opened import read_file
from evidence.errors import Error
from evidence.log.accept import Accepted, AcceptError, judge
from evidence.log.part import After, PartStatement
from evidence.log.plan import plan_blob, plan_time
from evidence.log.statement import FIRST_SUBJECT, UnknownKindError
from evidence.model.names import Digest, digest_of
from evidence.store.layout import MAX_STATEMENT_BYTES
from evidence.verify.anchor_step import check_outside
from evidence.verify.audit import SealedPart, SealedPlan
from evidence.verify.bundle_audit import BundleAudit, path_digest
from evidence.verify.bundle_findings import check_tables
from evidence.verify.bundle_gaps import Run
from evidence.verify.bundle_steps import pins_that_bind
from evidence.verify.erased_step import check_erasures, name_erased
from evidence.verify.result import Answer
from evidence.verify.statement_steps import name_disowned

UNREADABLE = "the log (step 2) or who may sign (step 3) is unknown"
"""Why a step cannot begin."""

_UNVOUCHED = "report.html, assets.csv, evidence.csv and conduct.csv"


def check_supplied(audit: BundleAudit, answer: Answer) -> None:
    """Step 7: every statement that is here stands in the log, unchanged, signed by a key with the role for it."""
    proof = audit.proof
    if proof is None or not audit.authorities:
        answer.gap(UNREADABLE)
        return
    supplied: set[Digest] = set()
    for index, path, digest in _in_order(audit, answer):
        supplied.add(digest)
        try:
            data = read_file(audit.bundle, path, at_most=MAX_STATEMENT_BYTES)
            if digest_of(data) != digest:
                raise AcceptError(f"the bytes there have the digest {digest_of(data)}")
            accepted = judge(data, audit.authority_at(index))
            if accepted.statement.kind != audit.places[digest][1]:
                raise AcceptError(f"a statement of kind {accepted.statement.kind}")
        except UnknownKindError as error:
            answer.gap(f"{path}: {error}")
        except Error as error:
            answer.fail(f"{path}: {error}")
        else:
            audit.statements[digest] = path
            _learn(audit, answer, index, accepted)
    name_disowned(audit.disowned, answer)
    withheld = Counter(leaf.kind for leaf in proof.leaves if leaf.statement not in supplied)
    audit.withheld = withheld
    if withheld:
        named = ", ".join(f"{count} {kind}" for kind, count in sorted(withheld.items()))
        answer.gap(f"{withheld.total()} statements are in the log and withheld: {named}")
    if audit.info.get("Plantproof-Withheld") != str(withheld.total()):
        answer.fail(f"{BAG_INFO}: says {audit.info.get('Plantproof-Withheld')} statements are withheld")
    answer.note(f"{len(supplied)} statements, {len(proof.leaves)} leaves")


def _in_order(audit: BundleAudit, answer: Answer) -> list[tuple[int, str, Digest]]:
    """Return index, path and digest of each statement that is here, in the log's order."""
    found = []
    for path in audit.statement_paths():
        try:
            kind, digest = path_digest(path)
        except Error as error:
            answer.fail(str(error))
            continue
        if audit.places.get(digest, (0, ""))[1] != kind:
            answer.fail(f"{path}: not shown to be in the log")
        else:
            found.append((audit.places[digest][0], path, digest))
    return sorted(found)


def _learn(audit: BundleAudit, answer: Answer, index: int, accepted: Accepted) -> None:
    statement = accepted.statement
    if accepted.plan is not None:
        audit.plans.setdefault(accepted.plan, index)
    elif statement.kind not in FIRST_SUBJECT:
        audit.subjects.append((index, statement.kind, statement.subjects[0].digest))
    for digest, length in accepted.blobs.items():
        if audit.blobs.setdefault(digest, length) != length:
            answer.fail(f"{accepted.digest}: says {digest} has {length} bytes, another says {audit.blobs[digest]}")
    if accepted.review is not None:
        answer.note(f"leaf {index}: {accepted.review.by} let {len(accepted.review.adopted)} statements count")
    if audit.distrusted(index, statement, accepted.digest):
        audit.disowned[index] = statement
    else:
        _count(audit, index, accepted)


def _count(audit: BundleAudit, index: int, accepted: Accepted) -> None:
    """Let a statement count for what the later steps ask."""
    if accepted.plan is not None:
        blob, length = plan_blob(accepted.statement)
        stated = SealedPlan(index=index, blob=blob, bytes=length, at=plan_time(accepted.statement))
        audit.stated.append(stated)
    if accepted.missed is not None:
        audit.said[accepted.missed] = accepted.digest
    if accepted.export is not None:
        audit.known.append((index, "export", After(size=accepted.export.size, root=accepted.export.root)))
    if accepted.findings is not None:
        audit.findings[accepted.digest] = accepted.findings
        basis = accepted.findings.basis
        audit.known.append((index, "findings", After(size=basis.size, root=basis.root)))
    if accepted.erasure is not None:
        audit.erasures.append((index, accepted.erasure))
        audit.known.append((index, "erasure", After(size=accepted.erasure.size, root=accepted.erasure.root)))
    if accepted.anchor is not None:
        audit.anchors.append((index, accepted.anchor))
    if accepted.part is not None:
        _learn_part(audit, index, accepted.digest, accepted.part)


def _learn_part(audit: BundleAudit, index: int, digest: Digest, part: PartStatement) -> None:
    audit.parts.append(SealedPart.of(index, digest, part))
    audit.runs.append(Run.of(digest, part, part.outcomes))
    audit.moving.update(part.packed)
    if part.after is not None:
        audit.known.append((index, f"part of {part.slot}", part.after))
    for capture in part.captures:
        audit.answers.add(capture.blob)
        for mark in (None, capture.blob):
            path = artefact_path(capture.asset, capture.at[:10], capture.question, mark)
            if audit.manifest.get(path) == capture.blob:
                audit.explained[path] = capture.asset


def check_references(audit: BundleAudit, answer: Answer) -> None:
    """Step 8: plans were logged before what refers to them, `previous` is in the log, and `after` is what it was."""
    proof = audit.proof
    if proof is None or not audit.authorities:
        answer.gap(UNREADABLE)
        return
    for index, kind, plan in audit.subjects:
        if plan not in audit.plans:
            answer.fail(f"leaf {index}: {kind}: its plan {plan} is not here")
        elif audit.plans[plan] >= index:
            answer.fail(f"leaf {index}: {kind}: its plan {plan} was not logged before it")
    for part in audit.parts:
        for previous in part.previous:
            if previous not in audit.places:
                answer.fail(f"leaf {part.index}: part of {part.slot}: refers to {previous}, which is not shown")
    roots = proof.roots(after.size for _, _, after in audit.known)
    for index, what, after in audit.known:
        if after.size > index or roots.get(after.size, after.root) != after.root:
            answer.fail(f"leaf {index}: {what}: knew a log at {after.size} leaves that is not this")
        elif after.size not in roots:
            answer.gap(f"leaf {index}: {what}: knew the log at {after.size} leaves, before this bundle's")
    audit.erased = check_erasures(audit.erasures, _again(audit), answer, shown=audit.statements.keys())
    if audit.erasures and (proof.previous or audit.withheld):
        answer.gap("whether erasures list all statements they affect: not all are here")
    answer.note(f"{len(audit.parts)} parts, {len(audit.plans)} plans")


def _again(audit: BundleAudit) -> Iterator[tuple[int, Accepted]]:
    """Yield every supplied statement that holds, once more."""
    for digest, path in audit.statements.items():
        index = audit.places[digest][0]
        yield index, judge(read_file(audit.bundle, path, at_most=MAX_STATEMENT_BYTES), audit.authority_at(index))


def check_artefacts(audit: BundleAudit, answer: Answer) -> None:
    """Step 9: every artefact is one a statement names, for its asset, day and question; findings are as signed."""
    if audit.proof is None or not audit.authorities:
        answer.gap(UNREADABLE)
        return
    files = [path for path in audit.manifest if path.startswith(EVIDENCE)]
    for path in files:
        if path not in audit.explained:
            answer.fail(f"{path}: no statement here names this artefact for that asset, day and question")
    named = {blob_path(digest): digest for digest in audit.blobs}
    others = [path for path in audit.manifest if path.startswith(BLOBS)]
    for path in others:
        if named.get(path) != audit.manifest[path]:
            answer.fail(f"{path}: no statement here names this artefact")
    for path in (*files, *others):
        digest, size = audit.manifest[path], audit.bundle.sizes.get(path)
        if digest in audit.erased:
            answer.fail(f"{path}: is here, and was {audit.erased[digest]}")
        if size is not None and audit.blobs.get(digest, size) != size:
            answer.fail(f"{path}: has {size} bytes, and was said to have {audit.blobs[digest]}")
    name_erased({digest: one for digest, one in audit.erased.items() if digest in audit.answers}, answer)
    missing = len(audit.answers - {audit.manifest[path] for path in files} - audit.erased.keys())
    if missing:
        answer.gap(f"{missing} answers that the statements name are withheld")
    check_tables(audit, answer)
    answer.note(f"{len(files)} answers, {len(others)} lists and logs")


def check_bundle_anchors(audit: BundleAudit, answer: Answer) -> None:
    """Step 11: what outside the bundle binds its log in time, and what does not."""
    if audit.proof is None or audit.current is None:
        answer.gap(UNREADABLE)
        return
    here = audit.current.checkpoint
    audit.roots |= audit.proof.roots(anchor.size for _, anchor in audit.anchors)
    check_outside(audit, answer, size=here.size, origin=here.origin, pins=pins_that_bind(audit))
    answer.gap(f"whether {_UNVOUCHED} say what the statements say: the sealer made and signed them")
