"""
Finding the lines of a text that match one of many regular expressions, quickly.

Fifteen plain expressions over an 80 KB configuration cost 7-8 ms. Most lines hold none of the words an expression
needs, so the words are looked for first, all at once, and expressions see only lines that hold one of theirs. Which
words an expression needs is read from its parse tree; the answer is the same as without the shortcut.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, partial
from math import inf
from re import _parser  # type: ignore[attr-defined]
from typing import Any, Protocol

_SHORTEST_WORD = 3
"""A shorter word is on too many lines to help."""


_DFA_WORDS, _DFA_BYTES = 500, 1024 * 1024
"""
Up to so many words the automaton is made deterministic, once it has seen so many bytes: it is a third faster to run,
and several times as dear to make, the more with each word.
"""


class LineSearch:
    """Some regular expressions, ready to be searched in the lines of many texts."""

    __slots__ = ("_always", "_owners", "_patterns", "_words")

    def __init__(self, patterns: Iterable[str]) -> None:
        """
        Take `patterns`; each is searched within single lines, `^` and `$` are the line's ends.

        They are compiled when a line is first worth a look: most of a platform's never are. `re.error` for one that
        cannot be parsed; for what cannot be compiled either, when it is first to be tried.
        """
        self._patterns = tuple(patterns)
        owners: dict[bytes, list[int]] = {}
        always: list[int] = []
        for number, pattern in enumerate(self._patterns):
            words = needed_words(pattern)
            for word in words:
                owners.setdefault(word, []).append(number)
            if not words:
                always.append(number)
        self._owners = tuple(tuple(numbers) for numbers in owners.values())
        self._always = tuple(always)
        self._words = finder(tuple(owners))

    @property
    def unaided(self) -> tuple[str, ...]:
        """The expressions that need no word, and so see every line."""
        return tuple(self._patterns[number] for number in self._always)

    def regex(self, number: int) -> re.Pattern[bytes]:
        """Return one of the expressions, by its place among the patterns."""
        return line_regex(self._patterns[number])

    def lines(self, data: bytes) -> Iterator[tuple[int, int, Sequence[int]]]:
        """Yield (start, end, numbers of the expressions to try) of each line worth a look, in order."""
        if self._always:
            yield from self._every_line(data)
            return
        candidates: dict[int, set[int]] = {}
        ends: dict[int, int] = {}
        limit = 0
        start = 0
        for position, word in self._words.find(data.lower()):
            if position >= limit:
                start = data.rfind(b"\n", limit, position) + 1 or limit
                end = data.find(b"\n", position)
                limit = len(data) if end < 0 else end + 1
                ends[start] = len(data) if end < 0 else end
                candidates[start] = set()
            candidates[start].update(self._owners[word])
        for start, numbers in candidates.items():
            yield start, _trimmed(data, start, ends[start]), sorted(numbers)

    def _every_line(self, data: bytes) -> Iterator[tuple[int, int, Sequence[int]]]:
        everything = range(len(self._patterns))
        start = 0
        while start < len(data):
            end = data.find(b"\n", start)
            end = len(data) if end < 0 else end
            yield start, _trimmed(data, start, end), everything
            start = end + 1

    def matching(self, data: bytes) -> Iterator[tuple[int, int]]:
        """Yield (start, end) of each line in which one of the expressions is found; end is after the line's end."""
        for start, end, numbers in self.lines(data):
            if any(self.regex(number).search(data, start, end) for number in numbers):
                close = data.find(b"\n", end)
                yield start, len(data) if close < 0 else close + 1


def _trimmed(data: bytes, start: int, end: int) -> int:
    return end - 1 if end > start and data[end - 1] == 13 else end


@cache
def line_regex(pattern: str) -> re.Pattern[bytes]:
    """Compile a pattern to be searched within the bounds of one line of UTF-8 bytes."""
    return re.compile(pattern.encode(), re.MULTILINE)


@cache
def needed_words(pattern: str) -> frozenset[bytes]:
    """Return words (lower case) one of which is in every match of `pattern`; empty when none can be named."""
    words = _any_of(_parser.parse(pattern.encode(), re.MULTILINE))
    return frozenset(words) if words and min(map(len, words)) >= _SHORTEST_WORD else frozenset()


def _any_of(items: Any) -> set[bytes]:
    """Return the best set of words one of which a sequence of parsed items needs."""
    best: set[bytes] = set()
    run: list[Any] = []
    for item in [*items, (None, None)]:
        operation, argument = item
        name = str(operation)
        if name == "LITERAL":
            run.append(item)
            continue
        best = _better(best, {bytes(literal for _, literal in run).lower()} if run else set())
        before, run = run, []
        if name == "SUBPATTERN":
            best = _better(best, _any_of(argument[3]))
        elif name == "MAX_REPEAT" and argument[0] > 0:
            best = _better(best, _any_of(argument[2]))
        elif name == "BRANCH":
            choices = [_any_of([*before, *choice]) for choice in argument[1]]
            best = _better(best, set().union(*choices) if all(choices) else set())
    return best


def _better(one: set[bytes], other: set[bytes]) -> set[bytes]:
    """Return the set whose shortest word is longer; of equals the one with fewer words."""
    return max(one, other, key=lambda words: (min(map(len, words), default=0), -len(words)))


class WordFinder(Protocol):
    """Finds many words at once."""

    def find(self, data: bytes) -> Iterable[tuple[int, int]]:
        """Return (position, number of the word) of every word in `data`, by position."""
        ...


class PlainFinder:
    """One search a word: what every Python can do."""

    __slots__ = ("_words",)

    def __init__(self, words: Sequence[bytes]) -> None:
        self._words = tuple(words)

    def find(self, data: bytes) -> Iterable[tuple[int, int]]:
        """Return (position, number of the word) of every word in `data`, by position."""
        found = []
        for number, word in enumerate(self._words):
            position = data.find(word)
            while position >= 0:
                found.append((position, number))
                position = data.find(word, position + 1)
        return sorted(found)


class AutomatonFinder:
    """One pass for all words (Aho-Corasick)."""

    __slots__ = ("_automaton", "_faster", "_left")

    def __init__(self, words: Sequence[bytes], library: Any) -> None:
        kinds = library.Implementation
        make = partial(library.BytesAhoCorasick, list(words))
        self._automaton = make(implementation=kinds.ContiguousNFA)
        self._faster = partial(make, implementation=kinds.DFA)
        self._left = _DFA_BYTES if len(words) <= _DFA_WORDS else inf
        """Bytes it sees before it is made anew."""

    def find(self, data: bytes) -> Iterable[tuple[int, int]]:
        """Return (position, number of the word) of every word in `data`, by position."""
        self._left -= len(data)
        if self._left < 0:
            self._left = inf
            self._automaton = self._faster()
        return sorted(
            [(start, word) for word, start, _ in self._automaton.find_matches_as_indexes(data, overlapping=True)]
        )


def finder(words: Sequence[bytes]) -> WordFinder:
    """Return the fastest finder this installation has: the automaton's library is not on Windows."""
    try:
        import ahocorasick_rs
    except ImportError:
        return PlainFinder(words)
    return AutomatonFinder(words, ahocorasick_rs) if words else PlainFinder(words)
