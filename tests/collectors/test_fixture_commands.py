"""Recording devices, serving recordings, and trying platforms on them: there and back again."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from collectors.replaying import Replayed, replaying
from evidence.normalise.recordings import Recording, recordings
from evidence.platforms.load import load_platforms

DATA = Path(__file__).parents[1] / "data"
KNOWN = load_platforms()
STEMS = ("cisco_ios#WS-C2960X-24TS-L_15.2(7)E4", "debian#12_12.8", "moxa#EDS-510E_V5.3", "linux#net-snmp_5.9.3")


@pytest.fixture(scope="module")
def served() -> Iterator[Replayed]:
    with replaying([Recording(DATA, stem) for stem in STEMS], KNOWN, secret="r3play-word") as replayed:
        yield replayed


@pytest.fixture
def replayed_site(site: Any, served: Replayed) -> Any:
    """A site whose inventory are the recordings."""
    site.hosts = {name: dict(variables) for name, variables in served.hosts.items()}
    site.write()
    (site.folder / "known_hosts").write_text(served.known_hosts)
    return site


def expected(stem: str) -> dict[str, str]:
    found: dict[str, str] = json.loads((DATA / f"{stem}#facts.json").read_text())["facts"]
    return found


def test_recordings_are_read_as_the_devices_were(replayed_site: Any) -> None:
    ended = replayed_site.run("collect", "--pace", "none", "--no-assess")
    assert ended.code == 0, ended.err
    told = [json.loads(line) for line in replayed_site.run("facts", "--format", "jsonl").out.splitlines()]
    for number, stem in enumerate(STEMS, 1):
        facts = {one["fact"]: one["value"] for one in told if one["asset"] == f"replayed-{number}" and "row" not in one}
        for name, value in expected(stem).items():
            if name not in ("system.uptime", "config.sha256"):
                assert facts.get(name) == value, (stem, name)


def record(site: Any, *words: str) -> Any:
    return site.run("fixture", "record", *words, "--pace", "none")


def test_what_is_recorded_of_a_recording_passes_as_the_recording_does(replayed_site: Any) -> None:
    for number in (1, 2, 3):
        ended = record(replayed_site, f"replayed-{number}", "--source", "a test")
        assert ended.code == 0, ended.err
    made = recordings(replayed_site.folder / "fixtures")
    assert [one.platform for one in made] == ["cisco_ios", "debian", "moxa"]
    for one in made:
        assert one.expected["source"] == "a test"
        assert not one.expected["synthetic"]
        ended = replayed_site.run("platforms", "test", one.platform)
        assert (ended.code, ended.out.splitlines()[0]) == (0, f"passed  {one.stem}"), ended.said
    ios = made[0]
    text = "".join(path.read_text() for path in ios.folder.iterdir() if path.name.startswith("cisco_ios"))
    secrets = yaml.safe_load((DATA / f"{STEMS[0]}#secrets.yaml").read_text())
    for secret in secrets["gone"]:
        assert secret not in text or secret == "public", "the second generation holds none of the first's secrets"
    assert len(yaml.safe_load(ios.path("secrets.yaml").read_text())["gone"]) > 3


def test_a_platform_that_reads_something_else_fails_and_says_what(replayed_site: Any) -> None:
    folder = replayed_site.folder / "own"
    folder.mkdir()
    for path in DATA.glob("moxa#*"):
        shutil.copy(path, folder)
    moxa = Path("moxa.yaml")
    text = (Path(__file__).parents[2] / "evidence" / "platforms" / moxa).read_text()
    (replayed_site.folder / moxa).write_text(text.replace("title: ", "title: Our own ", 1))
    whole = replayed_site.run("platforms", "test", "moxa.yaml", "--fixtures", "own")
    assert whole.code == 0, whole.said
    stem = STEMS[2]
    facts = json.loads((folder / f"{stem}#facts.json").read_text())
    facts["facts"]["firmware.version"] = "V0.0"
    (folder / f"{stem}#facts.json").write_text(json.dumps(facts))
    (folder / f"{stem}#secrets.yaml").write_text("gone: [Hall, nowhere]\nremain: [never-said]\n")
    failed = replayed_site.run("platforms", "test", "moxa", "--fixtures", "own")
    assert failed.code == 1
    assert f"FAILED  {stem}" in failed.out
    for words in ("firmware.version: expected 'V0.0', found ", "'nowhere': it is not in", "'never-said': expected to"):
        assert words in failed.out
    (folder / f"{stem}#secrets.yaml").unlink()
    assert replayed_site.run("platforms", "test", "moxa", "--fixtures", "own", "--write").code == 0
    assert json.loads((folder / f"{stem}#facts.json").read_text())["facts"]["firmware.version"] != "V0.0"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("nobody",), "expected 'nobody' to select a host"),
        (("all",), "expected one asset of the inventory, found replayed-1, replayed-2"),
        (("replayed-3", "--walk", "enterprises"), "expected an OID like"),
        (("replayed-3", "--replace", "x"), "expected OLD=NEW"),
        (("replayed-3", "--as", "Acme Press"), "expected a platform's name"),
        (("replayed-3", "-t", "everything"), "no such tag"),
        (("replayed-3", "-e", "plantproof_snmp_community=wrong-word"), "nothing was heard: "),
    ],
)
def test_what_cannot_be_recorded_says_why(replayed_site: Any, words: tuple[str, ...], message: str) -> None:
    ended = record(replayed_site, *words)
    assert ended.code == 5, ended.said
    assert message in ended.err
    assert not (replayed_site.folder / "fixtures").exists()


def test_a_held_zone_is_not_recorded(replayed_site: Any) -> None:
    assert replayed_site.run("collect", "--pace", "none", "-l", "replayed-3", "-t", "identify").code == 0
    assert replayed_site.run("hold", "all", "--until", "2099-01-01T00:00:00Z", "--reason", "stocktaking").code == 0
    ended = record(replayed_site, "replayed-3")
    assert ended.code == 5
    assert "on hold" in ended.err


def test_a_folder_without_recordings_is_not_served(site: Any) -> None:
    site.write()
    (site.folder / "empty").mkdir()
    ended = site.run("fixture", "replay", "empty")
    assert (ended.code, "found none" in ended.err) == (5, True)
    tried = site.run("platforms", "test", "moxa", "--fixtures", "empty")
    assert (tried.code, "fixture record ASSET --as moxa" in tried.err) == (5, True)
    assert site.run("platforms", "test", "nobody", "--fixtures", "empty").code == 5


def test_what_platforms_can_give_is_listed_and_the_auditors_program_tries_none(site: Any) -> None:
    listed = site.run("platforms", "ls", program="evidence").out
    assert [line.split()[:1] for line in listed.splitlines()][:2] == [["PLATFORM"], ["a10_acos"]]
    (ios,) = (line for line in listed.splitlines() if line.startswith("cisco_ios "))
    assert "snmp: version, model, serial, tables; ssh: version, model, serial, config, tables" in ios
    rows = json.loads(site.run("platforms", "ls", "--format", "json").out)["platforms"]
    tested = {row["name"]: row["tested"] for row in rows}
    assert set(tested.values()) == {"yes", "partly", "no"}
    unknown = next(row for row in rows if row["tested"] == "no")
    assert any(way["untested"] for way in unknown["gives"])
    assert site.run("platforms", "test", "moxa", program="evidence").code == 5
