"""Three verifiers that share no code say the same of every vector: good bundles, and each with one thing wrong."""

import json
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from by_path import load

from evidence.bundle.layout import EVIDENCE, TAG_FILES, shorten
from evidence.log.keyring import load_public
from evidence.log.keys import SigningKey
from evidence.model.columns import columns_of
from evidence.model.names import digest_of
from evidence.verify.bundle_verifier import verify_bundle

ROOT = Path(__file__).parents[3]
VECTORS = ROOT / "tests" / "vectors"
FROZEN = VECTORS / "bundle-0.1"


BAGS, DEFECTS_OF = (
    load(VECTORS / "bags.py"),
    load(VECTORS / "defects.py"),
)
DEFECTS = DEFECTS_OF.DEFECTS
pytestmark = [pytest.mark.real, pytest.mark.filterwarnings("ignore:Duplicate name")]


STEPS = (
    "bag",
    "log",
    "genesis",
    "keys",
    "signatures",
    "pins",
    "statements",
    "links",
    "artefacts",
    "completeness",
    "anchors",
)


def failing(said: Any) -> list[str]:
    return [step for step in STEPS if said.get(step) == "failed"]


def asked(three: Any, bundle: Path, pins: Any, root: Any = None) -> dict[str, dict[str, str]]:
    root = root or load_public(FROZEN / "root.pub")
    return {name: dict(getattr(three, name)(bundle, root, pins)) for name in ("ours", "python", "html")}


@pytest.mark.parametrize("name", sorted(str(path.relative_to(VECTORS)) for path in VECTORS.glob("bundle-*/*.zip")))
def test_all_three_find_nothing_wrong_with_a_frozen_bundle(name: str, three_verifiers: Any) -> None:
    bundle = VECTORS / name
    said = asked(three_verifiers, bundle, bundle.with_name("pins.txt").read_text().splitlines())
    assert failing(said["ours"]) == []
    assert said["python"] == said["ours"]
    assert said["html"] == said["ours"]


@pytest.mark.parametrize("name", DEFECTS)
def test_all_three_fail_a_defect_at_the_same_step(name: str, three_verifiers: Any, tmp_path: Path) -> None:
    defect, bad = DEFECTS[name], tmp_path / f"{name}.zip"
    bad.write_bytes(defect.make())
    root = SigningKey.from_seed(bytes(32)).public if defect.root else None
    said = asked(three_verifiers, bad, defect.pins, root)
    assert failing(said["python"]) == failing(said["ours"])
    assert failing(said["html"]) == failing(said["ours"])
    assert "".join(failing(said["ours"])[:1]) == defect.fails
    if defect.says:
        assert {steps[defect.says] for steps in said.values()} == {"not-checked"}


def test_a_defect_is_one_change_and_put_back_it_is_the_good_bundle_again() -> None:
    """Whoever could make the bad one makes the good one of it, byte for byte; that one all three pass."""
    for name, defect in DEFECTS.items():
        good = DEFECTS_OF.good(defect.base)
        if name.startswith("zip_") or defect.root:
            assert (defect.make() != good) == (not defect.root), name
            continue
        bad, whole = BAGS.Bag.read(defect.make()), BAGS.Bag.read(good)
        assert bad.files != whole.files, name
        changed = {
            path for path in bad.files.keys() | whole.files.keys() if bad.files.get(path) != whole.files.get(path)
        }
        for path in changed - TAG_FILES:
            if path in whole.files:
                bad.files[path] = whole.files[path]
            else:
                del bad.files[path]
        bad.files |= {name: whole.files[name] for name in ("bag-info.txt", "bagit.txt")}
        bad.remake(BAGS.key_of("sealer"))
        assert bad.zipped() == good, name


