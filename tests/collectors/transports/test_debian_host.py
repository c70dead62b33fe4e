"""What a Debian host says, compared with what its own tools say; over a real sshd and on this machine."""

import grp
import json
import os
import pwd
import re
import shutil
import socket
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from evidence.model.capture import Capture
from evidence.model.names import AssetId, digest_of
from evidence.normalise.facts import read_asset
from evidence.platforms.load import load_platforms

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(shutil.which("dpkg-query") is None, reason="not a Debian system"),
]

OVER = pytest.mark.parametrize("over", ["local", "ssh"])
ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")

Visit = Callable[..., Any]


def told(*command: str) -> str:
    """Return what a program prints."""
    environ = {**os.environ, "LC_ALL": "C"}
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60, env=environ).stdout


def at(seconds: float) -> str:
    return f"{datetime.fromtimestamp(int(seconds), UTC):%Y-%m-%dT%H:%M:%SZ}"


@cache
def upgrade() -> dict[str, tuple[str, str, bool]]:
    """Return what apt-get would replace: package -> (installed, candidate, from a security archive)."""
    lines = told("apt-get", "-s", "-o", "Debug::NoLocking=true", "dist-upgrade")
    found = re.findall(r"^Inst (\S+) \[([^\]]+)\] \((\S+) ([^)]*)\)", lines, re.MULTILINE)
    return {name: (installed, candidate, "-security" in origin) for name, installed, candidate, origin in found}


@OVER
def test_missing_patches_are_those_apt_would_install(visit_host: Visit, over: str) -> None:
    visited = visit_host(over, "updates")
    rows = visited.rows("package")
    assert visited.value("patch.missing") == str(len(rows))
    assert visited.value("patch.security") == str(sum(row["security"] == "yes" for row in rows.values()))
    installed = dict(line.split("\t") for line in told("dpkg-query", "-Wf", "${Package}\t${Version}\n").splitlines())
    for name, row in rows.items():
        assert row["installed"] == installed[name]
        assert subprocess.run(["dpkg", "--compare-versions", row["candidate"], "gt", row["installed"]]).returncode == 0
    for name, (old, new, security) in upgrade().items():
        assert (rows[name]["installed"], rows[name]["candidate"]) == (old, new)
        assert rows[name]["security"] == ("yes" if security else "no")


@OVER
def test_the_state_of_patching_is_what_the_files_of_apt_and_dpkg_say(visit_host: Visit, over: str) -> None:
    visited = visit_host(over, "patch-state")
    lists = [*Path("/var/lib/apt/lists").glob("*InRelease"), *Path("/var/lib/apt/periodic").glob("*success-stamp")]
    assert visited.value("patch.scanned_at") == (at(max(path.stat().st_mtime for path in lists)) if lists else None)
    assert visited.value("patch.last_install") == at(Path("/var/lib/dpkg/status").stat().st_mtime)
    if Path("/run/reboot-required").exists():
        assert visited.value("patch.reboot_needed") == "yes"
    else:
        hooks = {path.name for path in Path("/etc/kernel/postinst.d").glob("*")}
        known = bool(hooks & {"unattended-upgrades", "update-notifier", "reboot-notifier"})
        assert visited.value("patch.reboot_needed") == ("no" if known else None)


@OVER
def test_the_system_is_what_its_files_say(visit_host: Visit, over: str) -> None:
    visited = visit_host(over, "os-release", "debian-version", "kernel", "hostname", "uptime-file")
    assert visited.value("os.kernel") == os.uname().release
    assert visited.value("system.name") == os.uname().nodename
    assert visited.value("firmware.version") == Path("/etc/debian_version").read_text().strip()
    booted = re.search(r"^btime (\d+)$", Path("/proc/stat").read_text(), re.MULTILINE)
    assert booted is not None
    assert visited.value("system.boot_at") in {at(int(booted[1]) + drift) for drift in (-1, 0, 1)}


