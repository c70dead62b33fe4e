"""Telnet through the real command line, on the terminal of FRR's zebra: only where an exception accepts it."""

import json
from typing import Any

import pytest

VTY_PASSWORD = "t3lnet-vty-Pw"
"""Of the terminal of `zebra_vty`."""

pytestmark = pytest.mark.real


def by_telnet(port: int, **more: Any) -> dict[str, Any]:
    return {
        "ansible_host": "127.0.0.1",
        "ansible_port": port,
        "ansible_user": "",
        "ansible_password": VTY_PASSWORD,
        "ansible_become_password": VTY_PASSWORD,
        "ansible_network_os": "frr.frr.frr",
        "ansible_connection": "telnet",
        "plantproof_safety": "it",
        **more,
    }


def accept(site: Any, *assets: str, expires: str = "2031-01-01") -> None:
    said = ["exception", "add", "--requirement", "CFG-05", "--row", "telnet", "--expires", expires]
    said += ["--reason-class", "too-old", "--reason", "it knows nothing else", "--owner", "Plant", "--approver", "Head"]
    said += ["--approved", "2026-01-01", "--compensating", "INV-01"]
    ended = site.run(*said, *(word for asset in assets for word in ("--asset", asset)))
    assert ended.code == 0, ended.said


def findings(site: Any) -> list[dict[str, Any]]:
    told = site.run("findings", "--format", "json", "--requirement", "CFG-05").out
    return [row for row in json.loads(told)["findings"] if row["asset"] == "edge-01"]


def test_telnet_is_refused_until_an_exception_names_the_asset_and_then_is_a_finding(site: Any, zebra_vty: int) -> None:
    site.hosts = {"edge-01": by_telnet(zebra_vty), "edge-02": by_telnet(zebra_vty)}
    ended = site.collect("-v")
    assert ended.code == 2
    assert ended.out.count("telnet: it would send the password, and every answer, in the clear") == 2
    accept(site, "edge-01")
    accept(site)
    planned = site.run("collect", "--check").out
    assert "telnet show running-config" in planned
    assert planned.count("telnet: it would send") == 1
    site.judging = True
    assert site.results() == {"edge-01": "collected", "edge-02": "refused"}
    assert "hostname edge-01" in site.run("config", "edge-01").out
    (row,) = site.run("facts", "--format", "jsonl", "--fact", "firmware.version").out.splitlines()
    assert json.loads(row)["from"] == "telnet show version"
    (found,) = findings(site)
    assert (found["status"], found["row"]) == ("contradicts", "telnet")
    assert "in the clear" in found["reason"]
    assert site.verify().code == 0
    for path in site.store.rglob("*"):
        assert path.is_dir() or VTY_PASSWORD.encode() not in path.read_bytes()
    assert VTY_PASSWORD not in "".join(site.said)


def test_an_exception_that_has_expired_opens_nothing(site: Any, zebra_vty: int) -> None:
    site.hosts = {"edge-01": by_telnet(zebra_vty)}
    site.collect()
    accept(site, "edge-01", expires="2026-01-02")
    assert site.results() == {"edge-01": "refused"}


def test_a_wrong_password_is_tried_once(site: Any, zebra_vty: int) -> None:
    site.hosts = {"edge-01": by_telnet(zebra_vty, ansible_password="Wr0ng-vty-Pw")}
    site.collect()
    accept(site, "edge-01")
    ended = site.collect("-v")
    assert ended.code == 2
    assert "auth-failed" in ended.out
    assert "edge-01: the password was refused" in ended.out
    assert "1 requests;" in ended.out
