"""
Redaction of the canonical SNMP text: on decoded values, and written back in canonical form.

Where a secret stands in an OID (communities, users and contexts are indexes), the tag takes its place there: as
octets, one arc each, so that it is still an OID. Lines are decoded one by one, only where something was found.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from collectors.redact_tags import Span
from evidence.normalise import varbinds

_FIRST_VISIBLE = 32
"""Smaller arcs of an index are models, levels and lengths; no name is made of them."""

Replaced = tuple[bytes, list[Span]]
"""Octets without their secrets, and what was replaced."""


def rewrite_lines(
    data: bytes,
    lines: Iterable[tuple[int, int, str | None]],
    *,
    octets: Callable[[bytes, str | None], Replaced],
    oid: Callable[[bytes], Replaced],
) -> Replaced:
    """
    Return `data` with the given lines rewritten.

    A line is (start, end without its line end, type of secret its whole value is or `None`). `octets` replaces the
    secrets in a value, `oid` those in an object identifier.
    """
    parts: list[bytes] = []
    found: list[Span] = []
    done, moved = 0, False
    for start, end, kind in sorted(set(lines), key=lambda line: (line[0], line[2] is None)):
        if start < done:
            continue
        name, mark, raw = data[start:end].split(b"\t", 2)
        value = varbinds.decode(b"0\t" + mark + b"\t" + raw + b"\n")[0].value
        if isinstance(value, bytes):
            value, spans = octets(value, kind)
            found += spans
        elif isinstance(value, str):
            text, spans = oid(value.encode())
            value = text.decode()
            found += spans
        new_name, spans = oid(name)
        found += spans
        moved = moved or new_name != name
        parts.append(data[done:start])
        parts.append(varbinds.encode([(new_name.decode(), value)]))
        done = end + 1
    parts.append(data[done:])
    text = b"".join(parts)
    return (_sorted(text) if moved else text), found


def _sorted(text: bytes) -> bytes:
    """Return the lines in OID order again, the first of each OID."""
    first: dict[str, bytes] = {}
    for line in text.split(b"\n")[:-1]:
        first.setdefault(line.split(b"\t", 1)[0].decode(), line)
    return b"".join(first[oid] + b"\n" for oid in sorted(first, key=varbinds.arcs))


def dotted(octets: bytes) -> bytes:
    """Return octets as the arcs of an OID."""
    return ".".join(map(str, octets)).encode()


def line_of(data: bytes, span: Span) -> tuple[int, int]:
    """Return (start, end) of the line a span begins in."""
    end = data.find(b"\n", span.start)
    return data.rfind(b"\n", 0, span.start) + 1, len(data) if end < 0 else end


def lines_below(data: bytes, prefixes: Mapping[str, str]) -> Iterator[tuple[int, int, str]]:
    """Yield (start, end, type) of each line whose OID is one of `prefixes` or lies below it."""
    for prefix, kind in prefixes.items():
        for mark in (b".", b"\t"):
            text = prefix.encode() + mark
            start = 0 if data.startswith(text) else data.find(b"\n" + text) + 1
            while start > 0 or data.startswith(text, start):
                end = data.find(b"\n", start)
                end = len(data) if end < 0 else end
                yield start, end, kind
                start = data.find(b"\n" + text, end) + 1
                if start == 0:
                    break


def index_spans(oid: bytes, entries: Mapping[str, str]) -> Iterator[Span]:
    """
    Yield a span for each string in the index of a table's row, and one for what is neither a string nor small numbers.

    A string stands behind its length, or to the end (RFC 2578 §7.7). Its length goes, too: it is a share of the secret.
    """
    for entry, kind in entries.items():
        if not oid.startswith(entry.encode() + b"."):
            continue
        behind = oid[len(entry) + 1 :].split(b".")
        arcs, at = [int(arc) for arc in behind[1:]], len(entry) + 1 + len(behind[0]) + 1
        place = 0
        while place < len(arcs):
            taken = _string_at(arcs, place)
            length = sum(len(arc) + 1 for arc in behind[1 + place : 1 + place + (taken[0] if taken else 1)])
            if taken is not None:
                yield Span(start=at, end=at + length - 1, plain=taken[1], type=kind)
            elif arcs[place] >= _FIRST_VISIBLE:
                yield Span(start=at, end=len(oid), plain=oid[at:], type=kind)
                return
            place += taken[0] if taken else 1
            at += length


def _string_at(arcs: Sequence[int], place: int) -> tuple[int, bytes] | None:
    """Return how many arcs a string takes that begins at `place`, and the string; nothing where none does."""
    length = arcs[place]
    behind, after = arcs[place + 1 : place + 1 + length], arcs[place + 1 + length :]
    if 0 < length == len(behind) and all(map(_visible, behind)):
        number = after and all(map(_visible, after))  # no two strings of which one has a length and one has not
        return None if number and length < _FIRST_VISIBLE else (1 + length, bytes(behind))
    rest = arcs[place:]
    return (len(rest), bytes(rest)) if all(map(_visible, rest)) else None


def _visible(arc: int) -> bool:
    return _FIRST_VISIBLE <= arc < 256 and arc != 127
