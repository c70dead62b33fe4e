"""EXC-01: a contradiction is accepted while its exception is live, complete, and compensated for that asset."""

from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest

from evidence.checks.estate import Estate
from evidence.checks.exceptions import covered, risk_exception
from evidence.checks.registry import judge
from evidence.model.finding import Finding, Status
from evidence.model.names import AssetId, digest_of
from evidence.model.register import Registers, RiskException

REGISTER = digest_of(b"register")


def exception(**said: Any) -> RiskException:
    """Return an exception of `plc-1` from INV-04, isolated by SEG-02, live until the end of the year."""
    usual: dict[str, Any] = {"id": "E-1", "requirement": "INV-04", "assets": (AssetId("plc-1"),), "row": None}
    usual |= {"reason_class": "too-old", "reason": "no successor", "owner": "k.ito", "approver": "m.huber"}
    usual |= {"approved": "2026-01-01", "expires": "2026-12-31", "compensating": ("SEG-02",), "replacement": None}
    return RiskException(**(usual | {"source": digest_of(b"E-1")} | said))


def finding(requirement: str, asset: str | None, status: Status, row: str | None = None) -> Finding:
    return Finding(
        requirement=requirement,
        asset=AssetId(asset) if asset else None,
        row=row,
        status=status,
        reason="because",
        evidence=(digest_of(f"{requirement} {asset}".encode()),),
    )


OLD = finding("INV-04", "plc-1", Status.CONTRADICTS)
ISOLATED = finding("SEG-02", "plc-1", Status.SUPPORTS)


def estate(estates: ModuleType, *exceptions: RiskException, at: str | None = None) -> Estate:
    registers = Registers(exceptions=exceptions, present=frozenset({"exception"}), sources={"exception": REGISTER})
    made: Estate = replace(estates.estate(), registers=registers)
    return replace(made, at=estates.NOW.fromisoformat(at)) if at else made


def judged(made: Estate, *findings: Finding) -> dict[str | None, Finding]:
    return {one.row: one for one in risk_exception(made, findings)}


def test_a_live_exception_covers_and_names_itself(estates: ModuleType) -> None:
    made = estate(estates, exception())
    old, isolated = covered(made, [OLD, ISOLATED])
    assert (old.exception, old.status, isolated) == ("E-1", Status.CONTRADICTS, ISOLATED)
    found = judged(made, OLD, ISOLATED)
    assert {row: one.status for row, one in found.items()} == {"E-1": Status.SUPPORTS, None: Status.SUPPORTS}
    assert set(found["E-1"].evidence) == {digest_of(b"E-1"), ISOLATED.evidence[0]}


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"expires": "2026-11-25"}, "it expired 2026-11-25"),
        ({"approved": "2026-11-27"}, "it counts from 2026-11-27 on"),
        ({"compensating": ()}, "names no compensating control"),
        ({"compensating": ("SEG-02", "LOG-01")}, "nothing is known of its compensating control LOG-01"),
        ({"compensating": ("INV-04",)}, "its compensating control INV-04 is contradicts"),
    ],
)
def test_one_that_is_not_live_or_complete_covers_nothing(estates: ModuleType, said: dict[str, Any], words: str) -> None:
    made = estate(estates, exception(**said))
    assert covered(made, [OLD, ISOLATED])[0].exception is None
    found = judged(made, OLD, ISOLATED)
    assert found["E-1"].status is Status.CONTRADICTS
    assert words in found["E-1"].reason
    assert "neither fixed nor accepted: INV-04 plc-1" in found[None].reason


@pytest.mark.parametrize(
    "said",
    [
        {"assets": (AssetId("plc-2"),)},
        {"requirement": "INV-03"},
        {"row": "module 1"},
    ],
)
def test_one_of_another_asset_requirement_or_row_is_not_about_it(estates: ModuleType, said: dict[str, Any]) -> None:
    made = estate(estates, exception(**said))
    assert covered(made, [OLD, ISOLATED])[0].exception is None
    found = judged(made, OLD, ISOLATED)
    assert found.keys() == {None}
    assert found[None].status is Status.CONTRADICTS


