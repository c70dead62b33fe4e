"""CFG-01 and CFG-03: changes without a ticket, and what a loss of power would undo."""

from types import ModuleType

import pytest

from evidence.checks.configurations import unsaved_configuration, unticketed_change
from evidence.model.finding import Finding, Status
from evidence.model.names import AssetId, digest_of
from evidence.model.register import Approval

HOUR, DAY = 3600, 86_400


def ticket(estates: ModuleType, begins: int, ends: int, *, asset: str | None = "a", kind: str = "change") -> Approval:
    """Return an approval from `begins` to `ends` seconds ago."""
    said = {name: None for name in ("at",) if name in Approval.__dataclass_fields__}
    return Approval(
        id="CHG-7",
        kind=kind,
        assets=(AssetId(asset),) if asset else (),
        subject="new VLAN",
        begins=estates.ago(begins),
        ends=estates.ago(ends),
        approver="k.ito",
        ticket="CHG-7",
        source=digest_of(b"ticket"),
        **{name: estates.ago(begins) for name in said},  # type: ignore[arg-type]
    )


def changed(estates: ModuleType, *approvals: Approval, **facts: str) -> Finding:
    """Judge a configuration that changed between two days and one hour ago."""
    named = {"config.sha256": "bb"} | {f"config.{name}": value for name, value in facts.items()}
    asset = estates.subject(facts=named, before={"config.sha256": "aa"})
    (found,) = unticketed_change(estates.estate(asset, approvals=approvals))
    return found  # type: ignore[no-any-return]


def test_an_unchanged_configuration_supports_and_rests_on_both_snapshots(estates: ModuleType) -> None:
    asset = estates.subject(facts={"config.sha256": "aa"}, before={"config.sha256": "aa"})
    (found,) = unticketed_change(estates.estate(asset))
    assert found.status is Status.SUPPORTS
    assert set(found.evidence) == {asset.facts[0].source, asset.before[0].source}


def test_a_change_without_ticket_contradicts_and_names_the_time(estates: ModuleType) -> None:
    found = changed(estates)
    assert found.status is Status.CONTRADICTS
    assert f"between {estates.ago(2 * DAY)} and {estates.ago(HOUR)}" in found.reason


@pytest.mark.parametrize(
    ("begins", "ends", "covered"),
    [
        (DAY, DAY // 2, True),
        (5 * DAY, 2 * DAY, True),
        (5 * DAY, 2 * DAY + 1, False),
        (HOUR, 0, True),
        (HOUR - 1, 0, False),
    ],
)
def test_a_ticket_must_reach_into_the_time_between_the_snapshots(
    estates: ModuleType, begins: int, ends: int, covered: bool
) -> None:
    found = changed(estates, ticket(estates, begins, ends))
    assert (found.status is Status.SUPPORTS) is covered
    assert (digest_of(b"ticket") in found.evidence) is covered


def test_where_the_device_says_when_the_ticket_must_cover_that_moment(estates: ModuleType) -> None:
    approved = ticket(estates, DAY, DAY // 2)
    assert changed(estates, approved, changed_at=estates.ago(DAY - HOUR)).status is Status.SUPPORTS
    assert changed(estates, approved, changed_at=estates.ago(2 * HOUR)).status is Status.CONTRADICTS


def test_a_time_the_device_cannot_mean_is_not_believed(estates: ModuleType) -> None:
    """It changed between the snapshots; a clock that says otherwise is wrong."""
    approved = ticket(estates, DAY, DAY // 2)
    for told in (estates.ago(9 * DAY), estates.ago(0), "yesterday"):
        assert changed(estates, approved, changed_at=told).status is Status.SUPPORTS


def test_tickets_of_other_assets_and_kinds_do_not_count_and_one_for_all_does(estates: ModuleType) -> None:
    assert changed(estates, ticket(estates, DAY, 0, asset="b")).status is Status.CONTRADICTS
    assert changed(estates, ticket(estates, DAY, 0, kind="session")).status is Status.CONTRADICTS
    assert changed(estates, ticket(estates, DAY, 0, asset=None)).status is Status.SUPPORTS


def test_a_first_configuration_proves_no_stillness(estates: ModuleType) -> None:
    (found,) = unticketed_change(estates.estate(estates.subject(facts={"config.sha256": "aa"})))
    assert found.status is Status.NOT_ASSESSED


def test_a_stale_configuration_is_not_assessed(estates: ModuleType) -> None:
    asset = estates.subject(facts={"config.sha256": "aa"}, before={"config.sha256": "aa"}, age_s=2 * DAY)
    (found,) = unticketed_change(estates.estate(asset))
    assert found.status is Status.NOT_ASSESSED


def test_a_host_has_no_configuration_of_its_own(estates: ModuleType) -> None:
    host = estates.subject(facts={"os.id": "debian"})
    assert list(unticketed_change(estates.estate(host))) == []


def test_a_saved_configuration_supports(estates: ModuleType) -> None:
    (found,) = unsaved_configuration(estates.estate(estates.subject(facts={"config.saved": "yes"})))
    assert (found.status, found.due) == (Status.SUPPORTS, False)


@pytest.mark.parametrize(
    ("since", "status", "due"),
    [(24 * HOUR, Status.SUPPORTS, True), (24 * HOUR + 1, Status.CONTRADICTS, False)],
)
def test_an_unsaved_one_is_due_for_a_day(estates: ModuleType, since: int, status: Status, due: bool) -> None:
    facts = {"config.saved": "no", "config.changed_at": estates.ago(since)}
    (found,) = unsaved_configuration(estates.estate(estates.subject(facts=facts)))
    assert (found.status, found.due) == (status, due)


def test_the_snapshot_before_tells_since_when_it_is_unsaved(estates: ModuleType) -> None:
    facts, same = {"config.saved": "no", "config.sha256": "aa"}, {"config.saved": "no", "config.sha256": "aa"}
    other = {"config.saved": "no", "config.sha256": "bb"}
    (found,) = unsaved_configuration(estates.estate(estates.subject(facts=facts, before=same)))
    assert found.status is Status.CONTRADICTS
    (found,) = unsaved_configuration(estates.estate(estates.subject(facts=facts, before=other)))
    assert (found.status, found.due) == (Status.SUPPORTS, True)
    stood = facts | {"config.since": estates.ago(3 * DAY)}
    (found,) = unsaved_configuration(estates.estate(estates.subject(facts=stood, before=other)))
    assert found.status is Status.CONTRADICTS


def test_a_device_that_does_not_say_is_not_assessed(estates: ModuleType) -> None:
    (found,) = unsaved_configuration(estates.estate(estates.subject(facts={"config.sha256": "aa"})))
    assert found.status is Status.NOT_ASSESSED


def test_a_change_is_judged_for_the_window_and_dated_by_the_first_answer_that_shows_it(estates: ModuleType) -> None:
    def judged(since: int, *approvals: Approval) -> Finding:
        facts = {"config.sha256": "bb", "config.since": estates.ago(since)}
        asset = estates.subject(facts=facts, before={"config.sha256": "aa"}, before_age_s=40 * DAY)
        (found,) = unticketed_change(estates.estate(asset, approvals=approvals))
        return found  # type: ignore[no-any-return]

    assert judged(31 * DAY).status is Status.CONTRADICTS
    assert judged(31 * DAY + 1).status is Status.SUPPORTS
    late = ticket(estates, 20 * DAY, 19 * DAY)
    assert judged(25 * DAY, late).status is Status.CONTRADICTS, "a ticket after the change was seen covers nothing"
    assert judged(15 * DAY, late).status is Status.SUPPORTS
