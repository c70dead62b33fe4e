"""What changed between two answers."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import unified_diff

from evidence.model.fact import Fact
from evidence.normalise.tags import NAMES, TAG


@dataclass(frozen=True, slots=True, kw_only=True)
class FactChange:
    """One fact that is new, gone or different."""

    name: str
    row: str | None
    before: str | None
    after: str | None


def changed_lines(before: str, after: str, before_title: str, after_title: str, *, context: int = 3) -> Iterator[str]:
    """Yield a unified diff without line ends; nothing when no line differs."""
    before, after = comparable(before, after)
    old, new = before.splitlines(), after.splitlines()
    start = _common(old, new)
    end = _common(old[start:][::-1], new[start:][::-1])
    # difflib takes quadratic time in what differs; the like ends of two configurations are most of them.
    first, last = max(start - context, 0), max(end - context, 0)
    lines = unified_diff(
        old[first : len(old) - last], new[first : len(new) - last], before_title, after_title, n=context, lineterm=""
    )
    for line in lines:
        yield _shifted(line, first) if line.startswith("@@") else line


def comparable(before: str, after: str) -> tuple[str, str]:
    """
    Return both texts with the tags of keys that only one of them uses made alike: those say nothing.

    Of a secret that has a tag of either key, as in the cycle after a change of the key, the one that both use is left.
    """
    shared = {tag[2] for tag in TAG.finditer(before)} & {tag[2] for tag in TAG.finditer(after)}
    if not shared and not (TAG.search(before) and TAG.search(after)):
        return before, after

    def known(names: re.Match[str]) -> str:
        tags = list(TAG.finditer(names[0]))
        said = next((tag for tag in tags if tag[2] in shared), None)
        return said[0] if said else f"<{tags[0][1]}:unknown>"

    return NAMES.sub(known, before), NAMES.sub(known, after)


def changed_facts(before: Iterable[Fact], after: Iterable[Fact]) -> Iterator[FactChange]:
    """Yield the facts that differ, by name and row; a change of source alone is none."""
    old = {(fact.name, fact.row or ""): fact.value for fact in before}
    new = {(fact.name, fact.row or ""): fact.value for fact in after}
    for name, row in sorted(old.keys() | new.keys()):
        was, now = old.get((name, row)), new.get((name, row))
        if was != now:
            yield FactChange(name=name, row=row or None, before=was, after=now)


def _common(one: list[str], other: list[str]) -> int:
    """Return how many lines at the start are equal."""
    shorter = min(len(one), len(other))
    return next((number for number in range(shorter) if one[number] != other[number]), shorter)


def _shifted(head: str, shift: int) -> str:
    """Return a hunk's head with line numbers of the whole text."""

    def moved(number: re.Match[str]) -> str:
        return f"{number[1]}{int(number[2]) + shift}"

    return re.sub(r"([-+])([0-9]+)", moved, head)
