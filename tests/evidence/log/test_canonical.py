"""Canonical JSON: one way to write every value, and nothing else is read."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.log import canonical
from evidence.log.canonical import MAX_DEPTH, CanonicalError, dumps, loads

_KEYS = st.from_regex(r"[a-z][A-Za-z0-9_]{0,8}", fullmatch=True) | st.just("_type")
_LEAVES = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=20)
VALUES = st.recursive(_LEAVES, lambda v: st.lists(v, max_size=4) | st.dictionaries(_KEYS, v, max_size=4), max_leaves=20)


@given(VALUES)
def test_what_is_written_is_read_back(value: object) -> None:
    data = dumps(value)
    assert loads(data) == value
    assert dumps(loads(data)) == data
    assert json.loads(data) == value


@given(VALUES, st.data())
def test_a_changed_byte_gives_another_value_or_none(value: object, data: st.DataObject) -> None:
    written = bytearray(dumps(value))
    at = data.draw(st.integers(0, len(written) - 1))
    written[at] ^= data.draw(st.integers(1, 255))
    with contextlib.suppress(CanonicalError):
        assert loads(bytes(written)) != value


@given(st.binary(max_size=40))
def test_no_bytes_make_the_reader_fail_in_another_way(data: bytes) -> None:
    with contextlib.suppress(CanonicalError):
        assert dumps(loads(data)) == data


def test_the_bytes_are_those_of_rfc_8785() -> None:
    value = {
        "b": [1, -2, True, None, False],
        "a": '€$\x0f\nA\'B"\\\\"/\u007f\u2028😀',
        "_type": "x",
        "aB": 0,
        "a_": {},
        "c": [],
    }
    assert (
        dumps(value)
        == (
            '{"_type":"x","a":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/\u007f\u2028😀","aB":0,"a_":{},"b":[1,-2,true,null,false],"c":[]}'
        ).encode()
    )
    assert dumps("\b\t\n\f\r\x00\x1f") == b'"\\b\\t\\n\\f\\r\\u0000\\u001f"'


def test_every_character_is_read_as_it_is_written() -> None:
    """Reader and writer are two implementations: what one escapes the other does."""
    for first in range(0, 0x110000, 0x800):
        text = "".join(map(chr, range(first, first + 0x800))) if first != 0xD800 else ""
        assert loads(dumps([text])) == [text]


def test_a_tuple_is_written_as_a_list() -> None:
    assert dumps({"a": (1, ("b",))}) == b'{"a":[1,["b"]]}'


@pytest.mark.parametrize(
    "value", [1.0, float("nan"), b"x", {1}, object(), [1.5], {"a": {"b": 0.1}}, 2**53, -(2**53), [2**53]]
)
def test_what_json_readers_do_not_agree_on_is_not_written(value: object) -> None:
    with pytest.raises(CanonicalError):
        dumps(value)


@pytest.mark.parametrize("key", ["", "A", "1", "a-b", "a.b", "_", "_typed", "ä", "a b", "_type\n", "a\n", 1, None])
def test_a_free_key_is_not_written(key: object) -> None:
    with pytest.raises(CanonicalError, match="not a key"):
        dumps({"x": [{key: 1}]})


def test_half_a_surrogate_pair_is_neither_written_nor_read() -> None:
    with pytest.raises(CanonicalError, match="surrogate"):
        dumps(["\ud800"])
    for data in (b'"\\ud800"', b'"\xed\xa0\x80"'):
        with pytest.raises(CanonicalError):
            loads(data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" 1",
        b"1 ",
        b"1\n",
        b'{"a":1,"a":1}',
        b'{"a":1,"a":2}',
        b'{"b":1,"a":1}',
        b'{"a": 1}',
        b"[1, 2]",
        b"1.0",
        b"1e2",
        b"-0",
        b"NaN",
        b"Infinity",
        b"01",
        b'"\\u0041"',
        b'"\\/"',
        b'"\\u000A"',
        b'"\\u007f"',
        b"\xef\xbb\xbf1",
        b"tru",
        b"{",
        b'{"A":1}',
        b"9007199254740992",
        b"9" * 5000,
        b"\xff",
        b'{"_typ":1}',
        b"1 2",
    ],
)
def test_what_we_would_not_have_written_is_not_read(data: bytes) -> None:
    with pytest.raises(CanonicalError):
        loads(data)


def nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


def test_depth_is_bounded() -> None:
    assert loads(nested(MAX_DEPTH))
    for depth in (MAX_DEPTH + 2, 5_000, 200_000):
        with pytest.raises(CanonicalError):
            loads(nested(depth))
    with pytest.raises(CanonicalError, match="nested"):
        dumps(json.loads(nested(MAX_DEPTH + 2)))


def test_size_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canonical, "MAX_BYTES", 10)
    assert loads(dumps("12345678")) == "12345678"
    with pytest.raises(CanonicalError, match="at most 10"):
        dumps("123456789")
    with pytest.raises(CanonicalError, match="at most 10 are read"):
        loads(b'"123456789"')


def test_the_largest_integers_are_kept_exactly() -> None:
    for n in (2**53 - 1, -(2**53) + 1, 0, -1):
        assert loads(dumps(n)) == n
