"""Secrets found by rules: a platform's own, and the generic detector's, in one search of the lines."""

import re
import threading
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import lru_cache

from collectors.redact_generic import GENERIC_RULES
from collectors.redact_tags import Span
from evidence.normalise.lines import LineSearch, line_regex
from evidence.platforms.platform import SecretRule

_MASKED = re.compile(rb"[*\xe2\x80\xa2]+|<[^<>]*>|\.+")
"""What devices and people put where a secret was."""


class SecretSearch:
    """Rules, ready to be searched in many texts."""

    __slots__ = ("_own", "_rules", "_search")

    def __init__(self, rules: Sequence[SecretRule]) -> None:
        """
        Put the platform's `rules` before the generic ones.

        The secret is the group `secret`, or in patterns with alternatives the group `secret_…` that took part.
        """
        self._own = len(rules)
        self._rules = (*rules, *GENERIC_RULES)
        self._search = LineSearch(rule.pattern for rule in self._rules)

    def find(self, data: bytes) -> Iterator[Span]:
        """Yield a span for every secret a rule finds."""
        sections: dict[int, list[tuple[int, int]]] = {}
        for start, end, numbers in self._search.lines(data):
            for number in numbers:
                rule = self._rules[number]
                if rule.within is not None and rule.leaves is not None:
                    if number not in sections:
                        sections[number] = _sections(data, rule.within, rule.leaves)
                    if not _is_in(sections[number], start):
                        continue
                for match in self._search.regex(number).finditer(data, start, end):
                    span = self._span(number, data, match)
                    if span is not None:
                        yield span

    def _span(self, number: int, data: bytes, match: re.Match[bytes]) -> Span | None:
        rule = self._rules[number]
        start, end = next(
            match.span(group)
            for group in match.re.groupindex
            if group.startswith("secret") and match[group] is not None
        )
        if rule.until is not None:
            close = line_regex(rule.until).search(data, start)
            end = close.start() if close else len(data)
        plain = data[start:end]
        if not plain.strip() or _MASKED.fullmatch(plain):
            return None
        return Span(
            start=start,
            end=end,
            plain=plain,
            type=rule.type,
            scheme=rule.scheme,
            rank=0 if number < self._own else 2,
        )


def _sections(data: bytes, opens: str, leaves: str) -> list[tuple[int, int]]:
    """Return where each section begins and ends; one that is never left goes to the end."""
    found: list[tuple[int, int]] = []
    for opening in line_regex(opens).finditer(data):
        if not found or opening.start() >= found[-1][1]:
            closing = line_regex(leaves).search(data, opening.end())
            found.append((opening.start(), closing.start() if closing else len(data)))
    return found


def _is_in(sections: list[tuple[int, int]], place: int) -> bool:
    at = bisect_right(sections, place, key=lambda section: section[0])
    return at > 0 and place < sections[at - 1][1]


def secret_search(rules: tuple[SecretRule, ...]) -> SecretSearch:
    """Return the search of a platform's rules, made once: threads that come at the same time wait for the first."""
    met = _met.get(id(rules))
    if met is not None and met[0] is rules:
        return met[1]
    with _MAKING:
        search = _made(rules)
        if len(_met) >= _MOST_MET:
            _met.clear()
        _met[id(rules)] = rules, search
        return search


_MAKING = threading.Lock()
_made = lru_cache(maxsize=512)(SecretSearch)
"""The packaged platforms have less than a hundred sets of rules among them."""

_MOST_MET = 2_000
_met: dict[int, tuple[tuple[SecretRule, ...], SecretSearch]] = {}
"""The very tuples that were asked with, by `id`: to compare rules takes longer than to search a short answer."""
