"""`plantproof inventory`: what is read, what is missing, and never a secret."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from collectors.cli.inventory import command
from collectors.inventory.problem import InventoryError

HOSTS = """\
all:
  children:
    switches:
      hosts:
        sw-1:
          ansible_host: 192.0.2.1
          ansible_network_os: cisco.ios.ios
          ansible_password: s3cret-ssh
          ansible_host_key_checking: false
          plantproof_snmp_user: auditor
          plantproof_zone: press
        sw-2:
          plantproof_snmp_community: s3cret-snmp
          plantproof_collect: [snmp, ssh, ldap]
          plantproof_platform: no_such_platform
        sw-3: {plantproof_snmp_user: u, plantproof_snmp_auth: sha1, plantproof_snmp_auth_key: s3cret-key}
    panels:
      hosts:
        プレス-7: {plantproof_safety: fragile, plantproof_zone: press}
    outside:
      hosts:
        cloud: {plantproof_zone: office}
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("PLANTPROOF_CONFIG", "PLANTPROOF_INVENTORY", "ANSIBLE_INVENTORY", "ANSIBLE_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "hosts.yml").write_text(HOSTS)
    return tmp_path


def plantproof(*args: str) -> Result:
    done = CliRunner().invoke(command, args, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert "s3cret" not in done.output
    return done


def test_the_table_says_what_is_read_and_what_is_missing(site: Path) -> None:
    lines = plantproof("-i", "hosts.yml").stdout.splitlines()
    assert lines[0].split() == ["ASSET", "ADDRESS", "PLATFORM", "TRANSPORTS", "ZONE", "SAFETY", "MISSING"]
    by_asset = {line.split()[0]: line for line in lines[1:]}
    assert list(by_asset) == ["sw-1", "sw-2", "sw-3", "プレス-7", "cloud"]
    assert by_asset["sw-1"].split()[1:7] == ["192.0.2.1", "cisco_ios", "snmp", "ssh", "press", "ot"]
    assert "ssh: no ansible_user; ssh: host keys are not checked; snmp: v3 without authentication" in by_asset["sw-1"]
    assert "no platform file is named 'no_such_platform'" in by_asset["sw-2"]
    assert "ssh: asked for, but" not in by_asset["sw-2"], "asking for ssh grants it"
    assert "ldap: not in this version" in by_asset["sw-2"]
    assert by_asset["sw-2"].endswith("no zone")
    assert "snmp: v3 without encryption" in by_asset["sw-3"]
    assert "fragile" in by_asset["プレス-7"]
    assert "no transport" in by_asset["cloud"]


def test_machines_get_json_with_a_version(site: Path) -> None:
    answer = json.loads(plantproof("-i", "hosts.yml", "--format", "json", "-l", "sw-1,cloud").stdout)
    assert answer["schema"] == "urn:plantproof:inventory:v1"
    assert answer["sources"] == ["hosts.yml"]
    first, second = answer["assets"]
    assert (first["asset"], first["platform"], first["groups"]) == ("sw-1", "cisco_ios", ["switches"])
    assert first["snmp"] == {"port": 161, "version": "3", "auth": None, "priv": None}
    assert first["ssh"] == {"port": 22, "user": None, "host_key_checking": False}
    assert (second["snmp"], second["ssh"], second["platform"], second["safety"]) == (None, None, None, "ot")


def test_hosts_can_be_listed_and_drawn(site: Path) -> None:
    assert plantproof("-i", "hosts.yml", "-l", "switches:!sw-2", "--list-hosts").stdout.split() == ["sw-1", "sw-3"]
    assert plantproof("-i", "hosts.yml", "--graph", "-l", "sw-1:cloud").stdout.splitlines() == [
        "@all:",
        "  |--@ungrouped:",
        "  |--@switches:",
        "  |  |--sw-1",
        "  |--@panels:",
        "  |--@outside:",
        "  |  |--cloud",
    ]


def test_warnings_go_to_stderr(site: Path) -> None:
    done = plantproof("-i", "hosts.yml", "-l", "sw-1,typo", "--list-hosts")
    assert done.stdout == "sw-1\n"
    assert done.stderr == "warning: the pattern 'typo' matches neither host nor group\n"


def test_the_site_file_names_the_inventory(site: Path) -> None:
    (site / "plantproof.yml").write_text("inventory: [hosts.yml]\n")
    assert len(plantproof("--list-hosts").stdout.split()) == 5
    (site / "other.yml").write_text("inventory: ['only,']\n")
    assert plantproof("-c", "other.yml", "--list-hosts").stdout == "only\n"


def test_platform_files_may_be_left_out(site: Path) -> None:
    done = plantproof("-i", "hosts.yml", "--platforms", "none", "-l", "sw-1")
    assert "no platform file knows ansible_network_os" in done.stdout


def test_variables_and_a_user_may_come_from_the_command_line(site: Path) -> None:
    done = plantproof("-i", "cloud,", "-e", "plantproof_zone=dmz", "-u", "auditor", "--format", "json")
    (row,) = json.loads(done.stdout)["assets"]
    assert (row["zone"], row["ssh"]["user"]) == ("dmz", "auditor")


def test_a_bad_inventory_is_an_error_that_ends_with_5(site: Path) -> None:
    done = CliRunner().invoke(command, ["-i", "none.yml"])
    assert isinstance(done.exception, InventoryError)
    assert done.exception.exit_code == 5
