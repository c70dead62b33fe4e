"""Which answers are past the period of their class, and nobody needs any more."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta

from evidence.clock import parse_rfc3339
from evidence.log.erased import erased_in, naming, read_with
from evidence.log.erasure import digests_of
from evidence.log.history import History
from evidence.model.capture import Capture
from evidence.model.columns import REGISTERS
from evidence.model.names import AssetId, Digest, is_digest
from evidence.registers.holding import holds_in_force
from evidence.registers.reading import current, declared


def outdated(
    history: History,
    periods: Mapping[str, timedelta],
    *,
    at: datetime,
    planned: Collection[AssetId],
    needed: Collection[Digest],
) -> frozenset[Digest]:
    """
    Return what is older than the period of its class (`technical`, `personal`; none: for ever), and was not erased.

    Not the newest answer to a question of an asset that is `planned`, nor what is `needed`: by findings that are
    current, by an entry of a register, under a legal hold, or as bytes of another answer that is kept or of a list.
    """
    every = [accepted for _, accepted in naming(history, history.statements)]
    captures = [capture for accepted in every if accepted.part is not None for capture in accepted.part.captures]
    newest: dict[tuple[AssetId, str], Capture] = {}
    for capture in captures:
        known = newest.get((capture.asset, capture.question))
        if known is None or known.at <= capture.at:
            newest[capture.asset, capture.question] = capture
    holds = list(holds_in_force(history))
    past, kept = set[Digest](), {*needed, *_declared(history)}.union(*map(read_with, every))
    for capture in captures:
        period = periods.get(capture.classification)
        over = period is not None and parse_rfc3339(capture.at) + period < at
        current_answer = capture.asset in planned and newest[capture.asset, capture.question] == capture
        stays = not over or current_answer or any(hold.covers(capture.asset) for hold in holds)
        (kept if stays else past).update(digests_of(capture))
    return frozenset(past - kept - erased_in(history).keys())


def _declared(history: History) -> Iterator[Digest]:
    """Yield the digests that entries of registers name."""
    entries = tuple(declared(history))
    for register in REGISTERS:
        for one in current(entries, register).values():
            yield from (
                Digest(text) for text in one.entry.columns.values() if isinstance(text, str) and is_digest(text)
            )
