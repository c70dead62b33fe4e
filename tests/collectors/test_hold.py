"""The kill switch, written by hand and by the command."""

from datetime import UTC, datetime

import pytest

from collectors.hold import held, hold_key, write_hold
from evidence.store.memory import MemoryStore

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_nothing_is_held_without_a_file() -> None:
    assert held(MemoryStore(), "line-3", NOON) is None


def test_an_empty_file_holds_its_zone_and_no_other() -> None:
    store = MemoryStore()
    store.replace("state/hold/line-3", b"")
    assert held(store, "line-3", NOON) == "zone line-3 is on hold"
    assert held(store, "line-4", NOON) is None


def test_all_holds_every_zone() -> None:
    store = MemoryStore()
    write_hold(store, "all", until=None, reason="fire drill")
    assert held(store, "line-3", NOON) == "zone all is on hold: fire drill"


def test_a_hold_ends_when_it_said() -> None:
    store = MemoryStore()
    write_hold(store, "line-3", until=datetime(2026, 11, 22, 13, tzinfo=UTC), reason=None)
    assert held(store, "line-3", NOON) == "zone line-3 is on hold until 2026-11-22T13:00:00Z"
    assert held(store, "line-3", datetime(2026, 11, 22, 13, tzinfo=UTC)) is None


@pytest.mark.parametrize("text", [b"until tomorrow\n", b"until 2026-13-01T00:00:00Z\n", b"\xff\xfe", b"x" * 100_000])
def test_what_cannot_be_read_holds(text: bytes) -> None:
    store = MemoryStore()
    store.replace("state/hold/line-3", text)
    assert held(store, "line-3", NOON) is not None


def test_a_zone_with_any_name_has_a_key() -> None:
    assert hold_key("line-3") == "state/hold/line-3"
    assert hold_key("ライン 3").startswith("state/hold/3-")
