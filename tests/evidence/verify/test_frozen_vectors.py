"""A store written by any release verifies under every later one."""

import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from evidence.log.history import History
from evidence.log.keyring import load_public
from evidence.log.note import parse_pin
from evidence.store.directory import DirectoryStore
from evidence.store.layout import Area, parse_key
from evidence.store.memory import Vault
from evidence.verify.result import Status
from evidence.verify.verifier import verify

VECTORS = Path(__file__).parents[2] / "vectors"
CAPTURES = {"store-0.1": 16, "store-0.1-personal": 27}
STORES = sorted(path for path in VECTORS.iterdir() if (path / "store" / "store.json").exists())


def test_there_is_a_vector() -> None:
    assert {path.name for path in STORES} == CAPTURES.keys()


@pytest.mark.parametrize("vector", STORES, ids=lambda path: path.name)
def test_a_frozen_store_verifies(vector: Path) -> None:
    store = DirectoryStore(vector / "store")
    pins = [parse_pin(line.encode()) for line in (vector / "pins.txt").read_text().splitlines()]
    report = verify(store, trusted_root=load_public(vector / "root.pub"), pins=pins)
    open_ones = {11, 12} | ({8} if vector.name == "store-0.1-personal" else set())  # in that one an answer was erased
    for step in report.steps:
        assert step.status is (Status.NOT_CHECKED if step.number in open_ones else Status.PASSED), step
    assert report.checkpoint == pins[-1]
    assert len(list(History.read(store).captures())) == CAPTURES[vector.name]


@pytest.mark.parametrize("vector", STORES, ids=lambda path: path.name)
def test_verifying_writes_nothing(vector: Path, tmp_path: Path) -> None:
    shutil.copytree(vector / "store", tmp_path / "store")
    before = sorted(str(path) for path in tmp_path.rglob("*"))
    verify(DirectoryStore(tmp_path / "store"))
    assert sorted(str(path) for path in tmp_path.rglob("*")) == before


@pytest.mark.parametrize(("name", "build"), [("store-0.1", "build"), ("store-0.1-personal", "build_personal")])
def test_the_same_evidence_is_still_written_the_same_way(vectors: ModuleType, name: str, build: str) -> None:
    """Byte for byte, but for blobs: another zstd may write another frame of the same plain bytes."""
    frozen, fresh = DirectoryStore(VECTORS / name / "store"), Vault()
    getattr(vectors, build)(fresh)
    assert list(fresh.keys("")) == list(frozen.keys(""))
    for key in frozen.keys(""):
        if parse_key(key).area is not Area.BLOB:
            assert fresh.get(key) == frozen.get(key), key


def test_the_script_makes_a_vector(tmp_path: Path) -> None:
    script = VECTORS / "make.py"
    root = VECTORS.parents[1]
    subprocess.run(
        [sys.executable, str(script), str(tmp_path / "v")], check=True, cwd=root, env={"PYTHONPATH": str(root)}
    )
    frozen = VECTORS / "store-0.1"
    for name in ("pins.txt", "root.pub"):
        assert (tmp_path / "v" / name).read_text() == (frozen / name).read_text()
