"""Reading only the rows that differ says what reading everything says."""

from hypothesis import given
from hypothesis import strategies as st

from evidence.assess.answers import looking, shares_of
from evidence.assess.narrowing import narrowed
from evidence.assess.sightings import stood_in
from evidence.model.capture import Capture
from evidence.model.names import AssetId, digest_of
from evidence.normalise import varbinds
from evidence.platforms.load import load_platforms

PLATFORMS = load_platforms()
PLATFORM = PLATFORMS.generic
PORT, STATUS, BRIDGE = "1.3.6.1.2.1.17.4.3.1.2", "1.3.6.1.2.1.17.4.3.1.3", "1.3.6.1.2.1.17.1.4.1.2"

TABLES = st.dictionaries(
    st.integers(0, 30), st.tuples(st.integers(1, 5), st.sampled_from([3, 3, 3, 4, 2])), max_size=12
)


def answer(table: dict[int, tuple[int, int]], ports: dict[int, int]) -> bytes:
    """Return a forwarding table: the last octet of each address -> its bridge port and status."""
    rows: list[tuple[str, varbinds.Value]] = [(f"{BRIDGE}.{port}", index) for port, index in ports.items()]
    for octet, (port, status) in table.items():
        rows += [(f"{PORT}.0.128.244.0.0.{octet}", port), (f"{STATUS}.0.128.244.0.0.{octet}", status)]
    return varbinds.encode(rows)


def keys(data: bytes, question: str = "mac-table") -> set[tuple[str, str, str, str]]:
    capture = Capture(
        asset=AssetId("a"),
        platform="generic",
        question=question,
        transport="snmp",
        request="walk",
        at="2026-11-22T23:48:00Z",
        took_ms=1,
        blob=digest_of(data),
        bytes=len(data),
        ttl_s=86_400,
    )
    found = stood_in((), shares_of(looking(PLATFORM).tables, capture, data))
    return {
        (name, row, value, stood.places.get(row, ""))
        for name, stood in found.items()
        for row, value in stood.values.items()
    }


@given(TABLES, TABLES, st.dictionaries(st.integers(1, 5), st.integers(100, 104), max_size=5))
def test_a_forwarding_table_is_read_the_same(
    older: dict[int, tuple[int, int]], newer: dict[int, tuple[int, int]], ports: dict[int, int]
) -> None:
    old, new = answer(older, ports), answer(newer, ports)
    found = narrowed(looking(PLATFORM), "mac-table", old, new)
    assert found is not None
    assert {key for key in keys(new) if key[1] not in found.rows} | keys(found.data) == keys(old)


def test_where_what_is_looked_up_changed_all_of_it_is_read() -> None:
    old, new = answer({1: (1, 3)}, {1: 100}), answer({1: (1, 3)}, {1: 101})
    assert narrowed(looking(PLATFORM), "mac-table", old, new) is None


def test_an_answer_with_facts_of_its_own_is_read_whole() -> None:
    assert narrowed(looking(PLATFORM), "system", b"", b"") is None


def test_one_row_of_many_is_what_remains() -> None:
    table = dict.fromkeys(range(200), (1, 3))
    found = narrowed(looking(PLATFORM), "mac-table", answer(table | {7: (2, 3)}, {1: 100}), answer(table, {1: 100}))
    assert found is not None
    assert len(found.data.splitlines()) == 3
