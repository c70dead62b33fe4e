"""What holds for all checks: nothing supports without fresh evidence, and the same estate gives the same findings."""

from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.checks.registry import CHECKS, REVIEWS, CheckError, judge
from evidence.log.findings import dump_results, load_results
from evidence.model.asset import Safety
from evidence.model.finding import Finding, Status
from evidence.model.names import AssetId
from evidence.model.outcome import Result

NAMES = (
    "firmware.version", "hardware.model", "os.id", "config.sha256", "config.saved", "config.changed_at",
    "patch.security", "patch.critical", "patch.failed", "patch.scanned_at", "patch.last_install", "backup.last_success",
    "certificate[a].not_after", "certificate[a].not_before", "certificate[b].not_after", "backup[1].what",
    "backup[1].status", "backup[1].at", "backup[2].last_success", "protected[1].name", "protected[1].last_backup",
    "access[u].version", "access[u].level", "access[u].rights", "rule[1].expires", "rule[1].temporary", "rule[1].owner",
    "session[1].account", "session[1].start", "session[1].end", "session[1].vendor", "secret[t].type", "mac[m].port",
    "restore[1].status", "restore[1].validation", "restore[1].end", "hardware.serial", "arp[1].mac", "arp[1].address",
)  # fmt: skip
VALUES = st.sampled_from(
    ["", "0", "1", "3", "yes", "no", "debian", "11.9", "completed", "FAILED", "successful", "aa:bb:cc:dd:ee:ff", "3",
     "authPriv", "rw", "a", "b", "2026-11-26T11:00:00Z", "2026-11-01T00:00:00Z", "2030-01-01T00:00:00Z", "soon"]
)  # fmt: skip
FACTS = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=12)
SUBJECTS = st.lists(
    st.fixed_dictionaries(
        {
            "facts": FACTS,
            "before": FACTS,
            "age_s": st.sampled_from([0, 3600, 86_400, 86_401, 10**7]),
            "result": st.sampled_from(list(Result)),
            "safety": st.sampled_from(list(Safety)),
            "support_end": st.sampled_from([None, "2026-11-25", "2031-01-01", "never"]),
        }
    ),
    max_size=3,
)


@given(said=SUBJECTS)
@settings(max_examples=150)
def test_nothing_supports_without_evidence_that_is_fresh(estates: ModuleType, said: list[dict[str, object]]) -> None:
    subjects = [estates.subject(name, **one) for name, one in zip("abc", said, strict=False)]
    estate = estates.estate(*subjects)
    fresh = {one.source for item in subjects for one in item.facts if not estate.is_stale(one)}
    declared = {estates.PLAN, estates.run().part}
    for finding in judge(estate, CHECKS):
        if finding.status is Status.SUPPORTS:
            assert set(finding.evidence) & (fresh | declared), finding
        if finding.status is not Status.NOT_ASSESSED:
            assert finding.evidence, finding
        assert not finding.due or finding.status is Status.SUPPORTS
        assert finding.reason


@given(said=SUBJECTS)
def test_the_same_estate_gives_the_same_bytes_and_they_are_read_back(
    estates: ModuleType, said: list[dict[str, object]]
) -> None:
    def once() -> bytes:
        subjects = [estates.subject(name, **one) for name, one in zip("abc", said, strict=False)]
        return dump_results(judge(estates.estate(*subjects), CHECKS))

    data = once()
    assert data == once()
    assert dump_results(load_results(data)) == data


@pytest.mark.parametrize("requirement", sorted({*CHECKS, *REVIEWS}))
def test_an_empty_estate_supports_nothing(estates: ModuleType, requirement: str) -> None:
    found = judge(estates.estate(), [requirement])
    assert found
    assert {one.status for one in found} == {Status.NOT_ASSESSED}


@pytest.mark.parametrize("requirement", sorted(CHECKS))
def test_an_asset_that_never_answered_supports_nothing(estates: ModuleType, requirement: str) -> None:
    silent = estates.subject(result=Result.UNREACHABLE, reason="no answer")
    assert {one.status for one in judge(estates.estate(silent), [requirement])} == {Status.NOT_ASSESSED}


def test_every_requirement_of_the_catalogue_is_judged(estates: ModuleType) -> None:
    assert set(estates.CATALOGUE.controls) >= {*CHECKS, *REVIEWS}


def test_a_requirement_nobody_can_judge_says_so(estates: ModuleType) -> None:
    (found,) = judge(estates.estate(), ["XXX-99"])
    assert (found.status, found.reason) == (Status.NOT_ASSESSED, "this version has no check for it")


@pytest.mark.parametrize(
    "bad",
    [
        [Finding(requirement="INV-03", asset=AssetId("a"), status=Status.SUPPORTS, reason="x")],
        [Finding(requirement="INV-04", asset=None, status=Status.NOT_ASSESSED, reason="x")],
        [Finding(requirement="INV-03", asset=None, status=Status.NOT_ASSESSED, reason="x")] * 2,
    ],
    ids=["without evidence", "of another requirement", "twice"],
)
def test_a_check_that_breaks_its_promise_is_an_error(estates: ModuleType, bad: list[Finding]) -> None:
    with pytest.raises(CheckError):
        judge(estates.estate(), ["INV-03"], checks={"INV-03": lambda _: iter(bad)})


def test_an_id_is_the_same_whatever_was_found_and_another_for_another_thing() -> None:
    one = Finding(requirement="INV-03", asset=AssetId("a"), status=Status.NOT_ASSESSED, reason="x")
    other = Finding(requirement="INV-03", asset=AssetId("a"), status=Status.NOT_ASSESSED, reason="y", due=True)
    assert one.id == other.id
    row = Finding(requirement="INV-03", asset=AssetId("a"), row="", status=Status.NOT_ASSESSED, reason="x")
    assert len({one.id, row.id}) == 2
