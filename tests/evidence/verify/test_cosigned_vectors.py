"""Three verifiers that share no code say the same of every cosignature: good ones, and each bad one."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from by_path import load

from evidence.log.keyring import load_public
from evidence.standalone.main import main

VECTORS = Path(__file__).parents[2] / "vectors"
GOOD, FROZEN = VECTORS / "bundle-0.1", VECTORS / "cosigned-0.1"
pytestmark = pytest.mark.real


COSIGNED = load(VECTORS / "cosigned.py")
CASES = COSIGNED.CASES


@pytest.fixture
def three(three_verifiers: Any) -> Iterator[Any]:
    """All three, and no witness is trusted afterwards."""
    yield three_verifiers
    three_verifiers.witnesses = ()


def asked(three: Any, bundle: Path, *, pins: bool = True) -> list[str]:
    """Return the steps that fail, the same for all three, which say the same of what is bound."""
    root, known = load_public(GOOD / "root.pub"), COSIGNED.DEFECTS.pins_of("later") if pins else ()
    said = three.agreed(bundle, root, known)
    return [step for step, status in said.items() if status == "failed"]


@pytest.mark.parametrize("name", CASES)
def test_all_three_say_the_same_of_a_cosignature(name: str, three: Any, tmp_path: Path) -> None:
    one, bundle = CASES[name], tmp_path / f"{name}.zip"
    bundle.write_bytes(COSIGNED.made(name))
    three.witnesses = [COSIGNED.key_of(who).public for who in one.witnesses]
    assert asked(three, bundle)[:1] == ([one.fails] if one.fails else [])
    assert all(one.says in words for words in three.words.values()), three.words


@pytest.mark.parametrize("name", sorted(path.stem for path in FROZEN.glob("*.zip")))
def test_a_frozen_bundle_with_a_cosignature_is_good_and_binds_only_with_its_witness(name: str, three: Any) -> None:
    for known in (False, True):
        three.witnesses = [load_public(FROZEN / "witness.pub")] if known else []
        assert asked(three, FROZEN / f"{name}.zip", pins=False) == []
        assert all(("whose key was not given" in words) == (not known) for words in three.words.values())
        assert all(("anchor binds the leaves up to" in words) == known for words in three.words.values())


def test_the_frozen_ones_are_still_made_the_same_way() -> None:
    for path in FROZEN.glob("*.zip"):
        assert COSIGNED.made(path.stem) == path.read_bytes(), path.name
    assert (FROZEN / "witness.pub").read_text() == f"{COSIGNED.key_of('witness').public.text}\n"


def test_a_key_of_a_witness_that_is_none_is_refused_by_verify_py(tmp_path: Path) -> None:
    (tmp_path / "witness.pub").write_text("ssh-rsa AAAA\n")
    words = [str(FROZEN / "good_over_the_newest_checkpoint.zip"), "--witness", str(tmp_path / "witness.pub")]
    with pytest.raises(SystemExit) as caught:
        main(words)
    assert caught.value.code == 2


def test_the_script_writes_them_for_another_implementation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = ("good_by_two_witnesses", "time_changed")
    monkeypatch.setattr(COSIGNED, "CASES", {name: CASES[name] for name in chosen})
    COSIGNED.main(tmp_path / "out")
    rows = json.loads((tmp_path / "out" / "expected.json").read_text())
    assert [(row["bundle"], row["fails"], len(row["witnesses"])) for row in rows] == [
        ("good_by_two_witnesses.zip", "", 2),
        ("time_changed.zip", "anchors", 1),
    ]
    assert (tmp_path / "out" / "time_changed.zip").read_bytes() == COSIGNED.made("time_changed")


def test_there_are_forty_bad_ones_and_every_good_kind() -> None:
    assert len([name for name, one in CASES.items() if one.fails]) >= 40
    assert len([name for name, one in CASES.items() if not one.fails]) >= 15
