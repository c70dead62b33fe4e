"""SNMPv3 engines that restart, lose their clock or answer oddly: a double, and the real snmpd with time moved on."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from collectors.credentials import Secret
from collectors.inventory.host import SnmpAccess
from collectors.simulate import ber
from collectors.transports.interface import AuthenticationError, UnreachableError
from collectors.transports.snmp import SnmpSession, open_snmp
from collectors.transports.snmp_line import REFRESH_S, AnswerError
from collectors.transports.snmp_walk import Walked
from evidence.model.names import AssetId

COLUMN, NAME = "1.3.6.1.2.1.2.2.1.2", "1.3.6.1.2.1.1.5.0"
ENGINE = bytes.fromhex("80007f7d0500112233")
GET, GETNEXT, RESPONSE, GETBULK, REPORT = 0xA0, 0xA1, 0xA2, 0xA5, 0xA8
SEVEN, END = b"\x02\x01\x07", b"\x82\0"
AUTH, PRIV = 1, 2


def varbind(oid: str, value: bytes) -> bytes:
    return ber.tlv(ber.SEQUENCE, ber.oid(oid) + value)


def report(number: int) -> tuple[int, bytes]:
    return REPORT, varbind(f"1.3.6.1.6.3.15.1.1.{number}.0", ber.integer(1))


@dataclass(slots=True)
class Request:
    """What a request of ours says without its password being known."""

    flags: int
    known: bool
    """The engine id is in it: it is no discovery."""
    kind: int | None
    """None when encrypted."""
    names: list[str] = field(default_factory=list)


Answer = Callable[[Request], tuple[int, bytes] | bytes | None]


class Engine(asyncio.DatagramProtocol):
    """An SNMPv3 engine that signs nothing, so it can only report, or answer a user without authentication; a double."""

    def __init__(self, answer: Answer, engine_id: bytes) -> None:
        self.answer, self.engine_id = answer, engine_id

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        version, header, usm, scoped = ber.children(ber.read(data, 0)[1])
        message_id, size, (_, flags), model = ber.children(header[1])
        (_, engine_id), _, _, user, *_ = ber.children(ber.children(usm[1])[0][1])
        request, request_id = Request(flags[0] & 3, engine_id != b"", None), b"\0"
        if scoped[0] == ber.SEQUENCE:
            kind, pdu = ber.children(scoped[1])[2]
            (_, request_id), _, _, (_, bindings) = ber.children(pdu)
            names = [ber.dotted(ber.children(pair)[0][1]) for _, pair in ber.children(bindings)]
            request.kind, request.names = kind, names
        said = self.answer(request) if request.known else report(4)
        if isinstance(said, bytes):
            self.transport.sendto(said, addr)
        elif said is not None:
            kind, body = said
            pdu_ = ber.tlv(ber.INTEGER, request_id) + ber.integer(0) + ber.integer(0) + ber.tlv(ber.SEQUENCE, body)
            inside = ber.tlv(4, self.engine_id) + ber.tlv(4, b"") + ber.tlv(kind, pdu_)
            parameters = ber.tlv(4, self.engine_id) + ber.integer(1) + ber.integer(100) + ber.tlv(*user)
            parameters += ber.tlv(4, b"") * 2
            head = ber.tlv(*message_id) + ber.tlv(*size) + ber.tlv(4, b"\0") + ber.tlv(*model)
            parts = ber.tlv(*version) + ber.tlv(ber.SEQUENCE, head)
            parts += ber.tlv(4, ber.tlv(ber.SEQUENCE, parameters)) + ber.tlv(ber.SEQUENCE, inside)
            self.transport.sendto(ber.tlv(ber.SEQUENCE, parts), addr)


PLAIN: dict[str, Any] = {}
SIGNED = {"auth": "sha256", "auth_key": Secret("a-passphrase")}
SECRET = {**SIGNED, "priv": "aes128", "priv_key": Secret("another-one")}


def asking(
    answer: Answer,
    question: Callable[[SnmpSession], Any],
    gate: Any,
    engine: str,
    *,
    engine_id: bytes = ENGINE,
    **access: Any,
) -> Any:
    async def run() -> Any:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(
            lambda: Engine(answer, engine_id), local_addr=("127.0.0.1", 0)
        )
        port = transport.get_extra_info("sockname")[1]
        to = SnmpAccess(address="127.0.0.1", port=port, version="3", user="reader", **access)
        try:
            async with open_snmp(to, asset=AssetId("plc-1"), gate=gate, engine=engine, timeout_s=0.15) as session:
                return await question(session)
        finally:
            transport.close()

    return asyncio.run(run())


def walk(session: SnmpSession) -> Any:
    return session.walk(COLUMN)


def test_the_end_of_the_tables_is_asked_for_again_one_by_one(snmp_gate: Any, engine: str) -> None:
    def answer(request: Request) -> tuple[int, bytes]:
        return RESPONSE, varbind(COLUMN, END)

    assert asking(answer, walk, snmp_gate, engine) == Walked(())
    assert [action.verb for action in snmp_gate.entered] == ["get", "getbulk", "getnext"]


def test_too_big_over_snmpv3_is_no_end(snmp_gate: Any, engine: str) -> None:
    rows = [f"{COLUMN}.{row}" for row in range(1, 8)]

    def answer(request: Request) -> tuple[int, bytes]:
        if request.kind == GETBULK:
            return RESPONSE, b""  # what tooBig looks like to the decoder
        behind = [oid for oid in rows if oid > request.names[0]]
        return RESPONSE, varbind(behind[0], SEVEN) if behind else varbind(request.names[0], END)

    assert asking(answer, walk, snmp_gate, engine) == Walked(tuple((oid, 7) for oid in rows))


def test_values_answered_with_an_error_are_left_out(snmp_gate: Any, engine: str) -> None:
    def answer(request: Request) -> tuple[int, bytes]:
        if len(request.names) > 1:
            return RESPONSE, b""
        return RESPONSE, varbind(request.names[0], b"\x81\0" if request.names[0] == NAME else b"\x05\0")

    found = asking(answer, lambda session: session.get([NAME, "1.3.6.1.2.1.1.6.0"]), snmp_gate, engine)
    assert found == [(NAME, None)]


@pytest.mark.parametrize(
    ("number", "said"), [(1, "security level"), (3, "unknown user"), (5, "wrong auth"), (6, "privacy")]
)
@pytest.mark.parametrize("access", [SIGNED, SECRET], ids=["signed", "encrypted"])
def test_a_report_about_the_user_is_a_refusal_and_is_not_tried_again(
    snmp_gate: Any, engine: str, number: int, said: str, access: dict[str, Any]
) -> None:
    with pytest.raises(AuthenticationError, match=said) as caught:
        asking(lambda _: report(number), walk, snmp_gate, engine, **access)
    assert "passphrase" not in str(caught.value)
    assert len(snmp_gate.entered) == 2


def test_a_report_that_gives_no_reason_is_a_refusal_too(snmp_gate: Any, engine: str) -> None:
    with pytest.raises(AuthenticationError, match="no reason given"):
        asking(lambda _: (REPORT, varbind(NAME, SEVEN)), walk, snmp_gate, engine)


def test_an_engine_that_changed_is_no_refusal_of_the_user(snmp_gate: Any, engine: str) -> None:
    with pytest.raises(AnswerError, match="unknown engine id"):
        asking(lambda _: report(4), walk, snmp_gate, engine)


def test_an_answer_that_is_not_signed_is_not_believed(snmp_gate: Any, engine: str) -> None:
    for access in (SIGNED, SECRET):
        with pytest.raises(AnswerError, match="less secure than what was asked"):
            asking(lambda _: (RESPONSE, varbind(NAME, SEVEN)), walk, snmp_gate, engine, **access)


def test_an_engine_whose_clock_never_fits_is_given_up(snmp_gate: Any, engine: str) -> None:
    with pytest.raises(AnswerError, match="not in time window"):
        asking(lambda _: report(2), walk, snmp_gate, engine, **SIGNED)
    assert len(snmp_gate.entered) < 10


def test_an_engine_that_falls_silent_may_mean_a_wrong_privacy_password(snmp_gate: Any, engine: str) -> None:
    with pytest.raises(UnreachableError, match="a wrong privacy password can look like this"):
        asking(lambda _: None, walk, snmp_gate, engine, **SECRET)
    with pytest.raises(UnreachableError, match=r"after it had answered before$"):
        asking(lambda _: None, lambda session: session.get([NAME]), snmp_gate, engine)


def test_an_engine_without_an_id_is_no_engine(snmp_gate: Any, engine: str) -> None:
    with pytest.raises(AnswerError, match="expected an SNMPv3 engine id, found none"):
        asking(lambda _: report(4), walk, snmp_gate, engine, engine_id=b"")


def test_an_engine_that_answers_garbage_says_so(snmp_gate: Any, engine: str) -> None:
    with pytest.raises(AnswerError, match="cannot be decoded"):
        asking(lambda _: b"garbage", walk, snmp_gate, engine, **SIGNED)


def test_nobody_there_is_unreachable(snmp_gate: Any, engine: str, snmpd: Any) -> None:
    async def run() -> None:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, local_addr=("127.0.0.1", 0))
        port = transport.get_extra_info("sockname")[1]
        to = SnmpAccess(address="127.0.0.1", port=port, version="3", user="reader")
        try:
            async with open_snmp(to, asset=AssetId("plc-1"), gate=snmp_gate, engine=engine, timeout_s=0.05):
                pass
        finally:
            transport.close()

    with pytest.raises(UnreachableError, match="unreachable, or no SNMPv3 there"):
        asyncio.run(run())


class MovableLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock can be moved on."""

    ahead_s = 0.0

    def time(self) -> float:
        return super().time() + self.ahead_s


@pytest.mark.real
def test_the_clock_of_an_engine_is_learnt_anew_before_it_is_stale(snmpd: Any, snmp_gate: Any, engine: str) -> None:
    loop = MovableLoop()

    async def run() -> list[tuple[str, Any]]:
        async with open_snmp(
            snmpd.access("sha256-aes256"), asset=AssetId("sw-1"), gate=snmp_gate, engine=engine
        ) as session:
            await session.get([NAME])
            loop.ahead_s += REFRESH_S + 1
            return await session.get([NAME])

    try:
        assert loop.run_until_complete(run()) == [(NAME, b"real-snmpd")]
    finally:
        loop.close()
    assert [action.object for action in snmp_gate.entered] == [
        "snmpEngineID",
        "snmpEngineTime",
        NAME,
        "snmpEngineTime",
        NAME,
    ]
