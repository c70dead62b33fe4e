"""The owner's page: what to decide, whether it got better, who got in; one page a site."""

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from evidence.assess.recorded import Recorded
from evidence.checks.registry import CHECKS, REVIEWS, judge
from evidence.log.findings import Basis, FindingsStatement
from evidence.model.finding import Finding, Status
from evidence.model.names import AssetId, digest_of
from evidence.report.owner import OwnerReport, Page, owner_pages
from evidence.report.render import render_owner_html

DAY = 86_400


def recorded(findings: tuple[Finding, ...]) -> Recorded:
    """Return an assessment that found this."""
    digest = digest_of(b"x")
    basis = Basis(
        as_of="2026-11-26T12:00:00Z", size=9, root="0" * 64, profile="all", controls=digest, controls_bytes=1,
        platforms=digest, platforms_bytes=1, registers=(), tool="0.1.0",
    )  # fmt: skip
    statement = FindingsStatement(plan=digest, basis=basis, results=digest, results_bytes=1, counts={})
    return Recorded(index=9, digest=digest, statement=statement, findings=findings)


def pages(
    estates: ModuleType, *subjects: object, before: tuple[Finding, ...] | None = None, **more: object
) -> tuple[Page, ...]:
    estate = estates.estate(*subjects, runs=[estates.run()], **more)
    now = recorded(judge(estate, [*CHECKS, *REVIEWS]))
    return owner_pages(estate, now, recorded(before) if before is not None else None, estates.CATALOGUE)


def bad(requirement: str, asset: str, **more: object) -> Finding:
    said = {"status": Status.CONTRADICTS, "reason": f"{asset} is wrong", "evidence": (digest_of(b"e"),)}
    name = None if asset == "site" else AssetId(asset)
    return Finding(requirement=requirement, asset=name, **{**said, **more})  # type: ignore[arg-type]


def page_of(estates: ModuleType, *findings: Finding, before: tuple[Finding, ...] | None = None) -> Page:
    """Return the page of a site in which exactly this was found."""
    estate = estates.estate(estates.subject("a"), estates.subject("b", criticality="high"), runs=[estates.run()])
    now = recorded(findings)
    (page,) = owner_pages(estate, now, recorded(before) if before is not None else None, estates.CATALOGUE)
    return page


def test_three_decisions_at_most_the_most_pressing_first(estates: ModuleType) -> None:
    page = page_of(
        estates, bad("PAT-01", "a"), bad("INV-04", "a"), bad("VAC-01", "a"), bad("SEG-02", "a"), bad("CFG-03", "a")
    )
    assert [one.requirement for one in page.decisions] == ["VAC-01", "SEG-02", "INV-04"]
    assert page.waiting == 2


def test_what_contradicts_goes_before_what_is_due_and_what_is_accepted_is_no_decision(estates: ModuleType) -> None:
    due = bad("VAC-01", "a", status=Status.SUPPORTS, due=True)
    accepted = bad("INV-04", "a", exception="EX-1")
    page = page_of(estates, due, accepted, bad("CFG-03", "a"))
    assert [(one.requirement, one.due) for one in page.decisions] == [("CFG-03", False), ("VAC-01", True)]


def test_a_critical_asset_is_named_first(estates: ModuleType) -> None:
    page = page_of(estates, bad("INV-04", "a"), bad("INV-04", "b"), bad("INV-04", "site"))
    (decision,) = page.decisions
    assert decision.found[0].startswith("b: ")
    assert decision.more == 1


@pytest.mark.parametrize(
    ("now", "before", "trend"),
    [
        ([Status.CONTRADICTS, Status.SUPPORTS], [Status.SUPPORTS, Status.NOT_ASSESSED], "worse"),
        ([Status.SUPPORTS, Status.SUPPORTS], [Status.SUPPORTS, Status.CONTRADICTS], "better"),
        ([Status.SUPPORTS, Status.SUPPORTS], [Status.SUPPORTS, Status.SUPPORTS], "the same"),
        ([Status.NOT_ASSESSED, Status.SUPPORTS], [Status.SUPPORTS, Status.SUPPORTS], "worse"),
        ([Status.NOT_ASSESSED, Status.SUPPORTS], [Status.SUPPORTS, Status.CONTRADICTS], "the same"),
    ],
)
def test_a_new_contradiction_is_worse_whatever_got_better(
    estates: ModuleType, now: list[Status], before: list[Status], trend: str
) -> None:
    first, then = (
        tuple(bad("INV-04", name, status=status) for name, status in zip("ab", statuses, strict=True))
        for statuses in (now, before)
    )
    assert page_of(estates, *first, before=then).trend == trend


