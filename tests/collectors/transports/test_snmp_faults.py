"""SNMP sessions with devices that misbehave: a simulated agent, because no real one does all of this."""

import asyncio
import socket
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, TypeVar

import pytest

from collectors.credentials import Secret
from collectors.inventory.host import SnmpAccess
from collectors.simulate.device import Device, Faults
from collectors.simulate.snmp import SimulatedAgent
from collectors.transports.interface import Action, UnreachableError
from collectors.transports.snmp import SnmpSession, open_snmp
from collectors.transports.snmp_walk import Limits, Walked
from evidence.model.names import AssetId
from evidence.normalise.varbinds import Value, decode, encode

T = TypeVar("T")

DESCR, NAME, MISSING = "1.3.6.1.2.1.1.1.0", "1.3.6.1.2.1.1.5.0", "1.3.6.1.2.1.1.6.0"
COLUMN = "1.3.6.1.2.1.2.2.1.2"
ROWS = tuple((f"{COLUMN}.{row}", b"port %d" % row) for row in range(1, 101))
RECORDED: list[tuple[str, Value]] = [(DESCR, b"a device"), (NAME, b"sw"), *ROWS]

FAULTS = {
    "honest": Faults(),
    "silent-above-4": Faults(silent_above=4),
    "too-big-above-4": Faults(too_big_above=4),
    "undecodable-above-4": Faults(undecodable_above=4),
    "undecodable": Faults(undecodable_above=-1),
    "endless": Faults(endless=True),
    "loop": Faults(loop=True),
    "truncate": Faults(truncate=True),
    "stray": Faults(wrong_request_id=3),
    "strays": Faults(wrong_request_id=3, silent_after=0),
    "garbage": Faults(garbage=(b"\x30\x05abc", b"", b"\x30\x03\x02\x01\x01", b"\x30\x82\xff\xff", b"\x02\x01\x01")),
    "late": Faults(delay_s=0.003),
    "error": Faults(error=5),
    "unknown-error": Faults(error=77),
    "not-there": Faults(error=2),
}


@pytest.fixture(scope="module")
def agent() -> Iterator[SimulatedAgent]:
    recorded = decode(encode(RECORDED))
    rows = decode(encode(ROWS))
    devices = {name: Device(rows if name == "loop" else recorded, faults=fault) for name, fault in FAULTS.items()}
    with SimulatedAgent(devices) as running:
        yield running


def asking(
    port: int,
    community: str,
    gate: Any,
    engine: str,
    question: Callable[[SnmpSession], Coroutine[Any, Any, T]],
    **options: Any,
) -> T:
    async def run() -> T:
        access = SnmpAccess(
            address="127.0.0.1", port=port, version=options.pop("version", "2c"), community=Secret(community)
        )
        options.setdefault("timeout_s", 0.3)
        async with open_snmp(access, asset=AssetId("sw-1"), gate=gate, engine=engine, **options) as session:
            return await question(session)

    return asyncio.run(run())


def walk(agent: SimulatedAgent, community: str, gate: Any, engine: str, root: str = COLUMN, **options: Any) -> Walked:
    return asking(agent.port, community, gate, engine, lambda session: session.walk(root), **options)


@pytest.mark.parametrize(
    "community",
    ["honest", "silent-above-4", "too-big-above-4", "undecodable-above-4", "stray", "garbage", "late"],
)
@pytest.mark.parametrize("version", ["1", "2c"])
def test_a_walk_gets_everything_whatever_stands_in_the_way(
    agent: SimulatedAgent, snmp_gate: Any, engine: str, community: str, version: str
) -> None:
    walked = walk(agent, community, snmp_gate, engine, version=version)
    assert walked == Walked(ROWS)


@pytest.mark.parametrize(
    ("community", "root", "values", "reason"),
    [
        ("undecodable", COLUMN, 0, "cannot be decoded: "),
        ("truncate", COLUMN, 0, "cannot be decoded: not one BER message"),
        ("error", COLUMN, 0, f"the device answers genErr after {COLUMN}"),
        ("unknown-error", COLUMN, 0, "the device answers error 77"),
        ("loop", COLUMN, 100, "loop at .*: OIDs do not rise"),
    ],
)
@pytest.mark.parametrize("version", ["1", "2c"])
def test_what_cannot_be_had_is_partial_and_says_why(
    agent: SimulatedAgent,
    snmp_gate: Any,
    engine: str,
    community: str,
    root: str,
    values: int,
    reason: str,
    version: str,
) -> None:
    walked = walk(agent, community, snmp_gate, engine, root, version=version)
    assert not walked.complete
    assert len(walked.varbinds) == values
    assert walked.reason is not None
    with pytest.raises(AssertionError, match=reason):
        raise AssertionError(walked.reason)


