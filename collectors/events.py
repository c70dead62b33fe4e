"""
What happens in a run, for those who look on: logs, transcripts, metrics, pings, traces.

Every text in an event is without secrets already. A watcher may be called from any thread, and never fails a run.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from evidence.model.names import AssetId
from evidence.model.outcome import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """The command has read its site file."""

    job: str
    """Name of the job whose slot is filled, or `adhoc`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunBegan:
    """The plan is made; the first asset is next."""

    run: str
    slot: str
    assets: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitBegan:
    """An asset's turn has come."""

    asset: AssetId


@dataclass(frozen=True, slots=True, kw_only=True)
class Requested:
    """A request left, and its answer or its absence is known."""

    asset: AssetId
    transport: str
    verb: str
    object: str
    took_s: float
    received: int
    """Values or bytes."""
    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """An answer, as it is kept."""

    asset: AssetId
    transport: str
    request: str
    data: bytes
    complete: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitEnded:
    """An asset has its outcome."""

    outcome: Outcome
    captures: int
    redactions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSealed:
    """Everything is written; `pin` is `None` where sealing is left to somebody else."""

    requests: int
    pin: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunJudged:
    """What is known was judged."""

    counts: Mapping[str, int]
    """Status -> findings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The command ends."""

    code: int
    error: str | None = None
    """What ended it before its time."""


Event = Started | RunBegan | VisitBegan | Requested | Answered | VisitEnded | RunSealed | RunJudged | Ended
Watch = Callable[[Event], None]


def nobody(_event: Event) -> None:
    """Watch nothing."""


def together(watchers: Iterable[Watch]) -> Watch:
    """Return one that tells all of `watchers`."""
    everybody = tuple(watchers)

    def tell(event: Event) -> None:
        for watcher in everybody:
            watcher(event)

    return tell if everybody else nobody
