"""What a log says was erased: looked for in its statements, by whoever seals, reads or checks it."""

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from types import MappingProxyType

from evidence.log.accept import Accepted
from evidence.log.erasure import Erasure, ErasureError, Named, check_list, in_effect
from evidence.log.history import Entry, History
from evidence.log.ledger import Ledger
from evidence.model.capture import Capture
from evidence.model.finding import Finding, Status
from evidence.model.names import Digest

_NAMING = frozenset({"part", "plan", "findings", "anchor"})
"""Kinds that name artefacts."""

_NOTHING: Mapping[Digest, Erasure] = MappingProxyType({})


def named_in(statements: Iterable[tuple[int, Accepted]], wanted: AbstractSet[Digest]) -> Named:
    """Return which of the statements, with their places in the log, name something of what is wanted."""
    named = Named(wanted)
    for index, accepted in statements:
        answers = accepted.part.answers() if accepted.part is not None else frozenset()
        named.take(index, accepted.digest, answers, read_with(accepted))
    return named


def read_with(accepted: Accepted) -> AbstractSet[Digest]:
    """Return what a statement names that the log is read with: plans, lists, knowledge. An answer may be the same."""
    part = accepted.part
    return accepted.blobs.keys() if part is None else dict(part.read_with()).keys()


def check_erasure(ledger: Ledger, accepted: Accepted) -> None:
    """Raise `ErasureError` if a statement is an erasure that is not true of the log."""
    erasure = accepted.erasure
    if erasure is None:
        return
    if ledger.chain.roots.get(erasure.size) != erasure.root:
        raise ErasureError(f"erasure: of a log at {erasure.size} leaves that is not this")
    naming = (i for i, leaf in enumerate(ledger.chain.leaves[: erasure.size]) if leaf.kind in _NAMING)
    check_list(erasure, named_in(((index, ledger.open(index)) for index in naming), erasure.digests))


def rests_on(finding: Finding, erased: Mapping[Digest, Erasure]) -> Erasure | None:
    """Return the erasure that took the last of what a finding rests on; `None` where something of it is there."""
    found = [erased.get(digest) for digest in finding.evidence]
    return found[-1] if found and all(found) else None


def as_it_stands(finding: Finding, erased: Mapping[Digest, Erasure]) -> Finding:
    """Return a finding as it stands: one that rested on nothing but what is gone is not-assessed."""
    erasure = rests_on(finding, erased)
    if erasure is None:
        return finding
    reason = f"what it rested on was {erasure}; it said {finding.status}"
    return finding._replace(status=Status.NOT_ASSESSED, due=False, reason=reason)


def is_gone(capture: Capture, erased: Mapping[Digest, Erasure]) -> Erasure | None:
    """Return the erasure that took an answer, or its share that changes by itself."""
    segment = capture.volatile
    return erased.get(capture.blob) or (erased.get(segment.blob) if segment else None)


def erased_in(history: History) -> Mapping[Digest, Erasure]:
    """Return what is gone of a log, and by which erasure."""
    return erased_by(history, history.statements)


def erased_by(history: History, statements: Iterable[Entry]) -> Mapping[Digest, Erasure]:
    """Return what is gone by the word of some statements of a log, in its order."""
    statements = tuple(statements)
    found = (history.open(entry).erasure for entry in statements if entry.kind == "erasure")
    erasures = [one for one in found if one is not None]
    if not erasures:
        return _NOTHING
    since, wanted = min(one.size for one in erasures), frozenset().union(*(one.digests for one in erasures))
    later = (entry for entry in statements if entry.index >= since)
    return in_effect(erasures, named_in(naming(history, later), wanted))


def naming(history: History, entries: Iterable[Entry]) -> Iterator[tuple[int, Accepted]]:
    """Yield the statements that name artefacts, with their places; those whose key was revoked since, too."""
    for entry in entries:
        if history.ledger.chain.leaves[entry.index].kind in _NAMING:
            yield entry.index, history.open(entry)
