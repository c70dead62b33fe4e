"""Vault passwords come from where Ansible takes them, in its order."""

import os
from pathlib import Path
from types import ModuleType

import pytest

from collectors.inventory.printed import MAX_PRINTED_BYTES as MAX_PASSWORD_BYTES
from collectors.inventory.problem import InventoryError
from collectors.inventory.vault import Vault, Vaulted
from collectors.inventory.vault_passwords import VaultArguments, read_vault


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def nobody(text: str) -> str:
    raise AssertionError(f"nobody is asked: {text}")


def read(*ids: str, files: tuple[str, ...] = (), **environ: str) -> Vault:
    return read_vault(VaultArguments(ids=ids, files=files), {"PATH": os.environ["PATH"], **environ}, nobody)


def opens(vaults: ModuleType, vault: Vault, password: str | bytes) -> bool:
    return vault.open_value(Vaulted(vaults.seal("x", password))) == "x"


def script(path: Path, text: str) -> str:
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o666])
def test_a_file_is_read_without_the_blanks_around_it_and_whoever_may_read_it(
    vaults: ModuleType, here: Path, mode: int
) -> None:
    (here / "password").write_bytes(b"  two words \n\n")
    (here / "password").chmod(mode)
    vault = read("password")
    assert opens(vaults, vault, "two words")
    assert [(one.label, one.source) for one in vault.passwords] == [("default", str(here / "password"))]


def test_a_password_is_bytes_and_may_hold_anything(vaults: ModuleType, here: Path) -> None:
    (here / "password").write_bytes(b"a\0\xffb\n")
    assert opens(vaults, read(files=("password",)), b"a\0\xffb")


def test_a_script_is_run_and_loses_line_breaks_only(vaults: ModuleType, here: Path) -> None:
    script(here / "ask.sh", 'printf "  $WORD $# \\n\\n"\n')
    assert opens(vaults, read("dev@ask.sh", WORD="pw"), "  pw 0 ")


def test_a_client_script_is_told_the_vault_id(vaults: ModuleType, here: Path) -> None:
    script(here / "keyring-client.sh", 'echo "$1=$2"\n')
    vault = read("dev@keyring-client.sh", files=("keyring-client.sh",))
    assert [one.label for one in vault.passwords] == ["dev", "default"]
    assert opens(vaults, vault, "--vault-id=dev")
    assert opens(vaults, vault, "--vault-id=default")


def test_sources_come_in_ansibles_order_with_its_labels(here: Path) -> None:
    for name in "abcd":
        (here / name).write_text(name)
    asked = []

    def prompt(text: str) -> str:
        asked.append(text)
        return " entered "

    environ = {
        "ANSIBLE_VAULT_IDENTITY_LIST": "first@a, b,",
        "ANSIBLE_VAULT_PASSWORD_FILE": "${HERE}/d",
        "ANSIBLE_VAULT_IDENTITY": "own",
        "HERE": str(here),
    }
    said = VaultArguments(ids=("dev@prompt", "@c"), files=("c",), ask=True)
    vault = read_vault(said, environ, prompt)
    found = [(one.label, one.source and Path(one.source).name) for one in vault.passwords]
    assert found == [
        *(("first", "a"), ("own", "b"), ("dev", None), ("own", "c"), ("own", "c"), ("own", "d"), ("own", None)),
    ]
    assert asked == ["Vault password (dev)", "Vault password"]


def test_ansible_cfg_says_it_too_and_paths_are_relative_to_it(vaults: ModuleType, here: Path) -> None:
    (here / "etc").mkdir()
    (here / "etc" / "pw").write_text("pw")
    (here / "etc" / "ansible.cfg").write_text(
        "[defaults]\nvault_password_file = pw\nvault_identity = own\nvault_id_match = true\nask_vault_pass = no\n"
    )
    vault = read(ANSIBLE_CONFIG=str(here / "etc" / "ansible.cfg"))
    assert [one.label for one in vault.passwords] == ["own"]
    assert opens(vaults, vault, "pw")
    with pytest.raises(InventoryError, match="none does"):
        vault.open_value(Vaulted(vaults.seal("x", "pw", "other")))


def test_a_person_is_asked_where_the_environment_says_so(vaults: ModuleType, here: Path) -> None:
    vault = read_vault(VaultArguments(), {"ANSIBLE_ASK_VAULT_PASS": "yes"}, lambda _: "pw")
    assert opens(vaults, vault, "pw")
    with pytest.raises(InventoryError, match="an empty one was entered"):
        read_vault(VaultArguments(ask=True), {}, lambda _: " ")


def test_a_password_file_may_be_encrypted_with_a_password_named_before_it(vaults: ModuleType, here: Path) -> None:
    (here / "first").write_text("one")
    (here / "second").write_text(vaults.seal("two\n", "one"))
    assert opens(vaults, read("first", "second"), "two")
    with pytest.raises(InventoryError, match="second: expected a vault password, none was given"):
        read("second")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nothing", "nothing: expected a vault password file, found none: No such file"),
        ("folder", "folder: expected a vault password file, found a folder"),
        ("empty", "empty: expected a vault password, found nothing"),
        ("blank", "blank: expected a vault password, found nothing"),
        ("huge", f"huge: expected at most {MAX_PASSWORD_BYTES} bytes of vault password"),
        ("silent.sh", "silent.sh: expected a vault password, found nothing"),
        ("failing.sh", "failing.sh: expected a vault password, the script ended with 3"),
        ("unknown-client", "unknown-client: expected a vault password, the script ended with 2"),
        ("endless.sh", "endless.sh: expected a vault password, the script ended with -"),
        ("broken.sh", "broken.sh: expected a vault password script, cannot run it"),
    ],
)
def test_what_gives_no_password_is_an_error_alone_and_a_warning_beside_another(
    here: Path, name: str, said: str
) -> None:
    (here / "folder").mkdir()
    for file, data in (("empty", ""), ("blank", " \n \n"), ("huge", "x" * (MAX_PASSWORD_BYTES + 1)), ("good", "pw")):
        (here / file).write_text(data)
    script(here / "silent.sh", "echo\n")
    script(here / "failing.sh", "echo hidden; exit 3\n")
    script(here / "unknown-client", "exit 2\n")
    script(here / "endless.sh", "exec yes hidden\n")
    (here / "broken.sh").write_text("#!/no/such/program\n")
    (here / "broken.sh").chmod(0o700)
    with pytest.raises(InventoryError) as caught:
        read(name)
    assert said in str(caught.value)
    assert caught.value.exit_code == 5
    assert "hidden" not in str(caught.value)
    vault = read(name, "good")
    assert len(vault.passwords) == 1
    assert len(vault.warnings) == 1
    assert said in vault.warnings[0]


def test_without_a_source_there_is_no_password(here: Path) -> None:
    assert read().passwords == ()
