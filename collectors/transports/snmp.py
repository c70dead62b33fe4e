"""
SNMP: ask one asset for values and subtrees, read-only (RFC 3416 §4.2: GET, GETNEXT, GETBULK and nothing else).

Every request passes the gate first. A walk never raises for what the device does half-way: it returns what it has and
says why it is not all.
"""

import asyncio
import ipaddress
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, cast

from collectors.inventory.host import SnmpAccess
from collectors.transports import snmp_wire
from collectors.transports.interface import (
    Action,
    AuthenticationError,
    Gate,
    TransportError,
    UnreachableError,
    Value,
)
from collectors.transports.snmp_channel import (
    Channel,
    Received,
    RefusedPortError,
    ReportError,
    SilenceError,
    UndecodableError,
)
from collectors.transports.snmp_socket import (
    ClientSocket,
    V3Socket,
    check_access,
    engine,
    open_plain,
    open_v3,
    set_user,
)
from collectors.transports.snmp_walk import Limits, Repetitions, Walk, Walked
from evidence.model.names import AssetId

REFRESH_S = 100.0
"""How long engine time is trusted: an engine refuses messages 150 s away from its clock (RFC 3414 §2.2.3)."""


class AnswerError(TransportError):
    """The device answered, and not with what was asked."""


@asynccontextmanager
async def open_snmp(
    access: SnmpAccess,
    *,
    asset: AssetId,
    gate: Gate,
    timeout_s: float = 5.0,
    max_repetitions: int = 10,
    limits: Limits | None = None,
) -> AsyncIterator["SnmpSession"]:
    """
    Open a session with an asset.

    For v1 and v2c nothing is sent yet. For v3 the engine is asked for its id and clock, so an unreachable device
    raises `UnreachableError` here, and an unknown user or a wrong password `AuthenticationError`. Raises
    `AccessError` when the variables do not fit together and `EngineMissingError` where gufo-snmp is not installed.
    """
    check_access(access)
    address = await _resolve(access, asset)
    try:
        sock = open_v3(address) if access.version == "3" else open_plain(access, address)
    except OSError as error:
        raise UnreachableError(f"{asset}: no way to {address}: {error}") from error
    channel = Channel(sock, plain=access.version != "3")
    session = SnmpSession(
        access,
        sock,
        channel,
        asset=asset,
        gate=gate,
        timeout_s=timeout_s,
        max_repetitions=max_repetitions,
        limits=limits,
    )
    try:
        await session.start()
        yield session
    finally:
        channel.close()


async def _resolve(access: SnmpAccess, asset: AssetId) -> str:
    """Return the address as an IP literal with its port, as gufo wants it."""
    address = access.address.strip("[]")
    try:
        ipaddress.ip_address(address)
    except ValueError:
        try:
            found = await asyncio.get_running_loop().getaddrinfo(address, access.port, proto=17)
        except OSError as error:
            raise UnreachableError(f"{asset}: the name {address} has no address: {error.strerror}") from error
        address = str(found[0][4][0])
    return f"[{address}]:{access.port}" if ":" in address else f"{address}:{access.port}"


