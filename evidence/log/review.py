"""Reviews: the owner's word that statements count although the key that signed them had ended."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from evidence.clock import rfc3339
from evidence.log.fields import Fields, ShapeError
from evidence.log.statement import Statement, Subject
from evidence.model.names import Digest

MAX_ADOPTED = 10_000
"""Most statements of one review; a chunk of a run is one."""

_REVIEW = frozenset({"log", "at", "by", "reason"})
_NONE: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What an owner looked at and lets count."""

    adopted: tuple[Digest, ...]
    by: str
    reason: str
    at: str


def review_predicate(*, by: str, reason: str, at: datetime) -> Mapping[str, object]:
    """Return the predicate of a review; `append` adds the log's origin."""
    return {"by": by, "reason": reason, "at": rfc3339(at)}


def review_subjects(plan: Digest, adopted: Iterable[Digest]) -> tuple[Subject, ...]:
    """Return the subjects of a review: the plan, then each statement that is adopted, in order."""
    return (Subject(name="plan", digest=plan), *(Subject(name="adopted", digest=one) for one in sorted(set(adopted))))


def read_review(statement: Statement) -> Review:
    """Read a review; raise `ShapeError` unless it is written our way."""
    fields = Fields(statement.predicate, "review", _REVIEW, _NONE)
    plan, *rest = statement.subjects
    adopted = tuple(subject.digest for subject in rest)
    if not 0 < len(adopted) <= MAX_ADOPTED or statement.subjects != review_subjects(plan.digest, adopted):
        raise ShapeError(f"review: expected the plan and 1 to {MAX_ADOPTED} statements, in order, each once")
    return Review(
        adopted=adopted,
        by=fields.text("by", longest=500),
        reason=fields.text("reason", longest=2000),
        at=fields.time("at"),
    )
