"""
YAML read quickly: what says nothing but maps, lists and single values is made straight of libyaml's events.

PyYAML makes a node of every event and a value of every node, and most of a file's time goes there. Files of
inventories and platforms hold plain things only, by the hundred or the ten thousand. Whatever is more than plain
(anchors, tags, merges, several documents) or wrong is left to PyYAML's own loader, which alone says what is wrong.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
)

from evidence.errors import Error

LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml where PyYAML was built with it; what it makes is plain values only."""

_PARSER: Final = getattr(getattr(yaml, "cyaml", None), "CParser", LOADER)
"""What gives the loader its events, by itself: a loader for each of ten thousand small files costs more to make."""

_TEXT = "tag:yaml.org,2002:str"
_SINGLE = frozenset(f"tag:yaml.org,2002:{name}" for name in ("bool", "float", "int", "null", "timestamp"))
_NO_TEXT: Final = LOADER("")
"""Knows what unquoted words are, and what they stand for; nothing is read by it."""

_VALUES_KEPT, _VALUE_CHARACTERS = 50_000, 200
_VALUES: dict[str, object] = {}
"""What unquoted words stand for: names and values come again in every file of a thousand hosts."""

MAX_DEPTH = 50
"""Maps and lists within each other that are read here; how many are too many is for PyYAML's loader to say."""

_END: Final = object()
_EXPECTED = "expected maps, lists and single values alone"


class NotPlainError(Error):
    """The text is YAML of the other kind, or none at all."""


def load_yaml(data: bytes) -> Any:
    """Return what PyYAML's safe loader on libyaml makes of a text; raise `yaml.YAMLError` where it makes nothing."""
    with suppress(NotPlainError):
        return load_plain(data)
    try:
        return yaml.load(data, Loader=LOADER)  # noqa: S506 - always one of the safe loaders
    except (ArithmeticError, AttributeError, LookupError, TypeError) as error:  # what `!!int ''` and its like end in
        raise yaml.YAMLError("a value that does not exist") from error


def load_plain(data: bytes) -> object:
    """Return what the same loader does, in 0.4 of its time; raise `NotPlainError` where only that can tell."""
    try:
        next_event = _PARSER(data).get_event
        next_event()
        start = next_event()
        if type(start) is not DocumentStartEvent or start.version or start.tags:
            raise NotPlainError(_EXPECTED)
        found = _value(next_event, MAX_DEPTH)
        next_event()
        if type(next_event()) is not StreamEndEvent:
            raise NotPlainError(_EXPECTED)
    except (yaml.YAMLError, TypeError, ValueError, ArithmeticError) as error:
        raise NotPlainError(_EXPECTED) from error
    return found


def _value(next_event: Callable[[], Any], depth: int) -> object:
    """Return what the next events say, which is at most so deep; `_END` where a map or a list ends."""
    event = next_event()
    kind = type(event)
    if kind is ScalarEvent:
        if event.tag is not None or event.anchor is not None:
            raise NotPlainError(_EXPECTED)
        value = event.value
        if not event.implicit[0]:
            return value
        known = _VALUES.get(value, _END)
        return _single(value) if known is _END else known
    if kind is MappingEndEvent or kind is SequenceEndEvent:
        return _END
    if kind is AliasEvent or event.tag is not None or event.anchor is not None or not depth:
        raise NotPlainError(_EXPECTED)
    if kind is MappingStartEvent:
        mapping: dict[object, object] = {}
        while (key := _value(next_event, depth - 1)) is not _END:
            mapping[key] = _value(next_event, depth - 1)
        return mapping
    members: list[object] = []
    while (member := _value(next_event, depth - 1)) is not _END:
        members.append(member)
    return members


def _single(text: str) -> object:
    """Return what an unquoted word stands for."""
    tag = _NO_TEXT.resolve(yaml.ScalarNode, text, (True, False))
    if tag == _TEXT:
        value: object = text
    elif tag in _SINGLE:
        value = LOADER.yaml_constructors[tag](_NO_TEXT, yaml.ScalarNode(tag, text))
    else:
        raise NotPlainError(_EXPECTED)
    if len(_VALUES) < _VALUES_KEPT and len(text) <= _VALUE_CHARACTERS:
        _VALUES[text] = value
    return value
