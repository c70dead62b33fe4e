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


def fact(name: str, question: str, *binds: tuple[str, varbinds.Value]) -> str | None:
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
    return facts.get(name)


def version(question: str, *binds: tuple[str, varbinds.Value]) -> str | None:
    return fact("firmware.version", question, *binds)


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
        ("Acme modem <<HW_REV: 4.0; VENDOR: Acme; BOOTR: 2.1.6; SW_REV: AC52.04.05; MODEL: ACM420>>", "AC52.04.05"),
        ("Acme Card (MB:v4.1.0 PF:v6.8.2 PN:os_682.bin AF1:v6.8.0 AN1:app_680.bin MN:AC7900 HR:B2)", "6.8.2"),
        ("Acme Linux 4.4.2 (Linux Kernel 4.19.206-1)", "4.4.2"),
        ("AC-3500 Device SoftWare Version AC-3500-24_6.0.220.41 BootRom Version AC-3500-24_2.1", "6.0.220.41"),
        ("AC5812 NOS 6.07p1/02:00:5e:00:00:01", "6.07p1"),
        ("AcmeNAS-SCALE-24.04.2.2. Hardware: x86_64", "24.04.2.2"),
        ("ACME_V08.02.00.97, <<HW_REV: 3.1; VENDOR: ACME; BOOTR: V00.01.00>>", "08.02.00.97"),
        ("ACME OAP-1700 10.72.0484RU6 / 10.11.2023 4006379832100006", "10.72.0484RU6"),
        ("Acme AC5164 Operating System, Version acos-10-09-02-0181-RS3", "10-09-02-0181-RS3"),
        ("Acme S5830 version AC62.YS.N636 kernel 3.0.0 All-N-1", "AC62.YS.N636"),
        ("Acme A8697 Switch, revision K.15.04.0007, ROM K.15.13 (/code/build/btm(K_15_04))", "K.15.04.0007"),
        ("Acme Networks, Inc. B5G124-48P2 Rev 06.81.05.0003", "06.81.05.0003"),
        ("Acme J1234 Switch 2510, revision Q.11.57, ROM Q.10.02 (/sw/code)", "Q.11.57"),
        ("Acme SX10,ACME-OS,SWv3.4.1102", "3.4.1102"),
        ("Acme 1810-24G, PL.1.9, eCos-3.0", "PL.1.9"),
        ("ACME MP C2503 1.35 / ACME Network Printer C model / ACME Network Scanner C model", "1.35"),
        ("Acme 1830 PSD 10G R23.6", "R23.6"),
        ("Acme Optix RTN V100R011C00SPC200", "V100R011C00SPC200"),
        ("Acme OS/400 V7R1M0", "V7R1M0"),
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
        "Acme box, built 10.11.2023",
        "Acme Controller H/w ZB2 Rev 1.01.06",
        "Acme Card V4.36",
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


def test_what_holds_everything_says_its_software_and_a_power_supply_does_not() -> None:
    software = (f"{ENTITY}.10.7", b"2.7.0.11")
    assert version("entity", (f"{ENTITY}.2.7", b"Terminal"), (f"{ENTITY}.4.7", 0), software) == "2.7.0.11"
    assert version("entity", (f"{ENTITY}.2.7", b"Power supply"), (f"{ENTITY}.4.7", 0), software) is None


def test_parts_that_agree_say_the_software_of_the_whole_and_parts_that_do_not_say_nothing() -> None:
    parts = [(f"{ENTITY}.2.1", b"Board A"), (f"{ENTITY}.2.2", b"Board B"), (f"{ENTITY}.10.1", b"3.2.0")]
    assert version("entity", *parts, (f"{ENTITY}.10.2", b"3.2.0")) == "3.2.0"
    assert version("entity", *parts, (f"{ENTITY}.10.2", b"3.1.9")) is None


def test_a_printer_says_its_model_and_serial_number_and_another_first_device_does_not() -> None:
    device, printer, processor = "1.3.6.1.2.1.25.3.2.1", "1.3.6.1.2.1.25.3.1.5", "1.3.6.1.2.1.25.3.1.3"
    assert fact("hardware.model", "uptime", (f"{device}.2.1", printer), (f"{device}.3.1", b"ACME 30N")) == "ACME 30N"
    assert fact("hardware.model", "uptime", (f"{device}.2.1", processor), (f"{device}.3.1", b"ACME 30N")) is None
    assert fact("hardware.model", "uptime", (f"{device}.2.1", printer), (f"{device}.3.1", b"Generic 28C")) is None
    assert fact("hardware.serial", "uptime", ("1.3.6.1.2.1.43.5.1.1.17.1", b"AC101642")) == "AC101642"


@pytest.mark.parametrize(
    ("software", "expected"),
    [(b"12.06.0069", "12.06.0069"), (b"INV: 01.16.4638", "01.16.4638"), (b"V100R001C00SPC602", "V100R001C00SPC602")]
    + [(text, None) for text in (b"208", b"692A950B", b"2767,10,2738,11")],
)
def test_a_ups_says_its_model_its_maker_and_a_software_that_looks_like_one(
    software: bytes, expected: str | None
) -> None:
    ups = "1.3.6.1.2.1.33.1.1"
    assert version("uptime", (f"{ups}.3.0", software)) == expected
    assert fact("hardware.model", "uptime", (f"{ups}.2.0", b"AC2000")) == "AC2000"
    assert fact("hardware.model", "uptime", (f"{ups}.2.0", b"AC2000\n00 00 00")) is None
    assert fact("hardware.vendor", "uptime", (f"{ups}.1.0", b"Acme")) == "Acme"


def test_a_cable_modem_says_its_model_and_maker() -> None:
    descr = (SYS_DESCR, b"Modem <<HW_REV: 4.0; VENDOR: Acme; BOOTR: 2.1.6d; SW_REV: AC52.04.05; MODEL: ACM420>>")
    assert fact("hardware.model", "system", descr) == "ACM420"
    assert fact("hardware.vendor", "system", descr) == "Acme"
