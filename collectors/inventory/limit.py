"""`-l`: the hosts that a pattern selects, by Ansible's rules: `web:&dc1:!x`, globs, `~regex`, `@file`, `web[0:2]`."""

import fnmatch
import re
from collections.abc import Iterable, Iterator

from collectors.inventory.graph import Graph
from collectors.inventory.names import parse_address
from collectors.inventory.problem import InventoryError
from collectors.inventory.yamlfile import read_bytes

_SUBSCRIPT = re.compile(r"(.+)\[(?:(-?[0-9]+)|([0-9]+)[:-]([0-9]*))\]")
_BETWEEN_COLONS = re.compile(r"(?:[^\s:\[\]]|\[[^\]]*\])+")
_GLOB_MARKS = frozenset(".?*[")


class LimitError(InventoryError):
    """A limit pattern cannot be understood, or selects nothing."""


def select(graph: Graph, limit: str) -> tuple[frozenset[str], tuple[str, ...]]:
    """Return the hosts that `limit` selects, and the patterns in it that match neither host nor group."""
    patterns = tuple(_from_files(_split(limit)))
    selector = _Selector(graph)
    plain = [pattern for pattern in patterns if pattern[0] not in "&!"] or ["all"]
    chosen: dict[str, None] = {}
    for pattern in plain:
        chosen.update(dict.fromkeys((pattern,) if pattern in graph.hosts else selector.match(pattern)))
    for pattern in (pattern for pattern in patterns if pattern[0] == "&"):
        kept = frozenset(selector.match(pattern[1:]))
        chosen = {host: None for host in chosen if host in kept}
    for pattern in (pattern for pattern in patterns if pattern[0] == "!"):
        gone = frozenset(selector.match(pattern[1:]))
        chosen = {host: None for host in chosen if host not in gone}
    return frozenset(chosen), tuple(selector.unmatched)


def _split(limit: str) -> Iterable[str]:
    """Split at commas; at colons only where the whole is no host name (addresses and ranges hold colons too)."""
    if "," in limit:
        parts = limit.split(",")
    elif parse_address(limit) is not None:
        parts = [limit]
    else:
        parts = _BETWEEN_COLONS.findall(limit)
        if sum(map(len, parts)) < sum(character not in ": \t" for character in limit):
            raise LimitError(f"expected every [ to have its ] between the colons, found {limit!r:.80}")
    return (part.strip() for part in parts if part.strip())


def _from_files(patterns: Iterable[str]) -> Iterator[str]:
    for pattern in patterns:
        if pattern.startswith("@"):
            lines = read_bytes(pattern[1:]).decode("utf-8", "replace").split("\n")
            yield from (line.strip() for line in lines if line.strip())
        else:
            yield pattern


class _Selector:
    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.unmatched: dict[str, None] = {}

    def match(self, pattern: str) -> tuple[str, ...]:
        """Return the hosts of one pattern without its `&` or `!`."""
        if not pattern:
            raise LimitError("expected a pattern after & or !, found none")
        subscript = None if pattern[0] == "~" else _SUBSCRIPT.fullmatch(pattern)
        hosts = self._enumerate(subscript[1] if subscript else pattern)
        if not subscript or not hosts:
            return hosts
        if subscript[2] is not None:
            index = int(subscript[2])
            if not -len(hosts) <= index < len(hosts):
                raise LimitError(f"expected a host number {index} in {subscript[1]!r:.80}, found {len(hosts)} hosts")
            return (hosts[index],)
        last = int(subscript[4]) if subscript[4] else len(hosts) - 1
        return hosts[int(subscript[3]) : last + 1]

    def _enumerate(self, expression: str) -> tuple[str, ...]:
        try:
            regex = re.compile(expression[1:] if expression[0] == "~" else fnmatch.translate(expression))
        except re.error as error:
            raise LimitError(f"expected a regular expression after ~, found {expression!r:.80}: {error}") from error
        groups = [name for name in self.graph.groups if regex.match(name)]
        found = dict.fromkeys(host for name in groups for host in self.graph.hosts_of(name))
        if not groups or expression[0] == "~" or not _GLOB_MARKS.isdisjoint(expression):
            found.update(dict.fromkeys(host for host in self.graph.hosts if regex.match(host)))
        if not found and not groups:
            self.unmatched[expression] = None
        return tuple(found)
