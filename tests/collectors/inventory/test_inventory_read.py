"""What an inventory comes to: assets and the access they grant."""

from pathlib import Path

import pytest

from collectors.credentials import Secret
from collectors.inventory.host import Host, SnmpAccess, SshAccess
from collectors.inventory.problem import InventoryError
from collectors.inventory.read import Inventory, read_inventory
from evidence.model.asset import Safety

EXAMPLE = Path(__file__).parents[3] / "inventories" / "acme"


def read(tmp_path: Path, text: str, name: str = "hosts.yml", **more: object) -> Inventory:
    path = tmp_path / name
    path.write_text(text)
    more.setdefault("environ", {})
    return read_inventory([path], **more)  # type: ignore[arg-type]


def one(tmp_path: Path, variables: str, **more: object) -> Host:
    """Return the host `sw` with these variables, written as a flow mapping."""
    (host,) = read(tmp_path, f"g: {{hosts: {{sw: {{{variables}}}}}}}\n", **more).hosts
    return host


def test_every_variable_of_the_ledger_finds_its_place(tmp_path: Path) -> None:
    text = """
plants:
  hosts:
    プレス-7:
      ansible_host: 192.0.2.7
      ansible_network_os: cisco.ios.ios
      plantproof_platform: cisco_ios
      plantproof_collect: [snmp, ssh, snmp]
      plantproof_site: werk-1
      plantproof_zone: 7
      plantproof_role: switch
      plantproof_criticality: high
      plantproof_function: press
      plantproof_accountable: shift lead
      plantproof_vendor: Example AG
      plantproof_management_path: VPN
      plantproof_contract_end: 2027-03-31
      plantproof_support_end: "2031-12-31"
      plantproof_safety: it
      plantproof_direct_ok: yes
      plantproof_powered: Mon-Fri 06:00-22:00 Europe/Berlin
"""
    (host,) = read(tmp_path, text).hosts
    asset = host.asset
    assert (asset.id, asset.address) == ("プレス-7", "192.0.2.7")
    assert (asset.platform, asset.network_os) == ("cisco_ios", "cisco.ios.ios")
    assert asset.transports == ("snmp", "ssh")
    assert (asset.site, asset.zone, asset.role, asset.criticality) == ("werk-1", "7", "switch", "high")
    assert (asset.function, asset.accountable, asset.vendor) == ("press", "shift lead", "Example AG")
    assert (asset.management_path, asset.contract_end, asset.support_end) == ("VPN", "2027-03-31", "2031-12-31")
    assert (asset.safety, asset.direct_ok) == (Safety.IT, True)
    assert asset.powered == "Mon-Fri 06:00-22:00 Europe/Berlin"
    assert asset.groups == ("plants",)


def test_an_asset_nothing_is_said_of_is_ot_and_grants_nothing(tmp_path: Path) -> None:
    (host,) = read(tmp_path, "g: {hosts: {sw: }}\n").hosts
    assert host.asset.safety is Safety.OT
    assert host.asset.address == "sw"
    assert (host.snmp, host.ssh, host.local, host.asset.direct_ok) == (None, None, False, False)
    assert host.secrets() == ()


def test_a_community_grants_snmp_version_2c_unless_version_1_is_said(tmp_path: Path) -> None:
    host = one(tmp_path, "plantproof_snmp_community: public")
    assert host.snmp == SnmpAccess(address="sw", community=Secret("public"))
    host = one(
        tmp_path, 'plantproof_snmp_community: public, plantproof_snmp_version: "1", plantproof_snmp_port: "1161"'
    )
    assert host.snmp == SnmpAccess(address="sw", community=Secret("public"), version="1", port=1161)


def test_a_user_grants_snmp_version_3(tmp_path: Path) -> None:
    host = one(
        tmp_path,
        "plantproof_snmp_user: auditor, plantproof_snmp_auth: sha512, plantproof_snmp_auth_key: authauth,"
        "plantproof_snmp_priv: aes256, plantproof_snmp_priv_key: privpriv, plantproof_snmp_context: vlan-7",
    )
    assert host.snmp == SnmpAccess(
        address="sw",
        version="3",
        user="auditor",
        auth="sha512",
        auth_key=Secret("authauth"),
        priv="aes256",
        priv_key=Secret("privpriv"),
        context="vlan-7",
    )
    assert set(host.secrets()) == {Secret("authauth"), Secret("privpriv")}


