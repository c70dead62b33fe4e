"""The demo as a story: every step an ordinary command, shown before it runs."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Collection
from pathlib import Path

from collectors.demo.plant import Plant, running_plant
from evidence.errors import Error

NIGHT_SWITCH_IS_OFF = 4
"""`collect` ends with 4: one switch of the plant is switched off, and that is part of the story."""


class DemoError(Error):
    """A step of the demo did not end as it should."""


def tell(folder: Path, *, say: Callable[[str], None]) -> Path:
    """Run the demo in `folder`; return where the report is."""
    if (folder / "store").exists():
        say(f"{folder} is there already: its evidence is continued")
    with running_plant() as plant:
        plant.write_site(folder)
        _collect_twice(folder, plant, say)
    say("\nThe plant is gone. What follows reads the evidence alone.")
    _run(folder, say, "facts", "--fact", "firmware.version", "--fact", "hardware.*")
    _run(folder, say, "diff", "core-sw-01")
    say("\nThe auditor kept the checkpoint of the first run, and has the owner's root key:")
    words = ("--store", "store", "--key", "keys/root.pub", "--pin", "pin")
    _run(folder, say, "verify", *words, program="plantproof-verify")
    _run(folder, say, "report", *words[2:], "--output", "report.html")
    return (folder / "report.html").resolve()


def _collect_twice(folder: Path, plant: Plant, say: Callable[[str], None]) -> None:
    say("Four simulated switches and gateways, one that is off, one PLC nobody may touch, and this machine:")
    _run(folder, say, "inventory")
    _run(folder, say, "collect", "-v", ends=(NIGHT_SWITCH_IS_OFF,))
    shutil.copyfile(folder / "store" / "log" / "checkpoint", folder / "pin")
    say("\nSomebody changes the core switch. The next run:")
    plant.change()
    _run(folder, say, "collect", "-v", ends=(NIGHT_SWITCH_IS_OFF,))


def _run(
    folder: Path,
    say: Callable[[str], None],
    *words: str,
    program: str = "plantproof",
    ends: Collection[int] = (0,),
) -> None:
    say(f"\n$ {program} {' '.join(words)}")
    module = "evidence" if program == "plantproof-verify" else "collectors"
    done = subprocess.run([sys.executable, "-m", module, *words], cwd=folder, check=False)
    if done.returncode not in ends:
        raise DemoError(f"`{program} {' '.join(words)}` ended with {done.returncode}, expected {min(ends)}")
