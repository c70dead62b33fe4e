"""SNMP sessions with a real agent, net-snmp's snmpd, compared with net-snmp's own snmpbulkwalk."""

import asyncio
import shutil
import subprocess
from collections.abc import Sequence
from math import inf
from typing import Any

import pytest

from collectors.credentials import Secret
from collectors.inventory.host import SnmpAccess
from collectors.transports.interface import AuthenticationError, UnreachableError
from collectors.transports.snmp import Walked, open_snmp
from evidence.model.names import AssetId
from evidence.normalise.varbinds import decode, encode

pytestmark = pytest.mark.real

SYS_DESCR, SYS_NAME, SYS_LOCATION = "1.3.6.1.2.1.1.1.0", "1.3.6.1.2.1.1.5.0", "1.3.6.1.2.1.1.6.0"
MISSING = "1.3.6.1.2.1.1.99.0"
SYSTEM, INTERFACES = "1.3.6.1.2.1.1", "1.3.6.1.2.1.2.2.1"


def walk(access: SnmpAccess, gate: Any, engine: str, root: str, **options: Any) -> Walked:
    async def asking() -> Walked:
        async with open_snmp(access, asset=AssetId("sw-1"), gate=gate, engine=engine, **options) as session:
            return await session.walk(root)

    return asyncio.run(asking())


def get(
    access: SnmpAccess, gate: Any, engine: str | None, oids: Sequence[str], **options: Any
) -> list[tuple[str, Any]]:
    async def asking() -> list[tuple[str, Any]]:
        async with open_snmp(access, asset=AssetId("sw-1"), gate=gate, engine=engine, **options) as session:
            return await session.get(oids)

    return asyncio.run(asking())


def bulkwalk(port: int, community: str, root: str) -> dict[str, str]:
    """Return what net-snmp's command prints for a subtree: OID to `TYPE: value`."""
    command = ["snmpbulkwalk", "-v2c", "-c", community, "-m", "", "-One", "-OU", f"127.0.0.1:{port}", root]
    out = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout
    found: dict[str, str] = {}
    for line in out.splitlines():
        if " = " in line and line.startswith("."):
            oid, _, value = line.partition(" = ")
            found[oid[1:]] = value
    return found


@pytest.mark.skipif(shutil.which("snmpbulkwalk") is None, reason="snmpbulkwalk is not installed")
@pytest.mark.parametrize("root", [SYSTEM, INTERFACES])
@pytest.mark.parametrize("version", ["1", "2c"])
def test_a_walk_finds_what_snmpbulkwalk_finds(snmpd: Any, snmp_gate: Any, engine: str, root: str, version: str) -> None:
    expected = bulkwalk(snmpd.port, snmpd.community, root)
    walked = walk(snmpd.access(version=version), snmp_gate, engine, root)
    assert walked.complete, walked.reason
    found = {varbind.oid: varbind for varbind in decode(encode(walked.varbinds))}
    assert found.keys() == expected.keys()
    for oid, said in expected.items():
        kind, _, text = said.partition(": ")
        if kind == "INTEGER":
            assert str(found[oid].value) == text, oid
        elif kind == "OID":
            assert found[oid].value == text.lstrip("."), oid
        elif kind == "STRING" and "\n" not in text:
            assert found[oid].text == text.strip('"'), oid
        elif kind == "Hex-STRING":
            assert found[oid].octets == bytes.fromhex(text), oid


@pytest.mark.parametrize(
    "user",
    [
        "plain",
        "signed",
        "sha1-des",
        "sha1-aes128",
        "sha1-aes256",
        "sha224-aes192",
        "sha256-aes256",
        "sha384-aes128",
        "sha512-aes256",
    ],
)
def test_an_snmpv3_user_gets_what_a_community_gets(snmpd: Any, snmp_gate: Any, engine: str, user: str) -> None:
    if user not in snmpd.users | {"plain", "signed"}:
        pytest.skip(f"this snmpd does not know {user}")
    asked = [SYS_NAME, MISSING, SYS_LOCATION]
    assert get(snmpd.access(user), snmp_gate, engine, asked) == [
        (SYS_NAME, b"real-snmpd"),
        (MISSING, None),
        (SYS_LOCATION, b"Halle 7, Giesserei"),
    ]
    walked = walk(snmpd.access(user), snmp_gate, engine, SYSTEM)
    assert walked.complete
    assert (SYS_NAME, b"real-snmpd") in walked.varbinds


