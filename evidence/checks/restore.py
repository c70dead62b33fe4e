"""
BKP-02: restores that were really tried.

One record whatever it comes from: a cloud's restore jobs, a restic restore, a form that a person signed. A restore that
completed and that nobody validated says that bytes were copied, and is not assessed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from evidence.checks.estate import Estate
from evidence.clock import TimeError, parse_rfc3339
from evidence.model.finding import Finding, Status
from evidence.model.names import AssetId, Digest

REQUIREMENT = "BKP-02"

CRITICAL = frozenset({"critical", "high", "safety"})
"""Values of `plantproof_criticality` that mean a test every quarter."""

_finding = partial(Finding, requirement=REQUIREMENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreTest:
    """One restore, from whatever source."""

    id: str
    asset: AssetId | None
    """Whose backup it was, where that is an asset; else whose facts told of it."""
    backup: str
    """The job or resource that was backed up."""
    status: str
    validation: str
    start: datetime
    end: datetime | None
    rto_goal_s: int | None
    checks_expected: int | None
    checks_passed: int | None
    source: Digest

    @property
    def is_conclusive(self) -> bool:
        """Whether it says that the restore works, or that it does not."""
        return self.status == "failed" or (
            self.status == "completed" and self.validation in ("successful", "failed", "timed-out")
        )

    @property
    def took_s(self) -> int | None:
        """How long it took, seconds."""
        return round((self.end - self.start).total_seconds()) if self.end is not None else None


def restore_tests(estate: Estate) -> Iterator[RestoreTest]:
    """Yield every restore that facts or attestations tell of, up to now; what has no time cannot be placed."""
    for subject in estate.subjects.values():
        for row in subject.rows("restore"):
            named = row.text("asset")
            known = AssetId(named) if named and AssetId(named) in estate.subjects else None
            yield from _test(
                estate,
                row.name,
                known or subject.id,
                {name: fact.value for name, fact in row.facts.items()}
                | {"backup": row.text("backup") or ("" if known else named or "")},
                row.sources[0],
            )
    for record in estate.registers.attestations:
        if record.kind == "restore-test":
            yield from _test(estate, record.id, record.asset, dict(record.values), record.source)


def restore_test(estate: Estate) -> Iterator[Finding]:
    """Judge the newest conclusive restore of each backup; not assessed where there is none."""
    groups: dict[tuple[AssetId | None, str], list[RestoreTest]] = {}
    for test in restore_tests(estate):
        groups.setdefault((test.asset, test.backup), []).append(test)
    for (asset, backup), tests in sorted(groups.items(), key=lambda pair: (pair[0][0] or "", pair[0][1])):
        tests.sort(key=lambda test: (test.start, test.id), reverse=True)
        yield _judged(estate, asset, backup or None, tests)
    tested = {asset for asset, _ in groups}
    backed_up = [
        subject.id
        for subject in estate.subjects.values()
        if any(fact.name.startswith(("backup.", "protected.")) for fact in subject.facts)
    ]
    for asset in sorted(set(backed_up) - tested):
        yield _finding(asset=asset, status=Status.NOT_ASSESSED, reason="it is backed up, and no restore is known of")
    if not groups and not backed_up:
        yield _finding(asset=None, status=Status.NOT_ASSESSED, reason="no restore is known of")


def _judged(estate: Estate, asset: AssetId | None, backup: str | None, tests: list[RestoreTest]) -> Finding:
    """Judge the restores of one backup, the newest first."""
    newest = tests[0]
    test = next((one for one in tests if one.is_conclusive), None)
    if test is None:
        words = (
            f"the restore {newest.id} of {_day(newest.start)} completed, and nobody validated what was restored"
            if newest.status == "completed"
            else f"the restore {newest.id} of {_day(newest.start)} is {newest.status}"
        )
        return _finding(asset=asset, row=backup, status=Status.NOT_ASSESSED, reason=words, evidence=(newest.source,))
    status, words = _verdict(estate, asset, test)
    return _finding(asset=asset, row=backup, status=status, reason=words, evidence=(test.source,))


def _verdict(estate: Estate, asset: AssetId | None, test: RestoreTest) -> tuple[Status, str]:
    what = f"the restore {test.id} of {_day(test.start)}"
    if test.status == "failed" or test.validation != "successful":
        how = "failed" if test.status == "failed" else f"was validated, with the result {test.validation}"
        return Status.CONTRADICTS, f"{what} {how}"
    expected, passed = test.checks_expected, test.checks_passed
    if expected is not None and passed is not None and passed < expected:
        return Status.CONTRADICTS, f"{what} passed {passed} of {expected} checks"
    took = test.took_s
    if test.rto_goal_s is not None and took is not None and took > test.rto_goal_s:
        return Status.CONTRADICTS, f"{what} took {took} s, the goal is {test.rto_goal_s} s"
    if test.rto_goal_s is not None and took is None:
        return Status.NOT_ASSESSED, f"{what} has a goal of {test.rto_goal_s} s, and no time at which it ended"
    days = estate.limit(REQUIREMENT, "max_age_days_critical" if _is_critical(estate, asset) else "max_age_days")
    age_days = (estate.at - test.start).total_seconds() / 86_400
    if age_days > days:
        return Status.NOT_ASSESSED, f"{what} worked, but it is {int(age_days)} days old; {days} are allowed"
    goal = f"within the goal of {test.rto_goal_s} s" if test.rto_goal_s is not None else "no time was set as its goal"
    return Status.SUPPORTS, f"{what} was validated: successful; {goal}"


def _is_critical(estate: Estate, asset: AssetId | None) -> bool:
    subject = estate.subjects.get(asset) if asset else None
    ledger = subject.asset if subject else None
    return ledger is not None and (ledger.criticality or "").lower() in CRITICAL


def _test(
    estate: Estate, name: str, asset: AssetId | None, said: dict[str, str], source: Digest
) -> Iterator[RestoreTest]:
    start, end = _time(said.get("start")), _time(said.get("end"))
    if start is None or start > estate.at:
        return
    yield RestoreTest(
        id=name,
        asset=asset,
        backup=said.get("backup", ""),
        status=said.get("status", ""),
        validation=said.get("validation", "none"),
        start=start,
        end=end if end is not None and end >= start else None,
        rto_goal_s=_number(said.get("rto_goal_s")),
        checks_expected=_number(said.get("checks_expected")),
        checks_passed=_number(said.get("checks_passed")),
        source=source,
    )


def _time(text: str | None) -> datetime | None:
    try:
        return parse_rfc3339(text) if text else None
    except TimeError:
        return None


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() else None


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"
