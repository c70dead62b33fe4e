"""Secrets where nobody expects them: none reaches the store, the terminal or a message."""

import base64
import json
import os
import pty
import select
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import zstandard

from collectors.simulate.ssh import SimulatedCli, read_devices

ODD = "pä\"ss wörd'<x>&工"
URL = "pa55-in-url"


@pytest.fixture
def cli() -> Iterator[SimulatedCli]:
    (core,) = read_devices(Path(str(files("collectors.demo") / "plant" / "core-sw-01.yaml")))
    leaky = {"show version": core.commands["show version"] + f"\nlast login with {ODD} and <secret:x:k1:0000>\n"}
    with SimulatedCli([replace(core, password=ODD, commands={**core.commands, **leaky})]) as simulated:
        yield simulated


def by_ssh(simulated: SimulatedCli, **more: Any) -> dict[str, Any]:
    return {
        "ansible_host": "127.0.0.1",
        "ansible_port": simulated.port,
        "ansible_user": "core-sw-01",
        "ansible_password": ODD,
        "ansible_network_os": "cisco.ios.ios",
        "plantproof_safety": "it",
        **more,
    }


def everything(store: Path) -> bytes:
    """Return all that rests in a store, as it can be read."""
    found = []
    for path in sorted(one for one in store.rglob("*") if one.is_file()):
        data = path.read_bytes()
        if "blobs" in path.parts:
            data = zstandard.ZstdDecompressor().decompress(data, max_output_size=64 * 1024 * 1024)
        elif path.suffix == ".json" and b'"payload"' in data:
            data = base64.b64decode(json.loads(data)["payload"])
        found.append(data)
    return b"\n".join(found)


def test_an_odd_password_opens_and_rests_nowhere(site: Any, cli: SimulatedCli) -> None:
    site.hosts = {"core-sw-01": by_ssh(cli)}
    site.write()
    (site.folder / "known_hosts").write_text(cli.known_hosts)
    assert site.collect("-v").code == 0
    rest = everything(site.store)
    assert b"last login with <secret:credential:" in rest
    assert ODD.encode() not in rest
    assert ODD not in "".join(site.said)
    assert b"<secret:x:k1:0000>" not in rest, "what a device says that looks like our tag is escaped"


def test_a_password_in_the_name_of_a_jump_host_is_refused_and_rests_nowhere(site: Any, cli: SimulatedCli) -> None:
    words = (f"-J admin:{URL}@127.0.0.1:9", f"-o ProxyJump=a:{URL}@127.0.0.1:x", f"-J a:{URL}@b,c:{URL}@d")
    site.hosts = {f"sw-{n}": by_ssh(cli, ansible_ssh_common_args=text) for n, text in enumerate(words)}
    site.hosts["proxy"] = by_ssh(cli, ansible_ssh_common_args=f"-o ProxyCommand='sshpass -p {URL} ssh x'")
    site.hosts["open"] = by_ssh(cli, ansible_ssh_common_args=f"-o 'ProxyCommand=sshpass -p {URL}")
    site.write()
    ended = site.run("collect", "-v")
    assert ended.out.count("a password in it") == 3
    assert URL.encode() not in everything(site.store)
    assert URL not in "".join(site.said)


def test_behind_a_jump_host_nothing_is_loopback(site: Any, cli: SimulatedCli) -> None:
    site.hosts = {"sw": by_ssh(cli, ansible_ssh_common_args="-J plant.example")}
    ended = site.collect()
    assert (ended.code, "loopback only" in ended.err) == (5, True)


def test_a_community_that_is_also_a_name_is_warned_of(site: Any) -> None:
    site.hosts = {"weld-sw-01": {"ansible_host": "127.0.0.1", "plantproof_snmp_community": "weld-sw-01"}}
    ended = site.collect("--check")
    assert "warning: weld-sw-01: a credential of it is also its name" in ended.err


