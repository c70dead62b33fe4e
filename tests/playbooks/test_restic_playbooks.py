"""Backups and restore tests by restic: real playbooks, real repositories, and what the collector makes of them."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.real,
    pytest.mark.skipif(shutil.which("restic") is None, reason="restic is not installed"),
]

PASSWORD = "r3stic-Pa55word"

COMPARED_BY = {
    "good": "manifest",
    "verified": "verify",
    "copied": "none",
    "changed": "manifest",  # a line of the manifest is not what it was
    "damaged": "manifest",  # a pack of the repository is
}
"""Host -> how its restore is compared."""


@dataclass(frozen=True, slots=True)
class Estate:
    """Hosts that are folders, each with a repository and a state folder; all have the data of the first."""

    folder: Path
    restored: str
    """What the playbook of the restore tests said."""

    def state(self, host: str, name: str) -> Any:
        return json.loads((self.folder / host / "state" / name).read_text())


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory, playbooks: ModuleType) -> Any:
    """Back up once, damage copies of it, and test every restore: one run each."""
    folder = tmp_path_factory.mktemp("restic")
    data = folder / "good" / "data"
    (data / "sub").mkdir(parents=True)
    (data / "programme of press 7.bin").write_bytes(os.urandom(200_000))
    (data / "sub" / "Rezept-ä.csv").write_text("a;b\n")
    (folder / "good" / "password").write_text(PASSWORD)
    hosts = {}
    for host, compare in COMPARED_BY.items():
        place = folder / host
        hosts[host] = {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            "backup_job": "plant",
            "backup_host": "good",
            "backup_repository": str(place / "repository"),
            "backup_password_file": str(place / "password"),
            "backup_paths": [str(data)],
            "backup_state": str(place / "state"),
            "restore_parent": str(place),
            "restore_compare": compare,
            "restore_rto_goal_s": 900,
            "restore_operator": "k.ito",
            "restore_witness": "a.meyer",
        }
    locked_out = folder / "locked-out"
    (locked_out / "state").mkdir(parents=True)
    (locked_out / "password").write_text("another")
    (locked_out / "state" / "backup-plant.json").write_text('{"last_success": "2026-11-01T02:00:00Z"}')
    state = {"backup_state": str(locked_out / "state"), "backup_password_file": str(locked_out / "password")}
    hosts["locked-out"] = hosts["good"] | state
    restic(folder / "good", "init")
    (folder / "hosts.yml").write_text(json.dumps({"all": {"hosts": hosts}}))
    before = playbooks.play(folder, "restic-backup.yml", "-l", "good:locked-out", unsaid=PASSWORD)
    assert playbooks.failed(before) == {"locked-out"}, before
    for host in set(COMPARED_BY) - {"good"}:
        shutil.copytree(folder / "good", folder / host)
        damage(folder / host, host)
    return Estate(folder, playbooks.play(folder, "restore-test.yml", "-l", "all:!locked-out", unsaid=PASSWORD))


def restic(place: Path, *words: str) -> str:
    command = ["restic", "--repo", place / "repository", "--password-file", place / "password", *words]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


def damage(place: Path, host: str) -> None:
    (manifest,) = (place / "state" / "manifests").rglob("*.sha256")
    if host == "changed":
        text = manifest.read_text()
        manifest.write_text(("0" if text[0] != "0" else "1") + text[1:])
    elif host == "damaged":
        pack = max((place / "repository" / "data").rglob("*"), key=lambda path: path.stat().st_size)
        pack.chmod(0o600)
        data = bytearray(pack.read_bytes())
        data[len(data) // 2] ^= 1
        pack.write_bytes(data)


def test_a_backup_leaves_its_status_and_a_manifest_sha256sum_agrees_with(estate: Estate) -> None:
    status = estate.state("good", "backup-plant.json")
    (snapshot,) = json.loads(restic(estate.folder / "good", "snapshots", "--json"))
    assert (status["status"], status["snapshot"], status["files"]) == ("completed", snapshot["short_id"], 2)
    assert status["at"] == status["last_success"]
    assert PASSWORD not in json.dumps(status)
    manifest = estate.folder / "good" / "state" / "manifests" / "plant" / f"{snapshot['short_id']}.sha256"
    assert len(manifest.read_text().splitlines()) == 2
    subprocess.run(["sha256sum", "--check", "--strict", "--quiet", manifest], cwd="/", check=True, timeout=30)
    assert manifest.stat().st_mode & 0o77 == 0


@pytest.mark.parametrize(
    ("host", "status", "validation", "passed"),
    [
        ("good", "completed", "successful", (3, 3)),
        ("verified", "completed", "successful", (2, 2)),
        ("copied", "completed", "none", (1, 1)),
        ("changed", "completed", "failed", (3, 2)),
        ("damaged", "failed", "failed", (3, 0)),
    ],
)
def test_only_a_restore_that_was_compared_and_found_right_is_successful(
    estate: Estate, visit_host: Callable[..., Any], host: str, status: str, validation: str, passed: tuple[int, int]
) -> None:
    record = estate.folder / host / "state" / "restore-plant.json"
    visited = visit_host("local", "restore-tests", restore_tests=(str(record),))
    ((row, test),) = visited.rows("restore").items()
    assert row.startswith("plant 20")
    assert (test["status"], test["validation"]) == (status, validation)
    assert (test["checks_expected"], test["checks_passed"]) == tuple(map(str, passed))
    assert (test["asset"], test["operator"], test["witness"]) == (host, "k.ito", "a.meyer")
    assert (test["rto_goal_s"], "rto_s" in test) == ("900", status == "completed")
    assert test["start"] <= test["end"]
    assert visited.value("backup.last_restore_test") == (test["end"] if validation == "successful" else None)
    assert ("defects" in test) is not (validation == "successful" or host == "copied")
    snapshot = estate.state("good", "backup-plant.json")["snapshot"]
    assert test["backup"].startswith(f"plant {snapshot}")


def test_a_test_that_proved_nothing_is_red_and_one_that_was_to_prove_nothing_is_not(
    estate: Estate, playbooks: ModuleType
) -> None:
    assert playbooks.failed(estate.restored) == {"changed", "damaged"}


def test_nothing_restored_is_left_behind(estate: Estate) -> None:
    assert list(estate.folder.glob("*/restore-test.*")) == []


@pytest.mark.parametrize("over", ["local", "ssh"])
def test_a_failed_backup_keeps_the_last_success(estate: Estate, visit_host: Callable[..., Any], over: str) -> None:
    names = {host: str(estate.folder / host / "state" / "backup-plant.json") for host in ("good", "locked-out")}
    good, bad = (visit_host(over, "backup-status", backup_status=(names[host],)) for host in names)
    assert good.rows("backup")["plant"]["status"] == "completed"
    assert good.value("backup.last_success") == good.rows("backup")["plant"]["at"]
    assert bad.rows("backup")["plant"]["status"] == "failed"
    assert bad.value("backup.last_success") == "2026-11-01T02:00:00Z"
