"""Ansible inventories read into hosts: the one function that others call."""

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from collectors.credentials import Secret
from collectors.inventory.access import ASSET_KEYS, Login, login_from, read_asset, read_host
from collectors.inventory.credential_sources import NO_CREDENTIAL_SOURCES, CredentialSources
from collectors.inventory.external import ask_ansible
from collectors.inventory.extra import read_extra
from collectors.inventory.graph import ALL, Graph
from collectors.inventory.host import Host
from collectors.inventory.limit import LimitError, select
from collectors.inventory.render import render, templates
from collectors.inventory.resolve import Resolver
from collectors.inventory.settings import AnsibleSettings
from collectors.inventory.sources import default_sources, folders_beside, read_static
from collectors.inventory.values import Values
from collectors.inventory.vault import NO_VAULT, Vault
from evidence.errors import Error
from evidence.model.asset import Asset

_One = TypeVar("_One")
_AHEAD = 250
"""Hosts whose files are read before the first of them is looked at: a sixth less time with 10,000 files (2026-11)."""


@dataclass(frozen=True, slots=True)
class Opening:
    """How what is not plainly written is read."""

    vault: Vault = NO_VAULT
    """What opens encrypted values and files."""
    resolve: bool = False
    """Let Ansible render templates and lookups."""
    credentials: CredentialSources = NO_CREDENTIAL_SOURCES
    """Where secrets come from that the inventory only names."""


AS_WRITTEN = Opening()
"""Without passwords and without Ansible: what is encrypted or a template is an error where it is used."""


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
    opening: Opening = AS_WRITTEN,
    share: Callable[[Iterable[str]], tuple[str, ...]] | None = None,
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

    `opening` says how what is encrypted or a template is read. Of the hosts selected, and of no others, the variables
    we use are decrypted and rendered. `share` returns those that are this run's, where several share an inventory.
    """
    said = Login(user=user or None, password=password, enable=enable)
    with _unswept():
        found = _select(sources, limit, extra_vars, environ, opening, share=share)
        login = login_from(environ, said)
        hosts = tuple(read_host(values, groups, login) for values, groups in _ahead(found.each()))
        return found.inventory(hosts)


def read_assets(
    sources: Sequence[Path | str],
    *,
    extra_vars: Sequence[str] = (),
    environ: Mapping[str, str],
    opening: Opening = AS_WRITTEN,
) -> tuple[Asset, ...]:
    """Read what the inventory says its hosts are, as `read_inventory` does, and nothing that opens them."""
    with _unswept():
        found = _select(sources, None, extra_vars, environ, opening, used=ASSET_KEYS)
        return tuple(read_asset(values, groups) for values, groups in found.each())


def _ahead(each: Iterable[_One]) -> Iterator[_One]:
    """Yield what `each` does, some in advance: files and meanings read by turns cost more. Errors keep their place."""
    waiting: list[_One] = []
    try:
        for one in each:
            waiting.append(one)
            if len(waiting) == _AHEAD:
                yield from waiting
                waiting.clear()
    except Error:
        yield from waiting
        raise
    yield from waiting


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


@dataclass(frozen=True, slots=True)
class _Selected:
    """The hosts that were selected, before their variables are looked at."""

    graph: Graph
    resolver: Resolver
    sources: tuple[str, ...]
    order: tuple[str, ...]
    warnings: tuple[str, ...]
    vault: Vault
    credentials: CredentialSources

    def each(self) -> Iterator[tuple[Values, tuple[str, ...]]]:
        """Yield the variables and the groups of every host."""
        for host in self.order:
            variables = self.resolver.variables(host)
            values = Values(host, variables, self.resolver, self.vault, self.credentials)
            yield values, self.resolver.groups(host)

    def inventory(self, hosts: tuple[Host, ...]) -> Inventory:
        """Return what is handed out."""
        groups = _groups(self.graph, frozenset(self.order))
        return Inventory(hosts=hosts, groups=groups, sources=self.sources, warnings=self.warnings)


def _select(
    sources: Sequence[Path | str],
    limit: str | None,
    extra_vars: Sequence[str],
    environ: Mapping[str, str],
    opening: Opening,
    used: frozenset[str] | None = None,
    share: Callable[[Iterable[str]], tuple[str, ...]] | None = None,
) -> _Selected:
    vault = opening.vault
    graph, resolver, named = read_variables(sources, extra_vars=extra_vars, environ=environ, vault=vault)
    order = graph.hosts_of(ALL)
    unmatched: tuple[str, ...] = ()
    if limit:
        chosen, unmatched = select(graph, limit)
        order = tuple(host for host in order if host in chosen)
        if not order:
            raise LimitError(f"{', '.join(named)}: expected {limit!r:.80} to select a host, it selects none")
    if share:
        order = share(order)
    if opening.resolve:
        wanted = templates(resolver, order, used)
        for (host, key), value in render(wanted, resolver, named, extra_vars, environ, vault).items():
            resolver.replace(host, key, value)
    strangers = tuple(f"the pattern {pattern!r:.80} matches neither host nor group" for pattern in unmatched)
    warnings = (*vault.warnings, *graph.warnings, *strangers)
    return _Selected(graph, resolver, named, order, warnings, vault, opening.credentials)


def read_variables(
    sources: Sequence[Path | str],
    *,
    extra_vars: Sequence[str] = (),
    environ: Mapping[str, str],
    vault: Vault = NO_VAULT,
) -> tuple[Graph, Resolver, tuple[str, ...]]:
    """Return hosts and groups, what answers which variables apply to them, and the sources that were read."""
    settings = AnsibleSettings(environ)
    named = tuple(str(source) for source in sources) or default_sources(settings)
    extra = read_extra(extra_vars, vault)
    graph = None if settings.change_reading() else read_static(named, vault)
    if graph is None:
        graph = ask_ansible(named, environ, vault)
        return graph, Resolver(graph, beside=(), current=None, extra=extra), named
    beside = folders_beside(named)
    return graph, Resolver(graph, beside=beside, current=Path(), extra=extra, vault=vault), named


def _groups(graph: Graph, selected: frozenset[str]) -> tuple[HostGroup, ...]:
    return tuple(
        HostGroup(
            name=group.name,
            hosts=tuple(host for host in group.hosts if host in selected),
            children=tuple(group.children),
        )
        for group in graph.below(ALL)
    )
