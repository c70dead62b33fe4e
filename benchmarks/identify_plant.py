"""The recorded devices of the identification benchmark, and MIB files for SNMP::Info where no real ones are given."""

import contextlib
import itertools
import json
import re
import signal
import subprocess
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from snmp_plant import Plant

from collectors.simulate.snmp import RECORDING
from evidence.normalise.varbinds import decode, encode

FACTS = "#facts.json"
SYS_SERVICES = "1.3.6.1.2.1.1.7.0"
SUFFIXES = (RECORDING, ".snmprec")

STANDARD = {
    # SNMPv2-MIB (RFC 3418), IF-MIB (RFC 2863), IP-MIB (RFC 4293), BRIDGE-MIB (RFC 4188), ENTITY-MIB (RFC 6933)
    "sysDescr": "2.1.1.1", "sysObjectID": "2.1.1.2", "sysUpTime": "2.1.1.3", "sysContact": "2.1.1.4",
    "sysName": "2.1.1.5", "sysLocation": "2.1.1.6", "sysServices": "2.1.1.7", "ifNumber": "2.1.2.1",
    "ifIndex": "2.1.2.2.1.1", "ifDescr": "2.1.2.2.1.2", "ifPhysAddress": "2.1.2.2.1.6",
    "ifName": "2.1.31.1.1.1.1", "ifAlias": "2.1.31.1.1.1.18", "ipForwarding": "2.1.4.1",
    "ipAdEntAddr": "2.1.4.20.1.1", "dot1dBaseBridgeAddress": "2.1.17.1.1",
    "entPhysicalDescr": "2.1.47.1.1.1.1.2", "entPhysicalVendorType": "2.1.47.1.1.1.1.3",
    "entPhysicalContainedIn": "2.1.47.1.1.1.1.4", "entPhysicalClass": "2.1.47.1.1.1.1.5",
    "entPhysicalParentRelPos": "2.1.47.1.1.1.1.6", "entPhysicalName": "2.1.47.1.1.1.1.7",
    "entPhysicalHardwareRev": "2.1.47.1.1.1.1.8", "entPhysicalFirmwareRev": "2.1.47.1.1.1.1.9",
    "entPhysicalSoftwareRev": "2.1.47.1.1.1.1.10", "entPhysicalSerialNum": "2.1.47.1.1.1.1.11",
    "entPhysicalMfgName": "2.1.47.1.1.1.1.12", "entPhysicalModelName": "2.1.47.1.1.1.1.13",
    # the vendors' own; those that no platform file of ours names are not checked against a MIB
    "chassisSerialNumberString": "4.1.9.5.1.2.19", "hpSwitchOsVersion": "4.1.11.2.14.11.5.1.1.3",
    "hpHttpMgVersion": "4.1.11.2.36.1.1.2.6", "hpHttpMgSerialNumber": "4.1.11.2.36.1.1.2.9",
    "upsBasicIdentModel": "4.1.318.1.1.1.1.1.1", "upsAdvIdentSerialNumber": "4.1.318.1.1.1.1.2.3",
    "rPDUIdentModelNumber": "4.1.318.1.1.12.1.5", "rPDUIdentSerialNumber": "4.1.318.1.1.12.1.6",
    "productIdentificationVersion": "4.1.674.10895.3000.1.2.100.4", "extremeSystemID": "4.1.1916.1.1.1.16",
    "snChasSerNum": "4.1.1991.1.1.1.1.2", "snAgImgVer": "4.1.1991.1.1.2.1.11", "versionTag": "4.1.2021.100.2",
    "rcChasSerialNumber": "4.1.2272.1.4.2", "svnVersion": "4.1.2620.1.6.4.1",
    "svnApplianceSerialNumber": "4.1.2620.1.6.16.3", "jnxBoxSerialNo": "4.1.2636.3.1.3",
    "sysGeneralChassisSerialNum": "4.1.3375.2.1.3.3.3", "sysProductVersion": "4.1.3375.2.1.4.2",
    "snwlSysModel": "4.1.8741.2.1.1.1", "snwlSysSerialNumber": "4.1.8741.2.1.1.2",
    "fnSysSerial": "4.1.12356.100.1.1.1", "fgSysVersion": "4.1.12356.101.4.1.1",
    "agentInventoryMachineModel": "4.1.14179.1.1.1.3", "agentInventorySerialNumber": "4.1.14179.1.1.1.4",
    "agentInventoryProductVersion": "4.1.14179.1.1.1.14", "mtxrLicVersion": "4.1.14988.1.1.4.4",
    "mtxrSystem": "4.1.14988.1.1.7", "panSysSwVersion": "4.1.25461.2.1.2.1.1",
    "panSysSerialNumber": "4.1.25461.2.1.2.1.3", "panChassisType": "4.1.25461.2.1.2.2.1",
}  # fmt: skip
"""Objects that tell what a device is, below 1.3.6.1."""

