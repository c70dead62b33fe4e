"""Profiles of the property tests (the ordinary one, and the long one of `script/test --all`), and shared fixtures."""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from by_path import load
from hypothesis import HealthCheck, settings

settings.register_profile("default", deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("fuzz", settings.get_profile("default"), max_examples=2_000)
settings.load_profile("default")


def pytest_configure() -> None:
    """Let what the tests start be interrupted, even where whoever started the tests ignores signals (nohup, `&`)."""
    for number, usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, usual)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that hold a slow test, so that nobody waits for one at the end."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


def _fixtures(name: str) -> ModuleType:
    return load(Path(__file__).parent / "fixtures" / f"{name}.py")


_snmpd = _fixtures("snmpd")
snmpd, snmp_gate, vendors_snmpd = _snmpd.snmpd, _snmpd.snmp_gate, _snmpd.vendors_snmpd

_site = _fixtures("site")
site = _site.site
_warm = _fixtures("warm")


@pytest.fixture(scope="session")
def warm() -> Iterator[Any]:
    """What runs `plantproof` and `plantproof-verify`, each time as a process of its own."""
    started = _warm.Warm()
    yield started
    started.close()


_sshd = _fixtures("sshd")
parts, simulate, ssh_keys, sshd, agent = _sshd.parts, _sshd.simulate, _sshd.ssh_keys, _sshd.sshd, _sshd.agent

visit_host = _fixtures("host_visit").visit_host

frr = _fixtures("frr").frr
zebra_vty = _fixtures("frr").zebra_vty

_ignition = _fixtures("ignition")
certificate, ignition = _ignition.certificate, _ignition.ignition
wiretap = _fixtures("wiretap").wiretap
_troubles = _fixtures("troubles")
capture = _fixtures("capture").capture
another_time = _fixtures("faked").another_time
_vault = _fixtures("vault")
opcua_plant = _fixtures("opcua").opcua_plant


@pytest.fixture(scope="session")
def vaults() -> ModuleType:
    """The module that encrypts as Ansible Vault does."""
    return _vault


@pytest.fixture(scope="session")
def troubles() -> ModuleType:
    """The module of doubles that stand for servers and networks in trouble."""
    return _troubles


@pytest.fixture(scope="session")
def faults() -> dict[str, ModuleType]:
    """The modules that make devices with every fault of docs/faults.md, by transport."""
    return {transport: _fixtures(f"faults_{transport}") for transport in ("snmp", "ssh", "http")}


@pytest.fixture(scope="session")
def ignition_double() -> ModuleType:
    """The module that makes gateways out of public documentation."""
    return _ignition


_aws = _fixtures("aws")
cloud_parts, moto, ministack_account = _aws.cloud_parts, _aws.moto, _aws.ministack_account
_rgw = _fixtures("rgw")
rgw, ministack = _rgw.rgw, _rgw.ministack


@pytest.fixture(scope="session")
def fault_proxy() -> ModuleType:
    """The proxy double that cuts, holds up and answers in a server's place."""
    return _fixtures("fault_proxy")


@pytest.fixture
def open_bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Open stores in buckets of a real server, as its owner or another user."""
    from evidence.store.remote import Remote
    from evidence.store.s3 import S3Store

    def opened(server: Any, place: str, *, keys: Any = _rgw.OWNER, endpoint: str | None = None, **said: Any) -> S3Store:
        for variable, value in server.environ(keys, endpoint=endpoint).items():
            monkeypatch.setenv(variable, value)
        words = {"endpoint": endpoint or server.endpoint, "locks": tmp_path} | said
        store = S3Store(f"s3://{place}", Remote(**words))
        assert store.bucket.client is not None  # made now, while these are the credentials
        return store

    return opened


_tsa = _fixtures("tsa")
tsa, other_tsa = _tsa.tsa, _tsa.other_tsa


@pytest.fixture(scope="session")
def tsas() -> ModuleType:
    """The module that makes time-stamp authorities."""
    return _tsa


_bundle = _fixtures("bundle")
handed, bag = _bundle.handed, _bundle.bag
chromium = _fixtures("browser").chromium
_verifiers = _fixtures("verifiers")
three_verifiers = _verifiers.three_verifiers


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
    return load(Path(__file__).parent / "vectors" / "make.py")


@pytest.fixture(scope="session")
def bundle_vectors() -> ModuleType:
    """The module that makes the frozen bundles."""
    return load(Path(__file__).parent / "vectors" / "bundles.py")


@pytest.fixture(scope="session")
def nights_module() -> ModuleType:
    """The module that makes logs of planned nights."""
    return _fixtures("nights")


@pytest.fixture(scope="session")
def estates() -> ModuleType:
    """The module that makes estates for checks out of a few words."""
    return _fixtures("estates")


@pytest.fixture(scope="session")
def playbooks() -> ModuleType:
    """The module that runs the playbooks."""
    return _fixtures("playbook")


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
