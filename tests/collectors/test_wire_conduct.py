"""What the rules of conduct come to on the wire: measured where the requests arrive."""

from collections.abc import Iterator, Sequence
from importlib.resources import files
from typing import Any

import pytest

from collectors.simulate.device import Device
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
