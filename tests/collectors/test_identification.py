"""What it takes to know what a device is: few requests, the same by both engines, with nothing lost on the way."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from collectors.cli.system import SystemClock
from collectors.credentials import Secret
from collectors.inventory.host import Host, SnmpAccess
from collectors.plan import Plan, make_plan
from collectors.simulate import ber
from collectors.simulate.device import Device
from collectors.simulate.snmp import SimulatedAgent, read_folder
from collectors.snmp_visit import visit_snmp
from collectors.visit import Findings
from evidence.model.asset import Asset, Safety
from evidence.model.names import AssetId
from evidence.normalise.rows import FIRST_ROWS, MOST_ROWS, answer
from evidence.normalise.varbinds import Value, decode, encode
from evidence.platforms.load import load_platforms
from evidence.platforms.platform import Platform, Verb

DATA = Path(__file__).parents[1] / "data"
PLATFORMS = load_platforms()
ENTITY = "1.3.6.1.2.1.47.1.1.1.1"
MOST_REQUESTS = 12
"""No device may need more to be identified."""


@pytest.fixture(scope="module")
def recorded() -> Iterator[SimulatedAgent]:
    with SimulatedAgent(read_folder(DATA)) as agent:
        yield agent


def visited(
    port: int, name: str, gate: Any, engine: str, *tags: str, version: str = "2c", timeout_s: float = 5.0
) -> tuple[Platform, Findings]:
    """Visit a device as a run does that was told to read what has these tags."""
    access = SnmpAccess(address="127.0.0.1", port=port, version=version, community=Secret(name))
    asset = Asset(id=AssetId(name), address="127.0.0.1", safety=Safety.IT)
    plan: Plan = make_plan([Host(asset=asset, snmp=access)], PLATFORMS, tags=tags)
    findings = Findings(asset=asset.id)
    platform = asyncio.run(
        visit_snmp(
            plan.visits[0],
            findings,
            plan=plan,
            knowledge=PLATFORMS,
            gate=gate,
            clock=SystemClock(),
            memory=None,
            timeout_s=timeout_s,
            engine=engine,
            opened=lambda: None,
        )
    )
    return platform, findings


def captured(findings: Findings) -> dict[str, bytes]:
    """Return the canonical text of each answer, without the clock that runs."""
    return {
        heard.question.name: encode((oid, value) for oid, value in heard.answer.data if oid != "1.3.6.1.2.1.1.3.0")
        for heard in findings.heard
    }


@pytest.mark.parametrize("nth", [6, pytest.param(1, marks=pytest.mark.exhaustive)])
def test_every_recorded_device_is_known_after_a_dozen_requests_and_every_nth_by_both_engines(
    recorded: SimulatedAgent, snmp_gate: Any, nth: int
) -> None:
    for number, name in enumerate(sorted(recorded.all_counts())):
        seen = []
        for engine in ("gufo", "pysnmp") if number % nth == 0 else ("gufo",):
            snmp_gate.entered.clear()
            platform, findings = visited(recorded.port, name, snmp_gate, engine, "identify")
            assert len(snmp_gate.entered) <= MOST_REQUESTS, name
            assert platform.name == name.partition("#")[0]
            seen.append((captured(findings), [f"{action.verb} {action.object}" for action in snmp_gate.entered]))
        assert all(one == seen[0] for one in seen), name


def test_what_comes_over_the_wire_is_what_a_recording_is_said_to_answer(
    recorded: SimulatedAgent, snmp_gate: Any
) -> None:
    for name in sorted(recorded.all_counts())[::4]:
        platform, findings = visited(recorded.port, name, snmp_gate, "gufo", "identify")
        held = {bind.oid: bind.value for bind in decode((DATA / f"{name}#snmp.txt").read_bytes())}
        for heard in findings.heard:
            if heard.question.name in {question.name for question in platform.questions}:
                came = {oid: value for oid, value in heard.answer.data if value is not None}
                said = {oid: value for oid, value in answer(heard.question, held) if value is not None}
                assert {**came, "1.3.6.1.2.1.1.3.0": 0} == {**said, "1.3.6.1.2.1.1.3.0": 0}, heard.question.name


def entities(*classes: int) -> Device:
    """A device of nobody's platform, with one entity after the other."""
    rows: list[tuple[str, Value]] = [
        ("1.3.6.1.2.1.1.1.0", b"Acme"),
        ("1.3.6.1.2.1.1.2.0", "1.3.6.1.4.1.99999.1"),
        ("1.3.6.1.2.1.1.3.0", 1),
    ]
    for row, kind in enumerate(classes, 1):
        rows += [(f"{ENTITY}.2.{row}", b"e%d" % row), (f"{ENTITY}.4.{row}", int(row != 1)), (f"{ENTITY}.5.{row}", kind)]
        rows += [(f"{ENTITY}.11.{row}", b"S%d" % row)]
    return Device(decode(encode(rows)))


