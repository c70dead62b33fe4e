"""From what a user writes to a store."""

from pathlib import Path

import pytest

from evidence.store.directory import DirectoryStore
from evidence.store.interface import StoreError
from evidence.store.lock import locked
from evidence.store.open import open_store
from evidence.store.remote import Remote, endpoint_in
from evidence.store.s3 import S3Store


def test_a_directory_is_a_store(tmp_path: Path) -> None:
    opened = open_store(str(tmp_path))
    assert isinstance(opened, DirectoryStore)
    assert opened.path == tmp_path.resolve()


def test_a_tilde_is_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    opened = open_store("~/store", create=True)
    assert isinstance(opened, DirectoryStore)
    assert opened.path == tmp_path.resolve() / "store"


def test_a_missing_directory_is_made_only_on_request(tmp_path: Path) -> None:
    place = tmp_path / "a" / "b"
    with pytest.raises(StoreError, match="no store at"):
        open_store(str(place))
    assert not place.exists()
    open_store(str(place), create=True)
    assert place.stat().st_mode & 0o007 == 0
    open_store(str(place), create=True)


def test_a_place_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match="file/x: cannot be made"):
        open_store(str(tmp_path / "file" / "x"), create=True)


def test_a_bucket_is_a_store_and_is_asked_nothing_before_it_is_used() -> None:
    opened = open_store("s3://bucket/prefix", create=True, remote=Remote(endpoint="http://127.0.0.1:1"))
    assert isinstance(opened, S3Store)
    assert opened.bucket.place == "s3://bucket/prefix"
    assert isinstance(open_store("s3://bucket/"), S3Store)


@pytest.mark.parametrize("spec", ["s3://", "s3://B", "s3://bucket/..", "s3://bucket//x", "s3://bucket/a b", "s3:///x"])
def test_what_names_no_bucket_is_refused(spec: str) -> None:
    with pytest.raises(StoreError, match="expected s3://bucket"):
        open_store(spec)


def test_another_kind_of_store_is_refused() -> None:
    with pytest.raises(StoreError, match="no such kind of store"):
        open_store("https://bucket.example")


def test_the_environment_names_the_server() -> None:
    assert endpoint_in({}) is None
    assert endpoint_in({"AWS_ENDPOINT_URL": "a", "AWS_ENDPOINT_URL_S3": "b"}) == "b"
    assert endpoint_in({"AWS_ENDPOINT_URL": "a", "PLANTPROOF_S3_ENDPOINT": "c"}) == "c"


def test_a_store_without_a_lock_does_without() -> None:
    with locked(object(), wait_s=0):  # type: ignore[arg-type]
        pass


def test_a_home_nobody_has_is_said() -> None:
    with pytest.raises(StoreError, match="nobody knows whose home") as caught:
        open_store("~no-such-user-here/store")
    assert caught.value.hint == "name the directory in full"
