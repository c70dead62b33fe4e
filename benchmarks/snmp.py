"""
CPU per SNMP value through the whole of `plantproof collect`, beside bare pysnmp and bare gufo-snmp, in one run; with
`--targets`, how fast our two engines are when all are asked at once, and what they lose.

    python benchmarks/snmp.py                    # the table
    python benchmarks/snmp.py --targets 1000     # all at once: lost answers
    python benchmarks/snmp.py --hosts 5000       # memory of the collector over a large run

The agent is simulated, in a process of its own; only the client's CPU time counts. Every client asks the same devices
the same questions: those of the platform for unknown devices, column by column, GETBULK with 25 repetitions, 20
devices at once. Goals: `collect` at the margin at most 1/10 of pysnmp and at most twice gufo-snmp, told without judging
and with it.
"""

import argparse
import asyncio
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from snmp_plant import Plant, plant, questions

REPETITIONS = 25
AT_ONCE = 20
FEW, MANY = 20, 220
MEMORY_GOAL_MIB = 400

Ask = Callable[[Plant, str, list[str], list[str]], Awaitable[int]]


class OpenGate:
    """Lets every request pass and counts what did not come back."""

    def __init__(self) -> None:
        self.requests = self.failed = 0

    async def enter(self, action: object) -> None:  # noqa: ARG002
        """Let it pass."""
        self.requests += 1

    def enter_blocking(self, action: object) -> None:
        """Let it pass."""

    def leave(self, action: object, *, took_s: float, received: int, error: str | None = None) -> None:  # noqa: ARG002
        """Count a failure."""
        self.failed += error is not None


async def ask_gufo(where: Plant, community: str, gets: list[str], walks: list[str]) -> int:
    """Ask one device with gufo-snmp's public interface."""
    from gufo.snmp.aio import SnmpSession

    count = 0
    async with SnmpSession("127.0.0.1", port=where.port, community=community, timeout=20) as session:
        count += len(await session.get_many(gets))
        for root in walks:
            async for _ in session.getbulk(root, max_repetitions=REPETITIONS):
                count += 1
    return count


async def ask_ours(
    where: Plant,
    community: str,
    gets: list[str],
    walks: list[str],
    gate: OpenGate | None = None,
    *,
    engine: str = "gufo",
) -> int:
    """Ask one device with our session, and write the canonical text."""
    from collectors.credentials import Secret
    from collectors.inventory.host import SnmpAccess
    from collectors.transports.snmp import open_snmp
    from evidence.model.names import AssetId
    from evidence.normalise.varbinds import encode

    access = SnmpAccess(address="127.0.0.1", port=where.port, community=Secret(community))
    async with open_snmp(
        access,
        asset=AssetId(community),
        gate=gate or OpenGate(),
        timeout_s=20,
        max_repetitions=REPETITIONS,
        engine=engine,
    ) as session:
        found = await session.get(gets)
        count = sum(value is not None for _, value in found)
        encode(found)
        for root in walks:
            walked = await session.walk(root)
            count += len(walked.varbinds)
            encode(walked.varbinds)
    return count


def pysnmp() -> Ask:
    """Return a way to ask with pysnmp: one engine, no MIB look-up."""
    from pysnmp.hlapi.v3arch import asyncio as hlapi

    engine = hlapi.SnmpEngine()

    async def ask(where: Plant, community: str, gets: list[str], walks: list[str]) -> int:
        target = await hlapi.UdpTransportTarget.create(("127.0.0.1", where.port), timeout=20, retries=1)
        data = hlapi.CommunityData(community, mpModel=1)
        context = hlapi.ContextData()

        def named(oid: str) -> hlapi.ObjectType:
            return hlapi.ObjectType(hlapi.ObjectIdentity(oid))

        result = await hlapi.get_cmd(engine, data, target, context, *map(named, gets), lookupMib=False)
        count = sum(type(value).__name__ not in ("NoSuchObject", "NoSuchInstance") for _, value in result[3])
        for root in walks:
            async for error, _, _, binds in hlapi.bulk_walk_cmd(
                engine, data, target, context, 0, REPETITIONS, named(root), lookupMib=False, lexicographicMode=False
            ):
                if error:
                    raise RuntimeError(error)
                count += len(binds)
        return count

    return ask


