"""Asset lists and plans: written once, read strictly."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.log import assets as assets_module
from evidence.log.assets import dump_assets, load_assets
from evidence.log.canonical import dumps
from evidence.log.fields import ShapeError
from evidence.log.plan import (
    Plan,
    Slots,
    dump_plan,
    job_of,
    load_plan,
    plan_blob,
    plan_predicate,
    plan_time,
    slot_name,
)
from evidence.log.statement import Statement, Subject
from evidence.model.asset import Asset, Safety
from evidence.model.names import AssetId, digest_of

_TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
_ASSETS = st.builds(
    Asset,
    id=_TEXT.map(AssetId),
    address=_TEXT,
    platform=st.none() | _TEXT,
    network_os=st.none() | _TEXT,
    transports=st.lists(_TEXT, max_size=2).map(tuple),
    safety=st.sampled_from(Safety),
    criticality=st.none() | _TEXT,
    accountable=st.none() | _TEXT,
    powered=st.none() | _TEXT,
    direct_ok=st.booleans(),
    groups=st.lists(_TEXT, max_size=2).map(tuple),
)
NIGHTLY = Slots(name="nightly", first="2026-07-22T02:00:00Z", every_s=86_400, count=400)


@given(st.lists(_ASSETS, max_size=4, unique_by=lambda asset: asset.id))
def test_an_asset_list_is_read_back(assets: list[Asset]) -> None:
    assert load_assets(dump_assets(assets)) == tuple(assets)


def test_what_is_not_known_is_left_out(vectors: ModuleType) -> None:
    rows = json.loads(dump_assets(vectors.ASSETS))
    assert rows == [
        {
            "asset": "sw-01",
            "address": "192.0.2.1",
            "safety": "ot",
            "platform": "cisco_ios",
            "zone": "cell-1",
            "groups": ["switches"],
        },
        {"asset": "press-7", "address": "192.0.2.7", "safety": "fragile", "transports": ["snmp"]},
        {"asset": "Presse Ü", "address": "192.0.2.8", "safety": "ot", "direct_ok": True},
    ]


ROW = {"asset": "a", "address": "b", "safety": "ot"}


@pytest.mark.parametrize(
    "rows",
    [
        {},
        "x",
        [1],
        [{"asset": "a"}],
        [{**ROW, "password": "x"}],
        [{**ROW, "safety": "none"}],
        [{**ROW, "groups": "x"}],
        [{**ROW, "groups": [1]}],
        [{**ROW, "direct_ok": 1}],
        [{**ROW, "zone": ""}],
        [{**ROW, "id": "a"}],
        [ROW, ROW],
        [{**ROW, "asset": ""}],
    ],
)
def test_what_is_no_asset_list_is_refused(rows: object) -> None:
    assert load_assets(dumps([ROW]))
    with pytest.raises(ShapeError):
        load_assets(dumps(rows))


def test_an_asset_list_is_canonical_and_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ShapeError, match="asset list: "):
        load_assets(json.dumps([ROW]).encode())
    monkeypatch.setattr(assets_module, "MAX_ASSETS", 1)
    assert load_assets(dumps([ROW]))
    with pytest.raises(ShapeError, match="at most 1"):
        load_assets(dumps([ROW, {**ROW, "asset": "b"}]))


def test_a_plan_is_read_back(vectors: ModuleType) -> None:
    data = dump_plan(vectors.ASSETS, slots=[NIGHTLY], grace_s=3600)
    assert load_plan(data) == Plan(assets=vectors.ASSETS, slots=(NIGHTLY,), grace_s=3600)
    own = replace(NIGHTLY, grace_s=60)
    assert load_plan(dump_plan([], slots=[own])).slots == (own,)
    assert load_plan(dump_plan([])) == Plan(assets=(), slots=(), grace_s=0)


SLOT = {"name": "nightly", "first": NIGHTLY.first, "every_s": 60, "count": 1}


@pytest.mark.parametrize(
    "plan",
    [
        [],
        {"assets": [], "slots": []},
        {"assets": {}, "slots": [], "grace_s": 0},
        {"assets": [], "slots": [], "grace_s": -1},
        {"assets": [], "slots": [{**SLOT, "every_s": 0}], "grace_s": 0},
        {"assets": [], "slots": [{**SLOT, "count": 0}], "grace_s": 0},
        {"assets": [], "slots": [{**SLOT, "first": "x"}], "grace_s": 0},
        {"assets": [], "slots": [{**SLOT, "zone": "x"}], "grace_s": 0},
        {"assets": [], "slots": [{**SLOT, "every_s": 86_400, "count": 401}], "grace_s": 0},
        {"assets": [], "slots": [{**SLOT, "grace_s": -1}], "grace_s": 0},
        {"assets": [], "slots": [{**SLOT, "first": "9999-12-31T00:00:00Z"}], "grace_s": 0},
        {"assets": [], "slots": [{**SLOT, "count": 60_000}, {**SLOT, "count": 60_000}], "grace_s": 0},
        {"assets": [], "slots": 1, "grace_s": 0},
    ],
)
def test_what_is_no_plan_is_refused(plan: object) -> None:
    with pytest.raises(ShapeError):
        load_plan(dumps(plan))


def test_a_plan_is_canonical() -> None:
    with pytest.raises(ShapeError, match="plan: "):
        load_plan(b"{}\n")


def test_a_slot_is_named_by_its_job_and_moment() -> None:
    moment = datetime(2026, 7, 22, 2, tzinfo=UTC)
    assert slot_name("night-ly", moment) == "night-ly-20260722T0200Z"
    for slot in ("night-ly-20260722T0200Z", "night-ly-20260722T020000Z", "night-ly-20260722T0200Z-2ab3c4"):
        assert job_of(slot) == "night-ly"
    assert NIGHTLY.end == list(NIGHTLY.moments())[-1]


def test_a_plan_statement_is_about_its_blob() -> None:
    blob = digest_of(b"plan")
    predicate = {**plan_predicate(blob, 4), "log": "x"}
    good = Statement(kind="plan", subjects=(Subject(name="plan", digest=blob),), predicate=predicate)
    assert plan_blob(good) == (blob, 4)
    assert plan_time(good) is None
    noon = datetime(2026, 7, 22, 12, tzinfo=UTC)
    dated = {**plan_predicate(blob, 4, at=noon), "log": "x"}
    assert plan_time(Statement(kind="plan", subjects=good.subjects, predicate=dated)) == noon
    with pytest.raises(ShapeError):
        plan_blob(Statement(kind="plan", subjects=good.subjects, predicate={**dated, "at": "noon"}))
    for subjects in ((Subject(name="plan", digest=digest_of(b"other")),), good.subjects * 2):
        with pytest.raises(ShapeError, match="one subject"):
            plan_blob(Statement(kind="plan", subjects=subjects, predicate=predicate))
    with pytest.raises(ShapeError):
        plan_blob(Statement(kind="plan", subjects=good.subjects, predicate={**predicate, "bytes": -4}))
