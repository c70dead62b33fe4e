"""What SNMP sessions make of answers no honest agent gives, garbage included."""

import asyncio
from collections.abc import Callable
from math import inf
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from collectors.credentials import Secret
from collectors.inventory.host import SnmpAccess
from collectors.simulate import ber
from collectors.transports.interface import Action, UnreachableError
from collectors.transports.snmp import open_snmp
from collectors.transports.snmp_channel import MAX_STRAYS
from collectors.transports.snmp_gufo import DATAGRAM_BYTES
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
    answers: Callable[[bytes], list[bytes]],
    engine: str | None,
    version: str = "2c",
    timeout_s: float = 0.03,
    gate: Any = None,
) -> tuple[Any, Any]:
    async def run() -> tuple[Any, Any]:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: Responder(answers), local_addr=("127.0.0.1", 0))
        port = transport.get_extra_info("sockname")[1]
        access = SnmpAccess(address="127.0.0.1", port=port, version=version, community=Secret("c"))
        try:
            async with open_snmp(
                access, asset=AssetId("a"), gate=gate or Silent(), timeout_s=timeout_s, engine=engine
            ) as session:
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


def elsewhere(oid: str, value: bytes = SEVEN) -> bytes:
    return ber.tlv(ber.SEQUENCE, ber.oid(oid) + value)


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
        pytest.param(
            [row(1, SEVEN) + row(2, NULL) + row(3, NO_SUCH_OBJECT) + row(4, SEVEN) + row(5, NULL), row(5, END)],
            "2c",
            Walked(((oid(1), 7), (oid(2), None), (oid(3), None), (oid(4), 7), (oid(5), None))),
            id="nulls among values",
        ),
        pytest.param(
            [row(1, b"\x02\2\5\0") + row(2, NULL) + ber.tlv(ber.SEQUENCE, ber.oid("1.3.7") + NULL)],
            "2c",
            Walked(((oid(1), 0x500), (oid(2), None))),
            id="a null after a value, and one outside",
        ),
        pytest.param([b""], "2c", Walked((), False, something_else(COLUMN)), id="no varbinds"),
        pytest.param(
            [b"", row(1, SEVEN), b"", row(2, NULL), b"", ber.tlv(ber.SEQUENCE, ber.oid("1.3.7") + SEVEN)],
            "1",
            Walked(((oid(1), 7), (oid(2), None))),
            id="each time something else first",
        ),
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
            [row(1, NULL) + row(2, NULL) + elsewhere("1.3.7")],
            "2c",
            Walked(((oid(1), None), (oid(2), None))),
            id="nulls and something outside",
        ),
        pytest.param([elsewhere("1.3.7")], "2c", Walked((), beyond=(1, 3, 7)), id="nothing, and what comes instead"),
        pytest.param([elsewhere("1.3.7", NULL)], "2c", Walked((), beyond=(1, 3, 7)), id="nothing, and a null instead"),
        pytest.param(
            [b"\x30\x83\0\0\7" + elsewhere("1.3.7")[2:]],
            "2c",
            Walked(()),
            id="nothing, and instead what is not looked into",
        ),
        pytest.param([elsewhere("1.3.1") + elsewhere("1.3.7")], "2c", Walked(()), id="nothing, and backwards instead"),
        pytest.param([ber.tlv(ber.SEQUENCE, ber.oid(COLUMN) + END)], "2c", Walked((), beyond=(inf,)), id="the end"),
    ],
)
def test_odd_answers_are_kept_as_far_as_they_make_sense(
    answers: list[bytes], version: str, expected: Walked, engine: str
) -> None:
    assert responding(in_turn(answers, version), engine, version, timeout_s=0.3)[1] == expected


