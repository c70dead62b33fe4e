"""The action log agrees with an independent capture of the wire, request by request, and so does the pace."""

import sys
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import ExitStack
from importlib.resources import files
from types import ModuleType
from typing import Any

import pytest

from collectors.pace import PACES
from collectors.simulate import ber
from collectors.simulate.device import Device
from collectors.simulate.snmp import SimulatedAgent
from collectors.simulate.ssh import SimulatedCli
from collectors.simulate.ssh_shell import Device as Switch
from evidence.log.history import History
from evidence.model.asset import Safety
from evidence.model.names import Digest
from evidence.normalise.varbinds import decode
from evidence.store.blobs import get_blob
from evidence.store.open import open_store

pytestmark = pytest.mark.real

RECORDED = decode((files("collectors.demo") / "plant" / "weld-sw-01#snmp.txt").read_bytes())
VERBS = {0xA0: "get", 0xA1: "getnext", 0xA5: "getbulk"}
PASSWORD, COMMUNITY = "S1mulated-login-19", "w3ld-0bserver-77"
JITTER_S = 0.05
"""By how much a busy machine may send a request later than its moment, and the next one not."""


@pytest.fixture
def plant(site: Any, snmpd: Any, ignition_double: ModuleType) -> Iterator[dict[str, int]]:
    """A line of eight switches, asked as `ot`, and an office asked as `it`; asset -> its port."""
    with ExitStack() as start:
        for number in range(6):
            agent = start.enter_context(SimulatedAgent({COMMUNITY: Device(RECORDED)}))
            site.hosts[f"weld-{number}"] = by_snmp(agent.port, COMMUNITY) | {"plantproof_zone": "weld"}
        transcript = {"show version": "Version      : GL.10.13.1000\n", "show system": "Hostname     : sw\n"}
        shells = [
            Switch(name=name, password=PASSWORD, paging_off="no page", commands=transcript) for name in ("a", "b")
        ]
        for shell in shells:
            cli = start.enter_context(SimulatedCli([shell]))
            site.hosts[f"core-{shell.name}"] = by_ssh(cli.port, shell.name) | {"plantproof_zone": "weld"}
            with (site.folder / "known_hosts").open("a") as known:
                known.write(cli.known_hosts)
        gateway = start.enter_context(ignition_double.serving(ignition_double.a_gateway()))
        site.hosts["scada"] = by_http(gateway.url, gateway.token) | {"plantproof_zone": "office"}
        site.hosts["printer"] = by_snmp(snmpd.port, snmpd.community) | {"plantproof_zone": "office"}
        for name in ("scada", "printer"):
            site.hosts[name]["plantproof_safety"] = "it"
        yield {
            name: host.get("plantproof_snmp_port")
            or host.get("ansible_port")
            or int(host["plantproof_http_url"].rpartition(":")[2])
            for name, host in site.hosts.items()
        }


def by_snmp(port: int, community: str) -> dict[str, Any]:
    return {
        "ansible_host": "127.0.0.1",
        "plantproof_snmp_version": "2c",
        "plantproof_snmp_community": community,
        "plantproof_snmp_port": port,
    }


def by_ssh(port: int, user: str) -> dict[str, Any]:
    return {
        "ansible_host": "127.0.0.1",
        "ansible_port": port,
        "ansible_user": user,
        "ansible_password": PASSWORD,
        "ansible_network_os": "arubanetworks.aoscx.aoscx",
    }


def by_http(url: str, token: str) -> dict[str, Any]:
    return {
        "ansible_host": "127.0.0.1",
        "plantproof_platform": "ignition",
        "plantproof_http_url": url,
        "plantproof_http_token": token,
    }


def asked(payload: bytes) -> str:
    """Return an SNMP request as the action log names it: its verb, its first OID, how many more."""
    _, _, (kind, pdu) = ber.children(ber.read(payload, 0)[1])
    names = [ber.dotted(ber.children(pair)[0][1]) for _, pair in ber.children(ber.children(pdu)[3][1])]
    return f"{VERBS[kind]} {names[0]}" + (f" +{len(names) - 1}" if len(names) > 1 else "")


def fetched(payload: bytes) -> list[str]:
    """Return the HTTP requests that begin in a segment."""
    return [payload.decode("latin-1").partition(" HTTP/1.1\r\n")[0]] if payload[:5] in (b"GET /", b"HEAD ") else []


def said(log: list[list[str]], asset: str, over: str) -> list[str]:
    return [f"{verb} {what}" for _, name, transport, verb, what, *_ in log if (name, transport) == (asset, over)]


def most(moments: list[float], within_s: float) -> int:
    """Return the most that happened in any window of that length."""
    ordered = sorted(moments)
    return max(bisect_left(ordered, at + within_s) - place for place, at in enumerate(ordered))


def test_a_capture_agrees_with_the_action_log_and_no_second_holds_more_than_its_class(
    site: Any, plant: dict[str, int], capture: Any
) -> None:
    site.settings, site.judging = {"timeouts": {"snmp_s": 5.0, "cli_s": 15.0}}, False
    site.write()
    with capture(plant.values()) as captured:
        ended = site.run("collect", "-t", "identify", "--no-assess")
    assert ended.code == 0, ended.err
    store = open_store(str(site.store))
    ((_, part),) = History.read(store).parts()
    conduct = part.conduct
    text = get_blob(store, Digest(str(conduct["log"])), int(str(conduct["log_bytes"]))).decode()
    log = sorted((line.split("\t") for line in text.splitlines()), key=lambda cells: int(cells[0]))
    assert len(log) == conduct["requests"]
    departed: dict[str, list[float]] = {}
    for asset, port in plant.items():
        packets = captured.to(port, tcp=asset == "scada" or asset.startswith("core"))
        if asset == "scada":
            sent = [(packet.at, one) for packet in packets for one in fetched(packet.payload)]
            assert [one for _, one in sent] == [one.removeprefix("fetch ") for one in said(log, asset, "http")]
        elif asset.startswith("core"):
            sent = [(packet.at, "login") for packet in packets if packet.opens]
            logins = [one for one in said(log, asset, "ssh") if one.startswith("login ")]
            assert len(sent) == len(logins) == 1
        else:
            sent = [(packet.at, asked(packet.payload)) for packet in packets]
            assert [one for _, one in sent] == said(log, asset, "snmp")
        departed[asset] = [at for at, _ in sent]
    for safety, zone in (
        (Safety.OT, [a for a in plant if a[:4] in ("weld", "core")]),
        (Safety.IT, ["scada", "printer"]),
    ):
        limits = PACES[safety]
        together = [at for asset in zone for at in departed[asset]]
        by_device = max(most(departed[asset], 1.0 - JITTER_S) for asset in zone)
        assert by_device <= limits.device_per_s
        assert most(together, 1.0 - JITTER_S) <= limits.zone_per_s
        exact = max(most(departed[asset], 1.0) for asset in zone), most(together, 1.0)
        told = f"in any second at most {exact[0]} to a device, {exact[1]} in the zone"
        sys.stdout.write(f"{safety}: {len(together)} requests captured; {told}\n")
