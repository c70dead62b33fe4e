"""What `doctor` looks at: each finding in words, with what to do about it."""

import base64
import hashlib
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from itertools import islice
from pathlib import Path
from types import MappingProxyType

from collectors.site import signers
from evidence.clock import parse_rfc3339, rfc3339
from evidence.errors import Error
from evidence.log.chain import read_store_info
from evidence.log.history import History
from evidence.log.keyring import Role, holds_keys, load_keyring
from evidence.log.ledger import read_ledger
from evidence.model.names import slug
from evidence.store.interface import MissingError, Store
from evidence.store.layout import CHECKPOINT_HINT_KEY
from evidence.store.open import open_store
from evidence.store.remote import Remote
from evidence.store.s3 import S3Store

OURS = ("collectors/", "evidence/")
"""Paths of an installed file list (RECORD) that are this program."""

MIN_FILES = 1_000
"""Inodes that have to be left: a run writes one file for each answer that differs from all others."""


class Health(StrEnum):
    """How well something is."""

    WELL = "well"
    NOTE = "note"
    ILL = "ill"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing looked at."""

    what: str
    health: Health
    said: str
    advice: str | None = None


def well(what: str, said: str) -> Finding:
    """Return a finding that nothing is wrong."""
    return Finding(what=what, health=Health.WELL, said=said)


def ill(what: str, said: str, advice: str | None = None) -> Finding:
    """Return a finding that has to be put right."""
    return Finding(what=what, health=Health.ILL, said=said, advice=advice)


def note(what: str, said: str, advice: str | None = None) -> Finding:
    """Return a finding that should be known."""
    return Finding(what=what, health=Health.NOTE, said=said, advice=advice)


def installation() -> Iterator[Finding]:
    """Compare the installed files with the list they were installed from (RECORD, PEP 376)."""
    try:
        installed = distribution("plantproof")
    except PackageNotFoundError:
        yield ill("installation", "plantproof is not installed as a package", "install it with pipx")
        return
    files = [one for one in installed.files or () if str(one).startswith(OURS) and one.hash]
    if not files:
        yield note("installation", f"version {installed.version}, run from a checkout: its files are on no list")
        return
    strange = [str(one) for one in files if not _as_recorded(installed, str(one), one.hash.value if one.hash else "")]
    if strange:
        more = f" and {len(strange) - 3} more" if len(strange) > 3 else ""
        yield ill(
            "installation",
            f"not as installed: {', '.join(strange[:3])}{more}",
            "install it again, in an environment of its own",
        )
    else:
        yield well("installation", f"version {installed.version}, {len(files)} files as installed")


def _as_recorded(installed: Distribution, name: str, recorded: str) -> bool:
    try:
        digest = hashlib.sha256(Path(str(installed.locate_file(name))).read_bytes()).digest()
    except OSError:
        return False
    return base64.urlsafe_b64encode(digest).decode().rstrip("=") == recorded


def libraries(available: Callable[[str], bool]) -> Iterator[Finding]:
    """Tell which device libraries are there."""
    for module, use, other in (
        ("gufo.snmp", "SNMP", "pysnmp"),
        ("pysnmp", "SNMP", "gufo.snmp"),
        ("netmiko", "network command lines", None),
        ("paramiko", "SSH", None),
    ):
        advice = f"pip install {module.replace('.', '-')}"
        if available(module):
            yield well("library", f"{module} is there, for {use}")
        elif other and available(other):
            yield note("library", f"{module} is missing: {use} goes through {other} alone", advice)
        else:
            yield ill("library", f"{module} is missing: no {use}", advice)


def clock(source: str, *, trusted: bool, blackouts: bool) -> Iterator[Finding]:
    """Tell whether the clock can be relied on."""
    if trusted:
        yield well("clock", source)
    elif blackouts:
        yield ill(
            "clock", f"{source}: with a blackout configured, nothing is collected", "run chrony or systemd-timesyncd"
        )
    else:
        yield note("clock", f"{source}: nothing says that it is right", "run chrony or systemd-timesyncd")


CLOCK_SLACK = timedelta(minutes=5)
"""By how much two machines' clocks may differ without anybody minding."""


