"""A small real store for the tests of evidence: the one the frozen vectors are made of."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from evidence.log.keyring import Keyring
from evidence.store.directory import DirectoryStore
from evidence.store.memory import MemoryStore


def _make() -> ModuleType:
    path = Path(__file__).parents[1] / "vectors" / "make.py"
    spec = importlib.util.spec_from_file_location("plantproof_vectors_make", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def vectors() -> ModuleType:
    """The module that makes small stores."""
    return _make()


@pytest.fixture
def keyring(vectors: ModuleType) -> Keyring:
    """Fixed keys of every role."""
    return vectors.fixed_keyring()


@pytest.fixture
def memory() -> MemoryStore:
    """An empty store."""
    return MemoryStore()


@pytest.fixture
def folder(tmp_path: Path) -> DirectoryStore:
    """An empty store in a directory."""
    place = tmp_path / "store"
    place.mkdir()
    return DirectoryStore(place)
