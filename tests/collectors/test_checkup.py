"""What `doctor` looks at."""

import base64
import hashlib
import json
import os
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from collectors import checkup
from collectors.checkup import Finding, Health
from collectors.site import open_site

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def healths(findings: Iterable[Finding]) -> list[Health]:
    return [one.health for one in findings]


def installed(folder: Path, monkeypatch: pytest.MonkeyPatch, *, digest: str | None) -> None:
    """Install a package called plantproof of one file, whose recorded digest is `digest`."""
    metadata = folder / "plantproof-9.9.9.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: plantproof\nVersion: 9.9.9\n")
    (metadata / "RECORD").write_text(f"evidence/x.py,{digest or ''},2\n" if digest else "evidence/x.py,,\n")
    (folder / "evidence").mkdir()
    (folder / "evidence" / "x.py").write_bytes(b"1\n")
    monkeypatch.syspath_prepend(str(folder))


def recorded(data: bytes) -> str:
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")


def test_an_installation_as_recorded_is_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(tmp_path, monkeypatch, digest=recorded(b"1\n"))
    (found,) = checkup.installation()
    assert (found.health, found.said) == (Health.WELL, "version 9.9.9, 1 files as installed")


def test_a_changed_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(tmp_path, monkeypatch, digest=recorded(b"2\n"))
    (found,) = checkup.installation()
    assert (found.health, found.said) == (Health.ILL, "not as installed: evidence/x.py")


def test_a_missing_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(tmp_path, monkeypatch, digest=recorded(b"1\n"))
    (tmp_path / "evidence" / "x.py").unlink()
    assert healths(checkup.installation()) == [Health.ILL]


def test_a_checkout_is_said_to_be_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(tmp_path, monkeypatch, digest=None)
    (found,) = checkup.installation()
    assert (found.health, "checkout" in found.said) == (Health.NOTE, True)


def test_a_missing_library_is_ill() -> None:
    found = list(checkup.libraries(lambda module: module != "netmiko"))
    assert [one.said for one in found if one.health is Health.ILL] == ["netmiko is missing: no network command lines"]


def test_one_snmp_engine_is_enough() -> None:
    found = {one.said: one.health for one in checkup.libraries(lambda module: module != "gufo.snmp")}
    assert found["gufo.snmp is missing: SNMP goes through pysnmp alone"] is Health.NOTE
    assert Health.ILL not in found.values()
    none = [one.said for one in checkup.libraries(lambda module: "snmp" not in module) if one.health is Health.ILL]
    assert none == ["gufo.snmp is missing: no SNMP", "pysnmp is missing: no SNMP"]


@pytest.mark.parametrize(
    ("trusted", "blackouts", "health"),
    [(True, True, Health.WELL), (False, True, Health.ILL), (False, False, Health.NOTE)],
)
def test_an_untrusted_clock_matters_where_a_blackout_is(trusted: bool, blackouts: bool, health: Health) -> None:
    assert healths(checkup.clock("kernel", trusted=trusted, blackouts=blackouts)) == [health]


def test_keys_and_store_of_a_new_site(tmp_path: Path) -> None:
    store, keys = tmp_path / "store", tmp_path / "keys"
    assert healths(checkup.keys(keys)) == [Health.NOTE]
    assert healths(checkup.store(str(store), NOON)) == [Health.NOTE]
    store.mkdir()
    (nothing_yet,) = checkup.store(str(store), NOON)
    assert (nothing_yet.health, "holds no log yet" in nothing_yet.said) == (Health.NOTE, True)
    open_site(str(store), keys, owner="acme", domain="acme.example", at=NOON)
    assert healths(checkup.store(str(store), NOON)) == [Health.WELL]
    assert healths(checkup.keys(keys)) == [Health.WELL, Health.NOTE], "the root key lies beside the others"


