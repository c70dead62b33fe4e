"""Recorded hosts from the inventory to findings: the real command line, each host a simulated one behind SSH."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

DATA = Path(__file__).parent / "data"
RECORDED = {"hist-1": ("rocky", "rhel#Rocky_9.4"), "hist-2": ("windows", "windows#OpenSSH_Server-2022")}
SCANNED = "1790590000"
"""When both say that they last looked for updates, seconds since 1970."""


@pytest.fixture
def hosts(site: Any, simulate: Callable[..., Any]) -> Any:
    """A site with both hosts, which looked for updates an hour ago."""
    known = ""
    for name, (network_os, stem) in RECORDED.items():
        recorded = yaml.safe_load((DATA / f"{stem}#transcript.yaml").read_text(encoding="utf-8"))["commands"]
        commands = {asked: text.replace(SCANNED, str(int(time.time()) - 3600)) for asked, text in recorded.items()}
        server = simulate(host=True, commands=commands)
        known += server.known_hosts
        site.hosts[name] = {
            "ansible_host": server.host,
            "ansible_port": server.port,
            "ansible_user": "sw",
            "ansible_password": "S1mulated-Pa55",
            "ansible_connection": "ssh",
            "ansible_network_os": network_os,
            "plantproof_safety": "it",
        }
    site.write()
    (site.folder / "known_hosts").write_text(known)
    return site


def test_missing_security_updates_of_both_become_a_contradiction_once_nothing_was_installed_for_long(
    hosts: Any,
) -> None:
    assert hosts.results() == {"hist-1": "collected", "hist-2": "collected"}
    told = json.loads(hosts.run("findings", "--format", "json").out)["findings"]
    patches = {one["asset"]: one for one in told if one["requirement"] == "PAT-01"}
    assert {name: one["status"] for name, one in patches.items()} == {"hist-1": "contradicts", "hist-2": "contradicts"}
    assert all("2 security updates missing; nothing was installed for" in one["reason"] for one in patches.values())
    facts = [json.loads(line) for line in hosts.run("facts", "--format", "jsonl").out.splitlines()]
    known = {(fact["asset"], fact["fact"], fact.get("row")): fact for fact in facts}
    assert known["hist-1", "mount.encrypted", "/"]["value"] == "yes"
    assert known["hist-2", "mount.encrypted", "D:"]["value"] == "no"
    assert hosts.verify().code == 0
