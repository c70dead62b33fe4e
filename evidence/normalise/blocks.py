"""
Configurations in blocks, as FortiOS writes them: `config PATH`, `edit NAME`, `set KEY VALUE…`, `next`, `end`.

A table becomes a list of objects under its path (`firewall policy`), an entry's name its key `edit`; what is set once
for all becomes one object. A value that is several words becomes a list. Unset keys are absent.
"""

import re
from collections.abc import Iterator
from typing import Any

MAX_LINES = 400_000
"""Most lines read: the configuration of a large firewall has 100,000."""

MAX_DEPTH = 12
"""Deepest nesting; FortiOS nests four blocks at most."""

_WORD = re.compile(r'"((?:[^"\\]|\\.)*)"|(\S+)', re.DOTALL)
_QUOTE = re.compile(r'\\.|(")')

Block = dict[str, Any]


def read_blocks(data: bytes, request: str) -> object:  # noqa: ARG001 - every reader is given the request
    """Return the document of a configuration in blocks; `None` where it is not one."""
    top: Block = {}
    open_blocks: list[Block] = [top]
    for line in _statements(data.decode("utf-8", "replace")):
        word, _, rest = line.partition(" ")
        block = open_blocks[-1]
        match word:
            case "config":
                if len(open_blocks) > MAX_DEPTH:
                    return None
                inner = block.setdefault(" ".join(_words(rest)), {})
                open_blocks.append(inner if isinstance(inner, dict) else {})
            case "edit":
                entry: Block = {"edit": " ".join(_words(rest))}
                block.setdefault("", []).append(entry)
                open_blocks.append(entry)
            case "set":
                name, _, value = rest.partition(" ")
                words = _words(value)
                block[name] = words[0] if len(words) == 1 else words
            case "next" | "end":
                if word == "end" and "edit" in block and len(open_blocks) > 2:
                    open_blocks.pop()  # an entry that ends with its table
                if len(open_blocks) > 1:
                    open_blocks.pop()
    return _plain(top) if top else None


def _statements(text: str) -> Iterator[str]:
    """Yield statements: lines, joined where a quoted text goes over several, as certificates do."""
    held: list[str] = []
    for line in text.split("\n")[:MAX_LINES]:
        quotes = sum(quote != "" for quote in _QUOTE.findall(line))
        opens = bool(held) is (quotes % 2 == 0)
        held.append(line if held else line.strip())
        if not opens:
            statement = "\n".join(held)
            if statement and not statement.startswith("#"):
                yield statement
            held = []


def _words(text: str) -> list[str]:
    return [re.sub(r"\\(.)", r"\1", quoted) if quoted or not bare else bare for quoted, bare in _WORD.findall(text)]


def _plain(block: Block) -> Any:
    """Return a block with tables as lists, and nothing else of how it was read."""
    entries = block.pop("", None)
    found = {key: _plain(value) if isinstance(value, dict) else value for key, value in block.items()}
    if entries is None:
        return found
    return [_plain(entry) for entry in entries]
