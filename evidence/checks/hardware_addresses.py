"""MAC addresses: which of them name one device, and which of them belong to whom."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from evidence.checks.estate import Estate
from evidence.checks.tables import Tables
from evidence.model.capture import Capture
from evidence.model.tuples import made

_VIRTUAL = (
    "00:00:5e:00:01:",  # VRRP for IPv4 (RFC 5798 §7.3)
    "00:00:5e:00:02:",  # VRRP for IPv6
    "00:00:0c:07:ac:",  # HSRP (RFC 2281 §5.3)
    "00:00:0c:9f:f",  # HSRP version 2
    "00:05:73:a0:0",  # HSRP for IPv6
    "00:07:b4:00:",  # GLBP
)
"""Addresses that routers share among each other: they wander, and name no device."""

_NOBODYS = "|".join(("00:00:00:00:00:00", *_VIRTUAL))
_OF_A_DEVICE = re.compile(rf"(?!{_NOBODYS})[0-9a-f][02468ace](?::[0-9a-f]{{2}}){{5}}")
"""An even first octet: those of groups are odd (IEEE 802, I/G bit)."""


class Address(NamedTuple):
    """One MAC address where a device saw it."""

    mac: str
    place: str
    """The port, as the device calls it; or the network address it answers for."""
    row: str
    """Row of the table it stands in."""
    told: Capture
    """The answer that says so."""


OWN_OR_INVALID = ("self", "invalid")
"""Status of what stands in a forwarding table and was not learned at a port, or is not there any more."""


def names_a_device(mac: str) -> bool:
    """Say whether an address can belong to one device: not a group's, not shared by routers, not nothing."""
    return _OF_A_DEVICE.fullmatch(mac) is not None


def is_made_up(mac: str) -> bool:
    """Say whether an address is locally administered (IEEE 802, U/L bit): given by software, not by a maker."""
    return mac[1] in "2367abef"


def on_ports(tables: Tables) -> tuple[Address, ...]:
    """Return the addresses a switch learned, each with its port; those of the switch itself are left out."""
    return tables.once(_on_ports)


def _on_ports(tables: Tables) -> tuple[Address, ...]:
    names, ports, statuses = port_names(tables), ports_of(tables), tables.values("mac", "status")
    addresses, others = tables.column("mac", "address"), tables.column("mac", "mac")
    found: list[Address] = []
    for row, value in tables.values("mac", "address", "mac").items():
        mac = value.lower()
        if statuses.get(row) not in OWN_OR_INVALID and names_a_device(mac):
            told = (addresses if row in addresses.values else others).told(row)
            port = ports.get(row, "")
            found.append(made(Address, (mac, names.get(port, port), row, told)))
    return tuple(found)


def port_names(tables: Tables) -> Mapping[str, str]:
    """Return the names of an asset's interfaces, by what a forwarding table calls them."""
    return tables.values("interface", "name")


def ports_of(tables: Tables) -> Mapping[str, str]:
    """Return the port of each row of a forwarding table, as the row says it."""
    return tables.values("mac", "interface", "port", "bridge_port")


def behind_addresses(tables: Tables) -> tuple[Address, ...]:
    """Return the addresses of an ARP or neighbour table, each with the network address it answers for."""
    return tables.once(_behind_addresses)


def _behind_addresses(tables: Tables) -> tuple[Address, ...]:
    macs, addresses, types = tables.column("arp", "mac"), tables.values("arp", "address"), tables.values("arp", "type")
    return tuple(
        made(Address, (mac, addresses[row], row, macs.told(row)))
        for row, value in macs.values.items()
        if row in addresses and types.get(row) != "invalid" and names_a_device(mac := value.lower())
    )


def own(tables: Tables) -> Mapping[str, str]:
    """Return an asset's own interfaces that have an address which names a device, with that address."""
    return tables.once(_own)


def _own(tables: Tables) -> Mapping[str, str]:
    macs = ((row, value.lower()) for row, value in tables.values("interface", "mac").items())
    return {row: mac for row, mac in macs if names_a_device(mac)}


def known(estate: Estate) -> frozenset[str]:
    """Return every address that belongs to an asset of the ledger, or that a person says is known."""
    found = {one.values["mac"] for one in estate.registers.attestations if one.kind == "known-device"}
    addresses = {subject.asset.address for subject in estate.subjects.values() if subject.asset}
    names = {fact.value for subject in estate.subjects.values() if (fact := subject.fact("system.name"))}
    for subject in estate.subjects.values():
        tables = subject.tables
        found.update(own(tables).values())
        found.update(one.mac for one in behind_addresses(tables) if one.place in addresses)
        chassis, macs = tables.values("neighbour", "chassis"), tables.values("mac", "address", "mac")
        named = (row for row, name in tables.values("neighbour", "name").items() if name in names)
        found.update(chassis.get(row, "").lower() for row in named)
        its_own = (row for row, status in tables.values("mac", "status").items() if status == "self")
        found.update(macs.get(row, "").lower() for row in its_own)
    return frozenset(found)
