"""MAC addresses: which of them name one device, and which of them belong to whom."""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from evidence.checks.estate import Estate
from evidence.checks.tables import TableRow, Tables
from evidence.model.capture import Capture

_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")

_VIRTUAL = (
    "00:00:5e:00:01:",  # VRRP for IPv4 (RFC 5798 §7.3)
    "00:00:5e:00:02:",  # VRRP for IPv6
    "00:00:0c:07:ac:",  # HSRP (RFC 2281 §5.3)
    "00:00:0c:9f:f",  # HSRP version 2
    "00:05:73:a0:0",  # HSRP for IPv6
    "00:07:b4:00:",  # GLBP
)
"""Addresses that routers share among each other: they wander, and name no device."""


class Address(NamedTuple):
    """One MAC address where a device saw it."""

    mac: str
    place: str
    """The port, as the device calls it; or the network address it answers for."""
    row: str
    """Row of the table it stands in."""
    told: Capture
    """The answer that says so."""


def names_a_device(mac: str) -> bool:
    """Say whether an address can belong to one device: not a group's, not shared by routers, not nothing."""
    if not _MAC.fullmatch(mac) or mac == "00:00:00:00:00:00":
        return False
    return not int(mac[:2], 16) & 1 and not mac.startswith(_VIRTUAL)


def is_made_up(mac: str) -> bool:
    """Say whether an address is locally administered (IEEE 802, U/L bit): given by software, not by a maker."""
    return bool(int(mac[:2], 16) & 2)


def on_ports(tables: Tables) -> tuple[Address, ...]:
    """Return the addresses a switch learned, each with its port; those of the switch itself are left out."""
    return tables.once(_on_ports)


def _on_ports(tables: Tables) -> tuple[Address, ...]:
    names, found = port_names(tables), list[Address]()
    for row in tables.rows("mac"):
        cells = {cell.column: cell for cell in row.cells}
        cell = cells.get("address") or cells.get("mac")
        status = cells.get("status")
        if cell is None or (status is not None and status.value in ("self", "invalid")):
            continue
        port = port_of(row.text)
        mac = cell.value.lower()
        if names_a_device(mac):
            found.append(Address(mac, names.get(port, port), row.name, cell.told))
    return tuple(found)


def port_names(tables: Tables) -> dict[str, str]:
    """Return the names of an asset's interfaces, by what a forwarding table calls them."""
    return {row.name: row.text("name") or row.name for row in tables.rows("interface")}


def port_of(column: Callable[[str], str | None]) -> str:
    """Return the port of a row of a forwarding table, as the row says it; `column` gives its columns."""
    return column("interface") or column("port") or column("bridge_port") or ""


def behind_addresses(tables: Tables) -> Iterator[Address]:
    """Yield the addresses of an ARP or neighbour table, each with the network address it answers for."""
    for row in tables.rows("arp"):
        cell, address = row.cell("mac"), row.text("address")
        if cell is not None and address and row.text("type") != "invalid" and names_a_device(cell.value.lower()):
            yield Address(cell.value.lower(), address, row.name, cell.told)


def own(tables: Tables) -> tuple[tuple[TableRow, str], ...]:
    """Return an asset's own interfaces that have an address which names a device, with that address."""
    return tables.once(_own)


def _own(tables: Tables) -> tuple[tuple[TableRow, str], ...]:
    rows = ((row, (row.text("mac") or "").lower()) for row in tables.rows("interface"))
    return tuple((row, mac) for row, mac in rows if names_a_device(mac))


def known(estate: Estate) -> frozenset[str]:
    """Return every address that belongs to an asset of the ledger, or that a person says is known."""
    found = {one.values["mac"] for one in estate.registers.attestations if one.kind == "known-device"}
    addresses = {subject.asset.address for subject in estate.subjects.values() if subject.asset}
    names = {fact.value for subject in estate.subjects.values() if (fact := subject.fact("system.name"))}
    for subject in estate.subjects.values():
        tables = subject.tables
        found.update(mac for _, mac in own(tables))
        found.update(one.mac for one in behind_addresses(tables) if one.place in addresses)
        found.update(
            (row.text("chassis") or "").lower() for row in tables.rows("neighbour") if row.text("name") in names
        )
        for row in tables.rows("mac"):
            if row.text("status") == "self":
                found.add((row.text("address") or row.text("mac") or "").lower())
    return frozenset(found)
