"""Secrets the inventory names and the site file says the place of."""

import os
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from collectors.credentials import CredentialSource, Secret
from collectors.inventory.credential_sources import CredentialSources
from collectors.inventory.host import Host
from collectors.inventory.problem import InventoryError
from collectors.inventory.read import Opening, read_inventory
from collectors.settings import SettingsError
from collectors.settings_file import parse_site_file

ENVIRON = {"PATH": os.environ["PATH"], "PLANT_PW": "fr0m-the-environment"}


def sources(**named: CredentialSource) -> CredentialSources:
    return CredentialSources(named, ENVIRON)


def read(tmp_path: Path, variables: dict[str, Any], known: CredentialSources, *hosts: str) -> tuple[Host, ...]:
    path = tmp_path / "hosts.yml"
    path.write_text(yaml.safe_dump({"all": {"hosts": dict.fromkeys(hosts or ("sw",), variables)}}))
    return read_inventory([path], environ={}, opening=Opening(credentials=known)).hosts


def test_a_secret_comes_from_each_of_its_places(tmp_path: Path) -> None:
    (tmp_path / "pw").write_text("fr0m-a-file\n")
    (tmp_path / "unit").mkdir()
    (tmp_path / "unit" / "switches").write_text("fr0m-systemd")
    script = tmp_path / "say"
    script.write_text('#!/bin/sh\necho "fr0m-$1"\n')
    script.chmod(0o700)
    named = {
        "file": CredentialSource(file=tmp_path / "pw"),
        "environment": CredentialSource(environment="PLANT_PW"),
        "command": CredentialSource(command=(str(script), "a program; exit 1")),
        "systemd": CredentialSource(systemd="switches"),
    }
    known = CredentialSources(named, {**ENVIRON, "CREDENTIALS_DIRECTORY": str(tmp_path / "unit")})
    assert [known.secret(name) for name in named] == [
        Secret("fr0m-a-file"),
        Secret("fr0m-the-environment"),
        Secret("fr0m-a program; exit 1"),
        Secret("fr0m-systemd"),
    ]


def test_the_inventory_names_which_secret_it_is(tmp_path: Path) -> None:
    known = sources(one=CredentialSource(environment="PLANT_PW"))
    named = {"ansible_password": "one", "ansible_become_password": "one", "plantproof_snmp_community": "one"}
    (host,) = read(tmp_path, {"ansible_user": "a", "plantproof_credentials": named}, known)
    assert host.ssh is not None
    assert host.snmp is not None
    assert host.ssh.password == host.ssh.enable == host.snmp.community == Secret("fr0m-the-environment")


def test_a_value_in_the_inventory_counts_before_it(tmp_path: Path) -> None:
    variables = {"ansible_user": "a", "ansible_ssh_pass": "own", "plantproof_credentials": {"ansible_password": "gone"}}
    (host,) = read(tmp_path, variables, sources())
    assert host.ssh is not None
    assert host.ssh.password == Secret("own")


def test_a_source_is_asked_once_and_only_where_a_host_needs_it(tmp_path: Path) -> None:
    script = tmp_path / "say"
    script.write_text(f"#!/bin/sh\necho x >> {tmp_path}/asked\necho pw\n")
    script.chmod(0o700)
    known = sources(one=CredentialSource(command=(str(script),)), other=CredentialSource(file=tmp_path / "none"))
    variables = {"ansible_user": "a", "plantproof_credentials": {"ansible_password": "one"}}
    assert len(read(tmp_path, variables, known, *(f"sw-{n}" for n in range(20)))) == 20
    assert (tmp_path / "asked").read_text() == "x\n"


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ("x", "hosts.yml:.*sw: plantproof_credentials: expected a mapping of variables"),
        ({"ansible_user": "one"}, "expected variables that are secrets, found 'ansible_user'"),
        ({"ansible_pasword": "one"}, r"found 'ansible_pasword' \(did you mean ansible_password\?\)"),
        ({"ansible_password": "onne"}, r"sw: ansible_password: .*credentials, found 'onne' \(did you mean one\?\)"),
        ({"ansible_password": ["one"]}, "expected a single value, found a list"),
        ({"ansible_password": "{{ one }}"}, "found the template"),
        ({"ansible_password": "nowhere"}, "credential nowhere: .*none: "),
        ({"ansible_password": "folder"}, "credential folder: "),
        ({"ansible_password": "empty"}, "credential empty: expected a secret, found nothing"),
        ({"ansible_password": "binary"}, "credential binary: expected UTF-8 text"),
        ({"ansible_password": "unset"}, "credential unset: expected the environment to hold PLANT_NONE, it does not"),
        ({"ansible_password": "unit"}, "credential unit: .*CREDENTIALS_DIRECTORY is not set"),
        ({"ansible_password": "failing"}, "credential failing: expected a secret, the script ended with 1"),
        ({"ansible_password": "missing"}, "credential missing: expected a secret script, cannot run it"),
        ({"plantproof_snmp_auth_key": "short"}, "credential short: expected at least 8 characters, found 3"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(tmp_path: Path, named: object, said: str) -> None:
    for name, data in (("empty", b"\n"), ("binary", b"\xff\xfe"), ("short", b"abc")):
        (tmp_path / name).write_bytes(data)
    known = sources(
        one=CredentialSource(environment="PLANT_PW"),
        nowhere=CredentialSource(file=tmp_path / "none"),
        folder=CredentialSource(file=tmp_path),
        empty=CredentialSource(file=tmp_path / "empty"),
        binary=CredentialSource(file=tmp_path / "binary"),
        short=CredentialSource(file=tmp_path / "short"),
        unset=CredentialSource(environment="PLANT_NONE"),
        unit=CredentialSource(systemd="x"),
        failing=CredentialSource(command=("/bin/false",)),
        missing=CredentialSource(command=(str(tmp_path / "missing"),)),
    )
    variables = {"ansible_user": "a", "plantproof_snmp_user": "u", "plantproof_credentials": named}
    with pytest.raises(InventoryError) as raised:
        read(tmp_path, variables, known)
    assert re.search(said, str(raised.value)), raised.value
    assert "fr0m" not in f"{raised.value!r} {raised.value.__cause__!r}"


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("{}", "expected one of file, environment, command, systemd"),
        ("{file: /a, systemd: b}", "expected one of file, environment, command, systemd"),
        ("{file: a}", "credentials.one.file"),
        ("{command: [pass, show]}", "expected a program with its absolute path"),
        ("{command: /bin/true}", "credentials.one.command"),
        ("{systemd: ../a}", "credentials.one.systemd"),
        ("{systemd: ..}", "credentials.one.systemd"),
        ("{environment: A-B}", "credentials.one.environment"),
        ("{enviroment: A}", "did you mean environment"),
    ],
)
def test_the_site_file_is_read_strictly(entry: str, said: str) -> None:
    with pytest.raises(SettingsError) as raised:
        parse_site_file(f"credentials:\n  one: {entry}\n".encode(), "plantproof.yml")
    assert said in str(raised.value)
