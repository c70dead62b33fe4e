"""A cloud account as ministack plays it: what it has and moto has not, above all what was changed, by CloudTrail."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from collectors.transports.aws import AwsSession, open_aws
from evidence.clock import parse_rfc3339, rfc3339
from evidence.normalise.values import TEXT_FORMATS

pytestmark = pytest.mark.real


@pytest.fixture
def session(ministack_account: Any, cloud_parts: Any, parts: Any) -> Iterator[AwsSession]:
    with open_aws(
        ministack_account.access(),
        cloud_parts.platform,
        asset="cloud",
        gate=parts.gate,
        clock=cloud_parts.clock,
        wait=lambda _: None,
        cursors={},
    ) as opened:
        yield opened


def test_what_was_changed_is_told_with_who_and_when(
    session: AwsSession, ministack_account: Any, cloud_parts: Any
) -> None:
    before = cloud_parts.clock.now() - timedelta(seconds=1)
    ssm = ministack_account.client("ssm")
    for name in ("line-3", "line-4"):
        ssm.put_parameter(Name=name, Value="x", Type="String")
    ssm.get_parameter(Name="line-3")
    ssm.delete_parameter(Name="line-4")
    question = cloud_parts.platform.named("changes")
    answer = session.ask(question)
    assert answer.cursor is not None
    week_ago = rfc3339(parse_rfc3339(answer.cursor) - timedelta(days=7))
    assert answer.request == f"cloudtrail:LookupEvents StartTime={week_ago} EndTime={answer.cursor}"
    rows = cloud_parts.rows("change", (question, answer.data)).values()
    made = [row for row in rows if row["what"].startswith("ssm.")]
    assert sorted(row["what"] for row in made) == [
        "ssm.amazonaws.com:DeleteParameter",
        "ssm.amazonaws.com:PutParameter",
        "ssm.amazonaws.com:PutParameter",
    ]
    for row in made:
        assert TEXT_FORMATS["time"](row["at"]) == row["at"] >= f"{before:%Y-%m-%dT%H:%M:%SZ}"
        assert row["from"] == "127.0.0.1"
        assert row["who"] == row["key"] == "AKIAIOSFODNN7EXAMPLE"


def test_a_report_that_lists_the_root_account_is_read(
    session: AwsSession, ministack_account: Any, cloud_parts: Any
) -> None:
    found = []
    for name in ("report-made", "credentials"):
        question = cloud_parts.platform.named(name)
        found.append((question, session.ask(question).data))
    root = cloud_parts.rows("account", *found)["<root_account>"]
    assert (root["privileged"], root["mfa"], root["keys"]) == ("yes", "no", "0")


def test_backups_and_instances_are_asked_for_where_there_are_none_of_them_yet(
    session: AwsSession, ministack_account: Any, cloud_parts: Any
) -> None:
    vault = ministack_account.client("backup").create_backup_vault(BackupVaultName="plant")["BackupVaultArn"]
    names = ("backup-vaults", "recovery-points", "backup-jobs", "protected-resources", "restore-jobs", "instances")
    found = []
    for name in (*names, "restore-testing-plans"):
        question = cloud_parts.platform.named(name)
        answer = session.ask(question)
        assert answer.complete, answer.reason
        found.append((question, answer.data))
    facts = cloud_parts.read(*found)
    assert facts["vault.name", vault] == "plant"
    assert not [name for name, _ in facts if name.startswith(("restore.", "recovery.", "backup.", "instance."))]
