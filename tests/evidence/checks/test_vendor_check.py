"""VAC-01: a vendor's session lies within an approval of this account, for this asset, signed before it began."""

from types import ModuleType
from typing import Any

import pytest

from evidence.checks.vendor import vendor_session
from evidence.model.finding import Finding, Status
from evidence.model.names import AssetId, digest_of
from evidence.model.register import Approval

HOUR, DAY = 3600, 86_400


def approval(estates: ModuleType, **said: Any) -> Approval:
    """Return an approval from four hours to one hour ago, signed a day ago."""
    times = {name: estates.ago(said.pop(name, usual)) for name, usual in (("begins", 4 * HOUR), ("ends", HOUR))}
    at = estates.ago(said.pop("at", DAY))
    assets = tuple(map(AssetId, said.pop("assets", ("jump",))))
    rest = {"id": "A-1", "kind": "session", "subject": "kuka", "approver": "k.ito", "ticket": None} | said
    return Approval(**times, at=at, assets=assets, source=digest_of(b"approval"), **rest)


def judged(
    estates: ModuleType, *approvals: Approval, start: float = 3 * HOUR, end: float | None = 2 * HOUR, **said: str
) -> Finding:
    """Judge one session of the account `kuka` at the jump host, from three to two hours ago."""
    columns = {"account": "kuka", "vendor": "yes", "start": estates.ago(start)} | said
    if end is not None:
        columns["end"] = estates.ago(end)
    host = estates.subject("jump", {f"session[s1].{name}": value for name, value in columns.items()})
    (found,) = vendor_session(estates.estate(host, estates.subject("press-7"), approvals=approvals))
    return found


def test_a_session_inside_an_approval_that_came_before_it_supports(estates: ModuleType) -> None:
    found = judged(estates, approval(estates))
    assert (found.status, found.asset, found.row) == (Status.SUPPORTS, "jump", "s1")
    assert digest_of(b"approval") in found.evidence


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"kind": "change"}, "nobody approved it"),
        ({"subject": "siemens"}, "nobody approved it"),
        ({"assets": ("press-7",)}, "nobody approved it"),
        ({"begins": 3 * HOUR - 1}, "outside every approval"),
        ({"ends": 3 * HOUR + 1, "begins": 5 * HOUR}, "outside every approval"),
        ({"ends": 2 * HOUR + 1}, "after the approval A-1 did"),
        ({"at": 3 * HOUR}, "not before the session"),
        ({"at": HOUR}, "not before the session"),
    ],
)
def test_anything_else_about_the_approval_contradicts(estates: ModuleType, said: dict[str, Any], words: str) -> None:
    found = judged(estates, approval(estates, **said))
    assert found.status is Status.CONTRADICTS
    assert words in found.reason


@pytest.mark.parametrize("said", [{"begins": 3 * HOUR}, {"ends": 2 * HOUR}, {"at": 3 * HOUR + 1}, {"assets": ()}])
def test_the_edges_belong_to_the_approval(estates: ModuleType, said: dict[str, Any]) -> None:
    assert judged(estates, approval(estates, **said)).status is Status.SUPPORTS


def test_no_approval_at_all_contradicts(estates: ModuleType) -> None:
    assert judged(estates).status is Status.CONTRADICTS


def test_the_account_is_compared_without_case_and_the_target_by_name_or_address(estates: ModuleType) -> None:
    both = approval(estates, subject="KUKA", assets=("press-7",))
    assert judged(estates, both, to="press-7").status is Status.SUPPORTS
    assert judged(estates, approval(estates), to="press-7").status is Status.CONTRADICTS
    assert judged(estates, approval(estates), to="somewhere-else").status is Status.CONTRADICTS


def test_a_session_still_open_is_judged_by_now(estates: ModuleType) -> None:
    late = judged(estates, approval(estates), end=None)
    assert (late.status, "had not ended" in late.reason) == (Status.CONTRADICTS, True)
    assert judged(estates, approval(estates, ends=-HOUR), end=None).status is Status.SUPPORTS


def test_an_approval_that_was_extended_in_time_covers_the_whole_session(estates: ModuleType) -> None:
    first = approval(estates, ends=2.5 * HOUR)
    assert judged(estates, first).status is Status.CONTRADICTS
    extended = approval(estates, ends=HOUR, begins=4 * HOUR, at=2.5 * HOUR)
    assert judged(estates, first, extended).status is Status.SUPPORTS
    another = approval(estates, id="A-2", at=2.5 * HOUR)
    assert judged(estates, first, another).status is Status.CONTRADICTS
    afterwards = approval(estates, at=HOUR)
    assert judged(estates, first, afterwards).status is Status.CONTRADICTS


def test_sessions_of_others_are_not_judged(estates: ModuleType) -> None:
    found = judged(estates, account="m.huber", vendor="no")
    assert (found.status, found.row) == (Status.SUPPORTS, None)
    assert "none of them a vendor's" in found.reason


def test_where_nothing_says_who_is_a_vendor_nothing_is_said(estates: ModuleType) -> None:
    host = estates.subject("jump", {"session[1].account": "m.huber", "session[1].start": estates.ago(HOUR)})
    (found,) = vendor_session(estates.estate(host))
    assert found.status is Status.NOT_ASSESSED
    (named,) = vendor_session(estates.estate(host, estates.subject("press-7", vendor="KUKA")))
    assert (named.status, "none of them a vendor's" in named.reason) == (Status.SUPPORTS, True)


def test_the_ledger_and_approvals_name_vendors_accounts(estates: ModuleType) -> None:
    host = estates.subject("jump", {"session[1].account": "kuka", "session[1].start": estates.ago(HOUR)})
    (found,) = vendor_session(estates.estate(host, estates.subject("press-7", vendor="Siemens, KUKA")))
    assert (found.status, found.row) == (Status.CONTRADICTS, "1")
    (found,) = vendor_session(estates.estate(host, approvals=[approval(estates)]))
    assert (found.status, found.row) == (Status.CONTRADICTS, "1")


def test_without_a_log_or_a_start_nothing_is_assessed(estates: ModuleType) -> None:
    (found,) = vendor_session(estates.estate(estates.subject("a", {"os.id": "debian"})))
    assert (found.status, found.asset) == (Status.NOT_ASSESSED, None)
    assert judged(estates, approval(estates), start=3 * HOUR, account="").status is Status.NOT_ASSESSED


def test_an_old_log_supports_nothing_and_still_contradicts(estates: ModuleType) -> None:
    columns = {"account": "kuka", "vendor": "yes", "start": estates.ago(3 * DAY), "end": estates.ago(3 * DAY)}
    facts = {f"session[s1].{name}": value for name, value in columns.items()}
    host = estates.subject("jump", facts, age_s=2 * DAY)
    good = approval(estates, begins=4 * DAY, at=5 * DAY)
    assert [one.status for one in vendor_session(estates.estate(host, approvals=[good]))] == [Status.NOT_ASSESSED]
    assert [one.status for one in vendor_session(estates.estate(host))] == [Status.CONTRADICTS]
