"""What the steps of a verification learn from each other."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from sys import intern
from typing import Protocol

from evidence.assess.knowledge import Knowledge
from evidence.errors import Error
from evidence.log.anchor import COSIGNATURES, TOKENS, Anchor, Kept, kept
from evidence.log.authority import Authority
from evidence.log.chain import Chain, StoreInfo
from evidence.log.erasure import Erasure
from evidence.log.findings import FindingsStatement
from evidence.log.keys import PublicKey
from evidence.log.missed import Missed
from evidence.log.note import Checkpoint
from evidence.log.opened import Opened
from evidence.log.part import After, PartStatement
from evidence.log.statement import ROLE_OF, Statement
from evidence.model.names import Digest
from evidence.model.outcome import Result
from evidence.store.blobs import get_blob
from evidence.store.interface import Store
from evidence.store.layout import Key, checkpoint_key
from evidence.store.versions import Surplus
from evidence.verify.outside import Outside
from evidence.verify.slots import Calendar


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedPart:
    """What the later steps need of a part."""

    index: int
    statement: Digest
    plan: Digest
    run: str
    slot: str
    label: str
    chunk: int
    last: bool
    previous: tuple[Digest, ...]
    after: After | None
    assets: Digest
    assets_bytes: int
    ended: str
    outcomes: tuple[str, ...]
    """The assets that have a row."""
    off: frozenset[str]
    """Those of them that were off by schedule."""
    interrupted: frozenset[str]
    """Those of them whose turn was cut short."""

    @classmethod
    def of(cls, index: int, statement: Digest, part: PartStatement) -> "SealedPart":
        """Keep what is needed, and let go of the captures."""
        return cls(
            index=index,
            statement=statement,
            plan=part.plan,
            run=part.run,
            slot=part.slot,
            label=part.label,
            chunk=part.chunk,
            last=part.last,
            previous=part.previous,
            after=part.after,
            assets=part.assets,
            assets_bytes=part.assets_bytes,
            ended=part.ended,
            outcomes=tuple(intern(str(outcome.asset)) for outcome in part.outcomes),
            off=_assets(part, Result.OFF_BY_SCHEDULE),
            interrupted=_assets(part, Result.INTERRUPTED),
        )


def _assets(part: PartStatement, result: Result) -> frozenset[str]:
    return frozenset(outcome.asset for outcome in part.outcomes if outcome.result is result)


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedPlan:
    """What the later steps need of a plan statement."""

    index: int
    blob: Digest
    bytes: int
    at: datetime | None
    """When it says it was stated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedFindings:
    """A findings statement and its place in the log."""

    index: int
    statement: FindingsStatement


class Audited(Protocol):
    """What the question of completeness needs, wherever the evidence lies."""

    @property
    def parts(self) -> Sequence[SealedPart]:
        """The parts, in log order."""
        ...

    @property
    def stated(self) -> Sequence[SealedPlan]:
        """The plan statements, in log order."""
        ...

    @property
    def missed(self) -> Collection[Missed]:
        """The slots that somebody who plans says were missed, and why."""
        ...

    def artefact(self, digest: Digest, length: int) -> bytes:
        """Return an artefact that is no answer: an asset list, a plan."""
        ...


