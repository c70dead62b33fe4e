"""Text that others wrote, made harmless before it is shown."""

import re
from collections.abc import Iterable

UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 but tab and newline, DEL, C1
    "\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb"  # direction (Trojan Source), invisible
    "\ud800-\udfff]"  # lone surrogates
)
"""Characters that steer a terminal, turn the direction of what follows, or cannot be seen."""

_FORMULA = re.compile(r"[=+\-@\t\r]")
"""A cell that begins so is run by a spreadsheet (OWASP: CSV Injection)."""
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
_PLAIN = re.compile(r"(?![=+\-@])[ !#-+\--~]*")
"""A cell that stands as it is: ASCII one can see, no comma, no quote, nothing a formula begins with."""


def harmless(text: str) -> str:
    """Return `text` with control, direction and invisible characters spelled out; newline and tab stay."""
    return UNSEEN.sub(lambda found: _escape(found[0]), text)


def one_line(text: str) -> str:
    """Return `text` harmless and on one line."""
    return harmless(text).replace("\n", "\\n").replace("\t", "\\t")


def csv_line(cells: Iterable[object]) -> str:
    """Return one CSV record (RFC 4180) that no spreadsheet takes for a formula."""
    texts = ["" if cell is None else str(cell) for cell in cells]
    return ",".join([text if _PLAIN.fullmatch(text) else csv_quoted(csv_text(text)) for text in texts])


def csv_text(cell: object) -> str:
    """Return what a cell of such a record shows."""
    text = one_line("" if cell is None else str(cell))
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def csv_quoted(text: str) -> str:
    """Return a cell's text as a record has it."""
    return '"' + text.replace('"', '""') + '"' if re.search('[",\n\r]', text) else text


def _escape(ch: str) -> str:
    return f"\\x{ord(ch):02x}" if ord(ch) < 0x100 else f"\\u{ord(ch):04x}"
