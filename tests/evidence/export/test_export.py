"""A bundle holds what was asked for, the same bytes every time, and stock programs can check it."""

import csv
import io
import subprocess
import sys
import zipfile
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from evidence.bundle.layout import MAX_PATH
from evidence.controls.load import load_catalogue
from evidence.errors import Error
from evidence.export import write
from evidence.export.gather import gather
from evidence.export.period import parse_period
from evidence.export.selection import ExportError, Selection
from evidence.export.verifier import standalone
from evidence.log.history import History
from evidence.log.keyring import Keyring, Role
from evidence.log.ledger import Ledger
from evidence.log.opened import Opened
from evidence.log.seal import seal
from evidence.model.names import AssetId
from evidence.report.render import short
from evidence.verify.bundle_verifier import verify_bundle
from evidence.verify.result import Report, Status
from evidence.verify.verifier import verify

pytestmark = pytest.mark.real


@pytest.fixture
def own(handed: Any, bundles: ModuleType, tmp_path: Path) -> Any:
    """A store of this test's own, as it was when the first bundle had been handed out."""
    return bundles.copied(handed, tmp_path / "own")


def rows(bag: Path, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO((bag / "data" / name).read_bytes().decode("utf-8-sig"), newline="")))


def statuses(report: Report) -> dict[str, Status]:
    return {step.name: step.status for step in report.steps}


def words(report: Report) -> str:
    return "\n".join(detail for step in report.steps for detail in step.details)


def test_everything_that_can_be_checked_of_a_bundle_passes(handed: Any) -> None:
    history = History.read(handed.store)
    report = verify_bundle(handed.bundle, trusted_root=handed.root, pins=[history.checkpoint])
    unchecked = {name for name, status in statuses(report).items() if status is not Status.PASSED}
    assert unchecked == {"anchors"}, words(report)
    assert report.checkpoint == history.checkpoint


def test_the_same_export_twice_is_the_same_bytes(own: Any) -> None:
    again = own.folder / "again.zip"
    own.export(again)
    assert again.read_bytes() == own.bundle.read_bytes()
    seal(own.store, own.keyring, at=datetime(2026, 12, 2, tzinfo=UTC))
    own.export(again)
    assert again.read_bytes() == own.bundle.read_bytes()


def test_a_time_that_is_over_gives_the_same_bytes_as_the_log_grows(own: Any, plant_module: ModuleType) -> None:
    plant = plant_module.Plant(store=own.store, keyring=own.keyring, runs=3)
    plan = next(iter(History.read(own.store).ledger.plans))
    plant.run(plan, at=plant_module.START + timedelta(days=20))
    plant.seal()
    again = own.folder / "again.zip"
    own.export(again)
    assert again.read_bytes() == own.bundle.read_bytes()


def test_that_a_bundle_was_handed_out_stands_in_the_next_one(own: Any, plant_module: ModuleType) -> None:
    done = own.export(own.folder / "second.zip", recipient="Auditor & Söhne", at=plant_module.START + timedelta(days=3))
    plant = plant_module.Plant(store=own.store, keyring=own.keyring, runs=3)
    plan = next(iter(History.read(own.store).ledger.plans))
    plant.run(plan, at=plant_module.START + timedelta(days=4))
    plant.seal()
    third = own.folder / "third.zip"
    own.export(third, "2026-11")
    with zipfile.ZipFile(third) as archive:
        names = [name for name in archive.namelist() if "/statements/export/" in name]
    assert len(names) == 2
    report = verify_bundle(third, trusted_root=own.root)
    assert not report.failed, words(report)
    assert statuses(report)["statements"] is Status.PASSED
    history = History.read(own.store)
    exports = [history.open(entry).export for entry in history.statements if entry.kind == "export"]
    assert {e.recipient for e in exports if e} == {None, "Auditor & Söhne"}
    assert done.tagmanifest in {e.tagmanifest for e in exports if e}
    stored = verify(own.store, trusted_root=own.root, pins=[history.checkpoint])
    assert not stored.failed
    assert statuses(stored)["statements"] is Status.PASSED


