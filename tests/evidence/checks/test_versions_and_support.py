"""INV-03 and INV-04: versions, and when their makers stop caring."""

from types import ModuleType

import pytest

from evidence.checks.support import end_of_support
from evidence.checks.versions import software_version
from evidence.model.finding import Finding, Status
from evidence.model.outcome import Result

DAY = 86_400


def only(found: object) -> Finding:
    (one,) = found  # type: ignore[misc]
    return one  # type: ignore[no-any-return]


def test_a_version_that_is_fresh_supports_and_names_its_source(estates: ModuleType) -> None:
    asset = estates.subject(facts={"firmware.version": "15.2(7)E4"})
    found = only(software_version(estates.estate(asset)))
    assert (found.status, found.evidence) == (Status.SUPPORTS, (asset.facts[0].source,))
    assert found.reason == "runs 15.2(7)E4, read 60 min ago"


@pytest.mark.parametrize(("age_s", "status"), [(DAY, Status.SUPPORTS), (DAY + 1, Status.NOT_ASSESSED)])
def test_a_version_counts_for_its_time_to_live_and_not_a_second_longer(
    estates: ModuleType, age_s: int, status: Status
) -> None:
    asset = estates.subject(facts={"firmware.version": "1"}, age_s=age_s, ttl_s=DAY)
    assert only(software_version(estates.estate(asset))).status is status


@pytest.mark.parametrize(("age_s", "status"), [(7 * DAY, Status.SUPPORTS), (7 * DAY + 1, Status.NOT_ASSESSED)])
def test_a_long_time_to_live_does_not_stretch_the_limit(estates: ModuleType, age_s: int, status: Status) -> None:
    asset = estates.subject(facts={"firmware.version": "1"}, age_s=age_s, ttl_s=90 * DAY)
    assert only(software_version(estates.estate(asset))).status is status


def test_what_never_answered_is_not_assessed_with_the_reason_of_the_visit(estates: ModuleType) -> None:
    asset = estates.subject(result=Result.UNREACHABLE, reason="no answer in 5 s, 2 tries")
    found = only(software_version(estates.estate(asset)))
    assert (found.status, found.evidence) == (Status.NOT_ASSESSED, ())
    assert found.reason == (
        "the version of its software is not known: the newest visit ended unreachable (no answer in 5 s, 2 tries)"
    )


def test_an_answer_that_does_not_say_it_is_told_apart(estates: ModuleType) -> None:
    found = only(software_version(estates.estate(estates.subject(facts={"system.name": "x"}))))
    assert found.reason.endswith("none of its answers says it")


@pytest.mark.parametrize(("wanted", "status"), [("1.2", Status.SUPPORTS), ("1.3", Status.CONTRADICTS)])
def test_an_attested_baseline_decides(estates: ModuleType, wanted: str, status: Status) -> None:
    baseline = estates.attestation("firmware-baseline", "a", version=wanted)
    asset = estates.subject(facts={"firmware.version": "1.2"})
    found = only(software_version(estates.estate(asset, attestations=[baseline])))
    assert found.status is status
    assert baseline.source in found.evidence
    assert wanted in found.reason or status is Status.SUPPORTS


def test_a_baseline_of_a_model_counts_for_that_model_only(estates: ModuleType) -> None:
    baseline = estates.attestation("firmware-baseline", None, model="X1", version="2.0")
    one = estates.subject("one", {"firmware.version": "1.0", "hardware.model": "X1"})
    two = estates.subject("two", {"firmware.version": "1.0", "hardware.model": "X2"})
    found = {str(one.asset): one.status for one in software_version(estates.estate(one, two, attestations=[baseline]))}
    assert found == {"one": Status.CONTRADICTS, "two": Status.SUPPORTS}


def test_a_maker_s_bulletin_is_joined_by_product_and_version(estates: ModuleType) -> None:
    old = estates.subject("old", {"os.id": "debian", "firmware.version": "11.9"})
    new = estates.subject("new", {"os.id": "debian", "firmware.version": "13.1"})
    other = estates.subject("other", {"os.id": "ubuntu", "firmware.version": "11.9"})
    found = {str(one.asset): one for one in end_of_support(estates.estate(old, new, other))}
    assert found["old"].status is Status.CONTRADICTS
    assert "Debian 11: security updates (long-term support) ended on 2026-08-31, 87 days ago" in found["old"].reason
    assert (found["new"].status, found["new"].due) == (Status.SUPPORTS, False)
    assert found["other"].status is Status.NOT_ASSESSED
    assert "11.9" in found["other"].reason


@pytest.mark.parametrize(
    ("ends", "status", "due"),
    [
        ("2026-11-25", Status.CONTRADICTS, False),
        ("2026-11-26", Status.SUPPORTS, True),
        ("2027-11-26", Status.SUPPORTS, True),
        ("2027-11-27", Status.SUPPORTS, False),
        ("soon", Status.NOT_ASSESSED, False),
    ],
)
def test_support_counts_to_the_end_of_its_last_day_and_is_due_a_year_before(
    estates: ModuleType, ends: str, status: Status, due: bool
) -> None:
    found = only(end_of_support(estates.estate(estates.subject(support_end=ends))))
    assert (found.status, found.due) == (status, due)
    assert found.evidence == (estates.PLAN,)
    assert ends in found.reason


def test_the_ledger_goes_before_an_attestation_and_that_before_a_bulletin(estates: ModuleType) -> None:
    facts = {"os.id": "debian", "firmware.version": "11.9"}
    record = estates.attestation("support-end", "a", end="2030-01-01", origin="contract 7")
    bulletin = estates.estate(estates.subject(facts=facts))
    attested = estates.estate(estates.subject(facts=facts), attestations=[record])
    ledger = estates.estate(estates.subject(facts=facts, support_end="2026-01-01"), attestations=[record])
    assert [only(end_of_support(one)).status for one in (bulletin, attested, ledger)] == [
        Status.CONTRADICTS,
        Status.SUPPORTS,
        Status.CONTRADICTS,
    ]
    assert "the ledger says" in only(end_of_support(ledger)).reason


def test_an_attestation_for_another_version_does_not_count(estates: ModuleType) -> None:
    record = estates.attestation("support-end", "a", end="2030-01-01", version="2.0")
    asset = estates.subject(facts={"firmware.version": "1.0"})
    assert only(end_of_support(estates.estate(asset, attestations=[record]))).status is Status.NOT_ASSESSED


def test_stale_versions_are_not_joined_with_bulletins(estates: ModuleType) -> None:
    asset = estates.subject(facts={"os.id": "debian", "firmware.version": "13.1"}, age_s=3 * DAY)
    assert only(end_of_support(estates.estate(asset))).status is Status.NOT_ASSESSED