@pytest.mark.parametrize(
    ("beyond", "root", "ruled_out"),
    [
        ((), "1.3.6", False),
        ((inf,), "1.3.6", True),
        ((1, 3, 6, 2, 9, 1), "1.3.6.2.7", True),
        ((1, 3, 6, 2, 9, 1), "1.3.6.2.9", False),
        ((1, 3, 6, 2, 9, 1), "1.3.6.2.9.1.1", False),
        ((1, 3, 6, 2, 9, 1), "1.3.6.2.10", False),
        ((1, 3, 6, 2), "1.3.6.2.7", False),
    ],
)
def test_what_came_instead_rules_out_what_lies_before_it(beyond: tuple[float, ...], root: str, ruled_out: bool) -> None:
    assert Walked((), beyond=beyond).rules_out(root) is ruled_out


def in_turn(answers: list[bytes], version: str = "2c") -> Answers:
    """Answer a GET with nothing, and each other request with the next of these, the last again and again."""
    left = list(answers)

    def respond(request: bytes) -> list[bytes]:
        kind, request_id = kind_and_id(request)
        body = b"" if kind == GET else left.pop(0) if len(left) > 1 else left[0]
        return [answer(request_id, body, version)]

    return respond


@pytest.mark.parametrize(
    ("octets", "value"),
    [
        pytest.param("4104ffffffff", 2**32 - 1, id="a counter with its sign bit set"),
        pytest.param("430480000000", 2**31, id="ticks with their sign bit set"),
        pytest.param("4608ffffffffffffffff", 2**64 - 1, id="a long counter with its sign bit set"),
        pytest.param("41050100000000", 0, id="a counter that ran over"),
        pytest.param("02050100000000", 2**32, id="an integer that is too long"),
        pytest.param("0200", 0, id="an integer without octets"),
        pytest.param("4704ffffffff", 2**32 - 1, id="a type of RFC 1442"),
        pytest.param("44079f780442f60000", bytes.fromhex("9f780442f60000"), id="an opaque float"),
        pytest.param("04810161", b"a", id="a length longer than needed"),
        pytest.param("4004ac100001", "172.16.0.1", id="an address"),
        pytest.param("0600", None, id="an object identifier without octets"),
        pytest.param("40050102030405", None, id="an address of five octets"),
        pytest.param("4503010203", None, id="a type nobody uses"),
    ],
)
def test_both_engines_read_an_odd_value_alike(octets: str, value: Any, engine: str) -> None:
    walked = responding(in_turn([row(1, bytes.fromhex(octets)), row(1, END)]), engine)[1]
    assert walked.varbinds == (() if value is None else ((oid(1), value),))


LONG = b"x" * DATAGRAM_BYTES


def test_an_answer_gufo_cannot_decode_goes_through_pysnmp_and_the_session_stays_there(snmp_gate: Any) -> None:
    answers = [row(1, ber.tlv(ber.OCTETS, LONG)), *(row(n, SEVEN) for n in (2, 3)), row(3, END)]
    repeated = in_turn([answers[0], *answers])  # the question is put once more
    walked = responding(repeated, None, timeout_s=0.3, gate=snmp_gate)[1]
    assert walked == Walked(((oid(1), LONG), (oid(2), 7), (oid(3), 7)))
    assert [error for action, _, error in snmp_gate.left if action.verb == "getbulk"] == [
        "cannot be decoded: not one BER message", None, None, None, None,
    ]  # fmt: skip
    alone = responding(in_turn([answers[0]]), "gufo", timeout_s=0.3)[1]
    assert alone == Walked((), False, f"the answer after {COLUMN} cannot be decoded: not one BER message")


def test_an_object_identifier_gufo_reads_wrongly_is_read_by_pysnmp() -> None:
    odd, plain = row(1, ber.oid("2.999.3.1.4.1")), row(1, ber.tlv(ber.ADDRESS, bytes((4, 5, 18, 97))))
    assert responding(in_turn([odd, odd, row(1, END)]), None, timeout_s=0.3)[1] == Walked(((oid(1), "2.999.3.1.4.1"),))
    assert responding(in_turn([plain, row(1, END)]), "gufo", timeout_s=0.3)[1] == Walked(((oid(1), "4.5.18.97"),))
    assert not responding(in_turn([odd]), "gufo", timeout_s=0.3)[1].complete


