"""A bundle's tables: CSV that spreadsheets read as text."""

import codecs
import csv
from collections.abc import Iterable, Sequence

from evidence.bundle.layout import BundleError
from evidence.harmless import csv_line, csv_quoted

_END = "\r\n"


def csv_table(header: Sequence[str], rows: Iterable[Iterable[object]]) -> bytes:
    """Return a table as CSV (RFC 4180), with the mark by which spreadsheets on Windows know UTF-8."""
    text = "".join(f"{csv_line(row)}{_END}" for row in (header, *rows))
    return codecs.BOM_UTF8 + text.encode("utf-8", "replace")


def check_table(table: bytes, header: Sequence[str], path: str) -> None:
    """Raise `BundleError` for what `csv_table` does not write: other ends or columns, cells quoted otherwise."""
    try:
        first, *rows = [line.decode("utf-8") for line in lines_of(table)]
        cells = [next(csv.reader([row], strict=True), []) for row in rows]
    except (UnicodeDecodeError, csv.Error) as error:
        raise BundleError(f"{path}: not a table: {error}") from error
    whole = codecs.BOM_UTF8 + "".join(f"{row}{_END}" for row in (first, *rows)).encode() == table
    plain = all(len(row) == len(header) and ",".join(map(csv_quoted, row)) == rows[at] for at, row in enumerate(cells))
    if not whole or first != ",".join(header) or not plain:
        raise BundleError(f"{path}: not a table as we write it")


def lines_of(table: bytes) -> tuple[bytes, ...]:
    """Return a table's lines, the header first; no cell holds a line's end."""
    return tuple(table.removeprefix(codecs.BOM_UTF8).removesuffix(_END.encode()).split(_END.encode()))