def test_a_password_asked_for_is_the_logins_and_shown_nowhere(site: Any, cli: SimulatedCli) -> None:
    site.hosts = {"core-sw-01": by_ssh(cli)}
    del site.hosts["core-sw-01"]["ansible_password"]
    site.write()
    (site.folder / "known_hosts").write_text(cli.known_hosts)
    code, shown = on_a_terminal(site, ["collect", "--pace", "none", "-k"], ODD + "\n")
    assert (code, "core-sw-01  collected" in shown) == (0, True), shown
    assert ODD not in shown
    assert site.run("collect", "-k", "--no-input").code == 5


def test_encrypted_credentials_open_and_rest_nowhere(site: Any, cli: SimulatedCli, vaults: ModuleType) -> None:
    sealed = {
        name: {"__ansible_vault": vaults.seal(text)}
        for name, text in (("ansible_password", ODD), ("ansible_user", "core-sw-01"))
    }
    broken = {"ansible_password": {"__ansible_vault": "broken"}, "ansible_host": "127.0.0.2"}
    site.hosts = {"core-sw-01": by_ssh(cli, **sealed), "never-asked": broken}
    site.write()
    (site.folder / "known_hosts").write_text(cli.known_hosts)
    (site.folder / ".vault").write_text("pw\n")
    (site.folder / ".vault").chmod(0o644)
    opened = {"PLANTPROOF_VAULT_PASSWORD_FILE": ".vault"}
    mine = ("-l", "core-sw-01")
    assert site.collect("-v", "--vault-password-file", ".vault", *mine).code == 0
    assert "login (vaulted)@127.0.0.1" in site.run("collect", "--check", *mine, environ=opened).out
    assert '"user": "(vaulted)"' in json.dumps(
        json.loads(site.run("inventory", "--format", "json", *mine, environ=opened).out)
    )
    assert ".vault holds credentials and others may read it" in site.run("doctor", environ=opened).out
    rest = everything(site.store)
    assert b"last login with <secret:credential:" in rest
    assert b"(vaulted)@127.0.0.1" in rest
    assert b"core-sw-01@" not in rest
    assert ODD.encode() not in rest
    assert ODD not in "".join(site.said)
    assert site.run("seal", "-i", "hosts.yml").code == 0, "what the assets are stands in the open"
    code, shown = on_a_terminal(site, ["inventory", "-J", *mine], "pw\n")
    assert (code, "Vault password: " in shown, "ssh" in shown) == (0, True, True), shown
    assert ODD not in shown


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "hosts.yml:1: sw: ansible_password: expected a vault password, none was given"),
        (("--vault-password-file", ".wrong"), "expected one of 1 vault passwords to open a value, none does"),
        (("--vault-password-file", ".none"), ".none: expected a vault password file, found none"),
        (("-J", "--no-input"), "--no-input forbids asking for a vault password"),
        (("--vault-id", "dev@prompt", "--no-input"), "--no-input forbids asking for a vault password"),
        (("-J", "--vault-password-file", ".wrong"), "--vault-password-file and -J exclude each other"),
    ],
)
def test_what_stays_shut_ends_a_run_before_it_begins(
    site: Any, vaults: ModuleType, words: tuple[str, ...], said: str
) -> None:
    site.hosts = {"sw": {"ansible_password": {"__ansible_vault": vaults.seal(ODD)}}}
    (site.folder / ".wrong").write_text("wrong")
    ended = site.collect(*words)
    assert (ended.code, said in ended.err) == (5, True), ended.err
    assert not site.store.exists()


def on_a_terminal(site: Any, words: list[str], typed: str) -> tuple[int, str]:
    """Run a command on a terminal of its own; type when something is asked; return its end and what was shown."""
    master, slave = pty.openpty()
    try:
        process = subprocess.Popen(
            site.command(*words), cwd=site.folder, env=site.environ(), stdin=slave, stdout=slave, stderr=slave,
            start_new_session=True,
        )  # fmt: skip
        os.close(slave)
        shown = b""
        while select.select([master], [], [], 60)[0]:
            try:
                chunk = os.read(master, 65536)
            except OSError:  # the other end is closed: the program has ended
                break
            if b"password: " in shown + chunk and b"password: " not in shown:
                os.write(master, typed.encode())
            shown += chunk
        return process.wait(60), shown.decode("utf-8", "replace")
    finally:
        os.close(master)
