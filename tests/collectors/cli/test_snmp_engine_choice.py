"""The SNMP engine somebody names, through the real command line."""

import base64
import json
from importlib.resources import files
from pathlib import Path
from typing import Any

from collectors.simulate.device import Device
from collectors.simulate.snmp import SimulatedAgent
from evidence.normalise.varbinds import decode

RECORDING = files("collectors.demo") / "plant" / "weld-sw-01#snmp.txt"
COMMUNITY = "w3ld-0bserver-77"


def newest_part(store: Path) -> dict[str, Any]:
    """Return what the newest part statement of a store says."""
    path = max(store.glob("parts/*/*.dsse.json"), key=lambda path: path.stat().st_mtime_ns)
    payload = json.loads(path.read_bytes())["payload"]
    predicate: dict[str, Any] = json.loads(base64.b64decode(payload))["predicate"]
    return predicate


def test_both_engines_leave_the_same_captures_and_a_named_one_stands_in_the_evidence(site: Any) -> None:
    with SimulatedAgent({COMMUNITY: Device(decode(RECORDING.read_bytes()))}) as agent:
        site.hosts = {
            "weld-sw-01": {
                "ansible_host": "127.0.0.1",
                "plantproof_snmp_community": COMMUNITY,
                "plantproof_snmp_port": agent.port,
                "plantproof_safety": "it",
            }
        }
        captures = []
        for words, named in (((), None), (("--snmp-engine", "gufo"), "gufo"), (("--snmp-engine", "pysnmp"), "pysnmp")):
            assert site.collect(*words).code == 0
            part = newest_part(site.store)
            assert part["tool"].get("snmp_engine") == named
            captures.append({row["question"]: row["blob"] for row in part["captures"]})
        assert len(captures[0]) > 2
        assert captures[0] == captures[1] == captures[2]
        assert agent.counts(COMMUNITY).set == 0
    assert site.verify().code == 0


def test_an_engine_that_does_not_exist_is_bad_usage(site: Any) -> None:
    assert site.collect("--snmp-engine", "easysnmp").code == 5
    site.settings["snmp_engine"] = "easysnmp"
    ended = site.collect()
    assert ended.code == 5
    assert "snmp_engine" in ended.err
