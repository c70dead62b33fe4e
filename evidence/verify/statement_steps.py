"""Steps 6 to 8: statements, what they refer to, and the artefacts."""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from types import MappingProxyType

from evidence.errors import Error
from evidence.log.accept import Accepted, AcceptError, accept
from evidence.log.chain import Chain, Leaf, part_keys
from evidence.log.history import History
from evidence.log.keystatement import Act
from evidence.log.ledger import places_of
from evidence.log.part import After
from evidence.log.plan import plan_blob, plan_time
from evidence.log.quarantine import Quarantine
from evidence.log.statement import FIRST_SUBJECT, ROLE_OF, Statement, UnknownKindError
from evidence.model.names import Digest, digest_of
from evidence.registers.holding import LegalHold, erased_under_hold
from evidence.store.blobs import get_blob, measure_blob
from evidence.store.layout import Area, statement_key
from evidence.store.originals import check_original
from evidence.verify.audit import Audit, SealedFindings, SealedPart, SealedPlan
from evidence.verify.erased_step import check_erasures, name_erased
from evidence.verify.result import Answer


def check_statements(audit: Audit, answer: Answer) -> None:
    """Step 6: every leaf's statement is there, unchanged, signed by a key with the role for it, for this log."""
    chain = audit.sealed
    if chain is None or not audit.authorities:
        answer.gap("the log cannot be read (steps 2 and 4)")
        return
    places: dict[Digest, list[str]] = {}
    for key, place in audit.keys.items():
        if place.area is Area.PART and place.digest is not None:
            places.setdefault(place.digest, []).append(key)
    settled: set[str] = set()
    set_aside: dict[str, Quarantine] = {}
    for index, leaf in enumerate(chain.leaves):
        candidates = (
            places.get(leaf.statement, []) if leaf.kind == "part" else [statement_key(leaf.kind, leaf.statement)]
        )
        accepted = _open_leaf(audit, answer, index, leaf, candidates, settled)
        if accepted is None:
            continue
        if accepted.quarantine is not None and not audit.distrusted(index, accepted.statement):
            set_aside[accepted.quarantine.key] = accepted.quarantine
        _learn(audit, answer, index, leaf, accepted)
        if accepted.part is not None:
            audit.opened.keep(index, accepted)
    _check_others(audit, answer, settled, set_aside)
    name_disowned(audit.disowned, answer)
    answer.note(f"{chain.size} statements")


def _open_leaf(
    audit: Audit, answer: Answer, index: int, leaf: Leaf, candidates: list[str], settled: set[str]
) -> Accepted | None:
    """Return a leaf's statement; it lies in one place, unless somebody put copies of a part elsewhere."""
    audit.visible.add(leaf.statement)
    if leaf.kind not in ROLE_OF:
        settled.update(candidates)
        answer.gap(f"{leaf.statement}: of the unknown kind {leaf.kind}")
        return None
    trouble: Error = AcceptError(f"parts/…: the logged part {leaf.statement} is missing")
    for key in candidates:
        try:
            accepted = accept(key, audit.store.get(key), audit.authority_at(index))
        except UnknownKindError as error:
            settled.add(key)
            answer.gap(f"{key}: {error}")
            return None
        except Error as error:
            trouble = error if str(error).startswith(key) else AcceptError(f"{key}: {error}")
        else:
            settled.add(key)
            return accepted
    if len(candidates) == 1:
        settled.update(candidates)
    answer.fail(str(trouble))
    return None