def test_findings_of_a_requirement_that_no_catalogue_has_are_told_and_end_nothing(
    three_verifiers: Any, tmp_path: Path
) -> None:
    """An assessor's key can sign such results: no program may stop at them, and no table leaves them out."""
    bag, table = BAGS.Bag.read(DEFECTS_OF.good("whole")), "data/findings.csv"
    results = bag.statement(bag.of_kind("findings")[-1])["predicate"]["results"].removeprefix("sha256:")
    *rows, last = json.loads(bag.files[f"data/blobs/{results}"])
    asset, requirement = last["asset"], last["requirement"]
    rows.append({**last, "requirement": "ZZZ-99"})
    DEFECTS_OF.rebuild(bag, {}, {results: BAGS.written(rows)})
    *told, line = bag.files[table].decode().splitlines()
    names = [digest_of(f"{one}\n{asset}\n".encode())[7:19] for one in (requirement, "ZZZ-99")]
    now = re.sub(f"^{names[0]},{requirement},[^,]*,", f"{names[1]},ZZZ-99,not in this catalogue,", line)
    assert now != line
    bag.files[table] = "".join(f"{row}\r\n" for row in (*told, now)).encode()
    for path in [path for path in bag.files if path.startswith("data/controls/")]:
        rows_of = bag.files[path].splitlines(keepends=True)
        bag.files[path] = b"".join(row for row in rows_of if names[0].encode() not in row)
    bag.remake(BAGS.key_of("sealer"))
    (strange := tmp_path / "strange.zip").write_bytes(bag.zipped())
    said = asked(three_verifiers, strange, ())
    assert failing(said["ours"]) == []
    assert said["python"] == said["html"] == said["ours"]


def test_all_three_name_what_was_erased(three_verifiers: Any) -> None:
    bundle = VECTORS / "bundle-0.1-erased" / "erased.zip"
    said = asked(three_verifiers, bundle, bundle.with_name("pins.txt").read_text().splitlines())
    assert {steps["artefacts"] for steps in said.values()} == {"not-checked"}
    page = three_verifiers.browser.run("document.querySelector('#steps').textContent")
    ours = verify_bundle(bundle, trusted_root=None, pins=[])
    told = "\n".join(detail for step in ours.steps for detail in step.details)
    for words in (told, three_verifiers.alone.check([str(bundle)])[1], page):
        assert "erased on 2026-07-09T" in words
        assert "GDPR Art. 17" in words
        assert "answers that the statements name are withheld" not in words


def rotated(bag: Any) -> None:
    DEFECTS_OF.granted(bag)
    DEFECTS_OF.stranger_says(bag)
    DEFECTS_OF.ended(bag, "retire", "owner")


def revoked(bag: Any) -> None:
    DEFECTS_OF.granted(bag)
    DEFECTS_OF.stranger_says(bag)
    DEFECTS_OF.ended(bag, "revoke", "owner", distrust_from=43, reason="it was stolen")


def retired_then_revoked_of_what_came_later(bag: Any) -> None:
    rotated(bag)
    DEFECTS_OF.ended(bag, "revoke", "owner", distrust_from=44, reason="it was stolen afterwards")


def adopted(bag: Any) -> None:
    DEFECTS_OF.granted(bag)
    DEFECTS_OF.ended(bag, "retire", "owner")
    digest = DEFECTS_OF.stranger_says(bag, log=False)
    statement = bag.statement(bag.of_kind("exception")[0])
    log = statement["predicate"]["log"]
    statement["predicateType"] = "urn:plantproof:review:v1"
    statement["predicate"] = {"log": log, "at": "2026-07-09T03:00:00Z", "by": "B. Owner", "reason": "seen"}
    statement["subject"].append({"name": "adopted", "digest": {"sha256": digest.removeprefix("sha256:")}})
    DEFECTS_OF.logged(bag, "review", statement, BAGS.key_of("owner"))
    DEFECTS_OF.stranger_says(bag)


def revoked_by_the_spare(bag: Any) -> None:
    statement = DEFECTS_OF.stranger_as(bag, "root")
    key = BAGS.key_of("root").public
    statement["predicate"].update(verify_key=key.text, act="revoke", distrust_from=50, reason="it was stolen")
    statement["subject"][0]["digest"]["sha256"] = digest_of(key.raw).removeprefix("sha256:")
    DEFECTS_OF.logged(bag, "key", statement, BAGS.key_of("spare"))
    logged = DEFECTS_OF.stranger_as(bag, "owner")
    DEFECTS_OF.logged(bag, "key", logged, BAGS.key_of("spare"))


