"""`plantproof erase` on a directory store: said, sealed, removed, and told by every command that reads."""

import json
import subprocess
from collections.abc import Callable
from importlib.resources import files
from typing import Any

import pytest

from collectors.simulate.device import Device
from collectors.simulate.snmp import SimulatedAgent
from evidence.normalise.varbinds import decode

RECORDED = decode((files("collectors.demo") / "plant" / "weld-sw-01#snmp.txt").read_bytes())
WHY = ("--reason", "GDPR Art. 17: a leaver asked", "--by", "B. Owner")


@pytest.fixture
def plant(site: Any) -> Any:
    """A site that has read this machine once."""
    site.hosts = {"desk": {"ansible_connection": "local", "plantproof_safety": "it"}}
    site.settings = {"keys": "keys"}
    site.judging = True
    ended = site.collect()
    assert ended.code == 0, ended.said
    return site


def blobs(site: Any) -> set[str]:
    return {path.name for path in (site.store / "blobs").rglob("*") if path.is_file()}


def test_an_asset_is_erased_and_every_command_says_so(plant: Any) -> None:
    assert "os.kernel" in plant.run("facts", "--store", "store").out
    before = blobs(plant)
    check = plant.run("erase", "--asset", "desk", *WHY, "--check", "--format", "json")
    assert check.code == 0, check.said
    told = json.loads(check.out)
    assert (told["schema"], told["check"], told["assets"], told["objects"]) == ("plantproof.erase/1", True, ["desk"], 0)
    assert blobs(plant) == before
    done = plant.run("erase", "--asset", "desk", *WHY)
    assert done.code == 0, done.said
    assert "signed   sha256:" in done.err
    assert f"removed  {len(told['artefacts'])} objects" in done.out
    assert "stays    bundles that were handed out" in done.out
    assert before - blobs(plant) == {one.removeprefix("sha256:") for one in told["artefacts"]}
    again = plant.run("erase", "--asset", "desk", *WHY)
    assert (again.code, "removed  0 objects" in again.out, "signed" in again.err) == (0, True, False)

    verified = plant.run("verify", "--store", "store", "--key", "keys/root.pub")
    assert verified.code == 0, verified.said
    assert "GDPR Art. 17" in verified.out
    assert "not-assessed" in plant.run("findings", "--store", "store", "--format", "json").out
    assert "erased on" in plant.run("findings", "--store", "store", "--format", "json").out
    assert "erased on" in plant.run("history", "desk", "--store", "store").out
    known = plant.run("facts", "--store", "store")
    assert "os.kernel" not in known.out
    assert "its answer to" in known.err
    assert "was erased on" in known.err
    for words in (
        ("report", "--store", "store", "--output", "r.html"),
        ("report", "--store", "store", "--audience", "owner", "--output", "o.html"),
        ("assess",),
        ("export", "--period", "2020-01-01..2040-01-01", "--output", "b.zip"),
        ("verify", "b.zip", "--key", "keys/root.pub"),
    ):
        ended = plant.run(*words)
        assert ended.code == 0, (words, ended.said)
    assert "erased on" in (plant.folder / "r.html").read_text()
    assert "GDPR Art. 17" in ended.out

    assert plant.collect().code == 0
    assert "os.kernel" in plant.run("facts", "--store", "store").out
    assert plant.run("verify", "--store", "store", "--key", "keys/root.pub").code == 0


def test_what_is_wrong_is_refused_and_what_is_not_sealed_removes_nothing(plant: Any) -> None:
    before = blobs(plant)
    plan = next((plant.store / "statements" / "plan").iterdir()).name.partition(".")[0]
    for words, why in (
        ((), "name what goes"),
        (("--asset", "nobody"), "no such answer"),
        (("--digest", f"sha256:{plan}"), "no statement of the log names it"),
    ):
        ended = plant.run("erase", *words, *WHY)
        assert ended.code != 0
        assert why in ended.said
    assert plant.run("erase", "--asset", "desk", "--by", "B").code == 5
    assert blobs(plant) == before
    assert not (plant.store / "statements" / "erasure").exists()

    held = ("--asset", "desk", "--by", "B. Owner")
    assert plant.run("retain", "hold", *held, "--reason", "case 7").code == 0
    refused = plant.run("erase", "--asset", "desk", *WHY)
    assert (refused.code, "desk: legal hold" in refused.err) == (1, True)
    ident = plant.run("retain", "ls").out.splitlines()[1].split()[0]
    assert plant.run("retain", "release", "nothing", "--reason", "x").code == 5
    assert plant.run("retain", "release", ident, "--reason", "closed").code == 0
    assert blobs(plant) == before

    assert "`keep` in the site file" in plant.run("retain", "prune", "--by", "B").err
    plant.settings["keep"] = {"technical_days": 1}
    plant.write()
    kept = plant.run("retain", "prune", "--by", "B")
    assert (kept.code, "nothing is past its period" in kept.err, blobs(plant) == before) == (0, True, True)

    # A statement that is not sealed removes nothing until it is.
    left = plant.run("erase", "--asset", "desk", *WHY, "--no-seal")
    assert (left.code, "nothing is removed before" in left.err) == (0, True)
    assert blobs(plant) == before
    assert plant.run("seal").code == 0
    done = plant.run("erase", "--asset", "desk", *WHY)
    assert "signed" not in done.err
    assert blobs(plant) < before


@pytest.mark.real
def test_what_is_past_its_period_and_needed_by_nobody_goes(
    site: Any, another_time: Callable[[str], dict[str, str]]
) -> None:
    site.settings = {"keys": "keys", "keep": {"technical_days": 2}}
    with SimulatedAgent({"c0": Device(RECORDED)}) as agent:
        reached = {"plantproof_snmp_community": "c0", "plantproof_snmp_port": agent.port, "plantproof_safety": "it"}
        site.hosts = {"old": {"ansible_host": "127.0.0.1", **reached}}
        assert site.collect().code == 0
    of_old = blobs(site)
    site.hosts = {"desk": {"ansible_connection": "local", "plantproof_safety": "it"}}
    assert site.collect().code == 0
    before = blobs(site)

    def prune(shift: str, *more: str) -> str:
        words = site.command("retain", "prune", "--by", "B. Owner", *more)
        environ = site.environ() | another_time(shift)
        done = subprocess.run(
            words, cwd=site.folder, env=environ, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
        return str(done.stdout + done.stderr)

    assert "nothing is past its period" in prune("+1d")
    told = json.loads(prune("+3d", "--check", "--format", "json"))
    assert told["assets"] == ["old"]
    assert told["artefacts"]
    assert blobs(site) == before
    assert "removed" in prune("+3d")
    gone = before - blobs(site)
    assert gone == {one.removeprefix("sha256:") for one in told["artefacts"]}
    assert gone <= of_old
    assert "nothing is past its period" in prune("+3d")
    verified = site.verify("--key", "keys/root.pub")
    assert verified.code == 0, verified.said
    assert "past its retention: technical 2 days" in verified.out
    assert "os.kernel" in site.run("facts", "--store", "store").out
