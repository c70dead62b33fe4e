"""The gate every request passes: pace, kill switch, breaker, action log."""

import asyncio
import itertools
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from collectors.conduct import Conduct, zone_of
from collectors.pace import Pace, PaceClass
from collectors.transports.interface import Action, InterruptedRunError, LeftAloneError, WindowClosedError
from evidence.model.asset import Asset, Safety
from evidence.model.names import AssetId
from evidence.model.outcome import Outcome, Result


class Hands:
    """A clock that stands still until somebody waits: a double for time."""

    def __init__(self) -> None:
        self.at = 1000.0

    def now(self) -> datetime:
        return datetime(2026, 11, 22, 12, tzinfo=UTC) + timedelta(seconds=self.at)

    def monotonic(self) -> float:
        return self.at

    def wait(self, seconds: float) -> None:
        self.at += seconds


def asset(name: str, **more: object) -> Asset:
    return Asset(id=AssetId(name), address="127.0.0.1", **more)  # type: ignore[arg-type]


def conduct(
    hands: Hands, *assets: Asset, held: Callable[[str], str | None] = lambda _: None, free: bool = False
) -> Conduct:
    return Conduct(
        assets={one.id: one for one in assets},
        clock=hands,
        pace=Pace(free=free),
        baselines={},
        held=held,
        wait=hands.wait,
    )


def get(name: str) -> Action:
    return Action(AssetId(name), "snmp", "get", "1.3.6.1.2.1.1.1.0")


def test_requests_to_an_ot_device_leave_a_fifth_of_a_second_apart() -> None:
    hands = Hands()
    gate = conduct(hands, asset("press-7"))
    left = []
    for _ in range(4):
        gate.enter_blocking(get("press-7"))
        left.append(hands.at)
    assert all(0.2 <= later - earlier < 0.21 for earlier, later in itertools.pairwise(left))
    assert gate.totals.requests == 4
    assert gate.totals.max_rate_per_device <= 5


def test_one_who_waited_too_long_does_not_leave_together_with_the_next() -> None:
    hands, left = Hands(), []
    lags = iter([0.9])
    pace = {Safety.OT: PaceClass(device_per_s=2, zone_per_s=2, max_repetitions=1)}
    gate = Conduct(
        assets={AssetId(name): asset(name, zone="z") for name in "abcd"},
        clock=hands,
        pace=Pace(classes=pace),
        baselines={},
        held=lambda _: None,
        wait=lambda seconds: hands.wait(seconds + next(lags, 0.0)),
    )
    for name in "abcdabcd":
        gate.enter_blocking(get(name))
        left.append(hands.at)
    assert all(later - earlier > 1.0 for earlier, later in zip(left, left[2:], strict=False))
    assert gate.totals.max_rate_per_zone == 2


def test_assets_without_a_zone_share_one_per_site() -> None:
    assert zone_of(asset("a", site="ulm")) == zone_of(asset("b", site="ulm")) != zone_of(asset("c", site="graz"))
    assert zone_of(asset("d", zone="line-3")) == "line-3"


def test_a_hold_stops_the_next_request_and_says_why() -> None:
    hands, holds = Hands(), {"line-3": None}
    gate = conduct(hands, asset("press-7", zone="line-3"), held=holds.get, free=True)
    gate.enter_blocking(get("press-7"))
    holds["line-3"] = "zone line-3 is on hold: maintenance"  # type: ignore[assignment]
    hands.at += 1.0
    with pytest.raises(LeftAloneError, match="press-7: zone line-3 is on hold: maintenance"):
        gate.enter_blocking(get("press-7"))
    assert gate.totals.requests == 1


def test_a_hold_that_comes_while_waiting_for_the_pace_still_stops_the_request() -> None:
    hands = Hands()
    gate = conduct(hands, asset("a", zone="z"), held=lambda _: "zone z is on hold" if hands.at > 1000.1 else None)
    gate.enter_blocking(get("a"))
    hands.at += 0.05
    with pytest.raises(LeftAloneError):
        deque((gate.enter_blocking(get("a")) for _ in range(9)), maxlen=0)
    assert gate.totals.requests <= 6


def test_a_fragile_asset_is_never_asked() -> None:
    gate = conduct(Hands(), asset("plc-1", safety=Safety.FRAGILE), free=True)
    with pytest.raises(LeftAloneError, match="fragile"):
        gate.enter_blocking(get("plc-1"))
    assert gate.totals.requests == 0


def test_three_failures_leave_the_device_alone_and_only_that_one() -> None:
    gate = conduct(Hands(), asset("a"), asset("b"), free=True)
    for _ in range(3):
        gate.enter_blocking(get("a"))
        gate.leave(get("a"), took_s=5.0, received=0, error="timeout")
    with pytest.raises(LeftAloneError, match="3 failures in a row"):
        gate.enter_blocking(get("a"))
    gate.enter_blocking(get("b"))


def test_a_failing_zone_is_left_alone() -> None:
    gate = conduct(Hands(), *(asset(f"sw-{n}", zone="z") for n in range(9)), free=True)
    for _ in range(5):
        gate.zones.note_failed("z")
    assert gate.left_alone(AssetId("sw-8")) == "5 of 9 assets of zone z failed"


