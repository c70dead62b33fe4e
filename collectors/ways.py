"""By which way an asset is reached over each transport, and as whom: what firewalls and accounts have to allow."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from collectors.inventory.host import AwsAccess, Host, HttpAccess, OpcuaAccess, SnmpAccess, SshAccess
from collectors.transports.interface import PORTS, TransportError
from collectors.transports.ssh_jump import way_to
from evidence.model.names import AssetId


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way to an asset."""

    transport: str
    protocol: str
    """`TCP`, `UDP`, or `none` where nothing leaves this machine."""
    address: str
    port: int | None
    account: str
    """Who asks, in words; never a secret."""
    through: str | None = None
    """The jump hosts, `user@host:port`, nearest first."""


def ways(host: Host, transports: tuple[str, ...]) -> tuple[Way, ...]:
    """Return the ways that a visit over these transports takes."""
    named: Mapping[str, Callable[[], Way | None]] = {
        "local": lambda: _local(host),
        "snmp": lambda: _snmp(host.snmp) if host.snmp else None,
        "ssh": lambda: _ssh(host.ssh, _through(host.ssh, host.asset.id)) if host.ssh else None,
        "telnet": lambda: _telnet(host.telnet, _through(host.telnet, host.asset.id)) if host.telnet else None,
        "http": lambda: _http(host.http) if host.http else None,
        "opcua": lambda: _opcua(host.opcua) if host.opcua else None,
        "aws": lambda: _aws(host.aws) if host.aws else None,
    }
    found = (named[transport]() for transport in transports)
    return tuple(way for way in found if way)


def jumps(access: SshAccess, asset: AssetId) -> tuple[SshAccess, ...]:
    """Return the hosts a login goes through, the nearest first; raise `TransportError` where it cannot be made."""
    return way_to(access, asset)


def _through(access: SshAccess, asset: AssetId) -> str | None:
    try:
        hops = jumps(access, asset)
    except TransportError as error:
        return f"not possible: {error}"
    return ", ".join(f"{hop.shown_user or '(nobody)'}@{hop.address}:{hop.port}" for hop in hops) or None


def _local(host: Host) -> Way:
    return Way(
        transport="local",
        protocol="none",
        address=host.asset.address,
        port=None,
        account="the account plantproof runs under",
    )


def _snmp(access: SnmpAccess) -> Way:
    if access.version == "3":
        protection = ", ".join((access.auth or "no authentication", access.priv or "no encryption"))
        account = f"SNMPv3 user {access.shown_user or '(none)'} ({protection}), read-only"
    else:
        account = f"SNMPv{access.version} community, read-only"
    return Way(transport="snmp", protocol="UDP", address=access.address, port=access.port, account=account)


def _ssh(access: SshAccess, through: str | None) -> Way:
    offered = "a key" if access.key_file else "a password" if access.password else "a key of whoever runs plantproof"
    enable = ", and the enable password" if access.enable else ", and enable" if access.become else ""
    return Way(
        transport="ssh",
        protocol="TCP",
        address=access.address,
        port=access.port,
        account=f"user {access.shown_user or '(none)'} with {offered}{enable}",
        through=through,
    )


def _telnet(access: SshAccess, through: str | None) -> Way:
    way = _ssh(access, through)
    return replace(way, transport="telnet", account=f"{way.account}, in the clear")


def _http(access: HttpAccess) -> Way:
    account = "an API token" if access.token else f"user {access.user} with a password" if access.user else "no account"
    return _by_url("http", access.url, account)


def _opcua(access: OpcuaAccess) -> Way:
    account = f"user {access.user} with a password" if access.user else "anonymous"
    return _by_url("opcua", access.url, account + (", by certificate" if access.certificate_file else ""))


def _aws(access: AwsAccess) -> Way:
    account = f"profile {access.profile}" if access.profile else "an access key" if access.key_id else "botocore's own"
    region = f"AWS in {access.region}" if access.region else "AWS"
    if access.endpoint:
        return _by_url("aws", access.endpoint, account)
    return Way(transport="aws", protocol="TCP", address=region, port=443, account=account)


def _by_url(transport: str, url: str, account: str) -> Way:
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = None
    return Way(
        transport=transport,
        protocol="TCP",
        address=parts.hostname or url,
        port=port or PORTS.get(parts.scheme),
        account=account,
    )
