"""How a session is opened: which transport serves which platform; each is imported when it is first needed."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from collectors.ask import AskedSession
from collectors.credentials import Identities
from collectors.inventory.host import Host
from collectors.transports.hostkeys import HostKeys
from collectors.transports.interface import Gate
from collectors.transports.ssh_jump import JumpHosts
from evidence.clock import Clock
from evidence.platforms.platform import Platform, Session

if TYPE_CHECKING:
    from collectors.transports.ssh_login import Login


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandDoors:
    """Opens sessions over SSH and telnet, on this machine, and with services."""

    gate: Gate
    clock: Clock
    host_keys: HostKeys
    jumps: JumpHosts[Any]
    identities: Identities
    timeout_s: float
    read_limit: int
    """Largest answer kept, bytes."""
    environ: Mapping[str, str]
    """What a command on this machine may see."""
    wait: Callable[[float], None]
    """Waits so many seconds."""

    def open(
        self, host: Host, transport: str, platform: Platform, cursors: Mapping[str, str]
    ) -> AbstractContextManager[AskedSession]:
        """Return a context manager that logs in when entered."""
        openers: Mapping[str, Callable[[], AbstractContextManager[AskedSession]]] = {
            "local": lambda: self._local(host, platform),
            "ssh": lambda: self._ssh(host, platform),
            "telnet": lambda: self._telnet(host, platform),
            "http": lambda: self._http(host, platform, cursors),
            "opcua": lambda: self._opcua(host, platform),
            "aws": lambda: self._aws(host, platform, cursors),
        }
        return openers[transport]()

    def _local(self, host: Host, platform: Platform) -> AbstractContextManager[AskedSession]:
        from collectors.transports.local import open_local

        return open_local(
            asset=host.asset.id,
            gate=self.gate,
            clock=self.clock,
            allowed=_listed(platform, "local"),
            environ=self.environ,
        )

    def _ssh(self, host: Host, platform: Platform) -> AbstractContextManager[AskedSession]:
        from collectors.transports.host import open_host
        from collectors.transports.ssh import open_cli
        from collectors.transports.ssh_again import lasting

        assert host.ssh is not None and platform.session is not None  # noqa: S101, PT018 - the engine saw to it
        allowed, login = _listed(platform, "ssh"), self._login(host)
        if platform.session.kind == "host":
            return lasting(partial(open_host, host.ssh, login, allowed=allowed, read_limit=self.read_limit))
        return _line(partial(open_cli, host.ssh, login=login, read_limit=self.read_limit), platform, platform.session)

    def _telnet(self, host: Host, platform: Platform) -> AbstractContextManager[AskedSession]:
        from collectors.transports.telnet import open_telnet

        assert host.telnet is not None and platform.session is not None  # noqa: S101, PT018 - the engine saw to it
        opener = partial(open_telnet, host.telnet, login=self._login(host), read_limit=self.read_limit)
        return _line(opener, platform, platform.session)

    def _login(self, host: Host) -> "Login":
        from collectors.transports.ssh_login import Login

        return Login(
            asset=host.asset.id,
            gate=self.gate,
            clock=self.clock,
            host_keys=self.host_keys,
            jumps=self.jumps,
            timeout_s=self.timeout_s,
            identities=self.identities,
        )

    def _http(self, host: Host, platform: Platform, cursors: Mapping[str, str]) -> AbstractContextManager[AskedSession]:
        from collectors.transports.http import open_http

        assert host.http is not None  # noqa: S101 - the plan saw to it
        return open_http(
            host.http,
            platform,
            asset=host.asset.id,
            gate=self.gate,
            clock=self.clock,
            wait=self.wait,
            cursors=cursors,
            timeout_s=self.timeout_s,
            read_limit=self.read_limit,
        )

    def _opcua(self, host: Host, platform: Platform) -> AbstractContextManager[AskedSession]:
        from collectors.transports.opcua import open_opcua

        assert host.opcua is not None  # noqa: S101 - the plan saw to it
        return open_opcua(
            host.opcua,
            asset=host.asset.id,
            gate=self.gate,
            clock=self.clock,
            allowed=frozenset(name for one in platform.questions if one.transport == "opcua" for name in one.objects),
            timeout_s=self.timeout_s,
        )

    def _aws(self, host: Host, platform: Platform, cursors: Mapping[str, str]) -> AbstractContextManager[AskedSession]:
        from collectors.transports.aws import open_aws

        assert host.aws is not None  # noqa: S101 - the plan saw to it
        return open_aws(
            host.aws,
            platform,
            asset=host.asset.id,
            gate=self.gate,
            clock=self.clock,
            wait=self.wait,
            cursors=cursors,
            timeout_s=self.timeout_s,
            read_limit=self.read_limit,
        )


def _line(opener: Callable[..., Any], platform: Platform, session: Session) -> AbstractContextManager[AskedSession]:
    """Return a command line, opened anew where the device ends it, without its set-up where that is what ends it."""
    from collectors.transports.ssh_again import lasting

    opened = partial(opener, allowed=_listed(platform, "ssh") | frozenset(session.setup))
    bare = partial(opened, session=replace(session, setup=())) if session.setup else None
    return lasting(partial(opened, session=session), bare)


def _listed(platform: Platform, transport: str) -> frozenset[str]:
    return frozenset(question.objects[0] for question in platform.questions if question.transport == transport)
