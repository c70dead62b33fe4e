"""What every store promises; each new one joins the list."""

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from secrets import token_hex
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.store.directory import DirectoryStore
from evidence.store.erases import Erases
from evidence.store.interface import BusyError, ConflictError, Lockable, MissingError, Store, StoreError
from evidence.store.layout import MAX_OBJECT_BYTES, KeyNameError
from evidence.store.memory import MemoryStore
from evidence.store.remote import Remote, Retention
from evidence.store.s3 import S3Store

KEY = "blobs/sha256/2f/2f9a"


BUCKETS = {
    "rgw-locked": ("rgw", {"lock": True}),
    "rgw-unversioned": ("rgw", {"lock": False, "versioned": False}),
    "ministack-versioned": ("ministack", {"lock": False}),
}
"""Server and kind of bucket."""

KINDS = ["memory", "directory", *(pytest.param(kind, marks=pytest.mark.real) for kind in BUCKETS)]


@pytest.fixture(scope="module")
def buckets() -> dict[str, str]:
    """Buckets made so far; every store gets a prefix of its own in one of them."""
    return {}


@pytest.fixture(params=KINDS)
def store(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, buckets: dict[str, str]
) -> Store:
    kind = request.param
    if kind == "memory":
        return MemoryStore()
    if kind == "directory":
        return DirectoryStore(tmp_path)
    name, how = BUCKETS[kind]
    server = request.getfixturevalue(name)
    for variable, value in server.environ().items():
        monkeypatch.setenv(variable, value)
    bucket = buckets.get(kind) or buckets.setdefault(kind, server.bucket(**how))
    remote = Remote(
        endpoint=server.endpoint,
        locks=tmp_path,
        retention=Retention(period=timedelta(hours=1), slack=timedelta(hours=1)) if how["lock"] else None,
        now=lambda: datetime.now(UTC),
    )
    return S3Store(f"s3://{bucket}/{token_hex(8)}", remote)


def test_what_was_put_is_what_is_got(store: Store) -> None:
    store.put(KEY, b"\x00\xffdata")
    assert store.get(KEY) == b"\x00\xffdata"


def test_an_empty_object_is_an_object(store: Store) -> None:
    store.put(KEY, b"")
    assert store.get(KEY) == b""
    assert list(store.keys("")) == [KEY]


def test_equal_bytes_may_be_put_again(store: Store) -> None:
    store.put(KEY, b"x")
    store.put(KEY, b"x")
    assert store.get(KEY) == b"x"


def test_different_bytes_never_replace_the_first(store: Store) -> None:
    store.put(KEY, b"x")
    with pytest.raises(ConflictError, match=KEY):
        store.put(KEY, b"y")
    assert store.get(KEY) == b"x"


def test_what_was_never_put_is_missing(store: Store) -> None:
    store.put("blobs/sha256/2f/2f9b", b"x")
    for key in (KEY, "blobs/sha256/2f", "blobs/sha256/2f/2f9b/more"):
        with pytest.raises(MissingError, match=key):
            store.get(key)


NO_KEYS = (
    "",
    "/",
    "a/",
    "/a",
    "a//b",
    ".",
    "..",
    "a/../b",
    "a/..",
    ".tmp/x",
    ".lock",
    "A",
    "a b",
    "ä",
    "a\\b",
    "con",
    "a/nul.txt",
    "com1",
    "x.",
    "a:b",
    "a" * 101,
    "a/b/c/d/e/f/g",
    "a\n",
    "~",
)


def test_what_is_no_key_is_refused_everywhere(store: Store) -> None:
    for key in NO_KEYS:
        for act in (store.get, lambda key: store.put(key, b""), lambda key: store.replace(key, b"")):
            with pytest.raises(KeyNameError):
                act(key)
    assert list(store.keys("")) == []


def test_keys_come_in_the_order_of_their_bytes(store: Store) -> None:
    keys = ["a", "a-b/c", "a.b", "a/b", "a/b-c", "a0", "log/checkpoint", "log/checkpoints/0", "b/c/d/e"]
    for key in keys:
        if key != "a":
            store.put(key, b"")
    assert list(store.keys("")) == sorted(keys[1:])


CHOSEN = (
    ("", ["log/batch/0", "log/batch/1", "log/bats/0", "parts/x/y"]),
    ("log/", ["log/batch/0", "log/batch/1", "log/bats/0"]),
    ("log/bat", ["log/batch/0", "log/batch/1", "log/bats/0"]),
    ("log/batch", ["log/batch/0", "log/batch/1"]),
    ("log/batch/", ["log/batch/0", "log/batch/1"]),
    ("log/batch/1", ["log/batch/1"]),
    ("log/batch/1/", []),
    ("lo", ["log/batch/0", "log/batch/1", "log/bats/0"]),
    ("x", []),
    ("nothing/here/", []),
)