async def ask_all(ask: Ask, where: Plant, communities: list[str]) -> int:
    """Ask all devices, some at once; return how many values came."""
    gets, walks = questions()
    turns = asyncio.Semaphore(AT_ONCE)

    async def one(community: str) -> int:
        async with turns:
            return await ask(where, community, gets, walks)

    return sum(await asyncio.gather(*map(one, communities)))


def per_value(ask: Ask, where: Plant, devices: int) -> float:
    """Return CPU microseconds a value, start-up and first use left out."""

    async def measured() -> float:
        await ask_all(ask, where, where.communities[:2])
        began = time.process_time()
        count = await ask_all(ask, where, where.communities[:devices])
        return (time.process_time() - began) / count * 1e6

    return asyncio.run(measured())


def collect(where: Plant, folder: Path, count: int, *more: str, forks: int = AT_ONCE) -> "subprocess.Popen[str]":
    """Start `plantproof collect` for some devices, into a store of its own."""
    program = shutil.which("plantproof", path=f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}")
    assert program, "plantproof is not installed in this environment"
    store = Path(tempfile.mkdtemp(dir=folder, prefix=f"store-{count}-"))
    inventory = where.inventory(folder / f"inventory-{count}.yml", count)
    command = [
        program,
        "collect",
        "-i",
        str(inventory),
        "--store",
        str(store),
        "--pace",
        "none",
        "-f",
        str(forks),
        *more,
    ]
    environ = {**os.environ, "HOME": str(folder), "PLANTPROOF_OWNER": "Benchmark"}
    return subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def finished(child: "subprocess.Popen[str]") -> resource.struct_rusage:
    """Wait for a collection and return what it used; end the benchmark when it failed."""
    assert child.stderr
    said = child.stderr.read()
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.exit(f"plantproof collect ended with {child.returncode}:\n{said[-3000:]}")
    return used


def whole_of_collect(where: Plant, folder: Path, *more: str) -> float:
    """Return marginal CPU microseconds a value through the whole of collect."""
    few, many = (finished(collect(where, folder, count, *more)) for count in (FEW, MANY))
    cpu_s = (many.ru_utime + many.ru_stime) - (few.ru_utime + few.ru_stime)
    return cpu_s / (MANY - FEW) / where.varbinds * 1e6


def table(folder: Path, rounds: int) -> None:
    """Measure everything side by side and print it: round by round, for machines are quicker at times."""
    with plant(folder / "plant", devices=MANY) as where:
        print(f"{where.varbinds} values a device, {REPETITIONS} repetitions, {AT_ONCE} devices at once; CPU µs a value")
        rows: dict[str, Callable[[], float]] = {
            "bare pysnmp": lambda: per_value(pysnmp(), where, 6),
            "bare gufo-snmp": lambda: per_value(ask_gufo, where, 100),
            "our session through pysnmp": lambda: per_value(partial(ask_ours, engine="pysnmp"), where, 6),
            "our session and canonical text": lambda: per_value(ask_ours, where, 100),
            f"plantproof collect, ({MANY} - {FEW} devices)": lambda: whole_of_collect(where, folder, "--no-assess"),
            "... and judging what was collected": lambda: whole_of_collect(where, folder),
        }
        measured = [{name: row() for name, row in rows.items()} for _ in range(rounds)]

    def ratio(name: str, to: str) -> float:
        return statistics.median(one[name] / one[to] for one in measured)

    print(f"{'':44}{'median':>8}{'best':>8}{'/pysnmp':>9}{'/gufo':>7}")
    for name in rows:
        figures = [one[name] for one in measured]
        print(f"{name:44}{statistics.median(figures):8.2f}{min(figures):8.2f}", end="")
        print(f"{ratio(name, 'bare pysnmp'):9.3f}{ratio(name, 'bare gufo-snmp'):7.2f}")
    for name in list(rows)[-2:]:
        to_pysnmp, to_gufo = ratio(name, "bare pysnmp"), ratio(name, "bare gufo-snmp")
        print(f"goals: {name}: at most 0.100 of pysnmp {verdict(to_pysnmp <= 0.1)}, ", end="")
        print(f"at most 2.00 of gufo-snmp {verdict(to_gufo <= 2)}")


