"""From what was heard to evidence."""

from datetime import UTC, datetime
from secrets import token_bytes
from typing import Any

import pytest

from collectors.record import CHUNK_OUTCOMES, MAX_REASON, Chunk, Recording
from collectors.redact import Redactor
from collectors.transports.interface import Answer
from collectors.visit import Findings, Heard
from evidence.model.names import AssetId
from evidence.model.outcome import Outcome, Result
from evidence.platforms.load import load_platforms
from evidence.store.interface import StoreError
from evidence.store.memory import MemoryStore

GENERIC = load_platforms().generic
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


class Still:
    def now(self) -> datetime:
        return NOON

    def monotonic(self) -> float:
        return 1.0


class Full(MemoryStore):
    """A store with no room left."""

    def put(self, key: str, data: bytes) -> None:
        raise StoreError(f"{key}: the disk is full, {len(data)} bytes")


def recording(written: list[tuple[Chunk, bool]], store: MemoryStore) -> Recording:
    redactor = Redactor(key=b"k" * 32, key_id="k1", secrets=["w3ld-0bserver"])
    return Recording(
        store=store,
        redactor=redactor,
        clock=Still(),
        random=token_bytes,
        write=lambda chunk, last: written.append((chunk, last)),
    )


def heard(asset: str, *answers: Any) -> Findings:
    question = GENERIC.named("system")
    return Findings(
        asset=AssetId(asset),
        heard=[
            Heard(
                question=question,
                platform=GENERIC,
                answer=Answer(data=data, request=question.request, took_ms=1),
                at=NOON,
            )
            for data in answers
        ],
    )


def collected(asset: str, reason: str | None = None) -> Outcome:
    return Outcome(asset=AssetId(asset), result=Result.COLLECTED, reason=reason)


def test_an_answer_that_is_beyond_us_costs_only_itself() -> None:
    written: list[tuple[Chunk, bool]] = []
    kept = recording(written, MemoryStore())
    good, bad = [("1.3.6.1.2.1.1.5.0", b"sw")], [("1.3.6.1.2.1.1.5.0", object())]
    bugs = kept.keep(heard("a", good, bad), collected("a", "w3ld-0bserver"))
    assert len(bugs) == 1
    assert kept.keep(heard("b", good), collected("b")) == []
    kept.finish()
    ((chunk, last),) = written
    assert last
    assert [outcome.result for outcome in chunk.outcomes] == [Result.INTERRUPTED, Result.COLLECTED]
    assert (chunk.outcomes[0].reason or "").startswith("a fault of plantproof itself: ")
    assert [capture.asset for capture in chunk.captures] == ["a", "b"]


def test_a_reason_is_kept_without_secrets() -> None:
    written: list[tuple[Chunk, bool]] = []
    kept = recording(written, MemoryStore())
    kept.keep(heard("a"), collected("a", "the community w3ld-0bserver is wrong"))
    assert "w3ld-0bserver" not in str(kept.kept[AssetId("a")].outcome)


def test_a_reason_has_an_end() -> None:
    written: list[tuple[Chunk, bool]] = []
    kept = recording(written, MemoryStore())
    kept.keep(heard("a"), collected("a", "because " * 100_000))
    assert len(kept.kept[AssetId("a")].outcome.reason or "") == MAX_REASON


def test_where_nobody_answers_a_part_is_written_now_and_then() -> None:
    written: list[tuple[Chunk, bool]] = []
    kept = recording(written, MemoryStore())
    for number in range(CHUNK_OUTCOMES + 1):
        kept.keep(heard(f"sw-{number}"), collected(f"sw-{number}"))
    kept.finish()
    assert [(len(chunk.outcomes), last) for chunk, last in written] == [(CHUNK_OUTCOMES, False), (1, True)]


def test_a_full_store_is_not_passed_over() -> None:
    kept = recording([], Full())
    with pytest.raises(StoreError):
        kept.keep(heard("a", [("1.3.6.1.2.1.1.5.0", b"sw")]), collected("a"))
