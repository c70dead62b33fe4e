"""Restarts, wraps, and what is remembered."""

from datetime import UTC, datetime, timedelta

import pytest

from collectors.memory import WRAP_CS, DeviceMemory, Uptime, dump_memory, load_memory, restarted_after_visit
from evidence.clock import rfc3339
from evidence.model.names import AssetId
from evidence.model.outcome import Result

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR_S = 3600.0


def test_an_uptime_that_grew_with_the_time_is_no_restart() -> None:
    assert not Uptime(agent_cs=460_000).restarted_since(Uptime(agent_cs=100_000), HOUR_S)


def test_an_uptime_shorter_than_the_time_since_is_a_restart() -> None:
    assert Uptime(agent_cs=200_000).restarted_since(Uptime(agent_cs=100_000), HOUR_S)


def test_a_clock_that_went_back_during_the_visit_is_a_restart() -> None:
    assert Uptime(agent_cs=200).restarted_since(Uptime(agent_cs=100_000), 0.0)


def test_the_wrap_after_497_days_is_no_restart() -> None:
    before = Uptime(agent_cs=WRAP_CS - 100_000)
    assert not Uptime(agent_cs=260_000).restarted_since(before, HOUR_S)


def test_a_restart_near_the_wrap_is_still_a_restart() -> None:
    before = Uptime(agent_cs=WRAP_CS - 100_000)
    assert Uptime(agent_cs=30_000).restarted_since(before, HOUR_S)


def test_the_engine_time_tells_an_agent_wrap_from_a_restart() -> None:
    before = Uptime(agent_cs=5_000_000, engine_s=50_000)
    assert not Uptime(agent_cs=100, engine_s=50_010).restarted_since(before, 10.0)


def test_during_a_visit_a_clock_that_goes_back_is_a_restart_and_one_that_wraps_or_stands_still_is_none() -> None:
    assert Uptime(agent_cs=200).went_back_since(Uptime(agent_cs=100_000), 60.0)
    assert not Uptime(agent_cs=5_000).went_back_since(Uptime(agent_cs=WRAP_CS - 1_000), 60.0)
    assert not Uptime(agent_cs=0).went_back_since(Uptime(agent_cs=0), 60.0)


def test_an_agent_that_restarted_on_a_running_host_is_no_restart_of_the_host() -> None:
    before = Uptime(agent_cs=900_000, host_cs=9_000_000)
    assert not Uptime(agent_cs=100, host_cs=9_360_000).restarted_since(before, HOUR_S)


def remembered(uptime: Uptime, ago: timedelta) -> DeviceMemory:
    return DeviceMemory(visited=rfc3339(NOON - ago), uptime=uptime)


def test_a_restart_within_fifteen_minutes_of_a_visit_is_held_against_it() -> None:
    memory = remembered(Uptime(agent_cs=100_000), timedelta(hours=1))
    why = restarted_after_visit(memory, Uptime(agent_cs=50 * 60 * 100), NOON)
    assert why == "it restarted at 2026-11-22T11:10:00Z, within 15 minutes of our visit that ended 2026-11-22T11:00:00Z"


def test_a_later_restart_is_not() -> None:
    memory = remembered(Uptime(agent_cs=100_000), timedelta(hours=1))
    assert restarted_after_visit(memory, Uptime(agent_cs=40 * 60 * 100), NOON) is None


def test_a_device_without_memory_is_not_judged() -> None:
    assert restarted_after_visit(DeviceMemory(), Uptime(agent_cs=1), NOON) is None


def test_memory_reads_back_as_it_was_written() -> None:
    devices = {
        AssetId("プレス-7"): DeviceMemory(
            visited="2026-11-22T11:00:00Z",
            uptime=Uptime(agent_cs=7, engine_s=1),
            result=Result.PARTIAL,
            quarantine="it restarted",
            baseline_ms={"snmp get": 12},
            cursors={"audit-log": "2026-11-22T11:00:00Z"},
        ),
        AssetId("sw-01"): DeviceMemory(),
    }
    assert load_memory(dump_memory(devices)) == devices


@pytest.mark.parametrize(
    "value",
    [
        None,
        {},
        "x",
        [1],
        [{}],
        [{"asset": "a", "visited": "yesterday"}],
        [{"asset": "a", "uptime": {"x": 1}}],
        [{"asset": "a", "cursors": [{"question": "q", "at": "soon"}]}],
    ],
)
def test_memory_that_cannot_be_read_is_first_run_behaviour(value: object) -> None:
    assert load_memory(value) == {}


def test_baselines_move_a_quarter_of_the_way() -> None:
    memory = DeviceMemory(baseline_ms={"snmp get": 100}).with_latencies({"snmp get": 0.2, "ssh show version": 1.0})
    assert memory.baseline_ms == {"snmp get": 125, "ssh show version": 1000}
    assert memory.baseline_s() == {"snmp get": 0.125, "ssh show version": 1.0}
