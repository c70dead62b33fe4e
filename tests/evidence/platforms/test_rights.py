"""The least rights, as they are printed for whoever grants them."""

import json

from click.testing import CliRunner

from evidence.cli.platforms import command as platforms
from evidence.cli.services import command as services
from evidence.platforms.load import load_platforms, read_platform
from evidence.platforms.rights import commands, least_rights, policy, view

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


def test_every_platform_with_a_way_to_log_in_says_which_account_is_enough() -> None:
    for platform in load_platforms():
        if {question.transport for question in platform.questions} - {"snmp"}:
            assert least_rights(platform), platform.name


def test_an_account_is_allowed_each_command_that_is_sent_and_no_other() -> None:
    ios = load_platforms(only=("cisco_ios",)).named("cisco_ios")
    assert ios is not None
    assert commands(ios)[:2] == ("terminal length 0", "terminal width 511")
    assert set(commands(ios)[2:]) == {q.objects[0] for q in ios.questions if q.transport == "ssh"}


def test_a_view_holds_whatever_is_asked_and_names_no_subtree_twice() -> None:
    for platform in load_platforms():
        roots = view(platform)
        for question in platform.questions:
            for oid in question.objects if question.transport == "snmp" else ():
                (held,) = (root for root in roots if oid == root or oid.startswith(f"{root}."))
                assert held


def test_whoever_makes_the_account_reads_account_commands_and_view() -> None:
    told = CliRunner().invoke(platforms, ["policy", "cisco_ios"]).output
    assert "privilege 7" in told
    assert "\n  show version\n" in told
    assert "\n  1.3.6.1.2.1.1" in told
    document = json.loads(CliRunner().invoke(platforms, ["policy", "cisco_ios", "--format", "json"]).output)
    assert document["schema"] == "plantproof.rights/1"
    assert "show version" in document["commands"]


def test_both_groups_print_it() -> None:
    for group in (platforms, services):
        done = CliRunner().invoke(group, ["policy", "aws_account"])
        assert done.exit_code == 0, done.output
        assert "iam:ListUsers" in actions(json.loads(done.output))
