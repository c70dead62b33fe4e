"""CFG-05: what SSH agreed on with a device, and what it offers besides."""

from types import ModuleType

import pytest

from evidence.checks.ssh_access import legacy_ssh
from evidence.model.finding import Finding, Status

MODERN = {"kex": "curve25519-sha256", "host_key": "ssh-ed25519", "cipher": "aes128-gcm@openssh.com", "mac": "none"}


def told(**changes: str) -> dict[str, str]:
    columns = {"kind": "ssh", "used": "yes", **MODERN, "offered": "none", "via": "none", **changes}
    return {f"access[ssh].{name}": value for name, value in columns.items()}


def judged(estates: ModuleType, facts: dict[str, str], **about: int) -> Finding:
    (found,) = legacy_ssh(estates.estate(estates.subject("sw-1", facts, **about)))
    return found


def test_modern_algorithms_alone_support(estates: ModuleType) -> None:
    found = judged(estates, told())
    assert (found.status, found.due, found.row) == (Status.SUPPORTS, False, "ssh")
    assert found.evidence
    assert found.reason.endswith("offers nothing legacy")


@pytest.mark.parametrize(
    "changed",
    [
        {"kex": "diffie-hellman-group1-sha1"},
        {"host_key": "ssh-rsa"},
        {"cipher": "3des-cbc", "mac": "hmac-sha2-256"},
        {"cipher": "aes128-ctr", "mac": "hmac-md5"},
    ],
)
def test_a_legacy_algorithm_that_was_used_contradicts_however_old(estates: ModuleType, changed: dict[str, str]) -> None:
    for age_s in (0, 100 * 86_400):
        found = judged(estates, told(**changed, offered="3des-cbc"), age_s=age_s)
        assert found.status is Status.CONTRADICTS
        assert next(iter(changed.values())) in found.reason or "hmac-md5" in found.reason


def test_a_legacy_algorithm_that_is_only_offered_is_due(estates: ModuleType) -> None:
    found = judged(estates, told(offered="3des-cbc, hmac-md5"))
    assert (found.status, found.due) == (Status.SUPPORTS, True)
    assert found.reason.endswith("offers besides: 3des-cbc, hmac-md5: to be switched off")


def test_what_was_seen_too_long_ago_supports_nothing(estates: ModuleType) -> None:
    assert judged(estates, told(), age_s=100 * 86_400).status is Status.NOT_ASSESSED


def test_where_nothing_was_read_over_ssh_nothing_is_assessed(estates: ModuleType) -> None:
    snmp = {"access[public].kind": "snmp", "access[public].version": "2c"}
    for facts in ({}, snmp):
        found = judged(estates, facts)
        assert (found.status, found.asset) == (Status.NOT_ASSESSED, None)