@OVER
def test_accounts_are_those_of_getent_with_their_rights(visit_host: Visit, over: str) -> None:
    visited = visit_host(over, "accounts", "passwd")
    assert visited.answered == {"accounts"}
    rows = visited.rows("account")
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    assert {name: (row["uid"], row.get("shell", "")) for name, row in rows.items()} == {
        name: (str(entry.pw_uid), entry.pw_shell) for name, entry in known.items()
    }
    mighty = {"sudo", "wheel", "admin", "docker", "lxd"}
    groups = [group for group in grp.getgrall() if group.gr_name in mighty]
    privileged = {name for group in groups for name in group.gr_mem} & set(known)
    privileged |= {name for name, entry in known.items() if entry.pw_uid == 0}
    privileged |= {name for name, entry in known.items() for group in groups if entry.pw_gid == group.gr_gid}
    assert {name for name, row in rows.items() if row["privileged"] == "yes"} == privileged
    assert {row["privileged"] for row in rows.values()} <= {"yes", "no"}
    assert "root" in privileged


@ROOT_ONLY
def test_locked_accounts_and_dates_of_passwords_are_those_of_the_shadow_file(visit_host: Visit) -> None:
    rows = visit_host("local", "accounts").rows("account")
    for line in Path("/etc/shadow").read_text().splitlines():
        name, password, changed = line.split(":")[:3]
        seen = {"!": ["yes"], "*": [None], "!*": [None, "yes"]}.get(password, ["yes" if password[:1] == "!" else "no"])
        assert rows[name].get("locked") in seen, name
        if changed:
            assert rows[name]["password_changed"] == at(int(changed) * 86_400), name


@OVER
def test_a_listener_is_seen_once_for_each_protocol(visit_host: Visit, over: str) -> None:
    with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
        tcp.bind(("127.0.0.1", 0))
        tcp.listen(1)
        port = tcp.getsockname()[1]
        udp.bind(("127.0.0.1", port))
        rows = visit_host(over, "listeners").rows("listener")
    for protocol in ("tcp", "udp"):
        row = rows[f"{protocol} 127.0.0.1:{port}"]
        assert (row["protocol"], row["socket"], row["port"]) == (protocol, f"127.0.0.1:{port}", str(port))
        assert row["process"] in Path("/proc/self/comm").read_text()


@ROOT_ONLY
def test_a_session_with_a_terminal_is_one_that_wtmp_has(visit_host: Visit, sshd: Callable[..., Any]) -> None:
    server = sshd()
    options = ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR"]
    login = ["ssh", "-tt", "-i", str(server.key_file), "-p", str(server.port), *options, f"{server.user}@127.0.0.1"]
    subprocess.run([*login, "true"], check=True, timeout=30, stdin=subprocess.DEVNULL, capture_output=True)
    last = told("utmpdump", "/var/log/wtmp").splitlines()
    began = next(line for line in reversed(last) if line.startswith("[7]"))
    fields = re.findall(r"\[([^\]]*)\]", began)
    visited = visit_host("local", "sessions", "accounts")
    start = datetime.strptime(fields[-1].strip().replace(",", "."), "%Y-%m-%dT%H:%M:%S.%f%z").astimezone(UTC)
    rows = visited.rows("session")
    row = next(row for row in rows.values() if row["start"] == f"{start:%Y-%m-%dT%H:%M:%SZ}")
    assert (row["account"], row["from"]) == (server.user, "127.0.0.1")
    line = next(line for line in told("last", "--time-format=iso").splitlines() if fields[3].strip() in line)
    lost = {"still": "open", "gone": "lost"}.get(line.split()[4])
    assert (row.get("state"), "end" in row) == (lost, lost is None)
    assert visited.rows("login")[server.user]["at"] == row["start"]
    assert visited.rows("login")[server.user]["from"] == "127.0.0.1"
    assert visited.rows("account")[server.user]["last_login"] == row["start"]


