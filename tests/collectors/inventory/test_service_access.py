"""What the inventory says of services, and of lists to go through."""

import shlex
from pathlib import Path

import pytest

from collectors.guard import permit_host
from collectors.inventory.host import Host
from collectors.inventory.problem import InventoryError
from collectors.inventory.read import read_inventory
from collectors.plan import make_plan
from collectors.transports.interface import NotReadOnlyError
from evidence.platforms.build import fitted
from evidence.platforms.load import load_platforms, read_platform

LISTING = b"""
name: example
title: An example
source: [its manual]
questions:
  - {name: certificate, over: [local, ssh], read: "{each}", each: certificates, reader: x509, tags: [tables]}
"""


def host(tmp_path: Path, variables: str) -> Host:
    (tmp_path / "hosts.yml").write_text(f"all: {{hosts: {{scada: {{{variables}}}}}}}\n")
    (found,) = read_inventory([str(tmp_path / "hosts.yml")], environ={}).hosts
    return found


def test_each_service_is_granted_by_its_address(tmp_path: Path) -> None:
    found = host(
        tmp_path,
        "plantproof_http_url: 'https://scada.example:8043/', plantproof_http_token: 'name:key', "
        "plantproof_opcua_url: 'opc.tcp://10.0.0.9:4840', plantproof_aws_region: eu-central-1",
    )
    assert found.http is not None
    assert found.http.url == "https://scada.example:8043"
    assert found.aws is not None
    assert found.aws.region == "eu-central-1"
    assert [name for name in ("snmp", "ssh", "local", "http", "aws", "opcua") if found.grants(name)] == [
        "http",
        "aws",
        "opcua",
    ]
    assert [secret.reveal() for secret in found.secrets()] == ["name:key"]


def test_the_id_of_an_access_key_is_a_name_and_no_secret(tmp_path: Path) -> None:
    found = host(
        tmp_path,
        "plantproof_aws_access_key_id: AKIAIOSFODNN7EXAMPLE, plantproof_aws_secret_access_key: wJalr, "
        "plantproof_aws_session_token: IQoJb",
    )
    assert sorted(secret.reveal() for secret in found.secrets()) == ["IQoJb", "wJalr"]
    assert "AKIA" not in repr(found.aws)


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ("plantproof_http_url: 'https://user:secret@scada.example'", "plantproof_http_url: expected an address"),
        ("plantproof_http_url: 'file:///etc/passwd'", "expected an address"),
        ("plantproof_http_url: 'http://a', plantproof_http_user: x", "plantproof_http_password beside it"),
        ("plantproof_http_url: 'http://a', plantproof_http_password: x", "plantproof_http_user beside it"),
        ("plantproof_http_url: 'http://a', plantproof_http_user: x, plantproof_http_password: y, "
         "plantproof_http_token: z", "a token, or a user and a password"),
        ("plantproof_aws_region: europe", "a region like eu-central-1"),
        ("plantproof_aws_access_key_id: AKIA", "plantproof_aws_secret_access_key beside it"),
        ("plantproof_opcua_url: 'http://a'", "opc.tcp"),
        ("plantproof_opcua_url: 'opc.tcp://a', plantproof_opcua_user: x", "plantproof_opcua_password beside it"),
        ("plantproof_opcua_url: 'opc.tcp://a', plantproof_opcua_key_file: x", "certificate_file beside it"),
        ("plantproof_opcua_url: 'opc.tcp://a', plantproof_opcua_fingerprint: beef", "SHA-256 in hex"),
        ("plantproof_certificates: [etc/ssl/a.pem]", "absolute paths"),
        ("plantproof_certificates: ['/etc/../root/a.pem']", "absolute paths"),
        ("plantproof_backup_folders: [dumps]", "plantproof_backup_folders: expected absolute paths"),
    ],
)  # fmt: skip
def test_what_cannot_be_right_is_an_error_without_the_value(tmp_path: Path, variables: str, expected: str) -> None:
    with pytest.raises(InventoryError, match=expected) as caught:
        host(tmp_path, variables)
    assert "secret@" not in str(caught.value)


def test_what_opens_an_opc_ua_server_is_read_and_nothing_crosses_in_clear_unless_somebody_says_so(
    tmp_path: Path,
) -> None:
    pair = "plantproof_opcua_certificate_file: /a.pem, plantproof_opcua_key_file: /a.key"
    shown = ":".join(["AB"] * 32)
    found = host(
        tmp_path,
        f"plantproof_opcua_url: 'opc.tcp://a', {pair}, plantproof_opcua_fingerprint: '{shown}', "
        "plantproof_http_url: 'http://a'",
    )
    assert found.opcua is not None
    assert (found.opcua.certificate_file, found.opcua.key_file) == ("/a.pem", "/a.key")
    assert found.opcua.fingerprint == "ab" * 32
    assert found.http is not None
    assert not found.opcua.clear
    assert not found.http.clear
    loose = "plantproof_http_url: 'http://a', plantproof_opcua_url: 'opc.tcp://a', plantproof_clear_credentials: true"
    allowed = host(tmp_path, loose)
    assert allowed.http is not None
    assert allowed.opcua is not None
    assert allowed.http.clear
    assert allowed.opcua.clear


def test_a_question_is_asked_for_each_entry_of_the_hosts_list(tmp_path: Path) -> None:
    platform = read_platform(LISTING, generic=None, name="example.yaml")
    lists = host(tmp_path, "plantproof_certificates: [/etc/ssl/a.pem, /etc/ssl/b.pem]").lists
    assert {
        (question.name, question.transport, question.request) for question in fitted(platform, lists).questions
    } == {
        ("certificate:/etc/ssl/a.pem", "local", "/etc/ssl/a.pem"),
        ("certificate:/etc/ssl/b.pem", "local", "/etc/ssl/b.pem"),
        ("certificate.ssh:/etc/ssl/a.pem", "ssh", "/etc/ssl/a.pem"),
        ("certificate.ssh:/etc/ssl/b.pem", "ssh", "/etc/ssl/b.pem"),
    }
    assert fitted(platform, {}).questions == ()


def test_an_entry_in_a_command_is_one_word_whatever_it_holds(tmp_path: Path) -> None:
    known = load_platforms(only=("linux",)).named("linux")
    assert known is not None
    lists = host(
        tmp_path, "plantproof_backup_folders: ['/srv/dumps', '/srv/a b', '/srv/x; reboot', \"/srv/it's\"]"
    ).lists
    asked = [one.objects[0] for one in fitted(known, lists).questions if one.name.startswith("backup-folders:")]
    assert [shlex.split(command)[1] for command in asked] == ["/srv/dumps", "/srv/a b", "/srv/x; reboot", "/srv/it's"]
    for command in asked[:3]:
        assert permit_host(command, asked) == command
    with pytest.raises(NotReadOnlyError):
        permit_host(asked[3], asked)


def test_a_service_without_its_platform_is_never_guessed(tmp_path: Path) -> None:
    (visit,) = make_plan([host(tmp_path, "plantproof_http_url: 'http://a'")], load_platforms(only=())).visits
    assert visit.problems == ("http: the platform is not known, and paths are never guessed: set plantproof_platform",)
