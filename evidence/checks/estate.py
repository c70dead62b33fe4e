"""What checks judge: every asset with what is known of it, as of one moment."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from evidence.checks.tables import Tables
from evidence.clock import parse_rfc3339
from evidence.model.asset import Asset
from evidence.model.capture import Capture
from evidence.model.fact import Fact
from evidence.model.names import AssetId, Digest
from evidence.model.outcome import Outcome
from evidence.model.register import Registers
from evidence.model.support import SupportEnd


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of a family of facts: one certificate, rule, session, job."""

    name: str
    facts: Mapping[str, Fact]
    """By column: `not_after` of `certificate.not_after`."""

    def text(self, column: str) -> str | None:
        """Return the value of a column, or nothing."""
        fact = self.facts.get(column)
        return fact.value if fact else None

    @property
    def sources(self) -> tuple[Digest, ...]:
        """The captures the row was read from."""
        return tuple(sorted({fact.source for fact in self.facts.values()}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One asset and what is known of it."""

    id: AssetId
    asset: Asset | None
    """Its line of the ledger; `None` where no run listed it."""
    outcome: Outcome
    """How the newest try to read it ended."""
    at: str
    """When that was, RFC 3339 UTC."""
    facts: tuple[Fact, ...]
    """The newest, by name and row, but for those of large tables."""
    before: tuple[Fact, ...] = ()
    """What the answers before the newest said, of the same; empty at the first run."""
    listed: Digest | None = None
    """The plan's blob, which holds its line of the ledger."""
    read: Callable[[], Tables] = Tables
    """Reads its large tables; ask `tables`."""
    _single: dict[str, Fact] = field(default_factory=dict, init=False, compare=False, repr=False)
    _rows: dict[str, tuple[Row, ...]] = field(default_factory=dict, init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        for fact in self.facts:
            if fact.row is None:
                self._single.setdefault(fact.name, fact)

    @property
    def tables(self) -> Tables:
        """Its large tables: those of a whole estate do not fit into memory, so they are not to be kept."""
        return self.read()

    def fact(self, name: str) -> Fact | None:
        """Return the fact of that name that comes in no rows."""
        return self._single.get(name)

    def rows(self, family: str) -> tuple[Row, ...]:
        """Return the rows of a family of facts (`certificate`), by name; checks ask for the same ones often."""
        if not self._rows:
            self._rows.update(_by_family(self.facts))
        return self._rows.get(family, ())


def _by_family(facts: Iterable[Fact]) -> dict[str, tuple[Row, ...]]:
    """Return the rows of every family, which is what stands before the first dot of a fact's name."""
    families: dict[str, dict[str, dict[str, Fact]]] = {}
    for fact in facts:
        if fact.row is not None:
            family, _, column = fact.name.partition(".")
            families.setdefault(family, {}).setdefault(fact.row, {})[column] = fact
    return {
        family: tuple(Row(name=name, facts=found[name]) for name in sorted(found)) for family, found in families.items()
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class RunConduct:
    """What one run's signed action log adds up to."""

    run: str
    slot: str
    part: Digest
    """Digest of the part that says it last."""
    requests: int
    refused: int
    pace: str
    """`classes`, or `none` where the run was let loose on loopback."""
    max_rate_per_device: int
    restarted: tuple[AssetId, ...]
    started: str
    """RFC 3339 UTC."""
    loopback: bool
    """Every asset on its list has a loopback address."""
    fragile_asked: tuple[AssetId, ...]
    """Assets of the class `fragile` that gave an answer all the same."""
    has_it: bool
    """An asset on its list is of the class `it`, which may be asked faster."""
    finished: bool
    """Its last part is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estate:
    """Everything judged at once."""

    at: datetime
    subjects: Mapping[AssetId, Subject]
    registers: Registers
    runs: tuple[RunConduct, ...] = ()
    """The newest first."""
    support: tuple[SupportEnd, ...] = ()
    """What makers say of the end of their support."""
    parameters: Mapping[str, Mapping[str, int]] = field(default_factory=lambda: MappingProxyType({}))
    """Requirement -> its limits."""
    _ages: dict[str, int] = field(default_factory=dict, init=False, repr=False, compare=False)
    """How long ago times were: it is asked of every answer, and of everything in it."""

    def limit(self, requirement: str, name: str) -> int:
        """Return a limit of a requirement's check; the catalogue holds every one."""
        return self.parameters[requirement][name]

    def age_s(self, at: str) -> int:
        """Return how long ago a time (RFC 3339 UTC) was, seconds."""
        age = self._ages.get(at)
        if age is None:
            age = self._ages[at] = round((self.at - parse_rfc3339(at)).total_seconds())
        return age

    def is_stale(self, fact: Fact | Capture) -> bool:
        """Say whether a fact, or an answer, is older than its time to live: it then supports nothing."""
        return self.age_s(fact.at) > fact.ttl_s