@OVER
def test_authorised_keys_have_the_fingerprints_ssh_keygen_shows(
    visit_host: Visit, over: str, ssh_keys: tuple[Path, Any], tmp_path: Path
) -> None:
    folder, _ = ssh_keys
    keys = tmp_path / "home" / "k.ito" / ".ssh" / "authorized_keys"
    keys.parent.mkdir(parents=True)
    public = (folder / "user.pub").read_text().strip()
    keys.write_text(f'# ours\n\nfrom="10.0.0.0/8",command="/bin/true \\"x\\"" {public} vendor laptop\nno key\n')
    rows = visit_host(over, "listed-keys", authorised_keys=(str(keys),)).rows("key")
    fingerprint = told("ssh-keygen", "-lf", str(folder / "user.pub")).split()[1]
    assert rows == {
        f"{fingerprint} {keys}": {
            "fingerprint": fingerprint,
            "type": "ssh-ed25519",
            "comment": f"{public.split()[2]} vendor laptop",
            "options": 'from="10.0.0.0/8",command="/bin/true \\"x\\""',
            "account": "k.ito",
            "where": str(keys),
        }
    }


@OVER
def test_certificates_are_what_openssl_says_and_their_private_keys_stay(
    visit_host: Visit, over: str, tmp_path: Path
) -> None:
    pem, der, both = tmp_path / "plant.pem", tmp_path / "plant.der", tmp_path / "with key.pem"
    make = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "40"]
    subprocess.run(
        [*make, "-subj", "/O=Acme/CN=opc.acme.example", "-keyout", tmp_path / "key", "-out", pem],
        check=True, capture_output=True, timeout=30,
    )  # fmt: skip
    subprocess.run(["openssl", "x509", "-in", pem, "-outform", "DER", "-out", der], check=True, timeout=30)
    both.write_text((tmp_path / "key").read_text() + pem.read_text())
    visited = visit_host(over, "certificates", certificates=(str(both), str(der)))
    shown = dict(
        line.split("=", 1)
        for line in told(
            "openssl", "x509", "-in", str(pem), "-noout", "-serial", "-enddate", "-subject", "-nameopt", "RFC2253",
            "-fingerprint", "-sha256",
        ).splitlines()
    )  # fmt: skip
    fingerprint = shown["sha256 Fingerprint"].replace(":", "").lower()
    row = visited.rows("certificate")[fingerprint]
    assert row["subject"] == row["issuer"] == shown["subject"]
    assert int(row["serial"], 16) == int(shown["serial"], 16)
    ends = datetime.strptime(shown["notAfter"], "%b %d %H:%M:%S %Y GMT").replace(tzinfo=UTC)
    assert row["not_after"] == f"{ends:%Y-%m-%dT%H:%M:%SZ}"
    assert row["where"] == str(both)
    secret = (tmp_path / "key").read_text().splitlines()[1]
    assert secret.encode() not in b"".join(visited.stable.values())
    assert any(secret.encode() in heard.answer.data for heard in visited.findings.heard)


def test_a_key_store_or_a_key_among_the_certificates_is_not_kept(visit_host: Visit, tmp_path: Path) -> None:
    key, der, store = tmp_path / "key.pem", tmp_path / "key.der", tmp_path / "store.p12"
    make = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-subj",
        "/CN=a",
    ]
    subprocess.run([*make, "-keyout", key, "-out", tmp_path / "cert"], check=True, capture_output=True, timeout=30)
    subprocess.run(["openssl", "pkey", "-in", key, "-outform", "DER", "-out", der], check=True, timeout=30)
    pack = ["openssl", "pkcs12", "-export", "-inkey", key, "-in", tmp_path / "cert", "-passout", "pass:", "-out", store]
    subprocess.run(pack, check=True, timeout=30)
    visited = visit_host("local", "certificates", certificates=(str(der), str(store)))
    assert visited.rows("certificate") == {}
    assert len(visited.stable) == 2
    for kept in visited.stable.values():
        assert re.fullmatch(rb"<secret:private-key:k1:[0-9a-f]+>", kept)