def _learn(audit: Audit, answer: Answer, index: int, leaf: Leaf, accepted: Accepted) -> None:
    """Keep what later steps need of a statement, and let go of the rest."""
    statement, counts = accepted.statement, not audit.distrusted(index, accepted.statement, accepted.digest)
    if accepted.plan is not None:
        audit.plans.setdefault(accepted.plan, index)
    elif leaf.kind not in FIRST_SUBJECT:
        audit.subjects.append((index, leaf.kind, statement.subjects[0].digest))
    known, blobs = audit.blobs.get, accepted.blobs
    # Most are known, of the nights before. One by one: the difference of two views looks at all of the larger one.
    for digest, length in [pair for pair in blobs.items() if known(pair[0]) != pair[1]]:
        audit.named.setdefault(digest, index)
        if audit.blobs.setdefault(digest, length) != length:
            answer.fail(f"{leaf.statement}: says {digest} has {length} bytes, another says {audit.blobs[digest]}")
    if accepted.review is not None:
        answer.note(f"leaf {index}: {accepted.review.by} let {len(accepted.review.adopted)} statements count")
    if counts:
        _count(audit, index, accepted)
    else:
        audit.disowned[index] = statement._replace(subjects=(), predicate=MappingProxyType({}))


def name_disowned(disowned: Mapping[int, Statement], answer: Answer) -> None:
    """Tell how many statements do not count, because their key was revoked since."""
    if disowned:
        kinds = Counter(statement.kind for statement in disowned.values())
        named = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
        answer.gap(f"{len(disowned)} statements by keys that were revoked since support nothing: {named}")


def _count(audit: Audit, index: int, accepted: Accepted) -> None:
    """Let a statement count for what the later steps ask."""
    if accepted.plan is not None:
        blob, length = plan_blob(accepted.statement)
        stated = SealedPlan(index=index, blob=blob, bytes=length, at=plan_time(accepted.statement))
        audit.stated.append(stated)
    if accepted.missed is not None:
        audit.missed.append(accepted.missed)
    if accepted.export is not None:
        audit.known.append((index, "export", After(size=accepted.export.size, root=accepted.export.root)))
    if accepted.findings is not None:
        basis = accepted.findings.basis
        audit.known.append((index, "findings", After(size=basis.size, root=basis.root)))
    if accepted.erasure is not None:
        audit.erasures.append((index, accepted.erasure))
        audit.known.append((index, "erasure", After(size=accepted.erasure.size, root=accepted.erasure.root)))
    if accepted.anchor is not None:
        audit.anchors.append((index, accepted.anchor))
    if accepted.part is not None:
        audit.parts.append(SealedPart.of(index, accepted.digest, accepted.part))
        audit.originals.update(accepted.part.originals())
    if accepted.findings is not None:
        audit.findings.append(SealedFindings(index=index, statement=accepted.findings))


def _check_others(audit: Audit, answer: Answer, settled: set[str], set_aside: dict[str, Quarantine]) -> None:
    """Judge the statements no leaf stands for: set aside by the sealer, waiting for the next seal, or bad."""
    authority = audit.authorities[-1][1]
    for key, place in audit.keys.items():
        if place.area not in (Area.PART, Area.STATEMENT) or place.digest is None or key in settled:
            continue
        quarantine = set_aside.pop(key, None)
        try:
            data = audit.store.get(key)
            if quarantine is not None and quarantine.found == digest_of(data):
                # What was damaged before it was sealed is named by its key, and may be referred to by that name.
                audit.visible.update((quarantine.found, place.digest))
                answer.note(f"{key}: set aside by the sealer, supports nothing: {quarantine.reason}")
                continue
            accepted = accept(key, data, authority)
            if accepted.key is None or accepted.key.act is not Act.RETIRE:  # that waits for what its key signed
                authority = accepted.authority
        except Error as error:
            answer.fail(f"{key}: neither sealed nor fit to be: {error}")
            continue
        if accepted.anchor is None:
            audit.waiting += 1
        elif audit.sealed is not None:
            audit.anchors.append((audit.sealed.size, accepted.anchor))
        audit.visible.add(place.digest)
    for key in set_aside:
        if key not in settled:
            answer.fail(f"{key}: set aside by the sealer, and missing now")


