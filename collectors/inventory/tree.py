"""An inventory file of groups, children, hosts and vars (YAML or JSON) put into a graph."""

from collections.abc import Mapping
from typing import Any

from collectors.inventory.graph import MAX_DEPTH, Graph
from collectors.inventory.names import PatternError, expand
from collectors.inventory.problem import InventoryError, Layer, Origin
from collectors.inventory.yamlfile import place

_SECTIONS = ("vars", "children", "hosts")


def add_tree(data: Mapping[object, object], path: str, graph: Graph) -> None:
    """Add what a parsed inventory file says to `graph`; raise `InventoryError` where Ansible would not read it."""
    for name, body in data.items():
        _add_group(name, body, Origin(path), graph)


def _add_group(name: object, body: object, above: Origin, graph: Graph) -> str | None:
    if not isinstance(name, str) or not name:
        raise InventoryError(f"{place(above, str(name))}: expected a group name as text, found {name!r:.80}")
    origin = Origin(above.path, (*above.trail, name))
    if len(origin.trail) > 2 * MAX_DEPTH:
        raise InventoryError(f"{above.path}: groups nested more than {MAX_DEPTH} deep")
    if body is None:
        return graph.add_group(name).name
    if not isinstance(body, dict):
        graph.warnings.append(f"{place(origin)}: skipped {name!r:.80}, which is not a group but {_kind(body)}")
        return None
    graph.add_group(name)
    for key in body:
        if key not in _SECTIONS:
            graph.warnings.append(
                f"{place(origin, str(key))}: skipped {str(key)!r:.80} in group {name}: expected vars, children or hosts"
            )
            continue
        section = _section(body, key, origin)
        inside = Origin(origin.path, (*origin.trail, key))
        if key == "vars" and section:
            graph.set_group_variables(name, section, inside)
        elif key == "children":
            _add_children(name, section, inside, graph)
        elif key == "hosts":
            _add_hosts(name, section, inside, graph)
    return name


def _section(body: dict[object, object], key: str, origin: Origin) -> dict[Any, object]:
    section = body[key]
    if isinstance(section, str):
        return {section: None}
    if section is None:
        return {}
    if not isinstance(section, dict):
        raise InventoryError(
            f"{place(origin, key)}: expected {key} of group {origin.trail[-1]} to be a mapping (names with a colon, "
            f"no dashes), found {_kind(section)}"
        )
    return section


def _add_children(parent: str, section: dict[str, object], origin: Origin, graph: Graph) -> None:
    for name, body in section.items():
        child = _add_group(name, body, origin, graph)
        if child is None:
            raise InventoryError(f"{place(origin, name)}: expected the group {name} to be a mapping, found no group")
        if child == parent:
            raise InventoryError(f"{place(origin, name)}: the group {name} is its own child")
        graph.add_child(parent, child)


def _add_hosts(group: str, section: Mapping[Any, object], origin: Origin, graph: Graph) -> None:
    for pattern, values in section.items():
        if not isinstance(pattern, str):
            where = place(origin, str(pattern))
            raise InventoryError(f"{where}: expected a host name as text, found {pattern!r:.80}: put it in quotes")
        here = Origin(origin.path, (*origin.trail, pattern))
        if values and not isinstance(values, dict):
            found = f"expected variables of {pattern} as a mapping, found {_kind(values)}"
            raise InventoryError(f"{place(here)}: {found}")
        try:
            hosts, port = expand(pattern)
        except PatternError as error:
            raise InventoryError(f"{place(here)}: {error}") from error
        for host in hosts:
            layers = graph.add_host(host, group, port, here)
            if isinstance(values, dict) and values:
                layers.append(Layer(values, here))


def _kind(value: object) -> str:
    """Say what a value is without showing it: it may be a secret."""
    return "a list" if isinstance(value, list) else "a single value"