def test_keys_that_others_may_touch_or_that_are_none_are_ill(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    open_site(str(tmp_path / "store"), keys, owner="acme", domain="acme.example", at=NOON)
    keys.chmod(0o777)
    assert Health.ILL in healths(checkup.keys(keys))
    keys.chmod(0o700)
    (keys / "collector").write_text("nonsense")
    assert healths(checkup.keys(keys)) == [Health.ILL]


def test_an_inventory_with_credentials_is_for_its_owner_only(tmp_path: Path) -> None:
    names = ("open", "closed", "harmless")
    files = [tmp_path / name for name in names]
    for file, mode in zip(files, (0o644, 0o600, 0o644), strict=True):
        file.touch()
        file.chmod(mode)
    found = list(
        checkup.readable_by_others([*files, tmp_path / "none"], holds_secrets=lambda path: path.name != "harmless")
    )
    assert healths(found) == [Health.ILL, Health.WELL]
    assert found[0].advice == f"chmod 600 {tmp_path / 'open'}"


def test_a_zone_whose_hold_has_another_name_is_told() -> None:
    (found,) = checkup.zones(["weld-line", "Weld-Line"])
    assert found.said.startswith("Weld-Line: its hold file is called weld-line-")


def test_doctor_says_what_is_ill_and_ends_so(site: Any) -> None:
    site.hosts = {"sw": {"ansible_host": "192.0.2.7", "plantproof_snmp_community": "w3ld-0bserver"}}
    site.write()
    (site.folder / "hosts.yml").chmod(0o644)
    ended = site.run("doctor")
    assert ended.code == 1
    assert "chmod 600" in ended.out
    assert "w3ld-0bserver" not in ended.said
    (site.folder / "hosts.yml").chmod(0o600)
    ended = site.run("doctor", "--format", "json")
    assert (ended.code, '"schema": "urn:plantproof:doctor:v1"' in ended.out) == (0, True)


def test_doctor_goes_on_where_a_file_cannot_be_read(site: Any) -> None:
    site.hosts = {"sw": {"ansible_host": "192.0.2.7", "plantproof_snmp_community": "w3ld-0bserver"}}
    site.write()
    (site.folder / "group_vars").mkdir()
    (site.folder / "group_vars" / "loop.bak").symlink_to("loop.bak")
    (site.folder / "group_vars" / "memory.bak").symlink_to("/proc/self/mem")
    os.mkfifo(site.folder / "group_vars" / "pipe.bak")
    (site.folder / "hosts.yml").chmod(0o600)
    assert site.run("doctor").code == 0


def test_doctor_names_a_site_file_or_an_inventory_that_is_wrong(site: Any) -> None:
    site.settings = {"stoer": "x"}
    site.write()
    ended = site.run("doctor")
    assert (ended.code, "did you mean store" in ended.out) == (1, True)
    site.settings = {"inventory": ["nowhere.yml"]}
    site.write()
    assert site.run("doctor").code == 1


def test_keys_of_another_store_are_told_from_those_of_this_one(tmp_path: Path) -> None:
    for name in ("ours", "theirs"):
        open_site(str(tmp_path / name), tmp_path / f"{name}.keys", owner=name, domain="acme.example", at=NOON)
    (right,) = checkup.roles(str(tmp_path / "ours"), tmp_path / "ours.keys", owner="ours")
    assert (right.health, right.said) == (Health.WELL, "these keys may act as collector, sealer, assessor")
    foreign = list(checkup.roles(str(tmp_path / "ours"), tmp_path / "theirs.keys", owner="ours"))
    assert healths(foreign) == [Health.ILL] * 3
    assert "another store's keys" in str(foreign[0].advice)
    (whose, *_) = checkup.roles(str(tmp_path / "ours"), tmp_path / "ours.keys", owner="somebody else")
    assert (whose.health, "correct `owner:`" in str(whose.advice)) == (Health.ILL, True)


def test_a_role_whose_key_lies_elsewhere_is_told_with_what_it_means(tmp_path: Path) -> None:
    open_site(str(tmp_path / "store"), tmp_path / "keys", owner="acme", domain="acme.example", at=NOON)
    (tmp_path / "keys" / "sealer").unlink()
    found = list(checkup.roles(str(tmp_path / "store"), tmp_path / "keys", owner="acme"))
    assert healths(found) == [Health.NOTE, Health.WELL]
    assert "`plantproof seal` where that key is" in found[0].said
    assert list(checkup.roles(str(tmp_path / "none"), tmp_path / "keys", owner="acme")) == []


def test_a_disk_with_too_little_room_is_ill(tmp_path: Path) -> None:
    (right,) = checkup.disk(tmp_path / "not-made-yet", needed=1)
    assert (right.health, right.said.startswith(str(tmp_path))) == (Health.WELL, True)
    (full,) = checkup.disk(tmp_path, needed=2**62)
    assert (full.health, "make room" in str(full.advice)) == (Health.ILL, True)


@pytest.mark.real
def test_doctor_finds_a_full_disk(site: Any) -> None:
    site.write()
    site.store.mkdir()
    done = site.apart("m", "mount -t tmpfs -o size=1m tmpfs store", "doctor", "--format", "json")
    rows = {row["what"]: row for row in json.loads(done.stdout)["findings"]}
    assert (done.returncode, rows["disk"]["health"], rows["disk"]["said"].endswith("files left")) == (1, "ill", True)


def test_a_store_that_anybody_may_write_to_is_ill(tmp_path: Path) -> None:
    assert list(checkup.writable_by_others(tmp_path)) == []
    tmp_path.chmod(0o777)
    (found,) = checkup.writable_by_others(tmp_path)
    assert (found.health, found.advice) == (Health.ILL, f"chmod o-w {tmp_path}")


def test_ssh_keys_that_others_may_use_or_that_are_not_there_are_ill(tmp_path: Path) -> None:
    right, shared = tmp_path / "a-right", tmp_path / "b-shared"
    for path, mode in ((right, 0o600), (shared, 0o644)):
        path.touch()
        path.chmod(mode)
    found = list(checkup.key_files([shared, right, right, tmp_path / "c-lost"]))
    assert healths(found) == [Health.WELL, Health.ILL, Health.ILL]
    assert found[1].advice == f"chmod 600 {shared}"
    assert "is not there" in found[2].said
