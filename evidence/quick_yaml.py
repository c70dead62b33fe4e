"""
YAML read quickly: what says nothing but maps, lists and single values is made straight of libyaml's events.

PyYAML makes a node of every event and a value of every node, and most of a file's time goes there. Files of
inventories and platforms hold plain things only, by the hundred or the ten thousand. Whatever is more than plain
(anchors, tags, merges, several documents) or wrong is left to PyYAML's own loader, which alone says what is wrong.
"""

from collections.abc import Callable
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

_TEXT = "tag:yaml.org,2002:str"
_SINGLE = frozenset(f"tag:yaml.org,2002:{name}" for name in ("bool", "float", "int", "null", "timestamp"))
_NO_TEXT: Final = LOADER("")
"""Knows what unquoted words are, and what they stand for; nothing is read by it."""

_VALUES_KEPT, _VALUE_CHARACTERS = 50_000, 200
_VALUES: dict[str, object] = {}
"""What unquoted words stand for: names and values come again in every file of a thousand hosts."""

_END: Final = object()
_EXPECTED = "expected maps, lists and single values alone"


class NotPlainError(Error):
    """The text is YAML of the other kind, or none at all."""


def load_yaml(data: bytes) -> Any:
    """Return what `yaml.safe_load` returns; raise what it raises."""
    try:
        return load_plain(data)
    except NotPlainError:
        return yaml.load(data, Loader=LOADER)  # noqa: S506 - always one of the safe loaders


def load_plain(data: bytes) -> object:
    """Return what `yaml.safe_load` returns, in 0.4 of its time; raise `NotPlainError` where only that can tell."""
    try:
        next_event = LOADER(data).get_event
        next_event()
        start = next_event()
        if type(start) is not DocumentStartEvent or start.version or start.tags:
            raise NotPlainError(_EXPECTED)
        found = _value(next_event)
        next_event()
        if type(next_event()) is not StreamEndEvent:
            raise NotPlainError(_EXPECTED)
    except (yaml.YAMLError, TypeError, ValueError, RecursionError) as error:
        raise NotPlainError(_EXPECTED) from error
    return found


def _value(next_event: Callable[[], Any]) -> object:
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
    if kind is AliasEvent or event.tag is not None or event.anchor is not None:
        raise NotPlainError(_EXPECTED)
    if kind is MappingStartEvent:
        mapping: dict[object, object] = {}
        while (key := _value(next_event)) is not _END:
            mapping[key] = _value(next_event)
        return mapping
    members: list[object] = []
    while (member := _value(next_event)) is not _END:
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