@pytest.mark.parametrize(
    "version", ["plantproof_snmp_version: 3, plantproof_snmp_community: c", "plantproof_snmp_port: 161"]
)
def test_no_snmp_without_the_credential_its_version_needs(tmp_path: Path, version: str) -> None:
    assert one(tmp_path, version).snmp is None


def test_a_version_that_yaml_takes_for_a_number_is_understood(tmp_path: Path) -> None:
    host = one(tmp_path, "plantproof_snmp_version: 1, plantproof_snmp_community: 12345")
    assert host.snmp is not None
    assert (host.snmp.version, host.snmp.community) == ("1", Secret("12345"))


@pytest.mark.parametrize(
    "variables",
    [
        "ansible_user: a",
        "ansible_password: p",
        "ansible_ssh_private_key_file: /k",
        "ansible_connection: ssh",
        "ansible_connection: ansible.netcommon.network_cli",
        "plantproof_collect: ssh",
        "plantproof_collect: 'snmp, ssh', ansible_connection: httpapi",
    ],
)
def test_ssh_is_granted_by_a_login_or_by_asking_for_it(tmp_path: Path, variables: str) -> None:
    assert one(tmp_path, variables).ssh is not None


@pytest.mark.parametrize(
    "variables",
    [
        "plantproof_snmp_community: c",
        "ansible_connection: local, ansible_user: a",
        "ansible_connection: winrm, ansible_user: a, ansible_password: p",
        "ansible_port: 2222",
        'ansible_user: "", ansible_password: ',
    ],
)
def test_ssh_is_not_granted_by_anything_else(tmp_path: Path, variables: str) -> None:
    assert one(tmp_path, variables).ssh is None


def test_ssh_takes_ansibles_own_variables_and_their_older_names(tmp_path: Path) -> None:
    host = one(
        tmp_path,
        "ansible_host: 192.0.2.1, ansible_port: 2222, ansible_user: a, ansible_password: p, ansible_become_password: e,"
        "ansible_ssh_private_key_file: /k, ansible_host_key_checking: false, ansible_ssh_common_args: -J jump",
    )
    assert host.ssh == SshAccess(
        address="192.0.2.1",
        port=2222,
        user="a",
        password=Secret("p"),
        key_file="/k",
        enable=Secret("e"),
        host_key_checking=False,
        common_args="-J jump",
    )
    older = one(
        tmp_path,
        "ansible_ssh_host: 192.0.2.1, ansible_ssh_port: 2222, ansible_ssh_user: a, ansible_ssh_pass: p,"
        "ansible_become_pass: e, ansible_private_key_file: /k, ansible_ssh_host_key_checking: 'no',"
        "ansible_ssh_common_args: -J jump",
    )
    assert older.ssh == host.ssh
    assert older.asset.address == "192.0.2.1"


def test_where_both_are_given_the_name_with_ssh_wins_as_in_ansible(tmp_path: Path) -> None:
    host = one(tmp_path, "ansible_user: low, ansible_ssh_user: high, ansible_port: 1, ansible_ssh_port: 2")
    assert host.ssh is not None
    assert (host.ssh.user, host.ssh.port) == ("high", 2)


@pytest.mark.parametrize("variables", ["ansible_connection: local", "plantproof_collect: local"])
def test_local_is_this_machine(tmp_path: Path, variables: str) -> None:
    host = one(tmp_path, variables)
    assert host.local
    assert host.ssh is None


NET = {
    "ANSIBLE_NET_USERNAME": "net",
    "ANSIBLE_NET_PASSWORD": "netpass",
    "ANSIBLE_NET_SSH_KEYFILE": "/net/key",
    "ANSIBLE_NET_AUTH_PASS": "netenable",
}


def test_the_network_credential_of_awx_is_for_network_devices_without_their_own(tmp_path: Path) -> None:
    host = one(tmp_path, "ansible_network_os: cisco.ios.ios", environ=NET)
    assert host.ssh == SshAccess(
        address="sw", user="net", password=Secret("netpass"), key_file="/net/key", enable=Secret("netenable")
    )
    assert one(tmp_path, "plantproof_snmp_community: c", environ=NET).ssh is None, "not for what is no network device"
    asked = one(tmp_path, "plantproof_collect: ssh", environ=NET).ssh
    assert asked is not None
    assert asked.user == "net"


