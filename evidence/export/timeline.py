"""
What happened in an incident's window, for whoever asks in the night: every statement in the order of the log.

A time is its writer's word. Beside it stands what bounds it: the size of the log that a part knew when it began, and
the size at which it was sealed; where the log states time stamps, their times. A part that knew a log which states a
time stamp was made after it, and what a later stamp covers was there before that.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from evidence.bundle.layout import blob_path
from evidence.bundle.table import csv_table
from evidence.export.gather import Gathered
from evidence.log.accept import Accepted
from evidence.model.names import AssetId, Digest

TIMELINE = "data/timeline.csv"
"""Where it lies in a bundle."""

STAMPED = "anchor"
"""Kind of a statement about time stamps; it says of which size of the log, and when they were got."""

_HEADER = (
    "index", "knew_size", "sealed_size", "not_before", "not_after", "at", "kind", "asset", "event", "detail", "file",
    "volatile_file", "volatile_offset", "volatile_length", "statement",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """A time stamp that the log states."""

    index: int
    """Where it says so."""
    size: int
    """The log it was got over."""
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing a statement says."""

    at: str = ""
    asset: str = ""
    event: str
    detail: str = ""
    file: str = ""
    volatile: tuple[object, object, object] = ("", "", "")


def timeline(gathered: Gathered) -> bytes:
    """Return `timeline.csv` of everything that was gathered."""
    return csv_table(_HEADER, _rows(gathered))


def bracket(stamps: Iterable[Stamp], index: int, knew: int | None) -> tuple[str, str]:
    """Return the newest stamp that was known, and the earliest that covers the leaf at `index`; empty for none."""
    stamps = tuple(stamps)
    before = max((one.at for one in stamps if knew is not None and one.index < knew), default="")
    after = min((one.at for one in stamps if one.size > index), default="")
    return before, after


def _rows(gathered: Gathered) -> Iterator[Iterable[object]]:
    history = gathered.history
    stamps = tuple(_stamps(gathered))
    ends = sorted(history.ledger.chain.roots)
    files = {(key[0], key[2]): one.path.removeprefix("data/") for key, one in gathered.artefacts.items()}
    for index, (kind, digest) in sorted(gathered.supplied.items()):
        if index < gathered.span.previous:
            continue
        accepted = history.open(history.statements[index])
        knew = accepted.part.after.size if accepted.part is not None and accepted.part.after else None
        sealed = ends[bisect_right(ends, index)]
        for event in _events(kind, accepted, files):
            yield (
                index, "" if knew is None else knew, sealed, *bracket(stamps, index, knew), event.at, kind,
                event.asset, event.event, event.detail, event.file, *event.volatile, digest,
            )  # fmt: skip


def _stamps(gathered: Gathered) -> Iterator[Stamp]:
    for entry in gathered.history.statements:
        if entry.kind == STAMPED:
            said = gathered.history.open(entry).statement.predicate
            yield Stamp(index=entry.index, size=int(str(said.get("size", 0))), at=str(said.get("at", "")))


def _events(kind: str, accepted: Accepted, files: Mapping[tuple[AssetId, Digest], str]) -> Iterator[Event]:
    if accepted.part is not None:
        yield from _part(accepted, files)
        return
    said = accepted.statement.predicate
    moment = said.get("at", said.get("as_of", ""))
    detail = {name: said[name] for name in ("slot", "reason", "role", "profile", "period", "recipient") if name in said}
    yield Event(
        at=moment if isinstance(moment, str) else "",
        event=kind,
        detail=", ".join(f"{name} {value}" for name, value in sorted(detail.items()) if isinstance(value, str)),
    )


def _part(accepted: Accepted, files: Mapping[tuple[AssetId, Digest], str]) -> Iterator[Event]:
    part = accepted.part
    if part is None:
        return
    yield Event(at=part.started, event="run began", detail=f"{part.run}, part {part.label}, chunk {part.chunk}")
    for capture in sorted(part.captures, key=lambda one: one.at):
        segment = capture.volatile
        whole = "" if capture.complete else f", cut off: {capture.reason or 'not known why'}"
        yield Event(
            at=capture.at,
            asset=capture.asset,
            event="answer",
            detail=f"{capture.question}: {capture.transport} {capture.request:.200}{whole}",
            file=files.get((capture.asset, capture.blob), capture.blob),
            volatile=(blob_path(segment.blob).removeprefix("data/"), segment.offset, segment.length)
            if segment
            else ("", "", ""),
        )
    for outcome in part.outcomes:
        yield Event(at=part.ended, asset=outcome.asset, event=str(outcome.result), detail=outcome.reason or "")
    yield Event(at=part.ended, event="run ended" if part.last else "chunk ended", detail=part.run)
