"""
The canonical text of SNMP answers: one line a varbind, the same answer the same bytes.

A capture is UTF-8, one `OID<TAB>kind<TAB>value<LF>` a varbind, sorted by OID arc by arc, no OID twice (the first
answer counts). The kinds:

| kind | value |
| --- | --- |
| `i` | an integer of any SNMP type, decimal |
| `s` | octets that are visible UTF-8 text (see `_HIDDEN`), as that text |
| `e` | octets that are such text with line ends or tabs in it: a JSON string (RFC 8259 §7), non-ASCII as it is |
| `x` | any other octets, lower-case hexadecimal |
| `o` | an object identifier, dotted |
| `a` | an IPv4 address, dotted |
| `f` | a float, the shortest decimal that reads back the same |
| `n` | null, or a value the device said it does not have; empty |

The decoder underneath gives object identifiers and addresses both as dotted text, so `a` means *exactly four arcs,
each at most 255*: an object identifier of that shape (`1.3.6.1`) is shown as `a` as well.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple

from evidence.errors import Error
from evidence.model.tuples import made

Value = None | int | float | str | bytes
"""What an SNMP decoder gives: integers of all kinds, OIDs and addresses as dotted text, octets as bytes."""

MAX_CAPTURE_BYTES = 256 * 1024 * 1024
"""Longest text `decode` reads: the 32 MiB on the wire that one walk may bring, eightfold for dotted OIDs and hex."""

_HIDDEN = re.compile(
    "[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\xa0\xad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f"
    "\u2028-\u202f\u205f-\u206f\u3164\ud800-\uf8ff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U0010ffff]"
)
"""
Characters nobody sees: controls but line ends and tabs, blanks other than the ordinary and the ideographic one,
formatting and bidirectional marks, private use. A fixed list, because `str.isprintable` changes with the Unicode
version of the Python that runs, and the form may not.
"""

_BREAKS = re.compile("[\t\n\r]")
_OID = re.compile(r"(?:0|[1-9][0-9]*+)(?:\.(?:0|[1-9][0-9]*+))*+")
_ADDRESS = re.compile(r"((25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])(\.(?!$)|$)){4}")


NOTHING = "n\t"
"""Null, as it is written: kind, and no value."""

Written = Mapping[str, str]
"""
What lies below an OID: rest of the OID (the index of a row, where the OID is a column) -> kind and value, as they are
written. Columns say the same in many rows, so whoever reads it (`read_value`) need not do so row by row.
"""


class VarbindsError(Error):
    """The bytes are not what `encode` writes, or a value is none SNMP has."""


class Varbind(NamedTuple):
    """One value of an answer."""

    oid: str
    kind: str
    value: Value

    @property
    def octets(self) -> bytes:
        """The octets of an octet string; empty for every other kind."""
        return self.value if isinstance(self.value, bytes) else b""

    @property
    def text(self) -> str:
        """
        The value for a person: octets as UTF-8, else as Latin-1, without NULs and trailing blanks.

        Best effort, for reading names and versions; `value` is exact.
        """
        if not isinstance(self.value, bytes):
            return "" if self.value is None else str(self.value)
        try:
            text = self.value.decode()
        except UnicodeDecodeError:
            text = self.value.decode("latin-1")
        return text.replace("\0", "").rstrip()


def arcs(oid: str) -> tuple[int, ...]:
    """Return the arcs of a dotted OID: the key by which OIDs sort."""
    return _remembered(oid) if len(oid) <= _REMEMBERED_CHARACTERS else _arcs(oid)


def _arcs(oid: str) -> tuple[int, ...]:
    if not _OID.fullmatch(oid):
        raise VarbindsError(f"expected a dotted OID, found {oid!r:.80}")
    return tuple(map(int, oid.split(".")))


_REMEMBERED_CHARACTERS = 64
_remembered = lru_cache(maxsize=4096)(_arcs)
"""Devices are asked for the same OIDs, one after the other."""


def encode(varbinds: Iterable[tuple[str, Value]]) -> bytes:
    """
    Return the canonical text of `varbinds`, given in any order.

    Answers of a walk come sorted, so the order is checked in passing and sorting is the exception. Raises
    `VarbindsError` for a malformed OID or a value of no SNMP type.
    """
    lines: list[str] = []
    add = lines.append
    ordered, stem, last = True, "", -1
    before: tuple[int, ...] = ()
    for oid, value in varbinds:
        head, _, tail = oid.rpartition(".")
        if head == stem and tail.isdecimal() and tail[0] != "0":  # the next row of a column: one arc to compare
            arc = int(tail)
            if arc <= last:
                ordered = False
        else:
            now = arcs(oid)
            if now <= (*before, last):
                ordered = False
            stem, before, arc = head, now[:-1], now[-1]
        last = arc
        if type(value) is int:
            add(f"{oid}\ti\t{value}\n")
        elif type(value) is bytes:
            if value.isascii() and (text := value.decode()).isprintable():
                add(f"{oid}\ts\t{text}\n")
            else:
                add(f"{oid}\t{_octets(value)}\n")
        else:
            add(f"{oid}\t{_other(oid, value)}\n")
    if not ordered:
        first = {line[: line.index("\t")]: line for line in reversed(lines)}
        lines = [first[oid] for oid in sorted(first, key=arcs)]
    return "".join(lines).encode()


def _octets(value: bytes) -> str:
    """Return kind and canonical value of octets."""
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return f"x\t{value.hex()}"
    if _HIDDEN.search(text):
        return f"x\t{value.hex()}"
    if _BREAKS.search(text):
        return f"e\t{json.dumps(text, ensure_ascii=False)}"
    return f"s\t{text}"


def _other(oid: str, value: Value) -> str:
    """Return kind and canonical value of what is neither an integer nor octets."""
    if value is None:
        return "n\t"
    if type(value) is str and _OID.fullmatch(value):
        return f"a\t{value}" if _ADDRESS.fullmatch(value) else f"o\t{value}"
    if type(value) is float:
        return f"f\t{value!r}"
    if type(value) is bool:
        return f"i\t{int(value)}"
    raise VarbindsError(f"{oid}: not an SNMP value: {value!r:.80}")


def decode(data: bytes) -> list[Varbind]:
    """
    Return the varbinds of a canonical text, in OID order.

    Reads exactly what `encode` writes: the values are encoded again and compared, so no two texts mean the same
    answer. Raises `VarbindsError`.
    """
    if len(data) > MAX_CAPTURE_BYTES:
        raise VarbindsError(f"expected at most {MAX_CAPTURE_BYTES} bytes of varbinds, found {len(data)}")
    try:
        lines = data.decode().split("\n")
        found = [_line(line) for line in lines[:-1]]
    except (ValueError, KeyError, RecursionError) as error:
        raise VarbindsError(f"not the canonical text of an SNMP answer: {error!s:.120}") from error
    if encode([(varbind.oid, varbind.value) for varbind in found]) != data:
        raise VarbindsError("not the canonical text of an SNMP answer: written in another way")
    return found


def _line(line: str) -> Varbind:
    oid, kind, value = line.split("\t")
    return Varbind(oid, kind, _READ[kind](value))


def _json_octets(value: str) -> bytes:
    text = json.loads(value)
    if not isinstance(text, str):
        raise ValueError(f"expected a JSON string, found {value:.40}")
    return text.encode()


_READ: dict[str, Callable[[str], Value]] = {
    "i": int,
    "s": str.encode,
    "e": _json_octets,
    "x": bytes.fromhex,
    "o": str,
    "a": str,
    "f": float,
    "n": lambda _: None,
}
"""How each kind is read. Looser than the form: `decode` compares afterwards."""


class Index:
    """
    The varbinds of a canonical text, by OID and by the subtree they lie in; each line is read when it is asked for.

    What is read is checked as far as it is read: `decode` alone says that a text is canonical as a whole.
    """

    __slots__ = ("_below", "_found", "_text")

    def __init__(self, data: bytes) -> None:
        """Look into a text that `encode` wrote; raise `VarbindsError` for what cannot be one."""
        if len(data) > MAX_CAPTURE_BYTES:
            raise VarbindsError(f"expected at most {MAX_CAPTURE_BYTES} bytes of varbinds, found {len(data)}")
        try:
            self._text = "\n" + data.decode()
        except UnicodeDecodeError as error:
            raise VarbindsError(f"not the canonical text of an SNMP answer: {error!s:.120}") from error
        if not self._text.endswith("\n"):
            raise VarbindsError("not the canonical text of an SNMP answer: its last line has no end")
        self._found: dict[str, Varbind | None] = {}
        self._below: dict[str, Written] = {}

    def get(self, oid: str) -> Varbind | None:
        """Return the varbind of exactly this OID; rules ask for the same ones often."""
        if oid not in self._found:
            self._found[oid] = self._read(oid)
        return self._found[oid]

    def _read(self, oid: str) -> Varbind | None:
        start = self._text.find(f"\n{oid}\t") + 1
        if not start:
            return None
        try:
            return _line(self._text[start : self._text.index("\n", start)])
        except (ValueError, KeyError, RecursionError) as error:
            raise VarbindsError(f"not the canonical text of an SNMP answer: {error!s:.120}") from error

    def below(self, oid: str) -> Written:
        """Return what lies strictly below `oid`."""
        if oid not in self._below:
            self._below[oid] = self._read_below(f"{oid}.")
        return self._below[oid]

    def _read_below(self, stem: str) -> Written:
        start = self._text.find("\n" + stem)
        if start < 0:
            return {}
        end = self._text.index("\n", self._text.rfind("\n" + stem) + 1)
        lines = self._text[start:end]
        written = dict(_rows_below(stem).findall(lines))
        if len(written) != lines.count("\n"):
            raise VarbindsError(f"not the canonical text of an SNMP answer: other lines stand among those below {stem}")
        return written


@lru_cache(maxsize=1024)
def _rows_below(stem: str) -> re.Pattern[str]:
    """Return a pattern of a line whose OID begins so, and the line end before it: rest of the OID; kind and value."""
    return re.compile(rf"\n{re.escape(stem)}([0-9]++(?:\.[0-9]++)*+)\t(n\t|[aefiosx]\t[^\t\n]*+)(?![^\n])")


def read_value(written: str) -> Varbind:
    """Return a value without an OID from kind and value as a line has them; raise `VarbindsError` for what is none."""
    kind, _, value = written.partition("\t")
    try:
        return made(Varbind, ("", kind, _READ[kind](value)))
    except (ValueError, KeyError, RecursionError) as error:
        raise VarbindsError(f"not the canonical text of an SNMP answer: {error!s:.120}") from error
