"""The simulated SNMP agent, asked by net-snmp's own commands: it must behave like an agent to be a double of one."""

import json
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from collectors.simulate import ber
from collectors.simulate.device import MAX_BULK_BYTES, Device, Faults
from collectors.simulate.snmp import Counts, SimulatedAgent, read_folder
from evidence.normalise.varbinds import Value, decode, encode

RECORDED: list[tuple[str, Value]] = [
    ("1.3.6.1.2.1.1.1.0", b"Example switch"),
    ("1.3.6.1.2.1.1.2.0", "1.3.6.1.4.1.32473.1.300000"),
    ("1.3.6.1.2.1.1.3.0", 1),
    ("1.3.6.1.2.1.2.2.1.6.1", b"\x00\x1b\x80\x01\x02\x03"),
    ("1.3.6.1.2.1.4.20.1.1.10.0.0.1", "10.0.0.1"),
    ("1.3.6.1.4.1.32473.2.1", -5),
    ("1.3.6.1.4.1.32473.2.2", 2**32 - 1),
    ("1.3.6.1.4.1.32473.2.3", 2**64 - 1),
    ("1.3.6.1.4.1.32473.2.4", None),
    ("1.3.6.1.4.1.32473.2.5", 1.5),
    ("1.3.6.1.4.1.32473.2.6", b"x" * 1000),
    ("1.3.6.1.4.1.32473.2.7", b"y" * 1000),
]
TEXT = encode(RECORDED)

needs_net_snmp = pytest.mark.skipif(shutil.which("snmpget") is None, reason="net-snmp's commands are not installed")


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def net_snmp(command: str, port: int, *arguments: str, version: str = "2c", community: str = "sw") -> str:
    line = [command, f"-v{version}", "-c", community, "-m", "", "-One", "-r0", "-t2", f"127.0.0.1:{port}", *arguments]
    done = subprocess.run(line, capture_output=True, text=True, timeout=20, check=False)
    return done.stdout + done.stderr


@pytest.mark.real
@needs_net_snmp
def test_net_snmp_reads_every_kind_of_value() -> None:
    clock = Clock()
    with SimulatedAgent({"sw": Device(decode(TEXT), uptime_s=10)}, clock=clock) as agent:
        clock.now += 5
        said = net_snmp("snmpbulkwalk", agent.port, "1.3")
        assert '.1.3.6.1.2.1.1.1.0 = STRING: "Example switch"' in said
        assert ".1.3.6.1.2.1.1.2.0 = OID: .1.3.6.1.4.1.32473.1.300000" in said
        assert ".1.3.6.1.2.1.1.3.0 = Timeticks: (1500) 0:00:15.00" in said
        assert "Hex-STRING: 00 1B 80 01 02 03" in said
        assert "IpAddress: 10.0.0.1" in said
        assert "INTEGER: -5" in said
        assert "Gauge32: 4294967295" in said
        assert "Counter64: 18446744073709551615" in said
        assert 'STRING: "1.5"' in said
        assert len([line for line in said.splitlines() if line.startswith(".1.3")]) >= len(RECORDED)
        assert "No more variables left in this MIB View" in said


@pytest.mark.real
@needs_net_snmp
def test_net_snmp_is_told_what_is_missing() -> None:
    with SimulatedAgent({"sw": Device(decode(TEXT))}) as agent:
        assert "No Such Instance" in net_snmp("snmpget", agent.port, "1.3.6.1.2.1.1.9.0")
        assert "noSuchName" in net_snmp("snmpget", agent.port, "1.3.6.1.2.1.1.9.0", version="1")
        assert ".1.3.6.1.2.1.1.2.0 = OID" in net_snmp("snmpgetnext", agent.port, "1.3.6.1.2.1.1.1.0", version="1")
        assert "Timeout" in net_snmp("snmpget", agent.port, "1.3.6.1.2.1.1.1.0", community="other")
        assert agent.strangers == 1
        assert "Timeout" in net_snmp("snmpget", agent.port, "1.3.6.1.2.1.1.1.0", version="1", community="other")


@pytest.mark.real
@needs_net_snmp
@pytest.mark.parametrize(("version", "said"), [("1", "readOnly"), ("2c", "notWritable")])
def test_a_set_is_counted_and_refused(version: str, said: str) -> None:
    with SimulatedAgent({"sw": Device(decode(TEXT))}) as agent:
        assert said in net_snmp("snmpset", agent.port, "1.3.6.1.2.1.1.1.0", "s", "changed", version=version)
        assert agent.counts("sw") == Counts(set=1)


