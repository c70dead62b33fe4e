"""How answers of Linux hosts that need more than taking apart become documents: advisories, disks, password rules."""

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from evidence.normalise.host_readers import MAX_LINES, pairs

_ADVISORY = re.compile(
    r"^(?P<installed>i|) {1,2}(?P<id>\S+) +(?P<severity>\w+)/Sec\. +(?P<name>\S+)-[^-\s]+-[^-\s]+\.(?P<arch>\w+)$"
)
_SEVERITIES = ("Critical", "Important", "Moderate", "Low")
"""The words of Red Hat's rating, the worst first; others, and none at all, come behind."""


def dnf_advisories(data: bytes, request: str) -> object:  # noqa: ARG001 - every reader is given the request
    """
    Read what `dnf updateinfo list --all --security` prints: each package that lacks a fix once, with its advisories.

    An installed fix has an `i` before it. Where not even one of those is there, the repositories tell of no
    advisories: that nothing is missing cannot be said then, and nothing is returned.
    """
    found: dict[tuple[str, str], list[re.Match[str]]] = {}
    seen = False
    for line in _lines(data):
        if advisory := _ADVISORY.match(line):
            seen = True
            if not advisory["installed"]:
                found.setdefault((advisory["name"], advisory["arch"]), []).append(advisory)
    if not seen:
        return None
    return [
        {
            "name": name,
            "arch": arch,
            "severity": min((each["severity"] for each in several), key=_rank),
            "advisories": sorted({each["id"] for each in several}),
        }
        for (name, arch), several in found.items()
    ]


def _rank(severity: str) -> int:
    return _SEVERITIES.index(severity) if severity in _SEVERITIES else len(_SEVERITIES)


_MAX_STACKED = 32
"""Most layers looked through below a file system: disk, partition, RAID, LUKS, LVM are five."""


def block_devices(data: bytes, request: str) -> object:
    """
    Read `lsblk --pairs`: each file system that is in use, and whether everything it lies on is encrypted.

    `encrypted` is true where every way down to a disk leads through dm-crypt. What a disk or a hypervisor encrypts
    below is not seen from here.
    """
    devices: dict[str, dict[str, str]] = {}
    below: dict[str, set[str]] = {}
    for device in pairs(data, request):  # type: ignore[attr-defined]
        name = device.get("KNAME", "")
        devices.setdefault(name, device)
        below.setdefault(name, set()).update(parent for parent in [device.get("PKNAME", "")] if parent)

    def is_encrypted(name: str, layers: int) -> bool:
        if devices.get(name, {}).get("TYPE") == "crypt":
            return True
        parents = below.get(name, set())
        return bool(parents) and layers < _MAX_STACKED and all(is_encrypted(parent, layers + 1) for parent in parents)

    return [
        {
            "mount": device["MOUNTPOINT"],
            "type": device.get("FSTYPE", ""),
            "bytes": device.get("SIZE", ""),
            "encrypted": is_encrypted(name, 0),
        }
        for name, device in devices.items()
        if device.get("MOUNTPOINT")
    ]


_FOUND_IN = re.compile(r"^(?P<path>/[^:]+):\s*(?P<what>[^#\s].*)$")
_PAM = re.compile(r"-?(?P<kind>auth|password)\s+(?:\[[^\]]*\]|\S+)\s+(?:\S*/)?(?P<module>pam_\w+)\.so(?P<rest>.*)$")
_CHECKERS = ("pam_pwquality", "pam_cracklib", "pam_passwdqc")
_CONF = {"pam_pwquality": "pwquality.conf", "pam_faillock": "faillock.conf", "pam_pwhistory": "pwhistory.conf"}
"""Module -> the file it reads; what stands behind the module in PAM's own files goes before it (pwquality.conf(5))."""

_RULES = (
    ("min_length", "minlen", "password", ("pam_pwquality", "pam_cracklib", "pam_unix")),
    ("min_classes", "minclass", "password", ("pam_pwquality", "pam_cracklib")),
    ("history", "remember", "password", ("pam_pwhistory", "pam_unix")),
    ("lockout_after", "deny", "auth", ("pam_faillock", "pam_tally2")),
    ("unlock_s", "unlock_time", "auth", ("pam_faillock", "pam_tally2")),
)
"""What we call it, the option, the stack, and the modules that know it; the first that is there decides."""

_LOGIN_DEFS = {
    "PASS_MAX_DAYS": "max_days",
    "PASS_MIN_DAYS": "min_days",
    "PASS_WARN_AGE": "warn_days",
    "ENCRYPT_METHOD": "hash",
}
"""Of login.defs(5) what PAM leaves alone; lengths there count for nothing."""

_Options = dict[str, str]


def password_policy(data: bytes, request: str) -> object:  # noqa: ARG001
    """
    Read login.defs, PAM's stacks and their modules' files as `grep -H` prints them: a list of values for each rule.

    A module's file counts only where a stack has the module. What no file says is the module's default, and not here;
    two stacks that differ give two values. `quality` names the module that looks at new passwords, or says `none`.
    """
    found: dict[str, list[str]] = {}
    files: dict[str, _Options] = {}
    stacks: dict[tuple[str, str], dict[str, _Options]] = {}
    for path, what in _placed(data):
        if path.startswith("/etc/pam.d/"):
            if module := _PAM.match(what):
                stack = stacks.setdefault((path, module["kind"]), {})
                stack.setdefault(module["module"], {}).update(_options(module["rest"].split()))
        elif path == "/etc/login.defs":
            name, *values = what.split()
            if name in _LOGIN_DEFS:
                found.setdefault(_LOGIN_DEFS[name], values[:1])
        else:
            conf = path.removeprefix("/etc/security/").partition("/")[0].removesuffix(".d")
            files.setdefault(conf, {}).update(_options(["".join(what.partition("#")[0].split())]))
    for (_, kind), modules in stacks.items():
        for name, value in _of_a_stack(kind, modules, files):
            if value not in found.setdefault(name, []):
                found[name].append(value)
    return found


def _placed(data: bytes) -> list[tuple[str, str]]:
    """Return (path, line) of everything said: first the files of folders by name, then those that go before them."""
    said = [(place["path"], place["what"]) for line in _lines(data) if (place := _FOUND_IN.match(line))]
    return sorted(said, key=lambda each: (".conf.d/" not in each[0], each[0] if ".conf.d/" in each[0] else ""))


def _of_a_stack(kind: str, modules: Mapping[str, _Options], files: Mapping[str, _Options]) -> Iterator[tuple[str, str]]:
    if kind == "password" and "pam_unix" in modules:
        yield "quality", next((module for module in _CHECKERS if module in modules), "none")
    for name, option, where, known_to in _RULES:
        deciding = next((module for module in known_to if module in modules), None)
        if where == kind and deciding is not None:
            value = {**files.get(_CONF.get(deciding, ""), {}), **modules[deciding]}.get(option)
            if value is not None:
                yield name, value


def _options(words: list[str]) -> dict[str, str]:
    return {name: value for name, equals, value in (word.partition("=") for word in words) if equals}


def _lines(data: bytes) -> Iterator[str]:
    return islice(iter(data.decode("utf-8", "replace").replace("\r\n", "\n").split("\n")), MAX_LINES)


LINUX_READERS: Mapping[str, Any] = {
    "dnf_advisories": dnf_advisories,
    "block_devices": block_devices,
    "password_policy": password_policy,
}
"""Name of a reader in platform files -> how it reads."""
