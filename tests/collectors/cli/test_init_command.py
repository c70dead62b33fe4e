"""`plantproof init`: a site in an empty place, and never over anything."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from collectors.cli import starter
from collectors.cli.init import command
from collectors.cli.inventory import command as inventory
from collectors.cli.starter import SiteExistsError, StoreIsWeakError
from collectors.settings import load_settings
from collectors.settings_file import SettingsError, parse_site_file
from evidence.clock import parse_rfc3339
from evidence.log.chain import read_store_info
from evidence.log.keyring import load_keyring
from evidence.store.memory import MemoryStore
from evidence.store.open import open_store

AT = parse_rfc3339("2026-11-23T00:00:00Z")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("PLANTPROOF_CONFIG", "PLANTPROOF_INVENTORY", "ANSIBLE_INVENTORY", "ANSIBLE_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_a_new_site_has_settings_keys_a_store_and_an_example(here: Path) -> None:
    done = CliRunner().invoke(
        command, ["site", "--owner", 'プレス "工業"', "--domain", "msp.example"], catch_exceptions=False
    )
    assert done.exit_code == 0
    settings = load_settings(path=None, environ={}, home=here, cwd=here / "site")
    assert (settings.owner, settings.domain) == ('プレス "工業"', "msp.example")
    assert settings.keys == here / "site" / "plantproof-store.keys"
    info = read_store_info(open_store(settings.store))
    assert info.owner == settings.owner
    assert re.fullmatch(r"msp\.example/[a-z0-9-]+/[0-9a-f]{16}", info.origin)
    assert load_keyring(settings.keys)
    assert all(path.stat().st_mode & 0o77 == 0 for path in settings.keys.iterdir() if path.suffix != ".pub")
    assert "plantproof-store.keys/" in (here / "site" / ".gitignore").read_text()
    assert "cd site" in done.output


def test_the_example_is_read_as_it_is(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    CliRunner().invoke(command, [], catch_exceptions=False)
    done = CliRunner().invoke(inventory, [], catch_exceptions=False)
    assert done.exit_code == 0
    assert done.stderr == ""
    assert re.search(r"this-machine .* linux +local", done.stdout)


def test_what_the_comments_offer_can_be_uncommented(here: Path) -> None:
    CliRunner().invoke(command, [], catch_exceptions=False)
    text = (here / "plantproof.yml").read_text()
    uncommented = re.sub(r"^# ((?:[a-z_]+:| +[a-z-]).*)$", r"\1", text, flags=re.MULTILINE)
    site = parse_site_file(uncommented.encode(), "plantproof.yml")
    assert len(site.blackouts) == 2
    assert site.pace.it.device_per_s == 50


@pytest.mark.parametrize("name", ["plantproof.yml", "plantproof-store", "plantproof-store.keys"])
def test_nothing_is_written_over(here: Path, name: str) -> None:
    (here / name).mkdir()
    with pytest.raises(SiteExistsError, match=name) as caught:
        starter.make_site(here, owner="o", domain="d.example", at=AT)
    assert caught.value.exit_code == 5
    assert [path.name for path in here.iterdir()] == [name]


def test_an_ignore_file_that_is_there_stays(here: Path) -> None:
    (here / ".gitignore").write_text("mine\n")
    told = list(starter.make_site(here, owner="o", domain="d.example", at=AT))
    assert (here / ".gitignore").read_text() == "mine\n"
    assert any("next" in line for line in told)


@pytest.mark.parametrize(("owner", "domain"), [("", "d.example"), ("o", "no dots"), ("a\nb", "d.example")])
def test_a_name_that_no_log_can_bear_makes_nothing(here: Path, owner: str, domain: str) -> None:
    with pytest.raises(SettingsError):
        starter.make_site(here, owner=owner, domain=domain, at=AT)
    assert list(here.iterdir()) == []


def test_a_place_that_replaces_what_it_keeps_is_refused() -> None:
    class Forgetful(MemoryStore):
        def put(self, key: str, data: bytes) -> None:
            """Take anything."""

    with pytest.raises(StoreIsWeakError, match="refuse another value"):
        starter.probe(Forgetful(), Path("store"))


def test_editors_get_the_schema(here: Path) -> None:
    done = CliRunner().invoke(command, ["--schema"], catch_exceptions=False)
    assert "blackouts" in json.loads(done.stdout)["properties"]
    assert list(here.iterdir()) == []
