"""The canonical text of SNMP answers."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.normalise import varbinds
from evidence.normalise.varbinds import Index, Value, Varbind, VarbindsError, arcs, decode, encode

OID = "1.3.6.1.2.1.1.1.0"


def line(value: Value) -> str:
    text = encode([(OID, value)]).decode()
    assert text.startswith(f"{OID}\t")
    assert text.endswith("\n")
    return text[len(OID) + 1 : -1]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, "i\t0"),
        (-5, "i\t-5"),
        (2**64 - 1, f"i\t{2**64 - 1}"),
        (True, "i\t1"),
        (b"", "s\t"),
        (b"GigabitEthernet0/1", "s\tGigabitEthernet0/1"),
        ("Gießerei 工場　2".encode(), "s\tGießerei 工場　2"),
        (b'say "\\"', 's\tsay "\\"'),
        (b"IOS\r\nRelease\t1", 'e\t"IOS\\r\\nRelease\\t1"'),
        ('"ü\n'.encode(), 'e\t"\\"ü\\n"'),
        (b"name\0", "x\t6e616d6500"),
        (b"\x00\x1b\x80\xff\x01\x02", "x\t001b80ff0102"),
        (b"\x1b[31m", "x\t1b5b33316d"),
        ("right\u202eleft".encode(), "x\t7269676874e280ae6c656674"),
        ("\u2028".encode(), "x\te280a8"),
        ("\u00a0".encode(), "x\tc2a0"),
        (b"\xff", "x\tff"),
        (b"\xed\xa0\x80", "x\teda080"),
        ("1.3.6.1.4.1.9.1.516", "o\t1.3.6.1.4.1.9.1.516"),
        ("0.0", "o\t0.0"),
        ("10.0.0.255", "a\t10.0.0.255"),
        ("1.3.6.1", "a\t1.3.6.1"),
        ("1.3.6.256", "o\t1.3.6.256"),
        (1.5, "f\t1.5"),
        (None, "n\t"),
    ],
)
def test_each_value_has_one_form(value: Value, expected: str) -> None:
    assert line(value) == expected


@pytest.mark.parametrize("value", ["", "text", "1..3", "01.3", ".1.3", "1.3.", ["list"], "١.٣"])
def test_what_is_no_snmp_value_is_refused(value: Value) -> None:
    with pytest.raises(VarbindsError, match="not an SNMP value"):
        encode([(OID, value)])


@pytest.mark.parametrize("oid", ["", "a.b", "1..3", ".1.3", "iso.3"])
def test_a_malformed_oid_is_refused(oid: str) -> None:
    with pytest.raises(VarbindsError, match="expected a dotted OID"):
        encode([(oid, 1)])


def test_lines_are_sorted_arc_by_arc_and_not_as_text() -> None:
    oids = ["1.3.10", "1.3.9", "1.3", "1.3.9.0", "1.3.9.10", "1.3.9.2"]
    assert [found.oid for found in decode(encode([(oid, 1) for oid in oids]))] == [
        "1.3",
        "1.3.9",
        "1.3.9.0",
        "1.3.9.2",
        "1.3.9.10",
        "1.3.10",
    ]


@pytest.mark.parametrize(
    "oids",
    [
        ["1.3.1", "1.3.2", "1.3.1"],
        ["1.3.1", "1.3.1", "1.3.2"],
        ["1.3.1.0", "1.3.1.0", "1.3.2.0"],
        ["1.3.2.7", "1.3.1.9", "1.3.1.9"],
    ],
)
def test_the_first_answer_for_an_oid_counts(oids: list[str]) -> None:
    found = decode(encode([(oid, number) for number, oid in enumerate(oids)]))
    assert {varbind.oid: varbind.value for varbind in found} == {oid: oids.index(oid) for oid in set(oids)}


def test_no_varbinds_are_no_bytes() -> None:
    assert encode([]) == b""
    assert decode(b"") == []


@pytest.mark.parametrize(
    "data",
    [
        b"1.3.1\ti\t1",
        b"1.3.1\ti\t1\n\n",
        b"\n",
        b"1.3.1 i 1\n",
        b"1.3.1\ti\n",
        b"1.3.1\ti\t1\t\n",
        b"1.3.1\tq\t1\n",
        b"1.3.1\ti\t01\n",
        b"1.3.1\ti\t+1\n",
        b"1.3.1\ti\tone\n",
        b"1.3.1\ti\t1\r\n",
        b"01.3.1\ti\t1\n",
        b"1.3.01\ti\t1\n",
        "1.3.٣\ti\t1\n".encode(),
        b".1.3.1\ti\t1\n",
        b"1.3.2\ti\t1\n1.3.1\ti\t1\n",
        b"1.3.1\ti\t1\n1.3.1\ti\t1\n",
        b"1.3.1\tx\tFF\n",
        b"1.3.1\tx\tff 00\n",
        b"1.3.1\tx\t616263\n",
        b"1.3.1\tx\tf\n",
        b'1.3.1\te\t"plain"\n',
        b'1.3.1\te\t"\\u000a"\n',
        b"1.3.1\te\t1\n",
        b'1.3.1\te\t"\n',
        b"1.3.1\ts\t\x00\n",
        b"1.3.1\ts\t\xff\n",
        b"1.3.1\to\t10.0.0.1\n",
        b"1.3.1\ta\t1.3.6.1.2\n",
        b"1.3.1\ta\t1.3.6\n",
        b"1.3.1\to\ttext\n",
        b"1.3.1\tf\t1.50\n",
        b"1.3.1\tf\t1\n",
        b"1.3.1\tn\tnull\n",
        b"1.3.1\ti\t" + b"9" * 5000 + b"\n",
    ],
)
def test_text_written_in_another_way_is_refused(data: bytes) -> None:
    with pytest.raises(VarbindsError):
        decode(data)


def test_text_longer_than_any_capture_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(varbinds, "MAX_CAPTURE_BYTES", 10)
    with pytest.raises(VarbindsError, match="at most 10 bytes"):
        decode(b"1.3.1\ti\t10\n")


def test_a_float_that_is_no_number_survives() -> None:
    (found,) = decode(encode([(OID, math.nan)]))
    assert isinstance(found.value, float)
    assert math.isnan(found.value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b"  SW 4.1 \0\0 ", "  SW 4.1"),
        ("Gießerei".encode("latin-1"), "Gießerei"),
        ("Gießerei".encode(), "Gießerei"),
        (7, "7"),
        ("10.0.0.1", "10.0.0.1"),
        (None, ""),
    ],
)
def test_a_value_reads_as_text(value: Value, text: str) -> None:
    assert decode(encode([(OID, value)]))[0].text == text


def test_only_octets_have_octets() -> None:
    assert Varbind(OID, "x", b"\xff").octets == b"\xff"
    assert Varbind(OID, "i", 5).octets == b""


def test_an_index_finds_a_column_and_not_its_neighbours() -> None:
    found = Index(encode([("1.3.2.1", 0), ("1.3.2.10.4", 4), ("1.3.2.1.2.7", 1), ("1.3.2.1.10", 2), ("1.3.3", 3)]))
    assert found.below("1.3.2.1") == {"2.7": "i\t1", "10": "i\t2"}
    assert found.below("1.3.2.2") == {}
    assert list(found.below("1.3.2")) == ["1", "1.2.7", "1.10", "10.4"]
    one = found.get("1.3.3")
    assert one is not None
    assert one.value == 3
    assert found.get("1.3.4") is None
    assert Index(b"").below("1.3") == {}


OIDS = st.lists(st.integers(0, 2**32 - 1) | st.integers(0, 11), min_size=1, max_size=6).map(
    lambda rest: ".".join(map(str, [1, 3, *rest]))
)
TEXTS = st.text().filter(lambda text: not any("\ud800" <= character <= "\udfff" for character in text))
VALUES = (
    st.none()
    | st.integers(-(2**31), 2**64 - 1)
    | st.binary(max_size=40)
    | TEXTS.map(str.encode)
    | st.floats(allow_nan=False)
    | OIDS
    | st.lists(st.integers(0, 255), min_size=4, max_size=4).map(lambda four: ".".join(map(str, four)))
)


@given(st.lists(st.tuples(OIDS, VALUES)))
def test_what_is_encoded_is_decoded(given_: list[tuple[str, Value]]) -> None:
    first: dict[str, Value] = {}
    for oid, value in given_:
        first.setdefault(oid, value)
    found = decode(encode(given_))
    assert [(varbind.oid, varbind.value) for varbind in found] == sorted(first.items(), key=lambda item: arcs(item[0]))


@given(st.lists(st.tuples(OIDS, VALUES), unique_by=lambda item: item[0]), st.randoms())
def test_the_same_answer_is_the_same_bytes_in_any_order(given_: list[tuple[str, Value]], chance: object) -> None:
    expected = encode(given_)
    chance.shuffle(given_)  # type: ignore[attr-defined]
    assert encode(given_) == expected


@given(st.lists(st.tuples(OIDS, VALUES), min_size=1, max_size=3), st.integers(0), st.integers(0, 255))
def test_a_changed_byte_never_means_the_same_answer(given_: list[tuple[str, Value]], at: int, byte: int) -> None:
    data = bytearray(encode(given_))
    before = bytes(data)
    data[at % len(data)] = byte
    try:
        found = decode(bytes(data))
    except VarbindsError:
        return
    assert (found == decode(before)) == (bytes(data) == before)


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        found = decode(data)
    except VarbindsError:
        return
    assert encode([(varbind.oid, varbind.value) for varbind in found]) == data
