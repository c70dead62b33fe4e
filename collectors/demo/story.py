"""The demo as a story: every step an ordinary command, shown before it runs."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Collection
from datetime import datetime
from pathlib import Path

from collectors.demo.plant import Plant, running_plant
from evidence.errors import Error

NIGHT_SWITCH_IS_OFF = 4
"""`collect` ends with 4: one switch of the plant is switched off, and that is part of the story."""


class DemoError(Error):
    """A step of the demo did not end as it should."""


def tell(folder: Path, *, now: datetime, say: Callable[[str], None]) -> tuple[Path, Path]:
    """Run the demo in `folder`; return where the auditor's report and the owner's page are."""
    if (folder / "store").exists():
        say(f"{folder} is there already: its evidence is continued")
    with running_plant(now) as plant:
        plant.write_site(folder)
        _collect_twice(folder, plant, say)
    say("\nThe plant is gone. What follows reads the evidence alone.")
    _run(folder, say, "facts", "--fact", "firmware.version", "--fact", "hardware.*")
    _run(folder, say, "diff", "core-sw-01")
    _run(folder, say, "findings", "--status", "contradicts")
    _check(folder, say, f"{now:%Y-%m-%d}..{now:%Y-%m-%d}")
    return (folder / "report.html").resolve(), (folder / "owner.html").resolve()


def _collect_twice(folder: Path, plant: Plant, say: Callable[[str], None]) -> None:
    say("Switches and gateways, a firewall, a jump host, a management server and a cloud account, all simulated;")
    say("a switch that is off, a PLC nobody may touch, and this machine:")
    _run(folder, say, "inventory")
    _run(folder, say, "collect", "-v", ends=(NIGHT_SWITCH_IS_OFF,))
    shutil.copyfile(folder / "store" / "log" / "checkpoint", folder / "pin")
    say("\nThe owner signs for devices that no inventory lists:")
    _run(folder, say, "register", "import", "known-device", "devices.csv")
    say("\nSomebody changes the core switch, and a robot's controller is swapped. The next run:")
    plant.change()
    _run(folder, say, "collect", "-v", ends=(NIGHT_SWITCH_IS_OFF,))


def _check(folder: Path, say: Callable[[str], None], period: str) -> None:
    """Do what the auditor does, with the store and with a bundle of it; write the reports."""
    say("\nThe auditor kept the checkpoint of the first run, and has the owner's root key:")
    words = ("--key", "keys/root.pub", "--pin", "pin")
    _run(folder, say, "verify", "--store", "store", *words, program="plantproof-verify")
    _run(folder, say, "export", "--period", period, "--for", "auditor", "-o", "bundle.zip", "--verifier", "verify.py")
    _run(folder, say, "verify", "bundle.zip", *words, program="plantproof-verify")
    _python(folder, say, "verify.py", "bundle.zip", "--root-key", "keys/root.pub")
    _run(folder, say, "report", *words, "--output", "report.html")
    _run(folder, say, "report", "--audience", "owner", "--output", "owner.html")


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


def _python(folder: Path, say: Callable[[str], None], *words: str) -> None:
    """Run a program of the standard library alone."""
    say(f"\n$ python -I {' '.join(words)}")
    if subprocess.run([sys.executable, "-I", *words], cwd=folder, check=False).returncode:
        raise DemoError(f"`python -I {' '.join(words)}` found something wrong")
