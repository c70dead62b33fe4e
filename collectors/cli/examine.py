"""Everything `doctor` examines, in order."""

import os
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from collectors import checkup
from collectors.cli.opening import opening
from collectors.cli.site import load_site
from collectors.cli.system import SystemClock, clock_state, lock_folder
from collectors.credentials import Secret
from collectors.inventory.read import read_inventory
from collectors.settings import Settings
from collectors.site import OpenSite, read_pins
from evidence.errors import Error
from evidence.log.keyring import load_keyring
from evidence.store.interface import Store
from evidence.store.open import open_store

MAX_LOOKED_INTO_BYTES = 64 * 1024 * 1024
"""So much of a file is looked through for credentials; the largest inventory we measure with has 8 MiB."""

LARGE_ANSWERS = 8
"""So many of the largest answers must find room on the disk: what a run may be keeping at one moment, and as much."""


def examine(
    inventory: tuple[str, ...], config: str | None, store: str | None, limit: str | None, said: Mapping[str, Any]
) -> Iterator[checkup.Finding]:
    """Yield what was found; `said` is what opens the inventory, `limit` at whose doors is knocked."""
    yield from checkup.installation()
    yield from checkup.libraries(_available)
    try:
        site = load_site(config, store=store)
    except Error as error:
        yield checkup.ill("site file", str(error), error.hint)
        return
    files = ", ".join(map(str, site.files))
    yield checkup.well("site file", files) if files else checkup.note("site file", "none: defaults apply")
    state = clock_state()
    yield from checkup.clock(state.source, trusted=state.trusted, blackouts=bool(site.blackouts))
    yield from checkup.keys(site.keys, os.environ)
    now = SystemClock().now
    remote = site.remote(now)
    yield from checkup.store(site.store, now(), remote)
    yield from checkup.roles(site.store, site.keys, owner=site.owner, remote=remote, environ=os.environ)
    if "://" not in site.store:
        yield from checkup.writable_by_others(Path(site.store))
        yield from checkup.disk(Path(site.store), needed=LARGE_ANSWERS * site.max_answer_bytes)
    opened_by = {**said, "credentials": site.credentials}
    yield from _inventory(inventory or site.inventory, opened_by)
    if limit:
        yield from _knocking(site, inventory, limit, opened_by)


def _inventory(sources: tuple[str, ...], said: Mapping[str, Any]) -> Iterator[checkup.Finding]:
    try:
        opened_with = opening(os.environ, **said)
        passwords = {Path(one.source) for one in opened_with.vault.passwords if one.source}
        yield from checkup.readable_by_others(
            sorted(passwords),
            holds_secrets=lambda path: not os.access(path, os.X_OK),  # a script asks for it elsewhere
        )
        read = read_inventory(sources, environ=os.environ, opening=opened_with)
    except Error as error:
        yield checkup.ill("inventory", str(error), error.hint)
        return
    yield checkup.well("inventory", f"{len(read.hosts)} hosts in {', '.join(read.sources)}")
    for warning in read.warnings:
        yield checkup.note("inventory", warning)
    secrets = [secret for host in read.hosts for secret in host.secrets()]
    files = [path for source in read.sources for path in _files(Path(source))]
    yield from checkup.readable_by_others(files, holds_secrets=lambda path: _holds(path, secrets))
    yield from checkup.zones(sorted({host.asset.zone for host in read.hosts if host.asset.zone}))
    yield from checkup.key_files(Path(host.ssh.key_file) for host in read.hosts if host.ssh and host.ssh.key_file)


def _knocking(
    site: Settings, sources: tuple[str, ...], limit: str, said: Mapping[str, Any]
) -> Iterator[checkup.Finding]:
    """Knock at the doors of the hosts that `limit` selects."""
    from collectors.cli.rules import closed_now, trusted_host_keys
    from collectors.conduct import Conduct
    from collectors.hold import held
    from collectors.locks import DeviceLocks
    from collectors.pace import Pace
    from collectors.probing import Round

    clock = SystemClock()
    try:
        hosts = read_inventory(sources, limit=limit, environ=os.environ, opening=opening(os.environ, **said)).hosts
    except Error as error:
        yield checkup.ill("inventory", str(error), error.hint)
        return
    closed, store = closed_now(site, clock), _existing(site, clock)
    by_id = {host.asset.id: host for host in hosts}
    conduct = Conduct(
        assets={asset: host.asset for asset, host in by_id.items()},
        clock=clock,
        pace=Pace(classes=site.paces),
        baselines={},
        held=lambda zone: held(store, zone, clock.now()) if store else None,
        wait=clock.wait,
        windows=lambda asset: closed(by_id[asset]),
    )
    yield from Round(
        conduct=conduct,
        locks=DeviceLocks(lock_folder()),
        host_keys=trusted_host_keys(site, _pins(site, store)),
        clock=clock,
        snmp_timeout_s=site.snmp_timeout_s,
        cli_timeout_s=site.cli_timeout_s,
    ).knock(hosts)


def _existing(site: Settings, clock: SystemClock) -> Store | None:
    """Return the site's store; nothing before the first run, when nobody can have put a zone on hold."""
    if "://" not in site.store and not Path(site.store).is_dir():
        return None
    return open_store(site.store, remote=site.remote(clock.now))


def _pins(site: Settings, store: Store | None) -> Mapping[str, str]:
    """Return the host keys that runs have pinned; none without a log and the keys it was made with."""
    try:
        return read_pins(OpenSite(store=store, keyring=load_keyring(site.keys, os.environ))) if store else {}
    except Error:
        return {}


def _files(source: Path) -> Iterator[Path]:
    if source.is_file():
        yield source
    folders = [source] if source.is_dir() else [source.parent / "group_vars", source.parent / "host_vars"]
    for folder in folders:
        yield from sorted(path for path in folder.rglob("*") if path.is_file())


def _holds(path: Path, secrets: list[Secret]) -> bool:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_LOOKED_INTO_BYTES)
    except OSError:  # not ours to read, so not read by the inventory either
        return False
    return any(secret.stands_in(data) for secret in secrets)


def _available(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False
