"""One UDP socket in the event loop, with an engine that does what it is told: none can be made to fail at will."""

import asyncio
import socket
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest

from collectors.credentials import Secret
from collectors.inventory.host import SnmpAccess
from collectors.simulate import ber
from collectors.transports.interface import UnreachableError
from collectors.transports.snmp import open_snmp
from collectors.transports.snmp_channel import Channel, Received
from collectors.transports.snmp_engine import Question, RefusedPortError, SilenceError, UndecodableError
from collectors.transports.snmp_gufo import translated
from evidence.model.names import AssetId

WHOLE = ber.tlv(ber.SEQUENCE, b"\x02\x01\x05")


class Decoder:
    """An engine's socket without an engine: a UDP socket, and questions made by the test; a double."""

    longest = 4080

    def __init__(self) -> None:
        self.peer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.peer.bind(("127.0.0.1", 0))
        self.own = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.own.bind(("127.0.0.1", 0))
        self.own.setblocking(False)
        self.own.connect(self.peer.getsockname())
        self.peer.connect(self.own.getsockname())

    def fileno(self) -> int:
        return self.own.fileno()

    def close(self) -> None:
        self.peer.close()
        self.own.close()


@pytest.fixture
def decoder() -> Iterator[Decoder]:
    made = Decoder()
    yield made
    made.close()


def with_channel(
    decoder: Any, use: Callable[[Channel], Coroutine[Any, Any, Received]], *, plain: bool = False
) -> Received:
    async def run() -> Received:
        channel = Channel(decoder, plain=plain)
        try:
            return await use(channel)
        finally:
            channel.close()

    return asyncio.run(run())


def failing(error: BaseException) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail


@pytest.mark.parametrize(
    ("error", "becomes"),
    [
        ("Network is unreachable (os error 101)", RefusedPortError),
        ("Connection refused (os error 111)", RefusedPortError),
        ("No buffer space available (os error 105)", SilenceError),
    ],
)
def test_a_request_that_cannot_be_sent_says_why(decoder: Decoder, error: str, becomes: type[Exception]) -> None:
    send = failing(OSError(error))
    with pytest.raises(becomes, match=error.split(" (")[0]):
        with_channel(decoder, lambda channel: channel.exchange(Question(send, dict), timeout_s=1))


@pytest.mark.parametrize(
    ("error", "becomes"),
    [
        (TimeoutError("connection refused"), RefusedPortError),
        (RuntimeError("invalid data"), UndecodableError),
        (type("PanicException", (BaseException,), {})("index out of bounds"), UndecodableError),
    ],
)
def test_whatever_the_decoder_raises_becomes_one_of_our_errors(
    decoder: Decoder, error: BaseException, becomes: type[Exception]
) -> None:
    def send() -> None:
        decoder.peer.send(WHOLE)

    question = Question(send, lambda: translated(KeyError, failing(error)))
    with pytest.raises(becomes):
        with_channel(decoder, lambda channel: channel.exchange(question, timeout_s=0.05))


def test_an_answer_without_values_that_cannot_be_looked_into_is_undecodable(decoder: Decoder) -> None:
    def send() -> None:
        decoder.peer.send(WHOLE)

    with pytest.raises(UndecodableError, match="not a v1 or v2c answer"):
        with_channel(
            decoder,
            lambda channel: channel.exchange(Question(send, lambda: None), timeout_s=0.05),
            plain=True,
        )


def test_one_timer_serves_requests_with_shorter_and_longer_patience(decoder: Decoder) -> None:
    def send() -> None:
        decoder.peer.send(WHOLE)

    def receive() -> list[int]:
        decoder.own.recv(4096)
        return [5]

    async def use(channel: Channel) -> Received:
        first = await channel.exchange(Question(send, receive), timeout_s=0.05)
        second = await channel.exchange(Question(send, receive), timeout_s=30)
        with pytest.raises(SilenceError, match="no answer"):
            await channel.exchange(Question(lambda: None, receive), timeout_s=0.1)
        await asyncio.sleep(0)
        assert first == second
        return first

    assert with_channel(decoder, use) == Received([5], len(WHOLE))


def test_what_comes_unasked_is_thrown_away(decoder: Decoder) -> None:
    async def use(channel: Channel) -> Received:
        loop = asyncio.get_running_loop()
        for _ in range(3):
            decoder.peer.send(WHOLE)
        emptied = loop.create_future()
        loop.call_later(0.05, emptied.set_result, None)
        await emptied
        with pytest.raises(BlockingIOError):
            decoder.own.recv(4096)
        decoder.peer.close()
        decoder.own.send(b"nobody is there any more")
        later = loop.create_future()
        loop.call_later(0.05, later.set_result, None)
        await later
        return Received(None, 0)

    with_channel(decoder, use)


def test_an_address_without_a_way_to_it_is_unreachable(snmp_gate: Any, engine: str) -> None:
    async def run() -> None:
        access = SnmpAccess(address="255.255.255.255", community=Secret("c"))
        async with open_snmp(access, asset=AssetId("sw-1"), gate=snmp_gate, engine=engine, timeout_s=0.05) as session:
            await session.get(["1.3.6.1.2.1.1.1.0"])

    with pytest.raises(UnreachableError, match="sw-1: no way to 255"):
        asyncio.run(run())
