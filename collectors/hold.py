"""
The kill switch: a plain file in the store that stops all polling of a zone.

`state/hold/<zone>` (or `state/hold/all`) needs no login and no tool: a plant engineer makes it with any editor. An
empty file holds until it is removed; a line `until 2026-11-23T06:00:00Z` ends the hold by itself. Anything that
cannot be read holds, and so does a file whose name differs from the zone's as editors and people make it differ: in
capitals, or by `.txt` behind it.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Protocol

from evidence.clock import TimeError, parse_rfc3339
from evidence.model.names import slug
from evidence.store.interface import MissingError, Store, StoreError
from evidence.store.known import Remembers
from evidence.store.layout import HOLD_FOLDER, KeyNameError

ALL = "all"
"""The name that holds every zone."""
FAR_LOOK_S = 30.0
"""How often the holds in a store over the network are looked at: a run of an hour costs 120 requests, not 3,600."""
MAX_HOLD_BYTES = 4096
"""Longest hold file that is looked into: two lines, with room; a longer one holds."""

_UNTIL = re.compile(r"^until\s+(\S+)\s*$", re.MULTILINE)
_REASON = re.compile(r"^reason\s+(.+)$", re.MULTILINE)


def hold_key(zone: str) -> str:
    """Return where the hold of a zone lies."""
    return HOLD_FOLDER + slug(zone)


def write_hold(store: Store, zone: str, *, until: datetime | None, reason: str | None) -> str:
    """Hold a zone; return the key written."""
    lines = [f"until {until:%Y-%m-%dT%H:%M:%SZ}"] if until else []
    lines += [f"reason {' '.join(reason.split())}"] if reason else []
    key = hold_key(zone)
    store.replace(key, ("\n".join(lines) + "\n").encode("utf-8", "backslashreplace"))
    return key


class Readable(Protocol):
    """What a hold is read from."""

    def keys(self, prefix: str) -> Iterable[str]:
        """Return the keys that begin with `prefix`."""
        ...

    def get(self, key: str) -> bytes:
        """Return what lies under a key."""
        ...


class Glance:
    """The holds of a store that is far away, looked at twice a minute for all zones at once."""

    def __init__(self, store: Store, monotonic: Callable[[], float]) -> None:
        self._store = store
        self._monotonic = monotonic
        self._looked = float("-inf")
        self._keys: tuple[str, ...] = ()
        self._texts: dict[str, bytes] = {}

    def keys(self, prefix: str) -> Iterable[str]:
        """Return the keys that begin with `prefix`, as they were at most half a minute ago."""
        now = self._monotonic()
        if now - self._looked >= FAR_LOOK_S:
            self._keys, self._texts, self._looked = tuple(self._store.keys(prefix)), {}, now
        return self._keys

    def get(self, key: str) -> bytes:
        """Return what lay under a key when it was first read since the last look."""
        if key not in self._texts:
            self._texts[key] = self._store.get(key)
        return self._texts[key]


def glance(store: Store, monotonic: Callable[[], float]) -> Readable:
    """Return what a run reads the holds from: the store itself, or a glance at one that is far away."""
    return Glance(store, monotonic) if isinstance(store, Remembers) else store


def held(store: Readable, zone: str, now: datetime) -> str | None:
    """Return why a zone is on hold, or `None`."""
    try:
        there = [key.removeprefix(HOLD_FOLDER) for key in store.keys(HOLD_FOLDER)]
    except StoreError as error:
        return f"on hold: the holds cannot be read ({error})"
    for name, file in ((name, file) for name in (ALL, zone) for file in there if _means(file, name)):
        try:
            text = store.get(HOLD_FOLDER + file)
        except MissingError:
            continue
        except KeyNameError:  # nothing a store would write, so a person did
            return f"zone {name} is on hold by the file {file}"
        except StoreError as error:
            return f"on hold: the hold of {name} cannot be read ({error})"
        why = _why(name, text, now)
        if why:
            return why if file == slug(name) else f"{why} by the file {file}"
    return None


def _means(file: str, zone: str) -> bool:
    """Tell whether a file of this name was meant for the zone."""
    return file == slug(zone) or _plain(file).removesuffix(".txt") in (slug(zone), _plain(zone))


def _plain(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _why(name: str, text: bytes, now: datetime) -> str | None:
    content = text[:MAX_HOLD_BYTES].decode("utf-8", "replace")
    reason = _REASON.search(content)
    said = f": {reason[1].strip()[:200]}" if reason else ""
    until = _UNTIL.search(content)
    if until is None:
        return f"zone {name} is on hold{said}"
    try:
        ends = parse_rfc3339(until[1])
    except TimeError:
        return f"zone {name} is on hold, until a time that cannot be read{said}"
    return f"zone {name} is on hold until {until[1]}{said}" if now < ends else None
