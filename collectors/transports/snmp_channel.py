"""One UDP socket in the event loop: a request out, its answer or its absence back."""

import asyncio
import socket
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

from collectors.transports import snmp_wire
from collectors.transports.snmp_engine import (
    Question,
    RefusedPortError,
    RefusedUserError,
    ReportError,
    SilenceError,
    SnmpSocket,
    StrayError,
    UndecodableError,
)
from collectors.transports.snmp_user import User
from evidence.errors import Error

MAX_STRAYS = 64
"""Datagrams that answer something else, suffered while waiting for one answer; more is an answer that never comes."""


_NO_WAY = ("refused", "unreachable", "No route", "not permitted", "denied")

_NONE_BELOW = [None]
"""What an engine makes of an answer with no value of the subtree: the octets say what came instead."""

REMEMBERED = 16
"""Answers whose request-id is remembered; no request-id is used twice."""

GRACE_S = 0.1
"""How long a datagram that cannot be decoded may still be followed by the answer: it may have been another's."""


class Received(NamedTuple):
    """What the decoder made of an answer, and its octets."""

    value: Any
    """The decoder's result; None where it has no values."""
    size: int
    """Bytes of the datagram."""
    plain: snmp_wire.PlainAnswer | None = None
    """What an answer says of itself, where it has no values or may hold nulls among them; None for SNMPv3."""
    report: int | None = None
    """For an SNMPv3 message without values, which usmStats counter it reports, if it is a report."""


