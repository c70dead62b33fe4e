"""playbooks/collect.yml and seal.yml under real ansible-core and ansible-runner, as AWX would start them."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import ansible_runner
import pytest

from evidence.log.history import History
from evidence.store.directory import DirectoryStore

pytestmark = [pytest.mark.real, pytest.mark.slow]

PLAYBOOKS = Path(__file__).parents[1] / "playbooks"
NAMES = tuple(f"press-{number}" for number in range(1, 8))
QUIET = {"ANSIBLE_NOCOLOR": "1", "ANSIBLE_DEPRECATION_WARNINGS": "False", "ANSIBLE_LOCALHOST_WARNING": "False"}
PATH = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}


@pytest.fixture
def press_shop(site: Any) -> Any:
    """A site with a job and seven assets that are never asked; one of them is of a connection nobody installed."""
    site.hosts = {name: {"ansible_host": "127.0.0.1", "plantproof_safety": "fragile"} for name in NAMES}
    site.hosts["press-1"] |= {
        "ansible_connection": "ansible.netcommon.network_cli",
        "ansible_network_os": "cisco.ios.ios",
    }
    site.settings = {"jobs": [{"name": "nightly", "at": "02:00 Europe/Berlin", "grace": "1d"}]}
    site.write()
    return site


def share(site: Any, number: int, count: int) -> Path:
    """Write the inventory of one slice as AWX cuts it: a script that prints every count-th host and its variables."""
    hosts = {name: site.hosts[name] for name in sorted(site.hosts)[number - 1 :: count]}
    listed = {"all": {"hosts": sorted(hosts)}, "_meta": {"hostvars": hosts}}
    folder = site.folder / f"slice-{number}"
    folder.mkdir()
    (folder / "hosts").write_text(f"#!{sys.executable}\nprint({json.dumps(json.dumps(listed))})\n")
    (folder / "hosts").chmod(0o755)
    return folder / "hosts"


def variables(site: Any, **more: object) -> dict[str, object]:
    program = [sys.executable, "-m", "collectors"]
    return {"evidence_command": program, "evidence_folder": str(site.folder), "evidence_slot": "nightly", **more}


def job(site: Any, playbook: str, inventory: Path, **more: object) -> Any:
    """Run a playbook as an AWX job: ansible_runner over a private data directory of its own."""
    place = site.folder / f"job-{more.get('awx_job_id', 'seal')}"
    place.mkdir(exist_ok=True)
    return ansible_runner.run(
        private_data_dir=str(place),
        playbook=str(PLAYBOOKS / playbook),
        inventory=str(inventory),
        extravars=variables(site, **more),
        envvars={**site.environ(), **QUIET, **PATH},
        quiet=True,
        timeout=120,
    )


def text(ended: Any) -> str:
    with ended.stdout as stream:
        return str(stream.read())


def test_slices_are_sealed_as_one_run_and_a_missing_one_is_named(press_shop: Any) -> None:
    shares = [share(press_shop, number, 3) for number in (1, 2, 3)]

    def collect(number: int) -> str:
        ids = {"awx_job_id": 100 + number, "awx_workflow_job_id": 99, "evidence_slices": 3}
        return str(job(press_shop, "collect.yml", shares[number - 1], **ids).status)

    with ThreadPoolExecutor(2) as jobs:
        assert list(jobs.map(collect, (1, 3))) == ["successful", "successful"]
    sealed = job(press_shop, "seal.yml", press_shop.folder / "hosts.yml")
    assert sealed.status == "failed"
    said = text(sealed)
    assert "absent parts: 1 of 3" in said
    assert "no outcome of press-2, press-5" in said

    assert collect(2) == "successful"
    whole = job(press_shop, "seal.yml", press_shop.folder / "hosts.yml")
    assert whole.status == "successful"
    assert "whole: parts awx-101/3, awx-102/3, awx-103/3; 7 assets" in text(whole)
    parts = [part for _, part in History.read(DirectoryStore(press_shop.store)).parts()]
    assert {(part.label, part.run_by["awx_job_id"]) for part in parts} == {
        (f"awx-{number}/3", str(number)) for number in (101, 102, 103)
    }
    assert {part.run_by["awx_workflow_job_id"] for part in parts} == {"99"}
    verified = press_shop.verify()
    assert verified.code == 0
    assert " 9  completeness  passed" in verified.out.splitlines()
    assert "outcomes: 7 expected, 7 present" in verified.out


def play(site: Any, playbook: str, *words: str, said: Mapping[str, object]) -> subprocess.CompletedProcess[str]:
    command: Sequence[str] = ["ansible-playbook", "-i", "hosts.yml", *words, "-e", json.dumps(variables(site, **said))]
    return subprocess.run(
        [*command, str(PLAYBOOKS / playbook)],
        cwd=site.folder,
        env={**site.environ(), **QUIET, **PATH},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_ansible_playbook_runs_them_from_a_shell(press_shop: Any) -> None:
    checked = play(press_shop, "collect.yml", "--check", said={})
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert not press_shop.store.exists()
    part = play(press_shop, "collect.yml", said={"evidence_part": "1/2"})
    assert part.returncode == 0, part.stdout + part.stderr
    sealed = play(press_shop, "seal.yml", said={})
    assert sealed.returncode == 2, sealed.stdout + sealed.stderr
    assert "absent parts: 2/2" in sealed.stdout
    assert "no outcome of press-2, press-4, press-6" in sealed.stdout
