"""SEG-02: rules let in for a time have an owner, a reason and an end that has not passed."""

from types import ModuleType
from typing import Any

import pytest

from evidence.checks.rules import exception_rule
from evidence.model.finding import Finding, Status
from evidence.model.names import AssetId, digest_of
from evidence.model.register import Approval

DAY = 86_400
TAGS = {"owner": "K. Meier", "reason": "retrofit", "expires": "2026-12-31"}
OPEN = {"action": "accept", "source": "any", "destination": "0.0.0.0/0", "service": "ALL"}


def judged(estates: ModuleType, *approvals: Approval, **said: str) -> list[Finding]:
    """Judge a firewall with one rule that names an owner, and the rule `r`."""
    columns = {"name": "retrofit line 3", "action": "accept", "source": "kuka", "destination": "plc", "service": "RDP"}
    facts = {"rule[1].name": "historian", "rule[1].owner": "m"}
    facts |= {f"rule[r].{name}": value for name, value in (columns | said).items()}
    return list(exception_rule(estates.estate(estates.subject("fw", facts), approvals=approvals)))


def test_a_permanent_rule_is_only_counted(estates: ModuleType) -> None:
    (found,) = judged(estates)
    assert (found.status, found.row, "2 of 2 rules" in found.reason) == (Status.SUPPORTS, None, True)


@pytest.mark.parametrize(
    ("said", "status", "words"),
    [
        ({**TAGS, "temporary": "yes"}, Status.SUPPORTS, "of K. Meier, ends 2026-12-31"),
        ({**TAGS}, Status.SUPPORTS, "ends 2026-12-31"),
        ({"temporary": "yes"}, Status.CONTRADICTS, "without owner, reason, expires"),
        ({"temporary": "yes", **TAGS, "owner": ""}, Status.CONTRADICTS, "without owner"),
        ({"name": "TEMP for KUKA"}, Status.CONTRADICTS, "without owner, reason, expires"),
        ({"name": "tmp_rule_7"}, Status.CONTRADICTS, "without"),
        ({**TAGS, "expires": "2026-11-25"}, Status.CONTRADICTS, "still in force"),
        ({**TAGS, "expires": "2026-11-26"}, Status.SUPPORTS, "ends 2026-11-26"),
        ({**TAGS, "expires": "2026-11-26T11:59:59Z"}, Status.CONTRADICTS, "still in force"),
        ({**TAGS, "expires": "2026-11-26T12:00:00Z"}, Status.SUPPORTS, "ends"),
        ({**TAGS, "temporary": "yes", "expires": "2027-02-24T12:00:00Z"}, Status.SUPPORTS, "ends"),
        ({**TAGS, "temporary": "yes", "expires": "2027-02-24T12:00:01Z"}, Status.CONTRADICTS, "more than 90 days"),
        ({**TAGS, "expires": "2028-01-01"}, Status.SUPPORTS, "ends"),
        ({**TAGS, "expires": "next year"}, Status.NOT_ASSESSED, "not a time"),
        (OPEN, Status.CONTRADICTS, "everything"),
        ({**OPEN, **TAGS}, Status.CONTRADICTS, "everything"),
    ],
)
def test_a_rule_is_judged_by_its_tags(estates: ModuleType, said: dict[str, str], status: Status, words: str) -> None:
    said = {name: value for name, value in said.items() if value}
    found = {one.row: one for one in judged(estates, **said)}
    assert found["r"].status is status
    assert words in found["r"].reason
    assert (None in found) is (status is Status.SUPPORTS)


@pytest.mark.parametrize(
    "said",
    [
        {**OPEN, "action": "deny"},
        {**OPEN, "service": "HTTPS"},
        {**OPEN, "enabled": "no"},
        {**TAGS, "expires": "2026-01-01", "enabled": "no"},
        {"name": "temperature probes"},
        {"name": "attempts"},
    ],
)
def test_what_lets_nothing_more_through_is_no_finding(estates: ModuleType, said: dict[str, str]) -> None:
    (found,) = judged(estates, **said)
    assert (found.status, found.row) == (Status.SUPPORTS, None)


def test_a_rule_that_ends_soon_is_due(estates: ModuleType) -> None:
    assert {one.row: one.due for one in judged(estates, **TAGS | {"expires": "2026-12-05"})} == {"r": True, None: False}


def approval(estates: ModuleType, **said: Any) -> Approval:
    rest = {"id": "R-1", "kind": "rule", "subject": "Retrofit Line 3", "approver": "k.ito", "ticket": "CHG-9"} | said
    rest = {
        "assets": (AssetId("fw"),),
        "begins": estates.ago(DAY),
        "ends": estates.ago(-DAY),
        "at": estates.ago(DAY),
    } | rest
    return Approval(source=digest_of(b"approval"), **rest)


def test_an_approval_says_what_a_rule_cannot(estates: ModuleType) -> None:
    found = {one.row: one for one in judged(estates, approval(estates), temporary="yes")}
    assert found["r"].status is Status.SUPPORTS
    assert digest_of(b"approval") in found["r"].evidence
    ended = {one.row: one for one in judged(estates, approval(estates, ends=estates.ago(1)), temporary="yes")}
    assert ended["r"].status is Status.CONTRADICTS
    for said in ({"assets": (AssetId("fw-2"),)}, {"subject": "another"}, {"kind": "change"}):
        other = {one.row: one for one in judged(estates, approval(estates, **said), temporary="yes")}
        assert "without owner" in other["r"].reason


def test_rules_without_any_tag_are_not_assessed(estates: ModuleType) -> None:
    facts = {"rule[1].name": "historian", "rule[1].action": "accept"}
    (found,) = exception_rule(estates.estate(estates.subject("fw", facts)))
    assert (found.status, "names an owner" in found.reason) == (Status.NOT_ASSESSED, True)


def test_no_rules_and_stale_rules_are_not_assessed(estates: ModuleType) -> None:
    (found,) = exception_rule(estates.estate(estates.subject("a")))
    assert (found.status, found.asset) == (Status.NOT_ASSESSED, None)
    facts = {f"rule[1].{name}": value for name, value in TAGS.items()}
    found_stale = list(exception_rule(estates.estate(estates.subject("fw", facts, age_s=2 * DAY))))
    assert [one.status for one in found_stale] == [Status.NOT_ASSESSED]
