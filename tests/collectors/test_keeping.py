"""Where findings become evidence: in the loop while that is quick, in threads when it is not."""

import asyncio
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import groupby

import pytest

from collectors.keeping import FEWEST, LARGE_BYTES, MOST, QUICK_S, Keeping
from collectors.transports.interface import Answer
from collectors.visit import Findings, Heard
from evidence.model.names import AssetId
from evidence.model.outcome import Outcome, Result
from evidence.platforms.load import load_platforms
from evidence.store.interface import StoreError

PLATFORM = load_platforms().generic
OUTCOME = Outcome(asset=AssetId("a"), result=Result.COLLECTED)


class Slow:
    """A recorder for which each asset takes as long as it is told, by a clock of its own; it notes in which thread."""

    def __init__(self, *takes_s: float, nearby: bool = True) -> None:
        self.nearby = nearby
        self.threads: list[str] = []
        self.due_after: set[int] = set()
        self.written: list[tuple[int, str]] = []
        self._takes_s = list(takes_s)
        self._now = 0.0

    def monotonic(self) -> float:
        return self._now

    def keep(self, findings: Findings, outcome: Outcome) -> Sequence[Exception]:
        assert (findings.asset, outcome) == ("a", OUTCOME)
        self.threads.append(threading.current_thread().name.partition("_")[0])
        self._now += self._takes_s.pop(0) if self._takes_s else 0.0
        return [ValueError("a bug")]

    @property
    def due(self) -> bool:
        return len(self.threads) in self.due_after

    def write_due(self) -> None:
        self.due_after.discard(len(self.threads))
        self.written.append((len(self.threads), threading.current_thread().name.partition("_")[0]))

    def run(self, assets: int) -> list[tuple[str, int]]:
        """Keep so many; return in which threads, and how many of them in a row."""

        async def all_of_them() -> None:
            with Keeping(self, self.monotonic) as keeping:
                for _ in range(assets):
                    (bug,) = await keeping.keep(Findings(asset=AssetId("a")), OUTCOME)
                    assert str(bug) == "a bug"

        asyncio.run(all_of_them())
        return [(name, len(list(row))) for name, row in groupby(self.threads)]


def test_what_is_quick_is_kept_in_the_loop() -> None:
    assert Slow(*[QUICK_S / 2] * 20).run(20) == [("MainThread", 20)]


def test_a_store_that_is_far_away_never_stops_the_loop() -> None:
    assert Slow(nearby=False).run(20) == [("keep", 20)]


@pytest.mark.parametrize("nearby", [True, False])
def test_a_part_is_never_written_in_the_loop(nearby: bool) -> None:
    recorder = Slow(nearby=nearby)
    recorder.due_after = {1, 7}
    rows = recorder.run(9)
    assert recorder.written == [(1, "keep"), (7, "keep")]
    assert rows == [("MainThread" if nearby else "keep", 9)]


def test_while_a_part_is_written_nothing_is_kept_in_the_loop() -> None:
    release = threading.Event()

    class Writing(Slow):
        def keep(self, findings: Findings, outcome: Outcome) -> Sequence[Exception]:
            if len(self.threads) == 2:
                release.set()
            return super().keep(findings, outcome)

        def write_due(self) -> None:
            super().write_due()
            assert release.wait(30), "the loop stood still"

    recorder = Writing()
    recorder.due_after = {1}

    async def keep_all() -> None:
        with Keeping(recorder, recorder.monotonic) as keeping:
            first = asyncio.create_task(keeping.keep(Findings(asset=AssetId("a")), OUTCOME))
            while not recorder.written:
                await asyncio.sleep(0.01)
            for _ in range(2):
                await keeping.keep(Findings(asset=AssetId("a")), OUTCOME)
            await first
            await keeping.keep(Findings(asset=AssetId("a")), OUTCOME)

    asyncio.run(keep_all())
    assert recorder.threads == ["MainThread", "keep", "keep", "MainThread"]


def test_after_two_that_took_long_threads_take_over_for_a_while() -> None:
    rows = Slow(0.0, QUICK_S * 2, QUICK_S * 2).run(40)
    assert rows == [("MainThread", 3), ("keep", FEWEST), ("MainThread", 37 - FEWEST)]


