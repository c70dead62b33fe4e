"""From what was heard to evidence: redact, split off the volatile share, store, and sum up in signed parts."""

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from collectors.events import Answered, VisitEnded, Watch, nobody
from collectors.memory import Uptime
from collectors.originals import Originals, wants_original
from collectors.redact import Redacted, Redactor
from collectors.visit import Findings, Heard, fault
from evidence.clock import Clock, rfc3339
from evidence.model.capture import PERSONAL, SALT_BYTES, Capture, Original, Segment
from evidence.model.names import AssetId, Digest
from evidence.model.outcome import Outcome, Result
from evidence.normalise import varbinds, volatile
from evidence.store.answers import Random, put_personal
from evidence.store.blob_writer import BlobWriter
from evidence.store.interface import Store, StoreError
from evidence.store.known import memory_of

CHUNK_CAPTURES = 2_000
"""Captures after which a part is written, so memory stays flat and a crash loses little."""
CHUNK_OUTCOMES = 10_000
"""Outcomes after which a part is written, so a statement stays far below its limit where nobody answers."""
CHUNK_VOLATILE_BYTES = 16 * 1024 * 1024
"""Volatile bytes after which a part is written."""


MAX_REASON = 4_000
"""Longest reason kept, characters: some twenty causes in words, where a statement may hold sixteen times as much."""


@dataclass(slots=True)
class Chunk:
    """What the next part statement will say."""

    started: datetime
    outcomes: list[Outcome] = field(default_factory=list)
    captures: list[Capture] = field(default_factory=list)
    segments: list[tuple[int, int, int]] = field(default_factory=list)
    """(index in `captures`, offset, length) of volatile shares."""
    volatile: bytearray = field(default_factory=bytearray)
    uptimes: list[dict[str, object]] = field(default_factory=list)
    hits: int = 0
    unlisted: int = 0
    """Secrets that no platform rule named and only the generic detector found."""

    def full(self) -> bool:
        """Tell whether it is time to write."""
        many = len(self.captures) >= CHUNK_CAPTURES or len(self.outcomes) >= CHUNK_OUTCOMES
        return many or len(self.volatile) >= CHUNK_VOLATILE_BYTES

    def sealed_captures(self, blob: Digest | None) -> list[Capture]:
        """Return the captures, each with its segment of the packed volatile blob."""
        if blob is None:
            return self.captures
        where = {index: Segment(blob=blob, offset=offset, length=length) for index, offset, length in self.segments}
        return [_with_segment(capture, where.get(index)) for index, capture in enumerate(self.captures)]


