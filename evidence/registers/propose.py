"""What a sheet is filled with before a person sees it: the entries in force, and what was found and needs a word."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from evidence.log.register import MAX_ID, Entry, Value
from evidence.model.finding import Finding, Status
from evidence.registers.sheet import Proposal


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answers:
    """Which findings an entry of a kind of sheet could answer."""

    requirement: str | None
    """`None`: every one but EXC-01, which sums them up."""
    statuses: frozenset[Status]


_ANSWERS: Mapping[str, _Answers] = MappingProxyType(
    {
        "exception": _Answers(requirement=None, statuses=frozenset({Status.CONTRADICTS})),
        "known-device": _Answers(requirement="INV-09", statuses=frozenset(Status)),
        "support-end": _Answers(requirement="INV-04", statuses=frozenset({Status.NOT_ASSESSED})),
        "restore-test": _Answers(requirement="BKP-02", statuses=frozenset({Status.NOT_ASSESSED})),
    }
)
"""Kind of sheet -> what its rows are proposed for; approvals are given before anything is found."""


def rows_of(kind: str, current: Mapping[str, Entry], findings: Iterable[Finding]) -> Iterator[Proposal]:
    """Yield the entries in force, then a row to be completed for each finding that one could answer."""
    for entry in current.values():
        yield Proposal(id=entry.id, columns=entry.columns)
    known = set(current)
    for finding in findings:
        row = _proposal(kind, finding)
        if row is not None and row.id not in known:
            known.add(row.id)
            yield row


def _proposal(kind: str, finding: Finding) -> Proposal | None:
    answers = _ANSWERS.get(kind)
    if answers is None or finding.status not in answers.statuses or finding.exception is not None:
        return None
    if finding.requirement != (answers.requirement or finding.requirement) or finding.requirement == "EXC-01":
        return None
    columns = _columns(kind, finding)
    name = finding.row if kind == "known-device" else _name(finding)
    return Proposal(id=name or "", columns=MappingProxyType(columns), seen=finding.reason) if columns else None


def _columns(kind: str, finding: Finding) -> dict[str, Value]:
    """Return what is known already; nothing where the finding is not about one thing an entry could be about."""
    if kind == "exception":
        found: dict[str, Value] = {"requirement": finding.requirement}
        if finding.asset:
            found["assets"] = (finding.asset,)
        if finding.row:
            found["row"] = finding.row
        return found
    if kind == "known-device":
        return {"mac": finding.row} if finding.row else {}
    if finding.asset is None:
        return {}
    backup = {"backup": finding.row} if kind == "restore-test" and finding.row else {}
    return {"asset": finding.asset, **backup}


def _name(finding: Finding) -> str:
    told = "-".join(filter(None, (finding.requirement, finding.asset, finding.row)))
    return told if len(told) <= MAX_ID else f"{finding.requirement}-{finding.id}"
