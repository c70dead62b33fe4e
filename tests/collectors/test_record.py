"""From what was heard to evidence."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_bytes
from typing import Any

import pytest

from collectors.record import CHUNK_CAPTURES, CHUNK_OUTCOMES, MAX_REASON, Chunk, Recording
from collectors.redact import Redactor
from collectors.transports.interface import Answer
from collectors.visit import Findings, Heard
from evidence.model.names import AssetId
from evidence.model.outcome import Outcome, Result
from evidence.platforms.load import load_platforms
from evidence.store.directory import DirectoryStore
from evidence.store.interface import Store, StoreError
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


def recording(
    written: list[tuple[Chunk, bool]], store: Store, write: Callable[[Chunk, bool], None] | None = None
) -> Recording:
    redactor = Redactor(key=b"k" * 32, key_id="k1", secrets=["w3ld-0bserver"])
    return Recording(
        store=store,
        redactor=redactor,
        clock=Still(),
        random=token_bytes,
        write=write or (lambda chunk, last: written.append((chunk, last))),
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
        kept.write_due()
    kept.finish()
    assert [(len(chunk.outcomes), last) for chunk, last in written] == [(CHUNK_OUTCOMES, False), (1, True)]


def test_a_full_store_is_not_passed_over() -> None:
    kept = recording([], Full())
    with pytest.raises(StoreError):
        kept.keep(heard("a", [("1.3.6.1.2.1.1.5.0", b"sw")]), collected("a"))


class Unsettled(DirectoryStore):
    """A store in a directory that knows which names are not settled, or a disk that fails to settle them."""

    fails = False
    unsettled: frozenset[str] = frozenset()

    def put_many(self, objects: Sequence[tuple[str, bytes]]) -> None:
        super().put_many(objects)
        self.unsettled |= {key for key, _ in objects}

    def settle(self, keys: Iterable[str]) -> None:
        if self.fails:
            raise StoreError("the disk is gone")
        folders = {key.rpartition("/")[0] for key in keys}
        super().settle(f"{folder}/any" for folder in folders)
        self.unsettled = frozenset(key for key in self.unsettled if key.rpartition("/")[0] not in folders)


@pytest.mark.parametrize("last", [True, False])
def test_a_part_is_written_once_all_its_artefacts_are_durable(tmp_path: Path, last: bool) -> None:
    store = Unsettled(tmp_path)
    seen: list[tuple[int, frozenset[str]]] = []
    kept = recording([], store, lambda chunk, _: seen.append((len(chunk.captures), store.unsettled)))
    many = range(30) if last else range(CHUNK_CAPTURES)
    for number in many:
        name = b"sw%d" % (number % 30)
        kept.keep(heard(f"a{number}", [("1.3.6.1.2.1.1.5.0", name)]), collected(f"a{number}"))
        assert kept.due is (number + 1 == CHUNK_CAPTURES)
        kept.write_due()
    if last:
        kept.finish()
    assert seen == [(len(many), frozenset())]
    assert len(list(store.keys("blobs/"))) == 30


def test_where_artefacts_cannot_be_made_durable_no_part_speaks_of_them(tmp_path: Path) -> None:
    store = Unsettled(tmp_path)
    written: list[tuple[Chunk, bool]] = []
    kept = recording(written, store)
    kept.keep(heard("a", [("1.3.6.1.2.1.1.5.0", b"sw")]), collected("a"))
    store.fails = True
    for _ in range(2):
        with pytest.raises(StoreError, match="the disk is gone"):
            kept.finish()
    assert written == []