def test_a_statement_that_is_not_supplied_is_withheld_and_never_passed(own: Any) -> None:
    narrow = own.folder / "narrow.zip"
    done = own.export(narrow, "2026-11-21..2026-11-21", as_of="2026-11-22T23:59:59Z")
    assert done.withheld == 1
    report = verify_bundle(narrow, trusted_root=own.root)
    assert not report.failed, words(report)
    assert statuses(report)["statements"] is Status.NOT_CHECKED
    assert "1 statements are in the log and withheld: 1 part" in words(report)


def test_one_asset_can_be_handed_out_without_the_others(own: Any, tmp_path: Path) -> None:
    narrow = own.folder / "one.zip"
    own.export(narrow, assets=frozenset({AssetId("sw-01")}))
    with zipfile.ZipFile(narrow) as archive:
        archive.extractall(tmp_path / "one")
    (bag,) = (tmp_path / "one").iterdir()
    assert [path.name for path in (bag / "data/evidence").iterdir()] == ["sw-01"]
    assert {row["asset"] for row in rows(bag, "assets.csv")} == {"sw-01"}
    assert not (bag / "data/blobs").exists()
    report = (bag / "data/report.html").read_text(encoding="utf-8")
    assert "scada-srv" not in report
    assert "sw-01" in report
    verified = verify_bundle(narrow, trusted_root=own.root)
    assert not verified.failed, words(verified)
    assert statuses(verified)["completeness"] is Status.NOT_CHECKED
    assert statuses(verified)["artefacts"] is Status.NOT_CHECKED


def test_the_tables_say_what_the_log_says(bag: Path) -> None:
    evidence = rows(bag, "evidence.csv")
    assert {row["file"] for row in evidence} == {
        path.relative_to(bag / "data").as_posix() for path in (bag / "data/evidence").rglob("*.txt")
    }
    assets = {row["asset"]: row for row in rows(bag, "assets.csv")}
    assert len(assets) == 8
    assert assets["工場-スイッチ"]["folder"] == "evidence/x-46e7df37/"
    assert assets["plc-gw"]["result"] == "unreachable"
    gaps = {(row["asset"], row["result"]) for row in rows(bag, "gaps.csv")}
    assert {("press-7", "excluded"), ("plc-gw", "unreachable"), ("scada-srv", "partial")} <= gaps
    runs = rows(bag, "conduct.csv")
    assert [row["run"] for row in runs] == ["run-2", "run-3"]
    assert all(row["requests"] == "5121" and row["finished"] == "yes" for row in runs)


def test_findings_stand_by_our_ids_and_by_each_frameworks_own(bag: Path) -> None:
    findings = rows(bag, "findings.csv")
    by_place = {(row["requirement"], row["asset"]): row for row in findings}
    known = by_place["INV-03", "sw-01"]
    assert known["status"] == "supports"
    assert all((bag / "data" / name).is_file() for name in known["evidence"].split(" "))
    assert by_place["INV-03", "plc-gw"]["status"] == "not-assessed"
    indexes = {path.parent.name: rows(bag, f"controls/{path.parent.name}/index.csv") for path in bag.rglob("index.csv")}
    assert {"csf2", "sp800-171r2", "iec62443-2-1"} <= indexes.keys()
    assert ("3.4.1", "INV-03", "sw-01", "supports") in {
        (row["control"], row["requirement"], row["asset"], row["status"]) for row in indexes["sp800-171r2"]
    }
    ids = {row["id"] for row in findings}
    assert all(row["finding"] in ids for index in indexes.values() for row in index)


