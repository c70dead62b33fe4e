"""
Canonical JSON: a subset of RFC 8785 with one way to write every value.

UTF-8; object keys `[a-z][A-Za-z0-9_]*` or `_type`, in order; integers below 2^53 in magnitude, no fractions; no lone
surrogates, no duplicate keys, no white space. A map with free keys is written as a list of objects. The reader writes
again what it has read and requires equal bytes, so nothing can be said in two ways.
"""

import json
import re
from collections.abc import Collection
from functools import lru_cache

from pydantic_core import from_json, to_json

from evidence.errors import Error

MAX_DEPTH = 16
"""Deepest nesting; our deepest statement has five levels."""

MAX_BYTES = 64 * 1024 * 1024
"""Largest document: the largest hint; statements are bounded more tightly where they are read."""

LIMIT = 2**53
"""RFC 8785 §3.2.2.3 (I-JSON): integers every JSON reader holds exactly."""

_TEXTS = {str, bool, type(None)}

_KEY = re.compile(r"[a-z][A-Za-z0-9_]*|_type")


class CanonicalError(Error):
    """A value or its bytes are not canonical JSON."""


def dumps(value: object) -> bytes:
    """Return the one way to write `value`: dicts, lists, tuples, strings, integers, booleans and `None`."""
    _check(value, in_order=False)
    try:
        text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), check_circular=False)
        data = text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise CanonicalError("a string holds half of a surrogate pair") from error
    if len(data) > MAX_BYTES:
        raise CanonicalError(f"{len(data)} bytes; at most {MAX_BYTES} are written")
    return data


def loads(data: bytes) -> object:
    """
    Return the value `data` is written for; raise `CanonicalError` unless they are the very bytes `dumps` writes.

    Read and written again by pydantic's reader and writer of JSON, which take a third of the time of `json`'s: logs of
    years go through here. It writes keys in the order in which they were read, so the order is looked at, too.
    """
    if len(data) > MAX_BYTES:
        raise CanonicalError(f"{len(data)} bytes; at most {MAX_BYTES} are read")
    try:
        value: object = from_json(data)
    except ValueError as error:
        raise CanonicalError(f"not JSON: {_why(data)}") from error
    _check(value, in_order=True)
    if to_json(value) != data:
        raise CanonicalError("JSON, but not written the canonical way")
    return value


def _why(data: bytes) -> str:
    """Say in `json`'s words what is wrong: signed statements repeat it, so it is the same with every pydantic."""
    try:
        json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        return str(error)
    return "not as RFC 8259 has it"


def _check(value: object, *, in_order: bool) -> None:
    """Raise unless `value` can be written. Level by level, so depth costs no stack; only containers are queued."""
    level: list[Collection[object]] = [(value,)]
    for _ in range(MAX_DEPTH + 1):
        deeper: list[Collection[object]] = []
        for items in level:
            if _TEXTS.issuperset(map(type, items)):
                continue
            for item in items:
                kind = type(item)
                if kind in _TEXTS:
                    continue
                if kind is dict:
                    check_keys(tuple(item), in_order=in_order)  # type: ignore[arg-type]
                    deeper.append(item.values())  # type: ignore[attr-defined]
                elif kind is list or kind is tuple:
                    deeper.append(item)  # type: ignore[arg-type]
                elif kind is int:
                    if not -LIMIT < item < LIMIT:  # type: ignore[operator]
                        raise CanonicalError(f"an integer JSON readers do not hold exactly: {item}")
                elif not isinstance(item, str):
                    raise CanonicalError(f"canonical JSON has no {kind.__name__}")
        if not deeper:
            return
        level = deeper
    if any(type(item) is not str for items in level for item in items):
        raise CanonicalError(f"nested more than {MAX_DEPTH} levels deep")


@lru_cache(maxsize=1024)
def check_keys(keys: tuple[object, ...], *, in_order: bool) -> None:
    """Raise unless the keys of an object are canonical JSON's, and in order where they were read."""
    for key in keys:
        if not isinstance(key, str) or not _KEY.fullmatch(key):
            raise CanonicalError(f"not a key of canonical JSON: {key!r:.60}")
    if in_order and list(keys) != sorted(keys):  # type: ignore[type-var]
        raise CanonicalError("JSON, but its keys are not in order")
