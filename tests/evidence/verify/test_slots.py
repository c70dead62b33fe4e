"""What became of planned slots: in words and numbers, from a real log."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

import pytest

from evidence.clock import rfc3339
from evidence.log.calendar import Due
from evidence.log.missed import Missed, missed_predicate
from evidence.model.names import digest_of
from evidence.store.memory import MemoryStore
from evidence.verify.result import Status
from evidence.verify.slots import Cover, judge, troubles
from evidence.verify.verifier import verify

FIRST = datetime(2026, 7, 22, 2, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
SLOT = "nightly-20260722T0200Z"
ALL = frozenset("abcd")


def cover(ended: datetime, outcomes: str, *, off: str = "", cut: str = "", covering: datetime | None = None) -> Cover:
    return Cover(
        slot=SLOT,
        ended=ended,
        covering=covering or ended,
        outcomes=tuple(outcomes),
        off=frozenset(off),
        interrupted=frozenset(cut),
        run="run-1",
        statement=digest_of(outcomes.encode()),
    )


def judged(covers: Sequence[Cover], *missed: Missed, as_of: datetime = FIRST + DAY) -> tuple[int, ...]:
    """Return present, late, off by schedule, missed, gaps, pending of one slot of four assets."""
    due = Due(slot=SLOT, job="nightly", moment=FIRST, deadline=FIRST + 2 * HOUR, assets=ALL, plan=digest_of(b""))
    (one,) = judge({SLOT: due}, covers, missed, as_of=as_of).slots
    assert one.present + one.late + one.off_by_schedule + one.missed + one.gaps + one.pending == one.expected == 4
    return one.present, one.late, one.off_by_schedule, one.missed, one.gaps, one.pending


def why(assets: str = "", at: datetime = FIRST) -> Missed:
    return Missed(slot=SLOT, reason="moved to another hall", at=rfc3339(at), assets=frozenset(assets))


def test_each_asset_of_a_slot_has_one_word() -> None:
    assert judged([cover(FIRST + HOUR, "abcd")]) == (4, 0, 0, 0, 0, 0)
    assert judged([cover(FIRST + HOUR, "ab"), cover(FIRST + 3 * HOUR, "bc")]) == (2, 1, 0, 0, 1, 0)
    assert judged([cover(FIRST + HOUR, "abcd", off="cd")]) == (2, 0, 2, 0, 0, 0)
    assert judged([cover(FIRST + HOUR, "abcd", cut="d")]) == (3, 0, 0, 0, 1, 0)
    assert judged([cover(FIRST + HOUR, "ab")], why()) == (2, 0, 0, 2, 0, 0)
    assert judged([cover(FIRST + HOUR, "ab")], why("c")) == (2, 0, 0, 1, 1, 0)
    assert judged([]) == (0, 0, 0, 0, 4, 0)


def test_the_end_of_the_grace_is_still_in_time() -> None:
    assert judged([cover(FIRST + 2 * HOUR, "abcd")])[:2] == (4, 0)
    assert judged([cover(FIRST + 2 * HOUR + timedelta(seconds=1), "abcd")])[:2] == (0, 4)


def test_what_was_over_before_the_slot_does_not_fill_it() -> None:
    assert judged([cover(FIRST - HOUR, "abcd")]) == (0, 0, 0, 0, 4, 0)


def test_what_was_not_there_yet_does_not_count() -> None:
    assert judged([cover(FIRST + 5 * HOUR, "abcd")], as_of=FIRST + HOUR) == (0, 0, 0, 0, 0, 4)
    assert judged([cover(FIRST + 5 * HOUR, "abcd")], as_of=FIRST + 3 * HOUR) == (0, 0, 0, 0, 4, 0)
    assert judged([], why(at=FIRST + DAY), as_of=FIRST + 3 * HOUR) == (0, 0, 0, 0, 4, 0)


def test_a_part_is_no_older_than_what_it_knew() -> None:
    assert judged([cover(FIRST + HOUR, "abcd", covering=FIRST + 9 * HOUR)])[:2] == (0, 4)


def test_nights_in_a_row_without_a_run_are_one_line() -> None:
    due = {}
    for night in range(40):
        moment = FIRST + night * DAY
        slot = f"nightly-{moment:%Y%m%dT%H%MZ}"
        due[slot] = Due(
            slot=slot, job="nightly", moment=moment, deadline=moment + HOUR, assets=ALL, plan=digest_of(b"")
        )
    calendar = judge(due, [cover(FIRST + HOUR, "abc")], [], as_of=FIRST + 39 * DAY)
    assert list(troubles(calendar)) == [
        f"{SLOT}: gap: no outcome of d",
        "nightly-20260723T0200Z to nightly-20260829T0200Z: gap: no run in 38 slots; 4 assets were due",
    ]
    assert calendar.total("gaps") == 1 + 38 * 4
    assert calendar.total("pending") == 4


@pytest.fixture
def nights(nights_module: ModuleType, vectors: ModuleType, memory: MemoryStore) -> Any:
    return nights_module.Nights(vectors, memory)


def test_a_log_of_whole_nights_passes(nights: Any) -> None:
    for number in range(3):
        nights.night(number)
    report, calendar, said = nights.verify(as_of=FIRST + 2 * DAY + HOUR)
    assert report.steps[8].status is Status.PASSED
    assert "slots: 3 due up to 2026-07-24T03:00:00Z; outcomes: 9 expected, 9 present, 0 late" in said
    assert all(one.whole for one in calendar.slots)


def test_late_missed_and_gap_are_told_apart_and_never_pass(nights: Any) -> None:
    nights.night(0)
    nights.night(1, after=HOUR)
    nights.missed(2, "the hall was without power")
    nights.night(4)
    report, calendar, said = nights.verify(as_of=FIRST + 5 * DAY + timedelta(minutes=10))
    assert report.steps[8].status is Status.NOT_CHECKED
    assert "nightly-20260723T0200Z: late: Presse Ü, press-7, sw-01, in time was until 2026-07-23T03:00:00Z" in said
    assert "nightly-20260724T0200Z: missed, 3 assets: the hall was without power" in said
    assert "nightly-20260725T0200Z: gap: no run at all; 3 assets were due" in said
    counts = [(one.present, one.late, one.missed, one.gaps, one.pending) for one in calendar.slots]
    assert counts == [
        (3, 0, 0, 0, 0),
        (0, 3, 0, 0, 0),
        (0, 0, 3, 0, 0),
        (0, 0, 0, 3, 0),
        (3, 0, 0, 0, 0),
        (0, 0, 0, 0, 3),
    ]


def test_a_collector_that_died_shows(nights: Any) -> None:
    nights.night(0)
    report, calendar, said = nights.verify(as_of=FIRST + 20 * DAY)
    assert report.steps[8].status is Status.NOT_CHECKED
    assert "gap: no run in 19 slots" in said
    assert calendar.total("gaps") == 19 * 3


def test_beyond_the_plan_nobody_knows_what_was_due(nights: Any) -> None:
    nights.night(0)
    assert (
        "what was due after 2026-08-21T02:00:00Z: no plan reaches further" in nights.verify(as_of=FIRST + 40 * DAY)[2]
    )


def test_without_a_time_slots_are_not_checked(nights: Any) -> None:
    nights.night(0)
    report = verify(nights.site.store)
    assert report.steps[8].status is Status.NOT_CHECKED
    assert report.calendar is None
    assert "nobody said up to when" in report.steps[8].details[0]


def test_a_plan_dated_back_undoes_no_slot_that_evidence_was_sealed_after(nights: Any) -> None:
    nights.night(0)
    nights.night(2)
    nights.plan(FIRST + timedelta(minutes=70), assets=nights.assets[:1], count=29)
    nights.site.seal()
    _, calendar, said = nights.verify(as_of=FIRST + 3 * DAY)
    assert [one.expected for one in calendar.slots] == [3, 3, 1, 1]
    assert "nightly-20260723T0200Z: gap: no run at all; 3 assets were due" in said
    assert "the plan of 2026-07-24T02:05:00Z asks no longer for Presse Ü, press-7" in said


def test_a_part_that_knew_later_evidence_than_its_own_time_is_clock_suspect_and_late(nights: Any) -> None:
    nights.night(0)
    nights.night(2)
    nights.night(1)
    _, calendar, said = nights.verify(as_of=FIRST + 2 * DAY + HOUR)
    assert "clock-suspect: a part of nightly-20260723T0200Z says it ended at 2026-07-23T02:05:00Z" in said
    assert [one.late for one in calendar.slots] == [0, 3, 0]


def test_a_run_at_another_time_is_named_and_fills_nothing(nights: Any) -> None:
    nights.site.now = FIRST
    nights.site.run(nights.blob, slot="nightly-20260722T0300Z")
    nights.site.seal()
    _, calendar, said = nights.verify(as_of=FIRST + 2 * HOUR)
    assert "nightly-20260722T0300Z: a run that no plan asks for at that time" in said
    assert calendar.total("gaps") == 3


@pytest.mark.parametrize(
    "change",
    [
        {"slot": "nightly"},
        {"reason": ""},
        {"reason": "x" * 1001},
        {"at": "yesterday"},
        {"assets": ["b", "a"]},
        {"assets": ["a", "a"]},
        {"assets": [1]},
        {"assets": "a"},
        {"excuse": "x"},
    ],
)
def test_a_missed_statement_that_is_none_is_set_aside(nights: Any, change: dict[str, object]) -> None:
    predicate = {**missed_predicate(SLOT, "a reason", FIRST), **change}
    nights.append("missed", predicate, nights.blob)
    nights.site.seal()
    _, calendar, _ = nights.verify(as_of=FIRST + 2 * HOUR)
    assert (calendar.total("missed"), calendar.total("gaps")) == (0, 3)
