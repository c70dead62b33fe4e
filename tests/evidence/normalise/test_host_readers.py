"""What hosts print, read into documents."""

import base64
import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evidence.normalise.readers import READERS
from evidence.normalise.values import TEXT_FORMATS


def read(reader: str, text: str) -> Any:
    return READERS[reader](text.encode(), "a request")


def test_pairs_make_a_record_of_each_line_or_of_lines_up_to_a_name_that_repeats() -> None:
    assert read("pairs", 'A="1" B="a \\"b\\" \\x41"\nA="2" B=""\n') == [{"A": "1", "B": 'a "b" A'}, {"A": "2", "B": ""}]
    assert read("pairs", 'A="1"\nB="x"\n\nA="2"\nA="3"\nB="y"\n') == [
        {"A": "1", "B": "x"},
        {"A": "2"},
        {"A": "3", "B": "y"},
    ]
    assert read("pairs", "no pairs here\n") == []
    assert read("pairs", "") == []


def test_tabs_part_columns_and_blanks_do_not() -> None:
    assert read("tsv", "1\ta b\t\n\n2\tc\n") == [["1", "a b", ""], ["2", "c"]]


def test_a_key_without_a_path_or_with_a_broken_body_is_told_apart() -> None:
    good = "ssh-ed25519 " + base64.b64encode(b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + bytes(32)).decode()
    assert [
        key["account"] for key in read("authorized_keys", f"/etc/ssh/authorized_keys.d/m.ito:{good} x\n{good}\n")
    ] == [
        "m.ito",
        None,
    ]
    assert read("authorized_keys", "ssh-rsa AAAA=broken\n# ssh-rsa AAAAB3Nz\n") == []


LOG = """\
2026-11-20T08:00:00+01:00 jump sshd[71]: Accepted publickey for vendor.a from 192.0.2.7 port 50000 ssh2: RSA SHA256:abc
2026-11-20T08:00:00.5+01:00 jump sshd[71]: pam_unix(sshd:session): session opened for user vendor.a(uid=1001) by (uid=0)
2026-11-20T08:05:00+0100 jump sshd-session[72]: Accepted password for m.ito from 2001:db8::7 port 50001 ssh2
2026-11-20T08:30:00+01:00 jump sshd[71]: pam_unix(sshd:session): session closed for user vendor.a
2026-11-20T08:31:00+01:00 jump sshd[71]: Disconnected from user vendor.a 192.0.2.7 port 50000
2026-11-20T08:40:00+01:00 jump login[80]: pam_unix(login:session): session opened for user root(uid=0) by LOGIN(uid=0)
2026-11-20T08:41:00+01:00 jump login[80]: pam_unix(login:session): session closed for user root
2026-11-20T08:45:00+01:00 jump sshd[90]: Connection closed by authenticating user root 192.0.2.66 port 4 [preauth]
2026-11-20T08:46:00+01:00 jump sshd[91]: Failed password for invalid user admin from 192.0.2.66 port 5 ssh2
Nov 20 08:47:00 jump sshd[92]: Accepted password for nobody from 192.0.2.9 port 6 ssh2
2026-11-20T08:50:00+01:00 jump sudo[93]: pam_unix(sudo:session): session opened for user root(uid=0) by m.ito(uid=1002)
"""


def test_sessions_begin_with_an_accepted_credential_and_end_with_the_log_out() -> None:
    found = read("ssh_log", LOG)
    assert [(one["account"], one.get("from"), one["start"], one["end"]) for one in found] == [
        ("vendor.a", "192.0.2.7", "2026-11-20T08:00:00+01:00", "2026-11-20T08:30:00+01:00"),
        ("m.ito", "2001:db8::7", "2026-11-20T08:05:00+0100", None),
        ("root", None, "2026-11-20T08:40:00+01:00", "2026-11-20T08:41:00+01:00"),
    ]
    assert (found[0]["method"], found[0]["key"], found[1]["key"]) == ("publickey", "SHA256:abc", None)
    assert len({one["id"] for one in found}) == 3
    assert TEXT_FORMATS["time"](found[1]["start"]) == "2026-11-20T07:05:00Z"


