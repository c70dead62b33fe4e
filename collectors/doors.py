"""How a command session with a host is opened: which transport serves which platform."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass

from collectors.ask import AskedSession
from collectors.inventory.host import Host
from collectors.transports.host import open_host
from collectors.transports.hostkeys import HostKeys
from collectors.transports.interface import Gate
from collectors.transports.local import open_local
from collectors.transports.ssh import open_cli
from evidence.clock import Clock
from evidence.platforms.platform import Platform


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandDoors:
    """Opens sessions over SSH and on this machine."""

    gate: Gate
    clock: Clock
    host_keys: HostKeys
    timeout_s: float
    read_limit: int
    """Largest answer kept, bytes."""
    environ: Mapping[str, str]
    """What a command on this machine may see."""

    def open(self, host: Host, transport: str, platform: Platform) -> AbstractContextManager[AskedSession]:
        """Return a context manager that logs in when entered."""
        asset = host.asset.id
        allowed = frozenset(question.objects[0] for question in platform.questions if question.transport == transport)
        if transport == "local":
            return open_local(asset=asset, gate=self.gate, clock=self.clock, allowed=allowed, environ=self.environ)
        assert host.ssh is not None and platform.session is not None  # noqa: S101, PT018 - the engine saw to it
        if platform.session.kind == "host":
            return open_host(
                host.ssh,
                asset=asset,
                gate=self.gate,
                clock=self.clock,
                allowed=allowed,
                host_keys=self.host_keys,
                timeout_s=self.timeout_s,
                read_limit=self.read_limit,
            )
        return open_cli(
            host.ssh,
            platform.session,
            asset=asset,
            gate=self.gate,
            clock=self.clock,
            allowed=allowed | frozenset(platform.session.setup),
            host_keys=self.host_keys,
            timeout_s=self.timeout_s,
            read_limit=self.read_limit,
        )