def check_links(audit: Audit, answer: Answer) -> None:
    """Step 7: plans were logged before what refers to them, and a part's `previous` and `after` hold."""
    chain = audit.sealed
    if chain is None:
        answer.gap("the log cannot be read (step 4)")
        return
    for index, kind, plan in audit.subjects:
        if audit.plans.get(plan, index) >= index:
            answer.fail(f"leaf {index}: {kind}: its plan {plan} was not logged before it")
    for part in audit.parts:
        for previous in part.previous:
            if previous not in audit.visible:
                answer.fail(f"leaf {part.index}: part of {part.slot}: refers to {previous}, which is gone")
        if part.after is None:
            continue
        root = chain.roots.get(part.after.size)
        if part.after.size > part.index or part.after.root != root:
            answer.fail(
                f"leaf {part.index}: part of {part.slot}: knew a log at {part.after.size} leaves that is not this"
            )
    for index, kind, after in audit.known:
        if after.size > index or chain.roots.get(after.size) != after.root:
            answer.fail(f"leaf {index}: {kind}: of a log at {after.size} leaves that is not this")
    audit.erased = check_erasures(audit.erasures, _again(audit, chain), answer)
    answer.note(f"{len(audit.parts)} parts, {len(audit.plans)} plans")


def _again(audit: Audit, chain: Chain) -> Iterator[tuple[int, Accepted]]:
    """Yield every statement that holds, once more; what is wrong with the others step 6 has said."""
    places = part_keys(audit.store)
    for index, leaf in enumerate(chain.leaves):
        held = audit.opened.get(index)
        if held is not None:
            yield index, held
            continue
        with suppress(Error):
            key = places_of(leaf, places)[0]
            yield index, accept(key, audit.store.get(key), audit.authority_at(index))


def check_blobs(audit: Audit, answer: Answer) -> None:
    """Step 8: every artefact is there, one frame of its signed length, with the digest it is named by."""
    there = {place.digest for place in audit.keys.values() if place.area in (Area.BLOB, Area.ORIGINAL)}
    name_erased(audit.erased, answer)
    held = _under_hold(audit, answer)
    for digest in sorted(audit.erased.keys() & there - held.keys()):
        answer.gap(f"{digest}: is still there; `erase` with the same words removes it")
    for digest, hold in held.items():
        if digest in there:
            answer.gap(f"{digest}: was said to be erased, and stays while this lasts: {hold}")
        else:
            answer.fail(f"{digest}: was erased in spite of {hold}")
    for digest, length in sorted(audit.blobs.items()):
        if digest in audit.erased:
            continue
        try:
            get_blob(audit.store, digest, length)
        except Error as error:
            answer.fail(str(error))
    orphans = 0
    for key, place in audit.keys.items():
        if place.area is Area.BLOB and place.digest is not None and place.digest not in audit.blobs:
            orphans += 1
            try:
                measure_blob(audit.store, place.digest)
            except Error as error:
                answer.fail(f"{key}: {error}")
    answer.note(f"{len(audit.blobs)} artefacts, and {orphans} nobody refers to")
    _check_originals(audit, answer)
    if audit.sealed is None:
        answer.gap("which artefacts there should be: the log cannot be read (step 4)")


def _under_hold(audit: Audit, answer: Answer) -> Mapping[Digest, LegalHold]:
    """Return what is said to be gone and a legal hold covers that was there before, and still is."""
    if not audit.erased:
        return {}
    try:
        history = History.read(audit.store, opened=audit.opened)
        return {digest: hold for digest, hold in erased_under_hold(history) if digest in audit.erased}
    except Error as error:
        answer.gap(f"whether legal holds were kept: {error}")
        return {}


def _check_originals(audit: Audit, answer: Answer) -> None:
    """Look whether every encrypted original is there, with its digest; what it says only a holder of a key can tell."""
    for digest, length in sorted(audit.originals.items()):
        if digest in audit.erased:
            continue
        try:
            check_original(audit.store, digest, length)
        except Error as error:
            answer.fail(str(error))
    if audit.originals:
        answer.gap(
            f"what {len(audit.originals)} encrypted originals say: they are there, and only their keys open them"
        )
