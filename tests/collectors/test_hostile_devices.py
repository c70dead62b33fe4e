"""Devices that answer what no device should: nobody else's evidence suffers, and nothing reaches the terminal."""

from collections.abc import Callable, Iterator
from importlib.resources import files
from typing import Any

import pytest

from collectors.simulate.device import Device
from collectors.simulate.snmp import SimulatedAgent
from collectors.snmp_visit import HR_SYSTEM_UPTIME, SNMP_ENGINE_TIME, SYS_UPTIME, uptime_of
from evidence.normalise.varbinds import Varbind, arcs, decode

RECORDED = decode((files("collectors.demo") / "plant" / "weld-sw-01#snmp.txt").read_bytes())
SYS_DESCR, SYS_NAME = "1.3.6.1.2.1.1.1.0", "1.3.6.1.2.1.1.5.0"


def saying(*values: Varbind) -> Device:
    """Return the recorded weld switch with other values."""
    changed = {one.oid: one for one in values}
    kept = [one for one in RECORDED if one.oid not in changed]
    return Device(sorted([*kept, *values], key=lambda one: arcs(one.oid)))


@pytest.fixture
def plant(site: Any) -> Iterator[Callable[..., SimulatedAgent]]:
    """Serve devices by name, and write the inventory that names them."""
    started: list[SimulatedAgent] = []

    def start(**devices: Device) -> SimulatedAgent:
        agent = SimulatedAgent({f"c0mmunity-of-{name}": device for name, device in devices.items()}).start()
        started.append(agent)
        for name in devices:
            site.hosts[name] = {
                "ansible_host": "127.0.0.1",
                "plantproof_snmp_community": f"c0mmunity-of-{name}",
                "plantproof_snmp_port": agent.port,
                "plantproof_safety": "it",
            }
        return agent

    yield start
    for agent in started:
        agent.stop()


@pytest.mark.parametrize("ticks", [2**63, -5])
def test_an_uptime_beyond_all_bounds_costs_nobody_the_seal(site: Any, plant: Any, ticks: int) -> None:
    plant(good=Device(RECORDED), wild=saying(Varbind(SNMP_ENGINE_TIME, "i", ticks)))
    assert site.results() == {"good": "collected", "wild": "collected"}
    assert site.verify().code == 0
    assert site.collect().code == 0


def test_a_clock_outside_its_mibs_range_is_no_clock() -> None:
    assert uptime_of([(SYS_UPTIME, 2**32)]) is None
    assert uptime_of([(SYS_UPTIME, -1)]) is None
    found = uptime_of([(SYS_UPTIME, 7), (SNMP_ENGINE_TIME, 2**31), (HR_SYSTEM_UPTIME, 2**40)])
    assert found is not None
    assert (found.agent_cs, found.engine_s, found.host_cs) == (7, None, None)


def test_nothing_a_device_says_steers_the_terminal(site: Any, plant: Any) -> None:
    evil = b"\x1b]0;pwned\x07\x1b[2J\xe2\x80\xae<script>=cmd|calc!A1\x00<secret:x:k1:00000000000000000000>"
    plant(evil=saying(Varbind(SYS_DESCR, "x", evil), Varbind(SYS_NAME, "x", evil)))
    assert site.collect("-v").code == 0
    for words in (["facts"], ["facts", "--format", "csv"], ["facts", "--format", "jsonl"], ["history", "evil"]):
        said = site.run(*words).said
        assert not set(said) & set("\x1b\x07\x00\u202e"), words
    assert site.verify().code == 0
