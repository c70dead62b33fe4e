"""How answers of hosts become documents: name-value pairs, tabbed columns, SSH keys, an SSH server's log and files."""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

MAX_LINES = 200_000
"""Most lines of one answer looked at; the SSH log of a jump host's busy week has a quarter of it."""

_PAIR = re.compile(r'([A-Za-z_][\w:.-]*)=("(?:[^"\\]|\\.)*"|\S*)')
_ESCAPE = re.compile(r"\\x([0-9a-fA-F]{2})|\\(.)")


def pairs(data: bytes, request: str) -> object:  # noqa: ARG001 - every reader is given the request
    """
    Read records of `NAME="value"`, as lslogins, lsblk and systemctl print them.

    A record is a line with several pairs, or pairs on lines of their own up to an empty line or a name that repeats.
    """
    records: list[dict[str, str]] = [{}]
    for line in _lines(data):
        found = [(name, _unquoted(value)) for name, value in _PAIR.findall(line)]
        if records[-1] and (len(found) != 1 or found[0][0] in records[-1]):
            records.append({})
        records[-1].update(found)
    return [record for record in records if record]


def _unquoted(value: str) -> str:
    if not value.startswith('"'):
        return value
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)) if found[1] else found[2], value[1:-1])


def tsv(data: bytes, request: str) -> object:  # noqa: ARG001
    """Read lines of columns separated by tabs: a list of lists."""
    return [line.split("\t") for line in _lines(data) if line]


_KEY = re.compile(
    r"(?:^|\s)(?P<type>(?:ssh|ecdsa|sk-ssh|sk-ecdsa)-[\w@.-]+) (?P<blob>AAAA[A-Za-z0-9+/=]+)(?: (?P<comment>.*))?$"
)
_FOUND_IN = re.compile(r"^(?P<path>[/.][^:]*):")
_OWNER = re.compile(r"/home/(?P<a>[^/]+)/|/authorized_keys(?:\.d)?/(?P<b>[^/]+)$|^/(?P<c>root)/")


def authorized_keys(data: bytes, request: str) -> object:  # noqa: ARG001
    """
    Read the public keys of authorized_keys files (sshd(8)) as `grep -H` prints them, path first.

    `sha256` is the fingerprint as ssh-keygen shows it; `account` whose key it is where the path tells, `options` what
    stands before the key.
    """
    found: list[Mapping[str, str | None]] = []
    for line in _lines(data):
        place = _FOUND_IN.match(line)
        path = place["path"] if place else ""
        entry = line[place.end() :] if place else line
        key = _KEY.search(entry)
        if key is None or entry.startswith("#"):
            continue
        try:
            blob = base64.b64decode(key["blob"], validate=True)
        except (binascii.Error, ValueError):
            continue
        owner = _OWNER.search(path)
        found.append(
            {
                "sha256": "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("="),
                "type": key["type"],
                "comment": key["comment"],
                "options": entry[: key.start()].strip() or None,
                "account": (owner["a"] or owner["b"] or owner["c"]) if owner else None,
                "path": path,
            }
        )
    return found


_LOGGED = re.compile(
    r"^(?P<at>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\S*) \S+ (?P<program>[\w-]+)\[(?P<pid>\d+)\]: (?P<what>.*)$"
)
_ACCEPTED = re.compile(
    r"Accepted (?P<method>\S+) for (?P<account>\S+) from (?P<from>\S+) port (?P<port>\d+)(?: ssh2)?"
    r"(?:: \S+ (?P<key>SHA256:\S+))?"
)
_LEFT = re.compile(
    r"(?:Disconnected from user \S+|Received disconnect from|Connection (?:closed|reset) by(?: user \S+)?"
    r"|Timeout, client not responding from user \S+) (?P<from>\S+) port (?P<port>\d+)"
)
_OPENED = re.compile(
    r"pam_unix\((?P<service>login|xrdp-sesman|gdm-password|lightdm):session\): session opened for "
    r"user (?P<account>[^\s(]+)"
)
_CLOSED = re.compile(r"pam_unix\((?:sshd|login|xrdp-sesman|gdm-password|lightdm):session\): session closed for user ")


