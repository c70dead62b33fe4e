"""What a Linux host says of its disks, passwords and services, compared with its own files and tools."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.real

OVER = pytest.mark.parametrize("over", ["local", "ssh"])
KEPT = {"ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "vfat", "ntfs3", "fuseblk", "nfs", "nfs4", "cifs"}


@OVER
def test_mounts_are_those_the_kernel_lists(visit_host: Callable[..., Any], over: str) -> None:
    rows = visit_host(over, "mounts", platform="linux").rows("mount")
    listed = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    wanted = {target.encode().decode("unicode_escape"): fs_type for _, target, fs_type, *_ in listed if fs_type in KEPT}
    assert {target: row["type"] for target, row in rows.items()} == wanted
    for target, row in rows.items():
        assert ("ro" in row["options"].split(",")) == bool(os.statvfs(target).f_flag & os.ST_RDONLY)


def test_a_disk_is_encrypted_only_where_the_kernel_knows_a_crypt_layer(visit_host: Callable[..., Any]) -> None:
    rows = visit_host("local", "disks", platform="linux").rows("mount")
    layers = [path.read_text() for path in Path("/sys/block").glob("dm-*/dm/uuid")]
    known = any(layer.startswith("CRYPT-") for layer in layers)
    assert {row["encrypted"] for row in rows.values()} <= ({"yes", "no"} if known else {"no"})


@OVER
def test_the_password_policy_is_what_login_defs_and_pam_say(visit_host: Callable[..., Any], over: str) -> None:
    visited = visit_host(over, "password-policy", platform="linux")
    text = Path("/etc/login.defs").read_text()
    for name, keyword in (("max_days", "PASS_MAX_DAYS"), ("warn_days", "PASS_WARN_AGE"), ("hash", "ENCRYPT_METHOD")):
        said = re.search(rf"^{keyword}\s+(\S+)", text, re.MULTILINE)
        assert visited.value(f"password.{name}") == (said[1] if said else None)
    stacks = [path for path in map(Path, ("/etc/pam.d/common-password", "/etc/pam.d/system-auth")) if path.exists()]
    checked = any(re.search(r"^password\s.*pam_pwquality", path.read_text(), re.MULTILINE) for path in stacks)
    if stacks:
        assert (visited.value("password.quality") == "pam_pwquality") == checked


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_how_long_a_password_may_be_kept_is_what_chage_says(visit_host: Callable[..., Any]) -> None:
    rows = visit_host("local", "accounts", platform="linux").rows("account")
    told = subprocess.run(["chage", "-l", "root"], capture_output=True, text=True, check=True, timeout=30).stdout
    said = re.search(r"^Maximum number of days between password change\s*: (\d+)$", told, re.MULTILINE)
    assert rows["root"].get("password_max_days") == (said[1] if said else None)


@pytest.mark.skipif(shutil.which("systemctl") is None, reason="systemd is not installed")
def test_services_that_start_by_themselves_are_those_that_are_enabled(visit_host: Callable[..., Any]) -> None:
    rows = visit_host("local", "services-enabled", platform="linux").rows("service")
    wanted = {path.name for path in Path("/etc/systemd/system/multi-user.target.wants").glob("*.service")}
    assert {f"{name}.service" for name, row in rows.items() if row["start"] == "enabled"} >= wanted
    assert rows


@pytest.mark.skipif(shutil.which("podman") is None, reason="podman is not installed")
def test_containers_and_their_images_are_those_podman_made(
    visit_host: Callable[..., Any], sshd: Callable[..., Any], tmp_path: Path
) -> None:
    storage = tmp_path / "storage.conf"
    storage.write_text(f'[storage]\ndriver = "vfs"\ngraphroot = "{tmp_path}/graph"\nrunroot = "{tmp_path}/run"\n')
    (tmp_path / "empty").mkdir()
    shutil.make_archive(str(tmp_path / "empty"), "tar", tmp_path / "empty")

    def podman(*command: str) -> str:
        environ = {**os.environ, "CONTAINERS_STORAGE_CONF": str(storage)}
        done = subprocess.run(["podman", *command], capture_output=True, text=True, check=True, timeout=60, env=environ)
        return done.stdout.strip()

    podman("import", str(tmp_path / "empty.tar"), "plant/exporter:1")
    made = podman("create", "--name", "exporter", "--publish", "127.0.0.1:9100:9100", "plant/exporter:1", "/run", "a b")
    server = sshd("AcceptEnv LC_ALL", f"SetEnv CONTAINERS_STORAGE_CONF={storage}")
    visited = visit_host("ssh", "own-containers", "own-images", server=server, platform="linux")
    (image,) = json.loads(podman("images", "--format", "json"))
    created = f"{datetime.fromtimestamp(image['Created'], UTC):%Y-%m-%dT%H:%M:%SZ}"
    (row,) = visited.rows("container").values()
    assert created <= row.pop("created")
    assert row == {
        "name": "exporter",
        "id": made,
        "image": "localhost/plant/exporter:1",
        "state": "created",
        "ports": "127.0.0.1:9100->9100/tcp",
    }
    assert visited.rows("image") == {
        "localhost/plant/exporter:1": {
            "name": "localhost/plant/exporter",
            "tag": "1",
            "id": f"sha256:{image['Id']}",
            "digest": image["Digest"],
            "created": created,
        }
    }
