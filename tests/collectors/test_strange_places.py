"""Runs in places that are not as they should be: other keys, no home, closed streams, a damaged memory."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from collectors.simulate.device import Device
from collectors.simulate.snmp import SimulatedAgent
from evidence.normalise.varbinds import decode

RECORDED = decode((files("collectors.demo") / "plant" / "weld-sw-01#snmp.txt").read_bytes())
COMMUNITY = "w3ld-0bserver-77"
NOBODY = 54321
"""A user id without an entry in /etc/passwd."""


@pytest.fixture
def agent(site: Any) -> Iterator[SimulatedAgent]:
    with SimulatedAgent({COMMUNITY: Device(RECORDED)}) as simulated:
        site.hosts = {
            "weld-工場": {
                "ansible_host": "127.0.0.1",
                "plantproof_snmp_community": COMMUNITY,
                "plantproof_snmp_port": simulated.port,
                "plantproof_safety": "it",
            }
        }
        yield simulated


def asked(agent: SimulatedAgent) -> int:
    counts = agent.counts(COMMUNITY)
    return counts.get + counts.getnext + counts.getbulk


def test_with_another_logs_keys_nothing_is_asked(site: Any, agent: SimulatedAgent, tmp_path: Path) -> None:
    assert site.collect().code == 0
    other = replace(site, folder=tmp_path / "other")
    other.folder.mkdir()
    assert other.collect().code == 0
    mine = site.folder / "store.keys"
    mine.rename(tmp_path / "kept")
    shutil.copytree(other.folder / "store.keys", mine)
    (mine / "root").unlink()
    before = asked(agent)
    ended = site.collect()
    assert (ended.code, asked(agent)) == (5, before)
    assert "made with other keys" in ended.err
    shutil.rmtree(mine)
    (tmp_path / "kept").rename(mine)
    (mine / "root").unlink()
    assert site.collect().code == 0
    assert site.verify("--key", str(mine / "root.pub")).code == 0


KINDS = ("devices", "plan", "heads", "anchor")


@pytest.mark.parametrize("kinds", [KINDS, *(pytest.param((kind,), marks=pytest.mark.exhaustive) for kind in KINDS)])
def test_a_damaged_memory_is_first_run_behaviour(site: Any, agent: SimulatedAgent, kinds: tuple[str, ...]) -> None:
    assert site.collect().code == 0
    for junk in (b"", b"{}", b"[" * 100_000, b"\xff" * 100):
        for kind in kinds:
            (site.store / "state" / f"{kind}.json").write_bytes(junk)
        assert site.collect().code == 0
    (site.store / "log" / "checkpoint").write_bytes(b"nonsense")
    shutil.rmtree(site.store / "state")
    assert site.collect().code == 0
    assert site.verify().code == 0


@pytest.mark.real
def test_a_user_without_a_home_can_collect(site: Any, agent: SimulatedAgent) -> None:
    site.write()
    environ = {name: value for name, value in site.environ().items() if name != "HOME"}
    words = ["unshare", "--user", f"--map-user={NOBODY}", *site.command("collect", "--pace", "none", "-v")]
    done = subprocess.run(words, cwd=site.folder, env=environ, capture_output=True, text=True, timeout=60, check=False)
    if "unshare" in done.stderr:
        pytest.skip(f"no user namespace here: {done.stderr.strip()[:100]}")
    assert done.returncode == 0, done.stderr


def test_more_forks_than_files_are_no_reason_to_call_a_device_unreachable(site: Any, agent: SimulatedAgent) -> None:
    (access,) = site.hosts.values()
    site.hosts = {f"sw-{number:03}": access for number in range(150)}
    site.write()
    words = ["sh", "-c", 'ulimit -n 64; exec "$@"', "sh", *site.command("collect", "--pace", "none", "-f", "1000")]
    done = subprocess.run(
        [*words, "-t", "config"], cwd=site.folder, env=site.environ(), capture_output=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_somebody_elses_lock_folder_is_no_bug(site: Any, agent: SimulatedAgent, tmp_path: Path) -> None:
    (tmp_path / "tmp" / f"plantproof-locks-{os.getuid()}").mkdir(parents=True, mode=0o777)
    (tmp_path / "tmp" / f"plantproof-locks-{os.getuid()}").chmod(0o777)
    site.write()
    ended = site.run("collect", environ={"TMPDIR": str(tmp_path / "tmp")})
    assert (ended.code, asked(agent)) == (1, 0)
    assert "only this user may write" in ended.err


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_are_no_bug(site: Any, agent: SimulatedAgent, closed: str) -> None:
    site.write()
    words = ["sh", "-c", f'exec "$@" {closed}', "sh", *site.command("collect", "--pace", "none", "-v")]
    done = subprocess.run(words, cwd=site.folder, env=site.environ(), capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert site.verify().code == 0


def test_a_locale_without_the_letters_is_no_bug(site: Any, agent: SimulatedAgent) -> None:
    site.write()
    ended = site.run("collect", "--pace", "none", "-v", environ={"PYTHONIOENCODING": "ascii", "LC_ALL": "C"})
    assert ended.code == 0
    assert "weld-" in ended.out
