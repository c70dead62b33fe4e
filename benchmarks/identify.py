"""
CPU to identify a device over SNMP, side by side in one run: `plantproof collect -t identify`, SNMP::Info and bare
gufo-snmp.

    python benchmarks/identify.py                                          # our own recordings
    python benchmarks/identify.py --recordings DIR --simulator COMMAND     # others, served by their own simulator
    python benchmarks/identify.py --mibs netdisco-mibs/rfc --mibs …        # SNMP::Info with real MIB files

The devices are simulated, in a process of their own; only the client's own user and system time counts. `collect` asks
20 at once and keeps and seals what it read; SNMP::Info (`snmp_info.pl`: class, vendor, os, os_ver, model, serial) asks
one after the other in one process and keeps nothing; gufo-snmp asks each device as many requests for as many values
as `collect` did, and reads nothing out of them. Two figures each, start-up left out: *first*, from few devices to every
recording once, with what the first of a platform costs (files, classes, patterns), and *again*, from there to every
recording under another name too.

SNMP::Info refuses a class whose MIBs do not load. Without `--mibs` it is given files made here, for every object that
its classes name; only those that identification reads of the RFCs and of some vendors have their true place, so
it knows no vendor's model by sysObjectID and reads less than with netdisco-mibs; it also costs less, because loading
whole MIBs and finding names among theirs take time of their own. Recordings mostly lack sysServices,
which it chooses a class by and devices in service have: `--services 78` gives it to those, and SNMP::Info asks more.
"""

import argparse
import asyncio
import itertools
import os
import resource
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from identify_plant import Asked, Recorded, recordings_of, write_mibs
from snmp import AT_ONCE, collect, finished, verdict
from snmp_plant import Plant

GOAL_MS = 5.0
SCRIPT = Path(__file__).with_name("snmp_info.pl")
OURS, THEIRS, BARE = "plantproof collect -t identify", "SNMP::Info", "bare gufo-snmp, as many requests"
FIELDS = {"os_ver": "firmware.version", "model": "hardware.model", "serial": "hardware.serial"}
SYSTEM_GROUP = [f"1.3.6.1.2.1.1.{number}.0" for number in range(1, 7)]

Client = Callable[[Plant, int], float]
"""Identifies the first so many devices and returns the CPU seconds of it."""


def with_collect(folder: Path, where: Plant, count: int) -> float:
    """Identify with `plantproof collect`."""
    used = finished(collect(where, folder, count, "-t", "identify"))
    return used.ru_utime + used.ru_stime


