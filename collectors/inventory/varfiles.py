"""`group_vars/` and `host_vars/` beside an inventory source: found as Ansible finds them, read once, on demand."""

import os
from collections.abc import Mapping
from pathlib import Path

from collectors.inventory.problem import InventoryError, Layer, Origin
from collectors.inventory.vault import NO_VAULT, Vault, VaultError
from collectors.inventory.yamlfile import load

EXTENSIONS = ("", ".yml", ".yaml", ".json")
"""In this order, and the first that exists wins: `web/` hides `web.yml`."""

MAX_FILES = 1_000
"""Most files in one `group_vars/<group>/` tree."""

_MAX_DEPTH = 20


class VariableFiles:
    """The variable files of one folder that holds `group_vars/` or `host_vars/`."""

    def __init__(self, folder: Path, vault: Vault = NO_VAULT) -> None:
        self._folder = folder
        self._vault = vault
        self._names: dict[str, Mapping[str, bool]] = {}
        """Whether each name in the folder is a folder itself."""
        self._layers: dict[tuple[str, str], tuple[Layer, ...]] = {}

    def of_group(self, name: str) -> tuple[Layer, ...]:
        """Return what `group_vars/` holds for a group."""
        return self._of("group_vars", name)

    def of_host(self, name: str) -> tuple[Layer, ...]:
        """Return what `host_vars/` holds for a host."""
        return self._read(self._find("host_vars", name))

    def _of(self, kind: str, name: str) -> tuple[Layer, ...]:
        layers = self._layers.get((kind, name))
        if layers is None:
            layers = self._layers[kind, name] = self._read(self._find(kind, name))
        return layers

    def _find(self, kind: str, name: str) -> tuple[str, ...]:
        if kind not in self._names:
            self._names[kind] = _names_in(f"{self._folder}/{kind}")
        names = self._names[kind]
        if "/" in name:
            return () if name.startswith("/") else self._find_deeper(kind, name)
        for extension in EXTENSIONS:
            is_folder = names.get(name + extension)
            if is_folder is not None:
                path = f"{self._folder}/{kind}/{name}{extension}"
                return tuple(_files_below(path, 0)) if is_folder else (path,)
        return ()

    def _find_deeper(self, kind: str, name: str) -> tuple[str, ...]:
        """Find the files of a host whose name holds a slash, which makes it a path."""
        folder, _, last = name.rpartition("/")
        inside = VariableFiles(self._folder / kind, self._vault)
        return inside._find(folder, last)

    def _read(self, paths: tuple[str, ...]) -> tuple[Layer, ...]:
        layers = []
        for path in paths:
            try:
                values, vaulted = load(path, self._vault)
            except VaultError as error:
                layers.append(Layer({}, Origin(path), vaulted=True, closed=error))
                continue
            if isinstance(values, dict):
                layers.append(Layer(values, Origin(path), vaulted))
            elif values:
                raise InventoryError(f"{path}:1: expected variables as a mapping (name: value), found something else")
        return tuple(layers)


def _names_in(folder: str) -> Mapping[str, bool]:
    """Return the names in a folder, and whether each is a folder itself; a link to nothing is no name."""
    try:
        with os.scandir(folder) as entries:
            return {entry.name: entry.is_dir() for entry in entries if not entry.is_symlink() or _leads(entry.path)}
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise InventoryError(f"{folder}: cannot be read: {error.strerror}") from error


def _leads(link: str) -> bool:
    return Path(link).exists()


def _files_below(folder: str, depth: int) -> list[str]:
    """Return the variable files of a folder in alphabetical order; hidden files and backups are not read."""
    found: list[str] = []
    for name, is_folder in sorted(_names_in(folder).items()):
        path = f"{folder}/{name}"
        extension = Path(name).suffix
        if name.startswith(".") or name.endswith("~") or extension not in EXTENSIONS:
            continue
        if is_folder:
            if not extension and depth < _MAX_DEPTH:
                found += _files_below(path, depth + 1)
        elif Path(path).is_file():
            found.append(path)
        if len(found) > MAX_FILES:
            raise InventoryError(f"{folder}: more than {MAX_FILES} variable files")
    return found
