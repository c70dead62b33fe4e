"""An asset together with what opens it."""

from dataclasses import dataclass

from collectors.credentials import Secret
from evidence.model.asset import Asset


@dataclass(frozen=True, slots=True, kw_only=True)
class SnmpAccess:
    """How an asset is asked over SNMP."""

    address: str
    port: int = 161
    version: str = "2c"
    """`1`, `2c` or `3`."""
    community: Secret | None = None
    user: str | None = None
    auth: str | None = None
    """sha1 sha224 sha256 sha384 sha512"""
    auth_key: Secret | None = None
    priv: str | None = None
    """des aes128 aes192 aes256"""
    priv_key: Secret | None = None
    context: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SshAccess:
    """How an asset is asked over SSH."""

    address: str
    port: int = 22
    user: str | None = None
    password: Secret | None = None
    key_file: str | None = None
    enable: Secret | None = None
    """`ansible_become_password`."""
    host_key_checking: bool = True
    common_args: str | None = None
    """`ansible_ssh_common_args` as written (ProxyJump)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """An asset, and the access its inventory variables grant."""

    asset: Asset
    snmp: SnmpAccess | None = None
    ssh: SshAccess | None = None
    local: bool = False
    """`ansible_connection: local`: this machine itself."""

    def secrets(self) -> tuple[Secret, ...]:
        """Return every secret this host's access holds."""
        held: list[Secret | None] = []
        if self.snmp:
            held += [self.snmp.community, self.snmp.auth_key, self.snmp.priv_key]
        if self.ssh:
            held += [self.ssh.password, self.ssh.enable]
        return tuple(secret for secret in held if secret is not None)
