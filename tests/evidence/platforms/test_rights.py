"""The least rights, as they are printed for whoever grants them."""

import json

from click.testing import CliRunner

from evidence.cli.platforms import command as platforms
from evidence.cli.services import command as services
from evidence.platforms.load import load_platforms, read_platform
from evidence.platforms.rights import least_rights, policy

S3 = b"""
name: s3
title: Buckets
source: [its manual]
questions:
  - {name: a, call: {operation: "s3:ListBuckets"}, tags: [host]}
  - {name: b, call: {operation: "sts:GetCallerIdentity"}, tags: [host]}
  - {name: c, call: {operation: "ssm:DescribeInstancePatchStates"}, tags: [host]}
  - {name: d, call: {operation: "ssm:DescribeInstancePatchStates"}, tags: [host]}
"""


def actions(document: dict[str, object] | None) -> list[str]:
    assert document is not None
    (statement,) = document["Statement"]  # type: ignore[misc, str-unpack]
    assert (statement["Effect"], statement["Resource"]) == ("Allow", "*")  # type: ignore[index]
    return list(statement["Action"])  # type: ignore[index]


def test_a_policy_names_actions_and_not_operations() -> None:
    buckets = read_platform(S3, generic=None, name="s3.yaml")
    assert actions(policy(buckets)) == ["s3:ListAllMyBuckets", "ssm:DescribeInstancePatchStates"]


def test_the_shipped_policy_allows_what_is_asked_and_nothing_else() -> None:
    account = load_platforms().named("aws_account")
    assert account is not None
    asked = {question.objects[0] for question in account.questions} - {"sts:GetCallerIdentity"}
    assert set(actions(policy(account))) == asked
    assert not [action for action in asked if "*" in action]


def test_other_platforms_have_their_accounts_in_their_own_words() -> None:
    platforms = load_platforms(only=("linux",))
    linux = platforms.named("linux")
    assert linux is not None
    assert policy(linux) is None
    assert least_rights(linux) == linux.account


def test_both_groups_print_it() -> None:
    for group in (platforms, services):
        done = CliRunner().invoke(group, ["policy", "aws_account"])
        assert done.exit_code == 0, done.output
        assert "iam:ListUsers" in actions(json.loads(done.output))
