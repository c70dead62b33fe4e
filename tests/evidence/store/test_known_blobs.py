"""What is known of a far store is not asked for again, and is never more than memory."""

from collections.abc import Callable
from datetime import datetime, timedelta
from types import ModuleType
from typing import Any

import pytest

from evidence.log.keyring import Keyring, Role
from evidence.log.keys import PublicKey
from evidence.log.nearby import NEARBY, recall, remember
from evidence.log.retain import look_after
from evidence.model.names import Digest, digest_of
from evidence.store.blobs import MissingError, check_blob, find_blob, get_blob, put_blob
from evidence.store.known import MAX_NEAR_BYTES, Known
from evidence.store.layout import blob_key, state_key
from evidence.store.memory import MemoryStore
from evidence.store.remote import Retention
from evidence.store.retains import Renewed, due_shards
from evidence.verify.verifier import verify


class Far(MemoryStore):
    """A store in memory that remembers like one far away, and counts what it is asked."""

    def __init__(self, kept: MemoryStore | None = None) -> None:
        super().__init__()
        if kept is not None:
            self._objects = kept._objects
        self.known = Known()
        self.asked: list[str] = []

    def get(self, key: str) -> bytes:
        near = self.known.near(key)
        if near is not None:
            return near
        self.asked.append(f"get {key}")
        data = super().get(key)
        self._keep(key, data)
        return data

    def put(self, key: str, data: bytes) -> None:
        self.asked.append(f"put {key}")
        super().put(key, data)
        self._keep(key, data)

    def _keep(self, key: str, data: bytes) -> None:
        if key.startswith("log/batch/"):
            self.known.keep_near(key, data)

    def keys(self, prefix: str) -> Any:
        self.asked.append(f"list {prefix}")
        return super().keys(prefix)

    def blobs_asked(self) -> list[str]:
        return [one for one in self.asked if "blobs/" in one]


def test_a_new_blob_costs_one_request_and_a_known_one_none() -> None:
    store = Far()
    digest = put_blob(store, b"x")
    put_blob(store, b"x")
    find_blob(store, digest)
    check_blob(store, digest, 1)
    assert store.asked == [f"put {blob_key(digest)}"]
    assert get_blob(store, digest, 1) == b"x"


def test_what_another_process_wrote_is_read_before_it_is_sealed() -> None:
    store = Far()
    digest = put_blob(store, b"x")
    other = Far(store)
    check_blob(other, digest, 1)
    assert other.asked == [f"get {blob_key(digest)}"]
    assert digest in other.known


def test_what_is_gone_or_damaged_is_forgotten() -> None:
    store = Far()
    store.known.saw(digest_of(b"x"))
    with pytest.raises(MissingError):
        check_blob(store, digest_of(b"x"), 1)
    assert digest_of(b"x") not in store.known
    with pytest.raises(MissingError):
        find_blob(store, digest_of(b"x"))
    put_blob(store, b"x")
    assert store.asked[-1].startswith("put")


def sealers(keyring: Keyring) -> tuple[PublicKey, ...]:
    return (keyring.key(Role.SEALER).public,)


@pytest.fixture
def sealed(vectors: ModuleType, keyring: Keyring) -> Far:
    store = Far()
    vectors.build(store)
    return store


def test_a_process_knows_what_the_last_one_saw(sealed: Far, vectors: ModuleType, keyring: Keyring) -> None:
    store = Far(sealed)
    recall(store, sealers(keyring))
    assert store.blobs_asked() == []
    blobs = [key for key in sealed.keys("blobs/") if len(key) > 60]
    assert all(Digest("sha256:" + key[-64:]) in store.known for key in blobs)
    assert len(store.known.nearby("log/batch/")) == len(list(sealed.keys("log/batch/")))


def test_ten_thousand_blobs_are_recalled_from_one_hint(sealed: Far, vectors: ModuleType, keyring: Keyring) -> None:
    digests = [digest_of(b"%d" % number) for number in range(10_000)]
    for digest in digests:
        sealed.known.saw(digest)
    remember(sealed, keyring)
    store = Far(sealed)
    recall(store, sealers(keyring))
    assert store.blobs_asked() == []
    assert all(digest in store.known for digest in digests)


