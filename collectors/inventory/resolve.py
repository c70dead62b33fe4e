"""Which value of a variable applies to a host: Ansible's precedence, lowest first."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from collectors.inventory.graph import ALL, Graph
from collectors.inventory.problem import InventoryError, Layer
from collectors.inventory.varfiles import VariableFiles
from collectors.inventory.vault import NO_VAULT, Vault

PREFIX = "plantproof_"

ANSIBLE_KEYS = frozenset(
    {
        "ansible_become",
        "ansible_become_method",
        "ansible_become_pass",
        "ansible_become_password",
        "ansible_command_timeout",
        "ansible_connection",
        "ansible_host",
        "ansible_host_key_checking",
        "ansible_network_os",
        "ansible_password",
        "ansible_port",
        "ansible_private_key_file",
        "ansible_private_key_passphrase",
        "ansible_ssh_common_args",
        "ansible_ssh_host",
        "ansible_ssh_host_key_checking",
        "ansible_ssh_pass",
        "ansible_ssh_password",
        "ansible_ssh_port",
        "ansible_ssh_private_key_file",
        "ansible_ssh_private_key_passphrase",
        "ansible_ssh_user",
        "ansible_user",
    }
)
"""Ansible's variables that are read here; every other one of its variables is left alone."""


def is_used(key: object) -> bool:
    """Whether a variable is one of those that are read."""
    return isinstance(key, str) and (key in ANSIBLE_KEYS or key.startswith(PREFIX))


class Resolver:
    """Answers which variables apply to a host, and where each was written."""

    def __init__(
        self,
        graph: Graph,
        *,
        beside: Sequence[Path],
        current: Path | None,
        extra: Sequence[Layer] = (),
        vault: Vault = NO_VAULT,
    ) -> None:
        """
        Resolve over `graph` with the variable files of the folders `beside` its sources.

        `current` is the folder `ansible-inventory` runs in: its `group_vars/` and `host_vars/` count too, above
        those beside the sources.
        """
        folders: dict[Path, VariableFiles] = {}
        self._graph = graph
        self._beside = [folders.setdefault(path, VariableFiles(path, vault)) for path in beside]
        self._current = [folders.setdefault(current, VariableFiles(current, vault))] if current else []
        self._extra = tuple(extra)
        self._names: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._groups: dict[tuple[str, ...], tuple[tuple[Layer, ...], Mapping[str, object]]] = {}
        self._rendered: dict[str, dict[str, object]] = {}

    def variables(self, host: str) -> Mapping[str, object]:
        """Return the used variables of a host; raise `InventoryError` where a file that could hold them stays shut."""
        values = dict(self._of_groups(host)[1])
        for layer in self._own_layers(host):
            _check_open(host, layer)
            for key, value in layer.values.items():
                if key in ANSIBLE_KEYS or (isinstance(key, str) and key.startswith(PREFIX)):
                    values[key] = value
        values.update(self._rendered.get(host, {}))
        return values

    def replace(self, host: str, key: str, value: object) -> None:
        """Let `value`, which Ansible rendered, stand for the template that was written."""
        self._rendered.setdefault(host, {})[key] = value

    def hides(self, host: str, key: str) -> bool:
        """Tell whether the value of `key` was encrypted, or made by a template of things that may have been."""
        if key in self._rendered.get(host, {}):
            return True
        layer = self.layer_of(host, key)
        return layer.vaulted or layer.origin.path in self._graph.vaulted

    def groups(self, host: str) -> tuple[str, ...]:
        """Return the names of a host's groups in alphabetical order, `all` left out (Ansible's `group_names`)."""
        direct = tuple(self._graph.member_of[host])
        names = self._names.get(direct)
        if names is None:
            names = self._names[direct] = tuple(sorted(group.name for group in self._graph.all_groups_of(direct)))
        return names

    def layer_of(self, host: str, key: str) -> Layer:
        """Return the layer whose value of `key` applies to `host`."""
        layers = (*self._of_groups(host)[0], *self._own_layers(host))
        return next(layer for layer in reversed(layers) if key in layer.values)

    def _own_layers(self, host: str) -> list[Layer]:
        layers = list(self._graph.hosts[host])
        for files in (*self._beside, *self._current):
            layers += files.of_host(host)
        layers += self._extra
        return layers

    def _of_groups(self, host: str) -> tuple[tuple[Layer, ...], Mapping[str, object]]:
        """Return the layers of a host's groups, lowest first, and what they come to; shared by all its siblings."""
        direct = tuple(self._graph.member_of[host])
        known = self._groups.get(direct)
        if known is None:
            layers = tuple(self._group_layers(direct))
            values: dict[str, object] = {}
            for layer in layers:
                _check_open(host, layer)
                values.update((key, value) for key, value in layer.values.items() if is_used(key))
            known = self._groups[direct] = (layers, values)
        return known

    def _group_layers(self, direct: tuple[str, ...]) -> list[Layer]:
        groups = self._graph.all_groups_of(direct)
        layers = list(self._graph.groups[ALL].layers)
        for group in groups:
            layers += group.layers
        for folders in (self._beside, self._current):
            for files in folders:
                layers += files.of_group(ALL)
        for folders in (self._beside, self._current):
            for files in folders:
                for group in groups:
                    layers += files.of_group(group.name)
        return layers


def _check_open(host: str, layer: Layer) -> None:
    if layer.closed:
        raise InventoryError(f"{layer.origin.path}: {host}: {layer.closed}", hint=layer.closed.hint) from None