def test_the_first_assessment_is_neither(estates: ModuleType) -> None:
    assert page_of(estates, bad("INV-04", "a")).trend == "first"


def test_every_site_has_its_page_and_its_own_findings(estates: ModuleType) -> None:
    one = estates.subject("one", site="Lyon", support_end="2020-01-01")
    two = estates.subject("two", site="Osaka")
    lyon, osaka = pages(estates, one, two)
    assert (lyon.site, lyon.assets, osaka.site, osaka.assets) == ("Lyon", 1, "Osaka", 1)
    assert [decision.requirement for decision in lyon.decisions] == ["INV-04"]
    assert [decision.requirement for decision in osaka.decisions] == []


def test_only_a_validated_restore_counts_as_tested(estates: ModuleType) -> None:
    done = {"restore[1].status": "completed", "restore[1].end": estates.ago(DAY)}
    (page,) = pages(estates, estates.subject(facts=done | {"restore[1].validation": "none"}))
    assert page.restore.startswith("Never, as far as evidence goes: one restore was recorded")
    (page,) = pages(estates, estates.subject(facts=done | {"restore[1].validation": "successful"}))
    assert page.restore.startswith("2026-11-25T12:00:00Z: a, read from a")
    record = estates.attestation("restore-test", "a", validation="successful", end=estates.ago(9 * DAY))
    (page,) = pages(estates, estates.subject(), attestations=[record])
    assert page.restore == "2026-11-17T12:00:00Z: a, attested by m.huber."


def test_who_got_in_names_people_vendors_and_whoever_collects(estates: ModuleType) -> None:
    facts = {
        "session[1].account": "h.sato", "session[1].vendor": "Acme Drives", "session[1].to": "plc-1",
        "session[1].start": estates.ago(DAY), "session[1].end": estates.ago(DAY - 60),
        "session[2].account": "old", "session[2].start": estates.ago(40 * DAY),
    }  # fmt: skip
    (page,) = pages(estates, estates.subject("jump", facts))
    assert [(one.who, one.what) for one in page.sessions] == [("h.sato (Acme Drives)", "plc-1")]
    assert page.visits == "Whoever collects this evidence: 1 runs with 500 read-only requests."
    (page,) = pages(estates, estates.subject("jump", {"session[2].start": estates.ago(40 * DAY)}))
    assert page.sessions_words.startswith("Nobody, within 31 days")
    (page,) = pages(estates, estates.subject("sw"))
    assert page.sessions_words.startswith("Not known")


def test_six_questions_have_a_line_and_none_is_answered_by_silence(estates: ModuleType) -> None:
    page = page_of(estates)
    assert len(page.lines) == 6
    assert {line.word for line in page.lines} == {"not-assessed"}


@pytest.mark.real
def test_a_full_page_fits_one_sheet_of_paper(estates: ModuleType, tmp_path: Path) -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("chromium is not installed")
    sessions = {
        f"session[{n}].{column}": value
        for n in range(12)
        for column, value in (("account", f"user-{n}"), ("vendor", "A vendor"), ("start", estates.ago(n * 3600)))
    }
    names = [f"a switch with a long name, number {n}" for n in range(3)]
    subjects = [estates.subject(name, sessions, support_end="2020-01-01", site="Lyon") for name in names]
    (page,) = pages(estates, *subjects)
    crowded = replace(page, decisions=(page.decisions[0],) * 3, waiting=4)
    report = OwnerReport(
        owner="acme", as_of="2026-11-26T12:00:00Z", before=None, profile="all", statement=digest_of(b"x"),
        pin=f"plantproof.example/acme/{'0' * 16} 123456 {'0' * 64}", verified=True, tool="0.1.0",
        pages=(crowded, crowded),
    )  # fmt: skip
    (tmp_path / "owner.html").write_text(render_owner_html(report), encoding="utf-8")
    subprocess.run(
        [chromium, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}",
         "--no-pdf-header-footer", f"--print-to-pdf={tmp_path / 'owner.pdf'}", f"file://{tmp_path / 'owner.html'}"],
        check=True, capture_output=True, timeout=100,
    )  # fmt: skip
    data = (tmp_path / "owner.pdf").read_bytes()
    assert data.count(b"/Type /Page\n") == 2