@pytest.mark.real
def test_what_a_real_sshd_logs_is_a_session_with_its_end(sshd: Callable[..., Any]) -> None:
    server = sshd()
    options = ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR"]
    login = ["ssh", "-i", str(server.key_file), "-p", str(server.port), *options, f"{server.user}@127.0.0.1", "true"]
    subprocess.run(login, check=True, timeout=30, stdin=subprocess.DEVNULL)
    for _ in range(1_000_000):  # the log is read by a thread of its own
        if any("Disconnected from" in line for line in server.lines):
            break
    log = "".join(f"2026-11-20T08:00:{number:02}Z jump sshd[7]: {line}\n" for number, line in enumerate(server.lines))
    (found,) = read("ssh_log", log)
    accepted = next(line for line in server.lines if line.startswith("Accepted publickey"))
    port = re.search(r"port (\d+)", accepted)
    assert port is not None
    shown = subprocess.run(
        ["ssh-keygen", "-lf", server.key_file], check=True, capture_output=True, text=True, timeout=9
    )
    assert (found["account"], found["from"], found["port"]) == (server.user, "127.0.0.1", port[1])
    assert (found["method"], found["key"]) == ("publickey", shown.stdout.split()[1])
    assert found["end"] > found["start"]


CONFIG = {
    "sshd_config": "# first\nInclude {here}/d/*.conf\nPort 2201\nPort 2202\nPermitRootLogin yes\nMaxAuthTries 3\n"
    "AllowUsers a b\nAllowUsers c\nMatch User x\n  X11Forwarding yes\n",
    "d/10-a.conf": "permitrootlogin no\n  PasswordAuthentication no\n",
    "d/20-b.conf": 'PasswordAuthentication yes\nBanner "/etc/issue.net"\n',
}


def grepped(folder: Path) -> str:
    for name, text in CONFIG.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text.format(here=folder))
    grep = ["grep", "-rsE", "^[[:space:]]*[A-Za-z]", "--include=sshd_config", "--include=*.conf", str(folder)]
    return subprocess.run(grep, check=True, capture_output=True, text=True, timeout=9).stdout


def test_the_first_value_of_an_ssh_setting_counts_wherever_it_is_included(tmp_path: Path) -> None:
    found = read("sshd_config", grepped(tmp_path))
    assert found == {
        "permitrootlogin": "no",
        "passwordauthentication": "no",
        "banner": "/etc/issue.net",
        "port": "2201, 2202",
        "maxauthtries": "3",
        "allowusers": "a b, c",
        "match": "yes",
    }
    assert read("sshd_config", "") == {}


@pytest.mark.real
def test_the_settings_read_from_files_are_those_sshd_has(tmp_path: Path, ssh_keys: tuple[Path, Any]) -> None:
    files = read("sshd_config", grepped(tmp_path))
    Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    test = ["/usr/sbin/sshd", "-T", "-f", tmp_path / "sshd_config", "-h", ssh_keys[0] / "ed25519"]
    effective = read("sshd_config", subprocess.run(test, check=True, capture_output=True, text=True, timeout=9).stdout)
    assert files.pop("match") == "yes"
    assert files.pop("allowusers").replace(",", "").split() == effective["allowusers"].replace(",", "").split()
    assert {keyword: effective[keyword] for keyword in files} == files


@pytest.mark.parametrize("reader", ["pairs", "tsv", "authorized_keys", "ssh_log", "sshd_config"])
@pytest.mark.parametrize("data", [b"", b"\xff\x00\n:\n=\n", b"\t" * 1000, b'A="' * 1000, b"/:include /*\n" * 50])
def test_no_answer_is_too_strange_to_be_read(reader: str, data: bytes) -> None:
    json.dumps(READERS[reader](data, ""))


def test_seconds_are_shown_as_microseconds() -> None:
    assert TEXT_FORMATS["microseconds"]("-0.000012345") == "-12"
    assert TEXT_FORMATS["microseconds"]("no number") == ""
