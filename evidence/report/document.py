"""What a report says, before anybody decides how it looks."""

from collections.abc import Mapping
from dataclasses import dataclass

from evidence.model.asset import Asset
from evidence.model.names import AssetId, Digest
from evidence.model.outcome import Result
from evidence.report.judged import Judgement
from evidence.snapshots import Visit
from evidence.verify.result import Step
from evidence.verify.slots import SlotCount

MEANING: Mapping[Result, str] = {
    Result.COLLECTED: "every question was answered whole",
    Result.PARTIAL: "some answers are missing or cut off",
    Result.UNREACHABLE: "nobody answered",
    Result.AUTH_FAILED: "the credential was refused; it was not tried again",
    Result.REFUSED: "the device, or our read-only list, refused what was asked",
    Result.LEFT_ALONE: "not asked further: hold, circuit breaker or quarantine",
    Result.OUT_OF_WINDOW: "not asked: outside the hours it was given",
    Result.OFF_BY_SCHEDULE: "not asked: switched off at that time, as planned",
    Result.EXCLUDED: "not asked, on purpose",
    Result.INTERRUPTED: "the run was stopped before its turn was over",
}
"""What each result means, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How many assets had one result."""

    result: Result
    meaning: str
    assets: int
    reasons: tuple[tuple[str, int], ...]
    """(reason in words, how many assets), the commonest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """One fact with its age."""

    label: str
    value: str
    at: str
    age_s: int
    stale: bool
    """Older than its time to live."""
    source: Digest
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Facts that come in rows."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    left_out: int = 0
    """Rows not shown."""
    summary: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One question's newest answer: where it is kept and how old it is."""

    question: str
    transport: str
    request: str
    at: str
    age_s: int
    stale: bool
    blob: Digest
    bytes: int
    redactions: int
    complete: bool
    reason: str | None
    config: bool
    """It is a configuration."""
    host_key: str | None
    link: str | None
    """What is weak about the SSH connection, and through which hosts it went."""
    access: str | None
    """With which version and level of security SNMP was asked: `v2c`, `v3 authPriv`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What is different between the two newest answers to one question."""

    question: str
    since: str
    at: str
    lines: tuple[str, ...]
    """Lines of a unified diff, or one line a fact."""
    left_out: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """Everything about one asset."""

    id: AssetId
    asset: Asset | None
    """Its line of the ledger; `None` when no run listed it."""
    visit: Visit
    in_newest_run: bool
    platform: str | None
    identity: Mapping[str, Known]
    """By fact name."""
    read_at: str | None
    """When its newest answer was given."""
    age_s: int | None
    stale: int
    """How many of its answers are older than their time to live."""
    answers: tuple[Answer, ...]
    tables: tuple[Table, ...]
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conduct:
    """How the newest run behaved."""

    run: str
    slot: str
    planned: bool
    """Whether a plan asked for it; otherwise somebody ran it ad hoc."""
    started: str
    ended: str
    assets: int
    finished: bool
    """Whether its last chunk is there."""
    totals: Mapping[str, int]
    """`requests`, `failed`, `refused`, `max_rate_per_device`, `max_rate_per_zone`."""
    pace: str
    clock: str
    tool: str
    run_by: str
    restarted: tuple[str, ...]
    """Assets that restarted between our first and last question."""
    action_logs: tuple[Digest, ...]
    parts: tuple[Digest, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobCount:
    """What became of the planned slots of one job."""

    job: str
    slots: int
    first: str
    last: str
    counts: tuple[int, ...]
    """In the order of `evidence.verify.slots.COUNTED`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slots:
    """What became of the planned slots."""

    as_of: str
    expected: int
    late: int
    missed: int
    gaps: int
    jobs: tuple[JobCount, ...]
    not_whole: tuple[SlotCount, ...]
    """The newest of those that are late, missed or a gap."""
    left_out: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """The whole report."""

    owner: str
    origin: str
    size: int
    root: str
    pin: str
    at: str
    """As of when; ages are counted to here."""
    store: str | None
    """Where the evidence lies; `None` where the report lies in a bundle."""
    tool: str
    root_key: str | None
    """Fingerprint of the root key it was verified with, when one was given."""
    steps: tuple[Step, ...]
    counts: tuple[Count, ...]
    sheets: tuple[Sheet, ...]
    conduct: Conduct | None
    slots: Slots | None
    """`None` where no plan has any."""
    not_checked: tuple[tuple[str, str], ...]
    """(what, why)."""
    judgement: Judgement | None
    """The newest assessment; `None` where nothing was judged."""
    narrowed: bool
    """Whether only the answers that are handed out are told of; there may be others, and newer ones."""

    @property
    def failed(self) -> tuple[Step, ...]:
        """The steps of the verification that found something wrong."""
        return tuple(step for step in self.steps if step.status == "failed")

    @property
    def answered(self) -> int:
        """How many assets gave at least one whole answer in their newest visit."""
        return sum(count.assets for count in self.counts if count.result in (Result.COLLECTED, Result.PARTIAL))
