"""Findings with one id, and an asset named like another's folder: honest bundles, and all three verifiers say so."""

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from by_path import load

from evidence.bundle.judged import CONTROLS, FINDINGS
from evidence.bundle.layout import shorten

ROOT = Path(__file__).parents[3]
HOME = ROOT / "tests" / "vectors" / "bundle-0.1"


@pytest.fixture(scope="module")
def fuzz() -> ModuleType:
    """What asks all three, and has `verify` make the tables anew."""
    return load(ROOT / "script" / "fuzz_bundles.py")


@pytest.fixture
def bag(fuzz: ModuleType) -> Any:
    return fuzz.Bag.read((HOME / "whole.zip").read_bytes())


def judge_otherwise(fuzz: ModuleType, bag: Any, edit: Callable[[list[Any]], list[Any]], statements: Any = None) -> None:
    """Have the assessor's results say something else, and statements, by their digests; what refers to them follows."""
    results = bag.statement(bag.of_kind("findings")[-1])["predicate"]["results"][7:]
    rows = edit(json.loads(bag.files[fuzz.BLOBS + results]))
    rows.sort(key=lambda row: (row["requirement"], row.get("asset", ""), row.get("row", "")))
    fuzz.rebuild(bag, statements or {}, {results: fuzz.written(rows)})


def check_all_agree(fuzz: ModuleType, bag: Any, folder: Path) -> None:
    """Assert that no step fails, once the tables are those that `verify` makes; and that one row moved is found."""
    root = HOME / "root.pub"
    with fuzz.Page(folder, "") as page, fuzz.kept_tables():
        asked = fuzz.Asked(folder / "bundle.zip", page)
        fuzz.MADE.clear()
        asked.same(bag, root, [])
        for path in [path for path in bag.files if path.startswith(CONTROLS)]:
            del bag.files[path]
        bag.files |= fuzz.MADE
        ours, alone, html = asked.same(bag, root, [])
        assert ours == alone == html
        assert "passed" in ours.values()
        assert "failed" not in ours.values()
        first, *rows = bag.files[FINDINGS].splitlines(keepends=True)
        bag.files[FINDINGS] = b"".join([first, rows[-1], *rows[:-1]])
        ours, alone, html = asked.same(bag, root, [])
        assert ours == alone == html
        assert "failed" in ours.values()


def test_two_findings_with_one_id_are_told_apart(fuzz: ModuleType, bag: Any, tmp_path: Path) -> None:
    def meeting(rows: list[Any]) -> list[Any]:
        one = next(row for row in rows if (row["requirement"], row.get("asset")) == ("INV-03", "sw-01"))
        return [*rows, {**one, "row": "2775639"}, {**one, "row": "7743863"}]

    judge_otherwise(fuzz, bag, meeting)
    check_all_agree(fuzz, bag, tmp_path)
    ids = [line.split(b",")[0] for line in bag.files[FINDINGS].splitlines() if b"2775639" in line or b"7743863" in line]
    assert len(ids) == 2
    assert len(set(ids)) == 1


def test_an_asset_named_like_anothers_folder_has_answers_of_its_own(fuzz: ModuleType, bag: Any, tmp_path: Path) -> None:
    now = {"sw-01": "L" * 70, "sw-02": shorten("L" * 70, 60)}
    edits = {}
    system = next(
        one
        for path in bag.of_kind("part")
        for one in bag.statement(path)["predicate"]["captures"]
        if (one["asset"], one["question"]) == ("sw-01", "system")
    )
    for path in bag.of_kind("part"):
        said = bag.statement(path)
        rows = said["predicate"]["captures"]
        for one in rows:
            if (one["asset"], one["question"]) == ("sw-02", "system"):
                one |= {"blob": system["blob"], "bytes": system["bytes"], "question": "zystem"}
            one["asset"] = now.get(one["asset"], one["asset"])
        named = [{"name": f"{one['asset']}/{one['question']}", "digest": {"sha256": one["blob"][7:]}} for one in rows]
        edits[path.split("/")[-1][:64]] = {**said, "subject": [said["subject"][0], *named]}

    def renamed(rows: list[Any]) -> list[Any]:
        for row in rows:
            if row.get("asset") in now and row["requirement"] == "INV-03":
                row["evidence"] = [system["blob"]]
            if "asset" in row:
                row["asset"] = now.get(row["asset"], row["asset"])
        return rows

    files = {path: bag.files.pop(path) for path in [*bag.files] if path.split("/")[2:3] in (["sw-01"], ["sw-02"])}
    for path, data in files.items():
        _, _, asset, day, name = path.split("/")
        if asset == "sw-01" and name == "system.txt":
            bag.files |= {f"data/evidence/{now['sw-02']}/{day}/{name}": data for name in ("system.txt", "zystem.txt")}
    judge_otherwise(fuzz, bag, renamed, edits)
    check_all_agree(fuzz, bag, tmp_path)
    lines = bag.files[FINDINGS].decode().splitlines()
    for asset, name in (now["sw-01"], "/system.txt"), (now["sw-02"], "/zystem.txt"):
        (line,) = [line for line in lines if ",INV-03," in line and f",{asset}," in line]
        assert name in line
