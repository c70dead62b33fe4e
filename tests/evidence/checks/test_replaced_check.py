"""DRF-02: the same name, port or address with another serial number or MAC needs an approval near in time."""

from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest

from evidence.checks.estate import Subject
from evidence.checks.replaced import replaced_device
from evidence.checks.tables import Sighting
from evidence.model.finding import Finding, Status
from evidence.model.names import AssetId, digest_of
from evidence.model.register import Approval

HOUR, DAY = 3600, 86_400
OLD, NEW, THIRD = "00:80:f4:00:00:01", "00:80:f4:00:00:02", "00:80:f4:00:00:03"


def approval(estates: ModuleType, **said: Any) -> Approval:
    """Return an approved change of `a` two to one days ago, signed three days ago."""
    times = {name: estates.ago(said.pop(name, usual)) for name, usual in (("begins", 2 * DAY), ("ends", DAY))}
    at, assets = estates.ago(said.pop("at", 3 * DAY)), tuple(map(AssetId, said.pop("assets", ("a",))))
    rest = {"id": "CHG-1", "kind": "change", "subject": "PLC exchanged", "approver": "k.ito", "ticket": "CHG-1"} | said
    return Approval(**times, at=at, assets=assets, source=digest_of(b"approval"), **rest)


def exchanged(estates: ModuleType, *approvals: Approval, name: str = "hardware.serial") -> list[Finding]:
    """Judge an asset whose serial number was another two days ago."""
    asset = estates.subject("a", {name: "S-2"}, before={name: "S-1"})
    return list(replaced_device(estates.estate(asset, approvals=approvals)))


@pytest.mark.parametrize(
    ("name", "row"), [("hardware.serial", None), ("module[rack 0 slot 2].serial", "module rack 0 slot 2")]
)
def test_another_serial_number_without_an_approval_contradicts(estates: ModuleType, name: str, row: str | None) -> None:
    (found,) = exchanged(estates, name=name)
    assert (found.status, found.row) == (Status.CONTRADICTS, row)
    assert "was S-1 until" in found.reason
    assert "is S-2 since" in found.reason
    assert len(found.evidence) == 2


def test_an_approved_change_explains_it(estates: ModuleType) -> None:
    (found,) = exchanged(estates, approval(estates))
    assert (found.status, "approved by k.ito" in found.reason) == (Status.SUPPORTS, True)
    assert digest_of(b"approval") in found.evidence


@pytest.mark.parametrize(
    "said",
    [
        {"assets": ("b",)},
        {"assets": ()},
        {"kind": "session"},
        {"kind": "rule"},
        {"ends": 2 * DAY + 1, "begins": 3 * DAY},
        {"begins": HOUR - 1, "ends": 0},
        {"kind": "device", "subject": "S-3"},
        {"kind": "device", "subject": "S-2", "assets": ("b",)},
    ],
)
def test_an_approval_of_something_else_does_not(estates: ModuleType, said: dict[str, Any]) -> None:
    (found,) = exchanged(estates, approval(estates, **said))
    assert found.status is Status.CONTRADICTS


@pytest.mark.parametrize("assets", [("a",), ()])
def test_a_device_can_be_approved_by_its_serial_number(estates: ModuleType, assets: tuple[str, ...]) -> None:
    (found,) = exchanged(estates, approval(estates, kind="device", subject="s-2", assets=assets))
    assert found.status is Status.SUPPORTS


def test_the_ticket_may_come_five_working_days_later_and_not_a_second_more(estates: ModuleType) -> None:
    seen = "2026-11-13T11:00:00Z"  # a Friday: the fifth working day after it is Friday the 20th
    fact = estates.fact("a", "hardware.serial", "S-2")._replace(at=seen)
    before = estates.fact("a", "hardware.serial", "S-1")._replace(at="2026-11-12T11:00:00Z")
    asset = replace(estates.subject("a"), facts=(fact,), before=(before,))
    base = replace(approval(estates), begins="2026-11-13T00:00:00Z", ends="2026-11-14T00:00:00Z")
    for at, status in (("2026-11-20T23:59:59Z", Status.SUPPORTS), ("2026-11-21T00:00:00Z", Status.CONTRADICTS)):
        (found,) = replaced_device(estates.estate(asset, approvals=[replace(base, at=at)]))
        assert found.status is status


def test_the_first_answer_says_nothing_and_an_unchanged_one_supports(estates: ModuleType) -> None:
    facts = {"hardware.serial": "S-1"}
    (first,) = replaced_device(estates.estate(estates.subject("a", facts)))
    assert (first.status, "seen once" in first.reason) == (Status.NOT_ASSESSED, True)
    (again,) = replaced_device(estates.estate(estates.subject("a", facts, before=facts)))
    assert again.status is Status.SUPPORTS
    (stale,) = replaced_device(estates.estate(estates.subject("a", facts, before=facts, age_s=3 * DAY)))
    assert stale.status is Status.NOT_ASSESSED
    assert not list(replaced_device(estates.estate(estates.subject("a", {"os.id": "debian"}))))