def verdict(held: bool) -> str:
    """Return the word for a goal."""
    return "(held)" if held else "(MISSED)"


def sessions_at_once(where: Plant, gets: list[str], walks: list[str], engine: str) -> None:
    """Ask every device at the same moment through one engine, and print rate and loss."""
    gate = OpenGate()

    async def together() -> list[int]:
        asked = (ask_ours(where, name, gets, walks, gate, engine=engine) for name in where.communities)
        return await asyncio.gather(*asked)

    began = time.monotonic()
    counts = asyncio.run(together())
    took = time.monotonic() - began
    lost = sum(where.varbinds - count for count in counts)
    print(f"{engine}: {len(counts)} sessions at once: {gate.requests} requests in {took:.1f} s, ", end="")
    print(f"{sum(counts) / took:,.0f} values/s, {gate.failed} asked again, {lost} values lost {verdict(not lost)}")


def all_at_once(folder: Path, targets: int) -> None:
    """Ask many devices at the same moment, with our sessions and with collect, and count what is lost."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, targets + 256)), hard))
    with plant(folder / "plant", devices=1, copies=targets - 1) as where:
        gets, walks = questions()
        for engine in ("gufo", "pysnmp"):
            sessions_at_once(where, gets, walks, engine)
        began = time.monotonic()
        finished(collect(where, folder, targets, forks=targets))
        print(f"plantproof collect -f {targets}: every asset collected, in {time.monotonic() - began:.1f} s")


def resident_mib(pid: int) -> float:
    """Return the memory a process occupies now (Linux)."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (FileNotFoundError, ProcessLookupError, IndexError):
        return 0.0
    return pages * resource.getpagesize() / 2**20


def memory(folder: Path, hosts: int) -> None:
    """Collect from many hosts and print the collector's memory over the run."""
    with plant(folder / "plant", devices=1, copies=hosts - 1) as where:
        began = time.monotonic()
        child = collect(where, folder, hosts, forks=50)
        samples = []
        while os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            samples.append(resident_mib(child.pid))
            time.sleep(0.5)
        used = finished(child)
    peak = used.ru_maxrss / 1024
    tenths = [max(samples[len(samples) * n // 10 : len(samples) * (n + 1) // 10 + 1]) for n in range(10)]
    growth = tenths[8] / tenths[2] - 1
    print(
        f"{hosts} hosts, {where.varbinds} values each, in {time.monotonic() - began:.0f} s: peak {peak:.0f} MiB",
        end=" ",
    )
    print(verdict(peak <= MEMORY_GOAL_MIB), f"; CPU {used.ru_utime + used.ru_stime:.0f} s")
    print(
        "MiB in each tenth of the run:",
        " ".join(f"{value:.0f}" for value in tenths),
        f"({growth:+.0%} from 3rd to 9th)",
    )


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="how often each figure is measured, all of them in turn")
    parser.add_argument("--targets", type=int, help="instead: so many devices at the same moment")
    parser.add_argument("--hosts", type=int, help="instead: memory of a run over so many hosts")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="plantproof-bench-") as name:
        if given.targets:
            all_at_once(Path(name), given.targets)
        elif given.hosts:
            memory(Path(name), given.hosts)
        else:
            table(Path(name), given.rounds)


if __name__ == "__main__":
    main()