def test_no_such_name_ends_a_walk(agent: SimulatedAgent, snmp_gate: Any, engine: str) -> None:
    assert walk(agent, "not-there", snmp_gate, engine) == Walked(())


def test_a_device_that_falls_silent_is_asked_once_more_and_what_it_said_is_kept(snmp_gate: Any, engine: str) -> None:
    async def twice(session: SnmpSession) -> tuple[Walked, Walked]:
        return await session.walk(COLUMN), await session.walk(COLUMN)

    with SimulatedAgent({"c": Device(decode(encode(RECORDED)), faults=Faults(silent_after=3))}) as own:
        first, second = asking(own.port, "c", snmp_gate, engine, twice, timeout_s=0.1, max_repetitions=10)
    assert first.varbinds == ROWS[:30]
    assert not first.complete
    assert first.reason == f"no answer within 0.1 s after {COLUMN}.30, asked twice"
    assert second == Walked((), False, f"no answer within 0.1 s after {COLUMN}, asked twice")
    assert len(snmp_gate.entered) == 3 + 2 + 2


def test_a_get_from_a_device_that_fell_silent_is_unreachable(
    agent: SimulatedAgent, snmp_gate: Any, engine: str
) -> None:
    async def walk_then_get(session: SnmpSession) -> None:
        await session.walk(COLUMN)
        await session.get([DESCR])

    device = Device(decode(encode(RECORDED)), faults=Faults(silent_after=11))
    with (
        SimulatedAgent({"c": device}) as own,
        pytest.raises(UnreachableError, match="after it had answered before"),
    ):
        asking(own.port, "c", snmp_gate, engine, walk_then_get, timeout_s=0.1)


def test_the_retry_after_silence_asks_for_less(agent: SimulatedAgent, snmp_gate: Any, engine: str) -> None:
    with SimulatedAgent({"c": Device(decode(encode(RECORDED)), faults=Faults(silent_above=20))}) as own:
        assert walk(own, "c", snmp_gate, engine, max_repetitions=25, timeout_s=0.1) == Walked(ROWS)
        assert own.counts("c").most_repetitions == 25
    assert [error for _, _, error in snmp_gate.left].count("no answer") == 1


def test_the_number_of_repetitions_never_exceeds_what_was_allowed(
    agent: SimulatedAgent, snmp_gate: Any, engine: str
) -> None:
    walk(agent, "honest", snmp_gate, engine, max_repetitions=7)
    walk(agent, "honest", snmp_gate, engine, max_repetitions=3)
    with SimulatedAgent({"c": Device(decode(encode(RECORDED)))}) as own:
        walk(own, "c", snmp_gate, engine, max_repetitions=4)
        assert own.counts("c").most_repetitions == 4
        assert own.counts("c").set == 0


def test_an_endless_table_is_cut(agent: SimulatedAgent, snmp_gate: Any, engine: str) -> None:
    limits = Limits(walk_values=250)
    walked = walk(agent, "endless", snmp_gate, engine, "1.3.6.1.2.1.2", limits=limits, max_repetitions=25)
    assert not walked.complete
    assert walked.reason == f"cut after {len(walked.varbinds)} values"
    assert 250 <= len(walked.varbinds) < 275
    many = walk(agent, "endless", snmp_gate, engine, "1.3.6.1.2.1.2", limits=Limits(walk_bytes=4000))
    assert many.reason is not None
    assert many.reason.startswith("cut after 4")
    soon = walk(agent, "endless", snmp_gate, engine, "1.3.6.1.2.1.2", limits=Limits(walk_s=0.0))
    assert soon == Walked((), False, "cut after 0 s")


def test_a_device_that_sends_too_much_in_all_is_cut_too(agent: SimulatedAgent, snmp_gate: Any, engine: str) -> None:
    async def thrice(session: SnmpSession) -> list[Walked]:
        return [await session.walk(COLUMN) for _ in range(3)]

    for limits in (Limits(session_values=150), Limits(session_bytes=3000)):
        first, second, third = asking(agent.port, "honest", snmp_gate, engine, thrice, limits=limits)
        assert first.complete
        assert not second.complete
        assert second.reason is not None
        assert second.reason.startswith("cut: the device has sent")
        assert third.varbinds == ()
        assert not third.complete


