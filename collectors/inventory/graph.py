"""
Groups and hosts while an inventory is being read, and what Ansible derives from them: ancestors, depth, order.

The one mutable thing of this package: readers fill it, `settle` closes it, everything after only asks.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from collectors.inventory.names import MAX_HOSTS
from collectors.inventory.problem import InventoryError, Layer, Origin

ALL, UNGROUPED = "all", "ungrouped"

MAX_DEPTH = 100
"""Deepest nesting of groups; plants have fewer than ten levels, and every level costs memory for each group."""


@dataclass(slots=True)
class Group:
    """A group as far as it is known."""

    name: str
    priority: int = 1
    children: dict[str, None] = field(default_factory=dict)
    parents: dict[str, None] = field(default_factory=dict)
    hosts: dict[str, None] = field(default_factory=dict)
    layers: list[Layer] = field(default_factory=list)


class Graph:
    """What inventory sources say about groups, hosts and their variables, in the order they said it."""

    def __init__(self) -> None:
        self.groups: dict[str, Group] = {}
        self.hosts: dict[str, list[Layer]] = {}
        """Every host with the variables written beside its name."""
        self.member_of: dict[str, dict[str, None]] = {}
        """The groups that name the host themselves."""
        self.warnings: list[str] = []
        self.vaulted: set[str] = set()
        """Sources that were encrypted as a whole."""
        self._depth: dict[str, int] = {}
        self._ancestors: dict[str, frozenset[str]] = {}
        self.add_group(ALL)
        self.add_group(UNGROUPED)
        self.add_child(ALL, UNGROUPED)

    def add_group(self, name: str) -> Group:
        """Return the group of that name, new or not."""
        group = self.groups.get(name)
        if group is None:
            group = self.groups[name] = Group(name)
        return group

    def add_child(self, parent: str, child: str) -> None:
        """Put one known group below another."""
        self.groups[parent].children[child] = None
        self.groups[child].parents[parent] = None

    def add_host(self, name: str, group: str, port: int | None, origin: Origin) -> list[Layer]:
        """Put a host into a group and return its layers; a port counts where the host is named first."""
        layers = self.hosts.get(name)
        if layers is None:
            if len(self.hosts) >= MAX_HOSTS:
                raise InventoryError(f"{origin.path}: more than {MAX_HOSTS} hosts")
            _check_name(name, origin)
            layers = self.hosts[name] = []
            self.member_of[name] = {}
            if port:
                layers.append(Layer({"ansible_port": port}, origin))
        self.member_of[name][group] = None
        self.groups[group].hosts[name] = None
        return layers

    def set_group_variables(self, name: str, values: dict[str, object], origin: Origin) -> None:
        """Add variables to a group; `ansible_group_priority` orders it among its equals and is no variable."""
        group = self.groups[name]
        if "ansible_group_priority" in values:
            written = values["ansible_group_priority"]
            try:
                group.priority = int(written)  # type: ignore[call-overload]
            except (TypeError, ValueError):
                found = f"expected a whole number as ansible_group_priority of {name}, found {written!r:.40}"
                raise InventoryError(f"{origin.path}: {found}") from None
            values = {key: value for key, value in values.items() if key != "ansible_group_priority"}
        if values:
            group.layers.append(Layer(values, origin))

    def settle(self) -> None:
        """Close the graph: every group below `all`, every host in a group, no group above itself."""
        for group in self.groups.values():
            if group.name != ALL and not group.parents:
                self.add_child(ALL, group.name)
        self._order_groups()
        for host, groups in self.member_of.items():
            if groups.keys() - {ALL, UNGROUPED}:
                groups.pop(UNGROUPED, None)
                self.groups[UNGROUPED].hosts.pop(host, None)
            elif UNGROUPED not in groups:
                groups[UNGROUPED] = None
                self.groups[UNGROUPED].hosts[host] = None

    def _order_groups(self) -> None:
        """Set depth (longest way from `all`) and ancestors, parents first; a loop leaves groups without either."""
        waiting = {name: len(group.parents) for name, group in self.groups.items()}
        ready = [name for name, parents in waiting.items() if not parents]
        for name in ready:
            parents = self.groups[name].parents
            self._depth[name] = max((self._depth[parent] + 1 for parent in parents), default=0)
            if self._depth[name] > MAX_DEPTH:
                raise InventoryError(f"expected groups nested at most {MAX_DEPTH} deep, found {name!r:.80} deeper")
            self._ancestors[name] = frozenset(parents).union(*(self._ancestors[parent] for parent in parents))
            for child in self.groups[name].children:
                waiting[child] -= 1
                if not waiting[child]:
                    ready.append(child)
        looped = sorted(self.groups.keys() - self._depth.keys())
        if looped:
            raise InventoryError(f"expected groups to form a tree below all, found a loop through {looped[0]!r:.80}")

    def all_groups_of(self, direct: Iterable[str]) -> tuple[Group, ...]:
        """Return these groups and all above them but `all`, in the order in which their variables apply."""
        names = set(direct).union(*(self._ancestors[name] for name in direct)) - {ALL}
        groups = (self.groups[name] for name in names)
        return tuple(sorted(groups, key=lambda group: (self._depth[group.name], group.priority, group.name)))

    def below(self, name: str) -> Iterator[Group]:
        """Yield a group and all below it, level by level."""
        seen, level = {name}, [name]
        while level:
            yield from (self.groups[member] for member in level)
            below = dict.fromkeys(child for member in level for child in self.groups[member].children)
            level = [child for child in below if child not in seen]
            seen.update(level)

    def hosts_of(self, name: str) -> tuple[str, ...]:
        """Return the hosts of a group and of all groups below it, in inventory order."""
        return tuple(dict.fromkeys(host for group in self.below(name) for host in group.hosts))


def _check_name(name: str, origin: Origin) -> None:
    if not name or len(name) > 255 or not name.isprintable() or name != name.strip():
        raise InventoryError(
            f"{origin.path}: expected a host name of 1 to 255 printable characters, found {name!r:.80}"
        )
