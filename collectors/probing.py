"""
What `doctor` finds out at the assets themselves: names, ports, host keys, certificates, communities, lost packets.

Nothing logs in. Every knock passes the rules of conduct: holds, windows, pace, one session per device.
"""

import asyncio
import ssl
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from collectors.checkup import Finding, Health
from collectors.conduct import Conduct
from collectors.inventory.host import Host
from collectors.locks import DeviceLocks
from collectors.transports.hostkeys import HostKeys
from collectors.transports.interface import (
    InterruptedRunError,
    LeftAloneError,
    TransportError,
    WindowClosedError,
)
from collectors.transports.knock import SMALL_MTU, Knock, Knocked, Knocker
from collectors.ways import jumps
from evidence.clock import Clock

SOON_DAYS = 30
"""A certificate that ends this soon is told of: a month is what a change board needs."""

_SAID: Mapping[Knocked, tuple[Health, str, str | None]] = {
    Knocked.OPEN: (Health.WELL, "port", None),
    Knocked.UNNAMED: (Health.ILL, "DNS", "set ansible_host to an address, or put the name into DNS or /etc/hosts"),
    Knocked.CLOSED: (
        Health.ILL,
        "port",
        "the machine is there and the service is not: switch it on, or correct the port; a firewall that rejects looks"
        " the same",
    ),
    Knocked.SILENT: (
        Health.ILL,
        "port",
        "a firewall drops it, or nobody is there; over SNMPv1 or v2c an agent without SNMPv3 that ignores the community"
        " (or this address) is as silent",
    ),
    Knocked.COMMUNITY: (
        Health.ILL,
        "community",
        "no firewall is in the way: correct plantproof_snmp_community, or add this machine to the agent's permitted"
        " managers",
    ),
    Knocked.HOST_KEY: (
        Health.ILL,
        "host key",
        "compare the fingerprint with the device's own, out of band, before it goes into known_hosts; a key that"
        " changed without anybody having changed it may be somebody else",
    ),
    Knocked.CERTIFICATE: (
        Health.ILL,
        "certificate",
        "renew it; one of your own authority is trusted with plantproof_http_ca_file",
    ),
    Knocked.LARGE_LOST: (
        Health.ILL,
        "MTU",
        "long packets get lost on the way: look for a tunnel (`ping -M do -s 1472 ADDRESS`), lower the MTU there or"
        " clamp the MSS, and let ICMP `fragmentation needed` through",
    ),
    Knocked.STRANGE: (Health.ILL, "port", "another service listens there, or one too old to agree with"),
}
"""How a knock ended -> how ill that is, what it is about, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One round of knocking at some assets' doors."""

    conduct: Conduct
    locks: DeviceLocks
    host_keys: HostKeys
    clock: Clock
    snmp_timeout_s: float
    cli_timeout_s: float

    def knock(self, hosts: Sequence[Host]) -> Iterator[Finding]:
        """Knock at each host in turn, over every transport its access grants."""
        self.locks.prepare()
        for host in hosts:
            yield from asyncio.run(self._host(host))

    async def _host(self, host: Host) -> list[Finding]:
        async with self.locks.held(host, lambda: False):
            return list(self._doors(host))

    def _doors(self, host: Host) -> Iterator[Finding]:
        asset = host.asset.id
        try:
            if host.snmp:
                yield from self._told(f"{asset} snmp", self._knocker(host, self.snmp_timeout_s).snmp(host.snmp))
            if host.ssh:
                yield from self._ssh(host)
            knocker = self._knocker(host, self.cli_timeout_s)
            if host.http:
                knock = knocker.service("http", host.http.url, ca_file=host.http.ca_file)
                yield from self._told(f"{asset} http", knock)
            if host.opcua:
                yield from self._told(f"{asset} opcua", knocker.service("opcua", host.opcua.url))
        except (LeftAloneError, WindowClosedError, InterruptedRunError) as error:
            yield Finding(what=f"{asset}", health=Health.NOTE, said=f"not knocked at: {error}")
        except TransportError as error:
            yield Finding(what=f"{asset}", health=Health.ILL, said=str(error), advice=error.hint)

    def _ssh(self, host: Host) -> Iterator[Finding]:
        assert host.ssh is not None  # noqa: S101 - the caller looked
        jump = next(iter(jumps(host.ssh, host.asset.id)), None)
        what = f"{host.asset.id} ssh"
        yield from self._told(what, self._knocker(host, self.cli_timeout_s).ssh(jump or host.ssh, self.host_keys))
        if jump:
            said = f"{host.ssh.address} lies behind {jump.address}, which only a login passes: `collect -l` tries it"
            yield Finding(what=what, health=Health.NOTE, said=said)

    def _knocker(self, host: Host, timeout_s: float) -> Knocker:
        return Knocker(asset=host.asset.id, gate=self.conduct, clock=self.clock, timeout_s=timeout_s)

    def _told(self, what: str, knock: Knock) -> Iterator[Finding]:
        health, about, advice = _SAID[knock.how]
        yield Finding(what=f"{what} {about}", health=health, said=knock.said, advice=advice)
        if knock.mtu is not None and knock.mtu < SMALL_MTU:
            yield Finding(
                what=f"{what} MTU",
                health=Health.NOTE,
                said=f"the way there carries packets of {knock.mtu} bytes only",
                advice="long answers over UDP are cut into fragments, which firewalls like to drop: raise the MTU",
            )
        if knock.expires:
            yield from _expiry(what, knock.expires, self.clock.now())


def _expiry(what: str, expires: str, now: datetime) -> Iterator[Finding]:
    ends = datetime.fromtimestamp(ssl.cert_time_to_seconds(expires), UTC)
    days = (ends - now).days
    if days < SOON_DAYS:
        yield Finding(
            what=f"{what} certificate",
            health=Health.NOTE,
            said=f"it expires on {ends:%Y-%m-%d}, in {days} days",
            advice="renew it before: an expired one is refused",
        )
