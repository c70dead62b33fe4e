"""
Canonical JSON: a subset of RFC 8785 with one way to write every value.

UTF-8; object keys `[a-z][A-Za-z0-9_]*` or `_type`, in order; integers below 2^53 in magnitude, no fractions; no lone
surrogates, no duplicate keys, no white space. A map with free keys is written as a list of objects. The reader writes
again what it has read and requires equal bytes, so nothing can be said in two ways.
"""

import json
import re

from evidence.errors import Error

MAX_DEPTH = 16
"""Deepest nesting; our deepest statement has five levels."""

MAX_BYTES = 64 * 1024 * 1024
"""Largest document: the largest hint; statements are bounded more tightly where they are read."""

_LIMIT = 2**53
"""RFC 8785 §3.2.2.3 (I-JSON): integers every JSON reader holds exactly."""

_KEY = re.compile(r"[a-z][A-Za-z0-9_]*|_type")


class CanonicalError(Error):
    """A value or its bytes are not canonical JSON."""


def dumps(value: object) -> bytes:
    """Return the one way to write `value`: dicts, lists, tuples, strings, integers, booleans and `None`."""
    _check(value)
    try:
        text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), check_circular=False)
        data = text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise CanonicalError("a string holds half of a surrogate pair") from error
    if len(data) > MAX_BYTES:
        raise CanonicalError(f"{len(data)} bytes; at most {MAX_BYTES} are written")
    return data


def loads(data: bytes) -> object:
    """Return the value `data` is written for; raise `CanonicalError` unless they are the very bytes `dumps` writes."""
    if len(data) > MAX_BYTES:
        raise CanonicalError(f"{len(data)} bytes; at most {MAX_BYTES} are read")
    try:
        value = json.loads(data.decode("utf-8"), parse_float=_refuse, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise CanonicalError(f"not JSON: {error}") from error
    if dumps(value) != data:
        raise CanonicalError("JSON, but not written the canonical way")
    return value


def _refuse(text: str) -> None:
    raise CanonicalError(f"a number that is not a whole one: {text:.40}")


def _check(value: object) -> None:
    """Raise unless `value` can be written. Level by level, so depth costs no stack; leaves are never queued."""
    known: set[str] = set()
    level: list[object] = [value]
    for _ in range(MAX_DEPTH + 1):
        deeper: list[object] = []
        for item in level:
            kind = type(item)
            if kind is dict:
                _check_keys(item, known)
                deeper.extend(v for v in item.values() if type(v) is not str)  # type: ignore[attr-defined]
            elif kind is list or kind is tuple:
                deeper.extend(v for v in item if type(v) is not str)  # type: ignore[attr-defined]
            elif kind is int:
                if not -_LIMIT < item < _LIMIT:  # type: ignore[operator]
                    raise CanonicalError(f"an integer JSON readers do not hold exactly: {item}")
            elif item is not None and kind is not bool and not isinstance(item, str):
                raise CanonicalError(f"canonical JSON has no {kind.__name__}")
        if not deeper:
            return
        level = deeper
    raise CanonicalError(f"nested more than {MAX_DEPTH} levels deep")


def _check_keys(item: object, known: set[str]) -> None:
    for key in item:  # type: ignore[attr-defined]
        if key in known:
            continue
        if not isinstance(key, str) or not _KEY.fullmatch(key):
            raise CanonicalError(f"not a key of canonical JSON: {key!r:.60}")
        known.add(key)