@dataclass(slots=True)
class SnmpInfo:
    """SNMP::Info with folders of MIB files; where it or perl is missing, `missing` says so."""

    mibs: list[Path]
    version: str = ""
    missing: str = ""
    said: str = ""
    """What it last told of the devices."""

    def find(self, folder: Path) -> None:
        """Look whether it is installed, and make MIB files where none were given."""
        if not shutil.which("perl"):
            self.missing = "perl is not installed"
            return
        ask = ["perl", "-MSNMP::Info", "-e", 'print "$SNMP::Info::VERSION, net-snmp $SNMP::VERSION, perl $^V"']
        found = subprocess.run(ask, capture_output=True, text=True, check=False)
        if found.returncode:
            self.missing = "SNMP::Info is not installed (Debian: libsnmp-info-perl)"
            return
        self.version = found.stdout
        if not self.mibs:
            leaves = subprocess.run(["perl", str(SCRIPT), "leaves"], capture_output=True, text=True, check=True).stdout
            self.mibs = [folder / "mibs"]
            self.version += f"; {write_mibs(self.mibs[0], leaves)} MIB files made here"

    def __call__(self, where: Plant, count: int) -> float:
        """Identify with it: one process, one device after the other."""
        command = ["perl", str(SCRIPT), "read", str(where.port), *map(str, self.mibs)]
        environ = {**os.environ, "MIBS": "", "SNMPCONFPATH": "/nonexistent"}
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(
            command,
            env=environ,
            input="".join(f"{name}\n" for name in where.communities[:count]),
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode:
            sys.exit(f"SNMP::Info ended with {done.returncode}:\n{done.stderr[-3000:]}")
        self.said = done.stdout
        return (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)


def with_gufo(asked: dict[str, Asked], where: Plant, count: int) -> float:
    """Ask with gufo-snmp's public interface what `collect` was counted to ask of each device."""
    from gufo.snmp.aio import SnmpSession

    turns = asyncio.Semaphore(AT_ONCE)

    async def one(community: str) -> None:
        told = asked.get(community, Asked())
        each = -(-told.varbinds // max(1, told.requests))
        oids = [SYSTEM_GROUP[number % len(SYSTEM_GROUP)] for number in range(max(1, each))]
        async with (
            turns,
            SnmpSession("127.0.0.1", port=where.port, community=community, timeout=20) as session,
        ):
            for _ in range(told.requests):
                await session.get_many(oids)

    async def every() -> None:
        await asyncio.gather(*map(one, where.communities[:count]))

    began = time.process_time()
    asyncio.run(every())
    return time.process_time() - began


def measured(clients: dict[str, Client], where: Plant, counts: list[int], rounds: int) -> dict[str, list[list[float]]]:
    """Return for each client and round the CPU seconds at each count; rounds take turns."""
    found: dict[str, list[list[float]]] = {name: [] for name in clients}
    for _ in range(rounds):
        for name, client in clients.items():
            found[name].append([client(where, count) for count in counts])
    return found


def per_device_ms(runs: list[list[float]], counts: list[int], place: int) -> float:
    """Return the median CPU milliseconds a device between two counts."""
    devices = counts[place] - counts[place - 1]
    return statistics.median((run[place] - run[place - 1]) / devices * 1000 for run in runs)


def requests_of(asked: dict[str, Asked]) -> str:
    """Return what devices were asked, in words."""
    each = [told.requests for told in asked.values() if told.requests]
    if not each:
        return "no requests"
    return f"{statistics.mean(each):.2f} requests a device, at most {max(each)}, {len(each)} devices asked"


def read_rightly(said: str, recorded: Recorded) -> None:
    """Print how much SNMP::Info told, and how much of it is what the recordings' facts say."""
    rows = [line.split("\t") for line in said.splitlines()]
    failed = sum(row[1] == "failed" for row in rows)
    plain = sum(row[1] in ("SNMP::Info", "SNMP::Info::Layer2", "SNMP::Info::Layer3") for row in rows)
    print(f"{THEIRS} told of {len(rows)} devices; {failed} failed, {plain} of no vendor's class")
    for name, fact in FIELDS.items():
        place = ["class", "vendor", "os", "os_ver", "model", "serial"].index(name) + 1
        count: Counter[str] = Counter()
        for number, row in enumerate(rows):
            got, want = row[place].strip() if len(row) > place else "", recorded.expected(number).get(fact)
            count["told"] += bool(got)
            if want is not None:
                count["expected"] += 1
                count["equal"] += got == want
        known = f"; {count['equal']} equal to {fact} of {count['expected']} recordings" if count["expected"] else ""
        print(f"  {name:8}{count['told']:5} told{known}")


def counted(clients: dict[str, Client], recorded: Recorded, asked: dict[str, dict[str, Asked]]) -> None:
    """Let each client identify every recording once at a simulator of its own, which counts."""
    for name, client in clients.items():
        found: dict[str, Asked] = {}
        with recorded.serving(found) as where:
            client(where, len(recorded.recordings))
        print(f"{name}: {requests_of(found)}")
        each = [found.get(community, Asked()) for community in where.communities[: len(recorded.recordings)]]
        asked[name] = dict(zip(where.communities, itertools.cycle(each), strict=False))


def table(recorded: Recorded, folder: Path, theirs: SnmpInfo, few: int, rounds: int) -> None:
    """Measure everything side by side and print it."""
    asked: dict[str, dict[str, Asked]] = {}
    clients: dict[str, Client] = {OURS: partial(with_collect, folder)}
    if theirs.missing:
        print(f"{THEIRS}: {theirs.missing}")
    else:
        clients[THEIRS] = theirs
        print(f"{THEIRS} {theirs.version}")
    counted(clients, recorded, asked)
    if not theirs.missing:
        read_rightly(theirs.said, recorded)
    clients[BARE] = partial(with_gufo, asked[OURS])
    counts = [few, len(recorded.recordings), len(recorded.communities)]
    with recorded.serving({}) as where:
        for name in clients:
            clients[name](where, few)
        runs = measured(clients, where, counts, rounds)
    print(f"{counts[0]}, {counts[1]} and {counts[2]} devices, {AT_ONCE} at once; CPU ms a device, median of {rounds}")
    print(f"{'':36}{'first':>8}{'again':>8}{'of ' + THEIRS:>16}{'of gufo':>9}")
    figures = {name: [per_device_ms(run, counts, place) for place in (1, 2)] for name, run in runs.items()}
    for name, (first, again) in figures.items():
        of_theirs = f"{first / figures[THEIRS][0]:.2f} {again / figures[THEIRS][1]:.2f}" if THEIRS in figures else "-"
        print(f"{name:36}{first:8.2f}{again:8.2f}{of_theirs:>16}{first / figures[BARE][0]:9.2f}")
    if theirs.missing:
        print(f"{THEIRS:36}{theirs.missing}")
    print(f"goal: {OURS}: at most {GOAL_MS:.1f} ms, first {verdict(figures[OURS][0] <= GOAL_MS)}")


def main() -> None:
    """Run what was asked for."""
    own = Path(__file__).parents[1] / "tests" / "data"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recordings", type=Path, default=own, help="folder of NAME#snmp.txt or NAME.snmprec")
    parser.add_argument("--simulator", help="command that serves FOLDER --port 0 --stats FILE, instead of ours")
    parser.add_argument("--copies", type=int, default=1, help="how often each recording is served again [1]")
    parser.add_argument("--devices", type=int, help="only so many of the recordings, spread over all")
    parser.add_argument("--few", type=int, default=20, help="devices that are start-up and left out [20]")
    parser.add_argument("--rounds", type=int, default=3, help="how often each figure is measured [3]")
    parser.add_argument("--mibs", type=Path, action="append", default=[], help="folder of MIB files for SNMP::Info")
    parser.add_argument("--services", type=int, help="give recordings without sysServices this one, e.g. 78")
    parser.add_argument("--said", type=Path, help="write what SNMP::Info told here, a recording's name before it")
    given = parser.parse_args()
    recordings = recordings_of(given.recordings)
    if given.devices:
        recordings = recordings[:: max(1, len(recordings) // given.devices)][: given.devices]
    simulator = shlex.split(given.simulator) if given.simulator else [sys.executable, "-m", "collectors.simulate.snmp"]
    with tempfile.TemporaryDirectory(prefix="plantproof-bench-") as name:
        folder = Path(name)
        recorded = Recorded(folder / "plant", simulator, recordings, given.services)
        recorded.link(given.copies)
        theirs = SnmpInfo(given.mibs)
        theirs.find(folder)
        table(recorded, folder, theirs, given.few, given.rounds)
        if given.said:
            lines = zip((path.name for path in recordings), theirs.said.splitlines(), strict=False)
            given.said.write_text("".join(f"{path}\t{line}\n" for path, line in lines))


if __name__ == "__main__":
    main()