def test_one_control_can_be_handed_out_by_a_frameworks_own_id(own: Any, tmp_path: Path) -> None:
    narrow = own.folder / "control.zip"
    own.export(narrow, controls=("SR 7.8",))
    with zipfile.ZipFile(narrow) as archive:
        archive.extractall(tmp_path / "one")
    (bag,) = (tmp_path / "one").iterdir()
    findings = rows(bag, "findings.csv")
    bearing = {one.id for one in load_catalogue().controls.values() if "SR 7.8" in one.frameworks["iec62443-3-3"]}
    assert {row["requirement"] for row in findings} == bearing
    assert "INV-03" in bearing
    assert "INV-07" not in bearing
    cited = {name for row in findings for name in row["evidence"].split(" ") if name.startswith("evidence/")}
    supplied = {row["file"]: row["sha256"] for row in rows(bag, "evidence.csv")}
    assert cited <= supplied.keys()
    assert {supplied[name] for name in cited} == set(supplied.values())
    everything = own.unpack(tmp_path / "all")
    withheld = {row["sha256"] for row in rows(everything, "evidence.csv")} - set(supplied.values())
    assert withheld
    whole = (everything / "data/report.html").read_text(encoding="utf-8")
    report_page = (bag / "data/report.html").read_text(encoding="utf-8")
    assert any(short(digest) in whole for digest in withheld)
    assert not any(short(digest) in report_page for digest in withheld)
    assert any(short(digest) in report_page for digest in supplied.values())
    assert "answers that no finding of this bundle rests on are not in it" in report_page
    assert "answers that no finding" not in whole


def test_a_narrowed_page_says_nothing_of_the_log_that_it_does_not_show(own: Any) -> None:
    narrow, whole = own.folder / "few.zip", own.folder / "every.zip"
    own.export(narrow, controls=("CFG-01",))
    own.export(whole)
    page = {}
    for path in (narrow, whole):
        with zipfile.ZipFile(path) as archive:
            (name,) = [one for one in archive.namelist() if one.endswith("data/report.html")]
            page[path] = archive.read(name).decode()
    assert not any("Nothing was judged" in one for one in page.values())
    assert all("What was judged stands in findings.csv beside this page" in one for one in page.values())
    silent = page[whole].count("No answer of this asset is in the log.")
    assert page[narrow].count("No answer of this asset is in this bundle.") > silent > 0
    for words_of_the_whole in ("No answer of this asset is in the log.", ">never<", "Last read", "never read has none"):
        assert words_of_the_whole in page[whole]
        assert words_of_the_whole not in page[narrow]
    report = verify_bundle(narrow, trusted_root=own.root)
    assert not report.failed, words(report)
    assert statuses(report)["artefacts"] is Status.NOT_CHECKED


def test_names_are_short_enough_for_windows_and_hold_no_colon(handed: Any) -> None:
    with zipfile.ZipFile(handed.bundle) as archive:
        names = archive.namelist()
    assert names == sorted(names)
    assert len({name.lower() for name in names}) == len(names)
    assert all(len(name) <= MAX_PATH and ":" not in name and name.isascii() for name in names)


def test_stock_programs_check_a_bundle(handed: Any, tmp_path: Path) -> None:
    import bagit

    listed = subprocess.run(["unzip", "-tq", str(handed.bundle)], capture_output=True, text=True, check=True)
    assert "No errors detected" in listed.stdout
    kinds = subprocess.run(["zipinfo", str(handed.bundle)], capture_output=True, text=True, check=True).stdout
    assert "defN" not in kinds
    subprocess.run(["unzip", "-q", str(handed.bundle), "-d", str(tmp_path / "there")], check=True)
    (bag,) = (tmp_path / "there").iterdir()
    words = ["sha256sum", "-c", "--quiet", "--strict", "manifest-sha256.txt", "tagmanifest-sha256.txt"]
    subprocess.run(words, cwd=bag, check=True)
    signed = ["ssh-keygen", "-Y", "verify", "-f", str(handed.signers), "-I", "export@acme", "-n", "plantproof"]
    signed += ["-s", "tagmanifest-sha256.txt.sig"]
    with (bag / "tagmanifest-sha256.txt").open("rb") as message:
        good = subprocess.run(signed, cwd=bag, stdin=message, capture_output=True, text=True, check=False)
    assert good.returncode == 0, good.stderr
    assert 'Good "plantproof" signature for export@acme with ED25519 key' in good.stdout
    bagit.Bag(str(bag)).validate()


