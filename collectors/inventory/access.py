"""What a host's variables mean: the asset, and the access they grant."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from collectors.credentials import Secret
from collectors.inventory.host import Host, SnmpAccess, SshAccess
from collectors.inventory.service_access import SERVICE_VARIABLES, aws_access, http_access, lists, opcua_access
from collectors.inventory.values import Values
from collectors.schedule import ScheduleError, WorkingHours
from evidence.model.asset import Asset, Safety
from evidence.model.capture import SNMP_AUTHENTICATION, SNMP_PRIVACY, SNMP_VERSIONS
from evidence.model.names import AssetId
from evidence.model.ssh import USABLE as SSH_USABLE

TRANSPORTS = ("local", "snmp", "ssh", "http", "tls", "opcua", "aws", "ldap", "sql", "files", "plc", "telnet")
SAFETIES = tuple(Safety)

TELNET = "telnet"
"""Never used unless the inventory names it: `plantproof_collect`, or `ansible_connection`."""

KNOWN = frozenset(
    "plantproof_" + name
    for name in (
        *("platform", "collect", "safety", "direct_ok", "powered"),
        *("snmp_version", "snmp_community", "snmp_port", "snmp_context"),
        *("snmp_user", "snmp_auth", "snmp_auth_key", "snmp_priv", "snmp_priv_key"),
        *("site", "zone", "role", "criticality", "function", "accountable"),
        *("credentials", "ssh_legacy", "telnet_port", "jump_key_file", "jump_passphrase"),
        *("vendor", "management_path", "contract_end", "support_end"),
        *SERVICE_VARIABLES,
    )
)
"""Every variable of ours."""

ASSET_KEYS = frozenset(
    (
        *("ansible_host", "ansible_ssh_host", "ansible_network_os"),
        *("plantproof_platform", "plantproof_collect", "plantproof_safety", "plantproof_direct_ok"),
        *("plantproof_powered", "plantproof_site", "plantproof_zone", "plantproof_role", "plantproof_criticality"),
        *("plantproof_function", "plantproof_accountable", "plantproof_vendor", "plantproof_management_path"),
        *("plantproof_contract_end", "plantproof_support_end"),
    )
)
"""The variables that say what an asset is; none of them opens it."""

_ASSET_TEXTS = {
    "plantproof_platform": "platform",
    "ansible_network_os": "network_os",
    "plantproof_site": "site",
    "plantproof_zone": "zone",
    "plantproof_role": "role",
    "plantproof_criticality": "criticality",
    "plantproof_function": "function",
    "plantproof_accountable": "accountable",
    "plantproof_vendor": "vendor",
    "plantproof_management_path": "management_path",
}
"""The variables whose text an asset has as it was written, and where."""

SECRETS = frozenset(
    (
        *("ansible_password", "ansible_ssh_password", "ansible_ssh_pass"),
        *("ansible_become_password", "ansible_become_pass"),
        *("ansible_ssh_private_key_passphrase", "ansible_private_key_passphrase"),
        *("plantproof_snmp_community", "plantproof_snmp_auth_key", "plantproof_snmp_priv_key"),
        *("plantproof_jump_passphrase", "plantproof_http_token", "plantproof_http_password"),
        *("plantproof_aws_access_key_id", "plantproof_aws_secret_access_key", "plantproof_aws_session_token"),
        "plantproof_opcua_password",
    )
)
"""The variables that are secrets, and may be named in `plantproof_credentials`."""

_SSH_CONNECTIONS = frozenset({"ssh", "paramiko", "paramiko_ssh", "network_cli", "libssh", "smart"})

SNMP_PORT, SSH_PORT, TELNET_PORT = 161, 22, 23

MIN_SNMP_KEY = 8
"""Shortest SNMPv3 pass phrase (RFC 3414 §11.2)."""


MAX_TIMEOUT_S = 300
"""Longest wait for a command's answer that may be asked for, seconds; no answer may take longer in all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """What the caller's environment and command line offer where the inventory is silent."""

    user: str | None = None
    """`-u`"""
    password: Secret | None = None
    """`-k`: of whoever has neither a password nor a key of his own."""
    enable: Secret | None = None
    """`-K`"""
    net_user: str | None = None
    net_password: Secret | None = None
    net_key_file: str | None = None
    net_enable: Secret | None = None


def login_from(environ: Mapping[str, str], said: Login) -> Login:
    """Return the fallback login: what was said, and the network credential that AWX puts into the environment."""
    password, enable = environ.get("ANSIBLE_NET_PASSWORD"), environ.get("ANSIBLE_NET_AUTH_PASS")
    return replace(
        said,
        net_user=environ.get("ANSIBLE_NET_USERNAME") or None,
        net_password=Secret(password) if password else None,
        net_key_file=environ.get("ANSIBLE_NET_SSH_KEYFILE") or None,
        net_enable=Secret(enable) if enable else None,
    )


def read_asset(values: Values, groups: tuple[str, ...]) -> Asset:
    """Return the asset that `values` describe, without what opens it; raise `InventoryError` where they are wrong."""
    values.check_names(KNOWN)
    return Asset(
        id=AssetId(values.host),
        address=_address(values),
        transports=values.words("plantproof_collect", TRANSPORTS),
        safety=Safety(values.choice("plantproof_safety", SAFETIES) or Safety.OT),
        contract_end=values.date("plantproof_contract_end"),
        support_end=values.date("plantproof_support_end"),
        powered=_powered(values),
        direct_ok=values.flag("plantproof_direct_ok", default=False),
        groups=groups,
        **values.texts(_ASSET_TEXTS),
    )


def read_host(values: Values, groups: tuple[str, ...], login: Login) -> Host:
    """Return the host that `values` describe; raise `InventoryError` where they are wrong."""
    asset = read_asset(values, groups)
    values.credentials(SECRETS)
    connection = (values.text("ansible_connection") or "").rpartition(".")[2]
    if connection == TELNET and not asset.transports:
        asset = replace(asset, transports=(TELNET,))
    address, transports = asset.address, asset.transports
    local = connection == "local" or "local" in transports
    snmp, http, opcua = _snmp(values, address), http_access(values), opcua_access(values)
    aws = aws_access(values, asked="aws" in transports)
    network = asset.network_os is not None or connection == "network_cli"
    wanted = _Wanted(
        asked=connection in _SSH_CONNECTIONS or "ssh" in transports,
        other=bool(connection) and connection not in _SSH_CONNECTIONS and "ssh" not in transports,
        network=network,
        nothing_else=not (snmp or http or opcua or aws or local),
    )
    ssh = _ssh(values, address, login, wanted)
    telnet = _telnet(values, address, login, wanted) if TELNET in transports else None
    return Host(
        asset=asset,
        snmp=snmp,
        ssh=ssh,
        telnet=telnet,
        local=local,
        http=http,
        aws=aws,
        opcua=opcua,
        lists=lists(values),
    )


def _address(values: Values) -> str:
    """Return where the host is asked; never something that a program could take for an option."""
    key = "ansible_ssh_host" if values.text("ansible_ssh_host") else "ansible_host"
    address = values.text(key)
    if address is None:
        return values.host
    if address.startswith("-") or not address.isprintable() or " " in address or len(address) > 255:
        raise values.wrong(key, "a host name or address", values.shown(key, address))
    return address


def _powered(values: Values) -> str | None:
    text = values.text("plantproof_powered")
    problem = None
    if text is not None:
        try:
            WorkingHours.parse(text)
        except ScheduleError as error:
            problem = str(error)
    if problem is not None:
        found = "something else" if values.hides("plantproof_powered") else problem
        raise values.wrong("plantproof_powered", "working hours", found)
    return text


def _snmp(values: Values, address: str) -> SnmpAccess | None:
    """Return SNMP access where a community (v1, v2c) or a user (v3) is given."""
    user, community = (
        values.text("plantproof_snmp_user", may_be_vaulted=True),
        values.secret("plantproof_snmp_community"),
    )
    version = values.choice("plantproof_snmp_version", SNMP_VERSIONS) or ("3" if user else "2c")
    port = values.port("plantproof_snmp_port") or SNMP_PORT
    auth = values.choice("plantproof_snmp_auth", SNMP_AUTHENTICATION)
    priv = values.choice("plantproof_snmp_priv", SNMP_PRIVACY)
    auth_key = values.secret("plantproof_snmp_auth_key", at_least=MIN_SNMP_KEY)
    priv_key = values.secret("plantproof_snmp_priv_key", at_least=MIN_SNMP_KEY)
    context = values.text("plantproof_snmp_context")
    if version != "3":
        return SnmpAccess(address=address, port=port, version=version, community=community) if community else None
    if user is None:
        return None
    if auth is None and auth_key:
        raise values.wrong("plantproof_snmp_auth_key", "plantproof_snmp_auth beside it", "none")
    if auth and auth_key is None:
        raise values.wrong("plantproof_snmp_auth", "plantproof_snmp_auth_key beside it", "none")
    if priv is None and priv_key:
        raise values.wrong("plantproof_snmp_priv_key", "plantproof_snmp_priv beside it", "none")
    if priv and (priv_key is None or auth is None):
        missing = "plantproof_snmp_auth" if auth is None else "plantproof_snmp_priv_key"
        raise values.wrong("plantproof_snmp_priv", f"{missing} beside it", "none")
    return SnmpAccess(
        address=address,
        port=port,
        version=version,
        user=user,
        user_is_hidden=values.is_vaulted("plantproof_snmp_user"),
        auth=auth,
        auth_key=auth_key,
        priv=priv,
        priv_key=priv_key,
        context=context,
    )


class _Wanted(NamedTuple):
    """What speaks for SSH, and against it."""

    asked: bool
    """The connection or `plantproof_collect` says SSH."""
    other: bool
    """The connection says something that is not SSH, so that user and password belong to it."""
    network: bool
    """A network device: the network credential of the environment is meant for it."""
    nothing_else: bool
    """There is no other way in."""


def _ssh(values: Values, address: str, login: Login, wanted: _Wanted) -> SshAccess | None:
    """
    Return SSH access where the inventory gives a user, password or key, or asks for SSH.

    A login of the environment fills what is missing, and grants access only where it cannot surprise: AWX's network
    credential to network devices, `-u` to hosts that have no other way in. A password is never used for another
    user than the one it came with.
    """
    user = values.text("ansible_ssh_user", "ansible_user", may_be_vaulted=True)
    hidden = user is not None and values.is_vaulted("ansible_ssh_user", "ansible_user")
    password = values.secret("ansible_ssh_password", "ansible_ssh_pass", "ansible_password")
    key_file = values.text("ansible_ssh_private_key_file", "ansible_private_key_file")
    enable = values.secret("ansible_become_password", "ansible_become_pass")
    method = (values.text("ansible_become_method") or "").rpartition(".")[2]
    becomes = values.flag("ansible_become", default=False) and method == "enable"
    port = values.port("ansible_ssh_port", "ansible_port")
    checking = values.flag("ansible_ssh_host_key_checking", "ansible_host_key_checking", default=True)
    common_args = values.text("ansible_ssh_common_args")
    given = bool(user or password or key_file)
    from_net = bool(login.net_user and wanted.network)
    if wanted.other or not (wanted.asked or given or from_net or (login.user and wanted.nothing_else)):
        return None
    user = user or login.user or login.net_user
    if user == login.net_user and not password and not key_file:
        password, key_file = login.net_password, login.net_key_file
        enable = enable or login.net_enable
    if not password and not key_file:
        password = login.password
    enable = enable or login.enable
    return SshAccess(
        address=address,
        port=port or SSH_PORT,
        user=user,
        user_is_hidden=hidden,
        password=password,
        key_file=key_file,
        passphrase=values.secret("ansible_ssh_private_key_passphrase", "ansible_private_key_passphrase"),
        become=becomes,
        enable=enable,
        host_key_checking=checking,
        common_args=common_args,
        legacy=values.words("plantproof_ssh_legacy", SSH_USABLE),
        timeout_s=_seconds(values, "ansible_command_timeout"),
        jump_key_file=values.text("plantproof_jump_key_file"),
        jump_passphrase=values.secret("plantproof_jump_passphrase"),
    )


def _telnet(values: Values, address: str, login: Login, wanted: _Wanted) -> SshAccess | None:
    """Return telnet access; `ansible_port` is telnet's where SSH is not asked for."""
    port = values.port("plantproof_telnet_port")
    if port is None and not wanted.asked:
        port = values.port("ansible_port")
    shell = _ssh(values, address, login, wanted._replace(asked=True, other=False))
    return replace(shell, port=port or TELNET_PORT) if shell else None


def _seconds(values: Values, key: str) -> float | None:
    """Return a time to wait, 1 to `MAX_TIMEOUT_S` seconds."""
    text = values.text(key)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 4 and 0 < int(text) <= MAX_TIMEOUT_S):
        raise values.wrong(key, f"seconds from 1 to {MAX_TIMEOUT_S}", values.shown(key, text))
    return float(text)
