"""SSH host keys: which are known, which are pinned, and what happens when another turns up (sshd(8), known_hosts)."""

import base64
import binascii
import fnmatch
import hashlib
import hmac
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NoReturn

from collectors.transports.interface import HostKeyError

UNCHECKED = "unchecked"
"""What a capture says where the inventory switched the check off."""

MAX_KNOWN_HOSTS_BYTES = 16 * 1024 * 1024
"""Most that is read of known_hosts text: 10,000 hosts with three keys each are 6 MB."""

_HASHED = "|1|"
_SSH_PORT = 22


@dataclass(frozen=True, slots=True)
class _Line:
    names: tuple[str, ...]
    key_type: str
    key: bytes
    revoked: bool


def fingerprint(key: bytes) -> str:
    """Return a host key's fingerprint as OpenSSH writes it: `SHA256:…`."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(key).digest()).decode().rstrip("=")


def address_name(host: str, port: int) -> str:
    """Return the name known_hosts and pins know an address by: `host`, or `[host]:port` off port 22."""
    return host if port == _SSH_PORT else f"[{host}]:{port}"


class HostKeys:
    """
    The host keys that are trusted. Safe to use from several threads.

    A pin is `SHA256:…`, or the key's type, a blank and `SHA256:…`; pins are looked at before known_hosts.
    """

    def __init__(
        self,
        *,
        known_hosts: Iterable[str] = (),
        pins: Mapping[str, str] | None = None,
        pin_on_first_use: bool = False,
    ) -> None:
        self._pins = dict(pins or {})
        self._new: dict[str, str] = {}
        self._pin_on_first_use = pin_on_first_use
        self._lock = threading.Lock()
        self._by_name: dict[str, list[_Line]] = {}
        self._by_pattern: list[_Line] = []
        self._revoked: set[bytes] = set()
        for text in known_hosts:
            self._read(text)

    def check(self, host: str, port: int, key_type: str, key: bytes, *, checking: bool = True) -> str:
        """
        Return what a capture says of this key: its fingerprint, or `unchecked` when `checking` is off.

        Raises `HostKeyError` when the key is unknown (unless the first one seen is pinned), revoked, or not the one
        that is known. A key that is revoked is refused even when `checking` is off.
        """
        name, seen = address_name(host, port), fingerprint(key)
        if key in self._revoked:
            raise HostKeyError(f"{name}: the host key {seen} is marked as revoked in known_hosts")
        if not checking:
            return UNCHECKED
        with self._lock:
            pin = self._pins.get(name)
            if pin is not None:
                if pin.split(" ")[-1] != seen:
                    _changed(name, key_type, seen, pin)
                return seen
        exact = self._lines(name)
        loose = exact or (self._lines(host) if port != _SSH_PORT else [])
        if any(line.key == key for line in loose):
            return seen
        if exact:
            _changed(name, key_type, seen, ", ".join(f"{line.key_type} {fingerprint(line.key)}" for line in exact))
        return self._first_seen(name, key_type, seen, host, port)

    def types(self, host: str, port: int) -> tuple[str, ...]:
        """Return the key types known for an address, so that the server is asked for one of those first."""
        name = address_name(host, port)
        with self._lock:
            pin = self._pins.get(name, "")
        if " " in pin:
            return (pin.split(" ")[0],)
        lines = self._lines(name) or (self._lines(host) if port != _SSH_PORT else [])
        return tuple(dict.fromkeys(line.key_type for line in lines))

    def new_pins(self) -> Mapping[str, str]:
        """Return what was pinned since this object was made: name -> `type SHA256:…`."""
        with self._lock:
            return dict(self._new)

    def _first_seen(self, name: str, key_type: str, seen: str, host: str, port: int) -> str:
        if not self._pin_on_first_use:
            at = "" if port == _SSH_PORT else f"-p {port} "
            raise HostKeyError(
                f"{name}: the host key is not known ({key_type} {seen})",
                hint="compare the fingerprint with the device's own, then:"
                f" ssh-keyscan {at}{host} >> ~/.ssh/known_hosts; or let the first key seen be pinned in the site file",
            )
        with self._lock:
            first = self._pins.setdefault(name, f"{key_type} {seen}")
            if first.split(" ")[-1] != seen:
                _changed(name, key_type, seen, first)
            self._new[name] = first
        return seen

    def _lines(self, name: str) -> list[_Line]:
        found = list(self._by_name.get(name.lower(), ()))
        found += [line for line in self._by_pattern if _matches(line.names, name)]
        return found

    def _read(self, text: str) -> None:
        if len(text) > MAX_KNOWN_HOSTS_BYTES:
            raise HostKeyError(f"a known_hosts file is larger than {MAX_KNOWN_HOSTS_BYTES} bytes")
        for raw in text.splitlines():
            line = _parse(raw)
            if line is None:
                continue
            if line.revoked:
                self._revoked.add(line.key)
            elif any(mark in name for name in line.names for mark in ("*", "?", "!", _HASHED)):
                self._by_pattern.append(line)
            else:
                for name in line.names:
                    self._by_name.setdefault(name.lower(), []).append(line)


def _parse(raw: str) -> _Line | None:
    """Read one line; what is no key (comments, certificate authorities, damage) grants nothing."""
    fields = raw.split()
    revoked = bool(fields) and fields[0] == "@revoked"
    if revoked:
        fields = fields[1:]
    if len(fields) < 3 or fields[0].startswith(("#", "@")):
        return None
    try:
        key = base64.b64decode(fields[2], validate=True)
    except (binascii.Error, ValueError):
        return None
    return _Line(names=tuple(fields[0].split(",")), key_type=fields[1], key=key, revoked=revoked)


def _matches(patterns: tuple[str, ...], name: str) -> bool:
    matched = False
    for pattern in patterns:
        if pattern.startswith(_HASHED):
            matched = matched or _hash_matches(pattern, name)
        elif pattern.startswith("!"):
            if _glob(pattern[1:], name):
                return False
        else:
            matched = matched or _glob(pattern, name)
    return matched


def _glob(pattern: str, name: str) -> bool:
    """Match `*` and `?` alone: the brackets of `[host]:port` are themselves."""
    return fnmatch.fnmatchcase(name.lower(), pattern.lower().replace("[", "[[]"))


def _hash_matches(pattern: str, name: str) -> bool:
    try:
        _, _, salt, digest = pattern.split("|")
        wanted = base64.b64decode(digest, validate=True)
        made = hmac.digest(base64.b64decode(salt, validate=True), name.encode(), "sha1")
    except (binascii.Error, ValueError):
        return False
    return hmac.compare_digest(made, wanted)


def _changed(name: str, key_type: str, seen: str, known: str) -> NoReturn:
    raise HostKeyError(
        f"{name}: the host key has CHANGED: known is {known}, presented was {key_type} {seen}",
        hint="if the device was replaced or reset, remove the old key; if not, somebody may stand in between",
    )
