"""Reading YAML quickly says what PyYAML's safe loader says, of every text, and of every text that it refuses."""

import datetime
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from evidence.quick_yaml import NotPlainError, load_plain, load_yaml

ROOT = Path(__file__).parents[2]
WORDS = st.sampled_from(
    [
        *("a", "b", "10.0.0.1", "1e5", "0x1F", "0o7", "017", "0b11", "1_000", "1:30", "190:20:30", "+1", "-.5", "."),
        *(".inf", "-.inf", ".nan", "yes", "No", "on", "y", "~", "null", "", "true", "TRUE", "tRuE", "=", "<<", "é"),
        *(
            "2027-03-31",
            "2027-02-30",
            "2001-12-14t21:59:43.10-05:00",
            "12:30",
            "{{ x }}",
            "[",
            "]",
            "{",
            "}",
            ",",
            "- ",
        ),
        *(
            "? ",
            ": ",
            ":",
            "#",
            " # c",
            "|",
            ">-",
            "\n",
            "\n\n",
            "\n  ",
            "\n    ",
            "\t",
            " ",
            "'",
            '"',
            "'x'",
            '"\\x41"',
        ),
        *("&a ", "*a", "!", "!!str ", "!!int ", "!!set ", "!vault ", "!x ", "%YAML 1.1", "%TAG ! !", "---", "\n---\n"),
        *("...", "\n...\n", "@", "`", "\ufeff", "\x00", "\x85", "\u2028", "\U0001f600", "- - ", "a: ", "b: ", "\na: "),
    ]
)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12) | st.dates(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6) | st.integers(), inner, max_size=4),
    max_leaves=12,
)


def outcome(read: Any, data: bytes) -> tuple[str, str]:
    try:
        return "read", repr(read(data))
    except Exception as error:  # noqa: BLE001 - whatever the one raises, the other is to raise
        return type(error).__name__, str(error)


def by_pyyaml(data: bytes) -> object:
    try:
        return yaml.load(data, Loader=yaml.CSafeLoader)
    except (ArithmeticError, AttributeError, LookupError, TypeError) as error:
        raise yaml.YAMLError("a value that does not exist") from error


@given(st.lists(WORDS, max_size=14).map("".join))
@example("a: &x [1]\nb: *x\n")
@example("a: {<<: {b: 1}}\n")
@example("[a]: 1\n")
@example("{a: 1}: 1\n")
@example("a: 2027-02-30\n")
@example("a: 1\na: 2\n")
@example("a\n---\nb\n")
@example("? a\n")
@example("[" * 900 + "]" * 900)
@example("[" * 5000)
@example("[" * 60 + "]" * 60)
@example("a: 1" + ":00" * 200 + "\nb: [")
@settings(max_examples=1500)
def test_any_text_is_read_or_refused_as_pyyaml_does(text: str) -> None:
    data = text.encode()
    assert outcome(load_yaml, data) == outcome(by_pyyaml, data)


@pytest.mark.parametrize(
    "data",
    [b"a: 1" + b":00" * 200 + b".5", b"!!int ''", b"!!float ''", b"!!bool 'x'", b"!!timestamp 'x'", b"a: !!int ''"],
)
def test_a_value_that_does_not_exist_is_an_error_of_yaml(data: bytes) -> None:
    with pytest.raises(yaml.YAMLError, match="a value that does not exist"):
        load_yaml(data)


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused_as_pyyaml_does(data: bytes) -> None:
    assert outcome(load_yaml, data) == outcome(by_pyyaml, data)


@given(PLAIN, st.booleans())
def test_what_pyyaml_writes_of_plain_things_is_read_the_quick_way(thing: object, flow: bool) -> None:
    data = yaml.safe_dump(thing, default_flow_style=flow, allow_unicode=True).encode()
    if b"&id" not in data and b"!!" not in data:
        assert repr(load_plain(data)) == repr(by_pyyaml(data))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a: &x 1",
        "a: *x",
        "a: !!str 1",
        "a: !vault x",
        "<<: {a: 1}",
        "a: =",
        "%YAML 1.1\n---\na",
        "a\n---\nb",
        "[a]: 1",
        "[" * 51 + "]" * 51,
    ],
)
def test_what_is_more_than_plain_is_left_to_pyyaml(text: str) -> None:
    with pytest.raises(NotPlainError):
        load_plain(text.encode())


def test_nearly_all_platform_files_are_read_the_quick_way() -> None:
    files = sorted((ROOT / "evidence" / "platforms").rglob("*.y*ml"))
    plain = 0
    for path in files:
        data = path.read_bytes()
        with suppress(NotPlainError):
            assert repr(load_plain(data)) == repr(by_pyyaml(data)), path
            plain += 1
    assert plain > 0.98 * len(files) > 98


def test_a_date_is_a_date_and_an_address_text() -> None:
    assert load_plain(b"end: 2031-12-31\nat: 10.0.0.1\nport: 161\n") == {
        "end": datetime.date(2031, 12, 31),
        "at": "10.0.0.1",
        "port": 161,
    }
