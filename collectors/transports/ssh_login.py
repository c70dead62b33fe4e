"""Logging in over SSH: one connection, the host key checked before anything secret is sent, one try a credential."""

import logging
import shlex
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import paramiko

from collectors.inventory.host import SshAccess
from collectors.transports.hostkeys import HostKeys
from collectors.transports.interface import (
    Action,
    AuthenticationError,
    Gate,
    HostKeyError,
    TransportError,
    UnreachableError,
)
from evidence.clock import Clock
from evidence.model.names import AssetId

MAX_OFFERED_KEYS = 5
"""Most keys offered where the inventory names none: OpenSSH's MaxAuthTries is 6."""

_DEFAULT_KEYS = ("~/.ssh/id_ed25519", "~/.ssh/id_ecdsa", "~/.ssh/id_rsa")

_Credential = Callable[[paramiko.Transport, str], list[str]]
"""Offers one credential; returns what the server wants besides it."""


class _TimedOutError(UnreachableError):
    """Nobody answered in time before a credential was sent: the one case that is tried again."""


@dataclass(frozen=True, slots=True)
class Connection:
    """A connection that is logged in."""

    transport: paramiko.Transport
    host_key: str
    """`SHA256:…`, or `unchecked`."""

    def close(self) -> None:
        """Close it, and whatever it was reached through."""
        self.transport.close()
        through = getattr(self.transport.sock, "transport", None)
        if isinstance(through, paramiko.Transport):
            through.close()


def log_in(
    access: SshAccess, *, asset: AssetId, gate: Gate, clock: Clock, host_keys: HostKeys, timeout_s: float
) -> Connection:
    """
    Connect and log in.

    A time-out before a credential was sent is tried once more; nothing else is. Raises `UnreachableError`,
    `HostKeyError` and `AuthenticationError`.
    """
    _quieten()
    if not access.user:
        raise AuthenticationError(f"{asset}: no user name", hint="set ansible_user in the inventory")
    jump = jump_of(access, asset)
    try:
        return _through_gate(access, jump, asset, gate, clock, host_keys, timeout_s)
    except _TimedOutError:
        return _through_gate(access, jump, asset, gate, clock, host_keys, timeout_s)


def open_channel(
    connection: Connection, asset: AssetId, timeout_s: float, start: Callable[[paramiko.Channel], None]
) -> paramiko.Channel:
    """
    Open a session channel and `start` what is to run in it.

    paramiko waits without end for the answer to a channel request, so a timer breaks the connection off.
    """
    timer = threading.Timer(timeout_s, connection.transport.close)
    timer.daemon = True
    timer.start()
    try:
        channel = connection.transport.open_session(timeout=timeout_s)
        channel.settimeout(timeout_s)
        start(channel)
    except (paramiko.SSHException, EOFError, OSError) as error:
        raise UnreachableError(f"{asset}: no session within {timeout_s:g} s of the login") from error
    finally:
        timer.cancel()
    return channel


def jump_of(access: SshAccess, asset: AssetId) -> SshAccess | None:
    """
    Return the host that `ansible_ssh_common_args` says to go through (`-J`, `-o ProxyJump=`).

    The asset's password is not given to it: only a key is. A `ProxyCommand` or a chain of jumps is an error.
    """
    words = iter(_words(access, asset))
    for word in words:
        name, value = "", ""
        if word.startswith("-J"):
            name, value = "proxyjump", word[2:] or next(words, "")
        elif word.startswith("-o"):
            name, _, value = (word[2:] or next(words, "")).replace(" ", "=", 1).partition("=")
        if name.lower() == "proxycommand":
            raise TransportError(
                f"{asset}: ansible_ssh_common_args holds a ProxyCommand, which is not carried out",
                hint="name the host to go through instead: -o ProxyJump=user@jump.example:22",
            )
        if name.lower() == "proxyjump" and value.lower() != "none":
            return _jump(access, asset, value)
    return None


def _words(access: SshAccess, asset: AssetId) -> list[str]:
    try:
        return shlex.split(access.common_args or "")
    except ValueError as error:
        raise TransportError(f"{asset}: ansible_ssh_common_args cannot be read: {error}") from error


def _jump(access: SshAccess, asset: AssetId, value: str) -> SshAccess:
    user, _, place = value.rpartition("@")
    host, port = place, "22"
    if place.startswith("["):
        host, _, port = place[1:].partition("]")
        port = port.removeprefix(":") or "22"
    elif place.count(":") == 1:
        host, _, port = place.partition(":")
    if not host or "," in value or not port.isdecimal() or ":" in user:
        found = "a password in it" if ":" in user else repr(place)
        raise TransportError(f"{asset}: expected one ProxyJump like user@jump.example:22, found {found}")
    return replace(
        access,
        address=host,
        port=int(port),
        user=user or access.user,
        user_is_hidden=access.user_is_hidden and not user,
        password=None,
        enable=None,
        common_args=None,
    )


def _through_gate(
    access: SshAccess,
    jump: SshAccess | None,
    asset: AssetId,
    gate: Gate,
    clock: Clock,
    host_keys: HostKeys,
    timeout_s: float,
) -> Connection:
    via = _through_gate(jump, None, asset, gate, clock, host_keys, timeout_s) if jump else None
    action = Action(asset, "ssh", "login", f"{access.shown_user}@{access.address}:{access.port}")
    try:
        gate.enter_blocking(action)
    except BaseException:
        if via:
            via.close()
        raise
    began, failure = clock.monotonic(), "interrupted"
    try:
        connection = _attempt(access, via, asset, clock, host_keys, timeout_s)
        failure = ""
        return connection
    except TransportError as error:
        failure = type(error).__name__.strip("_").removesuffix("Error")
        raise
    finally:
        if failure and via:
            via.close()
        gate.leave(action, took_s=clock.monotonic() - began, received=0, error=failure or None)


