"""Encrypted values in inventories: opened where they are used, once, and never shown."""

import json
from pathlib import Path
from types import ModuleType

import pytest

from collectors.inventory.access import KNOWN
from collectors.inventory.host import HIDDEN_USER, Host
from collectors.inventory.problem import InventoryError
from collectors.inventory.read import Inventory, Opening, read_assets, read_inventory
from collectors.inventory.resolve import ANSIBLE_KEYS
from collectors.inventory.vault import Vault, VaultPassword
from collectors.slices import Slice

MARK = "geheim{{one"
"""What no error, output or representation may show; as a host, a port or a date it is wrong."""


class Counted(VaultPassword):
    """A password that counts how often keys were made of it."""

    __slots__ = ("tries",)

    def __init__(self) -> None:
        super().__init__("default", b"pw")
        self.tries = 0

    def keys(self, salt: bytes) -> bytes:
        self.tries += 1
        return super().keys(salt)


def read(tmp_path: Path, text: str, password: VaultPassword | None = None, **more: object) -> Inventory:
    path = tmp_path / "hosts.yml"
    path.write_text(text)
    more.setdefault("environ", {})
    vault = Vault([password or VaultPassword("default", b"pw")])
    return read_inventory([path], opening=Opening(vault), **more)  # type: ignore[arg-type]


def one(tmp_path: Path, variables: str, **more: object) -> Host:
    (host,) = read(tmp_path, f"g: {{hosts: {{sw: {{{variables}}}}}}}\n", **more).hosts  # type: ignore[arg-type]
    return host


def complaint(tmp_path: Path, text: str, **more: object) -> InventoryError:
    with pytest.raises(InventoryError) as caught:
        read(tmp_path, text, **more)  # type: ignore[arg-type]
    assert caught.value.exit_code == 5
    return caught.value


def test_credentials_users_and_ports_are_opened(tmp_path: Path, vaults: ModuleType) -> None:
    secret, user, port = vaults.inline("s{{cret"), vaults.inline("audit"), vaults.inline("2222")
    host = one(tmp_path, f"ansible_password: {secret}, ansible_user: {user}, ansible_port: {port}, "
                         f"plantproof_snmp_user: {user}, plantproof_snmp_auth: sha1, plantproof_snmp_auth_key: "
                         f"{vaults.inline('longenough')}")  # fmt: skip
    assert host.ssh is not None
    assert host.snmp is not None
    assert (host.ssh.user, host.ssh.port, host.snmp.user) == ("audit", 2222, "audit")
    assert (host.ssh.shown_user, host.snmp.shown_user) == (HIDDEN_USER, HIDDEN_USER)
    assert [secret.reveal() for secret in host.secrets()] == ["longenough", "s{{cret"]
    assert one(tmp_path, "ansible_user: audit").ssh.shown_user == "audit"  # type: ignore[union-attr]


def test_an_encrypted_value_in_json_is_one_too(tmp_path: Path, vaults: ModuleType) -> None:
    value = json.dumps({"__ansible_vault": vaults.seal("s3cret")})
    host = one(tmp_path, f"plantproof_snmp_community: {value}")
    assert [secret.reveal() for secret in host.secrets()] == ["s3cret"]


def test_an_empty_encrypted_value_is_none_and_the_next_name_counts(tmp_path: Path, vaults: ModuleType) -> None:
    host = one(tmp_path, f"ansible_ssh_pass: {vaults.inline('')}, ansible_password: next")
    assert [secret.reveal() for secret in host.secrets()] == ["next"]


def test_what_stands_in_the_evidence_may_not_be_encrypted_by_itself(tmp_path: Path, vaults: ModuleType) -> None:
    password = Counted()
    error = complaint(tmp_path, f"g: {{hosts: {{a: {{plantproof_zone: {vaults.inline('x')}}}}}}}", password=password)
    assert str(error).endswith(
        "a: plantproof_zone: expected a value in the open, found one encrypted with Ansible Vault"
    )
    assert "stands in the evidence" in str(error.hint)
    assert password.tries == 0


