"""The assessments a log holds, read back."""

from collections.abc import Iterator
from dataclasses import dataclass

from evidence.log.erased import as_it_stands, erased_in
from evidence.log.findings import FindingsStatement, load_results
from evidence.log.history import History
from evidence.model.finding import Finding
from evidence.model.names import Digest
from evidence.store.blobs import get_blob
from evidence.store.interface import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One assessment that was signed."""

    index: int
    """Place of its statement in the log."""
    digest: Digest
    statement: FindingsStatement
    findings: tuple[Finding, ...]
    """As they stand now."""


def recorded(
    store: Store, history: History, *, as_of: str | None = None, profile: str | None = None
) -> Iterator[Recorded]:
    """
    Yield the assessments in the log, the newest first: up to a moment (RFC 3339 UTC), and of one profile.

    A finding is as it was signed, save where all it rested on was erased since: that is not-assessed.
    """
    erased = erased_in(history)
    for entry in reversed(history.statements):
        if entry.kind != "findings":
            continue
        statement = history.open(entry).findings
        if statement is None or (as_of is not None and statement.basis.as_of > as_of):
            continue
        if profile is None or statement.basis.profile == profile:
            rows = load_results(get_blob(store, statement.results, statement.results_bytes))
            findings = tuple(as_it_stands(row, erased) for row in rows)
            yield Recorded(index=entry.index, digest=entry.digest, statement=statement, findings=findings)


def newest_two(
    store: Store, history: History, *, as_of: str | None = None, profile: str | None = None
) -> tuple[Recorded | None, Recorded | None]:
    """Return the newest assessment, and the one before it by the same profile."""
    newest = next(recorded(store, history, as_of=as_of, profile=profile), None)
    if newest is None:
        return None, None
    same = recorded(store, history, as_of=as_of, profile=newest.statement.basis.profile)
    return newest, next((one for one in same if one.index < newest.index), None)


def current_evidence(store: Store, history: History) -> frozenset[Digest]:
    """Return what the newest assessment of each profile rests on."""
    newest: dict[str, Recorded] = {}
    for one in recorded(store, history):
        newest.setdefault(one.statement.basis.profile, one)
    return frozenset(digest for one in newest.values() for finding in one.findings for digest in finding.evidence)
