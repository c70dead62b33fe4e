"""The demo's jump host: what a Debian machine answers, with times that fit the moment the demo runs."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta

from collectors.simulate.ssh_shell import Device
from evidence.clock import rfc3339
from evidence.platforms.build import fitted
from evidence.platforms.load import load_platforms

NAME = "jump-01"
RESTORE_TESTS = "/var/lib/plantproof/restore-tests.json"
"""Where the host keeps the records of restore tests; one of them was completed and never validated."""

VENDOR = "kuka"
"""The account of the robot maker's service; nobody approved its session."""


def jump_host(now: datetime, password: str) -> Device:
    """Return the host as it is at `now`."""
    linux = load_platforms(only=("linux", "debian")).named("debian")
    assert linux is not None  # noqa: S101 - it was asked for
    asked = fitted(linux, {"restore_tests": (RESTORE_TESTS,)})
    said = {**_about(now), f"restore-tests:{RESTORE_TESTS}": _restore_tests(now)}
    commands = {asked.named(question).objects[0]: text for question, text in said.items()}
    return Device(name=NAME, password=password, prompt="$ ", host=True, commands=commands)


def _about(now: datetime) -> Mapping[str, str]:
    """Return the answers by question."""
    day, hour = timedelta(days=1), timedelta(hours=1)
    session = now - 30 * hour
    return {
        "os-release": 'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nVERSION_ID="13"\nID=debian\n',
        "debian-version": "13.2\n",
        "kernel": "Linux 6.12.57+deb13-amd64 x86_64\n",
        "hostname": f"{NAME}\n",
        "uptime-file": f"/proc/uptime:604800.25 1200000.10\n/proc/stat:btime {(now - 7 * day).timestamp():.0f}\n",
        "links": "lo               UNKNOWN        00:00:00:00:00:00 <LOOPBACK,UP,LOWER_UP>\n"
        "eth0             UP             52:54:00:12:9a:01 <BROADCAST,MULTICAST,UP,LOWER_UP>\n",
        "addresses": "lo               UNKNOWN        127.0.0.1/8\neth0             UP             10.99.0.12/24\n",
        "listeners": "tcp   LISTEN 0      128            0.0.0.0:22        0.0.0.0:*\n",
        "accounts": _accounts(now),
        "updates": "Listing...\n",
        "patch-state": f"{(now - 6 * hour).timestamp():.10f}\t/var/lib/apt/periodic/update-success-stamp\n"
        f"{(now - 2 * day).timestamp():.10f}\t/var/lib/dpkg/status\n",
        "ssh-journal": f"{session.isoformat()} {NAME} sshd[811]: Accepted publickey for {VENDOR} from 198.51.100.7 "
        "port 40001 ssh2: ED25519 SHA256:0123456789abcdefghijklmnopqrstuvwxyzABCDEFG\n"
        f"{session.isoformat()} {NAME} sshd[811]: pam_unix(sshd:session): session opened for user {VENDOR}(uid=1001) "
        "by (uid=0)\n"
        f"{(session + hour).isoformat()} {NAME} sshd[811]: pam_unix(sshd:session): session closed for user {VENDOR}\n",
        "time-sync": "NTP=yes\nNTPSynchronized=yes\n",
    }


def _accounts(now: datetime) -> str:
    rows = (("root", 0, "root", "/bin/bash"), ("m.ito", 1000, "adm,sudo", "/bin/bash"), (VENDOR, 1001, "", "/bin/bash"))
    changed = f"{now - timedelta(days=90):%Y-%m-%d}"
    return "".join(
        f'\nUSER="{name}"\nUID="{uid}"\nGROUP="{name}"\nSUPP-GROUPS="{groups}"\nSHELL="{shell}"\nPWD-LOCK="0"\n'
        f'PWD-EMPTY="0"\nPWD-CHANGE="{changed}"\nLAST-LOGIN=""\nLAST-HOSTNAME=""\n'
        for name, uid, groups, shell in rows
    )


def _restore_tests(now: datetime) -> str:
    start = now - timedelta(days=20)
    record = {
        "id": "historian-2026-11",
        "asset": NAME,
        "backup": "historian",
        "backup_at": rfc3339(start - timedelta(hours=4)),
        "method": "isolated directory",
        "start": rfc3339(start),
        "end": rfc3339(start + timedelta(minutes=11)),
        "status": "completed",
        "validation": "none",
        "operator": "m.ito",
    }
    return json.dumps([record]) + "\n"
