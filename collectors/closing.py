"""Closing a run of many parts: which of them are absent, and which planned assets have no outcome."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from evidence.log.history import History
from evidence.log.labels import absent_parts
from evidence.log.part import PartStatement
from evidence.log.plan import load_plan, plan_blob
from evidence.store.blobs import get_blob
from evidence.store.layout import parse_key


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedSlot:
    """What the log holds of one slot."""

    slot: str
    parts: tuple[str, ...]
    """Labels of the parts that are there and finished."""
    absent: tuple[str, ...]
    """Labels of those that are not; of parts with names only how many, as nobody knows which."""
    unfinished: tuple[str, ...]
    """Labels of those that began and have no last chunk."""
    planned: int
    without: tuple[str, ...]
    """Planned assets without an outcome."""

    @property
    def whole(self) -> bool:
        """Whether nothing is missing."""
        return not (self.absent or self.unfinished or self.without)


def newly_sealed(history: History, since: int) -> frozenset[str]:
    """Return the slots (as they stand in keys) of the parts from leaf `since` on."""
    return frozenset(_slot_key(history, index) for index in _part_indexes(history) if index >= since)


def close(history: History, slots: Iterable[str], planned: frozenset[str] | None = None) -> Iterator[ClosedSlot]:
    """
    Yield what the log holds of each of `slots`.

    `planned` are the assets that ought to have an outcome; without it those of the newest plan in the log.
    """
    if planned is None:
        planned = _planned(history)
    wanted = {slot.lower(): slot for slot in slots}
    found: dict[str, list[PartStatement]] = {slot: [] for slot in wanted}
    for index in _part_indexes(history):
        key = _slot_key(history, index)
        part = history.ledger.open(index).part if key in found else None
        if part is not None:
            found[key].append(part)
    for key, parts in sorted(found.items()):
        yield _closed(parts[0].slot if parts else wanted[key], parts, planned)


def _closed(slot: str, parts: list[PartStatement], planned: frozenset[str]) -> ClosedSlot:
    runs: dict[str, list[PartStatement]] = {}
    for part in parts:
        runs.setdefault(part.run, []).append(part)
    finished = {chunks[0].label for chunks in runs.values() if _is_finished(chunks)}
    begun = {part.label for part in parts}
    outcomes = {str(outcome.asset) for part in parts for outcome in part.outcomes}
    without = planned - outcomes
    return ClosedSlot(
        slot=slot,
        parts=tuple(sorted(finished)),
        absent=tuple(absent_parts(begun, something_missing=bool(without))),
        unfinished=tuple(sorted(begun - finished)),
        planned=len(planned),
        without=tuple(sorted(without)),
    )


def _is_finished(chunks: list[PartStatement]) -> bool:
    numbers = {part.chunk for part in chunks}
    return numbers == set(range(len(numbers))) and max(chunks, key=lambda part: part.chunk).last


def _planned(history: History) -> frozenset[str]:
    """Return the assets of the newest plan."""
    for entry in reversed(history.statements):
        if entry.kind == "plan":
            plan = load_plan(get_blob(history.ledger.store, *plan_blob(history.open(entry).statement)))
            return frozenset(str(asset.id) for asset in plan.assets)
    return frozenset()


def _part_indexes(history: History) -> Iterator[int]:
    return (entry.index for entry in history.statements if entry.kind == "part")


def _slot_key(history: History, index: int) -> str:
    """Return the slot of a logged part as its key has it, in lower case."""
    places = history.ledger.places.get(history.statements[index].digest, ())
    return (parse_key(places[0]).slot or "") if places else ""
