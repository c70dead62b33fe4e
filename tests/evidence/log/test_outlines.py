"""Outlines the sealer remembers say what the parts say, and are used for nothing but choosing."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from evidence.export.period import parse_period
from evidence.export.selection import Selection
from evidence.export.write import export
from evidence.log.hints import read_hint, write_hint
from evidence.log.history import Entry, History
from evidence.log.keyring import Keyring, Role
from evidence.log.keys import SigningKey
from evidence.log.outline import Outline, outline
from evidence.log.outlines import MOST_NAMES, PER_HINT, recall_outlines, remember_outlines
from evidence.model.names import Digest
from evidence.store.memory import MemoryStore
from evidence.verify.verifier import verify

HINT = "outlines-000000"


class Counting(MemoryStore):
    """Counts what is read."""

    def __init__(self) -> None:
        super().__init__()
        self.read: Counter[str] = Counter()

    def get(self, key: str) -> bytes:
        self.read[key.partition("/")[0]] += 1
        return super().get(key)


@pytest.fixture
def store() -> Counting:
    return Counting()


@pytest.fixture
def busy(vectors: ModuleType, store: Counting) -> Any:
    """A site whose parts are large: a run in each of four quarters, each sealed."""

    class Busy(vectors.Site):  # type: ignore[name-defined, misc]
        def _captures(self, asset: Any) -> Any:
            captures, packed = super()._captures(asset)
            return [one._replace(question=f"{one.question}-{n}") for n in range(60) for one in captures], packed

    site = Busy(store=store, keyring=vectors.fixed_keyring())
    site.begin()
    plan = site.plan()
    for month in (1, 4, 7, 10):
        site.now = datetime(2027, month, 3, tzinfo=UTC)
        site.run(plan)
        site.seal()
    return site


def parts(history: History) -> list[Entry]:
    return [entry for entry in history.statements if entry.kind == "part"]


def recalled(store: MemoryStore, keyring: Keyring) -> dict[int, Outline]:
    history = History.read(store)
    recall_outlines(history, keyring)
    return history.opened.outlines


def test_what_is_remembered_of_a_part_is_what_it_says(busy: Any) -> None:
    history = History.read(busy.store)
    told = recalled(busy.store, busy.keyring)
    assert told == {entry.index: outline(history.envelope(entry)) for entry in parts(history)}
    assert len(told) == 12


def test_small_parts_are_not_remembered(vectors: ModuleType, memory: MemoryStore) -> None:
    site, _ = vectors.build(memory)
    assert read_hint(memory, site.keyring, HINT, role=Role.SEALER) is None


@pytest.mark.parametrize("damage", ["lost", "garbage", "another's", "another shape", "no such row"])
def test_a_hint_that_is_not_the_sealers_is_none(busy: Any, damage: str) -> None:
    value = read_hint(busy.store, busy.keyring, HINT, role=Role.SEALER)
    assert isinstance(value, dict)
    match damage:
        case "lost":
            busy.store._objects.pop(f"state/{HINT}.json")
        case "garbage":
            busy.store.replace(f"state/{HINT}.json", b"{}")
        case "another's":
            write_hint(busy.store, Keyring(signing={Role.SEALER: SigningKey.generate()}), HINT, value, role=Role.SEALER)
        case "another shape":
            write_hint(busy.store, busy.keyring, HINT, value | {"more": 1}, role=Role.SEALER)
        case _:
            write_hint(busy.store, busy.keyring, HINT, value | {"about": []}, role=Role.SEALER)
    assert recalled(busy.store, busy.keyring) == {}


def test_a_hint_says_nothing_of_other_parts_than_the_logs(busy: Any) -> None:
    first, second = parts(History.read(busy.store))[:2]
    told = recalled(busy.store, busy.keyring)
    elsewhere = {first.index: (second.digest, told[second.index]), 0: (first.digest, told[first.index])}
    remember_outlines(busy.store, busy.keyring, elsewhere)
    assert recalled(busy.store, busy.keyring).keys() == told.keys() - {first.index}


def test_a_hint_holds_so_many_leaves_and_names_and_no_more(busy: Any) -> None:
    _, told = next(iter(recalled(busy.store, busy.keyring).items()))
    digest = Digest(f"sha256:{'7' * 64}")
    many = replace(told, answers=tuple(f"sw-01/{n}" for n in range(MOST_NAMES)))
    remember_outlines(busy.store, busy.keyring, {PER_HINT: (digest, told), PER_HINT + 1: (digest, many)})
    value = read_hint(busy.store, busy.keyring, "outlines-000001", role=Role.SEALER)
    assert isinstance(value, dict)
    assert [row["index"] for row in value["parts"]] == [PER_HINT]
    assert len(recalled(busy.store, busy.keyring)) == 12


def _quarter(busy: Any, target: Path) -> tuple[bytes, int]:
    busy.store.read.clear()
    export(
        busy.store,
        busy.keyring,
        Selection(period=parse_period("2027Q2")),
        target,
        page=lambda *_: b"<!doctype html>",
        tool="0.1.0",
        at=busy.now,
    )
    return target.read_bytes(), busy.store.read["parts"]


def test_a_bundle_of_a_quarter_is_the_same_without_reading_the_others(busy: Any, tmp_path: Path) -> None:
    with_hint, few = _quarter(busy, tmp_path / "b.zip")
    busy.store._objects.pop(f"state/{HINT}.json")
    without, many = _quarter(busy, tmp_path / "c.zip")
    assert with_hint == without
    assert many - few == 12  # the three of the quarter are read once less, too


def test_verify_does_not_take_the_sealers_word_for_it(busy: Any) -> None:
    told = recalled(busy.store, busy.keyring)
    entries = parts(History.read(busy.store))
    lies = {one.index: (one.digest, replace(told[one.index], ended="2001-01-01T00:00:00Z")) for one in entries}
    before = verify(busy.store)
    remember_outlines(busy.store, busy.keyring, lies)
    after = verify(busy.store)
    assert [(step.name, step.status, step.details) for step in after.steps] == [
        (step.name, step.status, step.details) for step in before.steps
    ]
