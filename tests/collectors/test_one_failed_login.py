"""A wrong credential in a group of 500 devices: what real SSH servers log of it."""

from typing import Any

import pytest

pytestmark = pytest.mark.real

GROUP = 500
FAILED = ("Failed password", "Failed publickey", "Failed none", "maximum authentication attempts")
"""How sshd's log names a login that failed (auth.c: auth_log; LogLevel VERBOSE)."""


def test_a_wrong_credential_for_500_devices_costs_one_failed_login(site: Any, sshd: Any) -> None:
    """Two real servers stand for 500 switches, at fourteen addresses; every one would refuse the password."""
    addresses = [f"127.0.0.{number}" for number in range(2, 9)]
    options = ["PasswordAuthentication yes", *(f"ListenAddress {address}" for address in addresses)]
    servers = [sshd(*options) for _ in range(2)]
    known = []
    for number in range(GROUP):
        server, address = servers[number % 2], addresses[number % len(addresses)]
        known += [f"[{address}]:{server.port} {key}\n" for key in server.host_keys.values()]
        site.hosts[f"sw-{number:03}"] = {
            "ansible_host": address,
            "ansible_port": server.port,
            "ansible_user": "audit",
            "ansible_password": "wr0ng-passw0rd",
            "ansible_network_os": "cisco.ios.ios",
            "plantproof_safety": "it",
            "plantproof_zone": f"line-{number // 10}",
        }
    site.judging = False
    site.write()
    (site.folder / "known_hosts").write_text("".join(known))
    results = list(site.results().values())
    assert (results.count("auth-failed"), results.count("left-alone")) == (1, GROUP - 1)
    for server in servers:
        server.logged("Failed", sum(line.startswith("Connection from") for line in server.lines))
    lines = [line for server in servers for line in server.lines]
    assert len([line for line in lines if line.startswith(FAILED)]) == 1, lines
    assert len([line for line in lines if line.startswith("Connection from")]) == 1
    assert site.verify().code == 0
