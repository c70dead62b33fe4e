"""What verification found, step by step."""

from dataclasses import dataclass, field
from enum import StrEnum

from evidence.log.note import Checkpoint
from evidence.verify.slots import Calendar

MAX_DETAILS = 100
"""Most details kept of one step; the rest are counted."""


class Status(StrEnum):
    """How a step ended."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_CHECKED = "not-checked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One numbered question and its answer."""

    number: int
    name: str
    status: Status
    details: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Every step's answer, and what the log was."""

    checkpoint: Checkpoint | None
    """Origin, size and root as recomputed; `None` where the log could not be read."""
    steps: tuple[Step, ...]
    calendar: Calendar | None = None
    """What became of the planned slots; `None` where no plan has any, or nobody said up to when."""

    @property
    def failed(self) -> tuple[Step, ...]:
        """The steps that found something wrong."""
        return tuple(step for step in self.steps if step.status is Status.FAILED)


@dataclass(slots=True)
class Answer:
    """A step's answer while it is being found; it passes only if it says so and nothing speaks against it."""

    failures: list[str] = field(default_factory=list)
    gaps: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    left_out: int = 0

    def fail(self, detail: str) -> None:
        """Something is wrong."""
        self._keep(self.failures, detail)

    def gap(self, detail: str) -> None:
        """Something was not checked, and why."""
        self._keep(self.gaps, detail)

    def note(self, detail: str) -> None:
        """Something was checked."""
        self._keep(self.notes, detail)

    def step(self, number: int, name: str) -> Step:
        """Return the finished step."""
        status = Status.FAILED if self.failures else Status.NOT_CHECKED if self.gaps else Status.PASSED
        details = [*self.failures, *self.gaps, *self.notes]
        if self.left_out:
            details.append(f"and {self.left_out} more")
        return Step(number=number, name=name, status=status, details=tuple(details))

    def _keep(self, details: list[str], detail: str) -> None:
        if len(details) < MAX_DETAILS:
            details.append(detail)
        else:
            self.left_out += 1
