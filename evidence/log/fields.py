"""Reading one JSON object strictly: every key known, every value of its type and within its bounds."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType

from evidence.clock import TimeError, parse_rfc3339
from evidence.errors import Error
from evidence.model.names import Digest, DigestError, is_digest, parse_digest

MAX_TEXT = 64 * 1024
"""Longest string of a statement; the longest we write are reasons and requests of a few hundred characters."""


_OBJECTS = (dict, MappingProxyType)


class ShapeError(Error):
    """A JSON document does not have the shape its writer would have given it."""


class Fields:
    """One JSON object under strict reading; `what` names it in errors."""

    __slots__ = ("_object", "what")

    def __init__(self, value: object, what: str, required: frozenset[str], optional: frozenset[str]) -> None:
        if not isinstance(value, _OBJECTS):
            raise ShapeError(f"{what}: expected an object, found {type(value).__name__}")
        if not required <= value.keys():
            raise ShapeError(f"{what}: without {', '.join(sorted(required - value.keys()))}")
        if len(value) > len(required) and not value.keys() <= required | optional:
            raise ShapeError(f"{what}: unknown key {', '.join(sorted(value.keys() - required - optional))}")
        self._object: Mapping[str, object] = value
        self.what = what

    def __contains__(self, key: str) -> bool:
        return key in self._object

    def text(self, key: str, *, longest: int = MAX_TEXT) -> str:
        """Return a string that is not empty."""
        value = self._object[key]
        if not isinstance(value, str) or not 0 < len(value) <= longest:
            raise ShapeError(f"{self.what}: {key}: expected 1 to {longest} characters, found {value!r:.60}")
        return value

    def optional_text(self, key: str) -> str | None:
        """Return a string, or `None` where the key is absent."""
        return self.text(key) if key in self._object else None

    def whole(self, key: str, *, least: int = 0) -> int:
        """Return an integer of at least `least`."""
        value = self._object[key]
        if type(value) is not int or value < least:
            raise ShapeError(f"{self.what}: {key}: expected an integer of at least {least}, found {value!r:.60}")
        return value

    def flag(self, key: str) -> bool:
        """Return a boolean."""
        value = self._object[key]
        if not isinstance(value, bool):
            raise ShapeError(f"{self.what}: {key}: expected true or false, found {value!r:.60}")
        return value

    def digest(self, key: str) -> Digest:
        """Return a digest."""
        try:
            return parse_digest(self._object[key])  # type: ignore[arg-type]
        except DigestError as error:
            raise ShapeError(f"{self.what}: {key}: {error}") from error

    def time(self, key: str) -> str:
        """Return a time, as RFC 3339 UTC text."""
        text = self.text(key)
        if not is_time(text):
            raise ShapeError(f"{self.what}: {key}: expected a time like 2026-11-22T23:48:00Z, found {text!r:.60}")
        return text

    def rows(self, key: str) -> tuple[object, ...]:
        """Return a list's items."""
        value = self._object[key]
        if not isinstance(value, list):
            raise ShapeError(f"{self.what}: {key}: expected a list, found {type(value).__name__}")
        return tuple(value)

    def digests(self, key: str, *, least: int = 0, most: int) -> tuple[Digest, ...]:
        """Return a list of digests in order, each once."""
        rows = self.rows(key)
        if not least <= len(rows) <= most:
            raise ShapeError(f"{self.what}: {key}: expected {least} to {most} digests, found {len(rows)}")
        found = tuple(Digest(row) for row in rows if isinstance(row, str) and is_digest(row))
        if len(found) != len(rows) or list(found) != sorted(set(found)):
            raise ShapeError(f"{self.what}: {key}: expected digests, in order, each once")
        return found

    def raw(self, key: str) -> object:
        """Return a value whose shape its reader checks."""
        return self._object[key]

    def mapping(self, key: str) -> Mapping[str, object]:
        """Return an object whose values are for people; they are not interpreted."""
        value = self._object[key]
        if not isinstance(value, dict):
            raise ShapeError(f"{self.what}: {key}: expected an object, found {type(value).__name__}")
        return MappingProxyType(value)


def one_length_each(named: Iterable[tuple[Digest, int]], what: str) -> dict[Digest, int]:
    """Return blobs with their lengths; raise `ShapeError` where one is said to have two."""
    found: dict[Digest, int] = {}
    for digest, length in named:
        if found.setdefault(digest, length) != length:
            raise ShapeError(f"{what}: {digest} is said to have {found[digest]} and {length} bytes")
    return found


@lru_cache(maxsize=4096)
def is_time(text: str) -> bool:
    """Tell whether `text` is RFC 3339 UTC; the captures of a run share few times."""
    try:
        parse_rfc3339(text)
    except TimeError:
        return False
    return True
