"""Since when things are as they are, read from a log of several nights."""

from datetime import timedelta
from types import ModuleType
from typing import Any

import pytest

from evidence.assess.answers import Answers
from evidence.assess.assess import assess
from evidence.assess.knowledge import packaged_knowledge
from evidence.assess.sightings import Sightings, stood_in
from evidence.checks.replaced import WATCHED
from evidence.clock import rfc3339
from evidence.log.history import History
from evidence.log.keyring import Keyring, create_keyring
from evidence.model.finding import Status
from evidence.model.names import AssetId
from evidence.normalise.facts import read_facts
from evidence.snapshots import Snapshots, platform_of
from evidence.store.memory import MemoryStore

SERIAL = b"FCW0000A0AA"


@pytest.fixture(scope="module")
def keyring(tmp_path_factory: pytest.TempPathFactory) -> Keyring:
    return create_keyring(tmp_path_factory.mktemp("keys") / "keys")


@pytest.fixture
def nights(plant_module: ModuleType, keyring: Keyring) -> Any:
    """Four nights; before the third the switch was exchanged."""
    plant = plant_module.Plant(store=MemoryStore(), keyring=keyring)
    plan = plant.begin()
    for night in range(4):
        if night == 2:
            plant.edits["sw-01"] = (SERIAL, b"FCW9999Z9ZZ")
        plant.run(plan, at=plant_module.START + timedelta(days=night))
        plant.seal()
    return plant


def seen(nights: Any, since: int = 0, until: int = 3) -> dict[str, tuple[str, str]]:
    """Return first and last of each serial number the switch gave as its own, from one night to another."""
    start = nights.now - timedelta(days=3)
    snapshots = Snapshots(nights.store, History.read(nights.store))
    as_of = rfc3339(start + timedelta(days=until, hours=1))
    first = rfc3339(start + timedelta(days=since))
    found = Sightings(snapshots, Answers(snapshots, PLATFORMS), since=first, as_of=as_of).of(AssetId("sw-01"))
    spells = [spell for spell in found if spell.name == "hardware.serial" and spell.question == "version"]
    ours = [one for spell in spells for one in spell.sightings()]
    return {one.value: (one.first, one.last) for one in ours}


KNOWLEDGE = packaged_knowledge("0.1.0")
PLATFORMS = KNOWLEDGE.platforms


def test_each_value_has_its_first_and_last_night(nights: Any) -> None:
    night = [rfc3339(nights.now - timedelta(days=3 - number)) for number in range(4)]
    assert seen(nights) == {"FCW0000A0AA": (night[0], night[1]), "FCW9999Z9ZZ": (night[2], night[3])}
    assert seen(nights, since=1) == {"FCW0000A0AA": (night[1], night[1]), "FCW9999Z9ZZ": (night[2], night[3])}
    assert seen(nights, until=1) == {"FCW0000A0AA": (night[0], night[1])}


def test_an_exchange_nobody_explained_is_found_nights_later(nights: Any) -> None:
    found = assess(nights.store, History.read(nights.store), KNOWLEDGE, at=nights.now + timedelta(hours=1))
    ours = [one for one in found.findings if (one.requirement, one.asset) == ("DRF-02", "sw-01")]
    assert {(one.row, one.status) for one in ours} == {
        (None, Status.CONTRADICTS),
        ("module 1", Status.CONTRADICTS),
    }
    before = assess(
        nights.store, History.read(nights.store), KNOWLEDGE, at=nights.now - timedelta(days=2) + timedelta(hours=1)
    )
    (ours_then,) = [one for one in before.findings if (one.requirement, one.asset) == ("DRF-02", "sw-01")]
    assert ours_then.status is Status.SUPPORTS


def test_what_was_away_for_a_night_is_two_sightings(plant_module: ModuleType, keyring: Keyring) -> None:
    plant = plant_module.Plant(store=MemoryStore(), keyring=keyring)
    plan = plant.begin()
    for night, edit in enumerate(((b"", b""), (SERIAL, b"FCW9999Z9ZZ"), (b"", b""))):
        plant.edits["sw-01"] = edit
        plant.run(plan, at=plant_module.START + timedelta(days=night))
        plant.seal()
    snapshots = Snapshots(plant.store, History.read(plant.store))
    answers = Answers(snapshots, PLATFORMS)
    found = Sightings(snapshots, answers, since="2026-01-01T00:00:00Z", as_of="2027-01-01T00:00:00Z").of(
        AssetId("sw-01")
    )
    values = sorted(
        (spell.first, value)
        for spell in found
        for value in spell.values.values()
        if (spell.name, spell.question) == ("hardware.serial", "version")
    )
    assert [value for _, value in values] == ["FCW0000A0AA", "FCW9999Z9ZZ", "FCW0000A0AA"]


def test_what_tells_devices_apart_is_what_all_rules_tell(nights: Any, plant_module: ModuleType) -> None:
    snapshots = Snapshots(nights.store, History.read(nights.store))
    answers = Answers(snapshots, PLATFORMS)
    told: set[str] = set()
    for asset in plant_module.RECORDED:
        for reading in snapshots.latest(asset).values():
            capture, data = reading.capture, snapshots.data(reading)
            every: dict[tuple[str, str], str] = {}
            for fact in read_facts(platform_of(PLATFORMS, capture.platform), capture, data):
                if fact.name in WATCHED:
                    every.setdefault((fact.name, fact.row or ""), fact.value)
            facts = [fact for _, fact in answers.facts(reading)]
            stood = stood_in(facts, answers.shares(reading))
            found = {(name, row): value for name, one in stood.items() for row, value in one.values.items()}
            assert found == every, (asset, capture.question)
            told |= {name for name, _ in every}
    assert told == {"arp.mac", "hardware.serial", "interface.mac", "module.serial"}
