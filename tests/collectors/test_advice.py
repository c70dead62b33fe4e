"""What to do about a visit that failed."""

import json
from typing import Any

import pytest

from collectors.advice import advice
from evidence.model.names import AssetId
from evidence.model.outcome import Outcome, Result


def told(result: Result, reason: str | None = None) -> list[str]:
    return list(advice(Outcome(asset=AssetId("sw-01"), result=result, reason=reason)))


def test_what_went_well_needs_no_advice() -> None:
    assert told(Result.COLLECTED) == []


@pytest.mark.parametrize("result", [result for result in Result if result is not Result.COLLECTED])
def test_every_other_result_has_some(result: Result) -> None:
    (line,) = told(result, "something nobody foresaw")
    assert line
    assert "{" not in line


def test_each_cause_of_a_reason_is_answered() -> None:
    lines = told(
        Result.PARTIAL,
        "snmp: sw-01: 10.0.0.1 port 161 refuses SNMP: Connection refused; ssh: sw-01: the enable password was refused",
    )
    assert lines == ["switch the agent on, or correct plantproof_snmp_port", "correct ansible_become_password"]


def test_a_command_to_type_names_the_asset() -> None:
    (line,) = told(Result.LEFT_ALONE, "in quarantine: it restarted at 2026-11-22T12:00:00Z")
    assert "`plantproof release sw-01 --reason …`" in line


def test_why_says_what_was_tried_and_what_to_do(site: Any) -> None:
    access = {"ansible_host": "127.0.0.1", "plantproof_snmp_port": 9, "plantproof_snmp_community": "w3ld-0bserver"}
    site.hosts = {"down": access, "press-7": {"ansible_host": "127.0.0.1", "plantproof_safety": "fragile"}}
    assert site.collect().code == 4
    ended = site.run("why", "down")
    assert ": unreachable" not in ended.out
    assert "what to do: switch the agent on, or correct plantproof_snmp_port" in ended.out

    document = json.loads(site.run("why", "down", "--format", "json").out)
    assert document["schema"] == "urn:plantproof:why:v1"
    (one,) = document["tries"]
    assert (one["result"], one["captures"], one["run"]) == ("unreachable", 0, one["slot"])
    assert document["advice"] == ["switch the agent on, or correct plantproof_snmp_port"]
    assert "w3ld-0bserver" not in ended.said
    assert site.run("why", "nobody").code == 1
