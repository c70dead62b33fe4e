"""
The forms in which one secret may stand in an answer, a file or a message.

Text in three character sets, as JSON, XML, URL and Python write it; hexadecimal with every usual separator; dotted
decimal as in SNMP indexes; base64 at its three alignments; UTF-16 raw, hexadecimal and base64.
"""

import json
import re
from base64 import b64encode
from collections.abc import Iterator
from html import escape
from typing import NamedTuple
from urllib.parse import quote, quote_plus

SHORT = 5
"""Secrets of fewer characters are only found as whole words: they are part of too many others."""

_HEX_SEPARATORS = ("", ":", " ", "-", ".", " 0x", ",0x", ", 0x", "\\x", "%")

_URL_SAFE = bytes.maketrans(b"+/", b"-_")
"""Base64's other alphabet (RFC 4648 §5)."""

_ESCAPED = re.compile("%[0-9A-F]{2}")

LONG_NUMBER = 8
"""A number of fewer digits is only found where no more digits stand beside it: counters are full of them."""


class Form(NamedTuple):
    """One way to write a secret."""

    text: bytes
    edges: str = ""
    """`word`: not within a longer word; `digit`: not within a longer number; empty: anywhere."""
    before: int = 0
    """Characters before it that hold some of its bits as well (base64)."""
    after: int = 0

    def fits(self, data: bytes, start: int) -> bool:
        """Say whether it stands in `data` at `start`, with the edges it needs."""
        end = start + len(self.text)
        if not data.startswith(self.text, start):
            return False
        if not self.edges:
            return True
        outside = data[max(start - 1, 0) : start] + data[end : end + 1]
        if self.edges == "digit":
            return not any(48 <= octet <= 57 for octet in outside)
        return not any(octet == 95 or octet > 127 or chr(octet).isalnum() for octet in outside)


def forms(secret: str) -> list[Form]:
    """Return every form of `secret`, each text once, in a fixed order."""
    short = len(secret) < SHORT
    found: dict[bytes, Form] = {}
    for form in _forms(secret, short=short):
        text_form = Form(form.text, "word") if short and form.edges != "digit" else form
        found.setdefault(form.text, text_form)
    return list(found.values())


def _forms(secret: str, *, short: bool) -> Iterator[Form]:
    utf8 = secret.encode("utf-8", "surrogatepass")
    edges = "digit" if secret.isdecimal() and len(secret) < LONG_NUMBER else ""
    for text in _texts(secret):
        yield Form(text, edges)
    yield Form(".".join(map(str, utf8)).encode(), "digit")
    yield from _hexadecimal(utf8)
    if short:
        yield Form(b64encode(utf8))
        yield Form(b64encode(utf8).rstrip(b"="))
    else:
        yield from _base64(utf8)
    for encoding in ("utf-16-le", "utf-16-be"):
        wide = secret.encode(encoding, "surrogatepass")
        yield Form(wide)
        yield Form(wide.hex().encode())
        yield Form(wide.hex().upper().encode())
        if not short:
            yield from _base64(wide)


def _texts(secret: str) -> Iterator[bytes]:
    """Yield the secret as various writers of text write it."""
    if secret.isascii() and secret.isalnum():
        yield secret.encode()  # as all of them do
        return
    written = [
        secret,
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        repr(secret)[1:-1],
        escape(secret, quote=False),
        escape(secret),
        quote(secret, safe="", errors="replace"),
        quote(secret, errors="replace"),
        quote_plus(secret, errors="replace"),
    ]
    written += [_ESCAPED.sub(lambda escaped: escaped[0].lower(), text) for text in written[-3:]]
    for text in written:
        yield text.encode("utf-8", "surrogatepass")
    try:
        yield secret.encode("latin-1")
    except UnicodeEncodeError:
        return


def _hexadecimal(octets: bytes) -> Iterator[Form]:
    lower = [f"{octet:02x}" for octet in octets]
    upper = [pair.upper() for pair in lower]
    for separator in _HEX_SEPARATORS:
        yield Form(separator.join(lower).encode())
        yield Form(separator.join(upper).encode())


def _base64(octets: bytes) -> Iterator[Form]:
    """Yield the characters that hold only bits of `octets`, for each place it may have in a longer text."""
    for skipped in range(3):
        encoded = b64encode(b"\0" * skipped + octets)
        first = -(-skipped * 8 // 6)
        bits = (skipped + len(octets)) * 8
        core = encoded[first : bits // 6]
        before, after = int(bool(skipped)), int(bool(bits % 6))
        yield Form(core, "", before, after)
        yield Form(core.translate(_URL_SAFE), "", before, after)
