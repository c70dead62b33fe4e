import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.normalise.values import (
    INDEX_FORMATS,
    MAX_VALUE_CHARACTERS,
    TEXT_FORMATS,
    VALUE_FORMATS,
    clean,
    clean_all,
    shown_as,
)
from evidence.normalise.varbinds import Varbind, decode, encode


def bind(value: object) -> Varbind:
    return decode(encode([("1.3", value)]))[0]  # type: ignore[list-item]


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("text", b"Hall 3", "Hall 3"),
        ("text", 7, "7"),
        ("text", "1.3.6", "1.3.6"),
        ("mac", bytes.fromhex("0200000000ff"), "02:00:00:00:00:ff"),
        ("mac", b"", ""),
        ("hex", b"\x80\x01", "8001"),
        ("integer", 7, "7"),
        ("integer", b"7", ""),
        ("centiseconds", 12399, "123"),
        ("centiseconds", b"12399", ""),
        ("address", bytes([192, 0, 2, 1]), "192.0.2.1"),
        ("address", b"\x20\x01\x0d\xb8" + bytes(11) + b"\x09", "2001:db8::9"),
        ("address", "192.0.2.1", "192.0.2.1"),
        ("address", 5, ""),
        ("octets", b"port-001", "port-001"),
        ("octets", bytes.fromhex("0200000000ff"), "02:00:00:00:00:ff"),
    ],
)
def test_a_value_is_shown_as_its_format_says(name: str, value: object, shown: str) -> None:
    assert VALUE_FORMATS[name](bind(value)) == shown


@pytest.mark.parametrize("length", [10, 1000])
def test_what_is_written_is_shown_as_the_value_is_whether_it_is_remembered_or_not(length: int) -> None:
    written = [f"s\t{'a' * length}", "x\tff00", "i\t7"]
    for _ in range(2):
        assert list(map(shown_as("text", written), written)) == ["a" * length, "\xff", "7"]


@pytest.mark.parametrize(
    ("name", "index", "shown"),
    [
        ("index", "7.1.2", "7.1.2"),
        ("index-first", "7.1.2", "7"),
        ("index-second", "7.1.2", "1"),
        ("index-second", "7", ""),
        ("index-rest", "7.1.2", "1.2"),
        ("index-rest", "7", ""),
        ("index-mac", "40.2.0.0.0.32.255", "02:00:00:00:20:ff"),
        ("index-mac", "1.2.3", ""),
        ("index-mac", "2.0.0.0.32.256", ""),
        ("index-address", "3.192.0.2.1", "192.0.2.1"),
        ("index-address", "192.0.2.999", ""),
        ("index-inet", "3.1.4.192.0.2.1", "192.0.2.1"),
        ("index-inet", "3.2.16.32.1.13.184.0.0.0.0.0.0.0.0.0.0.0.9", "2001:db8::9"),
        ("index-inet", "3.1.4.192.0.2.999", ""),
        ("index-inet", "3.16.5.1.2.3.4.5", ""),
        ("index-inet", "1", ""),
    ],
)
def test_a_part_of_the_index_is_shown_as_its_format_says(name: str, index: str, shown: str) -> None:
    assert INDEX_FORMATS[name](index) == shown


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("  a\r\nb\tc \0", "a b c"),
        ("\x1b[31mred\x9f", "[31mred"),
        ("\ufeffx\u2028y", "x y"),
        ("", ""),
        ("日本 ", "日本"),
    ],
)
def test_values_hold_no_control_characters(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


def test_values_have_a_longest_length() -> None:
    assert len(clean("x" * 5000)) == MAX_VALUE_CHARACTERS
    assert clean("x" * 999 + " y") == "x" * 999


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("tcp eq 502 [match=733]", "tcp/502"),
        ("udp range 5000 5010", "udp/5000-5010"),
        ("tcp gt 1023 established", "tcp/gt 1023"),
        ("tcp/PORTS", "tcp/PORTS"),
        ("ip log [match=12]", "ip"),
        ("ip ", "ip"),
        ("", ""),
    ],
)
def test_a_service_is_written_as_rules_write_it(text: str, shown: str) -> None:
    assert TEXT_FORMATS["service"](text) == shown


def test_a_name_in_lines_is_joined_and_what_is_no_part_of_it_left_out() -> None:
    lines = "    Name: unit-1\n    cn=unit-1\n    o=Example, Inc.\n"
    assert TEXT_FORMATS["names"](lines) == "CN=unit-1,O=Example\\, Inc."


@given(st.lists(st.text(max_size=8) | st.just("a" * (MAX_VALUE_CHARACTERS + 5)) | st.just(" plain "), max_size=5))
def test_many_values_are_cleaned_as_each_is(texts: list[str]) -> None:
    assert clean_all(texts) == [clean(text) for text in texts]
