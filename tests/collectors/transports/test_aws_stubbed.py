"""
Backup jobs, restore tests and patch states: no emulator has them, so botocore's Stubber answers here.

The shapes are those of AWS's API references; the Stubber holds them and what is asked against botocore's models. Not
verified against a real account.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.stub import Stubber

from collectors.transports.aws import AwsSession

BEGAN = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
ARN = "arn:aws:backup:eu-central-1:123456789012:recovery-point:1"
DATABASE = "arn:aws:rds:eu-central-1:123456789012:db:historian"
PLAN = "arn:aws:backup:eu-central-1:123456789012:restore-testing-plan:quarterly"


class NoonClock:
    """A clock that stands still."""

    def now(self) -> datetime:
        return BEGAN + timedelta(hours=10)

    def monotonic(self) -> float:
        return 0.0


@pytest.fixture
def told(cloud_parts: Any) -> Iterator[Callable[..., Any]]:
    """Ask the questions of these names of clients that answer what is given; return (question, data) of each."""
    from botocore.session import Session

    botocore, clients = Session(), {}
    botocore.set_credentials("AKIAIOSFODNN7EXAMPLE", "secret")

    def client(service: str) -> Any:
        if service not in clients:
            clients[service] = botocore.create_client(service, region_name="eu-central-1")
        return clients[service]

    def ask(*answers: tuple[str, dict[str, Any], dict[str, Any]]) -> Any:
        session = AwsSession(
            asset="cloud",
            platform=cloud_parts.platform,
            clock=NoonClock(),
            wait=lambda _: None,
            cursors={"changes": "2026-11-20T02:00:00Z"},
            client=client,
        )
        heard = []
        for name, parameters, answer in answers:
            question = cloud_parts.platform.named(name)
            service, _, operation = question.objects[0].partition(":")
            methods = client(service).meta.method_to_api_mapping
            method = next(method for method, api in methods.items() if api == operation)
            with Stubber(client(service)) as stub:
                stub.add_response(method, answer, parameters)
                heard.append((question, session.ask(question).data))
                stub.assert_no_pending_responses()
        return heard

    yield ask
    for one in clients.values():
        one.close()


def restore(number: int, status: str, **more: Any) -> dict[str, Any]:
    job = {"RestoreJobId": f"r-{number}", "Status": status, "RecoveryPointArn": ARN, "CreationDate": BEGAN}
    return job | {"SourceResourceArn": DATABASE, "RecoveryPointCreationDate": BEGAN - timedelta(hours=3)} | more


def test_a_restore_that_was_validated_is_told_apart_from_one_that_was_completed_stubbed(
    told: Callable[..., Any], cloud_parts: Any
) -> None:
    by_plan = {"CreatedBy": {"RestoreTestingPlanArn": PLAN}, "CompletionDate": BEGAN + timedelta(minutes=40)}
    jobs = [
        restore(1, "COMPLETED", ValidationStatus="SUCCESSFUL", **by_plan),
        restore(2, "COMPLETED", **by_plan),
        restore(3, "COMPLETED", ValidationStatus="FAILED", ValidationStatusMessage="row count differs", **by_plan),
        restore(4, "COMPLETED", ValidationStatus="TIMED_OUT"),
        restore(5, "RUNNING", ValidationStatus="VALIDATING"),
        restore(6, "ABORTED", StatusMessage="cancelled"),
    ]
    rows = cloud_parts.rows("restore", *told(("restore-jobs", {}, {"RestoreJobs": jobs})))
    assert {row: (one["status"], one["validation"]) for row, one in rows.items()} == {
        "r-1": ("completed", "successful"),
        "r-2": ("completed", "none"),
        "r-3": ("completed", "failed"),
        "r-4": ("completed", "timed-out"),
        "r-5": ("running", "running"),
        "r-6": ("failed", "none"),
    }
    assert rows["r-1"] == {
        "asset": DATABASE,
        "backup": ARN,
        "backup_at": "2026-11-19T23:00:00Z",
        "method": "restore-testing",
        "start": "2026-11-20T02:00:00Z",
        "end": "2026-11-20T02:40:00Z",
        "status": "completed",
        "validation": "successful",
    }
    assert rows["r-3"]["defects"] == "row count differs"
    assert (rows["r-6"]["method"], rows["r-6"]["defects"]) == ("restore", "cancelled")


def test_the_newest_backup_that_succeeded_counts_stubbed(told: Callable[..., Any], cloud_parts: Any) -> None:
    def job(number: int, state: str, hours: int) -> dict[str, Any]:
        at = BEGAN + timedelta(hours=hours)
        return {
            "BackupJobId": f"b-{number}", "State": state, "ResourceArn": DATABASE, "BackupVaultName": "plant",
            "CreationDate": BEGAN, "CompletionDate": at, "BackupSizeInBytes": 1024,
        }  # fmt: skip

    answer = {"BackupJobs": [job(1, "COMPLETED", 1), job(2, "FAILED", 5), job(3, "COMPLETED", 3), job(4, "RUNNING", 9)]}
    found = told(("backup-jobs", {}, answer))
    assert cloud_parts.read(*found)["backup.last_success", None] == "2026-11-20T05:00:00Z"
    rows = cloud_parts.rows("backup", *found)
    assert {row: one["status"] for row, one in rows.items()} == {
        "b-1": "completed", "b-2": "failed", "b-3": "completed", "b-4": "running",
    }  # fmt: skip
    assert (rows["b-1"]["what"], rows["b-1"]["bytes"], rows["b-1"]["target"]) == (DATABASE, "1024", "plant")
    nothing = told(("backup-jobs", {}, {"BackupJobs": []}))
    assert ("backup.last_success", None) not in cloud_parts.read(*nothing)


def test_plans_points_and_protected_resources_are_read_stubbed(told: Callable[..., Any], cloud_parts: Any) -> None:
    vaults = {"BackupVaultList": [{"BackupVaultName": "plant", "BackupVaultArn": "arn:v", "Locked": True}]}
    point = {"RecoveryPointArn": ARN, "ResourceArn": DATABASE, "Status": "COMPLETED", "CreationDate": BEGAN}
    point |= {"BackupVaultName": "plant", "IsEncrypted": True, "CalculatedLifecycle": {"DeleteAt": BEGAN}}
    plan = {
        "RestoreTestingPlanArn": PLAN, "RestoreTestingPlanName": "quarterly", "CreationTime": BEGAN,
        "ScheduleExpression": "cron(0 5 ? 1/3 * *)", "LastExecutionTime": BEGAN,
    }  # fmt: skip
    found = told(
        ("backup-vaults", {}, vaults),
        ("recovery-points", {"BackupVaultName": "plant"}, {"RecoveryPoints": [point]}),
        ("restore-testing-plans", {}, {"RestoreTestingPlans": [plan]}),
        ("protected-resources", {}, {"Results": [{"ResourceArn": DATABASE, "LastBackupTime": BEGAN}]}),
    )
    assert cloud_parts.rows("vault", *found) == {"arn:v": {"name": "plant", "locked": "yes"}}
    assert cloud_parts.rows("recovery", *found)[ARN] == {
        "what": DATABASE, "status": "completed", "at": "2026-11-20T02:00:00Z", "target": "plant",
        "encrypted": "yes", "expires": "2026-11-20T02:00:00Z",
    }  # fmt: skip
    assert cloud_parts.rows("plan", *found)[PLAN]["last_run"] == "2026-11-20T02:00:00Z"
    assert cloud_parts.rows("protected", *found)[DATABASE]["last_backup"] == "2026-11-20T02:00:00Z"


def test_patch_states_are_read_instance_by_instance_stubbed(told: Callable[..., Any], cloud_parts: Any) -> None:
    counts = {"InstalledCount": 80, "MissingCount": 4, "FailedCount": 1, "InstalledPendingRebootCount": 2}
    counts |= {"CriticalNonCompliantCount": 1, "SecurityNonCompliantCount": 3}
    patched = {"PatchGroup": "plant", "BaselineId": "pb-0123456789abcdef0", "Operation": "Scan"}
    state = {"InstanceId": "i-1", "OperationStartTime": BEGAN, "OperationEndTime": BEGAN + timedelta(minutes=5)}
    state |= {"LastNoRebootInstallOperationTime": BEGAN - timedelta(days=2)}
    found = told(
        ("instances", {}, {"InstanceInformationList": [{"InstanceId": "i-1", "ComputerName": "hmi-1"}]}),
        ("patch-states", {"InstanceIds": ["i-1"]}, {"InstancePatchStates": [state | patched | counts]}),
    )
    assert cloud_parts.rows("patch", *found)["i-1"] == {
        "missing": "4", "security": "3", "critical": "1", "failed": "1",
        "scanned_at": "2026-11-20T02:05:00Z", "last_install": "2026-11-18T02:00:00Z", "reboot_needed": "yes",
    }  # fmt: skip
    assert cloud_parts.rows("instance", *found)["i-1"]["name"] == "hmi-1"


def test_a_certificates_serial_is_written_as_everywhere_stubbed(told: Callable[..., Any], cloud_parts: Any) -> None:
    arn = "arn:aws:acm:eu-central-1:123456789012:certificate/1"
    detail = {"CertificateArn": arn, "DomainName": "scada.example", "Serial": "0A:be:EF", "NotAfter": BEGAN}
    listed = {"CertificateSummaryList": [{"CertificateArn": arn}]}
    asked = dict(cloud_parts.platform.named("certificates").call.parameters)
    found = told(
        ("certificates", asked, listed),
        ("certificate", {"CertificateArn": arn}, {"Certificate": detail | {"InUseBy": ["arn:lb"]}}),
    )
    assert cloud_parts.rows("certificate", *found)[arn] == {
        "subject": "scada.example", "serial": "0abeef", "not_after": "2026-11-20T02:00:00Z", "where": arn,
        "in_use": "yes",
    }  # fmt: skip


def test_a_change_shows_its_place_and_no_token_rests_stubbed(told: Callable[..., Any], cloud_parts: Any) -> None:
    from collectors.redact import Redactor

    event = (
        '{"sourceIPAddress":"203.0.113.9","userIdentity":{"arn":"arn:aws:iam::1:role/r"},"responseElements":'
        '{"credentials":{"accessKeyId":"ASIAEXAMPLE","sessionToken":"IQoJb3JpZ2luX2VjEKz","expiration":"x"}}}'
    )
    told_event = {
        "EventId": "e-1", "EventName": "AssumeRole", "EventSource": "sts.amazonaws.com", "EventTime": BEGAN,
        "ReadOnly": "false", "AccessKeyId": "AKIAEXAMPLE", "CloudTrailEvent": event,
        "Resources": [{"ResourceName": "arn:aws:iam::1:role/r"}, {"ResourceName": "s-1"}],
    }  # fmt: skip
    question = cloud_parts.platform.named("changes")
    asked = {
        **question.call.parameters,
        "StartTime": BEGAN - timedelta(minutes=30),
        "EndTime": BEGAN + timedelta(hours=10),
    }
    ((_, data),) = told(("changes", asked, {"Events": [told_event]}))
    redacted = Redactor(key=bytes(32), key_id="k1").capture(data, question, cloud_parts.platform)
    assert b"IQoJb3JpZ2luX2VjEKz" not in redacted.data
    assert (redacted.hits, redacted.found) == (1, (("session-token", 1),))
    assert cloud_parts.rows("change", (question, redacted.data))["e-1"] == {
        "at": "2026-11-20T02:00:00Z", "who": "arn:aws:iam::1:role/r", "what": "sts.amazonaws.com:AssumeRole",
        "object": "arn:aws:iam::1:role/r, s-1", "from": "203.0.113.9", "key": "AKIAEXAMPLE",
    }  # fmt: skip