@pytest.mark.parametrize("engine", ["gufo", "pysnmp"])
@pytest.mark.parametrize("version", ["1", "2c"])
def test_only_what_is_chosen_among_the_first_rows_is_asked_for(snmp_gate: Any, engine: str, version: str) -> None:
    classes = (9, 3, 9, 3, 3, 3, *([10] * 40), 3)
    with SimulatedAgent({"c": entities(*classes)}) as agent:
        _, findings = visited(agent.port, "c", snmp_gate, engine, "identify", version=version)
    (entity,) = (heard for heard in findings.heard if heard.question.name == "entity")
    came = {oid: value for oid, value in entity.answer.data if value is not None}
    assert [oid for oid in came if oid.startswith(f"{ENTITY}.5.")] == [
        f"{ENTITY}.5.{row}" for row in range(1, FIRST_ROWS + 1)
    ]
    assert sorted(str(value) for oid, value in came.items() if oid.startswith(f"{ENTITY}.11.")) == [
        "b'S1'",  # holds everything else
        "b'S2'",
        "b'S4'",
        "b'S5'",
    ]
    assert MOST_ROWS == 3
    assert entity.answer.complete
    assert f"where {ENTITY}.5 is ^(?:3|11)$ or {ENTITY}.4 is ^0$ or " in entity.answer.request


@pytest.mark.parametrize("engine", ["gufo", "pysnmp"])
@pytest.mark.parametrize(("columns", "asked"), [((), 1), ((5,), 3), ((10,), 2), ((12,), 1)])
def test_a_column_is_not_asked_for_where_what_came_instead_of_another_rules_it_out(
    snmp_gate: Any, engine: str, columns: tuple[int, ...], asked: int
) -> None:
    rows: list[tuple[str, Value]] = [("1.3.6.1.2.1.1.2.0", "1.3.6.1.4.1.99999.1"), ("1.3.6.1.2.1.1.3.0", 1)]
    rows += [(f"{ENTITY}.{column}.7", 3) for column in columns]
    rows += [("1.3.6.1.2.1.47.1.4.1.0", 1)]  # entLastChangeTime stands behind the table
    with SimulatedAgent({"c": Device(decode(encode(rows)))}) as agent:
        _, findings = visited(agent.port, "c", snmp_gate, engine, "identify")
    (entity,) = (heard for heard in findings.heard if heard.question.name == "entity")
    came = {oid for oid, value in entity.answer.data if value is not None}
    assert came >= {f"{ENTITY}.{column}.7" for column in columns if column in (4, 5, 10)}
    assert entity.answer.complete
    assert len([action for action in snmp_gate.entered if action.verb == "getbulk"]) == asked


class Shy(SimulatedAgent):
    """Is silent where a request names a vendor's object, as some agents are about what they do not know; a double."""

    def _answer(self, device: Any, counts: Any, request: Any) -> bytes | None:
        if any(ber.dotted(name).startswith("1.3.6.1.4.1.") for name in request.names):
            return None
        return super()._answer(device, counts, request)


def test_a_device_without_sysobjectid_may_be_silent_about_what_vendors_have(snmp_gate: Any) -> None:
    with Shy({"c": Device(decode(encode([("1.3.6.1.2.1.1.1.0", b"Acme"), ("1.3.6.1.2.1.1.3.0", 1)])))}) as agent:
        platform, findings = visited(agent.port, "c", snmp_gate, "gufo", "identify", timeout_s=0.2)
    assert platform.name == "generic"
    assert [heard.question.name for heard in findings.heard] == ["system", "uptime", "entity"]


def test_a_device_without_entities_is_not_asked_for_its_modules(snmp_gate: Any) -> None:
    with SimulatedAgent({"none": entities(), "some": entities(3, 9)}) as agent:
        asked = {name: visited(agent.port, name, snmp_gate, "gufo")[1] for name in ("none", "some")}
        tables = visited(agent.port, "none", snmp_gate, "gufo", "tables")[1]
    names = {name: {heard.question.name for heard in findings.heard} for name, findings in asked.items()}
    assert names["some"] - names["none"] == {"modules"}
    assert "modules" in {heard.question.name for heard in tables.heard}, "where nobody asked, nobody knows"


def test_a_name_that_a_rule_reads_is_asked_for_in_whichever_row(recorded: SimulatedAgent, snmp_gate: Any) -> None:
    known = PLATFORMS.named("iosxr")
    assert known is not None
    entity = known.named("entity")
    assert entity.verb is Verb.ROWS
    assert f"{ENTITY}.11.8384513" in entity.instances
    name = next(name for name in recorded.all_counts() if name.startswith("iosxr#"))
    _, findings = visited(recorded.port, name, snmp_gate, "gufo", "identify")
    (heard,) = (heard for heard in findings.heard if heard.question.name == "entity")
    assert f"{ENTITY}.11.8384513" in {oid for oid, value in heard.answer.data if value}
