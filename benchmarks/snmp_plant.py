"""The simulated devices of the SNMP benchmark: some 3,000 values each, in the tables that any platform is asked for."""

import contextlib
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from evidence.normalise.varbinds import Value, encode
from evidence.platforms.load import load_platforms
from evidence.platforms.platform import Verb

PORTS, MODULES, NEIGHBOURS, MACS, VLANS = 190, 20, 40, 120, 20
ENTERPRISE = "1.3.6.1.4.1.32473.1"
"""A sysObjectID nobody has (RFC 5612), so that the platform for unknown devices is used."""


def questions() -> tuple[list[str], list[str]]:
    """Return what the platform for unknown devices asks: OIDs to get, subtrees to walk."""
    generic = load_platforms(None).generic
    gets, walks = [], []
    for question in generic.questions:
        if question.verb is Verb.GET:
            gets += question.objects
        elif question.verb is Verb.WALK:
            walks += question.objects
    return gets, walks


def device(number: int) -> list[tuple[str, Value]]:
    """Return the varbinds of one device; no two devices are alike."""
    name = f"bench-sw-{number}".encode()
    vendor_mac = bytes((0x02, number >> 8 & 255, number & 255))
    found: list[tuple[str, Value]] = [
        ("1.3.6.1.2.1.1.1.0", b"Example switch, software version 4.2.%d" % (number % 10)),
        ("1.3.6.1.2.1.1.2.0", ENTERPRISE),
        ("1.3.6.1.2.1.1.3.0", 8640000),
        ("1.3.6.1.2.1.1.4.0", b"ops@example.com"),
        ("1.3.6.1.2.1.1.5.0", name),
        ("1.3.6.1.2.1.1.6.0", b"hall 7"),
        ("1.3.6.1.6.3.10.2.1.2.0", 3),
        ("1.3.6.1.6.3.10.2.1.3.0", 86400),
    ]
    for row in range(1, PORTS + 1):
        port = b"GigabitEthernet1/0/%d" % row
        mac = vendor_mac + bytes((0, row >> 8, row & 255))
        columns: dict[str, Value] = {
            "2.2.1.2": port, "2.2.1.3": 6, "2.2.1.4": 1500, "2.2.1.5": 1_000_000_000, "2.2.1.6": mac, "2.2.1.7": 1,
            "2.2.1.8": 1 + row % 2, "2.2.1.9": 1000 + row, "31.1.1.1.1": b"Gi1/0/%d" % row, "31.1.1.1.15": 1000,
            "31.1.1.1.18": b"press %d, line %d" % (row, number), "17.1.4.1.2": row, "17.7.1.4.5.1.1": 10,
        }  # fmt: skip
        found += [(f"1.3.6.1.2.1.{column}.{row}", value) for column, value in columns.items()]
    for row in range(1, MODULES + 1):
        values: list[Value] = [b"Module %d" % row, 1, 9 if row > 1 else 3, b"mod %d" % row, b"B2", b"1.9", b"4.2.1"]
        values += [b"SN%06d-%02d" % (number, row), b"Example", b"EX-48"]
        columns_ = (2, 4, 5, 7, 8, 9, 10, 11, 12, 13)
        found += [(f"1.3.6.1.2.1.47.1.1.1.1.{c}.{row}", v) for c, v in zip(columns_, values, strict=True)]
    for row in range(1, NEIGHBOURS + 1):
        found.append((f"1.3.6.1.2.1.4.22.1.2.1.10.{number % 250}.0.{row}", vendor_mac + bytes((1, 0, row))))
        found.append((f"1.3.6.1.2.1.4.22.1.4.1.10.{number % 250}.0.{row}", 3))
    for row in range(1, MACS + 1):
        index = f"0.27.{row * 2 % 256}.{number % 256}.{row * 37 % 256}.{row}"
        found.append((f"1.3.6.1.2.1.17.4.3.1.2.{index}", 1 + row % PORTS))
        found.append((f"1.3.6.1.2.1.17.4.3.1.3.{index}", 3))
    for row in range(1, VLANS + 1):
        found.append((f"1.3.6.1.2.1.17.7.1.4.3.1.1.{row * 10}", b"vlan-%d" % row))
        found.append((f"1.3.6.1.2.1.17.7.1.4.3.1.2.{row * 10}", bytes(range(row, row + 24))))
        found.append((f"1.3.6.1.2.1.17.7.1.4.3.1.4.{row * 10}", bytes(24)))
    found.append(("1.3.6.1.6.3.99.1.0", 0))
    return found


def asked_of(varbinds: list[tuple[str, Value]]) -> int:
    """Return how many values of a device the platform's questions bring."""
    gets, walks = questions()
    held = [oid for oid, _ in varbinds]
    return sum(oid in gets for oid in held) + sum(oid.startswith(root + ".") for root in walks for oid in held)


@dataclass(frozen=True, slots=True)
class Plant:
    """A running simulated agent and the communities it answers to."""

    port: int
    communities: list[str]
    varbinds: int
    """Values a device brings when everything is asked."""

    def inventory(self, path: Path, count: int) -> Path:
        """Write an inventory of the first `count` devices."""
        hosts = {
            f"switch-{place:05}": {
                "ansible_host": "127.0.0.1",
                "plantproof_snmp_version": "2c",
                "plantproof_snmp_port": self.port,
                "plantproof_snmp_community": community,
                "plantproof_safety": "it",
                "plantproof_collect": ["snmp"],
            }
            for place, community in enumerate(self.communities[:count])
        }
        path.write_text(json.dumps({"all": {"hosts": hosts}}))
        return path


def _community(number: int) -> str:
    """Return a community as people choose them: long enough, and not the device's name."""
    return f"r3ad-{number * 7919 % 100003:05}-plant"


@contextlib.contextmanager
def plant(folder: Path, *, devices: int, copies: int = 0) -> Iterator[Plant]:
    """Run the agent in a process of its own: `devices` different ones, each under `copies` more names."""
    folder.mkdir()
    for number in range(devices):
        (folder / f"{_community(number)}#snmp.txt").write_bytes(encode(device(number)))
    command = [sys.executable, "-m", "collectors.simulate.snmp", str(folder), "--copies", str(copies)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as agent:
        assert agent.stdout
        port = int(agent.stdout.readline().rsplit(":", 1)[1])
        names = [_community(number) for number in range(devices)]
        names += [f"{_community(number)}-{copy}" for copy in range(1, copies + 1) for number in range(devices)]
        try:
            yield Plant(port, names, asked_of(device(0)))
        finally:
            agent.send_signal(signal.SIGTERM)