ENDS = {
    rotated: "passed", revoked: "not-checked", retired_then_revoked_of_what_came_later: "passed", adopted: "passed",
    revoked_by_the_spare: "passed",
}  # fmt: skip
"""What becomes of keys, and what step 7 says of the statements they signed."""


@pytest.mark.parametrize("edit", ENDS, ids=lambda edit: edit.__name__)
def test_all_three_read_the_ends_of_keys_alike(edit: Any, three_verifiers: Any, tmp_path: Path) -> None:
    bag = BAGS.Bag.read(DEFECTS_OF.good("later"))
    edit(bag)
    bag.remake(BAGS.key_of("sealer"))
    (tmp_path / "b.zip").write_bytes(bag.zipped())
    said = asked(three_verifiers, tmp_path / "b.zip", DEFECTS_OF.pins_of("later"))
    assert {who: failing(steps) for who, steps in said.items()} == {who: [] for who in said}
    assert {steps["statements"] for steps in said.values()} == {ENDS[edit]}
    assert said["python"] == said["ours"]
    assert said["html"] == said["ours"]


def test_whoever_holds_all_keys_writes_another_history_unless_a_pin_is_older(
    bundle_vectors: ModuleType, three_verifiers: Any, tmp_path: Path
) -> None:
    """The night in which an asset did not answer was never there: the same keys, the same genesis, the same times."""
    (tmp_path / "out").mkdir()
    bundle_vectors.build(tmp_path / "store", tmp_path / "out", without=frozenset({5}))
    pins = DEFECTS_OF.pins_of("later")
    for known, fails in ((), []), (pins, ["pins"]):
        said = asked(three_verifiers, tmp_path / "out" / "whole.zip", known)
        assert {who: failing(steps) for who, steps in said.items()} == dict.fromkeys(said, fails)


def test_a_stolen_collector_key_makes_answers_that_pass(three_verifiers: Any, tmp_path: Path) -> None:
    forged = b"hostname sw-01\nno snmp-server\n"
    bag = BAGS.Bag.read(DEFECTS_OF.good("later"))
    path = DEFECTS_OF.newest(bag)
    digest = digest_of(forged)

    def edit(statement: Any) -> None:
        capture = statement["predicate"]["captures"][0]
        old = capture["blob"]
        capture.update(blob=digest, bytes=len(forged), at="2026-07-09T02:00:01Z")
        for subject in statement["subject"]:
            if subject["digest"]["sha256"] == old.removeprefix("sha256:"):
                subject["digest"]["sha256"] = digest.removeprefix("sha256:")
        asset, question = shorten(capture["asset"], 60), capture["question"]
        bag.files[f"{EVIDENCE}{asset}/2026-07-09/{question}.txt"] = forged

    bag.restate(path, edit)
    bag.remake(BAGS.key_of("sealer"))
    (tmp_path / "bad.zip").write_bytes(bag.zipped())
    said = asked(three_verifiers, tmp_path / "bad.zip", DEFECTS_OF.pins_of("later"))
    assert {who: failing(steps) for who, steps in said.items()} == {who: [] for who in said}
    assert all(steps["artefacts"] == "passed" for steps in said.values())


def test_all_three_know_the_columns_of_registers(three_verifiers: Any, tmp_path: Path) -> None:
    """Every column there is, only those that have to be there, an end, and the longest texts."""
    bag = BAGS.Bag.read(DEFECTS_OF.good("later"))
    stated = DEFECTS_OF.stated
    for what, columns in DEFECTS_OF.DECLARED.items():
        register = what if what in ("exception", "approval") else "attestation"
        needed = {column.name for column in columns_of(register, columns.get("kind")) if column.required}
        assert {column.name for column in columns_of(register, columns.get("kind"))} == {*columns} | (
            {"asset"} if register == "attestation" else set()
        )
        least = stated(what, id="x" * 100, **dict.fromkeys(columns.keys() - needed))
        ended = {"id": "ended", "act": "end", "reason": "\U0001f600" * 2_000}
        DEFECTS_OF.declare(bag, what, [stated(what), least, ended])
    bag.remake(BAGS.key_of("sealer"))
    (tmp_path / "good.zip").write_bytes(bag.zipped())
    said = asked(three_verifiers, tmp_path / "good.zip", DEFECTS_OF.pins_of("later"))
    assert {who: failing(steps) for who, steps in said.items()} == {who: [] for who in said}
    assert {steps["statements"] for steps in said.values()} == {"passed"}