def test_verify_py_needs_nothing_that_has_to_be_installed(handed: Any, bag: Path, bundles: ModuleType) -> None:
    pin = History.read(handed.store).checkpoint.pin
    words = [sys.executable, "-I", "-S", str(handed.verifier)]
    for place in (handed.bundle, bag):
        asked = [*words, str(place), "--root-key", str(handed.root_file), "--pin", pin]
        done = subprocess.run(asked, env=bundles.environ(), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stderr == ""
        assert done.stdout.count(" passed\n") == 10
    wrong = [
        *words,
        str(bag),
        "--root-key",
        str(handed.root_file),
        "--pin",
        pin[:-1] + ("0" if pin[-1] != "0" else "1"),
    ]
    done = subprocess.run(wrong, env=bundles.environ(), capture_output=True, text=True, check=False)
    assert done.returncode == 16
    assert "pins          failed" in done.stdout


def test_verify_py_imports_the_standard_library_only() -> None:
    import ast

    tree = ast.parse(standalone())
    imported = {alias.name for node in tree.body if isinstance(node, ast.Import) for alias in node.names}
    imported |= {str(node.module).split(".")[0] for node in tree.body if isinstance(node, ast.ImportFrom)}
    assert imported <= sys.stdlib_module_names


def test_where_nothing_is_there_nothing_is_handed_out(own: Any) -> None:
    target = own.folder / "none.zip"
    with pytest.raises(ExportError, match="nothing of 2025 is in the log"):
        own.export(target, "2025")
    with pytest.raises(ExportError, match="no findings by the profile cmmc-l2"):
        own.export(target, profile="cmmc-l2")
    with pytest.raises(ExportError, match=r"99\.9: no requirement of the catalogue"):
        own.export(target, controls=("99.9",))
    with pytest.raises(ExportError, match="no such asset"):
        own.export(target, assets=frozenset({AssetId("nobody")}))
    with pytest.raises(ExportError, match="nobody: no such asset"):
        own.export(target, assets=frozenset({AssetId("sw-01"), AssetId("nobody")}))
    assert not target.exists()


def test_a_part_is_opened_once_though_nothing_is_held(own: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = Counter[int]()
    really = Ledger.open

    def counted(ledger: Ledger, index: int) -> Any:
        opened[index] += 1
        return really(ledger, index)

    monkeypatch.setattr(Ledger, "open", counted)
    history = History.read(own.store, opened=Opened(room=0))
    opened.clear()
    gathered = gather(history, Selection(period=parse_period("2026-11-21..2026-11-30")))
    parts = [index for index, (kind, _) in gathered.supplied.items() if kind == "part"]
    assert len(parts) > 1
    assert {opened[index] for index in parts} == {1}


def test_whoever_does_not_hold_the_sealers_key_hands_out_nothing(own: Any, bundles: ModuleType) -> None:
    from evidence.log.authority import AuthorityError
    from evidence.log.keys import SigningKey

    target = own.folder / "stolen.zip"
    stolen = {**own.keyring.signing, Role.SEALER: SigningKey.generate()}
    thief = bundles.Handed(folder=own.folder, store=own.store, keyring=Keyring(signing=stolen))
    with pytest.raises(AuthorityError, match="only the sealer may sign it"):
        thief.export(target)
    assert not target.exists()


@pytest.mark.parametrize("kept", ["parts/", "blobs/"])
def test_what_is_damaged_before_it_is_put_into_the_zip_is_not_handed_out(
    own: Any, monkeypatch: pytest.MonkeyPatch, kept: str
) -> None:
    real, target = write._write_zip, own.folder / "damaged.zip"

    def damaged(*words: Any) -> None:
        for key in own.store.keys(kept):
            path = own.store.path / key
            path.write_bytes(path.read_bytes()[:-1] + b"\x00")
        real(*words)

    monkeypatch.setattr(write, "_write_zip", damaged)
    with pytest.raises(Error, match=r"digest|frame"):
        own.export(target)
    assert not target.exists()
    assert not list(own.folder.glob(".damaged*"))
