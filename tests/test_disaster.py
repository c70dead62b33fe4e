"""The runbook for disasters, carried out as it is written."""

import re
import shlex
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from evidence.log.history import History
from evidence.store.open import open_store

pytestmark = pytest.mark.real

RUNBOOK = (Path(__file__).parents[1] / "docs" / "disaster.md").read_text(encoding="utf-8")
PROGRAMS = {"plantproof": "collectors", "plantproof-verify": "evidence"}
_ENDS = re.compile(r"  # ends with (\d+)$")


@pytest.fixture
def plant(site: Any, faults: dict[str, ModuleType]) -> Iterator[Any]:
    """A site with a switch, that has been read once, and of which was kept what the runbook says is to be kept."""
    ssh = faults["ssh"]
    with ssh.SimulatedCli([ssh.HEALTHY]) as cli:
        site.hosts = {"core": ssh.at(cli.port) | {"ansible_user": "healthy", "plantproof_safety": "it"}}
        site.settings = {"jobs": [{"name": "nightly", "at": "02:00 Europe/Berlin"}]}
        site.write()
        (site.folder / "known_hosts").write_text(cli.known_hosts)
        assert site.run("collect", "--no-assess").code == 0
        follow(site, "Before anything happens")
        yield site


def commands(title: str) -> list[str]:
    """Return the commands of a section, as they are written."""
    _, found, rest = RUNBOOK.partition(f"# {title}\n")
    assert found, title
    section = re.split(r"^#+ ", rest, maxsplit=1, flags=re.M)[0]
    return [line for block in re.findall(r"```sh\n(.*?)```", section, re.S) for line in block.splitlines()]


def follow(site: Any, title: str) -> str:
    """Carry out a section's commands in the site's folder; return what they said. Each ends as it says there."""
    said = ""
    for line in commands(title):
        code = int(found[1]) if (found := _ENDS.search(line)) else 0
        line = _ENDS.sub("", line)
        program = PROGRAMS.get(line.partition(" ")[0])
        if program is None:
            subprocess.run(["sh", "-ec", line], cwd=site.folder, check=True)
            continue
        line, _, rest = line.partition(" | ")
        kept = re.sub(r'"\$\(cat (\S+)\)"', lambda file: shlex.quote((site.folder / file[1]).read_text().strip()), line)
        ended = site.run(*shlex.split(kept)[1:], program=program)
        assert ended.code == code, (line, ended.said)
        said += ended.said
        if rest:
            subprocess.run(["sh", "-ec", rest], cwd=site.folder, input=ended.out, text=True, check=True)
    return said


def origin(site: Any) -> str:
    return History.read(open_store(str(site.store))).origin


def test_lost_keys_come_back_from_the_copy(plant: Any) -> None:
    before = origin(plant)
    shutil.rmtree(plant.folder / "store.keys")
    said = follow(plant, "The keys of the log are lost")
    assert "its keys are not at" in said
    assert origin(plant) == before


def test_without_a_copy_of_the_keys_a_new_log_begins_and_the_old_one_verifies(plant: Any) -> None:
    before = origin(plant)
    shutil.rmtree(plant.folder / "store.keys")
    follow(plant, "… and there is no copy")
    assert origin(plant) != before
    assert (plant.folder / "kept" / "last-pin").read_text().startswith(before)


def test_a_lost_redaction_key_comes_back_from_the_copy(plant: Any) -> None:
    (plant.folder / "store.keys" / "redaction-k1.key").unlink()
    said = follow(plant, "The redaction key is lost")
    assert "no redaction key" in said


def test_without_a_copy_of_the_redaction_key_another_one_goes_on(plant: Any) -> None:
    (plant.folder / "store.keys" / "redaction-k1.key").unlink()
    follow(plant, "… and there is no copy of it")
    ((_, first), (_, last)) = History.read(open_store(str(plant.store))).parts()
    assert (first.redaction["key"], last.redaction["key"]) == ("k1", "k2")
    assert plant.run("diff", "core").out == ""


def test_a_store_from_an_old_backup_is_known_by_the_pin_and_not_gone_on_with(plant: Any) -> None:
    shutil.copytree(plant.store, plant.folder / "backup")
    assert plant.run("collect").code == 0
    follow(plant, "Before anything happens")
    before = origin(plant)
    shutil.rmtree(plant.store)
    (plant.folder / "backup").rename(plant.store)
    said = follow(plant, "The store was restored from an old backup")
    assert "FAILED at step 5 pins" in said
    assert origin(plant) != before


def test_whoever_goes_on_with_an_old_backup_is_convicted_by_the_pin(plant: Any) -> None:
    shutil.copytree(plant.store, plant.folder / "backup")
    assert plant.run("collect").code == 0
    follow(plant, "Before anything happens")
    shutil.rmtree(plant.store)
    (plant.folder / "backup").rename(plant.store)
    for _ in range(2):
        assert plant.run("collect").code == 0
    pin = (plant.folder / "kept" / "pin").read_text().strip()
    assert plant.run("verify", "--pin", pin).code == 16


def test_a_clock_ten_years_ahead(plant: Any, another_time: Callable[[str], dict[str, str]]) -> None:
    at_another_time(plant, another_time("+10y"))
    said = follow(plant, "The clock was years off")
    assert "the newest evidence says it is of 20" in said
    assert "clock-suspect" in said


def test_a_clock_ten_years_behind_changes_nothing(plant: Any, another_time: Callable[[str], dict[str, str]]) -> None:
    at_another_time(plant, another_time("-10y"))
    assert plant.run("collect").code == 0
    verified = plant.verify()
    assert verified.code == 0
    assert "3 parts" in verified.out


def at_another_time(site: Any, environ: dict[str, str]) -> None:
    """Collect with a clock that is wrong."""
    done = subprocess.run(
        site.command("collect", "--pace", "none"),  # whose sleep libfaketime does not carry
        cwd=site.folder,
        env=site.environ() | environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
