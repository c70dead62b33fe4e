"""A log is judged, the findings are signed, and judging again gives the same bytes."""

import gc
from datetime import timedelta
from pathlib import Path
from types import ModuleType

import pytest

from evidence.assess.assess import assess, record
from evidence.assess.knowledge import Knowledge, packaged_knowledge
from evidence.assess.sightings import Sightings
from evidence.checks.estate import Subject
from evidence.checks.tables import Tables
from evidence.log.findings import dump_results, load_results
from evidence.log.history import History
from evidence.log.keyring import create_keyring
from evidence.log.seal import seal
from evidence.model.finding import Status
from evidence.store.memory import MemoryStore


@pytest.fixture(scope="module")
def knowledge() -> Knowledge:
    return packaged_knowledge("0.1.0")


@pytest.fixture(scope="module")
def plant(plant_module: ModuleType, tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    keyring = create_keyring(tmp_path_factory.mktemp("keys") / "keys")
    return plant_module.build(MemoryStore(), keyring)


def test_a_log_is_judged_and_the_findings_are_sealed(plant, knowledge: Knowledge) -> None:  # type: ignore[no-untyped-def]
    at = plant.now + timedelta(hours=1)
    history = History.read(plant.store)
    found = assess(plant.store, history, knowledge, at=at)
    by_place = {(one.requirement, one.asset): one for one in found.findings}
    assert by_place["INV-03", "sw-01"].status is Status.SUPPORTS
    assert by_place["CFG-01", "sw-01"].status is Status.CONTRADICTS
    assert by_place["INV-03", "plc-gw"].status is Status.NOT_ASSESSED
    assert "unreachable (no answer in 5 s, 2 tries)" in by_place["INV-03", "plc-gw"].reason
    assert (found.basis.size, found.basis.root) == (history.size, history.root)

    statement = record(plant.store, plant.keyring, found, knowledge)
    seal(plant.store, plant.keyring, at=at, wait_s=0)
    later = History.read(plant.store)
    assert later.statements[-1].digest == statement
    kept = later.open(later.statements[-1]).findings
    assert kept is not None
    assert kept.basis == found.basis

    again = assess(plant.store, History.read(plant.store, size=kept.basis.size), knowledge, at=at)
    assert again.results == found.results
    assert dump_results(load_results(found.results)) == found.results


def test_two_configurations_of_one_run_tell_whether_it_is_saved(plant, knowledge: Knowledge) -> None:  # type: ignore[no-untyped-def]
    found = assess(plant.store, History.read(plant.store), knowledge, at=plant.now + timedelta(hours=1))
    saved = next(one for one in found.findings if one.requirement == "CFG-03" and one.asset == "sw-01")
    assert saved.status is Status.SUPPORTS
    assert len(saved.evidence) == 2


def test_an_asset_outside_the_plan_is_not_judged_and_one_never_read_is(plant, knowledge: Knowledge) -> None:  # type: ignore[no-untyped-def]
    found = assess(plant.store, History.read(plant.store), knowledge, at=plant.now + timedelta(hours=1))
    planned = {asset.id for asset in plant.assets()}
    assert {one.asset for one in found.findings if one.requirement == "INV-03"} == planned


def test_before_the_first_run_everything_is_unknown(plant, knowledge: Knowledge) -> None:  # type: ignore[no-untyped-def]
    found = assess(plant.store, History.read(plant.store), knowledge, at=plant.now - timedelta(days=30))
    assert {one.status for one in found.findings} == {Status.NOT_ASSESSED}
    reasons = {one.reason for one in found.findings if one.requirement == "INV-03"}
    assert reasons == {
        "the version of its software is not known: the newest visit ended interrupted (no run has tried to read it yet)"
    }


def test_a_change_nobody_approved_is_not_forgotten_the_night_after(
    plant_module: ModuleType, tmp_path: Path, knowledge: Knowledge
) -> None:
    made = plant_module.build(MemoryStore(), create_keyring(tmp_path / "keys"))
    history = History.read(made.store)
    plan = next(history.open(entry).plan for entry in history.statements if entry.kind == "plan")
    for night in (2, 3):
        made.run(plan, at=plant_module.START + timedelta(days=night))
        made.seal()
    found = assess(made.store, History.read(made.store), knowledge, at=made.now + timedelta(hours=1))
    changed = next(one for one in found.findings if one.requirement == "CFG-01" and one.asset == "sw-01")
    assert changed.status is Status.CONTRADICTS
    assert "between 2026-11-20T02:00:00Z and 2026-11-21T02:00:00Z" in changed.reason


def test_what_was_judged_in_is_let_go_of_at_once(plant, knowledge: Knowledge) -> None:  # type: ignore[no-untyped-def]
    """A large estate is most of a run's memory: it must not lie about until somebody looks for cycles."""
    history, at = History.read(plant.store), plant.now + timedelta(hours=1)
    assess(plant.store, history, knowledge, at=at)  # what is made once stays
    gc.collect()
    others = _estates()
    gc.disable()
    try:
        assess(plant.store, history, knowledge, at=at)
        left = [one for one in _estates() if not any(one is other for other in others)]
    finally:
        gc.enable()
    assert left == []


def _estates() -> list[object]:
    return [one for one in gc.get_objects() if isinstance(one, Tables | Subject | Sightings)]
