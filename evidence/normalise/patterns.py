"""
Patterns of platform files, searched in texts of any length.

Python's `re` tries `^` at every character, which takes half a millisecond a pattern in an 80 KB configuration. A
pattern that says how its line begins is tried only at lines that begin so. How is read from its parse tree; the
matches are the same as without the shortcut.
"""

import re
from collections.abc import Iterator
from functools import cache
from heapq import merge
from os.path import commonprefix
from re import _constants, _parser  # type: ignore[attr-defined]
from typing import Any

_LONG_CHARACTERS = 2_000
"""Shorter texts are searched plainly: reading a parse tree takes 70 µs, as long as a search in 12,000 characters."""

_MOST_BEGINNINGS = 3
"""Of more beginnings than this only what they have in common is looked for."""


class Pattern:
    """A regular expression, `^` and `$` being a line's ends."""

    __slots__ = ("_beginnings", "_read", "_regex")

    def __init__(self, pattern: str) -> None:
        """Compile `pattern`; `re.error` where it is none."""
        self._regex = re.compile(pattern, re.MULTILINE)
        self._beginnings: tuple[str, ...] = ()
        self._read = False

    def search(self, text: str) -> re.Match[str] | None:
        """Return the first match."""
        return self._regex.search(text) if len(text) < _LONG_CHARACTERS else next(self.finditer(text), None)

    def finditer(self, text: str) -> Iterator[re.Match[str]]:
        """Return the matches that do not overlap, from left to right."""
        if len(text) < _LONG_CHARACTERS:
            return self._regex.finditer(text)
        if not self._read:
            self._beginnings, self._read = line_beginnings(self._regex), True
        return self._at_lines(text) if self._beginnings else self._regex.finditer(text)

    def _at_lines(self, text: str) -> Iterator[re.Match[str]]:
        end = 0
        for start in merge(*(_lines(text, beginning) for beginning in self._beginnings)):
            if start >= end and (found := self._regex.match(text, start)):
                yield found
                end = found.end()


@cache
def pattern_of(pattern: str) -> Pattern:
    """Return a pattern, compiled when it is first met."""
    return Pattern(pattern)


def line_beginnings(regex: re.Pattern[str]) -> tuple[str, ...]:
    """Return texts with one of which each line begins where `regex` matches; none where they cannot be named."""
    if not regex.flags & re.MULTILINE or regex.flags & re.IGNORECASE:
        return ()
    items = list(_parser.parse(regex.pattern, regex.flags))
    if not items or items[0] != (_constants.AT, _constants.AT_BEGINNING):
        return ()
    found = _beginnings(items[1:])
    shortest = tuple(one for one in found if not any(one != other and one.startswith(other) for other in found))
    named = shortest if len(shortest) <= _MOST_BEGINNINGS else (commonprefix(shortest),)  # noqa: RUF071 - characters
    return named if all(named) else ()


def _beginnings(items: list[Any]) -> set[str]:
    """Return the texts one of which begins each match of parsed items; an empty text where nothing is known."""
    literal = ""
    for operation, argument in items:
        if operation is _constants.LITERAL:
            literal += chr(argument)
            continue
        if operation is _constants.SUBPATTERN and not argument[1]:  # no flags of its own
            return {literal + rest for rest in _beginnings(list(argument[3]))}
        if operation is _constants.BRANCH:
            return {literal + rest for choice in argument[1] for rest in _beginnings(list(choice))}
        break
    return {literal}


def _lines(text: str, beginning: str) -> Iterator[int]:
    """Yield where lines begin with `beginning`, in order."""
    if text.startswith(beginning):
        yield 0
    wanted = f"\n{beginning}"
    position = text.find(wanted)
    while position >= 0:
        yield position + 1
        position = text.find(wanted, position + 1)