def test_an_answer_neither_engine_can_decode_costs_one_request_more_in_a_session(snmp_gate: Any) -> None:
    asked = {}
    for engine in ("gufo", None):
        snmp_gate.entered.clear()
        walked = responding(in_turn([row(1, b"\x45\x01\x01")]), engine, timeout_s=0.3, gate=snmp_gate)[1]
        assert walked.varbinds == ()
        assert "cannot be decoded" in walked.reason
        asked[engine] = len(snmp_gate.entered)
    assert asked[None] == asked["gufo"] + 1


def test_a_flood_of_answers_to_something_else_ends(engine: str) -> None:
    stray = answer(b"\x7f\0\0\1", row(1, SEVEN))
    found, walked = responding(lambda _: [stray] * (MAX_STRAYS * 3), engine, timeout_s=0.2)
    assert isinstance(found, UnreachableError)
    assert isinstance(walked, UnreachableError)


def test_an_answer_that_comes_late_does_not_rule_out_what_another_was_asked_for(engine: str) -> None:
    """gufo passes over it and takes the next: what was looked at is then not what was decoded."""
    late: list[bytes] = []

    def respond(request: bytes) -> list[bytes]:
        kind, request_id = kind_and_id(request)
        if kind == GET:
            return [answer(request_id, row(0, SEVEN))]
        if len(late) < 2:  # nothing, until the first walk was given up
            late.append(answer(request_id, elsewhere("1.3.8")))
            return []
        return [*late, answer(request_id, elsewhere("1.3.7"))]

    async def run() -> list[Walked]:
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: Responder(respond), local_addr=("127.0.0.1", 0)
        )
        port = transport.get_extra_info("sockname")[1]
        access = SnmpAccess(address="127.0.0.1", port=port, version="2c", community=Secret("c"))
        async with open_snmp(access, asset=AssetId("a"), gate=Silent(), timeout_s=0.2, engine=engine) as session:
            await session.get([DESCR])
            walked = [await session.walk(COLUMN), await session.walk(COLUMN)]
        transport.close()
        return walked

    first, second = asyncio.run(run())
    assert not first.complete
    assert second == Walked(())


def test_datagrams_nobody_asked_for_do_no_harm(engine: str) -> None:
    def respond(request: bytes) -> list[bytes]:
        kind, request_id = kind_and_id(request)
        end = answer(request_id, row(0, SEVEN) if kind == GET else ber.tlv(ber.SEQUENCE, ber.oid(COLUMN) + END))
        return [end, b"\x30\x82", b"garbage", end]

    assert responding(respond, engine, timeout_s=0.3)[1] == Walked(())


PIECES = st.tuples(st.integers(0, 48), st.binary(min_size=1, max_size=3))


@settings(max_examples=60)
@given(
    st.lists(st.binary(max_size=60) | PIECES, max_size=3),
    st.sampled_from(["1", "2c"]),
    st.sampled_from(["gufo", "pysnmp", None]),
)
@example([(8, b"(")], "1", "gufo")
@example([(8, b"(")], "2c", None)
@example([(8, b"\xa8")], "2c", "gufo")
def test_no_datagram_does_more_than_spoil_its_own_answer(
    datagrams: list[bytes | tuple[int, bytes]], version: str, engine: str | None
) -> None:
    def respond(request: bytes) -> list[bytes]:
        good = answer(kind_and_id(request)[1], row(4, SEVEN), version)
        return [
            one if isinstance(one, bytes) else good[: one[0]] + one[1] + good[one[0] + len(one[1]) :]
            for one in datagrams
        ]

    found, walked = responding(respond, engine, version, timeout_s=0.01)
    assert isinstance(found, list | UnreachableError)
    assert isinstance(walked, Walked | UnreachableError)
