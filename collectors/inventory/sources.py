"""Where an inventory comes from, and which sources we read ourselves."""

import configparser
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from collectors.inventory.graph import UNGROUPED, Graph
from collectors.inventory.ini import add_ini
from collectors.inventory.names import split_port
from collectors.inventory.problem import InventoryError, Origin
from collectors.inventory.tree import add_tree
from collectors.inventory.yamlfile import Vaulted, parse, read_bytes

USUAL_PLACES = ("inventory", "inventory.yml", "inventory.yaml", "inventory.ini", "hosts.yml", "hosts", "inventories")
"""Looked for in the working directory, in this order, when nothing else names an inventory."""

_YAML_ENDINGS = ("", ".yml", ".yaml", ".json")
_IGNORED = re.compile(
    r"\..*|host_vars|group_vars|vars_plugins|.*(?:\.pyc|\.pyo|\.swp|\.bak|~|\.rpm|\.md|\.txt|\.rst|\.orig|\.cfg|\.retry)"
)
"""What Ansible passes over in a folder of inventories (ansible-core 2.19, INVENTORY_IGNORE_EXTS)."""
_MAX_DEPTH = 20
_YAML_LOOK = re.compile(rb"\A(?:\s*#.*\n|\s*\n)*(?:---|[\w.-]+:\s)")

_CHANGES_READING = (
    "ANSIBLE_DUPLICATE_YAML_DICT_KEY",
    "ANSIBLE_HASH_BEHAVIOUR",
    "ANSIBLE_INVENTORY_ENABLED",
    "ANSIBLE_INVENTORY_IGNORE",
    "ANSIBLE_INVENTORY_IGNORE_REGEX",
    "ANSIBLE_PLAYBOOK_DIR",
    "ANSIBLE_PRECEDENCE",
    "ANSIBLE_RUN_VARS_PLUGINS",
    "ANSIBLE_TRANSFORM_INVALID_GROUP_CHARS",
    "ANSIBLE_VARS_ENABLED",
    "ANSIBLE_VARS_PLUGIN_STAGE",
    "ANSIBLE_YAML_FILENAME_EXT",
)
"""Settings that change what an inventory means; with one of them only Ansible itself is asked."""
_CHANGES_READING_IN_FILE = frozenset(
    {
        "duplicate_dict_key",
        "force_valid_group_names",
        "hash_behaviour",
        "inventory_ignore_extensions",
        "inventory_ignore_patterns",
        "playbook_dir",
        "precedence",
        "run_vars_plugins",
        "vars_plugins",
        "vars_plugins_enabled",
        "yaml_valid_extensions",
    }
)


class _DynamicError(Exception):
    """A source that only Ansible can read; never leaves this module."""


class AnsibleSettings:
    """The few settings of an `ansible.cfg` that concern inventories."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._path = _config_file(environ)
        self._parser = configparser.RawConfigParser(strict=False, inline_comment_prefixes=(";",))
        if self._path:
            try:
                self._parser.read_string(read_bytes(self._path).decode("utf-8", "replace"))
            except configparser.Error as error:
                raise InventoryError(f"{self._path}: expected an ansible.cfg, found: {error.message}") from error

    def change_reading(self) -> bool:
        """Whether they change what an inventory means."""
        if any(name in self._environ for name in _CHANGES_READING):
            return True
        keys = self._parser.options("defaults") if self._parser.has_section("defaults") else []
        return self._parser.has_section("inventory") or not _CHANGES_READING_IN_FILE.isdisjoint(keys)

    def inventory(self) -> tuple[str, ...]:
        """Return the sources they name."""
        named = self._environ.get("ANSIBLE_INVENTORY", "")
        folder = Path()
        if not named and self._path:
            named = self._parser.get("defaults", "inventory", fallback="")
            folder = self._path.parent
        return tuple(str(folder / Path(source.strip()).expanduser()) for source in named.split(",") if source.strip())


def _config_file(environ: Mapping[str, str]) -> Path | None:
    """Return the ansible.cfg that Ansible would use; one in a folder that anybody may write to is not."""
    places = [Path("ansible.cfg")] if not Path().stat().st_mode & 0o002 else []
    if "ANSIBLE_CONFIG" in environ:
        named = Path(environ["ANSIBLE_CONFIG"]).expanduser()
        places.insert(0, named / "ansible.cfg" if named.is_dir() else named)
    if "HOME" in environ:
        places.append(Path(environ["HOME"]) / ".ansible.cfg")
    places.append(Path("/etc/ansible/ansible.cfg"))
    return next((place for place in places if place.is_file()), None)


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


def read_static(sources: Sequence[str]) -> Graph | None:
    """Return the graph of static sources, or `None` when one of them is for Ansible to read."""
    graph = Graph()
    try:
        for source in sources:
            _add_source(source, graph, 0)
    except _DynamicError:
        return None
    graph.settle()
    return graph


def folders_beside(sources: Sequence[str]) -> tuple[Path, ...]:
    """Return the folders whose `group_vars/` and `host_vars/` belong to the sources, one for each source."""
    paths = [Path(source) for source in sources if "," not in source or Path(source).exists()]
    return tuple(path if path.is_dir() else path.parent for path in paths)


def _add_source(source: str, graph: Graph, depth: int) -> None:
    path = Path(source)
    if path.is_dir():
        if depth > _MAX_DEPTH:
            raise InventoryError(f"{source}: folders nested more than {_MAX_DEPTH} deep")
        for name in sorted(entry.name for entry in path.iterdir()):
            if not _IGNORED.fullmatch(name):
                _add_source(str(path / name), graph, depth + 1)
    elif path.exists():
        _add_file(path, graph)
    elif "," in source:
        _add_list(source, graph)
    else:
        raise InventoryError(f"{source}: expected an inventory file or folder, found none")


def _add_file(path: Path, graph: Graph) -> None:
    name = str(path)
    if not path.is_file() or path.suffix == ".toml" or os.access(path, os.X_OK):
        raise _DynamicError
    data = read_bytes(path)
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
    if isinstance(content, Vaulted):
        raise InventoryError(
            f"{name}: expected an inventory, found a file encrypted with Ansible Vault",
            hint="Vault is not read in this version: keep hosts in the open and secrets in a file named with -e @FILE.",
        )
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
