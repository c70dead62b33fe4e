"""The demo as a story: every step an ordinary command, shown before it runs."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Collection
from datetime import datetime
from pathlib import Path

from collectors.demo.outside import AUTHORITY, WITNESS, stamping, write_witness
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
        with stamping(folder, now) as stamped:
            _collect_twice(folder, plant, say, stamped=stamped)
    _cosign(folder, say)
    say("\nThe plant is gone. What follows reads the evidence alone.")
    _run(folder, say, "facts", "--fact", "firmware.version", "--fact", "hardware.*")
    _run(folder, say, "diff", "core-sw-01")
    _run(folder, say, "findings", "--status", "contradicts")
    authority = (AUTHORITY,) if stamped else ()
    _check(folder, say, authority, f"{now:%Y-%m-%d}..{now:%Y-%m-%d}")
    return (folder / "report.html").resolve(), (folder / "owner.html").resolve()


def _collect_twice(folder: Path, plant: Plant, say: Callable[[str], None], *, stamped: bool) -> None:
    say("Switches and gateways, a firewall, a jump host, a management server and a cloud account, all simulated;")
    say("a switch that is off, a PLC nobody may touch, and this machine:")
    if stamped:
        say("(A time-stamp authority on loopback, openssl ts, stamps each checkpoint.)")
    _run(folder, say, "inventory")
    _run(folder, say, "collect", "-v", ends=(NIGHT_SWITCH_IS_OFF,))
    shutil.copyfile(folder / "store" / "log" / "checkpoint", folder / "pin")
    say("\nThe owner signs for devices that no inventory lists:")
    _run(folder, say, "register", "import", "known-device", "devices.csv")
    say("\nSomebody changes the core switch, and a robot's controller is swapped. The next run:")
    plant.change()
    _run(folder, say, "collect", "-v", ends=(NIGHT_SWITCH_IS_OFF,))


def _cosign(folder: Path, say: Callable[[str], None]) -> None:
    """Let a witness cosign the log as he sees it."""
    say("\nA witness, who does not write the log, looks whether it is still the one he saw, and cosigns it:")
    write_witness(folder)
    words = ("--store", "store", "--state", "seen.json", "--key", WITNESS, "--name", "auditor.invalid/demo")
    _run(folder, say, "witness", "sign", *words, program="plantproof-verify")


def _check(folder: Path, say: Callable[[str], None], authority: tuple[str, ...], period: str) -> None:
    """Do what the auditor does, with the store and with a bundle of it; write the reports."""
    say("\nThe auditor kept the checkpoint of the first run; the keys and CA he trusts came another way:")
    words = ("--key", "keys/root.pub", "--pin", "pin")
    ca = tuple(word for one in authority for word in ("--tsa-ca", one))
    outside = (*ca, "--witness", f"{WITNESS}.pub")
    _run(folder, say, "verify", "--store", "store", *words, *outside, program="plantproof-verify")
    _run(folder, say, "export", "--period", period, "--for", "auditor", "-o", "bundle.zip", "--verifier", "verify.py")
    _run(folder, say, "verify", "bundle.zip", *words, *outside, program="plantproof-verify")
    _python(folder, say, "verify.py", "bundle.zip", "--root-key", "keys/root.pub", *outside)
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
