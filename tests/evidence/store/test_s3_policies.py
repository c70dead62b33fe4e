"""The policies that `store policy` prints, proven on Ceph RGW: everybody adds, only an eraser takes away."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

import pytest
from botocore.exceptions import ClientError

from evidence.log.cosign import cosign
from evidence.log.history import History
from evidence.log.keyring import Role
from evidence.log.witness import look, take
from evidence.registers.erasing import choose, obstacles, remove, state
from evidence.store.blobs import put_blob
from evidence.store.interface import StoreError
from evidence.store.layout import blob_key
from evidence.store.remote import Retention
from evidence.store.s3 import S3Store
from evidence.store.s3_policy import PolicyRole, policy
from evidence.verify.outside import Outside
from evidence.verify.verifier import verify

pytestmark = pytest.mark.real

LONG_AGO, FAR_OFF = datetime(2020, 1, 1, tzinfo=UTC), datetime(2120, 1, 1, tzinfo=UTC)
RETENTION = Retention(period=timedelta(hours=1), slack=timedelta(hours=1))
Opened = Callable[..., S3Store]


@pytest.fixture(scope="module")
def users(rgw: Any) -> dict[str, tuple[str, str]]:
    return {role: rgw.user(role) for role in PolicyRole}


@pytest.fixture(scope="module")
def bucket(rgw: Any, users: dict[str, tuple[str, str]]) -> str:
    """A bucket with the policies of all roles."""
    name = rgw.bucket()
    grant(rgw, name, {role: FAR_OFF if role == "auditor" else None for role in PolicyRole})
    return name


def grant(rgw: Any, bucket: str, roles: dict[Any, datetime | None]) -> None:
    place = f"s3://{bucket}/acme"
    documents = [
        policy(role, place, principal=f"arn:aws:iam:::user/{role}", until=until) for role, until in roles.items()
    ]
    statements = [statement for document in documents for statement in document["Statement"]]  # type: ignore[attr-defined]
    rgw.client().put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": statements}))


def opened(rgw: Any, bucket: str, users: Any, open_bucket: Opened, role: str) -> S3Store:
    return open_bucket(rgw, f"{bucket}/acme", keys=users[role], retention=RETENTION, now=lambda: datetime.now(UTC))


def refused(act: Callable[[], Any]) -> bool:
    try:
        act()
    except ClientError as error:
        return error.response["ResponseMetadata"]["HTTPStatusCode"] in (403, 409)
    return False


def test_the_collector_adds_and_takes_nothing_away(rgw: Any, bucket: str, users: Any, open_bucket: Opened) -> None:
    store = opened(rgw, bucket, users, open_bucket, "collector")
    plain = b"an answer"
    digest = put_blob(store, plain)
    key = f"acme/{blob_key(digest)}"
    version = next(store.bucket.versions_of(blob_key(digest))).id
    at = {"Bucket": bucket, "Key": key}
    client = rgw.client(users["collector"])
    soon = {"Mode": "GOVERNANCE", "RetainUntilDate": datetime.now(UTC) + timedelta(minutes=1)}
    later = {"Mode": "GOVERNANCE", "RetainUntilDate": datetime.now(UTC) + timedelta(hours=5)}
    suspended = {"Status": "Suspended"}
    rule = {"ID": "x", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}}
    everything = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"}],
        }
    )
    for name, act in {
        "hide": lambda: client.delete_object(**at),
        "delete": lambda: client.delete_object(**at, VersionId=version),
        "delete with bypass": lambda: client.delete_object(**at, VersionId=version, BypassGovernanceRetention=True),
        "shorten": lambda: client.put_object_retention(**at, VersionId=version, Retention=soon),
        "shorten with bypass": lambda: client.put_object_retention(
            **at, VersionId=version, Retention=soon, BypassGovernanceRetention=True
        ),
        "suspend": lambda: client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration=suspended),
        "expire": lambda: client.put_bucket_lifecycle_configuration(
            Bucket=bucket, LifecycleConfiguration={"Rules": [rule]}
        ),
        "new policy": lambda: client.put_bucket_policy(Bucket=bucket, Policy=everything),
        "no policy": lambda: client.delete_bucket_policy(Bucket=bucket),
        "seal": lambda: client.put_object(Bucket=bucket, Key="acme/log/batch/000000000000", Body=b"x"),
        "another's": lambda: client.put_object(Bucket=bucket, Key="other/blobs/x", Body=b"x"),
        "another's answers": lambda: client.get_object(Bucket=bucket, Key="other/x"),
    }.items():
        assert refused(act), name
    client.put_object_retention(**at, VersionId=version, Retention=later)
    client.put_object(**at, Body=b"over it")
    assert opened(rgw, bucket, users, open_bucket, "auditor").get(blob_key(digest)) == store.get(blob_key(digest))
    assert client.get_object(**at, VersionId=version)["Body"].read() != b"over it"


def test_the_sealer_makes_a_log_and_the_auditor_verifies_it(
    rgw: Any, bucket: str, users: Any, open_bucket: Opened, vectors: ModuleType
) -> None:
    store = opened(rgw, bucket, users, open_bucket, "sealer")
    site = vectors.Site(store=store, keyring=vectors.fixed_keyring())
    site.begin()
    site.run(site.plan(vectors.ASSETS[:1]), assets=vectors.ASSETS[:1])
    pin = site.seal()
    auditor = opened(rgw, bucket, users, open_bucket, "auditor")
    report = verify(auditor, trusted_root=vectors.fixed_key("root").public, pins=[pin])
    assert {step.name for step in report.failed} <= {"store"}, report.failed  # what another test put over a blob
    for act in (lambda: auditor.put("store.json", b"{}"), lambda: auditor.replace("state/x.json", b"{}")):
        with pytest.raises(StoreError):
            act()
    client = rgw.client(users["sealer"])
    assert refused(lambda: client.delete_object(Bucket=bucket, Key="acme/log/checkpoint"))


def test_the_assessor_writes_findings_and_no_answers(rgw: Any, bucket: str, users: Any, open_bucket: Opened) -> None:
    store = opened(rgw, bucket, users, open_bucket, "assessor")
    store.put("statements/findings/x", b"{}")
    with pytest.raises(StoreError, match="AccessDenied") as caught:
        store.put("parts/x/y", b"{}")
    assert "store policy" in (caught.value.hint or "")


def test_a_witness_adds_cosignatures_and_nothing_else(
    rgw: Any, users: Any, open_bucket: Opened, vectors: ModuleType
) -> None:
    name = rgw.bucket()
    grant(rgw, name, dict.fromkeys((PolicyRole.SEALER, PolicyRole.WITNESS)))
    site = vectors.Site(
        store=opened(rgw, name, users, open_bucket, "sealer"), keyring=vectors.fixed_keyring(), now=vectors.START
    )
    site.begin()
    site.plan()
    site.seal()
    store, key = opened(rgw, name, users, open_bucket, "witness"), vectors.fixed_key("witness")
    made = cosign(key, "auditor.example/acme", look(store, None).checkpoint, vectors.START)
    _, place = take(store, made)
    assert site.store.get(place) == made
    trusted = Outside(witnesses=[key.public])
    report = verify(site.store, trusted_root=vectors.fixed_key("root").public, outside=trusted)
    assert not report.failed, report.failed
    assert "1 cosignatures" in "".join(report.steps[10].details)
    for place in ("log/batch/000000000006", "log/checkpoints/000000000006", "statements/review/x", "parts/x/y"):
        with pytest.raises(StoreError, match="AccessDenied"):
            store.put(place, b"{}")
    assert refused(lambda: rgw.client(users["witness"]).delete_object(Bucket=name, Key=f"acme/{place}"))


def test_an_eraser_removes_answers_once_that_was_sealed_and_nothing_else(
    rgw: Any, users: Any, open_bucket: Opened, vectors: ModuleType
) -> None:
    name = rgw.bucket()
    grant(rgw, name, dict.fromkeys((PolicyRole.SEALER, PolicyRole.ERASER)))
    keyring = vectors.fixed_keyring()
    site = vectors.Site(store=opened(rgw, name, users, open_bucket, "sealer"), keyring=keyring, people=True)
    site.begin()
    site.run(site.plan(vectors.ASSETS[:1]), assets=vectors.ASSETS[:1])
    site.seal()
    store, at = opened(rgw, name, users, open_bucket, "eraser"), datetime.now(UTC)
    owner = replace(keyring, signing={role: keyring.key(role) for role in (Role.OWNER, Role.SEALER)})
    history = History.read(store)
    chosen = choose(history, [next(c.blob for _, c in history.captures() if c.question == "accounts")])
    assert list(obstacles(history, chosen, bypass=True, at=at)) == []
    assert state(owner, history, chosen, by="B. Owner", reason="law", at=at)
    assert remove(store, owner, chosen, bypass=True, at=at).objects == 0  # nobody sealed it yet
    site.seal()
    removed = remove(opened(rgw, name, users, open_bucket, "eraser"), owner, chosen, bypass=True, at=at)
    assert (removed.objects, removed.versions, removed.left) == (1, 1, ())
    assert not verify(site.store, trusted_root=vectors.fixed_key("root").public).failed
    client = rgw.client(users["eraser"])
    for key in site.store.keys(""):
        there = [one.id for one in site.store.bucket.versions_of(key) if not one.marker]
        at_key = {"Bucket": name, "Key": f"acme/{key}"}
        assert refused(lambda at_key=at_key: client.delete_object(**at_key)), key
        assert refused(lambda at_key=at_key: client.put_object(**at_key, Body=b"x")) or key.startswith(
            ("statements/erasure/", "state/")
        ), key
        if not key.startswith("blobs/"):
            gone = {**at_key, "VersionId": there[0], "BypassGovernanceRetention": True}
            assert refused(lambda gone=gone: client.delete_object(**gone)), key
    held = {"Bucket": name, "Key": f"acme/{next(iter(site.store.keys('blobs/')))}", "LegalHold": {"Status": "OFF"}}
    assert refused(lambda: client.put_object_legal_hold(**held))


def test_nobody_but_an_eraser_may_delete() -> None:
    for role in PolicyRole:
        allowed = [one for one in policy(role, "s3://bucket/acme")["Statement"] if one["Effect"] == "Allow"]  # type: ignore[attr-defined]
        deletes = [one["Resource"] for one in allowed if any("Delete" in action for action in one["Action"])]
        mine = [["arn:aws:s3:::bucket/acme/blobs/*", "arn:aws:s3:::bucket/acme/sealed/*"]]
        assert deletes == (mine if role is PolicyRole.ERASER else []), role


def test_an_auditors_time_ends(rgw: Any, users: Any, open_bucket: Opened) -> None:
    name = rgw.bucket()
    rgw.client().put_object(Bucket=name, Key="acme/store.json", Body=b"{}")
    grant(rgw, name, {PolicyRole.AUDITOR: FAR_OFF})
    assert opened(rgw, name, users, open_bucket, "auditor").get("store.json") == b"{}"
    grant(rgw, name, {PolicyRole.AUDITOR: LONG_AGO})
    with pytest.raises(StoreError):
        opened(rgw, name, users, open_bucket, "auditor").get("store.json")


def test_policies_are_for_buckets() -> None:
    with pytest.raises(StoreError, match="policies are for stores in S3"):
        policy(PolicyRole.AUDITOR, "folder")
    whole = policy(PolicyRole.COLLECTOR, "s3://bucket")
    assert "arn:aws:s3:::bucket/blobs/*" in str(whole)
    assert "Principal" not in str(whole)