def test_one_for_a_row_covers_that_row_only_and_one_without_assets_the_site(estates: ModuleType) -> None:
    rows = [finding("INV-04", "plc-1", Status.CONTRADICTS, row) for row in ("module 1", "module 2")]
    made = estate(estates, exception(row="module 1", assets=()))
    assert [one.exception for one in covered(made, [*rows, ISOLATED])] == ["E-1", None, None]


def test_it_counts_to_the_last_second_of_its_last_day(estates: ModuleType) -> None:
    for at, counts in (("2026-12-31T23:59:59+00:00", "E-1"), ("2027-01-01T00:00:00+00:00", None)):
        assert covered(estate(estates, exception(), at=at), [OLD, ISOLATED])[0].exception == counts


@pytest.mark.parametrize("status", [Status.CONTRADICTS, Status.NOT_ASSESSED])
def test_it_lapses_when_a_compensating_control_does_not_support(estates: ModuleType, status: Status) -> None:
    made = estate(estates, exception())
    bad = finding("SEG-02", "plc-1", status, "rule 9")
    assert covered(made, [OLD, ISOLATED, bad])[0].exception is None
    assert f"SEG-02 is {status}" in judged(made, OLD, ISOLATED, bad)["E-1"].reason


def test_a_compensating_control_of_another_asset_does_not_hold_for_this_one(estates: ModuleType) -> None:
    made = estate(estates, exception())
    assert covered(made, [OLD, finding("SEG-02", "plc-2", Status.SUPPORTS)])[0].exception is None
    assert covered(made, [OLD, finding("SEG-02", None, Status.SUPPORTS)])[0].exception == "E-1"
    site_and_own = [finding("SEG-02", None, Status.SUPPORTS), finding("SEG-02", "plc-1", Status.CONTRADICTS)]
    assert covered(made, [OLD, *site_and_own])[0].exception is None


def test_an_excepted_compensating_control_does_not_hold(estates: ModuleType) -> None:
    circle = [exception(), exception(id="E-2", requirement="SEG-02", compensating=("INV-04",))]
    findings = [OLD, finding("SEG-02", "plc-1", Status.CONTRADICTS)]
    assert [one.exception for one in covered(estate(estates, *circle), findings)] == [None, None]


def test_what_is_not_applicable_neither_needs_nor_compensates(estates: ModuleType) -> None:
    made = estate(estates, exception())
    aside = finding("SEG-02", "plc-1", Status.NOT_APPLICABLE)
    assert "nothing is known" in judged(made, OLD, aside)["E-1"].reason


def test_an_exception_nothing_needs_is_not_judged(estates: ModuleType) -> None:
    found = judged(estate(estates, exception(expires="2020-01-01")), ISOLATED)
    assert {row: one.status for row, one in found.items()} == {None: Status.SUPPORTS}


def test_it_is_due_in_its_last_month(estates: ModuleType) -> None:
    for expires, due in (("2026-12-26", True), ("2026-12-27", False)):
        assert judged(estate(estates, exception(expires=expires)), OLD, ISOLATED)["E-1"].due is due


def test_without_a_register_nothing_is_assessed(estates: ModuleType) -> None:
    (found,) = risk_exception(estates.estate(), [OLD])
    assert (found.status, found.asset) == (Status.NOT_ASSESSED, None)


def test_an_empty_register_accepts_nothing(estates: ModuleType) -> None:
    found = judged(estate(estates), OLD)
    assert (found[None].status, REGISTER in found[None].evidence) == (Status.CONTRADICTS, True)


def test_judging_everything_names_the_exception_in_the_finding(estates: ModuleType) -> None:
    plc = estates.subject("plc-1", {"firmware.version": "1.0", "rule[1].name": "x", "rule[1].owner": "m"})
    old = estates.subject("plc-1")
    ended = replace(plc, asset=replace(old.asset, support_end="2020-01-01"))
    made = replace(estates.estate(ended), registers=estate(estates, exception()).registers)
    found = judge(made, ["INV-04", "EXC-01"])
    assert [one.exception for one in found if one.requirement == "INV-04"] == ["E-1"]
    assert {one.status for one in found if one.requirement == "EXC-01" and one.row == "E-1"} == {Status.SUPPORTS}
