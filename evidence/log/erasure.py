"""
Erasure: the owner's word that artefacts were removed, for which reason, and which statements name what is gone.

It is made over the log as it had a size. Whoever checks it finds out what was named up to there, and by whom: the list
has to be complete. What a later statement names was collected again, and has to be there again.
"""

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from evidence.clock import rfc3339
from evidence.errors import Error
from evidence.log.fields import Fields, ShapeError
from evidence.log.note import Checkpoint
from evidence.log.statement import Statement, Subject
from evidence.model.capture import Capture
from evidence.model.names import Digest

MAX_ERASED = 10_000
"""Most artefacts of one erasure; those of an asset that was read 100 questions a night, a tenth of them changed, for
three years."""

MAX_AFFECTED = 200_000
"""Most statements of one list: a part every hour for twenty years; 15 MB, half of what a statement may have."""

ARTEFACT, ORIGINAL = "artefact", "original"
"""Names of the subjects behind the plan: blobs, and encrypted originals by their ciphertext."""

_ERASURE = frozenset({"log", "at", "by", "reason", "size", "root", "affected"})
_NONE: frozenset[str] = frozenset()


class ErasureError(Error):
    """What an erasure says of the log is not so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """What was removed, and why."""

    artefacts: tuple[Digest, ...]
    originals: tuple[Digest, ...]
    affected: tuple[Digest, ...]
    """Every statement below `size` that names one of them, in order."""
    size: int
    root: str
    by: str
    reason: str
    at: str

    @property
    def digests(self) -> frozenset[Digest]:
        """Everything that was removed."""
        return frozenset((*self.artefacts, *self.originals))

    def __str__(self) -> str:
        """Return when it was said, by whom and why."""
        return f"erased on {self.at} by {self.by}: {self.reason}"


def erasure_predicate(
    *, by: str, reason: str, at: datetime, here: Checkpoint, affected: Iterable[Digest]
) -> Mapping[str, object]:
    """Return the predicate of an erasure; `append` adds the log's origin."""
    return {
        "by": by,
        "reason": reason,
        "at": rfc3339(at),
        "size": here.size,
        "root": here.root,
        "affected": sorted(set(affected)),
    }


def erasure_subjects(plan: Digest, artefacts: Iterable[Digest], originals: Iterable[Digest]) -> tuple[Subject, ...]:
    """Return the subjects of an erasure: the plan, then what is removed, in order."""
    return (
        Subject(name="plan", digest=plan),
        *(Subject(name=ARTEFACT, digest=one) for one in sorted(set(artefacts))),
        *(Subject(name=ORIGINAL, digest=one) for one in sorted(set(originals))),
    )


def read_erasure(statement: Statement) -> Erasure:
    """Read an erasure; raise `ShapeError` unless it is written our way."""
    fields = Fields(statement.predicate, "erasure", _ERASURE, _NONE)
    plan, *rest = statement.subjects
    artefacts = tuple(one.digest for one in rest if one.name == ARTEFACT)
    originals = tuple(one.digest for one in rest if one.name == ORIGINAL)
    if not 0 < len(rest) <= MAX_ERASED or statement.subjects != erasure_subjects(plan.digest, artefacts, originals):
        raise ShapeError(f"erasure: expected the plan and 1 to {MAX_ERASED} things removed, in order, each once")
    return Erasure(
        artefacts=artefacts,
        originals=originals,
        affected=fields.digests("affected", least=1, most=MAX_AFFECTED),
        size=fields.whole("size", least=1),
        root=fields.text("root", longest=64),
        by=fields.text("by", longest=500),
        reason=fields.text("reason", longest=2000),
        at=fields.time("at"),
    )


def digests_of(capture: Capture) -> frozenset[Digest]:
    """Return everything that holds something of an answer: its blob, its moving values, its original."""
    own = [capture.volatile.blob] if capture.volatile else []
    own += [capture.original.digest] if capture.original else []
    return frozenset((capture.blob, *own))


@dataclass(slots=True)
class Named:
    """Which statements of a log name certain digests, and what as."""

    wanted: AbstractSet[Digest]
    by: dict[Digest, dict[int, Digest]] = field(default_factory=dict)
    """Index and digest of the statements that name each of them."""
    lasting: dict[Digest, int] = field(default_factory=dict)
    """First statement that names one of them as a list, plan, knowledge or judgement: what the log is read with."""

    def take(self, index: int, statement: Digest, answers: AbstractSet[Digest], others: AbstractSet[Digest]) -> None:
        """Take note of what a statement names as answers or originals, and of what it names besides."""
        for digest in (answers | others) & self.wanted:
            self.by.setdefault(digest, {})[index] = statement
        for digest in others & self.wanted:
            self.lasting.setdefault(digest, index)

    def below(self, digest: Digest, size: int) -> Iterator[Digest]:
        """Yield the statements below `size` that name a digest."""
        yield from (statement for index, statement in self.by.get(digest, {}).items() if index < size)

    def again(self, digest: Digest, size: int) -> bool:
        """Tell whether a statement from `size` on names a digest."""
        return any(index >= size for index in self.by.get(digest, {}))


def check_list(erasure: Erasure, named: Named, *, shown: AbstractSet[Digest] | None = None) -> None:
    """
    Raise `ErasureError` unless an erasure lists what it affects, all of it and nothing else.

    Of a log of which only the statements `shown` can be read, only those are looked for.
    """
    for digest in sorted(erasure.digests):
        if named.lasting.get(digest, erasure.size) < erasure.size:
            raise ErasureError(f"erasure: {digest} is no answer; without it the log cannot be read")
    affected = {one for digest in erasure.digests for one in named.below(digest, erasure.size)}
    listed = {one for one in erasure.affected if shown is None or one in shown}
    for statement in sorted(affected - listed):
        raise ErasureError(f"erasure: {statement} names what was erased, and is not listed")
    for statement in sorted(listed - affected):
        raise ErasureError(f"erasure: lists {statement}, which names nothing of it")
    for digest in sorted(erasure.digests if shown is None else ()):
        if not any(True for _ in named.below(digest, erasure.size)):
            raise ErasureError(f"erasure: nothing names {digest}")


def in_effect(erasures: Iterable[Erasure], named: Named) -> Mapping[Digest, Erasure]:
    """Return what is gone for good, and by which erasure: what was collected again has to be there."""
    found = {digest: erasure for erasure in erasures for digest in erasure.digests}
    gone = {digest: erasure for digest, erasure in found.items() if not named.again(digest, erasure.size)}
    return MappingProxyType(gone)
