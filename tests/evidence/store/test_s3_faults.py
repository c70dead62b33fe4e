"""A bad line between us and a real server: nothing lost, nothing doubled, and no request sent for ever."""

from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest

from evidence.store.blobs import get_blob, put_blob
from evidence.store.interface import ConflictError, MissingError, StoreError
from evidence.store.layout import blob_key
from evidence.store.s3 import S3Store
from evidence.store.s3_wire import FIRST_PAUSE_S, TRIES
from evidence.verify.verifier import verify

pytestmark = pytest.mark.real

Opened = Callable[..., S3Store]
PLAIN = b"interface Gi0/1\n" * 50
BATCH = "log/batch/000000000000"


@pytest.fixture(scope="module")
def bucket(rgw: Any) -> str:
    return rgw.bucket()


@pytest.fixture
def proxy(rgw: Any, fault_proxy: ModuleType) -> Iterator[Any]:
    with fault_proxy.fault_proxy(rgw.endpoint) as running:
        yield running


@pytest.fixture
def pauses() -> list[float]:
    """How long the store waited; nobody really waits."""
    return []


@pytest.fixture
def behind(
    request: pytest.FixtureRequest, rgw: Any, bucket: str, proxy: Any, open_bucket: Opened, pauses: list[float]
) -> S3Store:
    """A store of its own, reached through the proxy."""
    name = request.node.name.replace("[", "/").replace("]", "").replace(" ", "-")
    return open_bucket(rgw, f"{bucket}/{name}"[:90], endpoint=proxy.endpoint, timeout_s=3.0, wait=pauses.append)


def versions(store: S3Store, key: str) -> int:
    return len(list(store.bucket.versions_of(key)))


def test_whatever_befalls_a_put_its_object_is_there_once(behind: S3Store, proxy: Any, fault_proxy: ModuleType) -> None:
    assert behind.habits.versioned
    for number, fault in enumerate(fault_proxy.FAULTS):
        key, data = f"log/batch/{number:012d}", b"line %d\n" % number
        proxy.once_each(fault, when=lambda line: line.startswith("PUT"))
        behind.put(key, data)
        proxy.fault = lambda _: fault_proxy.PASS
        assert behind.bucket.get(key) == data, fault
        assert versions(behind, key) == 1, fault
    assert list(behind.surplus()) == []


def test_whatever_befalls_a_get_the_bytes_are_right(
    behind: S3Store, proxy: Any, fault_proxy: ModuleType, rgw: Any, bucket: str
) -> None:
    digest = put_blob(behind, PLAIN)
    for fault in fault_proxy.FAULTS:
        proxy.once_each(fault, when=lambda line: line.startswith("GET"))
        assert get_blob(behind, digest, len(PLAIN)) == PLAIN, fault


def test_whatever_befalls_a_listing_it_is_whole(behind: S3Store, proxy: Any, fault_proxy: ModuleType) -> None:
    keys = [f"log/batch/{number:012d}" for number in range(3)]
    for key in keys:
        behind.put(key, b"x")
    for fault in fault_proxy.FAULTS:
        proxy.once_each(fault)
        assert list(behind.keys("log/")) == keys, fault


def test_a_put_that_another_wins_while_its_answer_is_lost_is_a_conflict(
    behind: S3Store, proxy: Any, fault_proxy: ModuleType, rgw: Any, bucket: str, open_bucket: Opened
) -> None:
    assert behind.habits.versioned
    place = behind.bucket.place.removeprefix("s3://")
    other = open_bucket(rgw, place)

    def lose_to_another(line: str) -> str:
        if line.startswith("PUT"):
            proxy.fault = lambda _: fault_proxy.PASS
            other.put(BATCH, b"theirs")
            return str(fault_proxy.LOSE_REQUEST)
        return str(fault_proxy.PASS)

    proxy.fault = lose_to_another
    with pytest.raises(ConflictError):
        behind.put(BATCH, b"ours")
    assert behind.get(BATCH) == b"theirs"


def test_a_server_that_stays_away_is_asked_a_bounded_number_of_times(
    behind: S3Store, proxy: Any, fault_proxy: ModuleType, pauses: list[float]
) -> None:
    assert behind.habits.versioned
    for fault in (fault_proxy.ANSWER_503, fault_proxy.LOSE_REQUEST):
        proxy.fault = lambda _, fault=fault: fault
        proxy.seen.clear()
        pauses.clear()
        with pytest.raises(StoreError, match=f"no answer in {TRIES} tries") as caught:
            behind.get(blob_key("sha256:" + "0" * 64))  # type: ignore[arg-type]
        assert not isinstance(caught.value, MissingError)
        assert len(proxy.seen) == TRIES
        assert pauses == [FIRST_PAUSE_S * 2**n for n in range(TRIES - 1)]


def test_what_is_refused_is_not_asked_again(
    rgw: Any, bucket: str, proxy: Any, open_bucket: Opened, pauses: list[float]
) -> None:
    for place, keys, said in (
        (f"{bucket}/x", ("WRONG", "wrong"), "InvalidAccessKeyId"),
        (f"{bucket}/x", ("OWNERKEY", "wrong"), "SignatureDoesNotMatch"),
        ("no-such-bucket", ("OWNERKEY", "owner-secret-31"), "NoSuchBucket"),
    ):
        store = open_bucket(rgw, place, keys=keys, endpoint=proxy.endpoint, wait=pauses.append)
        with pytest.raises(StoreError, match=said) as caught:
            list(store.keys(""))
        assert caught.value.hint
    assert pauses == []
    assert len(proxy.seen) == 3


def test_nothing_listens_there(rgw: Any, bucket: str, open_bucket: Opened, pauses: list[float]) -> None:
    store = open_bucket(rgw, bucket, endpoint="http://127.0.0.1:1", wait=pauses.append)
    with pytest.raises(StoreError, match="no answer in"):
        store.get("store.json")
    assert len(pauses) == TRIES - 1


def test_a_run_over_a_bad_line_is_sealed_whole_and_once(
    behind: S3Store, proxy: Any, fault_proxy: ModuleType, vectors: ModuleType
) -> None:
    count = 0

    def every_seventh(_line: str) -> str:
        nonlocal count
        count += 1
        faults = [fault for fault in fault_proxy.FAULTS if fault != fault_proxy.HOLD_UP]
        return faults[count // 7 % len(faults)] if count % 7 == 0 else str(fault_proxy.PASS)

    proxy.fault = every_seventh
    site = vectors.Site(store=behind, keyring=vectors.fixed_keyring())
    site.begin()
    plan = site.plan(vectors.ASSETS[:1])
    for _ in range(2):
        site.run(plan, assets=vectors.ASSETS[:1])
        pin = site.seal()
    assert count > 70
    proxy.fault = lambda _: fault_proxy.PASS
    report = verify(behind, trusted_root=vectors.fixed_key("root").public, pins=[pin])
    assert report.failed == ()
    assert [one for one in behind.surplus() if not one.alike] == []
    assert pin.size == 9