LOOKED_INTO = 50
"""Newest parts whose times are looked at: a wrong clock that was put right shows for some weeks."""


def evidence_ahead(newest: str, now: datetime) -> Iterator[Finding]:
    """Tell where the newest evidence is of a time that has not come yet."""
    if parse_rfc3339(newest) > now + CLOCK_SLACK:
        yield ill(
            "clock",
            f"the newest evidence says it is of {newest}, and it is {rfc3339(now)} by this clock",
            "put the clock right; where it is, docs/disaster.md says what to do",
        )


def keys(folder: Path, environ: Mapping[str, str] = MappingProxyType({})) -> Iterator[Finding]:
    """Look at the keys and who may read them; some may be in the environment, or with an agent."""
    if not folder.is_dir() and not holds_keys(environ):
        yield note("keys", f"none at {folder} yet", "`plantproof init` or the first `collect` makes them")
        return
    try:
        keyring = load_keyring(folder, environ)
    except Error as error:
        yield ill("keys", str(error), error.hint)
        return
    yield well("keys", f"{', '.join(keyring.signing)} at {folder}")
    if (folder / Role.ROOT).exists():
        yield note(
            "keys",
            "the root key lies beside the working keys",
            f"move {folder / Role.ROOT} and {folder / 'spare'} offline",
        )
    if not folder.is_dir():
        return
    mode = stat.S_IMODE(folder.stat().st_mode)
    if mode & 0o022:
        yield ill("keys", f"others may write to {folder} (mode {mode:04o})", f"chmod go-w {folder}")


def store(spec: str, now: datetime, remote: Remote | None = None) -> Iterator[Finding]:
    """Look at the store: is it there, whose is it, is it of now, can it be written, what does a bucket honour."""
    try:
        found = open_store(spec, remote=remote)
        info = read_store_info(found)
    except MissingError:
        yield note("store", f"{spec} holds no log yet", "`plantproof init` or the first `collect` makes it")
        return
    except Error as error:
        yield note("store", str(error), error.hint)
        return
    yield well("store", f"{spec}: {info.origin}, owner {info.owner}")
    try:
        parts = islice(History.read(found).parts(newest_first=True), LOOKED_INTO)
        newest = max((part.ended for _, part in parts), default=None)
    except Error as error:
        yield ill("store", f"its log cannot be read: {error}", "`plantproof verify` says more")
    else:
        yield from evidence_ahead(newest, now) if newest else ()
    yield from _writable(found, spec)
    if isinstance(found, S3Store):
        yield from _bucket(found)


def _bucket(found: S3Store) -> Iterator[Finding]:
    try:
        habits = found.habits
    except Error as error:
        yield ill("bucket", str(error), error.hint)
        return
    if not habits.versioned:
        yield ill("bucket", f"versioning: {habits.versioning}", "keep evidence in a bucket with Object Lock")
    elif not habits.lock:
        yield note("bucket", "it has no Object Lock: whoever may delete, may delete evidence")
    elif found.retention is None and habits.default is None:
        yield note("bucket", "Object Lock, and nothing says how long", "set `retention:` in the site file")
    else:
        yield well("bucket", f"versions and Object Lock; retention {found.retention or habits.default}")


def _writable(found: Store, spec: str) -> Iterator[Finding]:
    try:
        found.replace(CHECKPOINT_HINT_KEY, found.get(CHECKPOINT_HINT_KEY))
    except MissingError:
        return
    except Error as error:
        yield ill("store", f"{spec} cannot be written: {error}", error.hint)


_NEEDED_FOR: Mapping[Role, str] = {
    Role.COLLECTOR: "nothing can be collected here",
    Role.SEALER: "`collect --no-seal` only; `plantproof seal` where that key is",
    Role.ASSESSOR: "nothing is judged here; `plantproof assess` where that key is",
}
"""What cannot be done without the key of a role."""


