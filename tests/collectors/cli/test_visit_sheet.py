"""The visit sheet: what a run will do to each asset, before it does, for those who have to agree."""

import json
import re
import shutil
import struct
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

SECRETS = ("l0gin-Passw0rd", "en4ble-Passw0rd", "4uth-Passw0rd", "w3ld-0bserver")
HOSTILE = "ring<script>alert(1)</script>"


@pytest.fixture
def plant(site: Any) -> Any:
    """A site with every kind of way in; nothing answers there."""
    site.settings = {
        "owner": "acme <b>",
        "jobs": [{"name": "nightly", "at": "02:00 Europe/Berlin", "tags": ["identify"]}],
        "blackouts": [{"zone": "line-3", "window": "Sat-Sun 00:00-24:00 Europe/Berlin", "reason": "vendor <i>"}],
    }
    site.hosts = {
        "sw-01": {
            "ansible_host": "10.20.3.11",
            "ansible_network_os": "cisco.ios.ios",
            "ansible_user": "audit",
            "ansible_password": SECRETS[0],
            "ansible_become_password": SECRETS[1],
            "ansible_ssh_common_args": "-J hop@jump.example:2222",
            "plantproof_zone": "line-3",
        },
        HOSTILE: {
            "ansible_host": "10.20.3.40",
            "plantproof_snmp_version": "3",
            "plantproof_snmp_user": "audit",
            "plantproof_snmp_auth": "sha256",
            "plantproof_snmp_auth_key": SECRETS[2],
            "plantproof_powered": "Mon-Fri 06:00-22:00 Europe/Berlin",
        },
        "press-7": {
            "ansible_host": "10.20.3.77",
            "plantproof_safety": "fragile",
            "plantproof_snmp_community": SECRETS[3],
        },
        "scada": {
            "ansible_host": "10.20.3.9",
            "plantproof_platform": "ignition",
            "plantproof_http_url": "https://scada.example",
            "plantproof_http_token": SECRETS[3],
        },
    }
    site.write()
    return site


class Reader(HTMLParser):
    """Collects what a page holds."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.text += " "
        assert not any(name in ("src", "href") or name.startswith("on") for name, _ in attrs)

    def handle_data(self, data: str) -> None:
        self.text += data


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    return reader


def test_the_sheet_says_what_comes_to_each_asset_by_which_way_and_as_whom(plant: Any) -> None:
    ended = plant.run("collect", "--check", "--format", "html")
    assert (ended.code, ended.err) == (0, "")
    assert not plant.store.exists()
    page = read(ended.out)
    words = re.sub(r"\s+", " ", page.text)
    assert "3 assets will be read, 1 is not" in words
    assert "user audit with a password, and the enable password hop@jump.example:2222" in words
    assert "SNMPv3 user audit (sha256, no encryption), read-only" in words
    assert "scada.example TCP 443 http an API token" in words
    assert "on Mon-Fri 06:00-22:00 Europe/Berlin" in words
    assert "(vendor <i>)" in words
    assert "ssh show version" in page.text
    assert "press-7 10.20.3.77 (no zone at the site) excluded: fragile" in words
    assert "not read before" in words
    assert not any(secret in ended.out for secret in SECRETS)


def test_the_page_stands_alone_and_what_others_named_stays_text(plant: Any) -> None:
    page = read(plant.run("collect", "--check", "--format", "html").out)
    assert not page.tags & {"script", "link", "img", "iframe", "b", "i"}
    assert HOSTILE in page.text


def test_a_machine_is_told_the_same(plant: Any) -> None:
    told = json.loads(plant.run("collect", "--check", "--format", "json").out)
    assert told["schema"] == "urn:plantproof:collect:v1"
    rows = {row["asset"]: row for row in told["plan"]}
    (way,) = rows["sw-01"]["ways"]
    assert (way["protocol"], way["port"], way["through"]) == ("TCP", 22, "hop@jump.example:2222")
    assert rows["sw-01"]["expected"]["at_least"] is True
    assert rows["press-7"]["result"] == "excluded"
    assert told["jobs"][0]["job"] == "nightly"
    assert told["expected"]["requests"] == sum(row["expected"]["requests"] for row in rows.values())


def test_a_jump_that_cannot_be_made_is_said(plant: Any) -> None:
    plant.hosts["sw-01"]["ansible_ssh_common_args"] = "-o ProxyCommand=nc"
    plant.write()
    assert "ProxyCommand, which is not carried out" in plant.run("collect", "--check", "--format", "html").out


def test_a_password_in_the_name_of_a_jump_host_is_not_printed(plant: Any) -> None:
    plant.hosts["sw-01"]["ansible_ssh_common_args"] = f"-J admin:{SECRETS[0]}@jump.example"
    plant.write()
    ended = plant.run("collect", "--check", "--format", "html")
    assert ("not possible" in ended.out, SECRETS[0] in ended.said) == (True, False)


def test_the_page_is_of_the_check_alone(plant: Any) -> None:
    assert plant.run("collect", "--format", "html").code == 5


@pytest.mark.real
def test_what_a_visit_took_is_expected_of_the_next(site: Any, snmpd: Any) -> None:
    access = {"plantproof_snmp_community": snmpd.community, "plantproof_snmp_port": snmpd.port}
    site.hosts = {"agent": {"ansible_host": "127.0.0.1", **access}}
    ran = json.loads(site.collect("--format", "json", "--no-assess").out)
    assert ran["assets"][0]["captures"] > 0

    told = json.loads(site.run("collect", "--check", "--format", "json").out)
    expected = told["plan"][0]["expected"]
    assert expected["requests"] == ran["requests"]
    assert expected["bytes"] > 0
    assert expected["at_least"] is False
    assert expected["seconds"] >= round(ran["requests"] / 5, 1), "five requests a second, and no more"
    page = read(site.run("collect", "--check", "--format", "html").out)
    assert ", as recognised then" in page.text

    checkpoint = next((site.store / "log" / "checkpoints").iterdir())
    checkpoint.write_bytes(b"spoilt")
    spoilt = site.run("collect", "--check", "--format", "html")
    assert (spoilt.code, "warning: what earlier visits took is not known" in spoilt.err) == (0, True)


@pytest.mark.real
def test_a_browser_shows_it_without_asking_anybody(plant: Any, tmp_path: Path) -> None:
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("chromium is not installed: the visit sheet is not looked at in a browser")
    source, target = tmp_path / "visits.html", tmp_path / "visits.png"
    source.write_text(plant.run("collect", "--check", "--format", "html").out, encoding="utf-8")
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--window-size=1000,1200"]
    subprocess.run(
        [program, *options, f"--user-data-dir={tmp_path / 'profile'}", f"--screenshot={target}", source.as_uri()],
        capture_output=True,
        check=True,
        timeout=120,
    )
    data = target.read_bytes()
    width, height = struct.unpack(">II", data[16:24])
    assert data.startswith(b"\x89PNG")
    assert (width, height) > (900, 900)
    assert len(data) > 20_000, "there is something to see"
