"""What a host of the RHEL family says: a real dnf and rpm, with a system and a repository of their own, behind sshd."""

import os
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import takewhile
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import pytest

PROGRAMS = ("dnf", "rpmbuild", "createrepo_c", "modifyrepo_c", "unshare", "setpriv")

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not all(map(shutil.which, PROGRAMS)), reason="dnf or rpm's tools are not installed"),
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to give the host's commands a system of their own"),
]

NEEDS_RESTARTING = [*Path("/usr/lib").glob("python3*/**/dnf-plugins/needs_restarting.py")]

SPEC = """Name: {name}
Version: {version}
Release: 1
Summary: one
License: none
BuildArch: noarch
%description
one
%files
"""

ADVISORY = """<update from="a@plant.example" status="final" type="{kind}" version="1"><id>{id}</id><title>{name}</title>
<severity>{severity}</severity><issued date="2026-10-01 00:00:00"/><description>one</description><pkglist>
<collection short="p"><name>p</name><package name="{name}" version="{version}" release="1" epoch="0" arch="noarch"
src="{name}-{version}-1.src.rpm"><filename>{name}-{version}-1.noarch.rpm</filename></package></collection></pkglist></update>
"""

ADVISORIES = (
    ("security", "PLSA-1", "Moderate", "pump", "1.1"),
    ("security", "PLSA-2", "Critical", "pump", "1.2"),
    ("security", "PLSA-0", "Important", "valve", "1.0"),
    ("bugfix", "PLBA-1", "None", "panel", "2.0"),
)


