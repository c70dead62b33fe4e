"""Ansible inventories read into hosts: the one function that others call."""

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from collectors.credentials import Secret
from collectors.inventory.access import Login, login_from, read_host
from collectors.inventory.external import ask_ansible
from collectors.inventory.extra import read_extra
from collectors.inventory.graph import ALL, Graph
from collectors.inventory.host import Host
from collectors.inventory.limit import LimitError, select
from collectors.inventory.resolve import Resolver
from collectors.inventory.sources import AnsibleSettings, default_sources, folders_beside, read_static
from collectors.inventory.values import Values


@dataclass(frozen=True, slots=True, kw_only=True)
class HostGroup:
    """A group of an inventory, reduced to the hosts that were selected."""

    name: str
    hosts: tuple[str, ...]
    """Hosts that the group names itself."""
    children: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """The selected hosts of an inventory, in its order."""

    hosts: tuple[Host, ...]
    groups: tuple[HostGroup, ...]
    """`all` first, then level by level."""
    sources: tuple[str, ...]
    warnings: tuple[str, ...]
    """What was passed over, in words for a person."""


def read_inventory(
    sources: Sequence[Path | str],
    *,
    limit: str | None = None,
    extra_vars: Sequence[str] = (),
    environ: Mapping[str, str],
    user: str | None = None,
    password: Secret | None = None,
    enable: Secret | None = None,
) -> Inventory:
    """
    Read the hosts of Ansible inventories; raise `InventoryError` where anything we use is not as expected.

    Static YAML, JSON and INI files, folders of them and lists (`a,b,`) are read here; where one of the sources is
    a script, a plugin's configuration or TOML, or Ansible's own settings change how inventories are read, all of
    them are left to `ansible-inventory`. Without `sources`: `ANSIBLE_INVENTORY`, ansible.cfg's `inventory`, then
    the usual places in the working directory (`collectors.inventory.sources.USUAL_PLACES`).

    `limit` is `-l`, `extra_vars` are `-e`; `user`, `password` and `enable` are `-u`, `-k` and `-K`, for hosts whose
    variables are silent. `environ` is handed to `ansible-inventory`, and its `ANSIBLE_NET_*` are a login for network
    devices that have none.
    """
    with _unswept():
        return _read(sources, limit, extra_vars, environ, Login(user=user or None, password=password, enable=enable))


@contextmanager
def _unswept() -> Iterator[None]:
    """Keep Python's cycle collector from walking again and again over what is being built: half of the time."""
    swept = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if swept:
            gc.enable()


def _read(
    sources: Sequence[Path | str],
    limit: str | None,
    extra_vars: Sequence[str],
    environ: Mapping[str, str],
    said: Login,
) -> Inventory:
    graph, resolver, named = read_variables(sources, extra_vars=extra_vars, environ=environ)
    order = graph.hosts_of(ALL)
    unmatched: tuple[str, ...] = ()
    if limit:
        chosen, unmatched = select(graph, limit)
        order = tuple(host for host in order if host in chosen)
        if not order:
            raise LimitError(f"{', '.join(named)}: expected {limit!r:.80} to select a host, it selects none")
    login = login_from(environ, said)
    hosts = tuple(
        read_host(Values(host, resolver.variables(host), resolver), resolver.groups(host), login) for host in order
    )
    strangers = tuple(f"the pattern {pattern!r:.80} matches neither host nor group" for pattern in unmatched)
    return Inventory(
        hosts=hosts,
        groups=_groups(graph, frozenset(order)),
        sources=named,
        warnings=(*graph.warnings, *strangers),
    )


def read_variables(
    sources: Sequence[Path | str], *, extra_vars: Sequence[str] = (), environ: Mapping[str, str]
) -> tuple[Graph, Resolver, tuple[str, ...]]:
    """Return hosts and groups, what answers which variables apply to them, and the sources that were read."""
    settings = AnsibleSettings(environ)
    named = tuple(str(source) for source in sources) or default_sources(settings)
    extra = read_extra(extra_vars)
    graph = None if settings.change_reading() else read_static(named)
    if graph is None:
        graph = ask_ansible(named, environ)
        return graph, Resolver(graph, beside=(), current=None, extra=extra), named
    return graph, Resolver(graph, beside=folders_beside(named), current=Path(), extra=extra), named


def _groups(graph: Graph, selected: frozenset[str]) -> tuple[HostGroup, ...]:
    return tuple(
        HostGroup(
            name=group.name,
            hosts=tuple(host for host in group.hosts if host in selected),
            children=tuple(group.children),
        )
        for group in graph.below(ALL)
    )