def test_a_password_is_never_used_for_another_user(tmp_path: Path) -> None:
    own_user = one(tmp_path, "ansible_network_os: ios, ansible_user: own", environ=NET).ssh
    assert own_user == SshAccess(address="sw", user="own")
    own_password = one(tmp_path, "ansible_network_os: ios, ansible_user: net, ansible_password: p", environ=NET).ssh
    assert own_password is not None
    assert (own_password.password, own_password.key_file, own_password.enable) == (Secret("p"), None, None)
    flag = one(tmp_path, "ansible_network_os: ios", environ=NET, user="flag").ssh
    assert flag == SshAccess(address="sw", user="flag")


def test_the_user_flag_fills_and_grants_only_where_there_is_no_other_way_in(tmp_path: Path) -> None:
    assert one(tmp_path, "", user="u").ssh == SshAccess(address="sw", user="u")
    assert one(tmp_path, "plantproof_snmp_community: c", user="u").ssh is None
    assert one(tmp_path, "ansible_connection: local", user="u").ssh is None
    own = one(tmp_path, "ansible_user: own", user="u").ssh
    assert own is not None
    assert own.user == "own"


def test_secrets_are_wrapped_and_never_shown(tmp_path: Path) -> None:
    text = "ansible_password: s3cret-a, plantproof_snmp_community: s3cret-b, ansible_become_password: s3cret-c"
    found = read(tmp_path, f"g: {{hosts: {{sw: {{{text}}}}}}}\n")
    assert "s3cret" not in repr(found)
    assert {secret.reveal() for secret in found.hosts[0].secrets()} == {"s3cret-a", "s3cret-b", "s3cret-c"}


def test_braces_that_are_meant_are_marked_unsafe(tmp_path: Path) -> None:
    host = one(tmp_path, "ansible_password: !unsafe 'a{{b'")
    assert host.ssh is not None
    assert host.ssh.password == Secret("a{{b")
    host = one(tmp_path, "ansible_password: 'a{b'")
    assert host.ssh is not None
    assert host.ssh.password == Secret("a{b")


def test_what_we_do_not_use_may_be_anything(tmp_path: Path) -> None:
    text = "vars: {a: !unsafe {b: ['{{ c }}']}, d: !unsafe [1], e: !unsafe 5, f: !!set {g}, 7: 8, h: !vault x}"
    (host,) = read(tmp_path, f"g: {{hosts: {{sw: }}, {text}}}\n").hosts
    assert host.secrets() == ()


def test_hosts_come_in_the_order_of_the_inventory_and_groups_with_them(tmp_path: Path) -> None:
    text = "z: {hosts: {c: , a: }, children: {y: {hosts: {b: }}}}\nx: {hosts: {d: , c: }}\n"
    found = read(tmp_path, text)
    assert [host.asset.id for host in found.hosts] == ["c", "a", "d", "b"]
    assert [group.name for group in found.groups] == ["all", "ungrouped", "z", "x", "y"]
    assert found.hosts[3].asset.groups == ("y", "z")
    assert found.groups[2].children == ("y",)


def test_a_limit_selects_and_says_what_matches_nothing(tmp_path: Path) -> None:
    text = "z: {hosts: {c: , a: {plantproof_zone: '{{ x }}'}}}\n"
    found = read(tmp_path, text, limit="c,typo*")
    assert [host.asset.id for host in found.hosts] == ["c"]
    assert [group.hosts for group in found.groups if group.name == "z"] == [("c",)]
    assert found.warnings == ("the pattern 'typo*' matches neither host nor group",)
    with pytest.raises(InventoryError, match="expected 'nobody' to select a host"):
        read(tmp_path, text, limit="nobody")


def test_the_worked_example_is_read_without_a_warning() -> None:
    found = read_inventory([EXAMPLE], environ={})
    assert found.warnings == ()
    by_name = {host.asset.id: host for host in found.hosts}
    assert len(by_name) == 9
    switch = by_name["sw-press-02"]
    assert switch.snmp is not None
    assert switch.ssh is not None
    assert (switch.asset.address, switch.asset.zone, switch.snmp.version) == ("192.0.2.12", "press-shop", "3")
    assert by_name["plc-press-7"].asset.safety is Safety.FRAGILE
    assert by_name["東京ゲートウェイ"].asset.site == "tokyo"
    assert by_name["collector-werk1"].local


