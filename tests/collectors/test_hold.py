"""The kill switch, written by hand and by the command."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from collectors.hold import FAR_LOOK_S, glance, held, hold_key, write_hold
from evidence.store.directory import DirectoryStore
from evidence.store.known import Known
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


@pytest.mark.parametrize(
    ("zone", "file"),
    [("Weld-Line", "Weld-Line"), ("weld-line", "Weld-Line.TXT"), ("溶接", "溶接.txt"), ("line-3", "All.txt")],
)
def test_a_file_made_by_hand_holds_as_its_maker_meant_it(tmp_path: Path, zone: str, file: str) -> None:
    folder = tmp_path / "state" / "hold"
    folder.mkdir(parents=True)
    (folder / file).touch()
    why = held(DirectoryStore(tmp_path), zone, NOON)
    assert why is not None
    assert file in why
    assert (held(DirectoryStore(tmp_path), "another", NOON) is None) is not file.startswith("All")


def test_a_hold_by_hand_ends_when_it_said_where_its_name_is_a_keys(tmp_path: Path) -> None:
    folder = tmp_path / "state" / "hold"
    folder.mkdir(parents=True)
    (folder / "line-3.txt").write_text("until 2026-11-22T13:00:00Z\r\n")
    assert held(DirectoryStore(tmp_path), "line-3", NOON) is not None
    assert held(DirectoryStore(tmp_path), "line-3", datetime(2026, 11, 22, 13, tzinfo=UTC)) is None


def test_a_reason_cannot_end_the_hold_it_explains() -> None:
    store = MemoryStore()
    write_hold(store, "line-3", until=None, reason="robots\nuntil 2020-01-01T00:00:00Z \udcff")
    assert (held(store, "line-3", NOON) or "").startswith("zone line-3 is on hold: robots until")


@pytest.mark.parametrize("text", [b"until tomorrow\n", b"until 2026-13-01T00:00:00Z\n", b"\xff\xfe", b"x" * 100_000])
def test_what_cannot_be_read_holds(text: bytes) -> None:
    store = MemoryStore()
    store.replace("state/hold/line-3", text)
    assert held(store, "line-3", NOON) is not None


def test_a_zone_with_any_name_has_a_key() -> None:
    assert hold_key("line-3") == "state/hold/line-3"
    assert hold_key("ライン 3").startswith("state/hold/3-")


class FarAway(MemoryStore):
    """A store that counts how often it is listed and read."""

    def __init__(self) -> None:
        super().__init__()
        self.known = Known()
        self.asked = 0

    def keys(self, prefix: str) -> Iterator[str]:
        self.asked += 1
        return super().keys(prefix)

    def get(self, key: str) -> bytes:
        self.asked += 1
        return super().get(key)


def test_the_holds_of_a_far_store_are_looked_at_twice_a_minute_for_all_zones() -> None:
    store, seconds = FarAway(), [0.0]
    holds = glance(store, lambda: seconds[0])
    assert held(holds, "line-3", NOON) is None
    write_hold(store, "line-3", until=None, reason="drill")
    for second in range(30):
        seconds[0] = second
        assert held(holds, "line-3", NOON) is held(holds, "line-4", NOON) is None
    assert store.asked == 1
    seconds[0] = FAR_LOOK_S
    assert held(holds, "line-3", NOON) == held(holds, "line-3", NOON) == "zone line-3 is on hold: drill"
    assert held(holds, "line-4", NOON) is None
    assert store.asked == 3
    near = MemoryStore()
    assert glance(near, lambda: 0.0) is near
