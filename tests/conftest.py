"""Profiles of the property tests (the ordinary one, and the long one of `script/test --all`), and shared fixtures."""

import importlib.util
import signal
import sys
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("default", deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("fuzz", settings.get_profile("default"), max_examples=2_000)
settings.load_profile("default")


def pytest_configure() -> None:
    """Let what the tests start be interrupted, even where whoever started the tests ignores signals (nohup, `&`)."""
    for number, usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, usual)


def _load(path: Path) -> ModuleType:
    """Load a module of the tests by its path: tests are no package, so it is not found by import."""
    spec = importlib.util.spec_from_file_location(f"plantproof_{path.parent.name}_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def _fixtures(name: str) -> ModuleType:
    return _load(Path(__file__).parent / "fixtures" / f"{name}.py")


_snmpd = _fixtures("snmpd")
snmpd, snmp_gate = _snmpd.snmpd, _snmpd.snmp_gate

_site = _fixtures("site")
site = _site.site

_sshd = _fixtures("sshd")
parts, simulate, ssh_keys, sshd = _sshd.parts, _sshd.simulate, _sshd.ssh_keys, _sshd.sshd

frr = _fixtures("frr").frr

_bundle = _fixtures("bundle")
handed, bag = _bundle.handed, _bundle.bag


@pytest.fixture(scope="session")
def sites() -> ModuleType:
    """The module that works on sites through the command line, for fixtures that outlive a test."""
    return _site


@pytest.fixture(scope="session")
def bundles() -> ModuleType:
    """The module that hands out bundles, and damages them."""
    return _bundle


@pytest.fixture(scope="session")
def vectors() -> ModuleType:
    """The module that makes small stores: the frozen vectors, and what tests damage."""
    return _load(Path(__file__).parent / "vectors" / "make.py")


@pytest.fixture(scope="session")
def plant_module() -> ModuleType:
    """The module that makes a small plant out of the recorded devices."""
    return _fixtures("plant")


@pytest.fixture(scope="session")
def plant_folder(plant_module: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store in a directory with two nights of a small plant; only to be read."""
    from evidence.log.keyring import create_keyring
    from evidence.store.open import open_store

    folder = tmp_path_factory.mktemp("plant")
    keyring = create_keyring(folder / "store.keys")
    plant_module.build(open_store(str(folder / "store"), create=True), keyring)
    return folder / "store"
