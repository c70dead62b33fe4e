"""
What proof costs: sealing, verifying a year of a plant, and handing out a share of it. `verify.py` is about bundles.

    python benchmarks/proof.py [seal] [year] [stream]

Each line gives a figure and its goal; of verifying and of handing out also what `sha256sum` takes for the same files.
CPU time, user and system, of a process of its own, as of a command. Memory is its peak.

seal    sealing 100,000 statements of one capture each
year    500 assets, ten answers an asset and night, 5 % of them changed: verifying the year, judging it again included,
        and a bundle for one control of its first and of its last quarter
stream  bundles of 1 and of 5 GB; the second is written twice, and must be the same bytes

Everything is made in a temporary directory, of 3 GB for `year` and of 6 for `stream`; making the year takes some
minutes and 2 GB of memory.
"""

import argparse
import gc
import hashlib
import multiprocessing
import re
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

from proof_plant import BEGAN, Plant, write_out

from evidence.assess.knowledge import packaged_knowledge
from evidence.cli.main import YOUNG
from evidence.export.page import report_page
from evidence.export.period import parse_period
from evidence.export.selection import Selection
from evidence.export.write import Page, export
from evidence.log.history import History
from evidence.log.keyring import Role, create_keyring, load_keyring
from evidence.log.seal import seal
from evidence.store.directory import DirectoryStore
from evidence.store.memory import MemoryStore
from evidence.verify.result import Report
from evidence.verify.verifier import verify

TOOL = "0.1.0"
MIB = 1024 * 1024
CONTROL = "CFG-01"
LATER = datetime(2026, 1, 2, tzinfo=UTC)

Work = Callable[..., None]


def used_s(who: int = resource.RUSAGE_SELF) -> float:
    """Return the CPU time used so far."""
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def digesting_s(folder: Path) -> float:
    """Return the CPU time that `sha256sum` takes for all files of a folder: no less has to be read to check them."""
    names = b"\0".join(bytes(path) for path in folder.rglob("*") if path.is_file())
    start = used_s(resource.RUSAGE_CHILDREN)
    subprocess.run(["xargs", "-0", "sha256sum"], input=names, stdout=subprocess.DEVNULL, check=True)
    return used_s(resource.RUSAGE_CHILDREN) - start


def alone(work: Work, *words: object) -> tuple[float, float]:
    """Do something in a process of its own; return its CPU time and its peak of memory in MB."""
    here, there = multiprocessing.get_context("spawn").Pipe(duplex=False)
    child = multiprocessing.get_context("spawn").Process(target=_report, args=(there, work, words))
    child.start()
    there.close()
    try:
        used, peak = here.recv()
    except EOFError:
        raise SystemExit(f"{work.__name__} failed") from None
    child.join()
    return used, peak


def _report(there: Connection, work: Work, words: tuple[object, ...]) -> None:
    gc.set_threshold(YOUNG)
    start = used_s()
    work(*words)
    # What getrusage says counts the process that started this one, too (Linux keeps it over exec).
    status = Path("/proc/self/status").read_text()
    found = re.search(r"^VmHWM:\s+(\d+) kB", status, re.MULTILINE)
    there.send((used_s() - start, int(found[1]) / 1024 if found else 0.0))


def say(what: str, figure: float, goal: float, unit: str, *, least: bool = False, more: str = "") -> bool:
    """Print a figure beside its goal, and return whether it is reached."""
    print(f"{what}: {figure:.2f}{unit} (goal: {'at least' if least else 'at most'} {goal:g}){more}", flush=True)
    return figure >= goal if least else figure <= goal


def _plain_page(*_: object) -> bytes:
    return b"<!doctype html><title>report</title>\n"


def _export(folder: str, period: str, target: str, controls: tuple[str, ...]) -> None:
    """Write a bundle; one for a control has its report, one that shows how artefacts stream has none to speak of."""
    page: Page = _plain_page
    if controls:
        page = partial(report_page, platforms=packaged_knowledge(TOOL).platforms, tool=TOOL)
    store = DirectoryStore(Path(folder) / "store")
    selection = Selection(period=parse_period(period), controls=controls)
    export(store, load_keyring(Path(folder) / "keys"), selection, Path(target), page=page, tool=TOOL, at=LATER)


