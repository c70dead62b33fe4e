"""
The kill switch: a plain file in the store that stops all polling of a zone.

`state/hold/<zone>` (or `state/hold/all`) needs no login and no tool: a plant engineer makes it with any editor. An
empty file holds until it is removed; a line `until 2026-11-23T06:00:00Z` ends the hold by itself. Anything that
cannot be read holds.
"""

import re
from datetime import datetime

from evidence.clock import TimeError, parse_rfc3339
from evidence.model.names import slug
from evidence.store.interface import MissingError, Store, StoreError

ALL = "all"
"""The name that holds every zone."""
MAX_HOLD_BYTES = 4096
"""Longest hold file that is looked into: two lines, with room; a longer one holds."""

_UNTIL = re.compile(r"^until\s+(\S+)\s*$", re.MULTILINE)
_REASON = re.compile(r"^reason\s+(.+)$", re.MULTILINE)


def hold_key(zone: str) -> str:
    """Return where the hold of a zone lies."""
    return f"state/hold/{slug(zone)}"


def write_hold(store: Store, zone: str, *, until: datetime | None, reason: str | None) -> str:
    """Hold a zone; return the key written."""
    lines = [f"until {until:%Y-%m-%dT%H:%M:%SZ}"] if until else []
    lines += [f"reason {reason}"] if reason else []
    key = hold_key(zone)
    store.replace(key, ("\n".join(lines) + "\n").encode())
    return key


def held(store: Store, zone: str, now: datetime) -> str | None:
    """Return why a zone is on hold, or `None`."""
    for name in (ALL, zone):
        try:
            text = store.get(hold_key(name))
        except MissingError:
            continue
        except StoreError as error:
            return f"on hold: the hold of {name} cannot be read ({error})"
        why = _why(name, text, now)
        if why:
            return why
    return None


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
