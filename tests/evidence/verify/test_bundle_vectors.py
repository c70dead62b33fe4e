"""Three verifiers that share no code say the same of every vector: of good bundles, and of each with one thing wrong."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from evidence.log.keyring import load_public
from evidence.log.keys import SigningKey

VECTORS = Path(__file__).parents[2] / "vectors"
FROZEN = VECTORS / "bundle-0.1"


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"plantproof_test_{name}", VECTORS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


DEFECTS = load("defects").DEFECTS
pytestmark = pytest.mark.real


def failing(said: Any) -> set[str]:
    return {step for step, status in said.items() if status == "failed"}


def asked(three: Any, bundle: Path, pins: Any, root: Any = None) -> dict[str, dict[str, str]]:
    root = root or load_public(FROZEN / "root.pub")
    return {name: dict(getattr(three, name)(bundle, root, pins)) for name in ("ours", "python", "html")}


@pytest.mark.parametrize("name", sorted(path.stem for path in FROZEN.glob("*.zip")))
def test_all_three_find_nothing_wrong_with_a_frozen_bundle(name: str, three_verifiers: Any) -> None:
    pins = (FROZEN / "pins.txt").read_text().splitlines()
    said = asked(three_verifiers, FROZEN / f"{name}.zip", pins)
    assert failing(said["ours"]) == set()
    assert said["python"] == said["ours"]
    assert said["html"] == said["ours"]


@pytest.mark.parametrize("name", DEFECTS)
def test_all_three_fail_a_defect_at_the_same_step(name: str, three_verifiers: Any, tmp_path: Path) -> None:
    defect, bad = DEFECTS[name], tmp_path / f"{name}.zip"
    bad.write_bytes(defect.make())
    root = SigningKey.from_seed(bytes(32)).public if defect.root else None
    said = asked(three_verifiers, bad, defect.pins, root)
    assert {who: failing(steps) for who, steps in said.items()} == dict.fromkeys(said, set(defect.fails))
    if defect.says:
        assert {steps[defect.says] for steps in said.values()} == {"not-checked"}