def ssh_log(data: bytes, request: str) -> object:  # noqa: ARG001
    """
    Read sessions from a log of sshd and login with RFC 3339 times (journalctl -o short-iso, rsyslog's file format).

    A session begins when a credential is accepted and ends with the log-out or the lost connection, whichever the
    log says; without either it has no `end`. Sessions without a terminal (forwarding, file transfer) are in it.
    """
    sessions: list[dict[str, str | None]] = []
    by_process: dict[str, dict[str, str | None]] = {}
    by_peer: dict[tuple[str, str], dict[str, str | None]] = {}
    for line in _lines(data):
        logged = _LOGGED.match(line)
        if logged is None:
            continue
        at, pid, what = logged["at"], logged["pid"], logged["what"]
        if accepted := _ACCEPTED.match(what):
            session = {**accepted.groupdict(), "start": at, "end": None}
            session["id"] = f"{accepted['from']} {accepted['port']} {at}"
            by_peer[accepted["from"], accepted["port"]] = session
        elif opened := _OPENED.match(what):
            session = {**opened.groupdict(), "start": at, "end": None, "id": f"{opened['service']} {pid} {at}"}
        else:
            left = _LEFT.match(what)
            ended = by_process.get(pid) if _CLOSED.match(what) else left and by_peer.get((left["from"], left["port"]))
            if ended and ended["end"] is None:
                ended["end"] = at
            continue
        by_process[pid] = session
        sessions.append(session)
    return sessions


_MANY = frozenset(
    {"port", "listenaddress", "hostkey", "acceptenv", "setenv", "subsystem"}
    | {f"{which}{what}" for which in ("allow", "deny") for what in ("users", "groups")}
)
"""Keywords of sshd_config(5) whose lines add up; of all others the first value counts."""


def sshd_config(data: bytes, request: str) -> object:  # noqa: ARG001
    """
    Read the files of an SSH server's configuration as `grep -H` prints them: keyword in lower case -> value.

    `sshd_config` is the first; where it says `Include`, the files that match come, in order. What stands in a `Match`
    block holds for some connections only and is left out; `match` is `yes` where there is one. `sshd -T` prints the
    same without paths. What no file says is the server's default, and not here.
    """
    files: dict[str, list[str]] = {}
    for line in _lines(data):
        path, colon, rest = line.partition(":")
        if not line.startswith("/") or not colon:
            path, rest = "", line
        files.setdefault(path, []).append(rest)
    found: dict[str, list[str]] = {}
    if files:
        first = min(files, key=lambda path: (not path.endswith("sshd_config"), len(path)))
        for keyword, value in _directives(first, files, set()):
            values = found.setdefault(keyword, [])
            if keyword in _MANY or not values:
                values.append(value)
    return {keyword: ", ".join(values) for keyword, values in found.items()}


def _directives(path: str, files: Mapping[str, list[str]], seen: set[str]) -> Iterator[tuple[str, str]]:
    if path in seen:
        return
    seen.add(path)
    for line in files[path]:
        words = line.split(None, 1)
        if len(words) < 2 or words[0].startswith("#"):
            continue
        keyword, value = words[0].lower(), words[1].strip().strip('"')
        if keyword == "match":
            yield "match", "yes"
            return
        if keyword == "include":
            for pattern in value.split():
                whole = pattern if pattern.startswith("/") else f"/etc/ssh/{pattern}"
                for name in sorted(name for name in files if fnmatchcase(name, whole)):
                    yield from _directives(name, files, seen)
            continue
        yield keyword, value


def _lines(data: bytes) -> Iterator[str]:
    text = data.decode("utf-8", "replace").replace("\r\n", "\n")
    for _, line in zip(range(MAX_LINES), text.split("\n"), strict=False):
        yield line


HOST_READERS: Mapping[str, Any] = {
    "pairs": pairs,
    "tsv": tsv,
    "authorized_keys": authorized_keys,
    "ssh_log": ssh_log,
    "sshd_config": sshd_config,
}
"""Name of a reader in platform files -> how it reads."""