def test_only_what_is_used_of_the_selected_hosts_is_opened_and_each_ciphertext_once(
    tmp_path: Path, vaults: ModuleType
) -> None:
    shared, broken = vaults.inline("shared"), "!vault '$ANSIBLE_VAULT;1.1;AES256\\n00'"
    lines = [
        f"g: {{vars: {{plantproof_snmp_community: {shared}, other: {broken}}}, hosts: {{",
        f"never: {{ansible_password: {broken}}}, hidden: {{ansible_password: {vaults.inline('x')}}},",
        f"shadowed: {{ansible_ssh_pass: plain, ansible_password: {broken}}},",
        ", ".join(f"sw{number}" + ": " for number in range(500)),
        "}}",
    ]
    password = Counted()
    found = read(tmp_path, "\n".join(lines), password, limit="sw*,shadowed")
    assert {host.snmp.community.reveal() for host in found.hosts if host.snmp and host.snmp.community} == {"shared"}
    assert (len(found.hosts), password.tries) == (501, 1)
    opening = Opening(Vault([password]))
    assert len(read_assets([tmp_path / "hosts.yml"], environ={}, opening=opening)) == 503
    assert password.tries == 1, "what an asset is needs no credential"


def test_only_this_runs_share_is_opened(tmp_path: Path, vaults: ModuleType) -> None:
    password = Counted()
    hosts = ", ".join(f"sw{number}: {{ansible_password: {vaults.inline('x')}}}" for number in range(9))
    found = read(tmp_path, f"g: {{hosts: {{{hosts}}}}}", password, limit="!sw0", share=Slice.parse("2/3").of)
    assert [host.asset.id for host in found.hosts] == ["sw2", "sw5", "sw8"]
    assert password.tries == 3


def test_a_wrong_password_is_named_with_file_line_host_and_variable(tmp_path: Path, vaults: ModuleType) -> None:
    text = f"g:\n  hosts:\n    a:\n      ansible_user: x\n      ansible_password: {vaults.inline('x', 'other')}\n"
    error = complaint(tmp_path, text)
    said = "expected one of 1 vault passwords to open a value, none does"
    assert str(error) == f"{tmp_path}/hosts.yml:5: a: ansible_password: {said}"
    assert error.hint
    with pytest.raises(InventoryError, match=r"hosts\.yml:5: a: ansible_password: expected a vault password") as caught:
        read_inventory([tmp_path / "hosts.yml"], environ={})
    assert "--vault-id" in str(caught.value.hint)


def test_nul_in_what_was_encrypted_is_refused_without_showing_it(tmp_path: Path, vaults: ModuleType) -> None:
    error = complaint(tmp_path, f"g: {{hosts: {{a: {{ansible_password: {vaults.inline('hid' + chr(0) + 'den')}}}}}}}")
    assert "without NUL" in str(error)
    assert "hid" not in str(error)


def shown_of(tmp_path: Path, text: str) -> str:
    """Return all that can be seen of an inventory: its representation, or its error with what lies behind that."""
    try:
        return repr(read(tmp_path, text))
    except InventoryError as error:
        return f"{error} {error.hint} {error.__cause__} {error.__context__}"


@pytest.mark.parametrize("way", ["inline", "file", "inventory"])
def test_no_error_and_no_representation_shows_what_was_encrypted(tmp_path: Path, vaults: ModuleType, way: str) -> None:
    (tmp_path / "host_vars").mkdir()
    seen = {}
    for key in sorted(KNOWN | ANSIBLE_KEYS):
        text = f"g: {{hosts: {{a: {{plantproof_snmp_community: x, {key}: "
        if way == "inline":
            text += vaults.inline(MARK) + "}}}\n"
        elif way == "inventory":
            text = vaults.seal(text + f"'{MARK}'}}}}}}\n")
        else:
            (tmp_path / "host_vars" / "a").write_text(vaults.seal(f"{key}: '{MARK}'\n"))
            text = "g: {hosts: {a: }}\n"
        seen[key] = shown_of(tmp_path, text)
    transported = {"ansible_user", "ansible_ssh_user", "plantproof_snmp_user"} if way == "inline" else set()
    assert {key for key, shown in seen.items() if "geheim" in shown} == transported


