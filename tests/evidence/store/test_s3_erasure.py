"""Removing from a real bucket (Ceph RGW): every version goes, and what is locked or held does not."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

import pytest

from evidence.log.history import History
from evidence.log.keyring import Role
from evidence.model.names import AssetId
from evidence.registers.erasing import Chosen, choose, obstacles, remove, state
from evidence.registers.holding import LegalHold, covered, set_holds
from evidence.store.interface import StoreError
from evidence.store.layout import blob_key
from evidence.store.remote import Retention
from evidence.store.s3 import S3Store
from evidence.verify.result import Report
from evidence.verify.verifier import verify

pytestmark = pytest.mark.real

HOUR = timedelta(hours=1)
Opened = Callable[..., S3Store]


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture(scope="module")
def bucket(rgw: Any) -> str:
    return rgw.bucket()


class Yard:
    """A small log in a bucket, locked as stores are."""

    def __init__(self, store: S3Store, vectors: ModuleType) -> None:
        self.store = store
        self.site = vectors.Site(store=store, keyring=vectors.fixed_keyring(), snmp=False)
        self.site.begin()
        assets = vectors.ASSETS[:1]
        self.site.run(self.site.plan(assets), assets=assets)
        self.site.seal()

    def choose(self) -> Chosen:
        return choose(History.read(self.store), [], asset=AssetId("sw-01"))

    def state(self, chosen: Chosen) -> None:
        state(self.site.keyring, History.read(self.store), chosen, by="B. Owner", reason="law", at=now())
        self.site.seal()

    def verify(self, store: S3Store) -> Report:
        return verify(store, trusted_root=self.site.keyring.key(Role.ROOT).public)


def yard_in(rgw: Any, bucket: str, prefix: str, open_bucket: Opened, vectors: ModuleType) -> tuple[Yard, str]:
    store = open_bucket(rgw, f"{bucket}/{prefix}", retention=Retention(period=HOUR, slack=HOUR), now=now)
    yard = Yard(store, vectors)
    (digest,) = yard.choose().artefacts
    return yard, f"{prefix}/{blob_key(digest)}"


def versions(rgw: Any, bucket: str, key: str) -> list[Any]:
    answer = rgw.client().list_object_versions(Bucket=bucket, Prefix=key)
    return [*answer.get("Versions", ()), *answer.get("DeleteMarkers", ())]


def test_governance_is_lifted_by_its_owner_and_every_version_goes(
    rgw: Any, bucket: str, open_bucket: Opened, vectors: ModuleType
) -> None:
    yard, key = yard_in(rgw, bucket, "governed", open_bucket, vectors)
    client = rgw.client()
    client.put_object(Bucket=bucket, Key=key, Body=b"put over it")
    client.delete_object(Bucket=bucket, Key=key)
    assert len(versions(rgw, bucket, key)) == 3
    chosen = yard.choose()
    (kept,) = obstacles(History.read(yard.store), chosen, bypass=False, at=now())
    assert "GOVERNANCE until" in kept
    assert list(obstacles(History.read(yard.store), chosen, bypass=True, at=now())) == []
    yard.state(chosen)
    removed = remove(yard.store, yard.site.keyring, chosen, bypass=False, at=now())
    assert (removed.objects, removed.left) == (0, (kept,))
    assert len(versions(rgw, bucket, key)) == 3
    removed = remove(yard.store, yard.site.keyring, chosen, bypass=True, at=now())
    assert (removed.objects, removed.versions, removed.left) == (1, 3, ())
    assert versions(rgw, bucket, key) == []
    again = open_bucket(rgw, f"{bucket}/governed")
    report = yard.verify(again)
    assert [step.name for step in report.failed] == []
    assert any("erased on" in detail for detail in report.steps[7].details)


def test_what_is_removed_is_no_longer_known_and_comes_back_whole(
    rgw: Any, bucket: str, open_bucket: Opened, vectors: ModuleType
) -> None:
    yard, key = yard_in(rgw, bucket, "again", open_bucket, vectors)
    chosen = yard.choose()
    yard.state(chosen)
    remove(yard.store, yard.site.keyring, chosen, bypass=True, at=now())
    assert not any(digest in yard.store.known for digest in chosen.artefacts)
    yard.site.store = open_bucket(rgw, f"{bucket}/again", retention=Retention(period=HOUR, slack=HOUR), now=now)
    yard.site.run(yard.site.plan(vectors.ASSETS[:1]), assets=vectors.ASSETS[:1])
    yard.site.seal()
    assert len(versions(rgw, bucket, key)) == 1
    report = yard.verify(open_bucket(rgw, f"{bucket}/again"))
    assert [(step.name, step.details) for step in report.failed] == []


def test_nobody_lifts_compliance_and_no_bypass_lifts_a_legal_hold(
    rgw: Any, bucket: str, open_bucket: Opened, vectors: ModuleType
) -> None:
    yard, key = yard_in(rgw, bucket, "complied", open_bucket, vectors)
    client, chosen = rgw.client(), yard.choose()
    client.put_object_legal_hold(Bucket=bucket, Key=key, LegalHold={"Status": "ON"})
    assert [one.partition("/")[2] for one in obstacles(History.read(yard.store), chosen, bypass=True, at=now())] != []
    assert [one.rpartition(": ")[2] for one in obstacles(History.read(yard.store), chosen, bypass=True, at=now())] == [
        "legal hold"
    ]
    client.put_object_legal_hold(Bucket=bucket, Key=key, LegalHold={"Status": "OFF"})
    assert list(obstacles(History.read(yard.store), chosen, bypass=True, at=now())) == []
    locked = {"Mode": "COMPLIANCE", "RetainUntilDate": now() + 3 * HOUR}
    client.put_object_retention(Bucket=bucket, Key=key, Retention=locked, BypassGovernanceRetention=True)
    (kept,) = obstacles(History.read(yard.store), chosen, bypass=True, at=now())
    assert "COMPLIANCE until" in kept
    yard.state(chosen)
    removed = remove(yard.store, yard.site.keyring, chosen, bypass=True, at=now())
    assert (removed.objects, removed.left) == (0, (kept,))
    with pytest.raises(StoreError, match="AccessDenied"):
        yard.store.erase(key.partition("/")[2], bypass=True)
    assert len(versions(rgw, bucket, key)) == 1
    assert any("is still there" in detail for detail in yard.verify(yard.store).steps[7].details)


def test_the_stores_own_holds_follow_the_signed_ones(
    rgw: Any, bucket: str, open_bucket: Opened, vectors: ModuleType
) -> None:
    yard, key = yard_in(rgw, bucket, "held", open_bucket, vectors)
    keys = covered(History.read(yard.store), [LegalHold(id="H-1", asset=None, by="B. Owner", reason="case 7")])
    assert key.partition("/")[2] in keys
    assert set_holds(yard.store, keys, on=True) == len(keys)
    assert set_holds(yard.store, keys, on=True) == 0
    held = rgw.client().get_object_legal_hold(Bucket=bucket, Key=key)["LegalHold"]["Status"]
    assert held == "ON"
    with pytest.raises(StoreError, match="AccessDenied"):
        yard.store.erase(key.partition("/")[2], bypass=True)
    assert set_holds(yard.store, keys, on=False) == len(keys)
    assert yard.store.erase(key.partition("/")[2], bypass=True) == 1
    plain = open_bucket(rgw, f"{rgw.bucket(lock=False)}/plain")
    with pytest.raises(StoreError, match="knows no legal holds"):
        plain.hold(key, on=True)


def test_the_log_itself_is_removed_by_nobody(rgw: Any, bucket: str, open_bucket: Opened, vectors: ModuleType) -> None:
    yard, _ = yard_in(rgw, bucket, "log", open_bucket, vectors)
    with pytest.raises(StoreError, match="AccessDenied"):
        yard.store.erase("log/batch/000000000000", bypass=True)
    assert [step.name for step in yard.verify(yard.store).failed] == []


def test_a_collector_cannot_remove_with_or_without_a_bypass(
    rgw: Any, bucket: str, open_bucket: Opened, vectors: ModuleType
) -> None:
    """By the ready policy of a sealer, which allows more than a collector's."""
    from evidence.store.s3_policy import PolicyRole, policy, policy_text

    own = rgw.bucket()
    yard, key = yard_in(rgw, own, "acme", open_bucket, vectors)
    keys = rgw.user("eraser")
    document = policy(PolicyRole.SEALER, f"s3://{own}/acme", principal="arn:aws:iam:::user/eraser")
    rgw.client().put_bucket_policy(Bucket=own, Policy=policy_text(document))
    chosen = yard.choose()
    yard.state(chosen)
    theirs = open_bucket(rgw, f"{own}/acme", keys=keys)
    for bypass in (False, True):
        with pytest.raises(StoreError, match="AccessDenied"):
            theirs.erase(key.partition("/")[2], bypass=bypass)
    assert len(versions(rgw, own, key)) == 1
