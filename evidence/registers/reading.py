"""
Registers as of one moment: every entry the owner signed by then, the later of one id in place of the earlier.

What orders statements is the log; within a batch, which is ordered by digest, the time a statement gives itself. A
statement cannot be older than the newest part that was logged in an earlier batch: where it says so, that part's end
counts as its time.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from evidence.log.history import History
from evidence.log.register import Entry, RegisterStatement
from evidence.model.columns import REGISTERS
from evidence.model.names import AssetId, Digest
from evidence.model.register import Approval, Attestation, Registers, RiskException


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """One entry as it was signed."""

    register: str
    entry: Entry
    at: str
    """When it was signed, RFC 3339 UTC: what the statement says, but never before what the log held already."""
    source: Digest
    """Digest of its statement."""


def declared(history: History, as_of: str | None = None) -> Iterator[Declared]:
    """Yield every entry and every end of one, signed up to `as_of` (RFC 3339 UTC), in the order in which they count."""
    ends = sorted(history.ledger.chain.roots)
    latest = _LatestPart(history)
    batches: dict[int, list[tuple[str, int, Digest, RegisterStatement]]] = {}
    for leaf in history.statements:
        if leaf.kind not in REGISTERS:
            continue
        batch = bisect_right(ends, leaf.index)
        signed = history.open(leaf).register
        if signed is not None:
            at = max(signed.at, latest.before(ends[batch - 1]))
            batches.setdefault(batch, []).append((at, leaf.index, leaf.digest, signed))
    for batch in sorted(batches):
        for at, _, digest, signed in sorted(batches[batch], key=lambda each: each[:2]):
            if as_of is None or at <= as_of:
                for entry in signed.entries:
                    yield Declared(register=signed.register, entry=entry, at=at, source=digest)


def read_registers(history: History, as_of: str | None = None) -> Registers:
    """Return all registers as of a moment (RFC 3339 UTC)."""
    return registers_of(declared(history, as_of))


def registers_of(entries: Iterable[Declared]) -> Registers:
    """Return what entries, in the order in which they count, add up to."""
    versions: dict[tuple[str, str], list[Declared]] = {}
    sources: dict[str, Digest] = {}
    for one in entries:
        versions.setdefault((one.register, one.entry.id), []).append(one)
        sources[one.register] = one.source
    exceptions: list[RiskException] = []
    approvals: list[Approval] = []
    attestations: list[Attestation] = []
    for (register, _), signed in sorted(versions.items()):
        newest = signed[-1]
        if register == "approval":
            approvals += _in_force(signed)
        elif newest.entry.ended is None and register == "exception":
            exceptions.append(exception_of(newest))
        elif newest.entry.ended is None:
            attestations.append(attestation_of(newest))
    return Registers(
        exceptions=tuple(exceptions),
        approvals=tuple(approvals),
        attestations=tuple(attestations),
        present=frozenset(sources),
        sources=MappingProxyType(sources),
    )


def current(entries: Iterable[Declared], register: str) -> Mapping[str, Declared]:
    """Return the entries of one register that were neither replaced nor ended, by id."""
    found: dict[str, Declared] = {}
    for one in entries:
        if one.register != register:
            continue
        found.pop(one.entry.id, None)
        if one.entry.ended is None:
            found[one.entry.id] = one
    return MappingProxyType(found)


def exception_of(signed: Declared) -> RiskException:
    """Return an entry as an exception."""
    entry = signed.entry
    return RiskException(
        id=entry.id,
        requirement=entry.text("requirement") or "",
        assets=tuple(map(AssetId, entry.several("assets"))),
        row=entry.text("row"),
        reason_class=entry.text("reason_class") or "",
        reason=entry.text("reason") or "",
        owner=entry.text("owner") or "",
        approver=entry.text("approver") or "",
        approved=entry.text("approved") or "",
        expires=entry.text("expires") or "",
        compensating=entry.several("compensating"),
        replacement=entry.text("replacement"),
        source=signed.source,
    )


def approval_of(signed: Declared) -> Approval:
    """Return an entry as an approval."""
    entry = signed.entry
    return Approval(
        id=entry.id,
        kind=entry.text("kind") or "",
        assets=tuple(map(AssetId, entry.several("assets"))),
        subject=entry.text("subject") or "",
        begins=entry.text("begins") or "",
        ends=entry.text("ends") or "",
        approver=entry.text("approver") or "",
        ticket=entry.text("ticket"),
        at=signed.at,
        source=signed.source,
    )


def attestation_of(signed: Declared) -> Attestation:
    """Return an entry as an attestation."""
    entry = signed.entry
    asset = entry.text("asset")
    own = {name: value for name, value in entry.columns.items() if name not in ("kind", "asset", "by")}
    return Attestation(
        id=entry.id,
        kind=entry.text("kind") or "",
        asset=AssetId(asset) if asset else None,
        values=MappingProxyType({name: value for name, value in own.items() if isinstance(value, str)}),
        by=entry.text("by") or "",
        at=signed.at,
        source=signed.source,
    )


def _in_force(signed: list[Declared]) -> Iterator[Approval]:
    """Yield the versions of one approval, each for the time until the next was signed."""
    for number, one in enumerate(signed):
        if one.entry.ended is not None:
            continue
        approval = approval_of(one)
        until = signed[number + 1].at if number + 1 < len(signed) else approval.ends
        if until >= approval.begins:
            yield replace(approval, ends=min(approval.ends, until))


class _LatestPart:
    """When the newest part before a place in the log ended."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._parts = [entry for entry in history.statements if entry.kind == "part"]
        self._places = [entry.index for entry in self._parts]
        self._ended: dict[int, str] = {}

    def before(self, index: int) -> str:
        """Return when the last part before leaf `index` ended, or nothing that comes before every time."""
        place = bisect_right(self._places, index - 1)
        if not place:
            return ""
        entry = self._parts[place - 1]
        if entry.index not in self._ended:
            part = self._history.open(entry).part
            self._ended[entry.index] = part.ended if part else ""
        return self._ended[entry.index]