def test_what_is_no_time_stamp_fails_for_all_three(three_verifiers: Any, tmp_path: Path) -> None:
    bag = BAGS.Bag.read(DEFECTS_OF.good("later"))
    bag.files["data/log/tsr/000000000042/" + digest_of(b"x").removeprefix("sha256:") + ".tsr"] = b"x"
    bag.remake(BAGS.key_of("sealer"))
    (tmp_path / "bad.zip").write_bytes(bag.zipped())
    said = asked(three_verifiers, tmp_path / "bad.zip", DEFECTS_OF.pins_of("later"))
    assert {who: failing(steps) for who, steps in said.items()} == {who: ["anchors"] for who in said}


def test_what_is_no_cosignature_fails_for_all_three(three_verifiers: Any, tmp_path: Path) -> None:
    bag = BAGS.Bag.read(DEFECTS_OF.good("later"))
    bag.files["data/log/cosig/000000000042/0a1b2c3d-20260710t120000z"] = b"x"
    bag.remake(BAGS.key_of("sealer"))
    (tmp_path / "bad.zip").write_bytes(bag.zipped())
    said = asked(three_verifiers, tmp_path / "bad.zip", DEFECTS_OF.pins_of("later"))
    assert {who: failing(steps) for who, steps in said.items()} == {who: ["anchors"] for who in said}


def test_what_is_not_noticed_is_listed_with_a_test_that_shows_it() -> None:
    """Every bad bundle that no step fails for stands in the threat model, and every test that stands there is one."""
    page = (ROOT / "docs" / "threat-model.md").read_text(encoding="utf-8")
    table = page.partition("## What a bundle's verification does not notice")[2].partition("\n## ")[0]
    named = set(re.findall(r"`([a-z][a-z_]{15,}|zip_[a-z_]+)`", table))
    unnoticed = {name for name, defect in DEFECTS.items() if not defect.fails}
    written = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests" / "evidence").rglob("test_*.py"))
    assert unnoticed <= named
    assert all(name in unnoticed or f"def {name}(" in written for name in named)


def test_the_script_writes_them_for_another_implementation(tmp_path: Path) -> None:
    words = [sys.executable, "-W", "ignore", str(VECTORS / "defects.py"), str(tmp_path / "bad")]
    subprocess.run(words, check=True, cwd=ROOT, env={"PYTHONPATH": str(ROOT)})
    rows = json.loads((tmp_path / "bad" / "expected.json").read_text())
    assert {row["bundle"]: row["fails"] for row in rows} == {f"{name}.zip": one.fails for name, one in DEFECTS.items()}
    assert (tmp_path / "bad" / "leaf_twice.zip").read_bytes() == DEFECTS["leaf_twice"].make()


def test_there_are_forty_attacks_and_more_at_every_step() -> None:
    attacks = [defect for defect in DEFECTS.values() if defect.fails]
    assert len(attacks) >= 140
    assert {defect.fails for defect in attacks} == set(STEPS) - {"anchors"}


def test_what_the_nearest_peer_accepts_is_among_them() -> None:
    """Forged content without signature and digest, another date, a longer life, another asset's answer."""
    accepted = {
        "evidence_forged_once_signature_and_digest_were_deleted": "bag",
        "evidence_redated": "artefacts",
        "capture_redated": "statements",
        "capture_ttl_raised": "statements",
        "bundle_relabelled_asset": "artefacts",
    }
    assert {name: DEFECTS[name].fails for name in accepted} == accepted
