"""Logging in over SSH: one connection, the host key checked before anything secret is sent, one try a credential."""

import logging
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass

import paramiko
from cryptography.exceptions import InvalidTag
from paramiko.ssh_exception import BadAuthenticationType

from collectors.credentials import NO_IDENTITIES, Identities
from collectors.inventory.host import SshAccess
from collectors.transports.hostkeys import HostKeys
from collectors.transports.interface import (
    Action,
    AuthenticationError,
    Gate,
    HostKeyError,
    RefusedError,
    TransportError,
    UnreachableError,
)
from collectors.transports.ssh_algorithms import SshTransport
from collectors.transports.ssh_credentials import credentials
from collectors.transports.ssh_jump import JumpHosts, way_to
from evidence.clock import Clock
from evidence.model.names import AssetId
from evidence.model.ssh import SshLink


@dataclass(frozen=True, slots=True)
class Connection:
    """A connection that is logged in."""

    transport: paramiko.Transport
    host_key: str
    """`SHA256:…`, or `unchecked`."""
    link: SshLink
    place: str
    """`user@address:port`."""

    @property
    def is_open(self) -> bool:
        """Whether others can still be reached through it."""
        return bool(self.transport.is_active())

    def close(self) -> None:
        """Close it. What it was reached through is left open: others go through it, too."""
        self.transport.close()


BROKEN = (paramiko.SSHException, EOFError, OSError, InvalidTag, ValueError, LookupError, TypeError, struct.error)
"""What paramiko's reading thread meets in bytes that are no SSH, or were changed on the way, and hands on as it is."""