def test_nothing_leaves_once_the_run_is_being_ended() -> None:
    gate = conduct(Hands(), asset("a"), free=True)
    gate.stop()
    with pytest.raises(InterruptedRunError):
        gate.enter_blocking(get("a"))


def test_a_run_that_is_ended_while_somebody_waits_lets_nothing_leave_even_if_the_clock_stands_still() -> None:
    hands = Hands()
    gate = Conduct(
        assets={AssetId("a"): asset("a")},
        clock=hands,
        pace=Pace(),
        baselines={},
        held=lambda _: None,
        wait=lambda _: gate.stop(),
    )
    gate.enter_blocking(get("a"))
    with pytest.raises(InterruptedRunError):
        gate.enter_blocking(get("a"))
    assert gate.totals.requests == 1


def test_the_event_loop_waits_as_a_thread_does() -> None:
    hands = Hands()
    gate = conduct(hands, asset("a"), free=True)
    asyncio.run(gate.enter(get("a")))
    gate.stop()
    with pytest.raises(InterruptedRunError):
        asyncio.run(gate.enter(get("a")))
    assert gate.totals.requests == 1


def test_every_request_stands_in_the_action_log_once() -> None:
    hands = Hands()
    gate = conduct(hands, asset("a"), free=True)
    gate.enter_blocking(get("a"))
    hands.at += 0.25
    gate.leave(get("a"), took_s=0.25, received=3)
    gate.refused(Action(AssetId("a"), "ssh", "run", "reload"), "not on the read-only list")
    assert gate.drain() == [
        "0\ta\tsnmp\tget\t1.3.6.1.2.1.1.1.0\t250\t3\t",
        "250\ta\tssh\trefused\treload\t0\t0\tnot on the read-only list",
    ]
    assert gate.drain() == []
    assert (gate.totals.requests, gate.totals.refused) == (1, 1)


def test_nobodys_words_break_a_line_of_the_action_log() -> None:
    gate = conduct(Hands(), asset("a"), free=True)
    login = Action(AssetId("a"), "ssh", "login", "x\ty\nz@127.0.0.1:22")
    gate.leave(login, took_s=0.0, received=0, error="no\r\n\x1b[2J")
    gate.refused(login, "why\tnot")
    lines = gate.drain()
    assert [line.count("\t") for line in lines] == [7, 7]
    assert all(line.replace("\t", "").isprintable() for line in lines)


def test_a_window_that_closes_in_the_middle_of_a_visit_ends_it() -> None:
    hands, closed = Hands(), Outcome(asset=AssetId("a"), result=Result.OUT_OF_WINDOW, reason="blackout until noon")
    gate = Conduct(
        assets={AssetId("a"): asset("a")},
        clock=hands,
        pace=Pace(free=True),
        baselines={},
        held=lambda _: None,
        wait=hands.wait,
        windows=lambda _: closed if hands.at >= 1010.0 else None,
    )
    gate.enter_blocking(get("a"))
    hands.at += 11.0
    with pytest.raises(WindowClosedError, match="blackout until noon") as caught:
        gate.enter_blocking(get("a"))
    assert caught.value.result is Result.OUT_OF_WINDOW
    assert gate.totals.requests == 1


def test_who_ends_the_run_does_not_wait_for_a_slow_pace() -> None:
    hands = Hands()
    slow = {Safety.OT: PaceClass(device_per_s=0.001, zone_per_s=0.001, max_repetitions=1)}
    gate: Conduct

    def wait(seconds: float) -> None:
        hands.wait(seconds)
        gate.stop()

    gate = Conduct(
        assets={AssetId("a"): asset("a")},
        clock=hands,
        pace=Pace(classes=slow),
        baselines={},
        held=lambda _: None,
        wait=wait,
    )
    gate.enter_blocking(get("a"))
    with pytest.raises(InterruptedRunError):
        gate.enter_blocking(get("a"))
    assert hands.at <= 1001.0


def test_answers_become_the_next_baseline() -> None:
    gate = conduct(Hands(), asset("a"), free=True)
    gate.leave(get("a"), took_s=0.5, received=1)
    assert gate.latencies(AssetId("a")) == {"snmp get": 0.5}


def test_a_finished_asset_leaves_its_baseline_and_no_more() -> None:
    gate = conduct(Hands(), asset("a"), free=True)
    gate.leave(get("a"), took_s=0.5, received=1)
    gate.finished(AssetId("a"))
    gate.leave(get("a"), took_s=9.0, received=1)
    assert gate.latencies(AssetId("a")) == {"snmp get": 0.5}


def test_a_device_that_says_no_is_not_in_distress() -> None:
    gate = conduct(Hands(), asset("a"), free=True)
    for no in ("refused", "exit status 1", "refused", "refused"):
        gate.enter_blocking(get("a"))
        gate.leave(get("a"), took_s=0.1, received=0, error=no)
    gate.enter_blocking(get("a"))


def test_each_path_of_a_service_has_a_usual_time_of_its_own() -> None:
    gate = conduct(Hands(), asset("a"), free=True)
    for target, took_s in (("/log?from=1", 2.0), ("/log?from=2", 2.0), ("/ping", 0.1)):
        gate.leave(Action(AssetId("a"), "http", "fetch", f"GET {target}"), took_s=took_s, received=1)
    assert gate.latencies(AssetId("a")) == {"http GET /log": 2.0, "http GET /ping": 0.1}
