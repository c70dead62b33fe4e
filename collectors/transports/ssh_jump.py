"""Hosts on the way (ssh_config(5), ProxyJump): which they are, and connections to them that a run's assets share."""

import shlex
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from collectors.inventory.host import SshAccess
from collectors.transports.interface import (
    AuthenticationError,
    HostKeyError,
    JumpHostError,
    LeftAloneError,
    TransportError,
    UnreachableError,
)
from evidence.model.names import AssetId
from evidence.model.ssh import MAX_HOPS

FAILURES = 3
"""Times in a row a host on the way may not be reached before it is given up in this run (as for any device)."""


class Passage(Protocol):
    """An open connection to a host on the way."""

    @property
    def is_open(self) -> bool:
        """Whether others can still be reached through it."""
        ...

    def close(self) -> None:
        """Close it."""
        ...


T = TypeVar("T", bound=Passage)


@dataclass(slots=True)
class _Hop(Generic[T]):
    lock: threading.Lock = field(default_factory=threading.Lock)
    connection: T | None = None
    failures: int = 0
    given_up: str | None = None


class JumpHosts(Generic[T]):
    """
    The hosts on the way of one run: each is logged in to once, and what it refused is not tried again.

    Safe to use from several threads. Also a context manager that closes them.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._hops: dict[tuple[SshAccess, ...], _Hop[T]] = {}

    def __enter__(self) -> "JumpHosts[T]":
        return self

    def __exit__(self, *_: object) -> None:
        for hop in reversed(self._hops.values()):
            if hop.connection is not None:
                hop.connection.close()

    def reach(
        self, way: tuple[SshAccess, ...], asset: AssetId, connect: Callable[[SshAccess, T | None], T]
    ) -> T | None:
        """
        Return a connection to the last host of `way`, through the others; `None` where there is none.

        `connect` logs in to a host, through another where there is one.

        Raises `JumpHostError` when one refuses the login, and `LeftAloneError` when one did before in this run, or
        could not be reached three times.
        """
        if not way:
            return None
        with self._lock:
            hop = self._hops.setdefault(way, _Hop())
        with hop.lock:
            if hop.connection is not None and hop.connection.is_open:
                return hop.connection
            if hop.given_up:
                raise LeftAloneError(f"{asset}: not asked: {hop.given_up} in this run")
            via = self.reach(way[:-1], asset, connect)
            hop.connection = self._opened(hop, way[-1], via, asset, connect)
            hop.failures = 0
            return hop.connection

    def _opened(
        self,
        hop: _Hop[T],
        access: SshAccess,
        via: T | None,
        asset: AssetId,
        connect: Callable[[SshAccess, T | None], T],
    ) -> T:
        name = f"the jump host {access.address}:{access.port}"
        try:
            return connect(access, via)
        except AuthenticationError as error:
            hop.given_up = f"{name} refused the login"
            raise JumpHostError(f"{asset}: {name}: {_after(error, asset)}", hint=error.hint) from error
        except HostKeyError:
            hop.given_up = f"the host key of {name} was refused"
            raise
        except UnreachableError as error:
            hop.failures += 1
            if hop.failures >= FAILURES:
                hop.given_up = f"{name} could not be reached {hop.failures} times"
            raise UnreachableError(f"{asset}: {name}: {_after(error, asset)}", hint=error.hint) from error


def _after(error: TransportError, asset: AssetId) -> str:
    return str(error).removeprefix(f"{asset}: ")


def way_to(access: SshAccess, asset: AssetId) -> tuple[SshAccess, ...]:
    """
    Return the hosts that `ansible_ssh_common_args` says to go through (`-J`, `-o ProxyJump=`), nearest to us first.

    The asset's password is not given to them: only a key is, `plantproof_jump_key_file` where there is one. Their host
    keys are always checked, and no legacy algorithm is used. A `ProxyCommand` is an error.
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
            hops = value.split(",")
            if len(hops) > MAX_HOPS:
                raise TransportError(f"{asset}: expected at most {MAX_HOPS} hosts to go through, found {len(hops)}")
            return tuple(_hop(access, asset, hop) for hop in hops)
    return ()


def _words(access: SshAccess, asset: AssetId) -> list[str]:
    try:
        return shlex.split(access.common_args or "")
    except ValueError as error:
        raise TransportError(f"{asset}: ansible_ssh_common_args cannot be read: {error}") from error


def _hop(access: SshAccess, asset: AssetId, written: str) -> SshAccess:
    user, _, place = written.removeprefix("ssh://").rpartition("@")
    host, port = place, "22"
    if place.startswith("["):
        host, _, port = place[1:].partition("]")
        port = port.removeprefix(":") or "22"
    elif place.count(":") == 1:
        host, _, port = place.partition(":")
    if not host or not port.isdecimal() or ":" in user:
        found = "a password in it" if ":" in user else repr(place)
        raise TransportError(f"{asset}: expected a ProxyJump like user@jump.example:22, found {found}")
    own_key = access.jump_key_file is not None
    return SshAccess(
        address=host,
        port=int(port),
        user=user or access.user,
        user_is_hidden=access.user_is_hidden and not user,
        key_file=access.jump_key_file if own_key else access.key_file,
        passphrase=access.jump_passphrase if own_key else access.passphrase,
    )
