"""
Findings in the log: what the assessor's key signs, and the blob of rows it names.

A statement says of which log, as of which moment, by which knowledge and registers it was made, so that anybody can
make it again. Every statement below `size` counts: what is left out would have to be left out of the log.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from evidence.log.canonical import CanonicalError, dumps, loads
from evidence.log.fields import Fields, ShapeError, one_length_each
from evidence.log.statement import Statement, Subject
from evidence.model.finding import Finding, Status
from evidence.model.names import AssetId, Digest, parse_digest

MAX_EVIDENCE = 100_000
"""Most digests of one finding: everything that contradicts, at a large site."""

_PREDICATE = frozenset(
    {"log", "as_of", "size", "root", "profile", "controls", "controls_bytes", "platforms", "platforms_bytes"}
    | {"registers", "tool", "results", "results_bytes", "counts"}
)
_REGISTER = frozenset({"kind", "digest"})
_TOOL = frozenset({"name", "version"})
_ROW = frozenset({"requirement", "status", "reason", "evidence"})
_OPTIONAL = frozenset({"asset", "row", "due", "exception"})
_NONE: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What findings were made of, and with."""

    as_of: str
    """RFC 3339 UTC."""
    size: int
    root: str
    profile: str
    controls: Digest
    """Blob of catalogue, profiles and support files."""
    controls_bytes: int
    platforms: Digest
    """Blob of the platform files."""
    platforms_bytes: int
    registers: tuple[tuple[str, Digest], ...]
    """Kind and newest statement of each register, by kind."""
    tool: str
    """Version of the program; its checks are part of what findings were made with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingsStatement:
    """A findings statement, read."""

    plan: Digest
    basis: Basis
    results: Digest
    results_bytes: int
    counts: Mapping[str, int]
    """What it says of itself; whoever needs a number counts the rows."""

    def blobs(self) -> Mapping[Digest, int]:
        """Return every blob it refers to, with its plain length; raise `ShapeError` where two lengths differ."""
        basis = self.basis
        named = (
            (basis.controls, basis.controls_bytes),
            (basis.platforms, basis.platforms_bytes),
            (self.results, self.results_bytes),
        )
        return one_length_each(named, "findings")


def count(findings: Iterable[Finding]) -> dict[str, int]:
    """Return how many findings there are of each status, how many of them are due, and how many have an exception."""
    every = list(findings)
    found = Counter(finding.status for finding in every)
    return {
        **{str(status).replace("-", "_"): found[status] for status in Status},
        "due": sum(finding.due for finding in every),
        "excepted": sum(finding.exception is not None for finding in every),
    }


def findings_predicate(
    basis: Basis, results: Digest, results_bytes: int, counts: Mapping[str, int]
) -> dict[str, object]:
    """Return the predicate; `append` adds the log's origin."""
    return {
        "as_of": basis.as_of,
        "size": basis.size,
        "root": basis.root,
        "profile": basis.profile,
        "controls": basis.controls,
        "controls_bytes": basis.controls_bytes,
        "platforms": basis.platforms,
        "platforms_bytes": basis.platforms_bytes,
        "registers": [{"kind": kind, "digest": digest} for kind, digest in sorted(basis.registers)],
        "tool": {"name": "plantproof", "version": basis.tool},
        "results": results,
        "results_bytes": results_bytes,
        "counts": dict(counts),
    }


def findings_subjects(plan: Digest, results: Digest) -> tuple[Subject, ...]:
    """Return the subjects: the plan in force, and the results."""
    return (Subject(name="plan", digest=plan), Subject(name="results", digest=results))


def read_findings(statement: Statement) -> FindingsStatement:
    """Read a findings statement; raise `ShapeError` unless it is written our way."""
    fields = Fields(statement.predicate, "findings", _PREDICATE, _NONE)
    tool = Fields(fields.raw("tool"), "tool", _TOOL, _NONE)
    registers = tuple(map(_register, fields.rows("registers")))
    if list(registers) != sorted(set(registers)) or len({kind for kind, _ in registers}) != len(registers):
        raise ShapeError("findings: registers: expected each kind once, in order")
    basis = Basis(
        as_of=fields.time("as_of"),
        size=fields.whole("size", least=1),
        root=fields.text("root", longest=64),
        profile=fields.text("profile", longest=100),
        controls=fields.digest("controls"),
        controls_bytes=fields.whole("controls_bytes"),
        platforms=fields.digest("platforms"),
        platforms_bytes=fields.whole("platforms_bytes"),
        registers=registers,
        tool=tool.text("version", longest=100),
    )
    results = fields.digest("results")
    if statement.subjects != findings_subjects(statement.subjects[0].digest, results):
        raise ShapeError("findings: expected two subjects, the plan and the results")
    named = Fields(fields.raw("counts"), "counts", frozenset(count(())), _NONE)
    found = FindingsStatement(
        plan=statement.subjects[0].digest,
        basis=basis,
        results=results,
        results_bytes=fields.whole("results_bytes"),
        counts=MappingProxyType({name: named.whole(name) for name in count(())}),
    )
    found.blobs()
    return found


def dump_results(findings: Sequence[Finding]) -> bytes:
    """Return the rows of findings as canonical JSON, in order."""
    return dumps([_row(finding) for finding in sorted(findings, key=lambda one: one.order)])


def load_results(data: bytes) -> tuple[Finding, ...]:
    """Read what `dump_results` writes; raise `ShapeError` for anything else."""
    try:
        rows = loads(data)
    except CanonicalError as error:
        raise ShapeError(f"results: {error}") from error
    if not isinstance(rows, list):
        raise ShapeError("results: expected a list")
    found = tuple(map(_finding, rows))
    places = [finding.order for finding in found]
    if places != sorted(set(places)):
        raise ShapeError("results: expected each thing judged once, in order")
    return found


def _row(finding: Finding) -> dict[str, object]:
    row: dict[str, object] = {
        "requirement": finding.requirement,
        "status": finding.status.value,
        "reason": finding.reason,
        "evidence": sorted(set(finding.evidence)),
    }
    for name, value in (("asset", finding.asset), ("row", finding.row), ("exception", finding.exception)):
        if value is not None:
            row[name] = value
    if finding.due:
        row["due"] = True
    return row


def _finding(value: object) -> Finding:
    row = Fields(value, "finding", _ROW, _OPTIONAL)
    try:
        status = Status(row.text("status"))
    except ValueError as error:
        raise ShapeError(f"finding: {error}") from error
    evidence = row.rows("evidence")
    digests = tuple(parse_digest(one) for one in evidence if isinstance(one, str))
    if len(digests) != len(evidence) or len(digests) > MAX_EVIDENCE or list(digests) != sorted(set(digests)):
        raise ShapeError(f"finding: evidence: expected at most {MAX_EVIDENCE} digests, in order, each once")
    if status is not Status.NOT_ASSESSED and not digests:
        raise ShapeError(f"finding: {row.text('requirement')}: {status} without evidence")
    asset = row.optional_text("asset")
    return Finding(
        requirement=row.text("requirement", longest=20),
        asset=AssetId(asset) if asset is not None else None,
        row=row.optional_text("row"),
        status=status,
        due="due" in row and row.flag("due"),
        reason=row.text("reason"),
        evidence=digests,
        exception=row.optional_text("exception"),
    )


def _register(value: object) -> tuple[str, Digest]:
    fields = Fields(value, "register", _REGISTER, _NONE)
    return fields.text("kind", longest=32), fields.digest("digest")
