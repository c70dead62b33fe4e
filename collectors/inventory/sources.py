"""Where an inventory comes from, and which sources we read ourselves."""

import os
import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from collectors.inventory.graph import UNGROUPED, Graph
from collectors.inventory.ini import add_ini
from collectors.inventory.names import split_port
from collectors.inventory.problem import InventoryError, Origin
from collectors.inventory.settings import AnsibleSettings
from collectors.inventory.tree import add_tree
from collectors.inventory.vault import NO_VAULT, Vault, VaultError, is_vaulted
from collectors.inventory.yamlfile import opened, parse, read_bytes

USUAL_PLACES = ("inventory", "inventory.yml", "inventory.yaml", "inventory.ini", "hosts.yml", "hosts", "inventories")
"""Looked for in the working directory, in this order, when nothing else names an inventory."""

_YAML_ENDINGS = ("", ".yml", ".yaml", ".json")
_IGNORED = re.compile(
    r"\..*|host_vars|group_vars|vars_plugins|.*(?:\.pyc|\.pyo|\.swp|\.bak|~|\.rpm|\.md|\.txt|\.rst|\.orig|\.cfg|\.retry)"
)
"""What Ansible passes over in a folder of inventories (ansible-core 2.19, INVENTORY_IGNORE_EXTS)."""
_MAX_DEPTH = 20
_YAML_LOOK = re.compile(rb"\A(?:\s*#.*\n|\s*\n)*(?:---|[\w.-]+:\s)")


class _DynamicError(Exception):
    """A source that only Ansible can read; never leaves this module."""


def default_sources(settings: AnsibleSettings) -> tuple[str, ...]:
    """Return the sources to use when none is named: Ansible's own setting, else one of `USUAL_PLACES`."""
    named = settings.inventory()
    if named:
        return named
    place = next((Path(place) for place in USUAL_PLACES if Path(place).exists()), None)
    if place is None:
        raise InventoryError(
            "no inventory is named and none is found here",
            hint=f"Use -i FILE, `inventory:` in plantproof.yml, or one of: {', '.join(USUAL_PLACES)}.",
        )
    if place.name != "inventories" or any(entry.is_file() for entry in place.iterdir()):
        return (str(place),)
    sites = sorted(entry for entry in place.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    if len(sites) != 1:
        raise InventoryError(
            f"expected one site in ./inventories, found {len(sites)}",
            hint="Name one: " + ", ".join(f"-i {site}" for site in sites[:5]) if sites else None,
        )
    return (str(sites[0]),)


def read_static(sources: Sequence[str], vault: Vault = NO_VAULT) -> Graph | None:
    """Return the graph of static sources, or `None` when one of them is for Ansible to read."""
    graph = Graph()
    try:
        for source in sources:
            _add_source(source, graph, vault, 0)
    except _DynamicError:
        return None
    graph.settle()
    return graph


def folders_beside(sources: Sequence[str]) -> tuple[Path, ...]:
    """Return the folders whose `group_vars/` and `host_vars/` belong to the sources, one for each source."""
    paths = [Path(source) for source in sources if "," not in source or Path(source).exists()]
    return tuple(path if path.is_dir() else path.parent for path in paths)


def _add_source(source: str, graph: Graph, vault: Vault, depth: int) -> None:
    path = Path(source)
    if path.is_dir():
        if depth > _MAX_DEPTH:
            raise InventoryError(f"{source}: folders nested more than {_MAX_DEPTH} deep")
        for name in sorted(entry.name for entry in path.iterdir()):
            if not _IGNORED.fullmatch(name):
                _add_source(str(path / name), graph, vault, depth + 1)
    elif path.exists():
        _add_file(path, graph, vault)
    elif "," in source:
        _add_list(source, graph)
    else:
        raise InventoryError(f"{source}: expected an inventory file or folder, found none")


def _add_file(path: Path, graph: Graph, vault: Vault) -> None:
    name = str(path)
    if not path.is_file() or path.suffix == ".toml" or os.access(path, os.X_OK):
        raise _DynamicError
    data = read_bytes(path)
    if not is_vaulted(data):
        _add_content(data, path, graph)
        return
    try:
        data = opened(data, vault)
    except VaultError as error:
        raise InventoryError(f"{name}: {error}", hint=error.hint) from None
    graph.vaulted.add(name)
    with suppress(InventoryError):  # which would quote it
        _add_content(data, path, graph)
        return
    raise InventoryError(f"{name}: expected an inventory in the encrypted file, found something else")


def _add_content(data: bytes, path: Path, graph: Graph) -> None:
    name = str(path)
    if path.suffix not in _YAML_ENDINGS:
        add_ini(data, name, graph)
        return
    try:
        content = parse(data, name)
    except InventoryError as error:
        if path.suffix:
            raise
        _add_without_ending(data, name, graph, error)
        return
    if isinstance(content, dict):
        if content.get("plugin"):
            raise _DynamicError
        add_tree(content, name, graph)
    elif not path.suffix:
        add_ini(data, name, graph)
    elif content is None:
        graph.warnings.append(f"{name}: empty")
    else:
        raise InventoryError(f"{name}:1: expected groups at the top of an inventory (a mapping), found something else")


def _add_without_ending(data: bytes, name: str, graph: Graph, not_yaml: InventoryError) -> None:
    """Add what is not YAML as INI; if it is neither, complain about what it looks like."""
    try:
        add_ini(data, name, graph)
    except InventoryError:
        if _YAML_LOOK.search(data):
            raise not_yaml from None
        raise


def _add_list(source: str, graph: Graph) -> None:
    for written in source.split(","):
        name, port = split_port(written.strip(), ranges=False)
        if name and name not in graph.hosts:
            graph.add_host(name, UNGROUPED, port, Origin(source))