@pytest.mark.real
@needs_net_snmp
def test_a_bulk_answer_stays_within_a_frame_and_takes_several_oids() -> None:
    with SimulatedAgent({"sw": Device(decode(TEXT))}) as agent:
        said = net_snmp("snmpbulkget", agent.port, "-Cn0", "-Cr10", "1.3.6.1.4.1.32473.2.5")
        assert ".32473.2.6 = " in said
        assert ".32473.2.7 = " not in said
        assert MAX_BULK_BYTES < 2000
        two = net_snmp("snmpbulkget", agent.port, "-Cn2", "-Cr9", "1.3.6.1.2.1.1.1", "1.3.6.1.2.1.1.2")
        assert len(two.splitlines()) == 2
        assert agent.counts("sw").most_repetitions == 10


def test_the_folder_names_the_communities_and_copies_share_memory(tmp_path: Path) -> None:
    (tmp_path / "cisco_ios#2960_15.2#snmp.txt").write_bytes(TEXT)
    (tmp_path / "notes.txt").write_text("not a recording")
    devices = read_folder(tmp_path, copies=2)
    name = "cisco_ios#2960_15.2"
    assert list(devices) == [name, f"{name}-1", f"{name}-2"]
    assert devices[f"{name}-2"] is devices[name]


@pytest.mark.real
@needs_net_snmp
def test_as_a_program_it_says_where_it_listens_and_what_it_was_asked(tmp_path: Path) -> None:
    (tmp_path / "sw#snmp.txt").write_bytes(TEXT)
    stats = tmp_path / "stats.json"
    command = [sys.executable, "-m", "collectors.simulate.snmp", str(tmp_path), "--stats", str(stats)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as agent:
        assert agent.stdout is not None
        ready = agent.stdout.readline()
        assert ready.startswith("ready 127.0.0.1:")
        assert "Example switch" in net_snmp("snmpget", int(ready.rsplit(":", 1)[1]), "1.3.6.1.2.1.1.1.0")
        agent.send_signal(signal.SIGTERM)
        assert agent.wait(10) == 0
    assert json.loads(stats.read_text())["sw"]["get"] == 1


def test_malformed_requests_are_met_with_silence() -> None:
    inform = ber.tlv(0xA6, ber.integer(1) + ber.integer(0) + ber.integer(0) + ber.tlv(ber.SEQUENCE, b""))
    head = ber.integer(1) + ber.tlv(ber.OCTETS, b"sw")
    get = ber.tlv(ber.SEQUENCE, ber.oid("1.3.6.1.2.1.1.1.0") + b"\x05\0")
    good = ber.tlv(0xA0, ber.integer(1) + ber.integer(0) + ber.integer(0) + ber.tlv(ber.SEQUENCE, get))
    with (
        SimulatedAgent({"sw": Device(decode(TEXT))}) as agent,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking,
    ):
        asking.settimeout(5)
        asking.connect(("127.0.0.1", agent.port))
        for datagram in (
            b"",
            b"\x30",
            b"\x30\x05abc",
            ber.tlv(ber.SEQUENCE, head),
            ber.tlv(ber.SEQUENCE, head + inform),
        ):
            asking.send(datagram)
        asking.send(ber.tlv(ber.SEQUENCE, head + good))
        assert b"Example switch" in asking.recv(4096)
        assert agent.counts("sw") == Counts(get=1, varbinds=1)


def test_a_device_without_a_clock_answers_without_one() -> None:
    device = Device(decode(encode(RECORDED[:2])), faults=Faults())
    assert device.slice(0, 5, 1.0) == device.pairs
    assert device.slice(2, 5, 1.0) == []


@pytest.mark.parametrize("oid", ["0.0", "1.3", "2.999.3", "1.3.6.1.4.1.4294967295.128.16384"])
def test_object_identifiers_are_read_as_they_are_written(oid: str) -> None:
    assert ber.dotted(ber.oid(oid)[2:]) == oid


def test_ber_that_is_cut_short_is_refused() -> None:
    with pytest.raises(ValueError, match="truncated"):
        ber.read(b"\x04\x05ab", 0)
    with pytest.raises(ValueError, match="no arcs"):
        ber.dotted(b"")
    assert ber.read(ber.tlv(4, bytes(300)), 0) == (4, bytes(300), 304)
