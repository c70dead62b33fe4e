"""INV-09: what switches see and nobody knows; what names no device is no device."""

from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest

from evidence.checks.estate import Estate, Subject
from evidence.checks.tables import Sighting
from evidence.checks.unknown import unknown_device
from evidence.model.asset import Asset
from evidence.model.finding import Finding, Status
from evidence.model.names import AssetId, digest_of

HOUR, DAY = 3600, 86_400
MAC = "00:80:f4:01:02:03"


def switch(estates: ModuleType, name: str = "sw-01", *macs: str, port: str = "5", **said: Any) -> Subject:
    """Return a switch that has learned these addresses at one port, called Gi0/5."""
    facts = {f"interface[{port}].name": f"Gi0/{port}"}
    for mac in macs:
        facts |= {f"mac[{mac}].address": mac, f"mac[{mac}].interface": port, f"mac[{mac}].status": "learned"}
    return estates.subject(name, facts, **said)  # type: ignore[no-any-return]


def since(estates: ModuleType, subject: Subject, mac: str, first: str) -> Subject:
    seen = Sighting(
        name="mac.address",
        row=mac,
        value=mac,
        question="mac-table",
        place="5",
        first=first,
        last=first,
        source=digest_of(b""),
    )
    return estates.having_seen(subject, seen)  # type: ignore[no-any-return]


def only(estate: Estate) -> Finding:
    (found,) = unknown_device(estate)
    return found


def test_an_unknown_device_is_due_for_72_hours_and_contradicts_after_them(estates: ModuleType) -> None:
    for age, status, due in ((72 * HOUR, Status.SUPPORTS, True), (72 * HOUR + 1, Status.CONTRADICTS, False)):
        found = only(estates.estate(since(estates, switch(estates, "sw-01", MAC), MAC, estates.ago(age))))
        assert (found.status, found.due, found.asset, found.row) == (status, due, None, MAC)
        assert "Gi0/5 of sw-01" in found.reason


def test_a_device_that_only_this_answer_shows_is_new(estates: ModuleType) -> None:
    assert only(estates.estate(switch(estates, "sw-01", MAC))).due


def test_a_device_is_one_finding_at_the_port_with_the_fewest_others(estates: ModuleType) -> None:
    uplink = switch(estates, "sw-01", MAC, "00:80:f4:00:00:09", port="48")
    edge = switch(estates, "sw-02", MAC)
    found = {one.row: one for one in unknown_device(estates.estate(uplink, edge))}
    assert "Gi0/5 of sw-02" in found[MAC].reason
    assert len(found) == 2


@pytest.mark.parametrize(
    "familiar",
    [
        {"interface[1].mac": MAC},
        {"interface[1].mac": MAC.upper()},
        {f"mac[{MAC}].address": MAC, f"mac[{MAC}].status": "self"},
    ],
)
def test_a_device_of_the_ledger_is_known_by_its_interfaces(estates: ModuleType, familiar: dict[str, str]) -> None:
    found = only(estates.estate(switch(estates, "sw-01", MAC), estates.subject("plc", familiar)))
    assert found.status is Status.SUPPORTS


def test_a_device_is_known_by_the_address_the_ledger_gives_it(estates: ModuleType) -> None:
    router = {"arp[1].mac": MAC, "arp[1].address": "192.0.2.77"}
    asset = Asset(id=AssetId("press-plc"), address="192.0.2.77")
    plc = replace(estates.subject("press-plc"), asset=asset)
    one = switch(estates, "sw-01", MAC)
    assert only(estates.estate(one, estates.subject("r", router), plc)).status is Status.SUPPORTS
    elsewhere = replace(plc, asset=replace(asset, address="192.0.2.78"))
    assert only(estates.estate(one, estates.subject("r", router), elsewhere)).row == MAC


def test_a_person_can_say_that_a_device_is_known(estates: ModuleType) -> None:
    record = estates.attestation("known-device", None, mac=MAC, name="weighing scale")
    one = switch(estates, "sw-01", MAC)
    assert only(estates.estate(one, attestations=[record])).status is Status.SUPPORTS
    other = estates.attestation("known-device", None, mac="00:80:f4:01:02:04", name="another")
    assert only(estates.estate(one, attestations=[other])).row == MAC


@pytest.mark.parametrize(
    "mac",
    [
        "01:00:5e:00:00:01",
        "33:33:00:00:00:01",
        "ff:ff:ff:ff:ff:ff",
        "00:00:00:00:00:00",
        "00:00:5e:00:01:0a",
        "00:00:5e:00:02:0a",
        "00:00:0c:07:ac:01",
        "00:00:0c:9f:f0:01",
        "00:07:b4:00:01:01",
        "nonsense",
    ],
)
def test_group_shared_and_broken_addresses_are_no_devices(estates: ModuleType, mac: str) -> None:
    assert [one.row for one in unknown_device(estates.estate(switch(estates, "sw-01", mac)))] == [None]


def test_an_address_given_by_software_is_never_a_pass_nor_a_contradiction(estates: ModuleType) -> None:
    mac = "02:42:ac:11:00:02"
    found = only(estates.estate(since(estates, switch(estates, "sw-01", mac), mac, estates.ago(90 * DAY))))
    assert (found.status, "given by software" in found.reason) == (Status.NOT_ASSESSED, True)


def test_without_tables_or_with_stale_ones_nothing_is_assessed(estates: ModuleType) -> None:
    assert only(estates.estate(estates.subject("a"))).status is Status.NOT_ASSESSED
    known = estates.attestation("known-device", None, mac=MAC, name="scale")
    fresh, old = switch(estates, "sw-01", MAC), switch(estates, "sw-02", MAC, age_s=2 * DAY)
    assert only(estates.estate(fresh, attestations=[known])).status is Status.SUPPORTS
    found = only(estates.estate(fresh, old, attestations=[known]))
    assert (found.status, "sw-02" in found.reason) == (Status.NOT_ASSESSED, True)


def test_what_only_an_arp_table_shows_is_a_device_too(estates: ModuleType) -> None:
    router = estates.subject("r", {"arp[1].mac": MAC, "arp[1].address": "192.0.2.99"})
    assert "192.0.2.99 of r" in only(estates.estate(router)).reason
