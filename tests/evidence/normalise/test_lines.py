import re
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.normalise.lines import AutomatonFinder, LineSearch, PlainFinder, finder, needed_words


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        (r"^snmp-server community (\S+)", {b"snmp-server community "}),
        (r"password|secret", {b"password", b"secret"}),
        (r"(?i)PassWord\s+\S", {b"password"}),
        (r"\$1\$|\$5\$", {b"$1$", b"$5$"}),
        (r"(?:key|token)? *community", {b"community"}),
        (r"a(?:bcd)+e", {b"bcd"}),
        (r"a(?:bcd)*e", set()),
        (r"\d+", set()),
        (r"ab", set()),
        (r"abc|\d", set()),
        (r"(?=.*user)x", set()),
        (r"Grüße", {"Grüße".encode().lower()}),
    ],
)
def test_an_expression_names_words_one_of_which_every_match_holds(pattern: str, words: set[bytes]) -> None:
    assert needed_words(pattern) == words


def test_only_lines_with_a_word_are_looked_at_and_only_by_its_expressions() -> None:
    search = LineSearch(["password (x)", "secret (x)"])
    data = b"a\nthe PASSWORD x\r\nb\nsecret password x\nend"
    assert list(search.lines(data)) == [(2, 16, [0]), (20, 37, [0, 1])]
    assert search.unaided == ()


def test_an_expression_without_a_word_sees_every_line() -> None:
    search = LineSearch([r"^\d+$", "password"])
    assert search.unaided == (r"^\d+$",)
    assert [(start, end) for start, end, _ in search.lines(b"12\r\nx\n")] == [(0, 2), (4, 5)]
    assert list(search.matching(b"12\r\nx\n7")) == [(0, 4), (6, 7)]


def test_line_ends_are_ends_of_expressions_and_no_expression_reaches_over_them() -> None:
    search = LineSearch([r"^password\s+\S+$"])
    assert list(search.matching(b"password\nx\npassword y\r\n password z\n")) == [(11, 23)]


def test_the_first_and_the_last_line_are_lines() -> None:
    search = LineSearch(["password"])
    assert list(search.matching(b"password")) == [(0, 8)]
    assert list(search.matching(b"password\npassword\n")) == [(0, 9), (9, 18)]
    assert list(search.matching(b"")) == []


def test_no_expressions_find_nothing() -> None:
    assert list(LineSearch([]).lines(b"password\n")) == []


words = st.lists(st.binary(min_size=1, max_size=4), min_size=1, max_size=6, unique=True)


@given(words, st.binary(max_size=60))
def test_both_finders_find_the_same(sought: list[bytes], data: bytes) -> None:
    fast = finder(sought)
    assert isinstance(fast, AutomatonFinder)
    assert list(fast.find(data)) == list(PlainFinder(sought).find(data))


def test_a_finder_that_has_seen_much_finds_the_same() -> None:
    sought, data = [b"key", b"ey", b"password"], b"keykey password"
    fast = finder(sought)
    before = list(fast.find(data))
    assert list(fast.find(bytes(1024 * 1024) + data)) == [(1024 * 1024 + at, word) for at, word in before]
    assert before == list(fast.find(data)) == list(PlainFinder(sought).find(data))


def test_a_finder_without_words_is_a_plain_one() -> None:
    assert list(finder(()).find(b"abc")) == []


PATTERNS = [r"^user (\w+)", r"pass(?:word|wd)", r"(?i)Key\d?", r"\bfoo\b|bar+z", r"x{2,}yz", r"^abc$"]
lines = st.lists(
    st.sampled_from(["user bob", "password", "PASSWD passwd", "key7", "foo", "barrz", "xxyz", "abc", "abcd", "", "é"])
)


@given(lines, st.sampled_from(["\n", "\r\n"]), st.lists(st.sampled_from(PATTERNS), unique=True))
def test_the_shortcut_finds_what_looking_at_every_line_finds(texts: list[str], ending: str, chosen: list[str]) -> None:
    data = ending.join(texts).encode()
    slow = []
    start = 0
    while start < len(data):
        end = data.find(b"\n", start)
        end = len(data) if end < 0 else end + 1
        line = data[start:end].removesuffix(b"\n").removesuffix(b"\r")
        if any(re.search(pattern.encode(), line) for pattern in chosen):
            slow.append((start, end))
        start = end
    assert list(LineSearch(chosen).matching(data)) == slow


def test_without_the_automatons_library_every_word_is_still_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ahocorasick_rs", None)
    plain = finder([b"secret", b"word"])
    assert isinstance(plain, PlainFinder)
    assert list(plain.find(b"password: secret")) == [(4, 1), (10, 0)]