class Recording:
    """Takes in visits from any thread; hands out chunks to be written as parts."""

    def __init__(
        self,
        *,
        store: Store,
        redactor: Redactor,
        clock: Clock,
        random: Random,
        write: Callable[[Chunk, bool], None],
        watch: Watch = nobody,
        originals: Originals | None = None,
    ) -> None:
        self.nearby = memory_of(store) is None
        """Whether the store is no farther than a disk; one that is far away remembers what it holds."""
        self._store = store
        self._originals = originals
        self._redactor = redactor
        self._clock = clock
        self._random = random
        self._write = write
        self._watch = watch
        self._lock = threading.Lock()
        self._chunk = Chunk(started=clock.now())
        self.kept: dict[AssetId, Kept] = {}
        self._blobs = BlobWriter(store, clock.monotonic)

    def keep(self, findings: Findings, outcome: Outcome) -> list[Exception]:
        """
        Redact, store and note everything one visit heard; called once per asset, and `write_due` after it.

        An answer that is beyond us is left out, and the bug returned: it costs nobody else anything.
        """
        captured: list[tuple[Capture, bytes, int]] = []
        bugs: list[Exception] = []
        for heard in findings.heard:
            try:
                captured.append(self._capture(findings.asset, heard))
            except StoreError:
                raise
            except Exception as bug:  # noqa: BLE001
                bugs.append(bug)
                outcome = replace(outcome, result=Result.INTERRUPTED, reason=fault(bug))
        self._note(findings, outcome, captured)
        return bugs

    def _note(self, findings: Findings, outcome: Outcome, captured: Sequence[tuple[Capture, bytes, int]]) -> None:
        kept = [(capture, moving) for capture, moving, _ in captured]
        if outcome.reason:
            outcome = replace(outcome, reason=self._redactor.text(outcome.reason)[:MAX_REASON])
        with self._lock:
            chunk = self._chunk
            for capture, moving in kept:
                if moving:
                    chunk.segments.append((len(chunk.captures), len(chunk.volatile), len(moving)))
                    chunk.volatile += moving
                chunk.captures.append(capture)
                chunk.hits += capture.redactions
            chunk.unlisted += sum(unlisted for _, _, unlisted in captured)
            chunk.outcomes.append(outcome)
            chunk.uptimes += _uptime_row(findings)
            self.kept[findings.asset] = Kept(
                outcome=outcome,
                captures=len(kept),
                redactions=sum(capture.redactions for capture, _ in kept),
                ended=rfc3339(self._clock.now()),
                uptime=findings.uptime_after or findings.uptime_before,
                restarted=findings.restarted,
                cursors=_cursors(findings, {capture.question for capture, _ in kept}),
            )
        self._watch(
            VisitEnded(outcome=outcome, captures=len(kept), redactions=sum(capture.redactions for capture, _ in kept))
        )

    @property
    def due(self) -> bool:
        """Whether it is time for `write_due`."""
        return self._chunk.full()

    def write_due(self) -> None:
        """Write a part of what was kept so far, where that is enough."""
        with self._lock:
            if self._chunk.full():
                self._turn(last=False)

    def finish(self) -> None:
        """Write what is left as the run's last part."""
        with self._lock:
            self._turn(last=True)

    def _turn(self, *, last: bool) -> None:
        chunk, self._chunk = self._chunk, Chunk(started=self._clock.now())
        self._blobs.commit()
        self._write(chunk, last)

    def _capture(self, asset: AssetId, heard: Heard) -> tuple[Capture, bytes, int]:
        question, answer = heard.question, heard.answer
        data = answer.data if isinstance(answer.data, bytes) else varbinds.encode(answer.data)
        redacted = self._redactor.capture(data, question, heard.platform)
        request, reason = self._redactor.request(answer.request), redacted.refused or answer.reason
        complete = answer.complete and redacted.refused is None
        self._watch(
            Answered(asset=asset, transport=question.transport, request=request, data=redacted.data, complete=complete)
        )
        personal = question.classification == PERSONAL
        # A packed blob holds values of many: none of a person's may lie there.
        stable, moving = (redacted.data, b"") if personal else volatile.split(question, redacted.data)
        blob, length = self._put(stable, personal=personal)
        capture = Capture(
            asset=asset,
            platform=heard.platform.name,
            question=question.name,
            transport=question.transport,
            request=request,
            at=rfc3339(heard.at),
            took_ms=answer.took_ms,
            blob=blob,
            bytes=length,
            ttl_s=question.ttl_s,
            classification=question.classification,
            redactions=redacted.hits,
            host_key=heard.host_key,
            access=self._redactor.access(heard.access) if heard.access else None,
            link=self._redactor.link(heard.link) if heard.link else None,
            original=self._original(asset, heard, blob, redacted, data),
            complete=complete,
            reason=self._redactor.text(reason) if reason else None,
            salt=SALT_BYTES if personal else 0,
        )
        return capture, moving, redacted.unlisted

    def _put(self, data: bytes, *, personal: bool) -> tuple[Digest, int]:
        """Keep an answer, what names people behind a salt; return its digest and length."""
        return put_personal(self._store, data, self._random) if personal else (self._blobs.put(data), len(data))

    def _original(self, asset: AssetId, heard: Heard, blob: Digest, redacted: Redacted, data: bytes) -> Original | None:
        """Keep what may not rest in the open for those it is encrypted to, where there are any."""
        if self._originals is None or not (redacted.refused or wants_original(heard.question)):
            return None
        return self._originals.keep(asset, heard.question, blob=blob, redacted=redacted.data, plain=data)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What became of one visit, for the recap and for the next run's memory."""

    outcome: Outcome
    captures: int
    redactions: int
    ended: str
    """RFC 3339."""
    uptime: Uptime | None
    restarted: str | None
    cursors: Mapping[str, str] = field(default_factory=dict)
    """Question about a time -> where the next run's begins."""


def _with_segment(capture: Capture, segment: Segment | None) -> Capture:
    return capture._replace(volatile=segment) if segment else capture


def _cursors(findings: Findings, kept: Collection[str]) -> dict[str, str]:
    """Return the cursors of what is evidence now: an answer that could not be kept is asked for again."""
    heard = {one.question.name: one.answer.cursor for one in findings.heard}
    return {question: cursor for question, cursor in heard.items() if cursor is not None and question in kept}


def _uptime_row(findings: Findings) -> list[dict[str, object]]:
    before, after = findings.uptime_before, findings.uptime_after
    if before is None:
        return []
    row: dict[str, object] = {"asset": findings.asset, "before_cs": before.agent_cs}
    if after is not None:
        row["after_cs"] = after.agent_cs
        row["restarted"] = findings.restarted is not None
    return [row]
