"""What SSH agreed for a connection, as a member of a capture's row, there and back."""

import re

from evidence.log.fields import Fields, ShapeError
from evidence.model.ssh import LEGACY, MAX_HOPS, SshLink

_REQUIRED = frozenset({"kex", "host_key", "cipher"})
_OPTIONAL = frozenset({"mac", "offered", "via"})
_NAME = re.compile(r"[!-+\--~]{1,64}")
"""The name of an algorithm (RFC 4250 §4.6.1)."""

MAX_HOP = 600
"""Longest host on the way, characters: a user, an address of 255, a port and a fingerprint."""


def link_row(link: SshLink) -> dict[str, object]:
    """Return the row of a connection; what there is none of is left out."""
    row: dict[str, object] = {"kex": link.kex, "host_key": link.host_key, "cipher": link.cipher}
    if link.mac is not None:
        row["mac"] = link.mac
    if link.offered:
        row["offered"] = list(link.offered)
    if link.via:
        row["via"] = list(link.via)
    return row


def read_link(value: object) -> SshLink:
    """Read what `link_row` writes."""
    row = Fields(value, "ssh", _REQUIRED, _OPTIONAL)
    named = {name: row.text(name, longest=64) for name in ("kex", "host_key", "cipher", "mac") if name in row}
    offered = row.rows("offered") if "offered" in row else ()
    via = row.rows("via") if "via" in row else ()
    legacy = tuple(sorted(name for name in offered if isinstance(name, str) and name in LEGACY))
    if not all(map(_NAME.fullmatch, named.values())):
        raise ShapeError("ssh: expected the names of algorithms, found something else")
    if legacy != offered or len(set(legacy)) < len(legacy) or ("offered" in row and not offered):
        raise ShapeError("ssh: offered: expected legacy algorithms in order, found something else")
    hops = tuple(hop for hop in via if isinstance(hop, str) and 0 < len(hop) <= MAX_HOP)
    if hops != via or len(hops) > MAX_HOPS or ("via" in row and not via):
        raise ShapeError(f"ssh: via: expected 1 to {MAX_HOPS} hosts, found something else")
    return SshLink(
        kex=named["kex"],
        host_key=named["host_key"],
        cipher=named["cipher"],
        mac=named.get("mac"),
        offered=legacy,
        via=hops,
    )
