"""What the generic platform takes for a firmware version, and above all what it does not."""

import pytest

from evidence.model.capture import Capture
from evidence.model.names import AssetId, digest_of
from evidence.normalise import varbinds
from evidence.normalise.facts import read_asset
from evidence.platforms.load import load_platforms

GENERIC = load_platforms(only=()).generic
SYS_DESCR = "1.3.6.1.2.1.1.1.0"
ENTITY = "1.3.6.1.2.1.47.1.1.1.1"


def version(question: str, *binds: tuple[str, varbinds.Value]) -> str | None:
    data = varbinds.encode(binds)
    capture = Capture(
        asset=AssetId("a"),
        platform="generic",
        question=question,
        transport="snmp",
        request="get",
        at="2026-11-22T23:48:00Z",
        took_ms=1,
        blob=digest_of(data),
        bytes=len(data),
        ttl_s=600,
    )
    facts = {fact.name: fact.value for fact in read_asset(GENERIC, [(capture, data)]) if fact.row is None}
    return facts.get("firmware.version")


@pytest.mark.parametrize(
    ("descr", "expected"),
    [
        ("Acme gateway, software version 4.04", "4.04"),
        ("Acme PDU SW:v6.3.2.011 HW:3", "6.3.2.011"),
        ("Acme Station, Firmware: R6.10 build 7", "R6.10"),
        ("AcmeOS (MODEL: 105), Version 6.4.4.8-4.2", "6.4.4.8-4.2"),
        ("Acme Software (ACME-M), Version 15.2(7)E4, RELEASE", "15.2(7)E4"),
        ("Acme Threat Defence, Version 6.2.0.4 (Build 85), Engine Version 9.7", "6.2.0.4"),
        ("Acme switch, kernel ACMEOS 12.3X48-D35.7, Build date: 2016-08-05", "12.3X48-D35.7"),
        ("AcmeNAS-11.2-U7 (b088e78e8d). Hardware: amd64", "11.2-U7"),
        ("Room Sensor 12E v3.3.0", "3.3.0"),
        ("Switch 24-Port, 1.0.1.4720839, Linux 3.6.5-f4a26ed5", "1.0.1.4720839"),
        ("Acme IM7248 24.11.2", "24.11.2"),
        ("Acme 1820 Switch, PT.01.14, Linux 3.6.5-79c95a77, U-Boot 2012.10", "PT.01.14"),
        ("Remote Board 4 2.60 May 23 2018", "2.60"),
    ],
)
def test_a_version_is_read_where_the_device_says_so(descr: str, expected: str) -> None:
    assert version("system", (SYS_DESCR, descr.encode())) == expected


@pytest.mark.parametrize(
    "descr",
    [
        "Linux gw-1 4.14.180 #1 SMP PREEMPT armv7l",
        "FreeBSD fw 11.2-RELEASE-p16 amd64",
        "Hardware: AMD64 - Software: Windows Version 6.3 (Build 9600)",
        "Cooling Controller, SNMP V1.0",
        "Acme board 48x1G, *, VxWorks 6.6.1",
        "Acme box, Linux 3.6.5, U-Boot 2012.10.1 boot 2.0.1",
        "Acme card agent version 2.2",
        "Acme box Hardware Version 2.0",
        "Acme MIB version 1.3",
        "Acme switch, 1.0.1.2 and 1.0.1.3",
        "Acme box, address ip 10.1.2.3",
        "Stack, revision KA.00.00.0000",
        "Unit 3",
    ],
)
def test_what_is_no_firmware_version_is_not_taken_for_one(descr: str) -> None:
    assert version("system", (SYS_DESCR, descr.encode())) is None


def test_a_probe_says_its_software_revision() -> None:
    assert version("uptime", ("1.3.6.1.2.1.16.19.2.0", b"Build 1.10.010")) == "1.10.010"


@pytest.mark.parametrize(
    ("revision", "expected"),
    [("V5.1.2", "5.1.2"), ("FL.10.13.1130", "FL.10.13.1130"), ("Box-1E v6.4.8,build1914", "6.4.8")]
    + [(text, None) for text in ("6.2.0", "2.10.68857", "4.14.193-fslc", "Cumulus Linux 4.4.2", "1")],
)
def test_a_chassis_says_its_software_but_not_a_kit_or_a_kernel(revision: str, expected: str | None) -> None:
    binds = ((f"{ENTITY}.5.1", 3), (f"{ENTITY}.10.1", revision.encode()))
    assert version("entity", *binds) == expected
    assert version("entity", (f"{ENTITY}.5.1", 9), binds[1]) is None
