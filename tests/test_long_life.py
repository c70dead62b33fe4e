"""Night after night for years: nothing grows but the evidence, and every store of an earlier release goes on."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

import pytest

pytestmark = pytest.mark.real

FIXTURES = Path(__file__).parent / "fixtures"
STORES = sorted(path for path in (Path(__file__).parent / "vectors").iterdir() if path.name.startswith("store-"))
SETTLED = 5
"""Runs after which everything has been imported, and remembered, that is to be."""


@pytest.fixture
def plant(site: Any, faults: dict[str, ModuleType], snmpd: Any, ignition_double: ModuleType) -> Iterator[Any]:
    """A switch by SNMP, one by SSH, a gateway by HTTP, and one that is never there."""
    with ExitStack() as start:
        agent = start.enter_context(
            faults["snmp"].SimulatedAgent({"healthy": faults["snmp"].Device(faults["snmp"].RECORDED)})
        )
        cli = start.enter_context(faults["ssh"].SimulatedCli([faults["ssh"].HEALTHY]))
        gateway = start.enter_context(ignition_double.serving(ignition_double.a_gateway()))
        site.hosts = {
            "switch": faults["snmp"].by_v2c(agent.port, "healthy"),
            "core": faults["ssh"].at(cli.port) | {"ansible_user": "healthy"},
            "scada": faults["http"].at(gateway.url, gateway.token),
            "gone": faults["snmp"].by_v2c(9, "healthy"),
        }
        for host in site.hosts.values():
            host["plantproof_safety"] = "it"
        site.settings = {"jobs": [{"name": "nightly", "at": "02:00 Europe/Berlin", "grace": "7d"}]}
        site.write()
        (site.folder / "known_hosts").write_text(cli.known_hosts)
        yield site


def live(site: Any, runs: int, *words: str, environ: Mapping[str, str] = MappingProxyType({})) -> list[dict[str, int]]:
    """Run so many times in one process; return what was held after each."""
    (site.folder / "tmp").mkdir()
    told = site.folder / "held.jsonl"
    with told.open("w") as out:
        subprocess.run(
            [sys.executable, "-P", str(FIXTURES / "long_life.py"), str(runs), *words],
            cwd=site.folder,
            env=site.environ() | {"TMPDIR": str(site.folder / "tmp"), **environ},
            stdout=out,
            timeout=120 + 10 * runs,
            check=True,
        )
    held = [json.loads(line) for line in told.read_text().splitlines()]
    assert len(held) == runs
    return held


def assert_nothing_grew(held: list[dict[str, int]], *, memory_kib: int) -> None:
    settled, last = held[SETTLED], held[-1]
    sys.stdout.write(f"{len(held)} runs; after {SETTLED + 1}: {settled}; at the end: {last}\n")
    assert {run["code"] for run in held} == {4}, "the one that is never there, every time"
    for what in ("descriptors", "threads", "temporary", "state_files", "home"):
        assert last[what] == settled[what], what
    assert abs(last["state_bytes"] - settled["state_bytes"]) <= 200, "times and averages have more digits, or fewer"
    assert last["blocks"] - settled["blocks"] <= 100 * len(held), "of some 330,000; a run's answers alone are more"
    assert last["memory_kib"] - settled["memory_kib"] <= memory_kib


def test_a_dozen_runs_in_one_process_leave_nothing_behind(plant: Any) -> None:
    assert_nothing_grew(live(plant, 12), memory_kib=6_000)
    assert plant.verify().code == 0


@pytest.mark.exhaustive
def test_a_thousand_runs_in_one_process_leave_nothing_behind(plant: Any) -> None:
    """Without judging, which reads the whole log each time: its time and its largest size grow with the log."""
    assert_nothing_grew(live(plant, 1_000, "--no-assess"), memory_kib=20_000)
    assert plant.verify().code == 0


@pytest.mark.exhaustive
def test_every_slot_of_four_months_is_filled(plant: Any, another_time: Callable[[str], dict[str, str]]) -> None:
    """Nights of a clock that a real library shifts; the plan, which reaches a year ahead, is stated once."""
    assert_nothing_grew(live(plant, 120, environ=another_time("+0d")), memory_kib=20_000)
    as_of = f"{datetime.now(UTC) + timedelta(days=120):%Y-%m-%d}"
    told = json.loads(plant.verify("--as-of", as_of, "--format", "json").out)
    assert told["slots"]["gaps"] == 0
    assert told["slots"]["present"] >= 118 * len(plant.hosts)


@pytest.mark.parametrize("release", STORES, ids=lambda path: path.name)
def test_a_store_of_an_earlier_release_verifies_and_goes_on(release: Path, plant: Any, vectors: ModuleType) -> None:
    shutil.copytree(release / "store", plant.store)
    write_keys(vectors.fixed_keyring(), vectors.REDACTION_MASTER, plant.folder / "store.keys")
    root, *pins = [release / "root.pub", *(release / "pins.txt").read_text().splitlines()]
    trusted = ["--key", str(root), *(word for pin in pins for word in ("--pin", pin))]
    assert plant.verify(*trusted).code == 0
    del plant.hosts["gone"]
    plant.settings |= {"owner": vectors.OWNER, "domain": vectors.DOMAIN}
    for size in (1, 2):
        assert plant.collect().code == 0
        verified = plant.verify(*trusted)
        assert verified.code == 0, verified.out
        assert f"{RUNS[release.name] + size} parts" in verified.out
    assert plant.run("facts", "core", "--fact", "firmware.version").out.count("10.13.1000") == 1


RUNS = {"store-0.1": 8, "store-0.1-personal": 9}
"""Parts in the log of each frozen store."""


def write_keys(keyring: Any, master: bytes, folder: Path) -> None:
    """Write a keyring as the files it is read from."""
    folder.mkdir(mode=0o700)
    keys = {str(role): key.file_bytes() for role, key in keyring.signing.items()}
    for name, data in (keys | {"redaction-k1.key": f"{master.hex()}\n".encode()}).items():
        (folder / name).write_bytes(data)
        (folder / name).chmod(0o600)