def roles(
    spec: str,
    folder: Path,
    *,
    owner: str,
    remote: Remote | None = None,
    environ: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[Finding]:
    """Tell what these keys may do in this store's log; nothing while either is missing, which is said elsewhere."""
    try:
        found = open_store(spec, remote=remote)
        keyring, authority = load_keyring(folder, environ), signers(found, read_ledger(found).authority)
    except Error:
        return
    if authority.owner != owner:
        yield ill(
            "store role",
            f"the log is {authority.owner}'s, the site file says {owner}",
            "correct `owner:`, or `store:` and `keys:`: every owner has a log of his own",
        )
    may = []
    for role, lacking in _NEEDED_FOR.items():
        key = keyring.signing.get(role)
        if key is None:
            yield note("store role", f"no {role} key at {folder}: {lacking}")
        elif role not in {granted for granted, _ in authority.keys.get(key.public.id, ())}:
            yield ill(
                "store role",
                f"the {role} key at {folder} is not known to {authority.origin}",
                "these are another store's keys: correct `keys:`, or restore the folder from its copy",
            )
        else:
            may.append(str(role))
    if may:
        yield well("store role", f"these keys may act as {', '.join(may)}")


def disk(folder: Path, *, needed: int) -> Iterator[Finding]:
    """Tell whether there is room where the evidence goes; `needed` are the bytes a run may want at once."""
    place = next((one for one in (folder, *folder.absolute().parents) if one.is_dir()), None)
    if place is None:
        return
    found = os.statvfs(place)
    free = found.f_bavail * found.f_frsize
    if free < needed or (found.f_files and found.f_favail < MIN_FILES):
        yield ill(
            "disk",
            f"{place}: {free // 1024 // 1024} MiB and {found.f_favail} files left",
            "make room, or move the store: a run that fills the disk ends, and what is due meanwhile is a gap",
        )
    else:
        yield well("disk", f"{place}: {free // 1024 // 1024} MiB left")


def writable_by_others(folder: Path) -> Iterator[Finding]:
    """Tell whether others on this machine may write where the evidence lies."""
    if folder.is_dir() and (mode := stat.S_IMODE(folder.stat().st_mode)) & 0o002:
        yield ill("store", f"anybody may write to {folder} (mode {mode:04o})", f"chmod o-w {folder}")


def key_files(paths: Iterable[Path]) -> Iterator[Finding]:
    """Look at the private keys the inventory names: there, readable by us, and by nobody else."""
    for path in sorted(set(paths)):
        try:
            mode = stat.S_IMODE(path.expanduser().stat().st_mode)
        except (OSError, RuntimeError):
            yield ill(
                "ssh key", f"{path} is not there, or may not be looked at", "correct ansible_ssh_private_key_file"
            )
            continue
        if mode & 0o077:
            yield ill("ssh key", f"others may use {path} (mode {mode:04o})", f"chmod 600 {path}")
        elif not os.access(path.expanduser(), os.R_OK):
            yield ill("ssh key", f"{path} is another user's", "run as that user, or give this one a key of its own")
        else:
            yield well("ssh key", f"{path}: only you may read it")


def readable_by_others(paths: Iterable[Path], *, holds_secrets: Callable[[Path], bool]) -> Iterator[Finding]:
    """Look for inventory files with credentials in them that others on this machine may read."""
    for path in paths:
        if not path.is_file() or not holds_secrets(path):
            continue
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o044:
            yield ill(
                "inventory", f"{path} holds credentials and others may read it (mode {mode:04o})", f"chmod 600 {path}"
            )
        else:
            yield well("inventory", f"{path} holds credentials and only you may read it")


def zones(names: Iterable[str]) -> Iterator[Finding]:
    """Tell of zones whose hold file would have another name than the zone."""
    for name in names:
        if slug(name) != name:
            yield note("zone", f"{name}: its hold file is called {slug(name)}")
