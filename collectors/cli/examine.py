"""Everything `doctor` examines, in order."""

import os
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from collectors import checkup
from collectors.cli.opening import opening
from collectors.cli.site import load_site
from collectors.cli.system import SystemClock, clock_state
from collectors.credentials import Secret
from collectors.inventory.read import read_inventory
from evidence.errors import Error

MAX_LOOKED_INTO_BYTES = 64 * 1024 * 1024
"""So much of a file is looked through for credentials; the largest inventory we measure with has 8 MiB."""


def examine(
    inventory: tuple[str, ...], config: str | None, store: str | None, said: Mapping[str, Any]
) -> Iterator[checkup.Finding]:
    """Yield what was found; `said` is what opens the inventory."""
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
    yield from checkup.keys(site.keys)
    yield from checkup.store(site.store, site.remote(SystemClock().now))
    yield from _inventory(inventory or site.inventory, said)


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
