"""Cosignatures (C2SP tlog-cosignature): who else saw the log, and what binds it from outside, all in all."""

from dataclasses import dataclass

from evidence.standalone.ed25519 import signed
from evidence.standalone.files import BROKEN, require
from evidence.standalone.forms import opened_note
from evidence.standalone.log_checks import LOG, Bound, LogChecks
from evidence.standalone.slots import utc
from evidence.standalone.tree import hashed

_LATEST = 253_402_300_800
"""The end of the year 9999, in seconds since 1970."""
_NAMED = frozenset(map(chr, range(0x21, 0x7F))) - {"+"}
"""What a witness' name is made of."""


@dataclass
class Cosignature:
    """What a witness says to have seen, and when, in seconds since 1970; not yet checked against any key."""

    seen: tuple[str, int, str]
    """Origin, size and root."""
    name: str
    at: int
    key_hash: bytes
    signature: bytes
    message: bytes

    def by(self, key: bytes) -> bool:
        """Tell whether the signature line names this key: by its hash with the name and the kind of signature, 4."""
        return hashed(self.name.encode(), b"\n\x04", key)[:4] == self.key_hash


def cosignature(data: bytes) -> Cosignature:
    """Read a cosignature: a note of a log's three lines and one line of 4 bytes of key hash, 8 of time, a signature."""
    name, origin, size, root, text, line = opened_note(data, "cosignature")
    require(len(line) == 76 and len(name) <= 200 and _NAMED.issuperset(name), "the signature line is no cosignature's")
    at = int.from_bytes(line[4:12], "big")
    require(0 < at < _LATEST, "a cosignature of a time that is none")
    return Cosignature((origin, size, root), name, at, line[:4], line[12:], b"cosignature/v1\ntime %d\n" % at + text)


def check_cosignatures(found: LogChecks) -> None:
    """Check every cosignature by a witness whose key was given; whoever else signed is named."""
    paths, seen, strangers = found.bundle.below(f"{LOG}cosig/"), list[int](), set[str]()
    roots = found.roots(int(path.split("/")[3]) for path in paths)
    for path in paths:
        size, name = int(path.split("/")[3]), path.split("/")[4]
        try:
            made = cosignature(found.bundle.read(path))
            origin, over, root = made.seen
            own = f"{made.key_hash.hex()}-{utc(made.at).replace('-', '').replace(':', '').lower()}"
            here = (origin, over, name) == (found.checkpoints[0][0], size, own)
            require(here, "a cosignature of something else lies there")
            keys = [key for key in found.witnesses if made.by(key)]
            if not keys:
                strangers.add(f"{made.name} ({made.key_hash.hex()})")
                continue
            held = any(signed(key, made.signature, made.message) for key in keys)
            require(held, f"the signature of {made.name} does not fit")
            require(roots.get(size) == root, f"{made.name} saw another log at {size} leaves: {root}")
        except BROKEN as error:
            found.failures.append(f"{path}: {error}")
        else:
            found.bounds.append(Bound(size, f"the cosignature by {made.name}", made.at))
            seen.append(size)
    unknown = [f"cosigned by {one}, whose key was not given: name it with --witness" for one in sorted(strangers)]
    found.gaps += unknown if paths else ["whether others saw the same log: it has no cosignature"]
    found.notes += [f"{len(seen)} cosignatures, the newest over {max(seen)} leaves"] if seen else []


def say_bounds(found: LogChecks) -> None:
    """Say what lies before the earliest anchor, and after the newest."""
    bounds, size = found.bounds, found.span[1]
    last = max(bounds, key=lambda one: one.size, default=Bound(0, ""))
    if last.size < size:
        found.gaps.append(f"the newest {size - last.size} of {size} leaves: no anchor binds them")
    if not bounds:
        return
    first = min(bounds, key=lambda one: (one.size, one.at is None, one.at or 0))
    parts = sum(one["kind"] == "part" and at < first.size for at, _, one in found.counting)
    if parts:
        before = f"nothing binds them before {_in_words(first)}"
        found.gaps.append(f"the first {first.size} leaves, {parts} parts among them: {before}")
    found.notes.append(f"the earliest anchor binds the leaves up to {first.size}: {_in_words(first)}")
    found.notes.append(f"the newest anchor binds the leaves up to {last.size}: {_in_words(last)}")


def _in_words(bound: Bound) -> str:
    return bound.what if bound.at is None else f"{bound.what} of {utc(bound.at)}"