@OVER
def test_sudoers_are_the_rules_and_nothing_else(visit_host: Visit, over: str) -> None:
    readable = [path for path in [Path("/etc/sudoers")] if os.access(path, os.R_OK)]
    if not readable:
        pytest.skip("sudo is not installed, or its files may not be read")
    rows = visit_host(over, "sudoers").rows("grant")
    rules = [line for line in readable[0].read_text().splitlines() if re.match(r"^[a-z%][\w-]*\s+\S+\s*=", line)]
    assert rules
    for rule in rules:
        who, may = rule.split(None, 1)
        assert {"who": who, "may": " ".join(may.split())} in [
            {"who": row["who"], "may": " ".join(row["may"].split())} for row in rows.values()
        ]
    assert not any(row["who"].startswith("Defaults") for row in rows.values())


@ROOT_ONLY
def test_sshd_itself_says_how_it_is_set(visit_host: Visit) -> None:
    Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    visited = visit_host("local", "sshd", "sshd-files")
    told_by_sshd = dict(line.split(None, 1) for line in told("/usr/sbin/sshd", "-T").splitlines() if " " in line)
    assert visited.answered == {"sshd"}
    assert visited.value("sshd.seen") == "effective"
    for keyword in ("permitrootlogin", "passwordauthentication", "port", "maxauthtries", "ciphers"):
        assert visited.value(f"sshd.{keyword}") == told_by_sshd[keyword]


