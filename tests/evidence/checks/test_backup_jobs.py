"""BKP-01: the last good backup, of each thing that is backed up."""

from types import ModuleType

import pytest

from evidence.checks.backup_jobs import recent_backup
from evidence.model.finding import Status

HOUR, DAY = 3600, 86_400


@pytest.mark.parametrize(
    ("facts", "age_s", "status"),
    [
        ({"os.id": "debian"}, 24 * HOUR, Status.SUPPORTS),
        ({"os.id": "debian"}, 24 * HOUR + 1, Status.CONTRADICTS),
        ({"firmware.version": "1"}, 7 * DAY, Status.SUPPORTS),
        ({"firmware.version": "1"}, 7 * DAY + 1, Status.CONTRADICTS),
    ],
)
def test_hosts_have_a_day_and_everything_else_a_week(
    estates: ModuleType, facts: dict[str, str], age_s: int, status: Status
) -> None:
    asset = estates.subject(facts=facts | {"backup.last_success": estates.ago(age_s)})
    (found,) = recent_backup(estates.estate(asset))
    assert (found.status, found.row) == (status, None)
    assert estates.ago(age_s) in found.reason


def test_only_jobs_that_were_made_count(estates: ModuleType) -> None:
    def job(row: str, status: str, age_s: int) -> dict[str, str]:
        return {f"backup[{row}].what": "db", f"backup[{row}].status": status, f"backup[{row}].at": estates.ago(age_s)}

    old_good = job("1", "COMPLETED", 10 * DAY)
    for word in ("FAILED", "running", "aborted", "partial", "unheard of", ""):
        asset = estates.subject(facts=old_good | job("2", word, HOUR))
        (found,) = recent_backup(estates.estate(asset))
        assert (found.status, found.row) == (Status.CONTRADICTS, "db"), word
        assert estates.ago(10 * DAY) in found.reason
    (found,) = recent_backup(estates.estate(estates.subject(facts=old_good | job("2", "completed", HOUR))))
    assert found.status is Status.SUPPORTS


def test_jobs_that_all_failed_contradict(estates: ModuleType) -> None:
    facts = {"backup[1].what": "db", "backup[1].status": "FAILED", "backup[1].at": estates.ago(HOUR)}
    (found,) = recent_backup(estates.estate(estates.subject(facts=facts)))
    assert found.status is Status.CONTRADICTS
    assert found.evidence


def test_each_thing_is_judged_by_itself(estates: ModuleType) -> None:
    facts = {
        "backup[1].what": "db",
        "backup[1].last_success": estates.ago(HOUR),
        "backup[2].what": "files",
        "backup[2].last_success": estates.ago(30 * DAY),
        "backup.last_success": estates.ago(HOUR),
    }
    found = {one.row: one.status for one in recent_backup(estates.estate(estates.subject(facts=facts)))}
    assert found == {"db": Status.SUPPORTS, "files": Status.CONTRADICTS}


def test_a_server_s_record_about_another_asset_is_that_asset_s(estates: ModuleType) -> None:
    cloud = estates.subject("cloud", {"protected[1].name": "plc-1", "protected[1].last_backup": estates.ago(HOUR)})
    plc = estates.subject("plc-1")
    found = {(str(one.asset), one.row): one.status for one in recent_backup(estates.estate(cloud, plc))}
    assert found[("plc-1", None)] is Status.SUPPORTS
    assert found[("cloud", None)] is Status.NOT_ASSESSED


def test_a_protected_resource_that_was_never_backed_up_contradicts(estates: ModuleType) -> None:
    (found,) = recent_backup(estates.estate(estates.subject(facts={"protected[1].name": "vol-1"})))
    assert (found.status, found.row) == (Status.CONTRADICTS, "vol-1")


def test_stale_records_say_nothing(estates: ModuleType) -> None:
    asset = estates.subject(facts={"backup.last_success": estates.ago(30 * DAY)}, age_s=3 * DAY)
    (found,) = recent_backup(estates.estate(asset))
    assert found.status is Status.NOT_ASSESSED


def test_a_stale_record_about_another_asset_is_that_asset_s(estates: ModuleType) -> None:
    facts = {"protected[1].name": "plc-1", "protected[1].last_backup": estates.ago(3 * DAY)}
    cloud = estates.subject("cloud", facts, age_s=3 * DAY)
    found = {(str(one.asset), one.row) for one in recent_backup(estates.estate(cloud, estates.subject("plc-1")))}
    assert found == {("cloud", None), ("plc-1", None)}


def test_a_backup_from_the_future_is_none(estates: ModuleType) -> None:
    asset = estates.subject(facts={"backup.last_success": estates.ago(-DAY)})
    (found,) = recent_backup(estates.estate(asset))
    assert found.status is Status.CONTRADICTS


def test_an_asset_without_records_is_not_assessed(estates: ModuleType) -> None:
    (found,) = recent_backup(estates.estate(estates.subject(facts={"os.id": "debian"})))
    assert found.status is Status.NOT_ASSESSED


def test_a_backup_that_is_offered_says_nothing_of_one_that_was_made(estates: ModuleType) -> None:
    (found,) = recent_backup(estates.estate(estates.subject(facts={"backup[gateway].status": "offered"})))
    assert (found.status, found.row) == (Status.NOT_ASSESSED, None)