class SnmpSession:
    """A conversation with one asset; one request at a time."""

    def __init__(
        self,
        access: SnmpAccess,
        sock: ClientSocket,
        channel: Channel,
        *,
        asset: AssetId,
        gate: Gate,
        timeout_s: float,
        max_repetitions: int,
        limits: Limits | None,
    ) -> None:
        """Use `open_snmp`."""
        self._access, self._sock, self._channel = access, sock, channel
        self._asset, self._gate, self._timeout_s = asset, gate, timeout_s
        self._limits = limits or Limits()
        self._repetitions = Repetitions(max_repetitions if access.version != "1" else 0)
        self._most = max(1, max_repetitions)
        self._position, self._missing = engine().GetIter, engine().NoSuchInstance
        self._clock = asyncio.get_running_loop().time
        self._answered = False
        self._synced_at: float | None = None
        self._values = self._bytes = 0

    async def start(self) -> None:
        """Do what must precede the first question: learn engine id and clock, for v3."""
        if self._access.version != "3":
            return
        await self._refresh("snmpEngineID")
        if not self._v3.get_engine_id():
            raise AnswerError(f"{self._asset}: expected an SNMPv3 engine id, found none")
        set_user(self._v3, self._access)
        await self._synchronise()

    def limit(self, max_repetitions: int) -> None:
        """Ask for at most this many values at once from now on; fewer where this device has shown it needs that."""
        self._repetitions.limit(max_repetitions if self._access.version != "1" else 0)
        self._most = max(1, max_repetitions)

    @property
    def _v3(self) -> V3Socket:
        sock: Any = self._sock
        return cast(V3Socket, sock)

    async def _synchronise(self) -> None:
        """Learn the engine's boots and time with the user's own keys, which also proves the keys."""
        if not self._access.auth:
            return
        for _ in range(2):  # a first "not in time window" carries the time
            received = await self._refresh("snmpEngineTime")
            if received.report is None:
                break
            if received.report != snmp_wire.NOT_IN_TIME_WINDOW:
                raise self._explain(ReportError(received.report))
        self._synced_at = self._clock()

    async def _refresh(self, label: str) -> Received:
        try:
            return await self._ask_twice(label, self._v3.send_refresh, self._v3.recv_refresh)
        except UndecodableError as error:
            raise self._explain(error) from error

    async def get(self, oids: Sequence[str]) -> list[tuple[str, Value]]:
        """
        Return the values of `oids`, in that order.

        What the device says it does not have is None (kind `n` in the capture: asked, and not there); what it
        answers with an error, or in a way that cannot be decoded, even when asked for alone, is left out. Raises
        `UnreachableError` or `AuthenticationError`.
        """
        asked = [oid.lstrip(".") for oid in oids]
        found: dict[str, Value] = {}
        pending = [asked[i : i + self._most] for i in range(0, len(asked), self._most)]
        while pending:
            some = pending.pop(0)
            answer = await self._get_some(some)
            if answer is not None:
                found.update(answer)
            elif len(some) > 1:
                size = len(some) // 2 if self._access.version == "2c" else 1
                pending[:0] = [some[i : i + size] for i in range(0, len(some), size)]
        return [(oid, found[oid]) for oid in asked if oid in found]

    async def _get_some(self, oids: list[str]) -> dict[str, Value] | None:
        """Ask for some values at once; None when that was too much at once, or an error."""
        label = oids[0] if len(oids) == 1 else f"{oids[0]} +{len(oids) - 1}"
        send, receive = partial(self._sock.send_get_many, oids), self._receive_values
        if len(oids) == 1 and self._access.version == "3":
            send, receive = partial(self._sock.send_get, oids[0]), partial(self._receive_one, oids[0])
        try:
            received = await self._ask_twice(label, send, receive)
        except UndecodableError:
            return None
        if received.value is not None:
            return {oid: received.value.get(oid) for oid in oids}
        plain = received.plain
        if plain is None:  # SNMPv3 does not show why there are no values: one by one it does
            return None
        missing = plain.status == 0 or (plain.status == snmp_wire.NO_SUCH_NAME and len(oids) == 1)
        return dict.fromkeys(oids) if missing and plain.echoes(oids) else None

    def _receive_values(self) -> dict[str, Value] | None:
        """Decode a GET's answer; None for one without any value, so that its error-status is looked at."""
        return self._sock.recv_get_many() or None

    def _receive_one(self, oid: str) -> dict[str, Value] | None:
        """Decode a GET's answer for one OID: empty when the device says it has none, None for an error or a null."""
        try:
            value = self._sock.recv_get()
        except self._missing:
            return {}
        return None if value is None else {oid: value}

    async def walk(self, oid: str) -> Walked:
        """
        Return every value below `oid`.

        Raises `UnreachableError` when the device has not answered anything yet in this conversation, and
        `AuthenticationError`; any other trouble makes the result incomplete, with the reason.

        Two things the decoder underneath does not tell: a null among other values of a GETBULK answer is missing, and
        over SNMPv3 an error in answer to a GETNEXT reads as the end of the tables.
        """
        walk = Walk(oid.lstrip("."), self._clock())
        receiver = self._position(walk.root)
        while walk.reason is None and not walk.ended:
            walk.reason = walk.exhausted(self._limits, self._clock()) or self._exhausted()
            if walk.reason is None:
                await self._step(walk, receiver)
        return Walked(tuple(walk.found), walk.reason is None, walk.reason)

    def _exhausted(self) -> str | None:
        if self._values >= self._limits.session_values or self._bytes >= self._limits.session_bytes:
            return f"cut: the device has sent {self._values} values, {self._bytes} bytes"
        return None

    async def _step(self, walk: Walk, receiver: object) -> None:
        """
        Ask once, and take in the answer or ask for less next time.

        Two of gufo's iterators are at work: `receiver` knows the subtree, and a fresh one where to go on and how many
        to ask for, which an iterator cannot change.
        """
        size = 0 if walk.doubt else self._repetitions.now
        sender = self._position(walk.at, size or None)
        sock = self._sock
        try:
            if size:
                received = await self._ask(
                    "getbulk", walk.at, lambda: sock.send_get_bulk(sender), lambda: sock.recv_get_bulk(receiver)
                )
            else:
                received = await self._ask(
                    "getnext", walk.at, lambda: sock.send_get_next(sender), lambda: [sock.recv_get_next(receiver)]
                )
        except UndecodableError as error:
            self._shrink(walk, f"the answer after {walk.at} cannot be decoded: {error}")
        except SilenceError as error:
            walk.silences += 1
            self._repetitions.shrink(by=4)  # there is one retry, so it is a small one
            if walk.silences > 1:
                if not self._answered:
                    raise self._explain(error) from error
                walk.reason = f"no answer within {self._timeout_s:g} s after {walk.at}, asked twice"
        except UnreachableError as error:
            if not self._answered:
                raise
            walk.reason = str(error)
        else:
            walk.silences = 0
            self._take(walk, received, size)

    def _take(self, walk: Walk, received: Received, size: int) -> None:
        """Tell values from the end of the tables, from an error and from nulls: gufo shows the last three alike."""
        if received.value is not None:
            if walk.doubt:  # so the answer without values was an error
                walk.doubt = False
                self._repetitions.shrink()
            self._repetitions.good()
            self._values += walk.take(received.value, received.size)
            self._bytes += received.size
        elif received.plain is None:
            walk.ended = not size
            walk.doubt = not walk.ended
        elif not received.plain.status:
            if not walk.take_nulls(received.plain):
                self._shrink(walk, f"the answer after {walk.at} is to something else")
        elif received.plain.status == snmp_wire.NO_SUCH_NAME and received.plain.echoes([walk.at]):
            walk.ended = True
        else:
            name = snmp_wire.ERRORS.get(received.plain.status, f"error {received.plain.status}")
            self._shrink(walk, f"the device answers {name} after {walk.at}")

    def _shrink(self, walk: Walk, reason: str) -> None:
        """Ask for less, or end the walk for `reason` when it was one value already."""
        if not self._repetitions.shrink():
            walk.reason = reason

    async def _ask_twice(self, label: str, send: Callable[[], None], receive: Callable[[], Any]) -> Received:
        """GET, and once more after silence."""
        try:
            return await self._ask("get", label, send, receive)
        except SilenceError:
            try:
                return await self._ask("get", label, send, receive)
            except SilenceError as error:
                raise self._explain(error) from error

    async def _ask(self, verb: str, label: str, send: Callable[[], None], receive: Callable[[], Any]) -> Received:
        """
        Pass the gate and exchange.

        Raises `SilenceError` and `UndecodableError`, on which the caller may ask again; what is final is a
        `TransportError`. An engine whose clock ran away is synchronised with and asked once more (RFC 3414 §3.2.7).
        """
        action = Action(self._asset, "snmp", verb, label)
        try:
            if self._synced_at is not None and self._clock() - self._synced_at > REFRESH_S:
                self._synced_at = None
                await self._synchronise()
            try:
                return await self._once(action, send, receive)
            except ReportError as error:
                if error.which != snmp_wire.NOT_IN_TIME_WINDOW or self._synced_at is None:
                    raise
            self._synced_at = None
            await self._synchronise()
            return await self._once(action, send, receive)
        except (ReportError, RefusedPortError) as error:
            raise self._explain(error) from error

    async def _once(self, action: Action, send: Callable[[], None], receive: Callable[[], Any]) -> Received:
        await self._gate.enter(action)
        began = self._clock()
        failed: str | None = "interrupted"
        size = 0
        try:
            received = await self._channel.exchange(
                send, receive, timeout_s=self._timeout_s, stepwise=action.verb == "getnext"
            )
            failed, size, self._answered = None, received.size, True
        except (SilenceError, RefusedPortError, UndecodableError, ReportError) as error:
            failed = str(error)
            raise
        finally:
            self._gate.leave(action, took_s=self._clock() - began, received=size, error=failed)
        return received

    def _explain(self, error: Exception) -> TransportError:
        """Say what a person needs to know of an exchange that failed for good."""
        where = f"{self._asset}: {self._access.address} port {self._access.port}"
        if isinstance(error, ReportError):
            if error.which in (snmp_wire.UNKNOWN_ENGINE, snmp_wire.NOT_IN_TIME_WINDOW):
                return AnswerError(f"{where} says: {error}; another engine answers there now, or its clock is broken")
            return AuthenticationError(f"{where} refused SNMPv3 user {self._access.user!r}: {error}")
        if isinstance(error, UndecodableError):
            return AnswerError(f"{where} sent an answer that cannot be decoded: {error}")
        if isinstance(error, RefusedPortError):
            return UnreachableError(f"{where} refuses SNMP: {error}")
        silence = f"{where} did not answer within {self._timeout_s:g} s, asked twice"
        if self._answered:
            doubt = " (a wrong privacy password can look like this)" if self._access.priv else ""
            return UnreachableError(f"{silence}, after it had answered before{doubt}")
        if self._access.version == "3":
            return UnreachableError(f"{silence}: unreachable, or no SNMPv3 there")
        return UnreachableError(
            f"{silence}: unreachable, or the community is wrong (SNMPv{self._access.version} does not say which)"
        )
