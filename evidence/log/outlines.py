"""
Outlines of large parts, remembered by the sealer: whoever chooses among the parts of years need not read them all.

A signed hint holds those of a thousand leaves. As every hint it is working memory and never evidence: what is missing
is read again, and `verify` recalls nothing. What it may be used for is what an outline may be used for
(`evidence.log.outline`): to choose, and to pass over.
"""

from collections.abc import Iterator, Mapping
from sys import intern

from evidence.errors import Error
from evidence.log.captures import Columns
from evidence.log.fields import Fields, ShapeError
from evidence.log.hints import read_hint, write_hint
from evidence.log.history import History
from evidence.log.keyring import Keyring, Role
from evidence.log.outline import Outline, read_outline
from evidence.log.part import PartStatement
from evidence.model.names import Digest
from evidence.store.interface import Store

PER_HINT = 1_000
"""Leaves whose parts one hint holds: what a seal writes anew is bounded however long the log grows."""

WORTH = 100
"""Fewest captures of a part that is remembered: a smaller one is read, digested and outlined in 0.2 ms."""

MOST_NAMES = 200_000
"""Most names one hint holds, some 8 MB of it: nights say the same and share them; parts beyond it are left out."""

_HINT = frozenset({"parts", "about"})
_ABOUT = frozenset({"outcomes", "answers"})
_PART = frozenset({"part", "index", "bytes", "run", "slot", "chunk", "started", "ended", "assets", "about"})
_NONE: frozenset[str] = frozenset()

Placed = Mapping[int, tuple[Digest, Outline]]
"""By place in the log: a part's digest, and what it is about."""


def outline_of(part: PartStatement, size: int) -> Outline | None:
    """Return what a part that was opened is about, its envelope having `size` bytes; `None` where it is small."""
    captures = Columns.of(part.captures)
    if len(captures) < WORTH:
        return None
    told = zip(captures.alike, captures.blobs, strict=True)
    named = ((intern(f"{said.asset}/{said.question}"), blob) for said, (blob, _) in told)
    return Outline(
        bytes=size,
        run=part.run,
        slot=part.slot,
        chunk=part.chunk,
        started=part.started,
        ended=part.ended,
        assets=part.assets,
        outcomes=tuple(outcome.asset for outcome in part.outcomes),
        answers=tuple(name for name, _ in dict.fromkeys(named)),
    )


def remember_outlines(store: Store, keyring: Keyring, found: Placed) -> None:
    """Add what was sealed to the hints."""
    for block in sorted({index // PER_HINT for index in found}):
        here = {index: placed for index, placed in found.items() if index // PER_HINT == block}
        together = dict(_recalled(store, keyring, block)) | here
        write_hint(store, keyring, _kind(block), _value(together), role=Role.SEALER)


def recall_outlines(history: History, keyring: Keyring) -> None:
    """Let a history know the outlines that its sealer remembers, where the parts are those of its log."""
    entries, outlines = history.statements, history.opened.outlines
    for block in range(-(-history.size // PER_HINT)):
        for index, (digest, outline) in _recalled(history.ledger.store, keyring, block):
            if index < history.size and (entries[index].kind, entries[index].digest) == ("part", digest):
                outlines.setdefault(index, outline)


def _kind(block: int) -> str:
    return f"outlines-{block:06d}"


def _value(found: Placed) -> dict[str, object]:
    about: dict[tuple[tuple[str, ...], tuple[str, ...]], int] = {}
    parts, room = [], MOST_NAMES
    for index, (digest, told) in sorted(found.items()):
        names = told.outcomes, told.answers
        if names not in about:
            if (count := sum(map(len, names))) > room:
                continue
            room -= count
            about[names] = len(about)
        row = {"bytes": told.bytes, "chunk": told.chunk, "run": told.run, "slot": told.slot, "assets": told.assets}
        row |= {"started": told.started, "ended": told.ended, "part": digest, "index": index, "about": about[names]}
        parts.append(row)
    return {
        "parts": parts,
        "about": [{"outcomes": list(outcomes), "answers": list(answers)} for outcomes, answers in about],
    }


def _recalled(store: Store, keyring: Keyring, block: int) -> Iterator[tuple[int, tuple[Digest, Outline]]]:
    """Yield what a hint holds; nothing of one that is not as it was written."""
    try:
        hint = Fields(read_hint(store, keyring, _kind(block), role=Role.SEALER), "outlines", _HINT, _NONE)
        about = [Fields(row, "about", _ABOUT, _NONE) for row in hint.rows("about")]
        names = [(_names(one, "outcomes"), _names(one, "answers")) for one in about]
        yield from [_row(Fields(row, "part", _PART, _NONE), names) for row in hint.rows("parts")]
    except (Error, IndexError):
        return


def _row(row: Fields, names: list[tuple[tuple[str, ...], tuple[str, ...]]]) -> tuple[int, tuple[Digest, Outline]]:
    outcomes, answers = names[row.whole("about")]
    size, assets = row.whole("bytes"), row.digest("assets")
    outline = read_outline(row, size=size, assets=assets, outcomes=outcomes, answers=answers)
    return row.whole("index"), (row.digest("part"), outline)


def _names(row: Fields, key: str) -> tuple[str, ...]:
    found = row.rows(key)
    names = tuple(intern(name) for name in found if isinstance(name, str))
    if len(names) != len(found):
        raise ShapeError(f"about: {key}: expected names")
    return names
