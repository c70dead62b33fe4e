"""Ways in over SSH, through the real command line: outcome, words and exit code of each."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from collectors.simulate.ssh import SimulatedCli, read_devices

pytestmark = pytest.mark.real

PLANT = files("collectors.demo") / "plant"
PASSWORD = "S1mulated-login-19"
FEW = ("-t", "identify")
"""Asks a host six questions instead of twenty-five."""

Start = Callable[..., Any]


@pytest.fixture
def cli(site: Any) -> Iterator[Callable[..., SimulatedCli]]:
    """Start simulated command lines, known to the site; the recorded core switch, with changes."""
    started: list[SimulatedCli] = []
    (core,) = read_devices(Path(str(PLANT / "core-sw-01.yaml")))

    def start(**changes: Any) -> SimulatedCli:
        commands = {**core.commands, **changes.pop("commands", {})}
        simulated = SimulatedCli([replace(core, commands=commands, **{"password": PASSWORD, **changes})]).start()
        started.append(simulated)
        know(site, *started)
        return simulated

    yield start
    for simulated in started:
        simulated.stop()


def know(site: Any, *servers: Any) -> None:
    (site.folder / "known_hosts").write_text("".join(server.known_hosts for server in servers))


def switch(simulated: SimulatedCli, **more: Any) -> dict[str, Any]:
    return {
        "ansible_host": "127.0.0.1",
        "ansible_port": simulated.port,
        "ansible_user": "core-sw-01",
        "ansible_password": PASSWORD,
        "ansible_network_os": "cisco.ios.ios",
        "plantproof_safety": "it",
        **more,
    }


def host(server: Any, **more: Any) -> dict[str, Any]:
    return {
        "ansible_host": "127.0.0.1",
        "ansible_port": server.port,
        "ansible_user": server.user,
        "ansible_ssh_private_key_file": str(server.key_file),
        "ansible_network_os": "linux",
        "plantproof_safety": "it",
        **more,
    }


def facts(site: Any, asset: str, pattern: str) -> dict[str, str]:
    told = json.loads(site.run("facts", asset, "--fact", pattern, "--format", "json").out)
    return {row["fact"]: row["value"] for row in told["facts"]}


def test_a_command_that_is_not_authorised_makes_the_visit_partial_and_is_named(site: Any, cli: Any) -> None:
    denied = "Command authorization failed.\n"
    simulated = cli(commands={"show running-config": denied, "show startup-config": denied})
    site.hosts = {"core-sw-01": switch(simulated)}
    ended = site.collect("-v")
    assert ended.code == 0
    assert "partial" in ended.out
    for command in ("show running-config", "show startup-config"):
        assert f"the account has no right to run '{command}': the device did not authorise it" in ended.out
    assert "firmware.version" in site.run("facts", "core-sw-01").out
    assert site.run("config", "core-sw-01").code != 0, "a refusal is no configuration"
    assert site.verify().code == 0


def test_where_no_command_is_authorised_the_asset_is_refused(site: Any, cli: Any) -> None:
    (core,) = read_devices(Path(str(PLANT / "core-sw-01.yaml")))
    shown = [name for name in core.commands if name.startswith("show")]
    site.hosts = {"core-sw-01": switch(cli(commands=dict.fromkeys(shown, "% Authorization failed.\n")))}
    ended = site.collect("-v")
    assert (ended.code, "refused" in ended.out) == (2, True)


def test_a_one_time_password_is_refused_once_for_all_who_have_the_credential(site: Any, cli: Any) -> None:
    simulated = cli(prompts=("Password: ", "Enter your one-time code: "))
    site.hosts = {f"core-{n}": switch(simulated) for n in range(4)}
    ended = site.collect("-v")
    assert ended.code == 2
    assert "the login asks for 'Enter your one-time code:' after the password" in ended.out
    assert "one-time passwords are not answered" in ended.out
    assert ended.out.count("its credential was refused by core-") == 3
    assert simulated.record.answers == [("core-sw-01", PASSWORD)]


def test_a_password_changed_between_two_runs_opens_with_the_new_one_alone(site: Any, cli: Any) -> None:
    old, new = "0ld-Passw0rd-1", "N3w-Passw0rd-2"
    first = cli(password=old)
    site.hosts = {"core-sw-01": switch(first, ansible_password=old)}
    assert site.collect().code == 0
    port, key = first.port, first.key
    changed = replace(first.devices["core-sw-01"], password=new)
    first.stop()
    with SimulatedCli([changed], port=port, key=key) as second:
        ended = site.collect("-v")
        assert (ended.code, "auth-failed" in ended.out) == (2, True)
        site.hosts = {"core-sw-01": switch(second, ansible_password=new)}
        assert site.collect().code == 0
        assert second.record.logins == [("core-sw-01", False), ("core-sw-01", True)]
    for path in site.store.rglob("*"):
        assert not path.is_file() or not any(word.encode() in path.read_bytes() for word in (old, new)), path


def test_enable_without_a_password_is_gone_to_where_the_inventory_says_so(site: Any, cli: Any) -> None:
    simulated = cli(enable="")
    site.hosts = {"core-sw-01": switch(simulated, ansible_become=True, ansible_become_method="enable")}
    assert site.collect().code == 0
    assert "enable" in simulated.record.commands()


def test_enable_that_asks_for_a_password_nobody_knows_is_said(site: Any, cli: Any) -> None:
    simulated = cli(enable="En4ble-Secret")
    site.hosts = {
        "core-sw-01": switch(simulated, ansible_become=True, ansible_become_method="ansible.netcommon.enable")
    }
    ended = site.collect("-v")
    assert ended.code == 2
    assert "auth-failed" in ended.out
    assert "'enable' asks for a password, and none is known (set ansible_become_password" in ended.out
    assert simulated.record.commands() == ["enable"]


def test_a_device_that_knows_only_legacy_algorithms_is_refused_until_the_asset_says_so(site: Any, sshd: Start) -> None:
    server = sshd("KexAlgorithms diffie-hellman-group14-sha1", "Ciphers aes128-cbc")
    know(site, server)
    site.hosts = {"old-01": host(server)}
    ended = site.collect("-v", *FEW)
    assert (ended.code, "refused" in ended.out) == (2, True)
    legacy = "plantproof_ssh_legacy: [diffie-hellman-group14-sha1, aes128-cbc]"
    assert "for key exchange it offers diffie-hellman-group14-sha1" in ended.out
    assert legacy in ended.out
    site.hosts = {"old-01": host(server, plantproof_ssh_legacy=["diffie-hellman-group14-sha1", "aes128-cbc"])}
    assert site.collect(*FEW).code == 0
    assert site.run("assess").code == 0
    assert facts(site, "old-01", "access.*") == {
        "access.kind": "ssh",
        "access.used": "yes",
        "access.kex": "diffie-hellman-group14-sha1",
        "access.host_key": "ssh-ed25519",
        "access.cipher": "aes128-cbc",
        "access.mac": "hmac-sha2-256",
        "access.offered": "aes128-cbc, diffie-hellman-group14-sha1",
        "access.via": "none",
    }
    found = site.run("findings").out
    assert "CFG-05" in found
    assert "it was read by legacy algorithms" in found
    assert site.run("report", "-o", "report.html").code == 0
    assert "by diffie-hellman-group14-sha1, aes128-cbc" in (site.folder / "report.html").read_text()
    assert site.verify().code == 0


def test_assets_of_a_zone_go_through_its_jump_hosts_which_are_logged_in_to_once(site: Any, sshd: Start) -> None:
    outer, inner = sshd(), sshd()
    servers = [sshd("PermitOpen none") for _ in range(2)]
    know(site, outer, inner, *servers)
    jump = f"-o ProxyJump=127.0.0.1:{outer.port},127.0.0.1:{inner.port}"
    site.hosts = {f"host-{n}": host(one, ansible_ssh_common_args=jump) for n, one in enumerate(servers)}
    site.write()
    planned = site.run("collect", "--check", *FEW).out
    for server in (outer, inner, *servers):
        assert f"login {server.user}@127.0.0.1:{server.port}" in planned
    assert site.run("collect", *FEW).code == 0, "letting the pace go is for loopback without a host between"
    for server in (outer, inner):
        assert server.logged("Accepted publickey", 1) == 1
    via = facts(site, "host-1", "access.via")["access.via"]
    assert [hop.partition(" ")[0].rpartition(":")[2] for hop in via.split(", ")] == [str(outer.port), str(inner.port)]
    assert site.verify().code == 0


def test_a_jump_host_that_refuses_costs_one_failed_login_and_blames_no_assets_credential(
    site: Any, sshd: Start, ssh_keys: tuple[Path, dict[str, str]]
) -> None:
    jump, server = sshd(), sshd()
    know(site, jump, server)
    behind = {
        "ansible_ssh_common_args": f"-J 127.0.0.1:{jump.port}",
        "plantproof_jump_key_file": str(ssh_keys[0] / "ecdsa"),
    }
    site.hosts = {f"behind-{n}": host(server, **behind) for n in range(3)} | {"beside": host(server)}
    site.write()
    ended = site.run("collect", "-v", *FEW)
    assert ended.code == 2
    assert ended.out.count("auth-failed") == 1
    assert ended.out.count(f"not asked: the jump host 127.0.0.1:{jump.port} refused the login in this run") == 2
    assert ended.out.count("collected") == 1
    assert jump.logged("Failed publickey", 1) == 1


def test_the_agent_of_whoever_runs_it_opens_what_the_inventory_gives_no_credential_for(
    site: Any, sshd: Start, agent: str
) -> None:
    server = sshd()
    know(site, server)
    site.hosts = {"host-1": host(server, ansible_ssh_private_key_file="")}
    site.write()
    said = ("collect", "--pace", "none", "-v", *FEW)
    assert site.run(*said, environ={"SSH_AUTH_SOCK": agent}).code == 0
    ended = site.run(*said, environ={"SSH_AUTH_SOCK": ""})
    assert (ended.code, "nothing to log in with" in ended.out) == (2, True)


def test_a_credential_of_the_site_file_is_taken_anew_for_every_run(site: Any, cli: Any) -> None:
    simulated, secret = cli(), site.folder / "secret"
    folder = site.folder / "unit"
    folder.mkdir()
    site.settings = {"credentials": {"switches": {"systemd": "switches"}}}
    site.hosts = {
        "core-sw-01": switch(simulated, ansible_password="", plantproof_credentials={"ansible_password": "switches"})
    }
    site.write()
    said = ("collect", "--pace", "none", "--no-assess", "-v")
    ended = site.run(*said)
    assert (ended.code, "LoadCredential=switches" in ended.err) == (5, True)
    secret = folder / "switches"
    secret.write_text("0utdated-one\n")
    assert site.run(*said, environ={"CREDENTIALS_DIRECTORY": str(folder)}).code == 2
    secret.write_text(PASSWORD + "\n")
    assert site.run(*said, environ={"CREDENTIALS_DIRECTORY": str(folder)}).code == 0
    assert simulated.record.logins == [("core-sw-01", False), ("core-sw-01", True)]