def test_this_snmpd_knows_sha256_with_aes256(snmpd: Any) -> None:
    assert "sha256-aes256" in snmpd.users, snmpd.log.read_text()


@pytest.mark.parametrize("version", ["1", "2c"])
def test_a_get_of_present_and_missing_values_keeps_both_apart(
    snmpd: Any, snmp_gate: Any, engine: str, version: str
) -> None:
    found = get(snmpd.access(version=version), snmp_gate, engine, [MISSING, SYS_NAME, "." + SYS_DESCR])
    assert [oid for oid, _ in found] == [MISSING, SYS_NAME, SYS_DESCR]
    assert found[0][1] is None
    assert found[1][1] == b"real-snmpd"


def test_the_end_of_all_tables_is_a_complete_walk(snmpd: Any, snmp_gate: Any, engine: str) -> None:
    assert walk(snmpd.access(), snmp_gate, engine, "1.3.6.1.6.99") == Walked((), beyond=(inf,))
    for access in (snmpd.access(version="1"), snmpd.access("sha256-aes256")):
        assert walk(access, snmp_gate, engine, "1.3.6.1.6.99") == Walked(())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"auth_key": Secret("not-the-password")}, "wrong authentication password"),
        ({"user": "nobody"}, "unknown user"),
        ({"auth": "sha512"}, "wrong authentication password"),
    ],
)
def test_a_refused_snmpv3_user_is_tried_once_and_told(
    snmpd: Any, snmp_gate: Any, engine: str, change: dict[str, Any], said: str
) -> None:
    with pytest.raises(AuthenticationError, match=said) as caught:
        get(snmpd.access("sha256-aes256", **change), snmp_gate, engine, [SYS_NAME])
    assert "sw-1" in str(caught.value)
    assert "not-the-password" not in str(caught.value)
    assert len(snmp_gate.entered) == 2  # engine discovery, and one try


def test_a_user_below_its_security_level_gets_no_values_made_up(snmpd: Any, snmp_gate: Any, engine: str) -> None:
    nothing = {"auth": None, "auth_key": None, "priv": None, "priv_key": None}
    with pytest.raises(AuthenticationError):
        get(snmpd.access("sha256-aes256", **nothing), snmp_gate, engine, [SYS_NAME])


def test_a_wrong_privacy_password_ends_in_a_clear_error(snmpd: Any, snmp_gate: Any, engine: str) -> None:
    with pytest.raises((AuthenticationError, UnreachableError)) as caught:
        get(
            snmpd.access("sha256-aes256", priv_key=Secret("not-the-password")),
            snmp_gate,
            engine,
            [SYS_NAME],
            timeout_s=0.3,
        )
    assert "sw-1" in str(caught.value)
    assert len(snmp_gate.entered) <= 3


def test_a_wrong_community_says_which_of_the_two_it_can_be(snmpd: Any, snmp_gate: Any, engine: str) -> None:
    with pytest.raises(UnreachableError, match="unreachable, or the community is wrong"):
        walk(snmpd.access(community=Secret("guess")), snmp_gate, engine, SYSTEM, timeout_s=0.1)
    assert [error for _, _, error in snmp_gate.left] == ["no answer", "no answer"]


def test_every_request_passes_the_gate_and_leaves_it(snmpd: Any, snmp_gate: Any, engine: str) -> None:
    walk(snmpd.access(), snmp_gate, engine, SYSTEM)
    assert snmp_gate.entered
    assert snmp_gate.entered == [action for action, _, _ in snmp_gate.left]
    assert {(action.asset, action.transport, action.verb) for action in snmp_gate.entered} == {
        ("sw-1", "snmp", "getbulk")
    }
    assert all(received > 0 and error is None for _, received, error in snmp_gate.left)


@pytest.mark.parametrize("context", ["vlan-7", "vlan-8"])
def test_a_context_is_asked_where_there_is_one(snmpd: Any, snmp_gate: Any, context: str) -> None:
    """gufo cannot say a context, so pysnmp asks; the other context holds nothing this user may read."""
    access = snmpd.access("sha256-aes256", context=context)
    if context == snmpd.context:
        assert get(access, snmp_gate, None, [SYS_NAME, MISSING]) == [(SYS_NAME, b"real-snmpd"), (MISSING, None)]
    else:
        with pytest.raises((AuthenticationError, UnreachableError)):
            get(access, snmp_gate, None, [SYS_NAME], timeout_s=0.3)
