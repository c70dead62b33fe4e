"""`plantproof doctor -i … -l …` at real doors: what is wrong there, and what to do about it."""

import json
from typing import Any

import pytest

pytestmark = pytest.mark.real

NOBODY = "no-such-name.invalid"
"""A name that never resolves (RFC 6761 §6.4)."""


def doctor(site: Any, *words: str) -> dict[str, dict[str, str]]:
    site.write()
    (site.folder / "hosts.yml").chmod(0o600)
    ended = site.run("doctor", "-i", "hosts.yml", "--format", "json", *words)
    return {row["what"]: row for row in json.loads(ended.out)["findings"]}


def test_doctor_says_what_is_wrong_at_each_door_and_what_to_do(site: Any, snmpd: Any, sshd: Any) -> None:
    server = sshd(kinds=("ed25519",))
    snmp = {"ansible_host": "127.0.0.1", "plantproof_snmp_port": snmpd.port}
    ssh = {"ansible_host": "127.0.0.1", "ansible_port": server.port, "ansible_user": "audit", "ansible_password": "pw"}
    site.hosts = {
        "right": {**snmp, "plantproof_snmp_community": snmpd.community},
        "wrong": {**snmp, "plantproof_snmp_community": "wr0ng-one"},
        "switch": ssh,
        "behind": {**ssh, "ansible_host": "10.9.9.9", "ansible_ssh_common_args": f"-J hop@127.0.0.1:{server.port}"},
        "lost": {"ansible_host": NOBODY, "plantproof_snmp_community": "wr0ng-one"},
        "press-7": {**snmp, "plantproof_snmp_community": snmpd.community, "plantproof_safety": "fragile"},
        "elsewhere": {"ansible_host": "192.0.2.7", "plantproof_snmp_community": "wr0ng-one"},
    }
    told = doctor(site, "-l", "all:!elsewhere")
    assert told["right snmp port"]["health"] == "well"
    assert "permitted managers" in told["wrong snmp community"]["advice"]
    assert "out of band" in told["switch ssh host key"]["advice"]
    assert "behind 127.0.0.1" in told["behind ssh"]["said"]
    assert "ansible_host" in told["lost snmp DNS"]["advice"]
    assert "fragile assets are never asked" in told["press-7"]["said"]
    assert not [what for what in told if "elsewhere" in what]
    assert not any("wr0ng-one" in text for text in site.said)
    assert not [line for line in server.lines if "Failed" in line or "Accepted" in line]


def test_a_hold_keeps_doctor_away_too(site: Any, snmpd: Any) -> None:
    access = {"plantproof_snmp_port": snmpd.port, "plantproof_snmp_community": snmpd.community}
    site.hosts = {"sw": {"ansible_host": "127.0.0.1", "plantproof_zone": "weld", **access}}
    (site.store / "state" / "hold").mkdir(parents=True)
    (site.store / "state" / "hold" / "weld").touch()
    assert "on hold" in doctor(site, "-l", "sw")["sw"]["said"]


def test_doors_are_knocked_at_only_where_an_inventory_is_named(site: Any) -> None:
    site.write()
    assert site.run("doctor", "-l", "all").code == 5


def test_a_way_that_carries_short_packets_only_is_told(site: Any) -> None:
    site.hosts = {"sw": {"ansible_host": "127.0.0.1", "plantproof_snmp_community": "wr0ng-one"}}
    site.write()
    done = site.apart("n", "ip link set lo mtu 900 up", "doctor", "-i", "hosts.yml", "-l", "sw")
    assert "packets of 900 bytes only" in done.stdout, done.stderr
