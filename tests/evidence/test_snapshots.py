"""The newest answers of each asset, and what changed since the ones before."""

from datetime import timedelta
from types import ModuleType

import pytest

from evidence.log.history import History
from evidence.log.keyring import Keyring
from evidence.model.names import AssetId
from evidence.model.outcome import Outcome, Result
from evidence.platforms.load import load_platforms
from evidence.snapshots import Snapshots, UnknownAssetError, configuration
from evidence.store.memory import MemoryStore

SW = AssetId("sw-01")


@pytest.fixture
def plant(plant_module: ModuleType, memory: MemoryStore, keyring: Keyring):  # type: ignore[no-untyped-def]
    return plant_module.build(memory, keyring)


def read(plant, as_of: str | None = None) -> Snapshots:  # type: ignore[no-untyped-def]
    return Snapshots(plant.store, History.read(plant.store), as_of=as_of)


def test_the_newest_answer_and_the_one_before_are_known(plant) -> None:  # type: ignore[no-untyped-def]
    new, old = read(plant).newest(SW, "running-config")
    assert (new.capture.at, old.capture.at) == ("2026-11-21T02:00:00Z", "2026-11-20T02:00:00Z")
    assert new.capture.blob != old.capture.blob


def test_as_of_forgets_what_came_later(plant) -> None:  # type: ignore[no-untyped-def]
    earlier = read(plant, "2026-11-20T12:00:00Z")
    assert [one.capture.at for one in earlier.newest(SW, "running-config")] == ["2026-11-20T02:00:00Z"]
    assert earlier.visit(AssetId("scada-srv")).outcome.result is Result.COLLECTED
    assert read(plant, "2026-11-19T00:00:00Z").assets == ()


def test_among_some_answers_nothing_is_known_of_the_others(plant) -> None:  # type: ignore[no-untyped-def]
    whole = read(plant)
    new, old = whole.newest(SW, "running-config")
    among = whole.among({old.capture.blob})
    assert among.newest(SW, "running-config") == (old,)
    assert dict(among.latest(SW)) == {"running-config": old}
    assert among.assets == whole.assets
    assert among.visit(SW) == whole.visit(SW)
    assert whole.newest(SW, "running-config") == (new, old)
    assert not [one for asset in whole.assets for one in whole.among(()).latest(asset).values()]


def test_an_erased_answer_is_told_of_among_others_only_where_none_is_newer(plant) -> None:  # type: ignore[no-untyped-def]
    new, old = (one.capture.blob for one in read(plant).newest(SW, "running-config"))
    for gone, told in ((old, False), (new, True)):
        erased = {gone: object()}
        whole = Snapshots(plant.store, History.read(plant.store), erased=erased)  # type: ignore[arg-type]
        assert ("running-config" in whole.erased(SW)) is told
        assert ("running-config" in whole.among({gone}).erased(SW)) is told
        assert not whole.among(()).erased(SW)
    assert read(plant).among(()).standing(SW, "running-config") is None
    assert read(plant).among({new}).standing(SW, "running-config") == read(plant).standing(SW, "running-config")


def test_both_shares_give_back_the_whole_answer(plant, plant_module: ModuleType) -> None:  # type: ignore[no-untyped-def]
    snapshots = read(plant)
    (reading, *_) = snapshots.newest(SW, "running-config")
    asked = {question.name: data for _, question, data in plant_module.answers(plant_module.RECORDED["sw-01"])}
    whole, stable = snapshots.data(reading), snapshots.stable(reading)
    assert len(whole.splitlines()) == len(asked["running-config"].splitlines())
    assert b"Last configuration change" in whole
    assert b"Last configuration change" not in stable


def test_facts_name_the_artefact_they_were_read_from(plant) -> None:  # type: ignore[no-untyped-def]
    snapshots = read(plant)
    facts = {fact.name: fact for fact in snapshots.facts(SW, load_platforms()) if fact.row is None}
    assert facts["firmware.version"].value == "15.2(7)E4"
    assert facts["firmware.version"].source == snapshots.latest(SW)["version"].capture.blob


