"""A bucket that keeps versions: what is put over an object never counts, and is always named."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

import pytest
import zstandard

from evidence.log.keyring import Keyring
from evidence.log.note import Checkpoint
from evidence.store.blobs import get_blob, put_blob
from evidence.store.interface import ConflictError, MissingError, StoreError
from evidence.store.layout import CHECKPOINT_HINT_KEY, blob_key, parse_key
from evidence.store.remote import Retention
from evidence.store.s3 import S3Store
from evidence.store.s3_retention import locked_until
from evidence.verify.result import Report
from evidence.verify.verifier import verify

pytestmark = pytest.mark.real

HOUR = timedelta(hours=1)
PLAIN = b"hostname sw-01\n" * 20
Opened = Callable[..., S3Store]


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture(scope="module")
def locked(rgw: Any) -> str:
    return rgw.bucket()


@pytest.fixture(scope="module")
def unlocked(rgw: Any) -> str:
    return rgw.bucket(lock=False)


def checked(store: S3Store, vectors: ModuleType, pin: Checkpoint) -> Report:
    return verify(store, trusted_root=vectors.fixed_key("root").public, pins=[pin])


def small(store: S3Store, vectors: ModuleType) -> Checkpoint:
    """Make a log with one run of one asset."""
    site = vectors.Site(store=store, keyring=vectors.fixed_keyring())
    site.begin()
    assets = vectors.ASSETS[:1]
    site.run(site.plan(assets), assets=assets)
    return site.seal()


def failed(report: Report) -> list[str]:
    return [step.name for step in report.failed]


def test_what_is_put_over_a_numbered_object_never_counts(rgw: Any, locked: str, open_bucket: Opened) -> None:
    store = open_bucket(rgw, f"{locked}/numbered", retention=Retention(period=HOUR, slack=HOUR), now=now)
    store.put("log/batch/000000000000", b"first")
    rgw.client().put_object(Bucket=locked, Key="numbered/log/batch/000000000000", Body=b"second")
    again = open_bucket(rgw, f"{locked}/numbered")
    assert again.get("log/batch/000000000000") == b"first"
    again.put("log/batch/000000000000", b"first")
    with pytest.raises(ConflictError):
        again.put("log/batch/000000000000", b"second")
    (found,) = again.surplus()
    assert (found.key, found.what, found.data) == ("log/batch/000000000000", "another version", b"second")


def test_any_version_that_fits_its_name_is_the_artefact(rgw: Any, locked: str, open_bucket: Opened) -> None:
    store = open_bucket(rgw, f"{locked}/named")
    digest = put_blob(store, PLAIN)
    key = f"named/{blob_key(digest)}"
    client = rgw.client()
    client.put_object(Bucket=locked, Key=key, Body=b"not a frame")
    client.put_object(Bucket=locked, Key=key, Body=zstandard.compress(PLAIN, 19))
    client.put_object(Bucket=locked, Key=key, Body=zstandard.compress(b"another text"))
    again = open_bucket(rgw, f"{locked}/named")
    assert get_blob(again, digest, len(PLAIN)) == PLAIN
    assert sorted(one.what for one in again.surplus()) == ["another version", "another version", "written again"]


def test_rubbish_that_was_there_first_keeps_no_artefact_out(
    rgw: Any, ministack: Any, locked: str, open_bucket: Opened
) -> None:
    for server, bucket in ((rgw, locked), (ministack, ministack.bucket(lock=False))):
        store = open_bucket(server, f"{bucket}/rubbish")
        digest = put_blob(open_bucket(server, f"{bucket}/elsewhere"), PLAIN)
        server.client().put_object(Bucket=bucket, Key=f"rubbish/{blob_key(digest)}", Body=b"rubbish")
        put_blob(store, PLAIN)
        assert get_blob(open_bucket(server, f"{bucket}/rubbish"), digest, len(PLAIN)) == PLAIN


def test_a_delete_marker_hides_a_hint_and_nothing_else(rgw: Any, locked: str, open_bucket: Opened) -> None:
    store = open_bucket(rgw, f"{locked}/deleted")
    store.put("store.json", b"{}")
    digest = put_blob(store, PLAIN)
    store.replace("state/hold/line-3", b"")
    for key in ("store.json", blob_key(digest), "state/hold/line-3"):
        rgw.client().delete_object(Bucket=locked, Key=f"deleted/{key}")
    again = open_bucket(rgw, f"{locked}/deleted")
    assert list(again.keys("")) == [blob_key(digest), "store.json"]
    assert again.get("store.json") == b"{}"
    assert get_blob(again, digest, len(PLAIN)) == PLAIN
    with pytest.raises(MissingError):
        again.get("state/hold/line-3")
    assert [one.what for one in again.surplus()] == ["a delete marker", "a delete marker"]


def test_whatever_is_put_over_a_store_fails_a_step_and_is_seen_through(
    rgw: Any, locked: str, open_bucket: Opened, vectors: ModuleType
) -> None:
    store = open_bucket(rgw, f"{locked}/attacked")
    pin = small(store, vectors)
    assert failed(checked(store, vectors, pin)) == []
    client, one_of_each = rgw.client(), {}
    for key in store.keys(""):
        one_of_each[parse_key(key).area, parse_key(key).kind] = key
    assert len(one_of_each) >= 9
    over = {}
    for key in one_of_each.values():
        data = store.get(key)
        changed = bytes([data[0] ^ 1, *data[1:]])
        over[key] = client.put_object(Bucket=locked, Key=f"attacked/{key}", Body=changed)["VersionId"]
    report = checked(open_bucket(rgw, f"{locked}/attacked"), vectors, pin)
    assert report.checkpoint == pin
    assert failed(report) == ["store", "log", "state"]
    assert [key for key in one_of_each.values() if key not in str(report.failed)] == []
    for key, version in over.items():
        client.delete_object(Bucket=locked, Key=f"attacked/{key}", VersionId=version)
        client.delete_object(Bucket=locked, Key=f"attacked/{key}")
    report = checked(open_bucket(rgw, f"{locked}/attacked"), vectors, pin)
    assert report.checkpoint == pin
    assert failed(report) == ["store", "log"]
    lost = [key for key in one_of_each.values() if key not in str(report.failed)]
    assert all(key.startswith("state/") for key in lost), "a hint may be lost: first-run behaviour, nothing worse"


def test_what_is_deleted_with_all_its_versions_fails_a_step(
    rgw: Any, unlocked: str, open_bucket: Opened, vectors: ModuleType
) -> None:
    store = open_bucket(rgw, f"{unlocked}/removed")
    pin = small(store, vectors)
    client = rgw.client()
    for prefix in ("blobs/", "log/batch/", "log/checkpoints/", "parts/"):
        key = next(store.keys(prefix))
        data = store.get(key)
        for version in list(store.bucket.versions_of(key)):
            client.delete_object(Bucket=unlocked, Key=f"removed/{key}", VersionId=version.id)
        store._oldest.clear()
        assert failed(checked(store, vectors, pin)), key
        client.put_object(Bucket=unlocked, Key=f"removed/{key}", Body=data)
        store._oldest.clear()
    assert failed(checked(store, vectors, pin)) == []


def test_of_two_sealers_on_two_machines_one_loses_and_goes_on_from_the_other(
    rgw: Any, locked: str, open_bucket: Opened, vectors: ModuleType, keyring: Keyring, tmp_path_factory: Any
) -> None:
    store = open_bucket(rgw, f"{locked}/raced")
    other_machine = open_bucket(rgw, f"{locked}/raced", locks=tmp_path_factory.mktemp("other"))
    small(store, vectors)
    site = vectors.Site(store=store, keyring=keyring, now=vectors.START + 2 * HOUR, runs=1)
    plan = site.plan()
    site.run(plan)

    class Late(S3Store):
        """A sealer that writes its batch when another machine has sealed: as if it had been between look and put."""

        def put(self, key: str, data: bytes) -> None:
            if key.startswith("log/batch/") and not self.beaten:
                self.beaten = True
                vectors.Site(store=other_machine, keyring=keyring, now=site.now).seal()
                self.bucket.put(key, data[: data.index(b"\n") + 1], only_new=False)
            super().put(key, data)

        beaten = False

    late = Late(f"s3://{locked}/raced", store._remote)
    ours = vectors.Site(store=late, keyring=keyring, now=site.now).seal()
    assert late.beaten
    report = checked(open_bucket(rgw, f"{locked}/raced"), vectors, ours)
    assert failed(report) == []
    assert "a second sealer was a moment late" in " ".join(report.steps[3].details)
    site.run(plan)
    assert vectors.Site(store=late, keyring=keyring, now=site.now).seal().size == ours.size + 3


def test_locks_are_set_as_the_format_says_and_extended_before_less_than_the_period_is_left(
    rgw: Any, locked: str, open_bucket: Opened
) -> None:
    retention = Retention(period=HOUR, slack=HOUR)
    store = open_bucket(rgw, f"{locked}/kept", retention=retention, now=now)
    for key in ("log/checkpoints/000000000001", "statements/key/x"):
        store.put(key, b"x")
    store.replace(CHECKPOINT_HINT_KEY, b"x")
    client = rgw.client()

    def lock(key: str) -> Any:
        return client.get_object_retention(Bucket=locked, Key=f"kept/{key}")["Retention"]

    assert lock("log/checkpoints/000000000001")["Mode"] == "COMPLIANCE"
    assert lock("statements/key/x")["Mode"] == "GOVERNANCE"
    first = lock("statements/key/x")["RetainUntilDate"]
    assert timedelta(minutes=119) < first - now() <= 2 * HOUR
    later = now() + timedelta(minutes=90)
    assert store.renew("", wanted=lambda _: True, at=now()).extended == 0
    assert store.renew("", wanted=lambda key: key.startswith("log/"), at=later).extended == 1
    assert lock("log/checkpoints/000000000001")["RetainUntilDate"] > later + HOUR
    assert lock("statements/key/x")["RetainUntilDate"] == first
    assert locked_until(store.bucket, next(store.bucket.versions_of(CHECKPOINT_HINT_KEY))) is None
    with pytest.raises(client.exceptions.ClientError):
        client.delete_object(
            Bucket=locked, Key="kept/log/checkpoints/000000000001",
            VersionId=next(store.bucket.versions_of("log/checkpoints/000000000001")).id,
            BypassGovernanceRetention=True,
        )  # fmt: skip


def test_a_bucket_whose_versions_are_suspended_is_refused(rgw: Any, open_bucket: Opened) -> None:
    bucket = rgw.bucket(lock=False)
    rgw.client().put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    with pytest.raises(StoreError, match="suspended") as caught:
        open_bucket(rgw, bucket).put("store.json", b"{}")
    assert "put-bucket-versioning" in (caught.value.hint or "")


def test_what_a_server_honours_is_probed(rgw: Any, ministack: Any, locked: str, open_bucket: Opened) -> None:
    ours = open_bucket(rgw, f"{locked}/probed")
    assert ours.checks() is None
    ours.replace(CHECKPOINT_HINT_KEY, b"x")
    checks = ours.checks()
    assert ours.habits.versioned
    assert ours.habits.lock
    assert checks is not None
    assert (checks.conditional, checks.md5, checks.sha256) == (False, True, False)
    theirs = open_bucket(ministack, ministack.bucket(lock=False))
    theirs.replace(CHECKPOINT_HINT_KEY, b"x")
    checks = theirs.checks()
    assert checks is not None
    assert checks.conditional
    assert not theirs.habits.lock