def test_a_module_in_another_slot_and_a_stack_with_another_master_are_no_exchange(estates: ModuleType) -> None:
    moved = estates.subject("a", {"module[2].serial": "S-1"}, before={"module[1].serial": "S-1"})
    swapped = estates.subject(
        "b",
        {"module[1].serial": "S-2", "module[2].serial": "S-1", "hardware.serial": "S-2"},
        before={"module[1].serial": "S-1", "module[2].serial": "S-2", "hardware.serial": "S-1"},
    )
    found = list(replaced_device(estates.estate(moved, swapped)))
    assert [one.status for one in found] == [Status.SUPPORTS, Status.SUPPORTS]


def seen(
    estates: ModuleType, name: str, row: str | None, value: str, first: float, last: float, place: str = ""
) -> Sighting:
    return Sighting(
        name=name,
        row=row,
        value=value,
        question="q",
        place=place,
        first=estates.ago(first),
        last=estates.ago(last),
        source=digest_of(f"{value} {first}".encode()),
    )


def test_nights_later_the_exchange_is_still_there(estates: ModuleType) -> None:
    same = estates.subject("a", {"hardware.serial": "S-2"}, before={"hardware.serial": "S-2"})
    history = (
        seen(estates, "hardware.serial", None, "S-1", 60 * DAY, 41 * DAY),
        seen(estates, "hardware.serial", None, "S-2", 40 * DAY, HOUR),
    )
    (found,) = replaced_device(estates.estate(estates.having_seen(same, *history)))
    assert found.status is Status.CONTRADICTS


def test_what_another_question_says_is_no_exchange(estates: ModuleType) -> None:
    same = estates.subject("a", {"hardware.serial": "S-2"}, before={"hardware.serial": "S-2"})
    other = seen(estates, "hardware.serial", None, "CHASSIS-9", 60 * DAY, HOUR)._replace(question="inventory")
    history = (other, seen(estates, "hardware.serial", None, "S-2", 40 * DAY, HOUR))
    (found,) = replaced_device(estates.estate(estates.having_seen(same, *history)))
    assert found.status is Status.SUPPORTS


def learned(*macs: str, port: str = "5") -> dict[str, str]:
    facts = {f"interface[{port}].name": f"Gi0/{port}"}
    for mac in macs:
        facts |= {f"mac[{mac}].address": mac, f"mac[{mac}].interface": port}
    return facts


def at_the_switch(estates: ModuleType, before: dict[str, str], now: dict[str, str], **said: Any) -> list[Finding]:
    sw = estates.subject("a", now, before=before)
    return list(replaced_device(estates.estate(sw, **said)))


def test_another_device_at_the_same_port_is_an_exchange(estates: ModuleType) -> None:
    (found,) = at_the_switch(estates, learned(OLD), learned(NEW))
    assert (found.status, found.row) == (Status.CONTRADICTS, "port Gi0/5")
    assert OLD in found.reason
    assert NEW in found.reason
    by_mac = approval(estates, kind="device", subject=NEW, assets=())
    (found,) = at_the_switch(estates, learned(OLD), learned(NEW), approvals=[by_mac])
    assert found.status is Status.SUPPORTS


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (learned(OLD), learned(OLD, NEW)),
        (learned(OLD, THIRD), learned(NEW)),
        (learned(OLD), learned(NEW) | learned(OLD, port="7")),
        (learned(OLD) | learned(NEW, port="7"), learned(NEW)),
        (learned(OLD), {"interface[5].name": "Gi0/5", "mac[x].address": OLD, "mac[x].interface": "5"}),
        (learned(OLD), learned("02:42:00:00:00:02")),
        (learned(OLD), learned("00:00:5e:00:01:01")),
    ],
)
def test_crowds_moves_and_addresses_of_no_device_are_none(
    estates: ModuleType, before: dict[str, str], now: dict[str, str]
) -> None:
    assert not [one for one in at_the_switch(estates, before, now) if one.status is Status.CONTRADICTS]


def neighbour(estates: ModuleType, old: str, new: str, address: str) -> tuple[Subject, Subject]:
    router = estates.subject(
        "router",
        {"arp[1].mac": new, "arp[1].address": address},
        before={"arp[1].mac": old, "arp[1].address": address},
    )
    plc = estates.subject("plc")
    assert plc.asset is not None
    return router, replace(plc, asset=replace(plc.asset, address="192.0.2.77"))


def test_another_device_behind_an_assets_address_is_told_of_the_asset(estates: ModuleType) -> None:
    found = list(replaced_device(estates.estate(*neighbour(estates, OLD, NEW, "192.0.2.77"))))
    assert [(one.asset, one.status, one.row) for one in found] == [("plc", Status.CONTRADICTS, "address 192.0.2.77")]
    assert not list(replaced_device(estates.estate(*neighbour(estates, OLD, NEW, "192.0.2.78"))))
    assert not list(replaced_device(estates.estate(*neighbour(estates, OLD, OLD, "192.0.2.77"))))
