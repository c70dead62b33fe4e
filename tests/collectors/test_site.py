"""A site opened for writing, and what is remembered in its store."""

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from collectors.memory import load_memory
from collectors.run import DEVICES, release
from collectors.site import (
    KeysLostError,
    OpenSite,
    last_plan,
    newest_checkpoint,
    note_pins,
    open_site,
    plan_in_force,
    read_pins,
)
from collectors.timetable import Job, LocalTime
from evidence.log.hints import read_hint, write_hint
from evidence.log.seal import seal
from evidence.model.asset import Asset
from evidence.model.names import AssetId, Digest
from evidence.store.layout import blob_key

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def opened(folder: Path) -> OpenSite:
    return open_site(str(folder / "store"), folder / "keys", owner="acme", domain="acme.example", at=NOON)


def asset(name: str) -> Asset:
    return Asset(id=AssetId(name), address="192.0.2.7")


def test_nothing_is_forgotten_where_many_remember_at_once(tmp_path: Path) -> None:
    site = opened(tmp_path)
    names = [AssetId(f"sw-{number}") for number in range(12)]
    threads = [threading.Thread(target=release, args=(site, name), kwargs={"reason": "checked"}) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    memory = load_memory(read_hint(site.store, site.keyring, DEVICES))
    assert sorted(memory) == sorted(names)


def test_the_plan_is_stated_anew_only_when_the_assets_changed(tmp_path: Path) -> None:
    site = opened(tmp_path)
    first = plan_in_force(site, lambda: [asset("b"), asset("a")], at=NOON)
    assert plan_in_force(site, lambda: [asset("a"), asset("b")], at=NOON) == first
    assert plan_in_force(site, lambda: [asset("a")], at=NOON, narrowed=True) == first
    assert plan_in_force(site, lambda: [asset("a")], at=NOON) != first
    assert len(list(site.store.keys("statements/plan/"))) == 2


def test_a_plan_of_jobs_is_stated_once_and_renewed_before_it_runs_out(tmp_path: Path) -> None:
    site, jobs = opened(tmp_path), [Job(name="nightly", times=LocalTime.parse("02:00 UTC"), grace=timedelta(hours=2))]

    def plan(at: datetime, *names: str) -> Digest:
        return plan_in_force(site, lambda: [asset(name) for name in names], at=at, jobs=jobs)

    first = plan(NOON, "a", "b")
    assert plan(NOON + timedelta(days=1), "b", "a") == first == plan(NOON + timedelta(days=305), "a", "b")
    renewed = plan(NOON + timedelta(days=307), "a", "b")
    assert renewed != first
    assert plan(NOON + timedelta(days=308), "a", "b") == renewed
    assert plan(NOON + timedelta(days=309), "a") != renewed
    kept = last_plan(site)
    assert kept is not None
    assert [one.id for one in kept[1].assets] == ["a"]
    assert len(list(site.store.keys("statements/plan/"))) == 3


def test_no_run_is_given_up_for_a_plan_that_is_damaged_and_a_lost_one_comes_back(tmp_path: Path) -> None:
    site = opened(tmp_path)
    blob = plan_in_force(site, lambda: [asset("a")], at=NOON)
    kept = tmp_path / "store" / blob_key(blob)
    kept.chmod(0o600)
    kept.write_bytes(b"rot")
    assert last_plan(site) is None
    assert plan_in_force(site, lambda: [asset("b")], at=NOON, narrowed=True) == blob
    assert plan_in_force(site, lambda: [asset("a")], at=NOON) == blob
    kept.unlink()
    assert plan_in_force(site, lambda: [asset("a")], at=NOON) == blob
    assert last_plan(site) is not None
    assert len(list(site.store.keys("statements/plan/"))) == 1


def test_the_first_plan_of_a_narrowed_run_is_of_everything(tmp_path: Path) -> None:
    site = opened(tmp_path)
    narrowed = plan_in_force(site, lambda: [asset("a"), asset("b")], at=NOON, narrowed=True)
    assert plan_in_force(site, lambda: [asset("a"), asset("b")], at=NOON) == narrowed


def test_hints_that_hold_something_else_are_none(tmp_path: Path) -> None:
    site = opened(tmp_path)
    for value in ({"a": 1}, ["no digest"], "text"):
        write_hint(site.store, site.keyring, "plan", value)
        assert plan_in_force(site, lambda: [asset("a")], at=NOON).startswith("sha256:")
    for value in ([{"address": "x"}], ["x"], "text"):
        write_hint(site.store, site.keyring, "host-keys", value)
        assert read_pins(site) == {}


def test_a_pinned_host_key_is_not_replaced_by_a_later_one(tmp_path: Path) -> None:
    site = opened(tmp_path)
    note_pins(site, {})
    assert read_pins(site) == {}
    note_pins(site, {"[192.0.2.7]:22": "ssh-ed25519 AAAA"})
    note_pins(site, {"[192.0.2.7]:22": "ssh-ed25519 BBBB", "[192.0.2.8]:22": "ssh-ed25519 CCCC"})
    assert read_pins(site) == {"[192.0.2.7]:22": "ssh-ed25519 AAAA", "[192.0.2.8]:22": "ssh-ed25519 CCCC"}


def test_the_newest_checkpoint_is_one_our_sealer_signed(tmp_path: Path) -> None:
    site = opened(tmp_path)
    assert newest_checkpoint(site) is None
    plan_in_force(site, lambda: [asset("a")], at=NOON)
    sealed = seal(site.store, site.keyring, at=NOON)
    assert newest_checkpoint(site) == sealed
    site.store.replace("log/checkpoint", b"nonsense")
    assert newest_checkpoint(site) is None


def test_a_store_whose_keys_are_gone_is_not_given_new_ones(tmp_path: Path) -> None:
    opened(tmp_path)
    (tmp_path / "keys").rename(tmp_path / "elsewhere")
    with pytest.raises(KeysLostError, match="the evidence of acme is there"):
        opened(tmp_path)
    (tmp_path / "elsewhere").rename(tmp_path / "keys")
    opened(tmp_path)
