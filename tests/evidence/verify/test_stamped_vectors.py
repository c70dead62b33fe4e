"""Three verifiers that share no code say the same of every time stamp: good ones by RSA and ECDSA, and each bad one."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from by_path import load

from evidence.log.keyring import load_public

VECTORS = Path(__file__).parents[2] / "vectors"
GOOD, STAMPED = VECTORS / "bundle-0.1", VECTORS / "stamped-0.1"
pytestmark = pytest.mark.real
if shutil.which("faketime") is None or shutil.which("openssl") is None:
    pytest.skip("no faketime or openssl here: no authority of one's own", allow_module_level=True)


STAMPS = load(VECTORS / "stamps.py")
CASES = STAMPS.CASES


@pytest.fixture
def three(three_verifiers: Any) -> Iterator[Any]:
    """All three, and nobody is trusted with the time afterwards."""
    three_verifiers.witnesses = [STAMPS.DEFECTS.bags().key_of("witness").public]
    yield three_verifiers
    three_verifiers.authority, three_verifiers.witnesses = None, ()


def asked(three: Any, bundle: Path) -> dict[str, str]:
    said: dict[str, str] = three.agreed(bundle, load_public(GOOD / "root.pub"), STAMPS.DEFECTS.pins_of("later"))
    return said


@pytest.mark.parametrize("name", CASES)
def test_all_three_say_the_same_of_a_time_stamp(name: str, three: Any, tmp_path: Path) -> None:
    one, bundle = CASES[name], tmp_path / f"{name}.zip"
    data, three.authority = STAMPS.made(name, tmp_path)
    bundle.write_bytes(data)
    said = asked(three, bundle)
    assert [step for step, status in said.items() if status == "failed"] == (["anchors"] if one.fails else [])
    assert all(one.says in words for words in three.words.values())
    if not one.fails:
        assert all("1 time stamps, the newest over 42 leaves" in words for words in three.words.values())


@pytest.mark.parametrize("name", ["rsa", "ecdsa"])
def test_a_frozen_bundle_with_a_time_stamp_is_good_and_trusted_only_with_its_ca(name: str, three: Any) -> None:
    bundle = STAMPED / f"{name}.zip"
    for known in (None, STAMPED / f"{name}.pem"):
        three.authority = known
        assert asked(three, bundle)["anchors"] == "not-checked"
        assert all(("to be trusted with the time" in words) == (known is None) for words in three.words.values())
        # Of the bundle's 43 leaves the time stamp binds 42, the last of which says that it is there.
        loose = "the newest 1 of 43 leaves" if known else "the newest 14 of 43 leaves"
        assert all(loose in words for words in three.words.values()), three.words


def test_the_script_writes_them_for_another_implementation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = ("good_by_rsa", "signature_changed")
    monkeypatch.setattr(STAMPS, "CASES", {name: CASES[name] for name in chosen})
    STAMPS.main(tmp_path / "out")
    rows = json.loads((tmp_path / "out" / "expected.json").read_text())
    assert [(row["bundle"], row["fails"]) for row in rows] == [
        ("good_by_rsa.zip", ""),
        ("signature_changed.zip", "anchors"),
    ]
    assert all((tmp_path / "out" / row[key]).is_file() for row in rows for key in ("bundle", "authority"))


def test_there_are_thirty_bad_ones_and_good_ones_of_each_kind() -> None:
    assert len([name for name, one in CASES.items() if one.fails]) >= 30
    assert {"good_by_rsa", "good_by_ecdsa", "good_by_ecdsa_p384", "good_by_pss"} <= CASES.keys()
