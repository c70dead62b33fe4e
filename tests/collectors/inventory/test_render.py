"""`--resolve`: Ansible renders what is a template in the variables we use, and leaves no trace."""

import os
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from collectors.inventory.problem import InventoryError
from collectors.inventory.read import Inventory, Opening, read_inventory
from collectors.inventory.vault import Vault, VaultPassword

pytestmark = pytest.mark.real

RESOLVING = Opening(Vault([VaultPassword("default", b"pw")]), resolve=True)

HOSTS = """\
all:
  vars:
    community: "{{ vault_community }}"
    plantproof_zone: "{{ group_names | join('+') }}"
  children:
    press:
      hosts:
        sw-1:
          ansible_host: "{{ inventory_hostname }}.{{ domain }}"
          plantproof_snmp_community: "{{ community }}"
          plantproof_site: "{{ lookup('ansible.builtin.file', 'site.txt') }}"
          ansible_port: "{{ 2200 + 22 }}"
          ansible_user: audit
          plantproof_certificates: ["/etc/{{ inventory_hostname }}.pem", /etc/b.pem]
          plantproof_role: !unsafe "{{ kept }}"
          not_used: "{{ nowhere }}"
        sw-2:
          plantproof_role: "{{ nowhere }}"
          ansible_user: "{{ lookup('ansible.builtin.file', 'geheim.txt') }}"
        localhost: {ansible_connection: ssh}
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, vaults: ModuleType) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    memory = Path("/dev/shm")
    before = set(memory.glob("plantproof-*")) if memory.is_dir() else set()
    (tmp_path / "hosts.yml").write_text(HOSTS)
    (tmp_path / "group_vars").mkdir()
    (tmp_path / "group_vars" / "all.yml").write_text(f"vault_community: {vaults.inline('s3{{cret')}\n")
    (tmp_path / "site.txt").write_text("Werk 1\n")
    yield tmp_path
    if memory.is_dir():
        assert set(memory.glob("plantproof-*")) <= before, "what was rendered is gone"


def resolved(limit: str, *extra: str) -> Inventory:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    return read_inventory(["hosts.yml"], environ=environ, opening=RESOLVING, limit=limit, extra_vars=extra)


def test_templates_lookups_and_encrypted_values_behind_them_are_rendered(here: Path) -> None:
    (host,) = resolved("sw-1", "domain=example.net").hosts
    assert (host.asset.address, host.asset.zone, host.asset.site) == ("sw-1.example.net", "press", "Werk 1")
    assert host.asset.role == "{{ kept }}"
    assert host.ssh is not None
    assert host.ssh.port == 2222
    assert [secret.reveal() for secret in host.secrets()] == ["s3{{cret"]
    assert host.lists == {"certificates": ("/etc/sw-1.pem", "/etc/b.pem")}
    assert sorted(path.name for path in here.iterdir()) == ["group_vars", "hosts.yml", "site.txt"]


def test_what_cannot_be_rendered_is_named_with_its_place(here: Path) -> None:
    with pytest.raises(InventoryError) as caught:
        resolved("sw-2")
    assert caught.value.exit_code == 5
    assert str(caught.value) == (
        "hosts.yml:18: sw-2: plantproof_role: expected a template that Ansible can render, "
        "found one that uses nowhere, which is not defined"
    )
    assert "ansible sw-2" in str(caught.value.hint)
    with pytest.raises(InventoryError, match=r"yml:19: sw-2: ansible_user: .*found one that it cannot") as caught:
        resolved("sw-2", "nowhere=x")
    assert "geheim" not in f"{caught.value} {caught.value.hint}"


def test_without_it_a_template_is_an_error_that_names_it(here: Path) -> None:
    with pytest.raises(InventoryError, match=r"expected a value, found the template") as caught:
        read_inventory(["hosts.yml"], environ={}, limit="sw-1")
    assert "--resolve" in str(caught.value.hint)


def test_where_there_is_no_template_ansible_is_not_asked(here: Path) -> None:
    (here / "hosts.yml").write_text("g: {hosts: {a: {plantproof_zone: z, other: '{{ x }}'}}}\n")
    (host,) = read_inventory(["hosts.yml"], environ={"PATH": "/nowhere"}, opening=RESOLVING).hosts
    assert host.asset.zone == "z"
