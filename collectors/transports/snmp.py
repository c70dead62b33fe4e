"""
SNMP: ask one asset for values and subtrees, read-only (RFC 3416 §4.2: GET, GETNEXT, GETBULK and nothing else).

Every request passes the gate first. A walk never raises for what the device does half-way: it returns what it has and
says why it is not all.
"""

import asyncio
import ipaddress
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import TypeVar

from collectors.inventory.host import SnmpAccess
from collectors.transports import snmp_gufo, snmp_wire
from collectors.transports.interface import AuthenticationError, Gate, UnreachableError, Value
from collectors.transports.snmp_channel import Received
from collectors.transports.snmp_engine import EngineMissingError, SilenceError, SnmpSocket, UndecodableError
from collectors.transports.snmp_line import AnswerError, Asking, Line
from collectors.transports.snmp_user import check_access
from collectors.transports.snmp_walk import Limits, Repetitions, Walk, Walked
from evidence.model.names import AssetId

T = TypeVar("T")

_NO_BETTER = (SilenceError, UndecodableError, AnswerError, AuthenticationError, UnreachableError, EngineMissingError)
"""With what the other engine shows that it does no better than the first."""


@asynccontextmanager
async def open_snmp(
    access: SnmpAccess,
    *,
    asset: AssetId,
    gate: Gate,
    timeout_s: float = 5.0,
    max_repetitions: int = 10,
    limits: Limits | None = None,
    engine: str | None = None,
) -> AsyncIterator["SnmpSession"]:
    """
    Open a session with an asset.

    For v1 and v2c nothing is sent yet. For v3 the engine is asked for its id and clock, so an unreachable device
    raises `UnreachableError` here, and an unknown user or a wrong password `AuthenticationError`. Raises
    `AccessError` when the variables do not fit together and `EngineMissingError` where no engine is installed.

    `engine` is `gufo` or `pysnmp`, and then no other. By itself it is gufo where there is one, with pysnmp in reserve
    for an answer gufo cannot decode; pysnmp where there is none, and for a context, which gufo cannot ask for.
    """
    check_access(access)
    host = await _resolve(access, asset)
    first, *reserve = (engine,) if engine else engines(access)

    def line(name: str) -> Line:
        return Line(_ENGINES[name](access, host, access.port), access, asset=asset, gate=gate, timeout_s=timeout_s)

    try:
        opened = line(first)
    except OSError as error:
        raise UnreachableError(f"{asset}: no way to {host} port {access.port}: {error}") from error
    session = SnmpSession(
        access, opened, [partial(line, name) for name in reserve], max_repetitions=max_repetitions, limits=limits
    )
    try:
        await session.start()
        yield session
    finally:
        session.close()


def _open_pysnmp(access: SnmpAccess, host: str, port: int) -> SnmpSocket:
    try:
        from collectors.transports.snmp_pysnmp import open_pysnmp
    except ImportError as error:
        raise EngineMissingError("SNMP through pysnmp needs pysnmp, which is not installed") from error
    return open_pysnmp(access, host, port)


_ENGINES: dict[str, Callable[[SnmpAccess, str, int], SnmpSocket]] = {
    "gufo": snmp_gufo.open_gufo,
    "pysnmp": _open_pysnmp,
}


def engines(access: SnmpAccess) -> tuple[str, ...]:
    """Return which engines ask an asset when nobody said which: the first, and those in reserve."""
    if not access.context:
        with suppress(EngineMissingError):
            snmp_gufo.library()
            return "gufo", "pysnmp"
    return ("pysnmp",)


async def _resolve(access: SnmpAccess, asset: AssetId) -> str:
    """Return the address as an IP literal."""
    address = access.address.strip("[]")
    try:
        ipaddress.ip_address(address)
    except ValueError:
        try:
            found = await asyncio.get_running_loop().getaddrinfo(address, access.port, proto=17)
        except OSError as error:
            raise UnreachableError(f"{asset}: the name {address} has no address: {error.strerror}") from error
        except UnicodeError as error:
            raise UnreachableError(f"{asset}: {address} is longer than a name can be") from error
        address = str(found[0][4][0])
    return address


