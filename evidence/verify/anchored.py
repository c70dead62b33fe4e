"""What step 11 asks of a log, wherever it lies, and what it finds on the way."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from evidence.log.anchor import Anchor, Kept
from evidence.model.names import Digest
from evidence.verify.audit import SealedPart
from evidence.verify.outside import Outside


class Anchored(Protocol):
    """A log under verification, in a store or in a bundle."""

    @property
    def outside(self) -> Outside:
        """What is trusted."""
        ...

    @property
    def tokens(self) -> Iterable[Kept]:
        """The time stamps that lie there."""
        ...

    @property
    def cosignatures(self) -> Iterable[Kept]:
        """The cosignatures that lie there."""
        ...

    @property
    def anchors(self) -> Sequence[tuple[int, Anchor]]:
        """Index of each statement of time stamps, and what it says."""
        ...

    @property
    def parts(self) -> Sequence[SealedPart]:
        """The parts, in log order."""
        ...

    def kept_bytes(self, one: Kept) -> bytes:
        """Return a token or cosignature."""
        ...

    def checkpoint_file(self, size: int) -> bytes:
        """Return the checkpoint over the first `size` leaves, as it lies there."""
        ...

    def root_at(self, size: int) -> str | None:
        """Return the root over the first `size` leaves, recomputed."""
        ...

    def reaches(self, size: int) -> bool:
        """Tell whether the log is known from there on."""
        ...

    def artefact(self, digest: Digest, length: int) -> bytes:
        """Return an artefact that is no answer."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """Something from outside that binds the log up to a size."""

    size: int
    what: str
    at: datetime | None = None
    """When; a pin does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """What a time stamp that holds says."""

    size: int
    time: datetime
    accuracy: timedelta


@dataclass(slots=True, kw_only=True)
class Found:
    """What is found on the way."""

    bounds: list[Bound] = field(default_factory=list)
    stamped: dict[Digest, Stamp] = field(default_factory=dict)
    """What each reply that holds says, by its digest."""
    untrusted: set[str] = field(default_factory=set)
    strangers: set[str] = field(default_factory=set)
    unlisted: set[str] = field(default_factory=set)
    """Authorities whose revocation list nobody kept."""