NOWHERE = "4.1.32473.2"
"""Where every other object is put: an enterprise for examples (RFC 5612), so asking for it brings nothing."""

CLASS = (
    "entPhysicalClass OBJECT-TYPE SYNTAX INTEGER { other(1), unknown(2), chassis(3), backplane(4), container(5), "
    "powerSupply(6), fan(7), sensor(8), module(9), port(10), stack(11), cpu(12) } MAX-ACCESS read-only STATUS current "
    'DESCRIPTION "" ::= '
)


def write_mibs(folder: Path, leaves: str) -> int:
    """Write a MIB file for each module of `module<TAB>object` lines, one for objects without; return how many."""
    modules: dict[str, set[str]] = defaultdict(set)
    for line in leaves.splitlines():
        module, leaf = line.split("\t")
        modules[module or "SNMP-INFO-LEAVES"].add(leaf)
    named = set().union(*(held for module, held in modules.items() if module != "SNMP-INFO-LEAVES"))
    modules["SNMP-INFO-LEAVES"] -= named
    numbers = itertools.count(1)
    folder.mkdir()
    for module, held in sorted(modules.items()):
        lines = [f"{module} DEFINITIONS ::= BEGIN"]
        for leaf in sorted(held):
            arcs = f"1.3.6.1.{STANDARD.get(leaf) or f'{NOWHERE}.{next(numbers)}'}".split(".")
            if leaf == "entPhysicalClass":
                lines.append(f"entPhysicalEntry OBJECT IDENTIFIER ::= {{ iso {' '.join(arcs[1:-1])} }}")
                lines.append(f"{CLASS}{{ entPhysicalEntry {arcs[-1]} }}")
            else:
                lines.append(f"{leaf} OBJECT IDENTIFIER ::= {{ iso {' '.join(arcs[1:])} }}")
        (folder / f"{module}.txt").write_text("\n".join([*lines, "END", ""]))
    return len(modules)


@dataclass(frozen=True, slots=True)
class Asked:
    """What devices were asked, as their simulator counted it."""

    requests: int = 0
    varbinds: int = 0


@dataclass(slots=True)
class Recorded:
    """The recordings under names that say nothing, and the simulator that serves them."""

    folder: Path
    simulator: Sequence[str]
    recordings: list[Path]
    services: int | None = None
    """sysServices of the recordings that hold none."""
    communities: list[str] = field(default_factory=list)

    def link(self, copies: int) -> None:
        """Put the recordings into the folder, each `copies` times more under another name."""
        self.folder.mkdir()
        for number in range(len(self.recordings) * (copies + 1)):
            recording = self.recordings[number % len(self.recordings)]
            community = f"r3ad-{number * 7919 % 100003:05}-plant"
            suffix = next(suffix for suffix in SUFFIXES if recording.name.endswith(suffix))
            (self.folder / f"{community}{suffix}").write_bytes(self._served(recording))
            self.communities.append(community)

    def _served(self, recording: Path) -> bytes:
        data = recording.read_bytes()
        if self.services is None or re.search(rb"^1\.3\.6\.1\.2\.1\.1\.7\.0[|\t]", data, re.MULTILINE):
            return data
        if recording.name.endswith(RECORDING):
            held = [(varbind.oid, varbind.value) for varbind in decode(data)]
            return encode([*held, (SYS_SERVICES, self.services)])
        return data.rstrip(b"\n") + f"\n{SYS_SERVICES}|2|{self.services}\n".encode()

    def expected(self, number: int) -> dict[str, str]:
        """Return the facts that stand beside a recording of ours."""
        recording = self.recordings[number % len(self.recordings)]
        beside = recording.with_name(recording.name.removesuffix(RECORDING) + FACTS)
        return json.loads(beside.read_text())["facts"] if beside.is_file() else {}

    @contextlib.contextmanager
    def serving(self, asked: dict[str, Asked]) -> Iterator[Plant]:
        """Run the simulator in a process of its own; fill `asked` when it has ended."""
        stats = self.folder.with_suffix(".json")
        command = [*self.simulator, str(self.folder), "--port", "0", "--stats", str(stats)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as agent:
            assert agent.stdout
            said = agent.stdout.readline()
            ready = re.match(r"ready 127\.0\.0\.1:(\d+)", said)
            assert ready, f"the simulator said {said!r}"
            try:
                yield Plant(int(ready[1]), self.communities, 0)
            finally:
                agent.send_signal(signal.SIGTERM)
        for community, counts in json.loads(stats.read_text()).items():
            requests = sum(counts.get(kind, 0) for kind in ("get", "getnext", "getbulk", "set"))
            asked[community] = Asked(requests, counts["varbinds"])


def recordings_of(folder: Path) -> list[Path]:
    """Return the SNMP recordings of a folder."""
    return sorted(path for path in folder.iterdir() if path.name.endswith(SUFFIXES))