def make(folder: Path, assets: int, *, length: int = 0, nights: int = 1, quarters: bool = False) -> None:
    """Make a store and its keys below a folder: so many nights, judged at the end of each quarter if that is wanted."""
    (folder / "store").mkdir(parents=True)
    keyring, knowledge = create_keyring(folder / "keys"), packaged_knowledge(TOOL)
    plant = Plant(store=MemoryStore(), keyring=keyring, assets=assets, nights=nights, length=length)
    for number in range(nights):
        plant.night(number)
        plant.seal(number)
        if quarters and ((BEGAN + timedelta(days=number + 1)).strftime("%m%d") in ("0401", "0701", "1001", "0101")):
            plant.judge(number, knowledge)
    if quarters:
        plant.judge(nights - 1, knowledge)
    write_out(plant.store, folder / "store")


def _sound(report: Report) -> None:
    if report.failed:
        raise SystemExit("\n".join(detail for step in report.steps for detail in step.details))


def sealing(folder: Path, scale: float) -> bool:
    """Seal many small statements."""
    count = max(round(100_000 * scale), 10)
    (folder / "store").mkdir(parents=True)
    keyring = create_keyring(folder / "keys")
    plant = Plant(store=MemoryStore(), keyring=keyring, assets=1, questions=1, nights=1)
    after = History.read(plant.store).checkpoint
    for number in range(count):
        plant.night(number, after=after)
    write_out(plant.store, folder / "store")
    used, peak = alone(_seal, str(folder), count)
    return say(f"sealing {count} statements of one capture", used, 40, " s", more=f"; {peak:.0f} MB")


def _seal(folder: str, count: int) -> None:
    keyring = load_keyring(Path(folder) / "keys")
    sealed = seal(DirectoryStore(Path(folder) / "store"), keyring, at=LATER, wait_s=0)
    if sealed.size < count:
        raise SystemExit(f"{sealed.size} leaves of {count}")


def _verify(folder: str) -> None:
    store = DirectoryStore(Path(folder) / "store")
    root = load_keyring(Path(folder) / "keys").key(Role.ROOT).public
    pin = History.read(store).checkpoint
    report = verify(store, trusted_root=root, pins=[pin], as_of=LATER, knowledge=lambda: packaged_knowledge(TOOL))
    _sound(report)
    if not any("byte for byte the same" in detail for step in report.steps for detail in step.details):
        raise SystemExit("the findings were not made again")


def year(folder: Path, scale: float) -> bool:
    """Verify a year, and hand out its first and its last quarter."""
    assets, nights = max(round(500 * scale), 5), max(round(365 * scale), 10)
    make(folder, assets, nights=nights, quarters=True)
    used, peak = alone(_verify, str(folder))
    peer = digesting_s(folder / "store")
    good = say(f"verifying a year of {assets} assets", used, 60, " s", more=f"; sha256sum {peer:.1f} s")
    good &= say("  its memory", peak, 500, " MB")
    last = BEGAN + timedelta(days=nights - 1)
    for period in ("2025Q1", f"2025Q{(last.month + 2) // 3}"):
        used, peak = alone(_export, str(folder), period, str(folder / "b.zip"), (CONTROL,))
        good &= say(f"a bundle of {period} for {CONTROL} out of it", used, 10, " s", more=f"; {peak:.0f} MB")
    return good


def stream(folder: Path, scale: float) -> bool:
    """Hand out bundles of 1 and 5 GB."""
    good, seen = True, set()
    for number, share in enumerate((0.2, 1, 1)):
        count = max(round(640 * scale * share), 10)
        here = folder / str(count)
        if not here.exists():
            make(here, count // 10, length=8 * MIB)
        used, peak = alone(_export, str(here), "2025-01", str(folder / "b.zip"), ())
        with (folder / "b.zip").open("rb") as file:
            told = hashlib.file_digest(file, "sha256").hexdigest()
            size = file.tell()
        (folder / "b.zip").unlink()
        good &= say(f"memory of a bundle of {size / 1e9:.2f} GB", peak, 300, " MB", more=f"; {used:.1f} s")
        if number:
            seen.add(told)
    print(f"  written twice, {'the same bytes' if len(seen) == 1 else 'other bytes'}")
    return good and len(seen) == 1


PARTS = {"seal": sealing, "year": year, "stream": stream}


def main() -> int:
    """Measure what was asked for; end with 1 when a goal is missed."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)}; all if none is named")
    options.add_argument("--scale", type=float, default=1.0, help="fewer of everything, which says nothing of speed")
    chosen = options.parse_args()
    good = True
    for name in chosen.parts or PARTS:
        with tempfile.TemporaryDirectory(prefix="plantproof-") as folder:
            good &= PARTS[name](Path(folder), chosen.scale)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
