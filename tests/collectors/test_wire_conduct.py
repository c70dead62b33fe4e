"""What the rules of conduct come to on the wire: measured where the requests arrive."""

import time
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from typing import Any

import pytest

from collectors.simulate.device import Device, Faults
from collectors.simulate.snmp import SimulatedAgent
from evidence.normalise.varbinds import decode

RECORDED = decode((files("collectors.demo") / "plant" / "weld-sw-01#snmp.txt").read_bytes())
COMMUNITIES = tuple(f"c0mmunity-{n}" for n in range(12))


@pytest.fixture
def agent() -> Iterator[SimulatedAgent]:
    device = Device(RECORDED)
    with SimulatedAgent(dict.fromkeys(COMMUNITIES, device)) as simulated:
        yield simulated


def hosts(agent: SimulatedAgent, communities: Sequence[str], **more: Any) -> dict[str, Any]:
    return {
        f"sw-{number}": {
            "ansible_host": "127.0.0.1",
            "plantproof_snmp_community": community,
            "plantproof_snmp_port": agent.port,
            **more,
        }
        for number, community in enumerate(communities)
    }


def test_the_sites_repetitions_are_kept(site: Any, agent: SimulatedAgent) -> None:
    site.settings = {"pace": {"it": {"max_repetitions": 3}}}
    site.hosts = hosts(agent, COMMUNITIES[:1], plantproof_safety="it")
    assert site.collect().code == 0
    assert agent.counts(COMMUNITIES[0]).most_repetitions == 3


class Watching(SimulatedAgent):
    """An agent that notes when each request arrived, and for whom."""

    def __init__(self, devices: Mapping[str, Device]) -> None:
        super().__init__(devices)
        self.arrived: list[tuple[float, str]] = []

    def _respond(self, request: Any, peer: Any) -> None:
        self.arrived.append((time.monotonic(), request.community.decode()))
        super()._respond(request, peer)

    def most(self, community: str | None = None) -> int:
        """Return the most requests that arrived in nine tenths of a second; the rest is what a busy machine jitters."""
        moments = sorted(at for at, name in self.arrived if community in (None, name))
        return max(bisect_left(moments, at + 0.9) - index for index, at in enumerate(moments))


@pytest.mark.slow
def test_an_ot_zone_is_asked_no_faster_than_its_pace(site: Any) -> None:
    with Watching(dict.fromkeys(COMMUNITIES[:6], Device(RECORDED))) as agent:
        site.hosts = hosts(agent, COMMUNITIES[:6], plantproof_zone="weld")
        site.write()
        ended = site.run("collect", "-t", "tables", "-v")
        assert ended.code == 0
        assert agent.most() <= 20
        assert max(agent.most(community) for community in COMMUNITIES[:6]) <= 5
        assert len(agent.arrived) > 100


def test_a_slot_that_is_none_is_said_before_anything_is_asked(site: Any, agent: SimulatedAgent) -> None:
    site.hosts = hosts(agent, COMMUNITIES[:1], plantproof_safety="it")
    ended = site.collect("--slot", "../../etc")
    assert (ended.code, "expected a slot like" in ended.err) == (5, True)
    assert agent.counts(COMMUNITIES[0]).get == 0


def test_the_plan_names_the_sites_own_pace(site: Any, agent: SimulatedAgent) -> None:
    site.settings = {"pace": {"ot": {"device_per_s": 2}}}
    site.hosts = hosts(agent, COMMUNITIES[:1])
    assert "at most 2 requests/s" in site.collect("--check").out
    assert agent.counts(COMMUNITIES[0]).getbulk == 0
    assert not site.store.exists()


def test_a_zone_in_which_more_than_a_tenth_is_down_is_left_alone(site: Any, agent: SimulatedAgent) -> None:
    down = {"ansible_host": "127.0.0.1", "plantproof_snmp_community": "nobody-there", "plantproof_snmp_port": 9}
    site.settings = {"forks": 1}
    site.hosts = {f"down-{number:02}": {**down, "plantproof_zone": "weld"} for number in range(60)}
    site.hosts |= hosts(agent, COMMUNITIES[:3], plantproof_zone="paint", plantproof_safety="it")
    results = list(site.results().values())
    assert results.count("unreachable") == 7
    assert results.count("left-alone") == 53
    assert results.count("collected") == 3


def test_a_device_that_falls_silent_is_asked_three_times_and_left_alone(site: Any) -> None:
    with Watching({COMMUNITIES[0]: Device(RECORDED, faults=Faults(silent_after=8))}) as agent:
        site.hosts = hosts(agent, COMMUNITIES[:1], plantproof_safety="it")
        ended = site.collect("-v")
        assert len(agent.arrived) == 8 + 3
        assert "3 failures in a row" in ended.out