def _attempt(
    access: SshAccess, via: Connection | None, asset: AssetId, clock: Clock, host_keys: HostKeys, timeout_s: float
) -> Connection:
    where = f"{asset}: {access.address} port {access.port}"
    sock = _dial(access, via, where, timeout_s)
    transport: paramiko.Transport | None = None
    try:
        transport = paramiko.Transport(sock)
        _negotiate(transport, host_keys.types(access.address, access.port), where, clock, timeout_s)
        key = transport.get_remote_server_key()
        try:
            said = host_keys.check(
                access.address, access.port, key.get_name(), key.asbytes(), checking=access.host_key_checking
            )
        except HostKeyError as error:
            raise HostKeyError(f"{asset}: {error}", hint=error.hint) from error
        _authenticate(transport, access, asset, where)
    except BaseException:
        if transport is not None:
            transport.close()
        sock.close()
        raise
    return Connection(transport, said)


def _dial(access: SshAccess, via: Connection | None, where: str, timeout_s: float) -> socket.socket | paramiko.Channel:
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
    except socket.gaierror as error:
        raise UnreachableError(f"{where}: the name does not resolve") from error
    except paramiko.SSHException as error:
        raise UnreachableError(f"{where}: cannot be reached through the jump host") from error
    except OSError as error:
        raise UnreachableError(f"{where}: {error.strerror or type(error).__name__}") from error


def _negotiate(
    transport: paramiko.Transport, types: tuple[str, ...], where: str, clock: Clock, timeout_s: float
) -> None:
    """Exchange keys, asking first for a host key of a type that is known."""
    transport.banner_timeout = transport.handshake_timeout = transport.auth_timeout = timeout_s
    transport.channel_timeout = timeout_s
    wanted = {"rsa-sha2-512", "rsa-sha2-256"} if "ssh-rsa" in types else set()
    options = transport.get_security_options()
    options.key_types = sorted(options.key_types, key=lambda kind: kind not in wanted.union(types))
    options.ciphers = sorted(options.ciphers, key=lambda name: "gcm" not in name)  # half the work: no separate MAC
    began = clock.monotonic()
    try:
        transport.start_client(timeout=timeout_s)
    except paramiko.ssh_exception.IncompatiblePeer as error:
        raise UnreachableError(f"{where}: no SSH algorithm in common ({error})") from error
    except (paramiko.SSHException, EOFError, OSError) as error:
        if clock.monotonic() - began >= timeout_s or isinstance(error, TimeoutError):
            raise _TimedOutError(f"{where}: no SSH answer within {timeout_s:g} s") from error
        raise UnreachableError(f"{where}: the connection broke off before SSH was agreed") from error
    if not transport.initial_kex_done:
        raise _TimedOutError(f"{where}: no SSH answer within {timeout_s:g} s")


def _authenticate(transport: paramiko.Transport, access: SshAccess, asset: AssetId, where: str) -> None:
    """Offer each credential once, until one opens."""
    tried, user = 0, access.user or ""
    for offer in _credentials(access, asset):
        tried += 1
        try:
            wanted = offer(transport, user)
        except paramiko.AuthenticationException as error:
            if "timeout" in str(error).lower():
                raise UnreachableError(f"{where}: no answer to the login") from error
            if not transport.is_active():
                break
            continue
        except (paramiko.SSHException, EOFError, OSError) as error:
            raise UnreachableError(f"{where}: the connection broke off during the login") from error
        if not wanted:
            return
    if not tried:
        raise AuthenticationError(
            f"{asset}: nothing to log in with", hint="set ansible_password or ansible_ssh_private_key_file"
        )
    raise AuthenticationError(f"{asset}: the login of {access.shown_user!r} was refused")


def _credentials(access: SshAccess, asset: AssetId) -> Iterator[_Credential]:
    """Yield the credentials the inventory grants; the agent's and the usual keys only where it grants none."""
    if access.key_file:
        yield _with_key(_load(access.key_file, asset))
    if access.password is not None:
        yield _with_password(access.password.reveal())
    if not access.key_file and access.password is None:
        for key in _offered(asset):
            yield _with_key(key)


def _with_key(key: paramiko.PKey) -> _Credential:
    return lambda transport, user: transport.auth_publickey(user, key)


def _with_password(password: str) -> _Credential:
    return lambda transport, user: transport.auth_password(user, password)


def _load(path: str, asset: AssetId) -> paramiko.PKey:
    try:
        return paramiko.PKey.from_path(path)
    except (OSError, ValueError, TypeError, paramiko.SSHException) as error:
        raise AuthenticationError(
            f"{asset}: the key file {path} cannot be used ({type(error).__name__})",
            hint="it must exist, be readable and hold a private key without a passphrase",
        ) from error


def _offered(asset: AssetId) -> Iterator[paramiko.PKey]:
    agent = paramiko.Agent()
    try:
        keys: list[paramiko.PKey] = list(agent.get_keys())
        for path in _DEFAULT_KEYS:
            with suppress(AuthenticationError, RuntimeError):  # a user may be without a home
                if Path(path).expanduser().is_file():
                    keys.append(_load(path, asset))
        yield from keys[:MAX_OFFERED_KEYS]
    finally:
        agent.close()


def _quieten() -> None:
    """Keep paramiko from writing tracebacks of broken connections to stderr: we report them ourselves."""
    logging.getLogger("paramiko").setLevel(logging.CRITICAL + 1)