def test_one_that_took_long_is_no_slow_disk() -> None:
    assert Slow(QUICK_S * 2, 0.0, QUICK_S * 2, 0.0).run(40) == [("MainThread", 40)]


def test_a_disk_that_stays_slow_stops_the_loop_ever_less_often() -> None:
    rows = Slow(*[QUICK_S * 2] * 2_000).run(2_000)
    assert [count for name, count in rows if name == "keep"] == [8, 32, 128, MOST, MOST, MOST, 288]
    assert [count for name, count in rows if name == "MainThread"] == [2, 1, 1, 1, 1, 1, 1]


def test_one_quick_asset_after_a_slow_disk_begins_anew() -> None:
    slow, quick = [QUICK_S * 2], [0.0] * FEWEST
    rows = Slow(*slow, *slow, *quick, *slow, *[0.0] * 32, 0.0, *slow, *slow).run(60)
    assert rows[:6] == [("MainThread", 2), ("keep", 8), ("MainThread", 1), ("keep", 32), ("MainThread", 3), ("keep", 8)]


def test_a_thread_that_hangs_holds_up_nobody_but_its_own_asset() -> None:
    release = threading.Event()

    class Hanging(Slow):
        def keep(self, findings: Findings, outcome: Outcome) -> Sequence[Exception]:
            assert release.wait(30), "the loop stood still"
            return super().keep(findings, outcome)

    async def two() -> None:
        with Keeping(recorder := Hanging(nearby=False), recorder.monotonic) as keeping:
            kept = asyncio.create_task(keeping.keep(Findings(asset=AssetId("a")), OUTCOME))
            await asyncio.sleep(0.01)
            assert not kept.done()
            release.set()
            await kept

    asyncio.run(two())


def test_while_threads_are_at_it_the_loop_does_not_try_again() -> None:
    """Those handed over in one go are not done yet: the disk is as slow as it was."""

    async def many() -> None:
        with Keeping(recorder, recorder.monotonic) as keeping:
            await asyncio.gather(*(keeping.keep(Findings(asset=AssetId("a")), OUTCOME) for _ in range(FEWEST + 20)))

    recorder = Slow(QUICK_S * 2, QUICK_S * 2)
    asyncio.run(many())
    assert sorted(recorder.threads) == ["MainThread"] * 2 + ["keep"] * (FEWEST + 18)


@pytest.mark.parametrize(
    ("answers", "thread"),
    [
        ([b"x" * (LARGE_BYTES - 1)], "MainThread"),
        ([b"x" * (LARGE_BYTES // 2)] * 2, "keep"),
        ([[("1.3.6.1.2.1.1.1.0", b"x")] * (LARGE_BYTES // 40 + 1)], "keep"),
    ],
)
def test_what_is_large_is_kept_in_a_thread(answers: list[bytes], thread: str) -> None:
    question = PLATFORM.named("system")
    heard = [
        Heard(
            question=question,
            platform=PLATFORM,
            answer=Answer(data=data, request="get", took_ms=1),
            at=datetime(2026, 11, 22, tzinfo=UTC),
        )
        for data in answers
    ]

    async def one() -> None:
        with Keeping(recorder, recorder.monotonic) as keeping:
            await keeping.keep(Findings(asset=AssetId("a"), heard=heard), OUTCOME)

    recorder = Slow()
    asyncio.run(one())
    assert recorder.threads == [thread]


def test_others_have_their_turn_between_two_assets() -> None:
    seen: list[int] = []

    async def both() -> None:
        recorder = Slow()

        async def look() -> None:
            for _ in range(5):
                seen.append(len(recorder.threads))
                await asyncio.sleep(0)

        with Keeping(recorder, recorder.monotonic) as keeping:
            looking = asyncio.create_task(look())
            for _ in range(5):
                await keeping.keep(Findings(asset=AssetId("a")), OUTCOME)
            await looking

    asyncio.run(both())
    assert seen == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("nearby", [True, False])
def test_where_nothing_can_be_kept_the_run_hears_of_it(nearby: bool) -> None:
    class Full(Slow):
        def keep(self, findings: Findings, outcome: Outcome) -> Sequence[Exception]:
            raise StoreError("the disk is full")

    with pytest.raises(StoreError, match="disk is full"):
        Full(nearby=nearby).run(1)
