"""Planned runs on the command line: slots, the lock, what was missed, what is absent, and silence."""

import json
import subprocess
import sys
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from collectors.locks import run_lock
from evidence.export.verifier import page
from evidence.log.history import History
from evidence.store.directory import DirectoryStore


@pytest.fixture
def hall(site: Any) -> Any:
    """A site with a job, and four assets that answer nothing because they are never asked."""
    site.hosts = {f"press-{n}": {"ansible_host": "127.0.0.1", "plantproof_safety": "fragile"} for n in range(1, 5)}
    site.settings = {"jobs": [{"name": "often", "every": "12h", "grace": "12h"}]}
    return site


def days_ahead(days: int) -> str:
    return f"{datetime.now(UTC) + timedelta(days=days):%Y-%m-%d}"


def slots(site: Any) -> Any:
    return json.loads(site.verify("--format", "json").out)["slots"]


def test_a_run_under_cron_is_silent_and_fills_the_slot_that_is_due(hall: Any) -> None:
    hall.settings["report"] = "report.html"
    ended = hall.collect("--slot", "often", "--no-input")
    assert (ended.code, ended.said) == (0, "")
    (part,) = (part for _, part in History.read(DirectoryStore(hall.store)).parts())
    assert part.slot.startswith("often-")
    told = slots(hall)
    assert {name: told[name] for name in ("due", "expected", "present", "gaps")} == {
        "due": 1,
        "expected": 4,
        "present": 4,
        "gaps": 0,
    }
    page = (hall.folder / "report.html").read_text()
    assert "Planned slots" in page
    assert "Every slot is whole." in page

    assert hall.run("collect", "-l", "press-1", "--slot", "often", "--pace", "none").said == ""
    assert len(list((hall.store / "statements" / "plan").iterdir())) == 1, "a narrowed run changes no plan"

    later = hall.verify("--as-of", days_ahead(500))
    assert later.code == 0, "a gap is no tampering"
    assert " 9  completeness  not-checked" in later.out.splitlines()
    assert "gap: no run in 73" in later.out
    assert "no plan reaches further" in later.out
    report = ("report", "--store", "store", "--as-of", days_ahead(20), "-o")
    hall.run(*report, "gaps.html", program="evidence")
    assert "Not as planned" in (hall.folder / "gaps.html").read_text()
    hall.run(*report, "gaps.json", "--format", "json", program="evidence")
    told = json.loads((hall.folder / "gaps.json").read_text())["slots"]
    assert told["expected"] - told["gaps"] in (4, 8), "the last one may have time yet"


def test_the_second_of_two_runs_ends_with_75_and_asks_nothing(hall: Any, tmp_path: Path) -> None:
    hall.write()
    held = run_lock(tmp_path / "plantproof-locks", store=str(hall.store), job="often", part="1/1")
    environ = {"XDG_RUNTIME_DIR": str(tmp_path)}
    with held:
        second = hall.run("collect", "--slot", "often", "--pace", "none", environ=environ)
        assert second.code == 75
        assert second.err.startswith("error: another run of often, part 1/1, into ")
        assert not hall.store.exists()
        part = hall.run("collect", "--slot", "often", "--part", "1/2", "--pace", "none", environ=environ)
        assert part.code == 0, part.err


def test_what_was_missed_is_explained_and_stays_open(hall: Any) -> None:
    hall.collect("--slot", "often", "--part", "1/2", "--no-seal")
    sealed = hall.run("seal", "--format", "json")
    told = json.loads(sealed.out)
    assert (sealed.code, told["schema"]) == (1, "urn:plantproof:seal:v1")
    (one,) = told["slots"]
    assert (one["parts"], one["absent"], one["unfinished"]) == (["1/2"], ["2/2"], [])
    assert (one["without"], one["planned"], one["whole"]) == (["press-2", "press-4"], 4, False)
    slot = one["slot"]

    assert hall.run("missed", "nightly-20260722T0200Z", "--reason", "x").code == 5
    assert hall.run("missed", slot, "--reason", " ").code == 5
    assert hall.run("missed", slot, "--reason", "x", "--asset", "press-9").code == 5
    said = hall.run("missed", slot, "--reason", "the line was being moved", "--asset", "press-2")
    assert (said.code, said.out) == (0, f"{slot}: 1 assets: the line was being moved (the next seal commits it)\n")
    assert hall.run("seal").code == 0, "nothing new is missing"
    later = hall.verify("--as-of", days_ahead(500)).out
    assert f"{slot}: missed, 1 assets: the line was being moved" in later
    assert f"{slot}: gap: no outcome of press-4" in later