class SnmpSession:
    """A conversation with one asset; one request at a time."""

    def __init__(
        self,
        access: SnmpAccess,
        line: Line,
        reserve: list[Callable[[], Line]],
        *,
        max_repetitions: int,
        limits: Limits | None,
    ) -> None:
        """Use `open_snmp`."""
        self._version, self._line, self._reserve = access.version, line, reserve
        self._limits = limits or Limits()
        self._repetitions = Repetitions(max_repetitions if access.version != "1" else 0)
        self._most = max(1, max_repetitions)
        self._clock = asyncio.get_running_loop().time
        self._values = self._bytes = 0

    async def start(self) -> None:
        """Do what must precede the first question."""
        try:
            await self._put(Line.start)
        except UndecodableError as error:
            raise self._line.explain(error) from error

    def close(self) -> None:
        """End the conversation."""
        self._line.close()

    def limit(self, max_repetitions: int) -> None:
        """Ask for at most this many values at once from now on; fewer where this device has shown it needs that."""
        self._repetitions.limit(max_repetitions if self._version != "1" else 0)
        self._most = max(1, max_repetitions)

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
                size = len(some) // 2 if self._version == "2c" else 1
                pending[:0] = [some[i : i + size] for i in range(0, len(some), size)]
        return [(oid, found[oid]) for oid in asked if oid in found]

    async def _get_some(self, oids: list[str]) -> dict[str, Value] | None:
        """Ask for some values at once; None when that was too much at once, or an error."""
        label = oids[0] if len(oids) == 1 else f"{oids[0]} +{len(oids) - 1}"
        try:
            received = await self._put(lambda line: line.ask_twice(label, lambda sock: sock.get(oids)))
        except UndecodableError:
            return None
        if received.value is not None:
            return {oid: received.value.get(oid) for oid in oids}
        plain = received.plain
        if plain is None:  # SNMPv3 does not show why there are no values: one by one it does
            return None
        missing = plain.status == 0 or (plain.status == snmp_wire.NO_SUCH_NAME and len(oids) == 1)
        return dict.fromkeys(oids) if missing and plain.echoes(oids) else None

    async def walk(self, oid: str, *, first: int | None = None) -> Walked:
        """
        Return every value below `oid`, or the `first` so many.

        Raises `UnreachableError` when the device has not answered anything yet in this conversation, and
        `AuthenticationError`; any other trouble makes the result incomplete, with the reason.

        Two things SNMPv3 does not show: a null among other values of a GETBULK answer is missing, and an error in
        answer to a GETNEXT reads as the end of the tables.
        """
        walk = Walk(oid.lstrip("."), self._clock(), first)
        while walk.reason is None and not walk.ended:
            walk.reason = walk.exhausted(self._limits, self._clock()) or self._exhausted()
            if walk.reason is None:
                await self._step(walk)
        beyond = walk.beyond if self._line.orderly else ()
        return Walked(tuple(walk.found), walk.reason is None, walk.reason, beyond)

    def _exhausted(self) -> str | None:
        if self._values >= self._limits.session_values or self._bytes >= self._limits.session_bytes:
            return f"cut: the device has sent {self._values} values, {self._bytes} bytes"
        return None

    async def _step(self, walk: Walk) -> None:
        """Ask once, and take in the answer or ask for less next time."""
        size = 0 if walk.doubt else walk.wanted(self._repetitions.now)
        at, verb = walk.at, "getbulk" if size else "getnext"
        asking: Asking = lambda sock: sock.after(at, walk.root, size)  # noqa: E731
        try:
            received = await self._put(lambda line: line.ask(verb, at, asking))
        except UndecodableError as error:
            self._shrink(walk, f"the answer after {walk.at} cannot be decoded: {error}")
        except SilenceError as error:
            walk.silences += 1
            self._repetitions.shrink(by=4)  # there is one retry, so it is a small one
            if walk.silences > 1:
                if not self._line.answered:
                    raise self._line.explain(error) from error
                walk.reason = f"no answer within {self._line.timeout_s:g} s after {walk.at}, asked twice"
        except UnreachableError as error:
            if not self._line.answered:
                raise
            walk.reason = str(error)
        else:
            walk.silences = 0
            self._take(walk, received, size)

    def _take(self, walk: Walk, received: Received, size: int) -> None:
        """Tell values from the end of the tables, an error and nulls: the engines show the last three alike."""
        if received.value is not None:
            if walk.doubt:  # so the answer without values was an error
                walk.doubt = False
                self._repetitions.shrink()
            self._repetitions.good()
            walk.strange = False
            self._values += walk.take(received.value, received.size, received.plain)
            self._bytes += received.size
        elif received.plain is None:
            walk.ended = not size
            walk.doubt = not walk.ended
        elif not received.plain.status:
            if walk.take_nulls(received.plain):
                walk.strange = False
            else:
                self._misunderstood(walk)
        elif received.plain.status == snmp_wire.NO_SUCH_NAME and received.plain.echoes([walk.at]):
            walk.ended = True
        else:
            name = snmp_wire.ERRORS.get(received.plain.status, f"error {received.plain.status}")
            self._shrink(walk, f"the device answers {name} after {walk.at}")

    def _misunderstood(self, walk: Walk) -> None:
        """
        Ask for less, or the same once more, after an answer to something else.

        gufo passes over what is not for it and reads on: what it was given last is then not what was looked at.
        """
        if not self._repetitions.shrink():
            if walk.strange:
                walk.reason = f"the answer after {walk.at} is to something else"
            walk.strange = True

    def _shrink(self, walk: Walk, reason: str) -> None:
        """Ask for less, or end the walk for `reason` when it was one value already."""
        if not self._repetitions.shrink():
            walk.reason = reason

    async def _put(self, ask: Callable[[Line], Awaitable[T]]) -> T:
        """Ask, and once in a session through the other engine: where that can decode the answer, it stays with it."""
        try:
            return await ask(self._line)
        except UndecodableError as undecodable:
            if not self._reserve:
                raise
            return await self._put_to_other(ask, undecodable)

    async def _put_to_other(self, ask: Callable[[Line], Awaitable[T]], undecodable: UndecodableError) -> T:
        other = None
        try:
            other = self._reserve.pop()()
            await other.start()
            answer = await ask(other)
        except (*_NO_BETTER, OSError):
            raise undecodable from None
        else:
            self._line, other = other, self._line
            return answer
        finally:
            if other:
                other.close()
