"""The least rights that can ask all a platform or service file asks: in its own words, or a cloud's policy."""

import json
from collections.abc import Mapping

from evidence.platforms.platform import Platform, Verb

_ACTIONS: Mapping[str, str] = {
    "s3:HeadObject": "s3:GetObject",
    "s3:ListBuckets": "s3:ListAllMyBuckets",
    "s3:ListObjectsV2": "s3:ListBucket",
    "s3:GetBucketEncryption": "s3:GetEncryptionConfiguration",
    "s3:GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration",
    "s3:GetObjectLockConfiguration": "s3:GetBucketObjectLockConfiguration",
    "s3:GetPublicAccessBlock": "s3:GetBucketPublicAccessBlock",
    "efs:DescribeFileSystems": "elasticfilesystem:DescribeFileSystems",
    "elb:DescribeLoadBalancers": "elasticloadbalancing:DescribeLoadBalancers",
    "elbv2:DescribeLoadBalancers": "elasticloadbalancing:DescribeLoadBalancers",
}
"""Operation -> action, where the two differ (AWS Service Authorization Reference)."""

_NEEDS_NO_RIGHT = frozenset({"sts:GetCallerIdentity"})
"""Operations that every credential may call (AWS STS API Reference)."""


def least_rights(platform: Platform) -> str | None:
    """Return the least account that can ask a platform's questions; nothing where none is known."""
    document = policy(platform)
    return platform.account if document is None else json.dumps(document, indent=2)


def commands(platform: Platform) -> tuple[str, ...]:
    """Return every command an account has to be allowed over SSH, for per-command authorisation (TACACS+, sudoers)."""
    setup = platform.session.setup if platform.session else ()
    asked = (one.objects[0] for one in platform.questions if one.transport == "ssh" and one.verb is Verb.RUN)
    return tuple(dict.fromkeys((*setup, *asked)))


def view(platform: Platform) -> tuple[str, ...]:
    """Return the subtrees a read view has to hold (VACM, RFC 3415), those within others left out."""
    asked = {oid for one in platform.questions if one.transport == "snmp" for oid in one.objects}
    roots = {oid for oid in asked if not any(oid.startswith(f"{other}.") for other in asked)}
    return tuple(sorted(roots, key=lambda oid: [arc.zfill(10) for arc in oid.split(".")]))


def policy(platform: Platform) -> dict[str, object] | None:
    """Return the policy document that allows what is asked of an account and nothing else; nothing for others."""
    asked = {question.objects[0] for question in platform.questions if question.transport == "aws"}
    if not asked:
        return None
    actions = sorted({_ACTIONS.get(operation, operation) for operation in asked - _NEEDS_NO_RIGHT})
    statement = {"Sid": "PlantproofReads", "Effect": "Allow", "Action": actions, "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [statement]}
