"""How results are printed: foreign text is made harmless, columns line up, machines get one schema."""

import json
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from evidence.harmless import UNSEEN, one_line

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def json_line(value: Mapping[str, object]) -> str:
    """Return `value` as one line of JSON: exact, readable, and without a raw control or direction character."""
    return UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", _encode(value))


def json_text(value: Mapping[str, object]) -> str:
    """Return `value` as JSON of many lines, otherwise as `json_line` does."""
    return UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(value, ensure_ascii=False, indent=1))


def table(headers: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterable[str]:
    """Yield the lines of a plain table; the last column is as long as it wants to be."""
    body = [[one_line("" if cell is None else str(cell)) for cell in row] for row in rows]
    lines = [list(headers), *body]
    widths = [max(_width(line[column]) for line in lines) for column in range(len(headers) - 1)]
    for line in lines:
        padded = [cell + " " * (width - _width(cell)) for cell, width in zip(line, widths, strict=False)]
        yield "  ".join([*padded, line[-1]]).rstrip()


def age_text(seconds: int) -> str:
    """Return an age in the largest unit that keeps it readable: `45 s`, `3 h`, `12 d`."""
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if abs(seconds) >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def _width(text: str) -> int:
    return sum(0 if unicodedata.combining(ch) else 2 if unicodedata.east_asian_width(ch) in "WF" else 1 for ch in text)
