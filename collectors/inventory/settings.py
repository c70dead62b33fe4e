"""The few settings of Ansible's that concern how inventories are read: environment first, then `ansible.cfg`."""

import configparser
from collections.abc import Mapping
from pathlib import Path

from collectors.inventory.problem import InventoryError
from collectors.inventory.yamlfile import read_bytes

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


class AnsibleSettings:
    """Ansible's settings as its environment and `ansible.cfg` say them."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.file = _config_file(environ)
        """The `ansible.cfg` that counts."""
        self._parser = configparser.RawConfigParser(strict=False, inline_comment_prefixes=(";",))
        if self.file:
            try:
                self._parser.read_string(read_bytes(self.file).decode("utf-8", "replace"))
            except configparser.Error as error:
                raise InventoryError(f"{self.file}: expected an ansible.cfg, found: {error.message}") from error

    def change_reading(self) -> bool:
        """Whether they change what an inventory means."""
        if any(name in self._environ for name in _CHANGES_READING):
            return True
        keys = self._parser.options("defaults") if self._parser.has_section("defaults") else []
        return self._parser.has_section("inventory") or not _CHANGES_READING_IN_FILE.isdisjoint(keys)

    def text(self, variable: str, key: str) -> str:
        """Return one setting of `[defaults]`, empty where nobody made it."""
        return self._environ.get(variable) or str(self._parser.get("defaults", key, fallback=""))

    def path(self, variable: str, key: str) -> str:
        """Return a setting that is a path: one written in a file is relative to the file's folder."""
        written = self.text(variable, key)
        if not written or self._environ.get(variable) or self.file is None or written.startswith("$"):
            return written
        return str(self.file.parent / Path(written).expanduser())

    def inventory(self) -> tuple[str, ...]:
        """Return the sources they name."""
        named = self._environ.get("ANSIBLE_INVENTORY", "")
        folder = Path()
        if not named and self.file:
            named = self._parser.get("defaults", "inventory", fallback="")
            folder = self.file.parent
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