class System:
    """A folder with an RPM database, a repository and dnf's cache, which a host's commands see as their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("home", "repo", "cache", "yum.repos.d", "installed"):
            (folder / name).mkdir()
        (folder / "os-release").write_text('NAME="Plant Linux"\nID=plant\nVERSION_ID="9.4"\n')
        (folder / "yum.repos.d" / "plant.repo").write_text(
            f"[plant]\nname=plant\nbaseurl=file://{folder}/repo\ngpgcheck=0\n"
        )
        (folder / "enter.sh").write_text(
            f"set -e\nmkdir -p /etc/yum.repos.d /var/cache/dnf\nmount --bind {folder}/yum.repos.d /etc/yum.repos.d\n"
            f"mount --bind {folder}/cache /var/cache/dnf\nmount --bind {folder}/os-release /etc/os-release\n"
            f'export HOME={folder}/home\nexec "$@"\n'
        )
        for name, version in (("pump", "1.0"), ("valve", "1.0"), ("panel", "1.0"), ("linux-firmware", "1.0")):
            self._build(name, version, "installed")
        for name, version in (("pump", "1.1"), ("pump", "1.2"), ("panel", "2.0")):
            self._build(name, version, "repo")
        self.inside("rpm", "-i", "--nodeps", "--force-debian", *map(str, (folder / "installed").glob("*.rpm")))
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)

    def _build(self, name: str, version: str, into: str) -> None:
        spec = self.folder / f"{name}.spec"
        spec.write_text(SPEC.format(name=name, version=version))
        file = "%%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm"
        named = {"_topdir": self.folder / "build", "_rpmdir": self.folder / into, "_build_name_fmt": file}
        run(
            "rpmbuild",
            "-bb",
            "--quiet",
            *(part for name in named for part in ("--define", f"{name} {named[name]}")),
            str(spec),
        )

    def publish(self, *advisories: tuple[str, ...]) -> None:
        """Make the repository's lists, with these advisories, and have dnf fetch them."""
        run("createrepo_c", "-q", "--no-database", str(self.folder / "repo"))
        if advisories:
            file = self.folder / "updateinfo.xml"
            names = ("kind", "id", "severity", "name", "version")
            told = "".join(ADVISORY.format(**dict(zip(names, each, strict=True))) for each in advisories)
            file.write_text(f'<?xml version="1.0" encoding="UTF-8"?>\n<updates>{told}</updates>\n')
            run("modifyrepo_c", str(file), str(self.folder / "repo" / "repodata"))
        self.inside("dnf", "-q", "--refresh", "makecache")

    def inside(self, *command: str) -> str:
        return run("unshare", "-m", "sh", str(self.folder / "enter.sh"), *command)

    def would_replace(self) -> set[str]:
        """Return the packages dnf itself would update, by its other way to say so."""
        asked = ["unshare", "-m", "sh", str(self.folder / "enter.sh"), "dnf", "-q", "-C", "check-update"]
        done = subprocess.run(asked, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 100, done.stderr
        return {line.split()[0] for line in done.stdout.splitlines() if line}

    def wrapped(self, *, by: str = "") -> str:
        """Return what makes an sshd run each command there."""
        return f'ForceCommand unshare -m sh {self.folder}/enter.sh {by} sh -c "$SSH_ORIGINAL_COMMAND"'


def run(*command: str) -> str:
    environ = {**os.environ, "LC_ALL": "C"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, env=environ)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> System:
    """Four packages are installed, one of which counts at the next start only; the repository has newer ones of two."""
    folder = Path(tmp_path_factory.mktemp("system"))
    for above in takewhile(lambda above: above != Path(gettempdir()), folder.parents):
        above.chmod(0o711)  # an unprivileged account looks into it
    return System(folder)


ASKED = ("os-release", "updates", "advisories", "installed", "patch-state")
NOBODY = "setpriv --reuid 65534 --regid 65534 --clear-groups"


def test_a_repository_without_advisories_says_nothing_of_security(
    visit_host: Callable[..., Any], sshd: Callable[..., Any], system: System
) -> None:
    system.publish()
    server = sshd("AcceptEnv LC_ALL", system.wrapped())
    visited = visit_host("ssh", "updates", "advisories", server=server, platform="rhel")
    assert (visited.value("patch.missing"), visited.value("patch.security")) == ("2", None)


@pytest.mark.parametrize("by", ["", NOBODY], ids=["root", "nobody"])
def test_missing_patches_and_those_with_a_security_advisory_are_what_dnf_says(
    visit_host: Callable[..., Any], sshd: Callable[..., Any], system: System, by: str
) -> None:
    system.publish(*ADVISORIES)
    lists = sorted((system.folder / "cache").rglob("*.xml*"))
    for path in lists:
        os.utime(path, (1_700_000_000, 1_700_000_000))
    visited = visit_host("ssh", *ASKED, server=sshd("AcceptEnv LC_ALL", system.wrapped(by=by)), platform="rhel")
    assert visited.answered == set(ASKED)
    rows = visited.rows("package")
    assert rows == {
        "pump.noarch": {
            "name": "pump",
            "candidate": "1.2-1",
            "security": "yes",
            "severity": "critical",
            "advisory": "PLSA-1, PLSA-2",
        },
        "panel.noarch": {"name": "panel", "candidate": "2.0-1"},
    }
    assert set(rows) == system.would_replace()
    assert (visited.value("patch.missing"), visited.value("patch.security")) == ("2", "1")
    installed = system.inside("rpm", "-qa", "--queryformat", "%{INSTALLTIME}\n").split()
    assert visited.value("patch.last_install") == at(max(map(int, installed)))
    assert visited.value("patch.scanned_at") == at(1_700_000_000)
    assert {path.stat().st_mtime for path in lists} == {1_700_000_000}  # nothing was refreshed
    assert visited.value("firmware.version") == "9.4"


@pytest.mark.skipif(not NEEDS_RESTARTING, reason="dnf-plugins-core is not installed")
def test_what_was_installed_after_the_start_waits_for_the_next_one(
    visit_host: Callable[..., Any], sshd: Callable[..., Any], system: System
) -> None:
    visited = visit_host("ssh", "restart-needed", server=sshd("AcceptEnv LC_ALL", system.wrapped()), platform="rhel")
    assert visited.answered == {"restart-needed"}
    assert visited.value("patch.reboot_needed") == "yes"


def at(seconds: float) -> str:
    return f"{datetime.fromtimestamp(int(seconds), UTC):%Y-%m-%dT%H:%M:%SZ}"
