"""What the log says happened: its statements in log order, each checked when it is read."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from evidence.errors import Error
from evidence.log.accept import Accepted, accept, check_plan
from evidence.log.chain import LogError
from evidence.log.ledger import DISTRUSTED, Ledger, read_ledger
from evidence.log.note import Checkpoint
from evidence.log.opened import Opened
from evidence.log.outline import Outline, outline
from evidence.log.part import PartStatement
from evidence.model.capture import Capture
from evidence.model.names import Digest
from evidence.store.interface import Store
from evidence.store.layout import KeyNameError, parse_key


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One sealed statement: its place in the log, its kind and its digest."""

    index: int
    kind: str
    """`DISTRUSTED` where its key was revoked since: it is in the log, and supports nothing."""
    digest: Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """
    A sealed log under reading.

    The checkpoint's root was recomputed and its signature checked when it was opened; a statement's digest, signature
    and role are checked when it is read. The first ones read are held within a bound, so memory stays flat. Whether the
    root key is the right one is `verify`'s question.
    """

    ledger: Ledger
    origin: str
    size: int
    root: str
    statements: tuple[Entry, ...]
    opened: Opened = field(default_factory=Opened, compare=False, repr=False)
    """What was read of it, by whoever reads the same log."""

    @classmethod
    def read(cls, store: Store, *, size: int | None = None, opened: Opened | None = None) -> "History":
        """
        Open the log in `store`; what was committed but never signed for is not part of it.

        With `size` it is opened as it was when it had so many leaves, which must be a batch's end. `opened` are
        statements of this log that somebody has checked by now.
        """
        return cls.of(read_ledger(store), size=size, opened=opened)

    @classmethod
    def of(cls, ledger: Ledger, *, size: int | None = None, opened: Opened | None = None) -> "History":
        """Open a log that was read."""
        covered = ledger.covered.size if ledger.covered else 0
        size = covered if size is None else size
        if size > covered or size not in ledger.chain.roots:
            raise LogError(f"the log never ended at {size} leaves; it has {covered}")
        leaves, distrusted = ledger.chain.leaves[:size], ledger.distrusted(size)
        return cls(
            ledger=ledger,
            origin=ledger.info.origin,
            size=size,
            root=ledger.chain.roots[size],
            statements=tuple(
                Entry(index=i, kind=DISTRUSTED if i in distrusted else leaf.kind, digest=leaf.statement)
                for i, leaf in enumerate(leaves)
            ),
            opened=Opened() if opened is None else opened,
        )

    def until(self, size: int) -> "History":
        """Return the log as it was when it had so many leaves."""
        return History.of(self.ledger, size=size, opened=self.opened)

    @property
    def owner(self) -> str:
        """Whose log it is."""
        return self.ledger.info.owner

    @property
    def checkpoint(self) -> Checkpoint:
        """What the log is now; its `pin` is the line to keep."""
        return Checkpoint(origin=self.origin, size=self.size, root=self.root)

    def envelope(self, entry: Entry) -> bytes:
        """Return a statement's own file, by its digest."""
        return self.ledger.envelope(entry.index)

    def outline(self, entry: Entry) -> Outline:
        """
        Return what a sealed part is about, without its captures; it is held.

        Its digest is all that is checked: it is that of a leaf, which the sealer signed for after it had checked the
        part. So it is good for choosing what to open, by whoever trusts the sealer of his own log that far, and for
        nothing that is shown to others.
        """
        found = self.opened.outlines.get(entry.index)
        if found is None:
            found = self.opened.outlines[entry.index] = outline(self.envelope(entry))
        return found

    def outlined(self, entry: Entry) -> Outline | None:
        """Return the outline of a part where somebody has asked for it before, and nobody opened the part since."""
        return None if self.opened.get(entry.index) else self.opened.outlines.get(entry.index)

    def open(self, entry: Entry) -> Accepted:
        """Return a statement, checked; raise if it is not what the log says."""
        return self.opened.get(entry.index) or self.opened.keep(entry.index, self.ledger.open(entry.index))

    def part(self, entry: Entry) -> PartStatement:
        """Return a sealed part, checked; raise if it is not what the log says."""
        return _part(self.open(entry))

    def parts(self, *, newest_first: bool = False) -> Iterator[tuple[Entry, PartStatement]]:
        """Yield each sealed part in log order, or the newest first; each is read when it is its turn."""
        for entry in reversed(self.statements) if newest_first else self.statements:
            if entry.kind == "part":
                yield entry, self.part(entry)

    def captures(self, *, newest_first: bool = False) -> Iterator[tuple[PartStatement, Capture]]:
        """Yield each sealed capture with its part; within a part in the order they were made."""
        for _, part in self.parts(newest_first=newest_first):
            for capture in part.captures:
                yield part, capture

    def unsealed(self) -> Iterator[PartStatement]:
        """Yield the parts that would count if the log were sealed now, in no order that means anything."""
        logged = {entry.digest for entry in self.statements}
        for key in self.ledger.store.keys("parts/"):
            try:
                if parse_key(key).digest in logged:
                    continue
            except KeyNameError:
                continue
            data = self.ledger.store.get(key)
            try:
                accepted = accept(key, data, self.ledger.authority)
                check_plan(accepted, self.ledger.plans)
            except Error:
                continue
            yield _part(accepted)


def _part(accepted: Accepted) -> PartStatement:
    if accepted.part is None:
        raise LogError(f"a leaf says part, the statement is of kind {accepted.statement.kind}")
    return accepted.part
