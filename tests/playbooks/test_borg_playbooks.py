"""Backups and restore tests by borg: real playbooks, a real repository, and what the collector makes of them."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

pytestmark = [
    pytest.mark.exhaustive,  # three runs of ansible-playbook
    pytest.mark.real,
    pytest.mark.skipif(shutil.which("borg") is None, reason="borg is not installed"),
]

PASSWORD = "b0rg-Pa55word"


def borg(folder: Path, *words: str) -> Any:
    """Run borg on the repository of a folder; return what it says, read as JSON where it is."""
    environ = {**os.environ, "BORG_PASSPHRASE": PASSWORD, "BORG_BASE_DIR": str(folder), "TZ": "UTC"}
    done = subprocess.run(["borg", *words], check=True, capture_output=True, text=True, timeout=60, env=environ)
    return json.loads(done.stdout) if done.stdout.startswith("{") else done.stdout


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory, playbooks: ModuleType) -> Path:
    """Back up once, damage a copy, and test both restores; `locked-out` has another password."""
    folder = tmp_path_factory.mktemp("borg")
    data = folder / "good" / "data"
    data.mkdir(parents=True)
    (data / "programme of press 7.bin").write_bytes(os.urandom(200_000))
    (data / "Rezept-ä.csv").write_text("a;b\n")
    hosts = {}
    for host, secret in (("good", PASSWORD), ("damaged", PASSWORD), ("locked-out", "another")):
        (folder / host).mkdir(exist_ok=True)
        (folder / host / "password").write_text(secret)
        hosts[host] = {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            "backup_engine": "borg",
            "backup_job": "plant",
            "backup_host": "good",
            "backup_repository": str(folder / ("damaged" if host == "damaged" else "good") / "repository"),
            "backup_password_file": str(folder / host / "password"),
            "backup_paths": [str(data)],
            "backup_state": str(folder / host / "state"),
            "backup_environment": {"BORG_BASE_DIR": str(folder / host)},
            "restore_parent": str(folder / host),
            "restore_operator": "k.ito",
        }
    (folder / "locked-out" / "state").mkdir()
    (folder / "locked-out" / "state" / "backup-plant.json").write_text('{"last_success": "2026-11-01T02:00:00Z"}')
    borg(folder / "good", "init", "-e", "repokey-blake2", str(folder / "good" / "repository"))
    (folder / "hosts.yml").write_text(json.dumps({"all": {"hosts": hosts}}))
    before = playbooks.play(folder, "borg-backup.yml", "-l", "good:locked-out", unsaid=PASSWORD)
    assert playbooks.failed(before) == {"locked-out"}, before
    playbooks.play(
        folder, "borg-backup.yml", "-l", "good", "-e", "backup_job=plant-x", "-e", "backup_check=none", unsaid=PASSWORD
    )
    for part in ("repository", "state"):
        shutil.copytree(folder / "good" / part, folder / "damaged" / part)
    damage(folder / "damaged" / "repository")
    after = playbooks.play(folder, "restore-test.yml", "-l", "good:damaged", unsaid=PASSWORD)
    assert playbooks.failed(after) == {"damaged"}, after
    return folder


def damage(repository: Path) -> None:
    segment = max((repository / "data").rglob("*"), key=lambda path: path.stat().st_size)
    data = bytearray(segment.read_bytes())
    data[len(data) // 2] ^= 1
    segment.write_bytes(data)


def test_a_backup_leaves_what_borg_knows_of_its_archive(estate: Path, visit_host: Callable[..., Any]) -> None:
    file = estate / "good" / "state" / "backup-plant.json"
    status = json.loads(file.read_text())
    known = borg(estate / "good", "info", "--json", f"{estate}/good/repository::{status['snapshot']}")
    (archive,) = known["archives"]
    assert (status["files"], status["bytes"]) == (archive["stats"]["nfiles"], archive["stats"]["original_size"])
    assert (status["encryption"], status["checked"]) == ("repokey-blake2", "archives")
    assert json.loads((file.parent / "backup-plant-x.json").read_text())["checked"] == "none"
    assert PASSWORD not in file.read_text()
    visited = visit_host("local", "backup-status", backup_status=(str(file),))
    assert visited.value("backup.last_success") == status["at"]
    assert visited.rows("backup")["plant"]["status"] == "completed"


def test_a_failed_backup_keeps_the_last_success(estate: Path, visit_host: Callable[..., Any]) -> None:
    file = estate / "locked-out" / "state" / "backup-plant.json"
    visited = visit_host("local", "backup-status", backup_status=(str(file),))
    assert visited.rows("backup")["plant"]["status"] == "failed"
    assert visited.value("backup.last_success") == "2026-11-01T02:00:00Z"


@pytest.mark.parametrize(("host", "validation", "passed"), [("good", "successful", "3"), ("damaged", "failed", "0")])
def test_only_a_restore_that_was_found_right_is_successful(
    estate: Path, visit_host: Callable[..., Any], host: str, validation: str, passed: str
) -> None:
    visited = visit_host("local", "restore-tests", restore_tests=(str(estate / host / "state" / "restore-plant.json"),))
    ((_, test),) = visited.rows("restore").items()
    assert (test["validation"], test["checks_expected"], test["checks_passed"]) == (validation, "3", passed)
    assert test["method"].startswith("borg restore into an isolated directory")
    status = json.loads((estate / "good" / "state" / "backup-plant.json").read_text())
    known = borg(estate / "good", "info", "--json", f"{estate}/good/repository::{status['snapshot']}")
    assert test["backup"] == f"plant {known['archives'][0]['id']}"  # and not of the job whose name begins the same
    assert test["backup_at"] <= status["at"]
    assert list((estate / host).glob("restore-test.*")) == []
