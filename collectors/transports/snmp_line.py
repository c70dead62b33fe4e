"""One engine's socket with one asset: what every request goes through, whichever engine writes and reads it."""

import asyncio
from collections.abc import Callable
from typing import cast

from collectors.inventory.host import SnmpAccess
from collectors.transports import snmp_wire
from collectors.transports.interface import (
    Action,
    AuthenticationError,
    Gate,
    TransportError,
    UnreachableError,
)
from collectors.transports.snmp_channel import Channel, Received
from collectors.transports.snmp_engine import (
    Question,
    RefusedPortError,
    ReportError,
    SilenceError,
    SnmpSocket,
    UndecodableError,
    V3Socket,
)
from collectors.transports.snmp_user import user_of
from evidence.model.names import AssetId

REFRESH_S = 100.0
"""How long engine time is trusted: an engine refuses messages 150 s away from its clock (RFC 3414 §2.2.3)."""

Asking = Callable[[SnmpSocket], Question]
"""What is to be asked, said to the socket that asks it."""


class AnswerError(TransportError):
    """The device answered, and not with what was asked."""


class Line:
    """One way to an asset: passes the gate, waits, asks once more after silence, keeps an SNMPv3 engine's clock."""

    def __init__(self, sock: SnmpSocket, access: SnmpAccess, *, asset: AssetId, gate: Gate, timeout_s: float) -> None:
        """Watch `sock`; `close` gives it back."""
        self._sock, self._access = sock, access
        self._asset, self._gate = asset, gate
        self.timeout_s = timeout_s
        self._channel = Channel(sock, plain=access.version != "3")
        self._clock = asyncio.get_running_loop().time
        self._started = False
        self._synced_at: float | None = None
        self.answered = False
        """The device has answered something, in this conversation."""

    @property
    def orderly(self) -> bool:
        """Whether every request was answered so far, and nothing else came."""
        return self._channel.orderly

    def close(self) -> None:
        """Stop watching and close the socket."""
        self._channel.close()
        self._sock.close()

    async def start(self) -> None:
        """Do what must precede the first question: learn engine id and clock, for v3."""
        if self._started or self._access.version != "3":
            return
        await self._refresh("snmpEngineID")
        if not self._v3.engine_id:
            raise AnswerError(f"{self._asset}: expected an SNMPv3 engine id, found none")
        self._channel.user = user_of(self._access, self._v3.engine_id)
        self._v3.set_user(self._channel.user)
        await self._synchronise()
        self._started = True

    @property
    def _v3(self) -> V3Socket:
        return cast(V3Socket, self._sock)

    async def _synchronise(self) -> None:
        """Learn the engine's boots and time with the user's own keys, which also proves the keys."""
        if not self._access.auth:
            return
        for _ in range(2):  # a first "not in time window" carries the time
            received = await self._refresh("snmpEngineTime")
            if received.report is None:
                break
            if received.report != snmp_wire.NOT_IN_TIME_WINDOW:
                raise self.explain(ReportError(received.report))
        self._synced_at = self._clock()

    async def _refresh(self, label: str) -> Received:
        return await self.ask_twice(label, lambda _: self._v3.refresh())

    async def ask_twice(self, label: str, asking: Asking) -> Received:
        """GET, and once more after silence; raises what `ask` raises but `SilenceError`."""
        try:
            return await self.ask("get", label, asking)
        except SilenceError:
            try:
                return await self.ask("get", label, asking)
            except SilenceError as error:
                raise self.explain(error) from error

    async def ask(self, verb: str, label: str, asking: Asking) -> Received:
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
                return await self._once(action, asking)
            except ReportError as error:
                if error.which != snmp_wire.NOT_IN_TIME_WINDOW or self._synced_at is None:
                    raise
            self._synced_at = None
            await self._synchronise()
            return await self._once(action, asking)
        except (ReportError, RefusedPortError) as error:
            raise self.explain(error) from error

    async def _once(self, action: Action, asking: Asking) -> Received:
        question = asking(self._sock)
        await self._gate.enter(action)
        began = self._clock()
        failed: str | None = "interrupted"
        size = 0
        try:
            received = await self._channel.exchange(
                question, timeout_s=self.timeout_s, stepwise=action.verb == "getnext"
            )
            failed, size, self.answered = None, received.size, True
        except UndecodableError as error:
            failed = f"cannot be decoded: {error}"
            raise
        except (SilenceError, RefusedPortError, ReportError) as error:
            failed = str(error)
            raise
        finally:
            self._gate.leave(action, took_s=self._clock() - began, received=size, error=failed)
        return received

    def explain(self, error: Exception) -> TransportError:
        """Say what a person needs to know of an exchange that failed for good."""
        where = f"{self._asset}: {self._access.address} port {self._access.port}"
        if isinstance(error, ReportError):
            if error.which in (snmp_wire.UNKNOWN_ENGINE, snmp_wire.NOT_IN_TIME_WINDOW):
                return AnswerError(f"{where} says: {error}; another engine answers there now, or its clock is broken")
            whom = f"SNMPv3 user {self._access.shown_user!r}" if self._access.version == "3" else "the community"
            return AuthenticationError(f"{where} refused {whom}: {error}")
        if isinstance(error, UndecodableError):
            return AnswerError(f"{where} sent an answer that cannot be decoded: {error}")
        if isinstance(error, RefusedPortError):
            return UnreachableError(f"{where} refuses SNMP: {error}")
        silence = f"{where} did not answer within {self.timeout_s:g} s, asked twice"
        if self.answered:
            what = "privacy password or context" if self._access.context else "privacy password"
            doubt = f" (a wrong {what} can look like this)" if self._access.priv else ""
            return UnreachableError(f"{silence}, after it had answered before{doubt}")
        if self._access.version == "3":
            return UnreachableError(f"{silence}: unreachable, or no SNMPv3 there")
        return UnreachableError(
            f"{silence}: unreachable, or the community is wrong, or it speaks another version than"
            f" plantproof_snmp_version says (SNMPv{self._access.version} does not say which)"
        )
