"""A small real store for the tests of evidence: the one the frozen vectors are made of."""

from pathlib import Path
from types import ModuleType

import pytest

from evidence.log.keyring import Keyring
from evidence.store.directory import DirectoryStore
from evidence.store.memory import MemoryStore


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
