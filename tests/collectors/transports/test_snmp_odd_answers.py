"""What SNMP sessions make of answers no honest agent gives, garbage included."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.credentials import Secret
from collectors.inventory.host import SnmpAccess
from collectors.simulate import ber
from collectors.transports.interface import Action, UnreachableError
from collectors.transports.snmp import open_snmp
from collectors.transports.snmp_channel import DATAGRAM_BYTES, MAX_STRAYS
from collectors.transports.snmp_walk import Walked
from evidence.model.names import AssetId

DESCR, COLUMN = "1.3.6.1.2.1.1.1.0", "1.3.6.1.2.1.2.2.1.2"
NULL, SEVEN, NO_SUCH_OBJECT, END = b"\x05\0", b"\x02\1\7", b"\x80\0", b"\x82\0"
GET = 0xA0

Answers = Callable[[bytes], list[bytes]]


class Responder(asyncio.DatagramProtocol):
    """Answers every request with the datagrams it was given; a double."""

    def __init__(self, answers: Answers) -> None:
        self.answers = answers

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        for answer in self.answers(data):
            self.transport.sendto(answer, addr)


def responding(
    answers: Callable[[bytes], list[bytes]], version: str = "2c", timeout_s: float = 0.03
) -> tuple[Any, Any]:
    async def run() -> tuple[Any, Any]:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: Responder(answers), local_addr=("127.0.0.1", 0))
        port = transport.get_extra_info("sockname")[1]
        access = SnmpAccess(address="127.0.0.1", port=port, version=version, community=Secret("c"))
        try:
            async with open_snmp(access, asset=AssetId("a"), gate=Silent(), timeout_s=timeout_s) as session:
                try:
                    found: Any = await session.get([DESCR])
                except UnreachableError as error:
                    found = error
                try:
                    return found, await session.walk(COLUMN)
                except UnreachableError as error:
                    return found, error
        finally:
            transport.close()

    return asyncio.run(run())


class Silent:
    """A gate that lets everything pass; a double."""

    async def enter(self, action: Action) -> None:
        pass

    def enter_blocking(self, action: Action) -> None:
        pass

    def leave(self, action: Action, *, took_s: float, received: int, error: str | None = None) -> None:
        pass


def kind_and_id(request: bytes) -> tuple[int, bytes]:
    kind, pdu = ber.children(ber.read(request, 0)[1])[2]
    return kind, ber.children(pdu)[0][1]


def answer(request_id: bytes, varbinds: bytes, version: str = "2c") -> bytes:
    pdu = ber.tlv(ber.INTEGER, request_id) + ber.integer(0) + ber.integer(0) + ber.tlv(ber.SEQUENCE, varbinds)
    message = ber.integer(0 if version == "1" else 1) + ber.tlv(ber.OCTETS, b"c")
    return ber.tlv(ber.SEQUENCE, message + ber.tlv(0xA2, pdu))


def row(number: int, value: bytes) -> bytes:
    return ber.tlv(ber.SEQUENCE, ber.oid(f"{COLUMN}.{number}") + value)


def oid(number: int) -> str:
    return f"{COLUMN}.{number}"


def something_else(after: str) -> str:
    return f"the answer after {after} is to something else"


@pytest.mark.parametrize(
    ("answers", "version", "expected"),
    [
        pytest.param([row(1, NULL) + row(2, END)], "2c", Walked(((oid(1), None),)), id="a null, then the end"),
        pytest.param(
            [row(1, NULL), ber.tlv(ber.SEQUENCE, ber.oid("1.3.7") + NULL)],
            "2c",
            Walked(((oid(1), None),)),
            id="a null, then outside",
        ),
        pytest.param([b""], "2c", Walked((), False, something_else(COLUMN)), id="no varbinds"),
        pytest.param(
            [row(1, NO_SUCH_OBJECT)],
            "1",
            Walked(((oid(1), None),), False, something_else(oid(1))),
            id="noSuchObject to GETNEXT, on which the decoder would panic",
        ),
        pytest.param(
            [row(1, NULL) * 2],
            "2c",
            Walked(((oid(1), None),), False, f"loop at {oid(1)}: OIDs do not rise"),
            id="a null twice",
        ),
        pytest.param(
            [row(1, SEVEN) + row(5, SEVEN), row(6, SEVEN) + row(5, SEVEN)],
            "2c",
            Walked(((oid(1), 7), (oid(5), 7), (oid(6), 7)), False, f"loop at {oid(5)}: OIDs do not rise"),
            id="backwards within an answer",
        ),
        pytest.param(
            [row(1, SEVEN) + row(3, SEVEN) + row(2, SEVEN) + row(4, SEVEN), row(4, END)],
            "2c",
            Walked(((oid(1), 7), (oid(3), 7), (oid(2), 7), (oid(4), 7))),
            id="unsorted within an answer, which is no loop",
        ),
        pytest.param(
            [row(1, ber.tlv(ber.OCTETS, b"x" * DATAGRAM_BYTES))],
            "2c",
            Walked((), False, f"the answer after {COLUMN} cannot be decoded: not one BER message"),
            id="longer than the decoder reads",
        ),
    ],
)
def test_odd_answers_are_kept_as_far_as_they_make_sense(answers: list[bytes], version: str, expected: Walked) -> None:
    left = list(answers)

    def respond(request: bytes) -> list[bytes]:
        kind, request_id = kind_and_id(request)
        body = b"" if kind == GET else left.pop(0) if len(left) > 1 else left[0]
        return [answer(request_id, body, version)]

    assert responding(respond, version, timeout_s=0.3)[1] == expected


def test_a_flood_of_answers_to_something_else_ends() -> None:
    stray = answer(b"\x7f\0\0\1", row(1, SEVEN))
    found, walked = responding(lambda _: [stray] * (MAX_STRAYS * 3), timeout_s=0.2)
    assert isinstance(found, UnreachableError)
    assert isinstance(walked, UnreachableError)


def test_datagrams_nobody_asked_for_do_no_harm() -> None:
    def respond(request: bytes) -> list[bytes]:
        kind, request_id = kind_and_id(request)
        end = answer(request_id, row(0, SEVEN) if kind == GET else ber.tlv(ber.SEQUENCE, ber.oid(COLUMN) + END))
        return [end, b"\x30\x82", b"garbage", end]

    assert responding(respond, timeout_s=0.3)[1] == Walked(())


PIECES = st.tuples(st.integers(0, 48), st.binary(min_size=1, max_size=3))


@settings(max_examples=40)
@given(st.lists(st.binary(max_size=60) | PIECES, max_size=3), st.sampled_from(["1", "2c"]))
def test_no_datagram_does_more_than_spoil_its_own_answer(
    datagrams: list[bytes | tuple[int, bytes]], version: str
) -> None:
    def respond(request: bytes) -> list[bytes]:
        good = answer(kind_and_id(request)[1], row(4, SEVEN), version)
        return [
            one if isinstance(one, bytes) else good[: one[0]] + one[1] + good[one[0] + len(one[1]) :]
            for one in datagrams
        ]

    found, walked = responding(respond, version, timeout_s=0.01)
    assert isinstance(found, list | UnreachableError)
    assert isinstance(walked, Walked | UnreachableError)
