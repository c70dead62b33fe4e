"""
Parts: what one collector process saw, in one or more chunks.

A run freezes its asset list when it starts and may write several chunks, so its memory stays flat; the last one says
so. Every blob a part names stands beside its plain length, because that is where readers stop.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple

from evidence.clock import rfc3339
from evidence.log.captures import Columns
from evidence.log.fields import Fields, ShapeError, is_time, one_length_each
from evidence.log.note import Checkpoint
from evidence.log.rows import capture_row, known_outcome, outcome_row, read_capture, read_outcome
from evidence.log.shape import MAX_LABEL, MAX_PREVIOUS
from evidence.log.statement import Statement, Subject
from evidence.model.capture import Capture
from evidence.model.names import Digest, parse_digest
from evidence.model.outcome import Outcome
from evidence.store.layout import check_slot

_PART = frozenset(
    {"log", "run", "slot", "label", "chunk", "last", "previous", "after", "assets", "assets_bytes", "packed"}
    | {"started", "ended", "clock", "tool", "run_by", "outcomes", "captures", "conduct", "redaction"}
)
_OPTIONAL = frozenset({"platforms", "platforms_bytes"})
_AFTER = frozenset({"size", "root"})
_PACKED = frozenset({"blob", "bytes"})
_NONE: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class After:
    """The newest checkpoint a run knew when it began: it did not happen before that."""

    size: int
    root: str


class PartStatement(NamedTuple):
    """A part, read; a tuple, for a log of years has many."""

    plan: Digest
    """Digest of the plan's blob."""
    run: str
    slot: str
    label: str
    chunk: int
    last: bool
    previous: tuple[Digest, ...]
    after: After | None
    assets: Digest
    assets_bytes: int
    packed: Mapping[Digest, int]
    """Length of each packed volatile blob."""
    platforms: Digest | None
    """Digest of the platform knowledge used; a blob where `platforms_bytes` is known, else an identity."""
    platforms_bytes: int | None
    started: str
    ended: str
    clock: Mapping[str, object]
    tool: Mapping[str, object]
    run_by: Mapping[str, object]
    outcomes: tuple[Outcome, ...]
    captures: Sequence[Capture]
    conduct: Mapping[str, object]
    redaction: Mapping[str, object]

    def originals(self) -> Mapping[Digest, int]:
        """Return every encrypted original this part refers to, with its length."""
        said = self.captures.alike if isinstance(self.captures, Columns) else self.captures
        found = (capture.original for capture in said)
        return {original.digest: original.bytes for original in found if original is not None}

    def answers(self) -> frozenset[Digest]:
        """Return every blob and encrypted original that came of a device, and nothing this log is read with."""
        return frozenset((*(capture.blob for capture in self.captures), *self.packed, *self.originals()))

    def blobs(self) -> Mapping[Digest, int]:
        """Return every blob this part refers to, with its plain length; raise `ShapeError` where two lengths differ."""
        named = self.lists()
        answers = Columns.of(self.captures).blobs
        every = dict(named) | dict(answers)
        if len(every) == len({*named, *answers}):
            return every
        return one_length_each((*named, *answers), "part")

    def check_salted(self) -> None:
        """Raise `ShapeError` unless each blob with a salt has room for it, is its whole answer, and named once."""
        captures = Columns.of(self.captures)
        salted = [captures[index] for index, said in enumerate(captures.alike) if said.salt]
        named = Counter(digest for digest, _ in (*self.lists(), *captures.blobs)) if salted else Counter()
        for capture in salted:
            about = f"part: {capture.asset}: a personal answer"
            if capture.bytes < capture.salt:
                raise ShapeError(f"{about} of {capture.bytes} bytes is shorter than its salt")
            if capture.volatile is not None:
                raise ShapeError(f"{about} has a volatile segment, which lies among those of others")
            if named[capture.blob] > 1:
                raise ShapeError(f"{about} shares its blob, {capture.blob}")

    def lists(self) -> Sequence[tuple[Digest, int]]:
        """Return the blobs that are not one answer's (lists, logs, packed values), with their lengths."""
        return [*self.read_with(), *self.packed.items()]

    def read_with(self) -> Sequence[tuple[Digest, int]]:
        """Return the blobs a log is read with (lists, logs, knowledge) with their lengths; an answer may be one."""
        named = [(self.assets, self.assets_bytes), *_conduct_log(self.conduct)]
        if self.platforms is not None and self.platforms_bytes is not None:
            named.append((self.platforms, self.platforms_bytes))
        return named


