"""INV-07: certificates about to end, to the second."""

from datetime import timedelta
from types import ModuleType

import pytest

from evidence.checks.certificates import certificate_end
from evidence.clock import rfc3339
from evidence.model.asset import Safety
from evidence.model.finding import Status

DAY = 86_400


@pytest.mark.parametrize(
    ("left_s", "safety", "status", "due"),
    [
        (-1, Safety.OT, Status.CONTRADICTS, False),
        (30 * DAY, Safety.OT, Status.CONTRADICTS, False),
        (30 * DAY + 1, Safety.OT, Status.SUPPORTS, True),
        (90 * DAY, Safety.OT, Status.SUPPORTS, True),
        (90 * DAY + 1, Safety.OT, Status.SUPPORTS, False),
        (30 * DAY, Safety.IT, Status.CONTRADICTS, False),
        (30 * DAY + 1, Safety.IT, Status.SUPPORTS, False),
        (90 * DAY, Safety.FRAGILE, Status.SUPPORTS, True),
    ],
)
def test_the_limits_are_exact(estates: ModuleType, left_s: int, safety: Safety, status: Status, due: bool) -> None:
    ends = rfc3339(estates.NOW + timedelta(seconds=left_s))
    asset = estates.subject(facts={"certificate[aa].not_after": ends, "certificate[aa].subject": "CN=x"}, safety=safety)
    (found,) = certificate_end(estates.estate(asset))
    assert (found.status, found.due, found.row) == (status, due, "aa")
    assert ends in found.reason
    assert "CN=x" in found.reason
    assert set(found.evidence) == {one.source for one in asset.facts}


def test_each_certificate_is_a_finding(estates: ModuleType) -> None:
    asset = estates.subject(
        facts={
            "certificate[aa].not_after": "2030-01-01T00:00:00Z",
            "certificate[bb].not_after": "2026-01-01T00:00:00Z",
            "certificate[cc].subject": "CN=no end",
            "certificate[dd].not_after": "2030-01-01T00:00:00Z",
            "certificate[dd].not_before": "2027-01-01T00:00:00Z",
            "certificate[ee].not_after": "Jan 1 2030",
        }
    )
    found = {one.row: one.status for one in certificate_end(estates.estate(asset))}
    assert found == {
        "aa": Status.SUPPORTS,
        "bb": Status.CONTRADICTS,
        "cc": Status.NOT_ASSESSED,
        "dd": Status.CONTRADICTS,
        "ee": Status.NOT_ASSESSED,
    }


def test_a_certificate_read_long_ago_says_nothing_not_even_that_it_ended(estates: ModuleType) -> None:
    asset = estates.subject(facts={"certificate[aa].not_after": "2026-01-01T00:00:00Z"}, age_s=2 * DAY)
    (found,) = certificate_end(estates.estate(asset))
    assert found.status is Status.NOT_ASSESSED
    assert "stale" in found.reason


def test_an_asset_without_certificates_is_not_assessed(estates: ModuleType) -> None:
    (found,) = certificate_end(estates.estate(estates.subject(facts={"firmware.version": "1"})))
    assert (found.status, found.evidence) == (Status.NOT_ASSESSED, ())