@pytest.mark.parametrize("way", ["file", "inventory"])
def test_an_error_about_a_value_of_an_encrypted_file_does_not_quote_it(
    tmp_path: Path, vaults: ModuleType, way: str
) -> None:
    (tmp_path / "host_vars").mkdir()
    for key in ("ansible_port", "ansible_host", "plantproof_safety", "plantproof_collect", "plantproof_contract_end",
                "plantproof_powered", "plantproof_direct_ok", "plantproof_aws_region", "plantproof_opcua_url",
                "plantproof_certificates", "plantproof_snmp_version"):  # fmt: skip
        if way == "file":
            (tmp_path / "host_vars" / "a").write_text(vaults.seal(f"{key}: geheim one\n"))
            text = "g: {hosts: {a: }}\n"
        else:
            text = vaults.seal(f"g: {{hosts: {{a: {{{key}: geheim one}}}}}}\n")
        error = complaint(tmp_path, text)
        assert "geheim" not in f"{error} {error.hint} {error.__cause__} {error.__context__}"
        assert f"a: {key}: expected" in str(error)


# --- whole files -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["group_vars/g.yml", "group_vars/g/vault.yml", "host_vars/a"])
def test_an_encrypted_file_counts_for_the_hosts_it_could_concern(tmp_path: Path, vaults: ModuleType, name: str) -> None:
    (tmp_path / name).parent.mkdir(parents=True)
    (tmp_path / name).write_text(vaults.seal("plantproof_zone: press\nplantproof_snmp_community: s3cret\n"))
    text = "g: {hosts: {a: }}\nh: {hosts: {b: }}\n"
    password = Counted()
    a, b = read(tmp_path, text, password).hosts
    assert (a.asset.zone, b.asset.zone, password.tries) == ("press", None, 1)
    assert [secret.reveal() for secret in a.secrets()] == ["s3cret"]
    with pytest.raises(InventoryError) as caught:
        read_inventory([tmp_path / "hosts.yml"], environ={})
    assert str(caught.value).startswith(f"{tmp_path / name}: a: expected a vault password, none was given")
    assert len(read_inventory([tmp_path / "hosts.yml"], environ={}, limit="b").hosts) == 1


def test_an_encrypted_inventory_and_encrypted_extra_variables_are_read(tmp_path: Path, vaults: ModuleType) -> None:
    (tmp_path / "extra.yml").write_text(vaults.seal("plantproof_zone: [1\n"))
    with pytest.raises(InventoryError, match=r"extra\.yml: expected YAML in the encrypted file, found something else"):
        read(tmp_path, "g: {hosts: {a: }}\n", extra_vars=[f"@{tmp_path}/extra.yml"])
    (tmp_path / "extra.yml").write_text(vaults.seal("plantproof_zone: z\n"))
    (host,) = read(tmp_path, vaults.seal("g: {hosts: {a: }}\n"), extra_vars=[f"@{tmp_path}/extra.yml"]).hosts
    assert (host.asset.id, host.asset.zone) == ("a", "z")
    assert f"{tmp_path}/extra.yml: expected one of 1 vault" in str(
        complaint(tmp_path, "g: ", password=VaultPassword("a", b"b"), extra_vars=[f"@{tmp_path}/extra.yml"])
    )
    assert str(complaint(tmp_path, vaults.seal("geheim: [1\n"))) == (
        f"{tmp_path}/hosts.yml: expected an inventory in the encrypted file, found something else"
    )
    assert "none does" in str(complaint(tmp_path, vaults.seal("g: "), password=VaultPassword("a", b"b")))


def test_a_file_encrypted_twice_is_no_inventory(tmp_path: Path, vaults: ModuleType) -> None:
    assert "expected an inventory in the encrypted file" in str(
        complaint(tmp_path, vaults.seal(vaults.seal("g: {hosts: {a: }}\n")))
    )


@pytest.mark.exhaustive
def test_a_mapping_bomb_in_an_encrypted_file_is_bounded_as_any_other(tmp_path: Path, vaults: ModuleType) -> None:
    bomb = "a0: &a0 {" + ", ".join(f"k{n}: 1" for n in range(300)) + "}\n"
    bomb += "".join(f"a{n}: &a{n} [{', '.join(['{<<: *a0}'] * 400)}]\n" for n in range(1, 30))
    (tmp_path / "host_vars").mkdir()
    (tmp_path / "host_vars" / "a").write_text(vaults.seal(bomb))
    assert "host_vars/a: expected YAML in the encrypted file" in str(complaint(tmp_path, "g: {hosts: {a: }}\n"))
