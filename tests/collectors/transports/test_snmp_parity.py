"""Both SNMP engines make the same capture of the same device, and put the same requests for it."""

import asyncio
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from collectors.credentials import Secret
from collectors.inventory.host import SnmpAccess
from collectors.simulate.snmp import SimulatedAgent, read_folder
from collectors.transports.snmp import open_snmp
from evidence.model.names import AssetId
from evidence.normalise.varbinds import Value, encode

ROOT = Path(__file__).parents[3]
DATA = ROOT / "tests" / "data"
KIT = ROOT.parent / "shared" / "conformance"
"""`../shared/conformance`: recordings of other projects, with a program that serves them."""

EVERYTHING = ("1.3",)
UPTIME = "1.3.6.1.2.1.1.3."
STEADY = ("1.3.6.1.2.1.1.1", "1.3.6.1.2.1.1.5", "1.3.6.1.2.1.1.9.1.2", "1.3.6.1.2.1.2.2.1.2", "1.3.6.1.6.99")
"""What a real agent answers alike twice: names and tables without counters, and nothing at all."""


def captured(access: SnmpAccess, gate: Any, engine: str | None, roots: tuple[str, ...]) -> tuple[bytes, list[str]]:
    """Return the canonical text of some subtrees, and the requests it took."""
    gate.entered.clear()

    async def asking() -> list[tuple[str, Value]]:
        found: list[tuple[str, Value]] = []
        async with open_snmp(
            access, asset=AssetId("sw-1"), gate=gate, engine=engine, timeout_s=20.0, max_repetitions=25
        ) as session:
            found += await session.get(["1.3.6.1.2.1.1.5.0", "1.3.6.1.2.1.1.99.0"])
            for root in roots:
                walked = await session.walk(root)
                assert walked.complete, walked.reason
                found += [(oid, value) for oid, value in walked.varbinds if not oid.startswith(UPTIME)]
        return found

    text = encode(asyncio.run(asking()))
    return text, [f"{action.verb} {action.object}" for action in gate.entered]


def differences(port: int, names: list[str], gate: Any, version: str) -> list[str]:
    """
    Return which devices the engines capture differently, or with other requests.

    Other requests are right where gufo cannot read an answer, and pysnmp is asked in its place.
    """
    found = []
    for name in names:
        access = SnmpAccess(address="127.0.0.1", port=port, version=version, community=Secret(name))
        gate.left.clear()
        one, asked = captured(access, gate, None, EVERYTHING)
        unread = any(error for _, _, error in gate.left)
        other, asked_other = captured(access, gate, "pysnmp", EVERYTHING)
        assert one
        if one != other or (asked != asked_other and not unread):
            found.append(name)
    return found


@pytest.mark.real
def test_a_real_agent_is_captured_alike_over_every_version_and_with_every_cipher(snmpd: Any, snmp_gate: Any) -> None:
    texts = set()
    assert len(snmpd.users) == 30, snmpd.log.read_text()
    for access in (snmpd.access(), *(snmpd.access(user) for user in ("plain", "signed", *sorted(snmpd.users)))):
        one, other = (captured(access, snmp_gate, engine, STEADY) for engine in ("gufo", "pysnmp"))
        assert one == other, access.user
        texts.add(one[0])
    assert len(texts) == 1
    one, other = (captured(snmpd.access(version="1"), snmp_gate, engine, STEADY) for engine in ("gufo", "pysnmp"))
    assert one == other
    assert texts == {one[0]}


@pytest.mark.parametrize("version", ["1", "2c"])
def test_every_recorded_device_is_captured_alike(snmp_gate: Any, version: str) -> None:
    devices = read_folder(DATA)
    names = sorted(devices)[:: 1 if version == "2c" else 5]
    assert len(names) > 40
    with SimulatedAgent({name: devices[name] for name in names}) as agent:
        assert differences(agent.port, names, snmp_gate, version) == []


@pytest.fixture(scope="module")
def replayed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, list[str]]]:
    """The development set of ../shared/conformance, served by its own program: the port, and the names by size."""
    if not KIT.is_dir():
        pytest.skip("../shared/conformance is not there")
    folder = tmp_path_factory.mktemp("recordings")
    with tarfile.open(KIT / "data" / "snmp-dev.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    command = [sys.executable, str(KIT / "snmp_replay.py"), str(folder), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout
        ready = child.stdout.readline()
        try:
            sizes = sorted((path.stat().st_size, path.stem) for path in folder.glob("*.snmprec"))
            yield int(ready.split()[1].rpartition(":")[2]), [name for _, name in sizes]
        finally:
            child.terminate()


@pytest.mark.conformance
def test_devices_of_the_development_set_are_captured_alike(replayed: tuple[int, list[str]], snmp_gate: Any) -> None:
    port, names = replayed
    assert differences(port, names[: len(names) * 3 // 4 : 15], snmp_gate, "2c") == []


@pytest.mark.conformance
@pytest.mark.exhaustive
def test_the_whole_development_set_is_captured_alike(replayed: tuple[int, list[str]], snmp_gate: Any) -> None:
    port, names = replayed
    assert differences(port, names, snmp_gate, "2c") == []
