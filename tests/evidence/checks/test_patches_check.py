"""PAT-01: what is missing, by lists that are fresh."""

from types import ModuleType

import pytest

from evidence.checks.patches import patch_state
from evidence.model.finding import Finding, Status
from evidence.model.outcome import Result

DAY = 86_400


def judged(estates: ModuleType, **facts: str) -> Finding:
    named = {f"patch.{name}": value for name, value in facts.items()}
    (found,) = patch_state(estates.estate(estates.subject(facts=named)))
    return found  # type: ignore[no-any-return]


def test_nothing_missing_by_fresh_lists_supports(estates: ModuleType) -> None:
    found = judged(estates, security="0", scanned_at=estates.ago(DAY))
    assert (found.status, found.due) == (Status.SUPPORTS, False)
    assert found.reason == "no security update is missing, by lists refreshed 24 h ago"


@pytest.mark.parametrize(("age_s", "status"), [(7 * DAY, Status.SUPPORTS), (7 * DAY + 1, Status.NOT_ASSESSED)])
def test_old_lists_say_nothing_good_though_the_answer_is_fresh(estates: ModuleType, age_s: int, status: Status) -> None:
    assert judged(estates, security="0", scanned_at=estates.ago(age_s)).status is status


def test_lists_of_unknown_age_say_nothing(estates: ModuleType) -> None:
    assert judged(estates, security="0").status is Status.NOT_ASSESSED


@pytest.mark.parametrize(
    ("installed", "status", "due"), [(30 * DAY, Status.SUPPORTS, True), (30 * DAY + 1, Status.CONTRADICTS, False)]
)
def test_missing_updates_are_due_until_nothing_was_installed_for_the_limit(
    estates: ModuleType, installed: int, status: Status, due: bool
) -> None:
    said = {"scanned_at": estates.ago(0), "last_install": estates.ago(installed)}
    found = judged(estates, security="3", **said)
    assert (found.status, found.due) == (status, due)
    assert found.reason.startswith("3 security updates missing")


def test_missing_for_an_unknown_time_is_neither(estates: ModuleType) -> None:
    found = judged(estates, critical="1", scanned_at=estates.ago(0))
    assert found.status is Status.NOT_ASSESSED
    assert found.reason == "1 critical update missing; for how long is not known"


def test_critical_goes_before_security(estates: ModuleType) -> None:
    said = {"scanned_at": estates.ago(0), "last_install": estates.ago(90 * DAY)}
    assert judged(estates, critical="0", security="9", **said).status is Status.SUPPORTS


def test_a_failed_installation_contradicts(estates: ModuleType) -> None:
    found = judged(estates, security="0", failed="2", scanned_at=estates.ago(0))
    assert (found.status, found.reason) == (Status.CONTRADICTS, "2 updates could not be installed")


def test_what_waits_for_a_restart_is_due(estates: ModuleType) -> None:
    found = judged(estates, security="0", reboot_needed="yes", scanned_at=estates.ago(0))
    assert (found.status, found.due) == (Status.SUPPORTS, True)


@pytest.mark.parametrize("count", ["", "many", "-1", "²"])
def test_a_count_that_is_none_is_not_zero(estates: ModuleType, count: str) -> None:
    assert judged(estates, security=count, scanned_at=estates.ago(0)).status is Status.NOT_ASSESSED


def test_hosts_and_what_was_never_read_are_judged_and_switches_are_not(estates: ModuleType) -> None:
    host = estates.subject("host", {"os.id": "debian"})
    switch = estates.subject("switch", {"firmware.version": "1", "config.sha256": "0"})
    silent = estates.subject("silent", result=Result.AUTH_FAILED)
    found = {str(one.asset): one.status for one in patch_state(estates.estate(host, switch, silent))}
    assert found == {"host": Status.NOT_ASSESSED, "silent": Status.NOT_ASSESSED}


def test_a_stale_patch_state_is_not_assessed(estates: ModuleType) -> None:
    facts = {"patch.security": "0", "patch.scanned_at": estates.ago(0)}
    (found,) = patch_state(estates.estate(estates.subject(facts=facts, age_s=2 * DAY)))
    assert found.status is Status.NOT_ASSESSED


def test_each_machine_of_an_account_is_judged_by_itself(estates: ModuleType) -> None:
    facts = {
        "cloud.account": "0123",
        "patch[i-1].critical": "0",
        "patch[i-1].scanned_at": estates.ago(DAY),
        "patch[i-2].critical": "2",
        "patch[i-2].scanned_at": estates.ago(DAY),
        "patch[i-2].last_install": estates.ago(40 * DAY),
    }
    found = patch_state(estates.estate(estates.subject(facts=facts)))
    assert {one.row: one.status for one in found} == {"i-1": Status.SUPPORTS, "i-2": Status.CONTRADICTS}
