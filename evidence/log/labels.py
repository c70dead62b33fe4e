"""What parts of a run are called, `2/5` or `awx-17/5`, and which of them are absent."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_LABEL = re.compile(r"([1-9][0-9]{0,3}|[a-z][a-z0-9._-]{0,60})/([1-9][0-9]{0,3})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """The `number`-th of `count` shares, or one that has a name."""

    number: int
    count: int
    name: str | None = None


def read_label(text: str) -> Label | None:
    """Read `2/5` or `awx-17/5`; nothing for anything else."""
    match = _LABEL.fullmatch(text)
    if match is None or (match[1].isdigit() and int(match[1]) > int(match[2])):
        return None
    if match[1].isdigit():
        return Label(number=int(match[1]), count=int(match[2]))
    return Label(number=1, count=int(match[2]), name=match[1])


def absent_parts(labels: Iterable[str], *, something_missing: bool) -> Iterator[str]:
    """
    Yield what is missing of the division that is nearest to being whole: a run may have been cut anew.

    Of parts with names, that AWX cuts fewer of where there are fewer hosts, none is missing while no asset is.
    """
    divisions: dict[int, set[Label]] = {}
    for label in filter(None, map(read_label, labels)):  # a label is its writer's word
        divisions.setdefault(label.count, set()).add(label)
    if not divisions:
        return
    count, known = min(sorted(divisions.items()), key=lambda pair: pair[0] - len(pair[1]))
    if all(one.name is None for one in known):
        numbers = {one.number for one in known}
        yield from (f"{number}/{count}" for number in range(1, count + 1) if number not in numbers)
    elif something_missing and len(known) < count:
        yield f"{count - len(known)} of {count}"
