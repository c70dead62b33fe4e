"""How an inventory is told to a person and to a machine; no secret is ever part of it."""

from collections.abc import Iterator, Mapping

from collectors.inventory.read import HostGroup, Inventory
from collectors.plan import Knowledge, Plan, Visit, make_plan
from evidence.cli.output import json_line, table
from evidence.harmless import one_line

SCHEMA = "urn:plantproof:inventory:v1"
"""Version of what `--format json` prints."""

_HEADERS = ("ASSET", "ADDRESS", "PLATFORM", "TRANSPORTS", "ZONE", "SAFETY", "MISSING")
_LEDGER = ("site", "zone", "role", "criticality", "function", "accountable", "vendor", "management_path")
_DATES = ("contract_end", "support_end", "powered")


def tell_hosts(found: Inventory) -> Iterator[str]:
    """Yield the names of the hosts."""
    return (one_line(host.asset.id) for host in found.hosts)


def tell_graph(found: Inventory) -> Iterator[str]:
    """Yield groups and hosts as `ansible-inventory --graph` draws them; a group in two places is drawn twice."""
    groups = {group.name: group for group in found.groups}
    return _branch(groups["all"], groups, 0)


def tell_assets(found: Inventory, knowledge: Knowledge, *, json_output: bool) -> Iterator[str]:
    """Yield the assets with platform, transports and what is missing."""
    visits = _in_order(make_plan(found.hosts, knowledge, clear={host.asset.id for host in found.hosts}), found)
    if json_output:
        assets = [_row(visit) for visit in visits]
        yield json_line({"schema": SCHEMA, "sources": list(found.sources), "assets": assets})
    else:
        yield from table(_HEADERS, (_cells(visit) for visit in visits))


def _in_order(plan: Plan, found: Inventory) -> list[Visit]:
    """Return the visits as the inventory lists them; the plan shuffles them."""
    by_asset = {visit.asset: visit for visit in plan.visits}
    return [by_asset[host.asset.id] for host in found.hosts]


def _cells(visit: Visit) -> tuple[str, ...]:
    asset = visit.host.asset
    platform = visit.platform.name if visit.platform else asset.platform or asset.network_os
    return (
        asset.id,
        asset.address,
        platform or "(to be found)",
        " ".join(visit.transports) or "-",
        asset.zone or "-",
        asset.safety,
        "; ".join(_missing(visit)),
    )


def _missing(visit: Visit) -> list[str]:
    """Return what stands in the way, and what an auditor would ask for."""
    missing = list(visit.problems)
    if visit.verdict and visit.verdict.reason and not visit.problems:
        missing.append(visit.verdict.reason)
    ssh = visit.host.ssh
    if "ssh" in visit.transports and ssh and not ssh.user:
        missing.append("ssh: no ansible_user")
    if "telnet" in visit.transports:
        missing.append("telnet: only where an exception from CFG-05 accepts it: password and answers are in the clear")
    if ssh and not ssh.host_key_checking:
        missing.append("ssh: host keys are not checked")
    snmp = visit.host.snmp
    if snmp and snmp.version == "3" and not (snmp.auth and snmp.priv):
        missing.append("snmp: v3 without " + ("encryption" if snmp.auth else "authentication"))
    if not visit.host.asset.zone:
        missing.append("no zone")
    return missing


def _row(visit: Visit) -> dict[str, object]:
    """Return one asset for machines: names and kinds of credentials, never a value."""
    asset, snmp, ssh = visit.host.asset, visit.host.snmp, visit.host.ssh
    return {
        "asset": asset.id,
        "address": asset.address,
        "platform": visit.platform.name if visit.platform else asset.platform,
        "network_os": asset.network_os,
        "transports": list(visit.transports),
        "safety": asset.safety,
        **{name: getattr(asset, name) for name in (*_LEDGER, *_DATES)},
        "direct_ok": asset.direct_ok,
        "groups": list(asset.groups),
        "snmp": snmp and {"port": snmp.port, "version": snmp.version, "auth": snmp.auth, "priv": snmp.priv},
        "ssh": ssh and {"port": ssh.port, "user": ssh.shown_user, "host_key_checking": ssh.host_key_checking},
        "local": visit.host.local,
        "missing": _missing(visit),
    }


def _branch(group: HostGroup, groups: Mapping[str, HostGroup], depth: int) -> Iterator[str]:
    yield _leaf(f"@{one_line(group.name)}:", depth)
    for child in group.children:
        yield from _branch(groups[child], groups, depth + 1)
    if group.name != "all":
        for host in group.hosts:
            yield _leaf(one_line(host), depth + 1)


def _leaf(name: str, depth: int) -> str:
    return f"{'  |' * depth}--{name}" if depth else name