@pytest.mark.parametrize("version", ["1", "2c"])
@pytest.mark.parametrize("community", ["honest", "stray", "too-big-above-4", "garbage", "late", "error"])
def test_a_get_says_what_is_there_and_what_is_not(
    agent: SimulatedAgent, snmp_gate: Any, engine: str, community: str, version: str
) -> None:
    oids = [NAME, MISSING, DESCR, *(oid for oid, _ in ROWS[:5])]
    found = dict(
        asking(
            agent.port,
            community,
            snmp_gate,
            engine,
            lambda session: session.get(oids),
            version=version,
            max_repetitions=25,
        )
    )
    assert found == {NAME: b"sw", MISSING: None, DESCR: b"a device", **dict(ROWS[:5])}


def test_a_get_of_nothing_but_missing_values_says_so(agent: SimulatedAgent, snmp_gate: Any, engine: str) -> None:
    for version in ("1", "2c"):
        found = asking(
            agent.port,
            "honest",
            snmp_gate,
            engine,
            lambda session: session.get([MISSING, MISSING + ".1"]),
            version=version,
        )
        assert found == [(MISSING, None), (MISSING + ".1", None)]


def test_a_get_that_cannot_be_decoded_is_left_out(agent: SimulatedAgent, snmp_gate: Any, engine: str) -> None:
    assert asking(agent.port, "truncate", snmp_gate, engine, lambda session: session.get([NAME, DESCR])) == []


def test_a_device_that_only_sends_answers_to_something_else_is_unreachable(
    agent: SimulatedAgent, snmp_gate: Any, engine: str
) -> None:
    with pytest.raises(UnreachableError):
        asking(agent.port, "strays", snmp_gate, engine, lambda session: session.get([NAME]), timeout_s=0.1)


def test_a_refused_port_is_unreachable_at_once(snmp_gate: Any, engine: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(UnreachableError, match="refuses SNMP: Connection refused"):
        asking(port, "public", snmp_gate, engine, lambda session: session.walk(COLUMN), timeout_s=30)
    assert len(snmp_gate.entered) == 1


def test_a_name_is_resolved_and_one_that_cannot_be_is_unreachable(
    agent: SimulatedAgent, snmp_gate: Any, engine: str
) -> None:
    async def run(address: str) -> list[tuple[str, Value]]:
        access = SnmpAccess(address=address, port=agent.port, community=Secret("honest"))
        async with open_snmp(access, asset=AssetId("sw-1"), gate=snmp_gate, engine=engine) as session:
            return await session.get([NAME])

    assert asyncio.run(run("localhost")) == [(NAME, b"sw")]
    with pytest.raises(UnreachableError, match=r"the name nowhere\.invalid has no address"):
        asyncio.run(run("nowhere.invalid"))


class Cancelling:
    """A gate whose requests are cancelled under way; a double."""

    def __init__(self) -> None:
        self.left: list[str | None] = []
        self.task: asyncio.Task[Any] | None = None

    async def enter(self, action: Action) -> None:
        self.task = asyncio.current_task()
        asyncio.get_running_loop().call_later(0.02, self._cancel)

    def _cancel(self) -> None:
        assert self.task is not None
        self.task.cancel()

    def enter_blocking(self, action: Action) -> None:
        raise AssertionError

    def leave(self, action: Action, *, took_s: float, received: int, error: str | None = None) -> None:
        self.left.append(error)


def test_a_request_that_is_cancelled_still_leaves_the_gate(agent: SimulatedAgent, engine: str) -> None:
    gate = Cancelling()
    with pytest.raises(asyncio.CancelledError):
        asking(agent.port, "strays", gate, engine, lambda session: session.walk(COLUMN), timeout_s=5)
    assert gate.left == ["interrupted"]


def test_many_devices_at_once_lose_nothing(agent: SimulatedAgent, snmp_gate: Any, engine: str) -> None:
    async def one() -> Walked:
        access = SnmpAccess(address="127.0.0.1", port=agent.port, community=Secret("honest"))
        async with open_snmp(access, asset=AssetId("sw-1"), gate=snmp_gate, engine=engine, timeout_s=20) as session:
            return await session.walk(COLUMN)

    async def all_at_once() -> list[Walked]:
        return await asyncio.gather(*(one() for _ in range({"gufo": 200, "pysnmp": 50}[engine])))

    assert set(asyncio.run(all_at_once())) == {Walked(ROWS)}
    assert all(error is None for _, _, error in snmp_gate.left)