def test_a_prefix_chooses_keys_letter_by_letter(store: Store) -> None:
    for key in ("log/batch/0", "log/batch/1", "log/bats/0", "parts/x/y"):
        store.put(key, b"")
    for prefix, found in CHOSEN:
        assert list(store.keys(prefix)) == found, prefix


def test_a_hint_is_replaced(store: Store) -> None:
    for key in ("log/checkpoint", "state/host-keys.json"):
        store.replace(key, b"one")
        store.replace(key, b"two")
        assert store.get(key) == b"two"


@pytest.mark.parametrize("key", ["log/checkpoints/000000000001", "log/batch/000000000000", "store.json", "states/x"])
def test_evidence_is_never_replaced(store: Store, key: str) -> None:
    store.put(key, b"x")
    with pytest.raises(StoreError, match="only hints"):
        store.replace(key, b"y")
    assert store.get(key) == b"x"


class _Huge(bytes):
    """Bytes that say they are more than any object has."""

    def __len__(self) -> int:
        return MAX_OBJECT_BYTES + 1


def test_an_object_larger_than_any_is_not_taken(store: Store) -> None:
    for write in (store.put, store.replace):
        with pytest.raises(StoreError, match=f"at most {MAX_OBJECT_BYTES}"):
            write("log/checkpoint", _Huge())
    assert list(store.keys("")) == []


def test_only_one_holds_the_lock(store: Store) -> None:
    assert isinstance(store, Lockable)
    with store.exclusive(wait_s=0):
        with pytest.raises(BusyError), store.exclusive(wait_s=0):
            raise AssertionError("two hold it")
        with pytest.raises(BusyError), store.exclusive(wait_s=0.06):
            raise AssertionError("two hold it")
    with store.exclusive(wait_s=0):
        assert list(store.keys("")) == []


def test_whoever_waits_gets_the_lock_when_it_is_free(store: Store) -> None:
    assert isinstance(store, Lockable)
    held, order = threading.Event(), []

    def hold() -> None:
        with store.exclusive(wait_s=0):
            held.set()
            waiting.wait(5)
            order.append("first")

    waiting = threading.Event()
    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(5)
    waiting.set()
    with store.exclusive(wait_s=5):
        order.append("second")
    thread.join()
    assert order == ["first", "second"]


def test_the_lock_is_let_go_when_its_holder_fails(store: Store) -> None:
    assert isinstance(store, Lockable)
    with pytest.raises(ZeroDivisionError), store.exclusive(wait_s=0):
        raise ZeroDivisionError
    with store.exclusive(wait_s=0):
        pass


def test_many_writers_of_one_key_agree_on_one_content(store: Store) -> None:
    conflicts, start = [], threading.Barrier(8)

    def write(n: int) -> None:
        start.wait()
        try:
            store.put(KEY, b"%d" % (n % 2) * 10_000)
        except ConflictError:
            conflicts.append(n)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.get(KEY) in (b"0" * 10_000, b"1" * 10_000)
    assert len(conflicts) == 4


_COMPONENT = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,6}", fullmatch=True).filter(
    lambda c: c not in ("con", "prn", "aux", "nul")
)


_OBJECTS = st.dictionaries(
    st.lists(_COMPONENT, min_size=3, max_size=3).map("/".join), st.binary(max_size=64), max_size=8
)


@pytest.mark.parametrize("kind", ["memory", "directory"])
@settings(max_examples=15)
@given(objects=_OBJECTS)
def test_a_store_is_a_map_from_keys_to_bytes(kind: str, objects: dict[str, bytes]) -> None:
    with TemporaryDirectory() as folder:
        store = MemoryStore() if kind == "memory" else DirectoryStore(Path(folder))
        for key, data in objects.items():
            store.put(key, data)
        assert list(store.keys("")) == sorted(objects)
        assert {key: store.get(key) for key in objects} == objects


def test_what_is_erased_is_gone_and_can_be_put_again(store: Store) -> None:
    assert isinstance(store, Erases)
    store.put(KEY, b"x")
    store.put(f"{KEY}b", b"beside it")
    assert list(store.kept_by(KEY, bypass=True, at=datetime.now(UTC))) == []
    assert store.erase(KEY, bypass=True) == 1
    assert store.erase(KEY, bypass=True) == 0
    assert list(store.keys("")) == [f"{KEY}b"]
    with pytest.raises(MissingError):
        store.get(KEY)
    store.put(KEY, b"y")
    assert store.get(KEY) == b"y"
