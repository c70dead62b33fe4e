"""What is judged is what is known: facts and large tables together, whatever is read of them and however often."""

from datetime import timedelta
from types import ModuleType
from typing import Any

import pytest

from evidence.assess.estate import estate_of
from evidence.assess.knowledge import packaged_knowledge
from evidence.checks.estate import Estate
from evidence.checks.registry import judge
from evidence.checks.tables import LARGE, is_large, is_looked_at
from evidence.log.history import History
from evidence.log.keyring import create_keyring
from evidence.model.register import Registers
from evidence.snapshots import Snapshots
from evidence.store.memory import MemoryStore

KNOWLEDGE = packaged_knowledge("0.1.0")


@pytest.fixture(scope="module")
def nights(plant_module: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Three nights of the recorded plant; before the last a switch was exchanged."""
    plant = plant_module.Plant(store=MemoryStore(), keyring=create_keyring(tmp_path_factory.mktemp("keys") / "keys"))
    plan = plant.begin()
    for night in range(3):
        if night == 2:
            plant.edits["sw-01"] = (b"FCW0000A0AA", b"FCW9999Z9ZZ")
        plant.run(plan, at=plant_module.START + timedelta(days=night))
        plant.seal()
    return plant


def estate(nights: Any, snapshots: Snapshots, **said: int) -> Estate:
    at = nights.now + timedelta(hours=1)
    return estate_of(snapshots, nights.store, KNOWLEDGE, Registers(), at=at, profile="all", **said)


def test_facts_and_tables_hold_everything_that_a_check_looks_at(nights: Any) -> None:
    snapshots = Snapshots(nights.store, History.read(nights.store))
    families: set[str] = set()
    for subject in estate(nights, snapshots).subjects.values():
        every = snapshots.facts(subject.id, KNOWLEDGE.platforms)
        small = {(fact.name, fact.row): fact for fact in every if not (fact.row and is_large(fact.name))}
        added = {"config.saved", "config.since"}
        assert {(one.name, one.row): one for one in subject.facts if one.name not in added} == {
            place: one for place, one in small.items() if one.name not in added
        }
        large = {
            (one.name, one.row): (one.value, one.source, one.at) for one in every if one.row and is_large(one.name)
        }
        tables = subject.tables
        found = {
            (f"{family}.{name}", row): (value, column.told(row).blob, column.told(row).at)
            for family, names in LARGE.items()
            for name in names
            for column in (tables.column(family, name),)
            for row, value in column.values.items()
        }
        assert found == {place: one for place, one in large.items() if is_looked_at(place[0])}
        families |= {name.partition(".")[0] for name, _ in found}
    assert families >= {"arp", "interface", "module"}


def test_tables_that_cannot_be_held_say_the_same(nights: Any) -> None:
    snapshots = Snapshots(nights.store, History.read(nights.store))
    requirements = KNOWLEDGE.catalogue.profile("all").requirements
    held = judge(estate(nights, snapshots), requirements)
    packed = estate(nights, snapshots, held=0)
    assert judge(packed, requirements) == held
    for subject in estate(nights, snapshots).subjects.values():
        other = packed.subjects[subject.id].tables
        assert other.shares == subject.tables.shares
        assert other.seen == subject.tables.seen