CHRONYD = shutil.which("chronyd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


@ROOT_ONLY
@pytest.mark.skipif(CHRONYD is None, reason="chrony is not installed")
def test_what_chronyc_prints_is_read_as_the_state_of_the_clock(tmp_path: Path) -> None:
    folder = Path(f"/tmp/plantproof-chrony-{os.getpid()}")  # a socket's path has an end at 107 bytes
    folder.mkdir(mode=0o700)
    socket_name = folder / "command.sock"
    lines = [
        f"bindcmdaddress {socket_name}",
        "cmdport 0",
        "port 0",
        f"pidfile {folder}/pid",
        "local stratum 7",
        "user root",
    ]
    (tmp_path / "chrony.conf").write_text("\n".join(lines) + "\n")
    daemon = [str(CHRONYD), "-x", "-d", "-f", str(tmp_path / "chrony.conf")]  # -x leaves the clock alone
    with subprocess.Popen(daemon, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as chronyd:
        try:
            for _ in range(2_000):
                asked = ["chronyc", "-h", str(socket_name), "-c", "tracking"]
                said = subprocess.run(asked, capture_output=True, timeout=30, check=False)
                if said.returncode == 0:
                    break
        finally:
            chronyd.terminate()
    shutil.rmtree(folder)
    linux = load_platforms(only=("linux",)).named("linux")
    assert linux is not None
    capture = Capture(asset=AssetId("me"), platform="linux", question="chrony", transport="ssh", request="x",
                      at="2026-11-20T00:00:00Z", took_ms=1, blob=digest_of(said.stdout), bytes=1, ttl_s=1)  # fmt: skip
    facts = {fact.name: fact.value for fact in read_asset(linux, [(capture, said.stdout)])}
    assert facts == {"time.synchronised": "yes", "time.stratum": "7", "time.offset_us": "0"}


UNPRIVILEGED = 'ForceCommand setpriv --reuid 65534 --regid 65534 --clear-groups sh -c "$SSH_ORIGINAL_COMMAND"'


@ROOT_ONLY
def test_an_unprivileged_account_misses_what_root_sees_and_nothing_is_wrong(
    visit_host: Visit, sshd: Callable[..., Any]
) -> None:
    visited = visit_host("ssh", server=sshd("AcceptEnv LC_ALL", UNPRIVILEGED))
    assert visited.findings.problems == []
    assert visited.value("sshd.seen") == "files"
    assert visited.rows("grant") == {}
    assert visited.rows("account")["root"]["privileged"] == "yes"
    assert not any({"locked", "password_changed"} & set(row) for row in visited.rows("account").values())
    assert visited.value("patch.missing") == str(len(visited.rows("package")))
    assert {"os-release", "accounts", "sessions", "sshd-files", "updates", "patch-state"} <= visited.answered


@OVER
def test_an_unchanged_host_stores_no_new_blob(visit_host: Visit, sshd: Callable[..., Any], over: str) -> None:
    quiet = [
        *("os-release", "kernel", "hostname", "uptime-file", "dmi", "links", "accounts", "ssh-journal", "ssh-log"),
        *("sessions", "sudoers", "authorised-keys", "sshd", "sshd-files", "chrony", "time-sync", "patch-state"),
    ]
    server = sshd("AcceptEnv LC_ALL") if over == "ssh" else None
    first, second = (visit_host(over, *quiet, server=server) for _ in range(2))
    assert first.stable == second.stable
    assert len(first.answered) >= 9


def test_personal_answers_are_marked(visit_host: Visit) -> None:
    visited = visit_host("local", "accounts", "sessions", "os-release")
    kinds = {heard.question.name: heard.question.classification for heard in visited.findings.heard}
    assert kinds["accounts.local"] == "personal"
    assert kinds["os-release.local"] == "technical"
    assert set(kinds.values()) == {"personal", "technical"}


@OVER
def test_the_newest_dump_of_a_folder_is_its_backup(visit_host: Visit, over: str, tmp_path: Path) -> None:
    folder, empty = tmp_path / "dumps of plant", tmp_path / "none"
    empty.mkdir()
    (folder / "sub").mkdir(parents=True)
    for name, text, when in (("a.dump", "old", 1_790_000_000), ("sub/b.dump", "newer", 1_790_086_400),
                             ("c.dump.part", "not yet", 1_790_090_000), ("d.dump", "", 1_790_095_000)):  # fmt: skip
        (folder / name).write_text(text)
        os.utime(folder / name, (when, when))
    visited = visit_host(over, "backup-folders", backup_folders=(str(folder), str(empty)))
    assert visited.rows("backup") == {
        str(folder): {
            "what": str(folder),
            "file": str(folder / "sub/b.dump"),
            "at": at(1_790_086_400),
            "last_success": at(1_790_086_400),
            "bytes": "5",
            "target": str(folder),
            "status": "failed",  # the newest file is empty
        }
    }
    assert visited.value("backup.last_success") == at(1_790_086_400)


@OVER
def test_the_newest_success_of_all_backups_counts(visit_host: Visit, over: str, tmp_path: Path) -> None:
    status = tmp_path / "files.json"
    told_by_job = {"job": "files", "status": "failed", "at": "2026-11-20T02:00:00Z", "bytes": None}
    status.write_text(json.dumps({**told_by_job, "last_success": "2026-11-19T02:00:00Z"}))
    (tmp_path / "db").mkdir()
    dump = tmp_path / "db" / "x.dump"
    dump.write_text("x")
    os.utime(dump, (1_790_000_000, 1_790_000_000))
    lists = {"backup_folders": (str(tmp_path / "db"),), "backup_status": (str(status),)}
    visited = visit_host(over, "backup-folders", "backup-status", **lists)
    assert visited.value("backup.last_success") == "2026-11-19T02:00:00Z"
    assert visited.rows("backup")["files"] == {
        "status": "failed",
        "at": "2026-11-20T02:00:00Z",
        "last_success": "2026-11-19T02:00:00Z",
    }
    os.utime(dump, (1_800_000_000, 1_800_000_000))
    assert visit_host(over, "backup-folders", "backup-status", **lists).value("backup.last_success") == at(
        1_800_000_000
    )