def test_a_bundle_tells_of_the_slots_of_its_period(hall: Any) -> None:
    hall.collect("--slot", "often", "--part", "1/2")
    (part,) = (part for _, part in History.read(DirectoryStore(hall.store)).parts())
    hall.run("missed", part.slot, "--reason", "the line was being moved", "--asset", "press-2")
    hall.run("seal")
    period = ("--period", f"{days_ahead(-1)}..{days_ahead(1)}", "--as-of", f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}")
    verifiers = ("--verifier", "verify.py", "--verifier", "verify.html")
    made = hall.run("export", *period, "-o", "bundle.zip", *verifiers)
    assert made.code == 0, made.said
    assert (hall.folder / "verify.html").read_text(encoding="utf-8") == page()
    told = hall.run("verify", "bundle.zip", "--key", "store.keys/root.pub", "--format", "json", program="evidence")
    assert told.code == 0, told.said
    (one,) = json.loads(told.out)["slots"]["not_whole"]
    counts = {name: one[name] for name in ("slot", "present", "missed", "pending", "reasons")}
    assert counts == {
        "slot": part.slot,
        "present": 2,
        "missed": 1,
        "pending": 1,
        "reasons": ["the line was being moved"],
    }
    words = [sys.executable, "-I", "-S", "verify.py", "bundle.zip", "--root-key", "store.keys/root.pub"]
    alone = subprocess.run(words, cwd=hall.folder, capture_output=True, text=True, check=False)
    assert alone.returncode == 0, alone.stdout
    assert f"{part.slot}: missed: press-2: 1 of 4 assets" in alone.stdout
    assert "due in the period, and the bundle ends at" in alone.stdout
    with zipfile.ZipFile(hall.folder / "bundle.zip") as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("/data/gaps.csv"))
        table = archive.read(name).decode("utf-8-sig")
    rows = [line.split(",")[:4] for line in table.splitlines()]
    assert [part.slot, "", "press-2", "missed"] in rows
    assert [part.slot, "", "press-4", "pending"] in rows
    ahead = hall.run("export", *period[:2], "--as-of", days_ahead(3), "-o", "other.zip")
    assert ahead.code != 0
    assert "lies ahead" in ahead.err


def test_a_slot_is_closed_by_name_and_again_once_it_is_whole(hall: Any) -> None:
    hall.collect("--slot", "often", "--part", "1/2", "--no-seal")
    first = hall.run("seal", "--slot", "often")
    assert first.code == 1
    assert "absent parts: 2/2" in first.out
    assert "no outcome of press-2, press-4" in first.out
    hall.collect("--slot", "often", "--part", "2/2", "--no-seal")
    second = hall.run("seal", "--slot", "often")
    assert second.code == 0
    whole, pin = second.out.splitlines()
    assert whole.endswith("whole: parts 1/2, 2/2; 4 assets")
    assert pin.startswith("acme.example/acme/")
    assert hall.run("seal", "--slot", "often-20200101T0000Z").code == 1, "nothing at all is there"


def test_ready_files_are_printed_or_written(hall: Any) -> None:
    hall.write()
    cron = hall.run("schedule", "cron")
    assert (cron.code, "\nCRON_TZ=UTC\n0 */12 * * *  cd " in cron.out) == (0, True)
    printed = hall.run("schedule", "systemd", "--user", "audit").out
    written = hall.run("schedule", "systemd", "--user", "audit", "-o", "units")
    assert written.out.splitlines() == ["units/plantproof-often.service", "units/plantproof-often.timer"]
    service = (hall.folder / "units" / "plantproof-often.service").read_text()
    assert service in printed
    assert f"ReadWritePaths={hall.store} " in service
    assert "User=audit\n" in service
    assert "awx.awx.schedule" in hall.run("schedule", "awx").out
    hall.settings = {}
    hall.write()
    assert "names no jobs" in hall.run("schedule", "cron").err