@dataclass(slots=True, kw_only=True)
class Audit:
    """A verification under way: what was given, and what the steps so far have found out."""

    store: Store
    trusted_root: PublicKey | None
    pins: Sequence[Checkpoint]
    outside: Outside = field(default_factory=Outside)
    """What is trusted of what binds the log from outside."""
    as_of: datetime | None = None
    """Up to when slots are derived; `None`: nobody said what time it is."""
    calendar: Calendar | None = None
    """What became of the planned slots."""
    knowledge: Callable[[], Knowledge] | None = None
    """Gives what findings are made again with, once there are some."""
    every_assessment: bool = False
    """Make every assessment again, not the newest of each profile only."""
    info: StoreInfo | None = None
    keys: dict[str, Key] = field(default_factory=dict)
    """Every key of the store that is one."""
    surplus: list[Surplus] = field(default_factory=list)
    """Versions of the log's own objects that are not the object; step 4 judges them."""
    chain: Chain | None = None
    trouble: Error | None = None
    """Why there is no chain."""
    authorities: list[tuple[int, Authority]] = field(default_factory=list)
    """Who may sign what, from which index on."""
    plans: dict[Digest, int] = field(default_factory=dict)
    """Index at which each plan's blob was first logged."""
    stated: list[SealedPlan] = field(default_factory=list)
    """Every plan statement, in log order."""
    missed: list[Missed] = field(default_factory=list)
    """Slots that somebody who plans says were missed, and why."""
    parts: list[SealedPart] = field(default_factory=list)
    findings: list[SealedFindings] = field(default_factory=list)
    subjects: list[tuple[int, str, Digest]] = field(default_factory=list)
    """Index, kind and plan of each statement whose first subject is a plan, parts included."""
    visible: set[Digest] = field(default_factory=set)
    """Statements that may be referred to: logged, set aside, or waiting to be sealed."""
    known: list[tuple[int, str, After]] = field(default_factory=list)
    """Index and kind of each export and findings statement, and the state of the log it names."""
    anchors: list[tuple[int, Anchor]] = field(default_factory=list)
    """Index of each statement of time stamps, and what it says; of one that waits, the next."""
    erasures: list[tuple[int, Erasure]] = field(default_factory=list)
    """Index of each erasure that counts, and what it says."""
    erased: Mapping[Digest, Erasure] = field(default_factory=dict)
    """What may be missing, once the lists were compared with the statements."""
    disowned: dict[int, Statement] = field(default_factory=dict)
    """The statements that do not count, because their key was revoked since, by index; their meaning is left out."""
    opened: Opened = field(default_factory=Opened)
    """Statements that step 6 has read, for whoever needs them again."""
    waiting: int = 0
    """How many good statements are not sealed yet."""
    blobs: dict[Digest, int] = field(default_factory=dict)
    """Every blob a logged statement names, with its plain length."""
    originals: dict[Digest, int] = field(default_factory=dict)
    """Every encrypted original a logged part names, with its length."""
    named: dict[Digest, int] = field(default_factory=dict)
    """Index of the statement that names each blob first."""

    def artefact(self, digest: Digest, length: int) -> bytes:
        """Return an artefact that is no answer: an asset list, a plan."""
        return get_blob(self.store, digest, length)

    @property
    def tokens(self) -> Iterable[Kept]:
        """The time stamps that lie there."""
        return kept(self.store, TOKENS)

    @property
    def cosignatures(self) -> Iterable[Kept]:
        """The cosignatures that lie there."""
        return kept(self.store, COSIGNATURES)

    def kept_bytes(self, one: Kept) -> bytes:
        """Return a token or cosignature."""
        return self.store.get(one.key)

    def checkpoint_file(self, size: int) -> bytes:
        """Return the checkpoint over the first `size` leaves, as it lies there."""
        return self.store.get(checkpoint_key(size))

    def reaches(self, size: int) -> bool:
        """Tell whether the log is known from there on: a store holds all of it."""
        return size >= 0

    def root_at(self, size: int) -> str | None:
        """Return the root over the first `size` leaves, recomputed, where a batch ended there."""
        return self.chain.roots.get(size) if self.chain else None

    def distrusted(self, index: int, statement: Statement, digest: Digest | None = None) -> bool:
        """Tell whether a statement does not count, because its key was revoked since."""
        return self.authorities[-1][1].distrusts(statement.signer, ROLE_OF[statement.kind], index, digest)

    def disowned_at(self, size: int) -> Iterator[int]:
        """Yield those of the statements that do not count of which that was known when the log had `size` leaves."""
        then = self.authority_at(size)
        for index, statement in self.disowned.items():
            if then.distrusts(statement.signer, ROLE_OF[statement.kind], index):
                yield index

    @property
    def sealed(self) -> Chain | None:
        """The log, if it can be read and holds anything: there is nothing to pass where there is nothing."""
        return self.chain if self.chain is not None and self.chain.size else None

    def authority_at(self, index: int) -> Authority:
        """Return who might sign the statement at `index`."""
        best = self.authorities[0][1]
        for start, authority in self.authorities:
            if start <= index:
                best = authority
        return best
