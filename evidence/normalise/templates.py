"""
What network systems print as tables of values, taken apart by the templates of ntc-templates (TextFSM).

The templates are maintained by many people for many systems, and refuse a text with a line they do not know: then there
is no table, rather than half of one.
"""

from functools import cache
from importlib.resources import files

MAX_TEXT_BYTES = 4 * 1024 * 1024
"""Longest text taken apart: 40,000 lines, ten times the access lists of a large firewall."""

MAX_LINE_CHARACTERS = 1000
"""Longest line: templates try one expression after the other at each."""


def read_template(name: str, data: bytes) -> list[dict[str, object]] | None:
    """Return rows, column name -> value; nothing where the text is none the template of that name knows."""
    from io import StringIO

    from textfsm import TextFSM
    from textfsm.parser import TextFSMError

    text = data.decode("utf-8", "replace").replace("\r\n", "\n")
    if len(data) > MAX_TEXT_BYTES or any(len(line) > MAX_LINE_CHARACTERS for line in text.splitlines()):
        return None
    try:
        rows = TextFSM(StringIO(_template(name))).ParseTextToDicts(text)
    except TextFSMError:
        return None
    return [{key.lower(): value for key, value in row.items()} for row in rows]


@cache
def _template(name: str) -> str:
    return (files("ntc_templates") / "templates" / f"{name}.textfsm").read_text(encoding="utf-8")
