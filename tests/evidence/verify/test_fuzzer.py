"""The fuzzer of `script/test` asks every reader, finds nothing, and would find something."""

import re
from pathlib import Path
from types import ModuleType

import pytest
from by_path import load

SCRIPTS = Path(__file__).parents[3] / "script"
VECTORS = Path(__file__).parents[2] / "vectors"


@pytest.fixture(scope="module")
def fuzz() -> ModuleType:
    return load(SCRIPTS / "fuzz.py")


@pytest.fixture(scope="module")
def fuzz_parts() -> ModuleType:
    return load(SCRIPTS / "fuzz_parts.py")


@pytest.fixture(scope="module")
def fuzz_bundles() -> ModuleType:
    return load(SCRIPTS / "fuzz_bundles.py")


def test_every_reader_takes_what_was_written_and_refuses_what_was_changed(fuzz: ModuleType, tmp_path: Path) -> None:
    for target in fuzz.targets(tmp_path):
        assert target.seeds, target.name
        for seed in target.seeds[:50]:
            assert fuzz.one_case(target, seed, None) is None
        assert target.asked["taken"] == target.asked["cases"], target.name
    every, wrong = fuzz.run(2, 7, folder=tmp_path)
    assert wrong is None
    assert all(target.asked["cases"] for target in every)
    assert all(target.asked["taken"] < target.asked["cases"] for target in every)


def test_the_page_takes_what_was_written_of_every_form_it_reads(fuzz: ModuleType, tmp_path: Path) -> None:
    with fuzz.Page(tmp_path, fuzz.AUTHORITY.origin) as page:
        answers = {target.name: page.taken(target.name, target.seeds[:50]) for target in fuzz.targets(tmp_path)}
    unread = {name for name, taken in answers.items() if set(taken) == {None}}
    assert unread == {"genesis", "pin", "batch", "earlier"}
    assert all(set(taken) == {True} for name, taken in answers.items() if name not in unread)


def test_a_reader_that_ends_otherwise_or_disagrees_is_found(fuzz: ModuleType) -> None:
    def broken(data: bytes) -> None:
        raise KeyError(data)

    assert "KeyError" in fuzz.one_case(fuzz.Target("x", broken, None, [b"x"]), b"x", None)
    disagreeing = fuzz.Target("x", len, broken, [b"x"])
    assert "verify says True, verify.py False" in fuzz.one_case(disagreeing, b"x", None)
    assert "verify.html False" in fuzz.one_case(fuzz.Target("x", len, None, [b"x"]), b"x", html=False)


def test_all_three_say_the_same_of_changed_bundles(fuzz_bundles: ModuleType, tmp_path: Path) -> None:
    counted, wrong = fuzz_bundles.run(3, 5, folder=tmp_path)
    assert wrong is None
    assert counted["bundles"]


def test_a_verifier_that_says_something_else_is_found(
    fuzz_bundles: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    truly = fuzz_bundles.python
    monkeypatch.setattr(fuzz_bundles, "python", lambda *asked: {**truly(*asked), "pins": "failed"})
    _, wrong = fuzz_bundles.run(30, 5, folder=tmp_path)
    assert re.search("pins: verify (passed|not-checked), verify.py failed, verify.html (passed|not-checked)", wrong)


def test_a_log_that_is_made_anew_behind_no_edit_is_the_same_byte_for_byte(fuzz_bundles: ModuleType) -> None:
    bundles = sorted(VECTORS.glob("bundle-0.1*/*.zip"))
    assert bundles
    for bundle in bundles:
        bag = fuzz_bundles.Bag.read(bundle.read_bytes())
        fuzz_bundles.rebuild(bag, {}, {})
        bag.remake(fuzz_bundles.key_of("sealer"))
        assert bag.zipped() == bundle.read_bytes()


def test_the_same_seed_makes_the_same_cases(fuzz: ModuleType) -> None:
    import random

    seeds = [random.Random(3), random.Random(3)]
    made = [[fuzz.changed(b"abcdef" * 9, chance) for _ in range(50)] for chance in seeds]
    assert made[0] == made[1]


def test_rows_are_read_alike_at_once_and_one_by_one(fuzz_parts: ModuleType) -> None:
    asked, wrong = fuzz_parts.run(4, 26)
    assert wrong is None
    assert 0 < asked["taken"] < asked["apart"] < asked["cases"]


def test_a_reader_that_makes_something_else_of_a_part_is_found(fuzz_parts: ModuleType) -> None:
    (one, *_) = fuzz_parts.seeds()
    whole = fuzz_parts.meaning(one, fuzz_parts.row_by_row)
    assert whole == fuzz_parts.meaning(one, fuzz_parts.at_once)
    for was, becomes in (b'"took_ms":', b'"took_ms":1'), (b'"redactions":0', b'"redactions":1'):
        assert fuzz_parts.meaning(one.replace(was, becomes, 1), fuzz_parts.at_once) not in (None, whole)


def test_a_part_that_is_written_as_it_was_read_is_the_same(fuzz_parts: ModuleType) -> None:
    for one in fuzz_parts.seeds():
        assert fuzz_parts.written(fuzz_parts.read(one.decode())).encode() == one == fuzz_parts.agreeing(one)
