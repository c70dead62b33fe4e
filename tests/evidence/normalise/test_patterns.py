"""Patterns searched in long texts: the same matches as `re` finds."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.normalise.patterns import Pattern, line_beginnings
from evidence.platforms.load import load_platforms
from evidence.platforms.platform import Platform

PADDING = "! nothing of interest\n" * 100


def _patterns(platform: Platform) -> set[str]:
    facts = {rule.pattern for rule in platform.facts}
    tables = {pattern for rule in platform.tables for pattern in (rule.pattern, rule.under)}
    return {pattern for pattern in facts | tables if pattern}


ALL = sorted({pattern for platform in load_platforms() for pattern in _patterns(platform)})
LED = [pattern for pattern in ALL if line_beginnings(re.compile(pattern, re.MULTILINE))]


def _found(matches: object) -> list[tuple[object, ...]]:
    return [(match.span(), match.groups()) for match in matches]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("pattern", "beginnings"),
    [
        (r"^hostname (\S+)", {"hostname "}),
        (r"^(?P<protocol>tacacs|radius)-server", {"tacacs", "radius"}),
        (r"^snmp-server (?:user|host) ", {"snmp-server user", "snmp-server host"}),
        (r"^(?:one|other)", {"one", "other"}),
        (r"^one|^two", {"one", "two"}),
        (r"^on(?:e|) x", {"on"}),
        (r"^lines? ", {"line"}),
        (r"^a\.b", {"a.b"}),
        (r"^aaa (?:one|two|other|last)", {"aaa "}),
        (r"^(?:one|two|three|four)", set()),
        (r"^ *name", set()),
        (r"^(?i:name)", set()),
        (r"(?i)^name", set()),
        (r"^(?:name|\S+)", set()),
        (r"^(?:name|)", set()),
        (r"^name|other", set()),
        (r"name", set()),
        (r"^[ab]c", set()),
    ],
)
def test_the_beginning_of_a_line_is_read_from_the_pattern(pattern: str, beginnings: set[str]) -> None:
    assert set(line_beginnings(re.compile(pattern, re.MULTILINE))) == beginnings


def test_a_pattern_without_line_ends_has_no_beginning_of_a_line() -> None:
    assert line_beginnings(re.compile("^hostname")) == ()


@given(st.data())
def test_each_rule_finds_in_long_texts_what_re_finds(data: st.DataObject) -> None:
    """Texts are made of what the pattern itself matches, of its beginnings, and of what lies between."""
    pattern = data.draw(st.sampled_from(LED))
    regex = re.compile(pattern, re.MULTILINE)
    whole = st.from_regex(regex)
    pieces = st.one_of(
        whole, st.sampled_from(line_beginnings(regex)), st.sampled_from(["\n", "\r\n", " ", "x", "\n\n"])
    )
    text = "".join(data.draw(st.lists(pieces, max_size=8))) + data.draw(st.sampled_from(["", "\n"])) + PADDING
    text = text if data.draw(st.booleans()) else PADDING + text
    assert _found(Pattern(pattern).finditer(text)) == _found(regex.finditer(text))
    first, expected = Pattern(pattern).search(text), regex.search(text)
    assert (first and first.span()) == (expected and expected.span())


@given(
    st.sampled_from([r"^ab\n^ab", r"^a(?:b|bc)?\n?", r"^(?:ab|a)+", r"^a(?=b)", r"^a.*\n(?: .*\n)*", r"^ab(?<=\nab)"]),
    st.text("ab \n", max_size=60),
)
def test_matches_over_several_lines_do_not_overlap(pattern: str, text: str) -> None:
    assert _found(Pattern(pattern).finditer(text + PADDING)) == _found(
        re.compile(pattern, re.MULTILINE).finditer(text + PADDING)
    )


def test_many_rules_are_helped() -> None:
    """Otherwise the property above would be about a handful of patterns."""
    assert len(LED) >= 300