class _TimedOutError(UnreachableError):
    """Nobody answered in time before a credential was sent: the one case that is tried again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """What logging in to one asset needs besides what opens it."""

    asset: AssetId
    gate: Gate
    clock: Clock
    host_keys: HostKeys
    jumps: JumpHosts[Connection]
    timeout_s: float
    identities: Identities = NO_IDENTITIES

    def log_in(self, access: SshAccess) -> Connection:
        """
        Connect and log in, through the hosts on the way where there are any.

        A time-out before a credential was sent is tried once more; nothing else is. Raises `UnreachableError`,
        `HostKeyError`, `AlgorithmError`, `AuthenticationError` and `JumpHostError`.
        """
        _quieten()
        if not access.user:
            raise AuthenticationError(f"{self.asset}: no user name", hint="set ansible_user in the inventory")
        return self._connect(access, self.through(access))

    def through(self, access: SshAccess) -> Connection | None:
        """Return the connection to the last host on the way, or `None` where there is none on it."""
        return self.jumps.reach(way_to(access, self.asset), self.asset, self._connect)

    def _connect(self, access: SshAccess, via: Connection | None) -> Connection:
        try:
            return self._through_gate(access, via)
        except _TimedOutError:
            return self._through_gate(access, via)

    def _through_gate(self, access: SshAccess, via: Connection | None) -> Connection:
        action = Action(self.asset, "ssh", "login", f"{access.shown_user}@{access.address}:{access.port}")
        self.gate.enter_blocking(action)
        began, failure = self.clock.monotonic(), "interrupted"
        try:
            connection = self._attempt(access, via)
            failure = ""
            return connection
        except TransportError as error:
            failure = type(error).__name__.strip("_").removesuffix("Error")
            raise
        finally:
            self.gate.leave(action, took_s=self.clock.monotonic() - began, received=0, error=failure or None)

    def _attempt(self, access: SshAccess, via: Connection | None) -> Connection:
        where = f"{self.asset}: {access.address} port {access.port}"
        sock = dial(access, via, where, self.timeout_s)
        transport: SshTransport | None = None
        try:
            transport = SshTransport(sock)
            transport.allow(access.legacy, self.host_keys.types(access.address, access.port))
            _negotiate(transport, where, self.clock, self.timeout_s)
            said = self._checked(transport, access)
            self._authenticate(transport, access, where)
        except BaseException:
            if transport is not None:
                transport.close()
            sock.close()
            raise
        place = f"{access.shown_user}@{access.address}:{access.port}"
        passed = (*via.link.via, f"{via.place} {via.host_key}") if via else ()
        return Connection(transport, said, transport.link(passed), place)

    def _checked(self, transport: SshTransport, access: SshAccess) -> str:
        """Return what a capture says of the host key; raise `HostKeyError` when it is not the one that is known."""
        key = transport.get_remote_server_key()
        try:
            return self.host_keys.check(
                access.address, access.port, key.get_name(), key.asbytes(), checking=access.host_key_checking
            )
        except HostKeyError as error:
            raise HostKeyError(f"{self.asset}: {error}", hint=error.hint) from error

    def _authenticate(self, transport: SshTransport, access: SshAccess, where: str) -> None:
        """Offer each credential once, until one opens."""
        tried, takes, user = 0, "", access.user or ""
        for offer in credentials(access, self.asset, self.identities):
            tried += 1
            try:
                wanted = offer(transport, user)
            except paramiko.AuthenticationException as error:
                if "timeout" in str(error).lower():
                    raise UnreachableError(f"{where}: no answer to the login") from error
                if isinstance(error, BadAuthenticationType):
                    takes = f": it takes {' or '.join(map(str, error.allowed_types[:5]))}"
                if not transport.is_active():
                    break
                continue
            except BROKEN as error:
                raise UnreachableError(f"{where}: the connection broke off during the login") from error
            if not wanted:
                return
            takes = f": it wants {' and '.join(map(str, wanted[:5]))} besides"
        if not tried:
            raise AuthenticationError(
                f"{self.asset}: nothing to log in with", hint="set ansible_password or ansible_ssh_private_key_file"
            )
        raise AuthenticationError(f"{self.asset}: the login of {access.shown_user!r} was refused{takes}")


def open_channel(
    connection: Connection, asset: AssetId, timeout_s: float, start: Callable[[paramiko.Channel], None]
) -> paramiko.Channel:
    """
    Open a session channel and `start` what is to run in it.

    paramiko waits without end for the answer to a channel request, so a timer breaks the connection off; for a channel
    it would wait as long itself, and who was first would decide what is said.
    """
    late = threading.Event()

    def give_up() -> None:
        late.set()
        connection.transport.close()

    timer = threading.Timer(timeout_s, give_up)
    timer.daemon = True
    timer.start()
    try:
        channel = connection.transport.open_session(timeout=2 * timeout_s)
        channel.settimeout(timeout_s)
        start(channel)
    except paramiko.ChannelException as error:
        raise UnreachableError(
            f"{asset}: the login was accepted and a session refused: all lines may be in use"
        ) from error
    except BROKEN as error:
        if isinstance(error, EOFError):
            connection.transport.close()  # nothing can be sent any more, whatever the reading thread knows of it
        if late.is_set():
            raise UnreachableError(f"{asset}: no session within {timeout_s:g} s of the login") from error
        if connection.transport.is_active():
            raise RefusedError(f"{asset}: it lets us in and allows no terminal or shell") from error
        raise UnreachableError(f"{asset}: the connection broke off before a session was open") from error
    finally:
        timer.cancel()
    return channel


def dial(access: SshAccess, via: Connection | None, where: str, timeout_s: float) -> socket.socket | paramiko.Channel:
    """Connect, from the last host on the way where there is one; `where` names the asset in errors."""
    try:
        if via is not None:
            return via.transport.open_channel(
                "direct-tcpip", (access.address, access.port), ("127.0.0.1", 0), timeout=timeout_s
            )
        sock = socket.create_connection((access.address, access.port), timeout=timeout_s)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock
    except TimeoutError as error:
        raise _TimedOutError(f"{where}: no answer within {timeout_s:g} s") from error
    except (socket.gaierror, UnicodeError) as error:
        raise UnreachableError(f"{where}: the name does not resolve") from error
    except paramiko.SSHException as error:
        through = via.place.rpartition("@")[2] if via else ""
        raise UnreachableError(f"{where}: cannot be reached through the jump host {through}") from error
    except ConnectionRefusedError as error:
        raise UnreachableError(
            f"{where}: Connection refused", hint="nothing listens there, or all its lines are in use"
        ) from error
    except OSError as error:
        raise UnreachableError(f"{where}: {error.strerror or type(error).__name__}") from error


def _negotiate(transport: SshTransport, where: str, clock: Clock, timeout_s: float) -> None:
    """Exchange keys."""
    transport.banner_timeout = transport.handshake_timeout = transport.auth_timeout = timeout_s
    transport.channel_timeout = timeout_s
    began = clock.monotonic()
    try:
        transport.start_client(timeout=timeout_s)
    except paramiko.ssh_exception.IncompatiblePeer as error:
        if "version" in str(error):
            raise UnreachableError(f"{where}: no SSH version in common ({error})") from error
        raise transport.nothing_in_common(where) from error
    except BROKEN as error:
        if clock.monotonic() - began >= timeout_s or isinstance(error, TimeoutError):
            raise _TimedOutError(f"{where}: no SSH answer within {timeout_s:g} s") from error
        if not transport.offers:
            raise UnreachableError(
                f"{where}: the connection was closed before SSH was agreed: all its lines may be in use,"
                " or an access list keeps us out"
            ) from error
        raise UnreachableError(f"{where}: the connection broke off before SSH was agreed") from error
    if not transport.initial_kex_done:
        raise _TimedOutError(f"{where}: no SSH answer within {timeout_s:g} s")


def _quieten() -> None:
    """Keep paramiko from writing tracebacks of broken connections to stderr: we report them ourselves."""
    logging.getLogger("paramiko").setLevel(logging.CRITICAL + 1)
