"""BKP-02: a restore counts when somebody validated it, whatever source tells of it."""

from dataclasses import replace
from types import ModuleType

import pytest

from evidence.checks.restore import restore_test
from evidence.model.finding import Finding, Status
from evidence.model.names import AssetId

DAY = 86_400


def job(estates: ModuleType, *, age: float = DAY, took: int = 600, name: str = "r1", **said: str) -> dict[str, str]:
    """Return the facts of one restore that was tried `age` seconds ago."""
    columns = {"status": "completed", "validation": "successful", "backup": "db"}
    columns |= {"start": estates.ago(age), "end": estates.ago(age - took)} | said
    return {f"restore[{name}].{column}": value for column, value in columns.items()}


def judged(estates: ModuleType, *jobs: dict[str, str], **ledger: object) -> Finding:
    facts: dict[str, str] = {}
    for one in jobs:
        facts |= one
    (found,) = restore_test(estates.estate(estates.subject("a", facts, **ledger)))
    return found


def attested(estates: ModuleType, **said: str) -> Finding:
    """Judge the same record, written by a person."""
    columns = {name.partition("].")[2]: value for name, value in job(estates, **said).items()}  # type: ignore[arg-type]
    (found,) = restore_test(
        estates.estate(estates.subject("a"), attestations=[estates.attestation("restore-test", "a", **columns)])
    )
    return found


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({}, Status.SUPPORTS),
        ({"validation": "none"}, Status.NOT_ASSESSED),
        ({"validation": "failed"}, Status.CONTRADICTS),
        ({"validation": "timed-out"}, Status.CONTRADICTS),
        ({"status": "failed", "validation": "none"}, Status.CONTRADICTS),
        ({"status": "running", "validation": "none"}, Status.NOT_ASSESSED),
        ({"rto_goal_s": "600"}, Status.SUPPORTS),
        ({"rto_goal_s": "599"}, Status.CONTRADICTS),
        ({"checks_expected": "3", "checks_passed": "3"}, Status.SUPPORTS),
        ({"checks_expected": "3", "checks_passed": "2"}, Status.CONTRADICTS),
    ],
)
def test_a_service_and_a_person_are_judged_alike(estates: ModuleType, said: dict[str, str], status: Status) -> None:
    by_service, by_person = judged(estates, job(estates, **said)), attested(estates, **said)
    assert (by_service.status, by_person.status) == (status, status)
    assert (by_service.asset, by_service.row) == (by_person.asset, by_person.row) == ("a", "db")
    assert by_service.evidence
    assert by_person.evidence


def test_completed_is_no_pass_however_often(estates: ModuleType) -> None:
    many = [job(estates, name=f"r{n}", validation="none", age=n * DAY) for n in range(1, 9)]
    assert "nobody validated" in judged(estates, *many).reason


def test_a_newer_failure_goes_before_an_older_success(estates: ModuleType) -> None:
    found = judged(estates, job(estates, name="old", age=9 * DAY), job(estates, name="new", validation="failed"))
    assert (found.status, "new" in found.reason) == (Status.CONTRADICTS, True)


def test_a_newer_copy_without_validation_does_not_hide_an_older_success(estates: ModuleType) -> None:
    found = judged(estates, job(estates, name="old", age=9 * DAY), job(estates, name="new", validation="none"))
    assert (found.status, "old" in found.reason) == (Status.SUPPORTS, True)


@pytest.mark.parametrize(
    ("criticality", "days", "status"),
    [
        (None, 365, Status.SUPPORTS),
        (None, 365 + 1 / DAY, Status.NOT_ASSESSED),
        ("critical", 90, Status.SUPPORTS),
        ("Critical", 90 + 1 / DAY, Status.NOT_ASSESSED),
    ],
)
def test_a_success_counts_for_a_quarter_or_a_year_to_the_second(
    estates: ModuleType, criticality: str | None, days: float, status: Status
) -> None:
    assert judged(estates, job(estates, age=days * DAY), criticality=criticality).status is status


def test_a_goal_without_an_end_is_not_assessed_and_a_test_in_the_future_is_none(estates: ModuleType) -> None:
    facts = job(estates, rto_goal_s="900")
    del facts["restore[r1].end"]
    assert judged(estates, facts).status is Status.NOT_ASSESSED
    (found,) = restore_test(estates.estate(estates.subject("a", job(estates, age=-5))))
    assert (found.asset, found.status) == (None, Status.NOT_ASSESSED)


def test_a_cloud_account_tells_of_the_assets_it_backs_up(estates: ModuleType) -> None:
    account = estates.subject(
        "aws", job(estates, name="j1", asset="historian") | job(estates, name="j2", asset="arn:x")
    )
    found = list(restore_test(estates.estate(account, estates.subject("historian"))))
    assert [(one.asset, one.row) for one in found] == [("aws", "db"), ("historian", "db")]


def test_what_is_backed_up_and_never_restored_is_not_assessed(estates: ModuleType) -> None:
    asset = estates.subject("a", {"backup.last_success": estates.ago(DAY)})
    other = estates.attestation(
        "restore-test", "b", start=estates.ago(DAY), status="completed", validation="successful"
    )
    found = {one.asset: one.status for one in restore_test(estates.estate(asset, attestations=[other]))}
    assert found == {"a": Status.NOT_ASSESSED, "b": Status.SUPPORTS}


def test_an_attestation_of_another_kind_says_nothing(estates: ModuleType) -> None:
    record = replace(estates.attestation("support-end", "a", start=estates.ago(1)), asset=AssetId("a"))
    (found,) = restore_test(estates.estate(attestations=[record]))
    assert found.reason == "no restore is known of"