def test_every_asset_of_a_run_is_known_though_it_said_nothing(plant, plant_module: ModuleType) -> None:  # type: ignore[no-untyped-def]
    snapshots = read(plant)
    assert set(snapshots.assets) == {*plant_module.RECORDED, *plant_module.SILENT}
    assert snapshots.latest(AssetId("plc-gw")) == {}
    assert snapshots.ledger()[AssetId("plc-gw")].zone == "cell-1"


def test_a_part_that_says_nothing_new_by_its_outline_is_not_opened(
    plant_module: ModuleType, memory: MemoryStore, keyring: Keyring
) -> None:
    plant = plant_module.Plant(store=memory, keyring=keyring)
    plan = plant.begin()
    for day in range(5):
        # Every answer of the asset is another one each day, so two of them are all that is to be known.
        plant.recorded = {"sw-01": plant_module.RECORDED["sw-01"]}
        plant.edits["sw-01"] = (b"\n", b" %d\n" % day)
        plant.run(plan, at=plant_module.START + timedelta(days=day))
        plant.seal()
    read_whole, chosen = History.read(memory), History.read(memory)
    parts = [entry for entry in chosen.statements if entry.kind == "part"]
    for entry in parts:
        chosen.outline(entry)
    whole, some = Snapshots(memory, read_whole), Snapshots(memory, chosen)
    assert any(chosen.opened.get(entry.index) is None for entry in parts)
    assert some.assets == whole.assets
    assert some.ledger() == whole.ledger()
    assert some.newest_run == whole.newest_run
    for asset in whole.assets:
        assert some.visit(asset) == whole.visit(asset)
        assert some.latest(asset) == whole.latest(asset)
        assert some.previous(asset) == whole.previous(asset)
        for question in whole.latest(asset):
            assert some.standing(asset, question) == whole.standing(asset, question)


def test_an_unknown_asset_is_an_error_that_names_the_nearest(plant) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(UnknownAssetError) as caught:
        read(plant).choose(["sw-02"])
    assert caught.value.hint is not None
    assert "sw-01" in caught.value.hint


def test_a_configuration_that_was_cut_off_is_not_shown_for_whole(plant, plant_module: ModuleType) -> None:  # type: ignore[no-untyped-def]
    class Short(plant_module.Plant):  # type: ignore[name-defined,misc]
        def _capture(self, *args):  # type: ignore[no-untyped-def]
            capture, moving = super()._capture(*args)
            return capture._replace(complete=False, reason="cut off"), moving

    later = Short(store=plant.store, keyring=plant.keyring, edits=plant.edits)
    plan = next(iter(History.read(plant.store).parts()))[1].plan
    later.run(plan, at=plant.now + timedelta(days=1))
    later.seal()
    snapshots = read(plant)
    (newest, *_) = configuration(snapshots, SW, load_platforms(), "running")
    assert newest.capture.at == "2026-11-21T02:00:00Z"
    assert snapshots.latest(AssetId("ring-3"))["system"].capture.complete


def test_of_two_parts_for_one_slot_the_worse_result_is_shown(plant) -> None:  # type: ignore[no-untyped-def]
    plan = next(iter(History.read(plant.store).parts()))[1].plan
    at = plant.now + timedelta(days=1)
    worse = Outcome(asset=SW, result=Result.UNREACHABLE, reason="no answer")
    plant.run(plan, at=at, outcomes=[worse])
    plant.run(plan, at=at + timedelta(seconds=20))
    plant.seal()
    visit = read(plant).visit(SW)
    assert visit.slot == "nightly-20261122T0200Z"
    assert visit.outcome == worse


def test_runs_sealed_together_are_told_apart_by_their_time(plant) -> None:  # type: ignore[no-untyped-def]
    plan = next(iter(History.read(plant.store).parts()))[1].plan
    for days in (3, 1, 4, 2):
        plant.run(plan, at=plant_start(plant) + timedelta(days=days + 1))
    plant.seal()
    assert read(plant).newest(SW, "version")[0].capture.at == "2026-11-25T02:00:00Z"
    assert read(plant).newest_run[0][1].started == "2026-11-25T02:00:00Z"


def plant_start(plant):  # type: ignore[no-untyped-def]
    return plant.now.replace(day=20)
