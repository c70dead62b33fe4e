"""What somebody on the way may do to a real agent's answers, which a relay (a double) spoils; and what we may send."""

import asyncio
import socket
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pysnmp.proto import rfc1905

from collectors.credentials import Secret
from collectors.inventory.host import SnmpAccess
from collectors.transports.interface import NotReadOnlyError, TransportError
from collectors.transports.snmp import open_snmp
from collectors.transports.snmp_gufo import library
from collectors.transports.snmp_pysnmp import PysnmpSocket, open_pysnmp
from evidence.model.names import AssetId

NAME = "1.3.6.1.2.1.1.5.0"

Spoil = Callable[[int, bytes], list[bytes]]
"""Given the number of an answer and its octets, what arrives instead."""


class Relay(asyncio.DatagramProtocol):
    """Passes requests to an agent, and something in the place of its answers back; a double."""

    def __init__(self, port: int, spoil: Spoil) -> None:
        self.spoil, self.answers = spoil, 0
        self.agent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.agent.connect(("127.0.0.1", port))
        self.agent.settimeout(2)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.agent.send(data)
        self.answers += 1
        for answer in self.spoil(self.answers, self.agent.recv(65535)):
            self.transport.sendto(answer, addr)

    def connection_lost(self, exc: Exception | None) -> None:
        self.agent.close()


def name_through(spoil: Spoil, access: SnmpAccess, gate: Any, engine: str) -> Any:
    """Return what the agent's name is said to be, or the error."""

    async def run() -> Any:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(
            lambda: Relay(access.port, spoil), local_addr=("127.0.0.1", 0)
        )
        to = replace(access, port=transport.get_extra_info("sockname")[1])
        try:
            async with open_snmp(to, asset=AssetId("sw-1"), gate=gate, engine=engine, timeout_s=0.05) as session:
                return dict(await session.get([NAME])).get(NAME)
        except TransportError as error:
            return error
        finally:
            transport.close()
            await asyncio.sleep(0)

    return asyncio.run(run())


@pytest.mark.real
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(where=st.integers(0, 300), change=st.integers(1, 255))
@pytest.mark.parametrize("user", ["sha256-aes256", "signed"])
def test_a_changed_octet_never_becomes_another_value(
    snmpd: Any, snmp_gate: Any, engine: str, user: str, where: int, change: int
) -> None:
    def spoil(number: int, answer: bytes) -> list[bytes]:
        if number < 3:  # engine id and clock
            return [answer]
        place = where % len(answer)
        return [answer[:place] + bytes([answer[place] ^ change]) + answer[place + 1 :]]

    found = name_through(spoil, snmpd.access(user), snmp_gate, engine)
    assert found is None or isinstance(found, TransportError), found


@pytest.mark.real
def test_an_answer_of_an_earlier_session_is_none_of_this(snmpd: Any, snmp_gate: Any, engine: str) -> None:
    access, earlier = snmpd.access("sha256-aes256"), []

    def keep(number: int, answer: bytes) -> list[bytes]:
        earlier[:] = [answer]
        return [answer]

    def repeat(number: int, answer: bytes) -> list[bytes]:
        return [answer] if number < 3 else list(earlier)

    def precede(number: int, answer: bytes) -> list[bytes]:
        return [answer] if number < 3 else [*earlier, answer]

    assert name_through(keep, access, snmp_gate, engine) == b"real-snmpd"
    assert isinstance(name_through(repeat, access, snmp_gate, engine), TransportError)
    assert name_through(precede, access, snmp_gate, engine) == b"real-snmpd"


@pytest.mark.parametrize("pdu", [rfc1905.SetRequestPDU, rfc1905.InformRequestPDU, rfc1905.SNMPv2TrapPDU])
@pytest.mark.parametrize("version", ["2c", "3"])
def test_nothing_but_a_read_leaves_through_pysnmp(pdu: type, version: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as agent:
        agent.bind(("127.0.0.1", 0))
        agent.setblocking(False)
        access = SnmpAccess(address="127.0.0.1", version=version, community=Secret("c"), user="u")
        sock = open_pysnmp(access, *agent.getsockname())
        assert isinstance(sock, PysnmpSocket)
        with pytest.raises(NotReadOnlyError):
            sock.send(pdu())
        sock.close()
        with pytest.raises(BlockingIOError):
            agent.recv(1)


def test_gufo_has_no_way_to_send_anything_but_a_read() -> None:
    for kind in ("SnmpV1ClientSocket", "SnmpV2cClientSocket", "SnmpV3ClientSocket"):
        sends = {name for name in dir(getattr(library(), kind)) if name.startswith(("send", "set"))}
        assert sends <= {"send_get", "send_get_many", "send_get_next", "send_get_bulk", "send_refresh", "set_keys"}
