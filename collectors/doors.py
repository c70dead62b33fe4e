"""How a session with a host or a service is opened: which transport serves which platform."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass

from collectors.ask import AskedSession
from collectors.inventory.host import Host
from collectors.transports.host import open_host
from collectors.transports.hostkeys import HostKeys
from collectors.transports.http import open_http
from collectors.transports.interface import Gate
from collectors.transports.local import open_local
from collectors.transports.opcua import open_opcua
from collectors.transports.ssh import open_cli
from evidence.clock import Clock
from evidence.platforms.platform import Platform

Door = AbstractContextManager[AskedSession]


@dataclass(frozen=True, slots=True)
class _Way:
    """To whom a session is opened, and what for."""

    host: Host
    platform: Platform
    cursors: Mapping[str, str]

    def allowed(self, transport: str) -> frozenset[str]:
        """Return what the platform lists for a transport."""
        return frozenset(name for one in self.platform.questions if one.transport == transport for name in one.objects)


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandDoors:
    """Opens sessions with hosts, network systems and services."""

    gate: Gate
    clock: Clock
    wait: Callable[[float], None]
    """Waits that many seconds."""
    host_keys: HostKeys
    timeout_s: float
    read_limit: int
    """Largest answer kept, bytes."""
    environ: Mapping[str, str]
    """What a command on this machine may see."""

    def open(self, host: Host, transport: str, platform: Platform, cursors: Mapping[str, str]) -> Door:
        """Return a context manager that logs in when entered."""
        return _OPENERS[transport](self, _Way(host, platform, cursors))


def _local(doors: CommandDoors, way: _Way) -> Door:
    return open_local(
        asset=way.host.asset.id,
        gate=doors.gate,
        clock=doors.clock,
        allowed=way.allowed("local"),
        environ=doors.environ,
    )


def _ssh(doors: CommandDoors, way: _Way) -> Door:
    assert way.host.ssh is not None and way.platform.session is not None  # noqa: S101, PT018 - the engine saw to it
    allowed = way.allowed("ssh")
    if way.platform.session.kind == "host":
        return open_host(
            way.host.ssh,
            asset=way.host.asset.id,
            gate=doors.gate,
            clock=doors.clock,
            allowed=allowed,
            host_keys=doors.host_keys,
            timeout_s=doors.timeout_s,
            read_limit=doors.read_limit,
        )
    return open_cli(
        way.host.ssh,
        way.platform.session,
        asset=way.host.asset.id,
        gate=doors.gate,
        clock=doors.clock,
        allowed=allowed | frozenset(way.platform.session.setup),
        host_keys=doors.host_keys,
        timeout_s=doors.timeout_s,
        read_limit=doors.read_limit,
    )


def _http(doors: CommandDoors, way: _Way) -> Door:
    assert way.host.http is not None  # noqa: S101 - the engine saw to it
    return open_http(
        way.host.http,
        way.platform,
        asset=way.host.asset.id,
        gate=doors.gate,
        clock=doors.clock,
        wait=doors.wait,
        cursors=way.cursors,
        timeout_s=doors.timeout_s,
        read_limit=doors.read_limit,
    )


def _opcua(doors: CommandDoors, way: _Way) -> Door:
    assert way.host.opcua is not None  # noqa: S101 - the engine saw to it
    return open_opcua(
        way.host.opcua,
        asset=way.host.asset.id,
        gate=doors.gate,
        clock=doors.clock,
        allowed=way.allowed("opcua"),
        timeout_s=doors.timeout_s,
    )


_OPENERS: Mapping[str, Callable[[CommandDoors, _Way], Door]] = {
    "local": _local,
    "ssh": _ssh,
    "http": _http,
    "opcua": _opcua,
}
"""Transport -> what opens it."""