def part_predicate(
    *,
    run: str,
    slot: str,
    label: str,
    chunk: int,
    last: bool,
    previous: Sequence[Digest],
    after: Checkpoint | None,
    assets: Digest,
    assets_bytes: int,
    started: datetime,
    ended: datetime,
    clock: Mapping[str, object],
    tool: Mapping[str, object],
    run_by: Mapping[str, object],
    outcomes: Iterable[Outcome],
    captures: Iterable[Capture],
    conduct: Mapping[str, object],
    redaction: Mapping[str, object],
    packed: Mapping[Digest, int] = MappingProxyType({}),
    platforms: Digest | None = None,
    platforms_bytes: int | None = None,
) -> dict[str, object]:
    """
    Return the predicate of a part; `append` adds the log's origin.

    `conduct` names the action log's blob as `log` and its length as `log_bytes`, both or neither. `packed` has the
    length of every blob that a capture's volatile segment lies in.
    """
    named = {"platforms": platforms, "platforms_bytes": platforms_bytes}
    maps = {"clock": clock, "tool": tool, "run_by": run_by, "conduct": conduct, "redaction": redaction}
    return {
        **{key: value for key, value in named.items() if value is not None},
        **{key: dict(value) for key, value in maps.items()},
        "run": run,
        "slot": check_slot(slot),
        "label": label,
        "chunk": chunk,
        "last": last,
        "previous": sorted(previous),
        "after": {"size": after.size, "root": after.root} if after is not None and after.size else None,
        "assets": assets,
        "assets_bytes": assets_bytes,
        "packed": [{"blob": digest, "bytes": packed[digest]} for digest in sorted(packed)],
        "started": rfc3339(started),
        "ended": rfc3339(ended),
        "outcomes": [outcome_row(outcome) for outcome in outcomes],
        "captures": [capture_row(capture) for capture in captures],
    }


def part_subjects(plan: Digest, captures: Iterable[Capture]) -> tuple[Subject, ...]:
    """Return the subjects of a part: the plan, then each answer once, in the order of its captures."""
    answers = {Subject(f"{c.asset}/{c.question}", c.blob): None for c in captures}
    return (Subject(name="plan", digest=plan), *answers)


def read_part(statement: Statement) -> PartStatement:
    """Read a part; raise `ShapeError` unless it is as `part_predicate` and `part_subjects` write it."""
    part = (_shaped(statement) if statement.shaped else None) or _member_by_member(statement)
    _check_segments(part)
    _conduct_log(part.conduct)
    part.check_salted()
    return part


def _shaped(statement: Statement) -> PartStatement | None:
    """Return a part whose shape is known to be right; `None` where something else about it is not."""
    told: Mapping[str, Any] = statement.predicate
    after, previous, packed, rows = told["after"], told["previous"], told["packed"], told["outcomes"]
    lengths = {row["blob"]: row["bytes"] for row in packed}
    if not (is_time(told["started"]) and is_time(told["ended"]) and [*lengths] == sorted(lengths)):
        return None
    if len(lengths) != len(packed) or previous != sorted({*previous}):
        return None
    return PartStatement(
        plan=statement.subjects[0].digest,
        run=told["run"],
        slot=check_slot(told["slot"]),
        label=told["label"],
        chunk=told["chunk"],
        last=told["last"],
        previous=tuple(previous),
        after=After(size=after["size"], root=after["root"]) if after is not None else None,
        assets=told["assets"],
        assets_bytes=told["assets_bytes"],
        packed=MappingProxyType(lengths),
        platforms=told.get("platforms"),
        platforms_bytes=told.get("platforms_bytes"),
        started=told["started"],
        ended=told["ended"],
        clock=MappingProxyType(told["clock"]),
        tool=MappingProxyType(told["tool"]),
        run_by=MappingProxyType(told["run_by"]),
        outcomes=tuple(
            [known_outcome(row["asset"], row["result"]) if len(row) == 2 else read_outcome(row) for row in rows]
        ),
        captures=statement.apart or (),
        conduct=MappingProxyType(told["conduct"]),
        redaction=MappingProxyType(told["redaction"]),
    )


