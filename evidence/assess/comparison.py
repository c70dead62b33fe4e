"""Better or worse: one assessment against the one before it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from evidence.model.finding import Finding, Status

FAIL_ON = ("contradicts", "due", "not-assessed")
"""What a run can be told to fail on, each with all before it."""


CONTRADICTED = 3
"""Weight of a contradiction that nothing covers."""


class Change(StrEnum):
    """What became of a finding since the assessment before."""

    NEW = "new"
    """Something is wrong or open that was not judged before."""
    WORSE = "worse"
    SAME = "same"
    BETTER = "better"


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A finding, and what it was before."""

    finding: Finding
    before: Finding | None
    change: Change


def weight(finding: Finding) -> int:
    """Return how bad a finding is: 0 nothing to do, 1 due or excepted, 2 not assessed, 3 contradicted."""
    match finding.status:
        case Status.CONTRADICTS:
            return 1 if finding.exception is not None else CONTRADICTED
        case Status.NOT_ASSESSED:
            return 2
    return 1 if finding.due else 0


def compared(now: Iterable[Finding], before: Iterable[Finding]) -> Iterator[Compared]:
    """Yield every finding with what it was; one that is nothing to do and was not judged before is no news."""
    known = {finding.id: finding for finding in before}
    for finding in now:
        old = known.get(finding.id)
        was = weight(old) if old is not None else 0
        here = weight(finding)
        if here == was:
            change = Change.SAME
        elif here < was:
            change = Change.BETTER
        else:
            change = Change.WORSE if old is not None else Change.NEW
        yield Compared(finding=finding, before=old, change=change)


def fails(findings: Iterable[Finding], level: str) -> bool:
    """Tell whether a finding is at `level` (one of `FAIL_ON`) or above; an excepted contradiction is not."""
    reached = FAIL_ON[: FAIL_ON.index(level) + 1]
    for finding in findings:
        if finding.status is Status.CONTRADICTS and finding.exception is None:
            return True
        if (finding.due and "due" in reached) or (finding.status is Status.NOT_ASSESSED and "not-assessed" in reached):
            return True
    return False
