"""Since when secrets are what they are: what changed, what never did, and what a change of the redaction key hides."""

from datetime import timedelta
from types import ModuleType
from typing import Any

import pytest

from collectors.redact import Redactor
from evidence.log.history import History
from evidence.log.keyring import Keyring
from evidence.model.names import AssetId
from evidence.rotation import FIRST, NEW, UNKNOWN, Seen, secrets_over_time
from evidence.store.memory import MemoryStore

OLD, NEXT = (b"\1" * 32, "k1"), (b"\2" * 32, "k2")
ASSET = AssetId("edge-router")
DAY = timedelta(days=1)


class Nights:
    """Runs of a plant whose router has a password that somebody changes."""

    def __init__(self, module: ModuleType, memory: MemoryStore, keyring: Keyring) -> None:
        self.plant = module.Plant(store=memory, keyring=keyring)
        self.plan = self.plant.begin()
        self.night = 0

    def run(self, password: bytes, **keys: Any) -> None:
        key, key_id = keys.pop("key", OLD)
        self.plant.redactor = Redactor(key=key, key_id=key_id, **keys)
        self.plant.edits[ASSET] = (b"hostname", b"username x password " + password + b"\nhostname")
        self.plant.run(self.plan, at=self.plant.now + (DAY if self.night else timedelta()))
        self.night += 1
        self.plant.seal()

    def seen(self) -> list[Seen]:
        rows = secrets_over_time(History.read(self.plant.store), ASSET)
        return [one for one in rows if one.type == "password" and one.question == "running-config" and one.compared]


@pytest.fixture
def nights(plant_module: ModuleType, memory: MemoryStore, keyring: Keyring) -> Nights:
    return Nights(plant_module, memory, keyring)


def told(found: list[Seen]) -> list[tuple[str, str, str, bool]]:
    return [(one.since[8:10], one.last[8:10], one.began, one.there) for one in found]


def test_a_password_that_was_changed_shows_as_one_that_ends_and_one_that_begins(nights: Nights) -> None:
    for password in (b"Plant-2025", b"Plant-2025", b"Plant-2026"):
        nights.run(password)
    found = nights.seen()
    changed = [row for row in told(found) if row[1] != "22" or row[0] != "20"]
    assert changed == [("20", "21", FIRST, False), ("22", "22", NEW, True)]


def test_a_password_nobody_changed_is_as_old_as_the_log(nights: Nights) -> None:
    for _ in range(3):
        nights.run(b"Plant-2025")
    assert set(told(nights.seen())) == {("20", "22", FIRST, True)}


def test_a_new_key_without_the_old_ones_tags_says_nothing_of_age(nights: Nights) -> None:
    nights.run(b"Plant-2025")
    nights.run(b"Plant-2025", key=NEXT)
    assert set(told(nights.seen())) == {("20", "20", FIRST, False), ("21", "21", UNKNOWN, True)}


def test_tags_of_either_key_join_what_was_before_to_what_comes_after(nights: Nights) -> None:
    nights.run(b"Plant-2025")
    nights.run(b"Plant-2025", key=NEXT, before=OLD)
    nights.run(b"Plant-2025", key=NEXT)
    nights.run(b"Plant-2026", key=NEXT)
    found = nights.seen()
    assert ("20", "22", FIRST, False) in told(found)
    assert ("23", "23", NEW, True) in told(found)
    assert all(one.began != UNKNOWN for one in found)
    assert all(one.tag.startswith("k2:") for one in found)
