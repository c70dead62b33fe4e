"""Which SNMP variables make up a way to ask, and what is said when they do not."""

import asyncio
import sys
from typing import Any

import pytest

from collectors.credentials import Secret
from collectors.inventory.host import SnmpAccess
from collectors.transports.snmp import engines, open_snmp
from collectors.transports.snmp_engine import EngineMissingError
from collectors.transports.snmp_gufo import library
from collectors.transports.snmp_user import AccessError, check_access, user_of
from collectors.transports.snmp_walk import GROW_AFTER, Repetitions
from evidence.model.names import AssetId

KEY = Secret("a-secret-of-an-asset")


def access(**changes: Any) -> SnmpAccess:
    return SnmpAccess(address="127.0.0.1", **changes)


def v3(**changes: Any) -> SnmpAccess:
    return access(version="3", **{"user": "reader", **changes})


@pytest.mark.parametrize(
    "good",
    [
        access(community=KEY),
        access(version="1", community=KEY),
        v3(),
        v3(auth="sha1", auth_key=KEY),
        v3(auth="sha512", auth_key=KEY, priv="aes256", priv_key=KEY),
        v3(auth="sha1", auth_key=KEY, priv="aes192c", priv_key=KEY, context="vlan-7"),
    ],
)
def test_complete_variables_are_accepted(good: SnmpAccess) -> None:
    check_access(good)


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (access(), "version 2c needs plantproof_snmp_community"),
        (access(version="1"), "version 1 needs plantproof_snmp_community"),
        (access(version="2"), "1, 2c or 3, found '2'"),
        (v3(user=None), "needs plantproof_snmp_user"),
        (v3(user="r" * 33), "longer than 32 octets"),
        (v3(auth="md5", auth_key=KEY), "plantproof_snmp_auth one of sha1 sha224 sha256 sha384 sha512, found 'md5'"),
        (v3(auth="sha1", auth_key=KEY, priv="3des", priv_key=KEY), "plantproof_snmp_priv one of des aes128"),
        (v3(auth="sha1"), "plantproof_snmp_auth and plantproof_snmp_auth_key need each other"),
        (v3(auth_key=KEY), "plantproof_snmp_auth and plantproof_snmp_auth_key need each other"),
        (v3(auth="sha1", auth_key=KEY, priv="des"), "plantproof_snmp_priv and plantproof_snmp_priv_key need each"),
        (v3(priv="des", priv_key=KEY), "plantproof_snmp_priv needs plantproof_snmp_auth"),
    ],
)
def test_variables_that_do_not_fit_are_refused_before_anything_is_sent(
    bad: SnmpAccess, said: str, snmp_gate: Any
) -> None:
    async def run() -> None:
        async with open_snmp(bad, asset=AssetId("sw-1"), gate=snmp_gate):
            pass

    with pytest.raises(AccessError, match=said) as caught:
        asyncio.run(run())
    assert KEY.reveal() not in str(caught.value)
    assert not snmp_gate.entered


def test_without_gufo_the_error_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gufo.snmp._fast", None)
    with pytest.raises(EngineMissingError, match="gufo-snmp, which is not installed") as caught:
        library()
    assert caught.value.hint is not None
    assert "wheels" in caught.value.hint
    assert engines(access(community=KEY)) == ("pysnmp",)


def test_an_engine_is_chosen_by_what_it_can(snmp_gate: Any) -> None:
    assert engines(v3()) == ("gufo", "pysnmp")
    assert engines(v3(context="vlan-7")) == ("pysnmp",)

    async def run() -> None:
        async with open_snmp(v3(context="vlan-7"), asset=AssetId("sw-1"), gate=snmp_gate, engine="gufo"):
            pass

    with pytest.raises(AccessError, match="only ask the default context"):
        asyncio.run(run())


def test_keys_are_those_of_the_standard() -> None:
    """The example of RFC 3414 §A.3.2; that longer keys are right, a real agent says in `test_snmp_parity`."""
    user = user_of(v3(auth="sha1", auth_key=Secret("maplesyrup")), bytes(11) + b"\x02")
    assert user.auth_key.hex() == "6695febc9288e36282235fc7151f128497b38f3f"
    assert user.auth_key.hex() not in repr(user)


def test_keys_are_lengthened_by_the_draft_that_is_named() -> None:
    keys = {
        priv: user_of(v3(auth="sha1", auth_key=KEY, priv=priv, priv_key=KEY), b"engine").priv_key
        for priv in ("aes128", "aes256", "aes256c")
    }
    assert {key[:20] for key in keys.values()} == {keys["aes128"]}
    assert len({key[20:] for key in keys.values()}) == 3


def test_repetitions_halve_at_each_failure_down_to_one_value() -> None:
    repetitions = Repetitions(10)
    sizes = [repetitions.now]
    while repetitions.shrink():
        sizes.append(repetitions.now)
    assert sizes == [10, 5, 2, 1, 0]


def test_repetitions_grow_back_slowly_after_one_failure_and_never_after_two() -> None:
    repetitions = Repetitions(4)
    repetitions.shrink()
    assert repetitions.now == 2
    for expected in (3, 4, 4):
        for _ in range(GROW_AFTER):
            repetitions.good()
        assert repetitions.now == expected
    repetitions.shrink()
    for _ in range(GROW_AFTER * 3):
        repetitions.good()
    assert repetitions.now == 2


def test_a_new_limit_forgets_no_failure() -> None:
    repetitions = Repetitions(10)
    repetitions.limit(25)
    assert repetitions.now == 25
    repetitions.shrink()
    repetitions.limit(20)
    assert repetitions.now == 12
    repetitions.limit(5)
    assert repetitions.now == 5
    repetitions.shrink()
    repetitions.limit(25)
    for _ in range(GROW_AFTER * 3):
        repetitions.good()
    assert repetitions.now == 2