class Channel:
    """
    An engine's connected socket watched by the running loop; one request at a time.

    The reader stays registered for the life of the channel, and datagrams that come when nobody waits are thrown
    away, so a device that talks unasked neither fills the buffer nor spins the loop.
    """

    def __init__(self, sock: SnmpSocket, *, plain: bool) -> None:
        """Watch `sock`; `plain` says that answers are v1 or v2c and can be looked into."""
        self._plain = plain
        self._loop = asyncio.get_running_loop()
        self._fd = sock.fileno()
        # A second view of the engine's descriptor, which the engine goes on owning: `close` detaches it.
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM, 0, fileno=self._fd)
        self._buffer = bytearray(sock.longest + 16)
        self._view = memoryview(self._buffer)
        self._waiter: asyncio.Future[Received] | None = None
        self._receive: Callable[[], Any] = _nothing
        self._strays = 0
        self._asked = self._answered = 0
        self._heard: deque[bytes] = deque(maxlen=REMEMBERED)
        """The request-ids of the answers that came last: a network may deliver a datagram twice."""
        self._failure: UndecodableError | None = None
        self._deadline = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._stepwise = False
        self.user: User | None = None
        """Once it is known who asks over SNMPv3: nothing is decoded that this user's keys did not sign."""
        self._loop.add_reader(self._fd, self._on_readable)

    def close(self) -> None:
        """Stop watching; the descriptor is the engine's to close."""
        self._loop.remove_reader(self._fd)
        self._socket.detach()
        if self._timer:
            self._timer.cancel()

    async def exchange(self, question: Question, *, timeout_s: float, stepwise: bool = False) -> Received:
        """
        Send once and wait for the answer.

        Raises `SilenceError`, `RefusedPortError`, `UndecodableError` or `ReportError`. `stepwise` marks a GETNEXT,
        whose answer is looked through before decoding: small enough for that, and gufo panics on some.
        """
        self._asked += 1
        try:
            question.send()
        except OSError as error:
            raise self._send_failed(error) from error
        waiter: asyncio.Future[Received] = self._loop.create_future()
        self._waiter = waiter
        self._receive, self._strays, self._failure = question.receive, 0, None
        self._stepwise = self._plain and stepwise
        self._wait_until(self._loop.time() + timeout_s)
        try:
            received = await waiter
        finally:
            self._waiter = None
        self._answered += not self._strays
        return received

    @property
    def orderly(self) -> bool:
        """
        Whether every request was answered so far, and nothing else came.

        Only then what was looked at is certainly what was decoded: gufo passes over an answer to another request, one
        that comes late, and takes the next.
        """
        return self._asked == self._answered

    @staticmethod
    def _send_failed(error: OSError) -> Exception:
        """Tell an address there is no way to from a full queue; gufo keeps of the error only its text."""
        text = error.strerror or str(error).split(" (os error")[0]
        if any(word in text for word in _NO_WAY):
            return RefusedPortError(text)
        return SilenceError(text)

    def _wait_until(self, deadline: float) -> None:
        self._deadline = deadline
        if self._timer is not None and self._timer.when() > deadline:
            self._timer.cancel()
            self._timer = None
        if self._timer is None:
            self._timer = self._loop.call_at(deadline, self._on_time)

    def _on_time(self) -> None:
        """Fail the waiting request, or wait on: one timer serves many requests."""
        self._timer = None
        if self._waiter is None or self._waiter.done():
            return
        if self._loop.time() >= self._deadline:
            self._waiter.set_exception(self._failure or SilenceError("no answer"))
        else:
            self._timer = self._loop.call_at(self._deadline, self._on_time)

    def _on_readable(self) -> None:
        waiter = self._waiter
        idle = waiter is None or waiter.done()
        try:
            size = self._socket.recv_into(self._buffer, 0, 0 if idle else socket.MSG_PEEK)
        except BlockingIOError:
            return
        except OSError as error:
            if not idle and waiter is not None:
                waiter.set_exception(RefusedPortError(error.strerror or str(error)))
            return
        if idle or waiter is None:
            return
        try:
            waiter.set_result(self._decode(size))
        except StrayError:
            self._strays += 1
            if self._strays > MAX_STRAYS:
                waiter.set_exception(SilenceError("only answers to something else"))
        except UndecodableError as error:
            if self._failure is None:
                self._failure = error
                self._wait_until(min(self._deadline, self._loop.time() + GRACE_S))
        except (ReportError, RefusedPortError) as error:
            waiter.set_exception(error)

    def _decode(self, size: int) -> Received:
        """Have the engine decode the datagram that was looked at."""
        datagram = self._view[:size]
        if not snmp_wire.is_whole(datagram):
            self._discard()
            raise UndecodableError("not one BER message")
        data = bytes(datagram)
        if self.user:
            self._check(self.user, data)
        if self._plain:
            self._refuse_twins(data)
        if self._stepwise:
            answer = self._look_through(data)
            if answer.status or any(tag in snmp_wire.VALUELESS for _, tag in answer.varbinds):
                self._discard()
                return Received(None, size, answer)
        try:
            value = self._receive()
        except RefusedUserError as error:
            if self._plain and self._read(data).status != snmp_wire.AUTHORIZATION_ERROR:
                raise UndecodableError("a report, which is SNMPv3's") from error
            raise ReportError(snmp_wire.read_report(data)) from error
        except Error:
            raise
        except Exception as error:
            raise UndecodableError(f"{error!s:.120}") from error
        if value is not None:
            if self._plain and snmp_wire.may_hold_nulls(data):
                return Received(value, size, self._read(data))
            return Received(value, size, self._instead(data) if value == _NONE_BELOW else None)
        if self._plain:
            return Received(None, size, self._read(data))
        return Received(None, size, report=snmp_wire.read_report(data))

    def _check(self, user: User, datagram: bytes) -> None:
        try:
            user.check(datagram)
        except snmp_wire.MalformedError as error:
            self._discard()
            raise UndecodableError(str(error)) from error

    def _refuse_twins(self, datagram: bytes) -> None:
        """
        Raise `StrayError` for what came before: an engine passes over it without a word, and takes the next.

        What an answer without values was would then be read from the wrong datagram.
        """
        number = snmp_wire.request_id(datagram)
        if number is None:
            return
        if number in self._heard:
            self._discard()
            raise StrayError("it came before")
        self._heard.append(number)

    def _discard(self) -> None:
        """Take a datagram off the queue without decoding it."""
        self._socket.recv_into(self._buffer)

    def _look_through(self, datagram: bytes) -> snmp_wire.PlainAnswer:
        """Read an answer that is still in the queue; one that cannot be read leaves it."""
        try:
            return self._read(datagram)
        except UndecodableError:
            self._discard()
            raise

    def _instead(self, datagram: bytes) -> snmp_wire.PlainAnswer | None:
        """Return what came in place of a value of the subtree, where that can be told without doubt."""
        if self._plain:
            with suppress(snmp_wire.MalformedError):
                return snmp_wire.read_plain(datagram, most=1)
        return None

    def _read(self, datagram: bytes) -> snmp_wire.PlainAnswer:
        try:
            return snmp_wire.read_plain(datagram)
        except snmp_wire.MalformedError as error:
            raise UndecodableError(str(error)) from error


def _nothing() -> None:
    """Receive nothing: no request is under way."""