def test_json_and_ini_say_the_same_as_yaml(tmp_path: Path) -> None:
    yaml = read(tmp_path, "g:\n  vars: {plantproof_zone: z}\n  hosts: {sw: {ansible_port: 22, ansible_user: a}}\n")
    json = read(
        tmp_path,
        '{"g": {"vars": {"plantproof_zone": "z"}, "hosts": {"sw": {"ansible_port": 22, "ansible_user": "a"}}}}',
        "h.json",
    )
    ini = read(tmp_path, "[g]\nsw ansible_port=22 ansible_user=a\n[g:vars]\nplantproof_zone=z\n", "h.ini")
    assert yaml.hosts == json.hosts == ini.hosts


def test_the_collector_of_cycles_is_left_as_it_was(tmp_path: Path) -> None:
    import gc

    gc.disable()
    try:
        one(tmp_path, "")
        assert not gc.isenabled()
    finally:
        gc.enable()
    one(tmp_path, "")
    assert gc.isenabled()


def test_the_passwords_asked_for_are_for_who_has_none_and_open_no_new_way_in(tmp_path: Path) -> None:
    def of(variables: str) -> SshAccess | None:
        (host,) = read(
            tmp_path, f"g: {{hosts: {{sw: {{{variables}}}}}}}\n", password=Secret("asked"), enable=Secret("asked2")
        ).hosts
        return host.ssh

    assert of("ansible_user: a") == SshAccess(address="sw", user="a", password=Secret("asked"), enable=Secret("asked2"))
    assert of("ansible_user: a, ansible_password: own, ansible_become_password: own2") == SshAccess(
        address="sw", user="a", password=Secret("own"), enable=Secret("own2")
    )
    with_key = of("ansible_user: a, ansible_ssh_private_key_file: /key")
    assert with_key is not None
    assert with_key.password is None
    assert of("plantproof_snmp_community: c") is None


def test_hosts_on_the_way_and_legacy_algorithms_are_variables_of_a_zone(tmp_path: Path) -> None:
    text = """
line_3:
  vars:
    ansible_user: audit
    ansible_ssh_common_args: -o ProxyJump=jump.example,10.20.3.2:2222
    plantproof_jump_key_file: ~/.ssh/jump
    plantproof_jump_passphrase: phrase-1
    plantproof_ssh_legacy: [ssh-rsa, 3des-cbc]
    ansible_ssh_private_key_file: /k
    ansible_ssh_private_key_passphrase: phrase-2
    ansible_become: true
    ansible_become_method: ansible.netcommon.enable
    ansible_command_timeout: 60
  hosts:
    sw-01:
    sw-02: {plantproof_ssh_legacy: aes128-cbc, ansible_become: false}
"""
    one, two = read(tmp_path, text).hosts
    assert one.ssh == SshAccess(
        address="sw-01",
        user="audit",
        key_file="/k",
        passphrase=Secret("phrase-2"),
        become=True,
        legacy=("ssh-rsa", "3des-cbc"),
        timeout_s=60.0,
        jump_key_file="~/.ssh/jump",
        jump_passphrase=Secret("phrase-1"),
        common_args="-o ProxyJump=jump.example,10.20.3.2:2222",
    )
    assert two.ssh is not None
    assert (two.ssh.legacy, two.ssh.become) == (("aes128-cbc",), False)
    assert {Secret("phrase-1"), Secret("phrase-2")} <= set(one.secrets())


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ("plantproof_ssh_legacy: ssh-dss", "plantproof_ssh_legacy: expected a list of one of diffie-hellman"),
        ("plantproof_ssh_legacy: 3des-cbcc", "did you mean 3des-cbc"),
        ("ansible_command_timeout: 0", "ansible_command_timeout: expected seconds from 1 to 300, found '0'"),
        ("ansible_command_timeout: 301", "expected seconds from 1 to 300"),
        ("ansible_command_timeout: soon", "expected seconds from 1 to 300"),
    ],
)
def test_what_ssh_cannot_be_told_is_an_error(tmp_path: Path, variables: str, said: str) -> None:
    with pytest.raises(InventoryError, match=said):
        one(tmp_path, f"ansible_user: a, {variables}")