def _member_by_member(statement: Statement) -> PartStatement:
    fields = Fields(statement.predicate, "part", _PART, _OPTIONAL)
    apart = statement.apart
    captures = tuple(map(read_capture, fields.rows("captures"))) if apart is None else apart
    part = PartStatement(
        plan=statement.subjects[0].digest,
        run=fields.text("run", longest=MAX_LABEL),
        slot=check_slot(fields.text("slot")),
        label=fields.text("label", longest=MAX_LABEL),
        chunk=fields.whole("chunk"),
        last=fields.flag("last"),
        previous=fields.digests("previous", most=MAX_PREVIOUS),
        after=_after(fields.raw("after")),
        assets=fields.digest("assets"),
        assets_bytes=fields.whole("assets_bytes"),
        packed=_packed(fields),
        platforms=fields.digest("platforms") if "platforms" in fields else None,
        platforms_bytes=fields.whole("platforms_bytes") if "platforms_bytes" in fields else None,
        started=fields.time("started"),
        ended=fields.time("ended"),
        clock=fields.mapping("clock"),
        tool=fields.mapping("tool"),
        run_by=fields.mapping("run_by"),
        outcomes=tuple(map(read_outcome, fields.rows("outcomes"))),
        captures=captures,
        conduct=fields.mapping("conduct"),
        redaction=fields.mapping("redaction"),
    )
    # Those of rows that were read apart were compared with them, and are not among these.
    if statement.subjects != part_subjects(part.plan, captures if apart is None else ()):
        raise ShapeError("part: its subjects are not the plan and its captures")
    return part


def headed(statement: Statement) -> Statement:
    """Return a part's statement without the thousands of rows that `read_part` has read."""
    kept = dict(statement.predicate)
    for rows in ("captures", "outcomes"):
        kept.pop(rows, None)
    return Statement(statement.kind, statement.subjects[:1], MappingProxyType(kept), statement.signer)


def _after(value: object) -> After | None:
    if value is None:
        return None
    fields = Fields(value, "after", _AFTER, _NONE)
    return After(size=fields.whole("size", least=1), root=fields.text("root", longest=64))


def _packed(fields: Fields) -> Mapping[Digest, int]:
    packed: dict[Digest, int] = {}
    for value in fields.rows("packed"):
        row = Fields(value, "packed", _PACKED, _NONE)
        packed[row.digest("blob")] = row.whole("bytes")
    if list(packed) != sorted(packed) or len(packed) != len(fields.rows("packed")):
        raise ShapeError("part: packed: expected each blob once, in order")
    return MappingProxyType(packed)


def _check_segments(part: PartStatement) -> None:
    for capture, segment in Columns.of(part.captures).segments():
        if segment.offset + segment.length > part.packed.get(segment.blob, -1):
            raise ShapeError(f"part: {capture.asset}: a volatile segment lies outside the packed blobs")


def _conduct_log(conduct: Mapping[str, object]) -> tuple[tuple[Digest, int], ...]:
    digest, length = conduct.get("log"), conduct.get("log_bytes")
    if digest is None and length is None:
        return ()
    if not isinstance(digest, str) or type(length) is not int or length < 0:
        raise ShapeError("part: conduct: expected `log`, a digest, and `log_bytes`, a length")
    return ((parse_digest(digest), length),)
