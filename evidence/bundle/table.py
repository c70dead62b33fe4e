"""A bundle's tables: CSV that spreadsheets read as text."""

import codecs
from collections.abc import Iterable, Sequence

from evidence.harmless import csv_line

_END = "\r\n"


def csv_table(header: Sequence[str], rows: Iterable[Iterable[object]]) -> bytes:
    """Return a table as CSV (RFC 4180), with the mark by which spreadsheets on Windows know UTF-8."""
    text = "".join(f"{csv_line(row)}{_END}" for row in (header, *rows))
    return codecs.BOM_UTF8 + text.encode("utf-8", "replace")


def lines_of(table: bytes) -> tuple[bytes, ...]:
    """Return a table's lines, the header first; no cell holds a line's end."""
    return tuple(table.removeprefix(codecs.BOM_UTF8).removesuffix(_END.encode()).split(_END.encode()))