@pytest.mark.parametrize("damage", ["lost", "forged", "garbage"])
def test_without_a_hint_to_trust_the_blobs_are_listed_once(
    sealed: Far, vectors: ModuleType, keyring: Keyring, damage: str
) -> None:
    key = state_key(NEARBY)
    if damage == "lost":
        del sealed._objects[key]
    else:
        sealed._objects[key] = b"{}" if damage == "garbage" else sealed._objects[state_key("heads")]
    store = Far(sealed)
    recall(store, sealers(keyring))
    recall(store, sealers(keyring))
    assert store.blobs_asked() == ["list blobs/"]
    assert digest_of(b"1.3.6.1.2.1.1.5.0 s press-7\n") in store.known


def test_a_process_that_knows_no_sealer_lists_them(sealed: Far, keyring: Keyring) -> None:
    store = Far(sealed)
    recall(store, ())
    assert store.blobs_asked() == ["list blobs/"]


def test_verification_relies_on_no_memory(sealed: Far, vectors: ModuleType, keyring: Keyring) -> None:
    store = Far(sealed)
    recall(store, sealers(keyring))
    digest = digest_of(b"1.3.6.1.2.1.1.5.0 s press-7\n")
    assert digest in store.known
    del store._objects[blob_key(digest)]
    assert [step.name for step in verify(store).failed] == ["blobs"]
    store = Far(sealed)
    recall(store, sealers(keyring))
    batch = next(iter(MemoryStore.keys(store, "log/batch/")))
    store._objects[batch] = store._objects[batch][:-2] + b"\n"
    assert "log" in [step.name for step in verify(store).failed]


def test_a_quiet_night_writes_no_memory_anew(sealed: Far, vectors: ModuleType, keyring: Keyring) -> None:
    before = sealed._objects[state_key(NEARBY)]
    store = Far(sealed)
    vectors.Site(store=store, keyring=keyring, now=vectors.START).seal()
    assert store._objects[state_key(NEARBY)] == before


def test_only_so_much_is_kept_at_hand() -> None:
    known = Known()
    known.keep_near("a", bytes(MAX_NEAR_BYTES))
    known.keep_near("b", b"x")
    assert known.near("b") is None
    known.forget_nearby()
    known.keep_near("b", b"x")
    assert known.near("b") == b"x"
    assert known.near("a") is None


def test_every_shard_has_its_turn_twice_in_the_slack() -> None:
    night, slack = timedelta(days=1), timedelta(days=180)
    seen: list[int] = []
    last = 255
    for _ in range(90):
        for shard in due_shards(last, night, slack):
            seen.append(shard)
            last = shard
    assert set(seen) == set(range(256))
    assert list(due_shards(255, timedelta(0), slack)) == [0]
    assert len(list(due_shards(7, timedelta(days=1000), slack))) == 256


class FarAndLocked(Far):
    """A far store that remembers what was looked at."""

    retention = Retention(period=timedelta(days=30), slack=timedelta(days=180))

    def __init__(self) -> None:
        super().__init__()
        self.looked: list[tuple[str, frozenset[str]]] = []

    def renew(self, prefix: str, *, wanted: Callable[[str], bool], at: datetime) -> Renewed:
        seen = frozenset(key for key in MemoryStore.keys(self, prefix))
        self.looked.append((prefix, frozenset(key for key in seen if wanted(key))))
        return Renewed(seen=seen, extended=0)


def test_sealing_looks_after_all_that_is_kept_shard_by_shard(vectors: ModuleType, keyring: Keyring) -> None:
    store = FarAndLocked()
    vectors.build(store)
    assert [prefix for prefix, _ in store.looked][:2] == ["blobs/sha256/00/", "blobs/sha256/01/"]
    gone = put_blob(store, b"out of use")
    lost = next(digest for digest in map(digest_of, (b"%d" % n for n in range(5000))) if digest[7:9] == "20")
    store.known.saw(lost)
    used = {digest_of(b"1.3.6.1.2.1.1.5.0 s press-7\n")}
    store.looked.clear()
    look_after(store, keyring, used, at=vectors.START + timedelta(days=365))
    assert len(store.looked) == 256 + 3
    assert [prefix for prefix, _ in store.looked if "blobs" not in prefix] == ["log/", "statements/", "store.json"]
    wanted = {key for prefix, keys in store.looked for key in keys}
    assert {blob_key(digest) for digest in used} <= wanted
    assert blob_key(gone) not in wanted
    assert set(MemoryStore.keys(store, "log/batch/")) <= wanted
    assert lost not in store.known
    assert gone in store.known
