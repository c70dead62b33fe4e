"""A new redaction key in the keys folder: for a cycle both tags, nothing called changed that did not change."""

import os
from collections.abc import Iterator
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from collectors.simulate.ssh import SimulatedCli, read_devices

WEEK_AND_MORE_S = 9 * 86_400


@pytest.fixture
def cli(site: Any) -> Iterator[SimulatedCli]:
    (core,) = read_devices(Path(str(files("collectors.demo") / "plant" / "core-sw-01.yaml")))
    with SimulatedCli([replace(core, password="Op3rator-77")]) as simulated:
        site.hosts = {
            "core-sw-01": {
                "ansible_host": "127.0.0.1",
                "ansible_port": simulated.port,
                "ansible_user": "core-sw-01",
                "ansible_password": "Op3rator-77",
                "ansible_network_os": "cisco.ios.ios",
                "plantproof_safety": "it",
            }
        }
        site.write()
        (site.folder / "known_hosts").write_text(simulated.known_hosts)
        yield simulated


def keys_in(site: Any) -> set[str]:
    shown = site.run("config", "core-sw-01", "--store", str(site.store)).out
    return {name for name in ("k1", "k2") if f":{name}:" in shown}


def test_both_tags_for_a_cycle_then_the_new_ones_alone(site: Any, cli: SimulatedCli) -> None:
    assert site.collect().code == 0
    assert keys_in(site) == {"k1"}
    fresh = site.folder / "store.keys" / "redaction-k2.key"
    fresh.write_text("ab" * 32 + "\n")
    fresh.chmod(0o600)
    assert site.collect().code == 0
    assert keys_in(site) == {"k1", "k2"}
    assert site.run("diff", "core-sw-01", "--store", str(site.store)).out == ""
    older = fresh.stat().st_mtime - WEEK_AND_MORE_S
    os.utime(fresh, (older, older))
    assert site.collect().code == 0
    assert keys_in(site) == {"k2"}
    assert site.run("diff", "core-sw-01", "--store", str(site.store)).out == ""
    rows = site.run("history", "core-sw-01", "--secrets", "--store", str(site.store)).out
    assert "unknown" not in rows
    assert "k1:" not in rows, "each is told by its newest tag"
    assert site.verify().code == 0
