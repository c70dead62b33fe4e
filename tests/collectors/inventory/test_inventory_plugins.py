"""Executable inventories, plugins and constructed groups: read through Ansible, opened and judged as any other."""

import json
import os
import sys
from pathlib import Path
from types import ModuleType

import pytest

from collectors.inventory.external import ask_ansible
from collectors.inventory.problem import InventoryError
from collectors.inventory.read import Opening, read_inventory
from collectors.inventory.vault import Vault, VaultPassword

pytestmark = pytest.mark.real

CONSTRUCTED = """\
plugin: ansible.builtin.constructed
strict: true
compose:
  plantproof_zone: "'line-' ~ line"
groups:
  slow: speed == 'slow'
keyed_groups:
  - {prefix: vendor, key: vendor}
"""
STATIC = """\
g:
  hosts:
    a: {line: 3, speed: slow, vendor: moxa}
    b: {line: 4, speed: fast, vendor: hirschmann}
"""


@pytest.fixture
def environ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The environment without Ansible's settings, and a folder of its own to be in."""
    monkeypatch.chdir(tmp_path)
    return {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}


def awx_script(path: Path, inventory: dict) -> str:
    """Write the inventory as AWX hands it to a job: an executable file that prints one literal."""
    path.write_text(f"#! {sys.executable}\n# -*- coding: utf-8 -*-\nprint({json.dumps(inventory)!r})\n")
    path.chmod(0o700)
    return str(path)


def test_constructed_groups_and_variables_count(tmp_path: Path, environ: dict[str, str]) -> None:
    site = tmp_path / "site"
    (site / "group_vars").mkdir(parents=True)
    (site / "10-hosts.yml").write_text(STATIC)
    (site / "20-constructed.yml").write_text(CONSTRUCTED)
    (site / "group_vars" / "slow.yml").write_text("plantproof_safety: fragile\n")
    (site / "group_vars" / "vendor_hirschmann.yml").write_text("plantproof_vendor: Hirschmann\n")
    found = read_inventory([site], environ=environ, limit="a,vendor_hirschmann")
    a, b = (host.asset for host in found.hosts)
    assert (a.zone, a.safety, a.groups) == ("line-3", "fragile", ("g", "slow", "vendor_moxa"))
    assert (b.zone, b.safety, b.vendor) == ("line-4", "ot", "Hirschmann")
    (site / "20-constructed.yml").write_text(CONSTRUCTED.replace("speed ==", "pace =="))
    with pytest.raises(InventoryError, match="ansible-inventory ended with"):
        read_inventory([site], environ=environ)


def test_awxs_script_with_encrypted_values_is_opened_with_a_password_that_a_person_entered(
    tmp_path: Path, environ: dict[str, str], vaults: ModuleType
) -> None:
    inline = {"__ansible_vault": vaults.seal("s3cret")}
    meta = {"sw-1": {"ansible_password": inline, "ansible_user": "audit", "remote_tower_enabled": "true",
                     "remote_tower_id": 7, "not_used": {"__ansible_vault": "broken"}}}  # fmt: skip
    source = awx_script(
        tmp_path / "hosts",
        {"all": {"hosts": ["sw-1"], "children": ["press"], "vars": {"plantproof_site": "werk"}},
         "press": {"hosts": ["sw-1", "sw-2"]}, "_meta": {"hostvars": meta}},
    )  # fmt: skip
    (tmp_path / "group_vars").mkdir()
    (tmp_path / "group_vars" / "press.yml").write_text(vaults.seal("plantproof_zone: press\n", label="dev"))
    entered = Vault([VaultPassword("default", b"pw")])
    one, other = read_inventory([source], environ=environ, opening=Opening(entered)).hosts
    assert (one.asset.zone, one.asset.site, other.asset.zone) == ("press", "werk", "press")
    assert [secret.reveal() for secret in one.secrets()] == ["s3cret"]
    (tmp_path / ".vault").write_text("pw")
    from_file = Vault([VaultPassword("default", b"other"), VaultPassword("x", b"pw", str(tmp_path / ".vault"))])
    graph = ask_ansible([source], {**environ, "ANSIBLE_VAULT_IDENTITY_LIST": "ask@prompt"}, from_file)
    assert sorted(graph.hosts) == ["sw-1", "sw-2"]
    with pytest.raises(InventoryError, match="ansible-inventory ended with"):
        read_inventory([source], environ=environ)


def test_a_template_out_of_a_script_is_rendered_by_ansible(tmp_path: Path, environ: dict[str, str]) -> None:
    inventory = {"g": {"hosts": ["a"]}, "_meta": {"hostvars": {"a": {"plantproof_zone": "{{ 'z' ~ 1 }}"}}}}
    source = awx_script(tmp_path / "hosts", inventory)
    with pytest.raises(InventoryError, match=rf"^{source}: a: plantproof_zone: expected"):
        read_inventory([source], environ=environ)
    (host,) = read_inventory([source], environ=environ, opening=Opening(resolve=True)).hosts
    assert host.asset.zone == "z1"
