"""What each role may do in a bucket, as policies ready to be attached: all add, and only an eraser takes away."""

import json
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from evidence.clock import rfc3339
from evidence.store.interface import StoreError


class PolicyRole(StrEnum):
    """Who a policy is for. Whoever collects and seals in one process is a sealer."""

    COLLECTOR = "collector"
    SEALER = "sealer"
    ASSESSOR = "assessor"
    AUDITOR = "auditor"
    WITNESS = "witness"
    ERASER = "eraser"
    """Who runs `erase` and `retain prune`: he signs, somebody else seals, then he removes."""


_ANY = "*"
_WRITES: Mapping[PolicyRole, tuple[str, ...]] = MappingProxyType(
    {
        PolicyRole.COLLECTOR: ("blobs/*", "parts/*", "sealed/*", "statements/plan/*", "state/*"),
        PolicyRole.SEALER: (
            "blobs/*", "parts/*", "sealed/*", "statements/*", "state/*", "log/*", "store.json",
        ),
        PolicyRole.ASSESSOR: ("blobs/*", "statements/findings/*", "state/*"),
        PolicyRole.AUDITOR: (),
        PolicyRole.WITNESS: ("log/cosig/*",),
        PolicyRole.ERASER: ("statements/erasure/*", "state/*"),
    }
)  # fmt: skip
"""
The keys each role writes. The sealer makes the log too, so genesis and keys are among its own. Who erases says in
`state/` which blobs are gone, signed by the sealer's key, or they would be thought to be there.
"""

_ERASES: Mapping[PolicyRole, tuple[str, ...]] = MappingProxyType({PolicyRole.ERASER: ("blobs/*", "sealed/*")})
"""The keys of which a role removes versions, under a lock of GOVERNANCE, too: answers and their originals."""

_READ = ("s3:GetObject", "s3:GetObjectVersion", "s3:GetObjectRetention")
_LIST = ("s3:ListBucket", "s3:ListBucketVersions")
_LOOK = ("s3:GetBucketVersioning", "s3:GetBucketObjectLockConfiguration")
_PUT = ("s3:PutObject", "s3:PutObjectRetention")
"""Putting with a lock needs the second; it cannot shorten one without the bypass, which nobody is given."""

_ERASE = ("s3:DeleteObjectVersion", "s3:BypassGovernanceRetention")
_SEE_HOLDS = ("s3:GetObjectLegalHold",)
_NEVER_OBJECT = ("s3:DeleteObject", "s3:PutObjectLegalHold", "s3:PutObjectAcl", "s3:PutObjectVersionAcl")
_NEVER_BUCKET = (
    "s3:DeleteBucket", "s3:DeleteBucketPolicy", "s3:PutBucketPolicy", "s3:PutBucketAcl", "s3:PutBucketVersioning",
    "s3:PutBucketObjectLockConfiguration", "s3:PutLifecycleConfiguration",
)  # fmt: skip


def policy(
    role: PolicyRole, place: str, *, principal: str | None = None, until: datetime | None = None
) -> Mapping[str, object]:
    """
    Return the policy of a role for `s3://bucket/prefix`.

    With `principal` it is a bucket's policy, without one a policy to attach to a user or role of AWS. `until` ends
    what it allows; what it forbids stays forbidden.
    """
    bucket, _, prefix = place.removeprefix("s3://").partition("/")
    if not place.startswith("s3://") or not bucket:
        raise StoreError(f"{place}: policies are for stores in S3", hint="name it with --store s3://bucket/prefix")
    whole = f"arn:aws:s3:::{bucket}"
    prefix = prefix.strip("/")
    below = f"{whole}/{prefix}/" if prefix else f"{whole}/"
    ends = {"DateLessThan": {"aws:CurrentTime": rfc3339(until)}} if until else {}
    mine = {"StringLike": {"s3:prefix": f"{prefix}/*"}} if prefix else {}
    statements = [
        _statement("Allow", _READ, [below + _ANY], ends),
        _statement("Allow", _LIST, [whole], ends | mine),
        _statement("Allow", _LOOK, [whole], ends),
        _statement("Deny", _NEVER_OBJECT, [f"{whole}/*"], {}),
        _statement("Deny", _NEVER_BUCKET, [whole], {}),
    ]
    erases = [below + keys for keys in _ERASES.get(role, ())]
    if erases:
        statements.append(_statement("Allow", _ERASE + _SEE_HOLDS, erases, ends))
    statements.append(_never_erased(whole, erases))
    if writes := [below + keys for keys in _WRITES[role]]:
        statements.insert(0, _statement("Allow", _PUT, writes, ends))
    if principal:
        statements = [{"Principal": {"AWS": [principal]}, **statement} for statement in statements]
    named = [{"Sid": f"Plantproof{role.capitalize()}{number}", **one} for number, one in enumerate(statements, 1)]
    return {"Version": "2012-10-17", "Statement": named}


def policy_text(document: Mapping[str, object]) -> str:
    """Return a policy as a person reads it."""
    return json.dumps(document, indent=2)


def _never_erased(whole: str, erases: list[str]) -> dict[str, object]:
    """Return that nothing is removed, but what a role removes."""
    where: dict[str, object] = {"NotResource": erases} if erases else {"Resource": [f"{whole}/*"]}
    return {"Effect": "Deny", "Action": list(_ERASE)} | where


def _statement(
    effect: str, actions: tuple[str, ...], resources: list[str], condition: Mapping[str, object]
) -> dict[str, object]:
    statement: dict[str, object] = {"Effect": effect, "Action": list(actions), "Resource": resources}
    return statement | ({"Condition": dict(condition)} if condition else {})
