"""The SSH connection an answer came over: what was agreed, what else the device offers, and through which hosts."""

from dataclasses import dataclass

MAX_HOPS = 8
"""Most hosts an asset is reached through; more than three are nowhere to be met."""

LEGACY_KEX = ("diffie-hellman-group-exchange-sha1", "diffie-hellman-group14-sha1", "diffie-hellman-group1-sha1")
LEGACY_HOST_KEYS = ("ssh-rsa", "ssh-dss")
LEGACY_CIPHERS = (
    *("aes256-cbc", "aes192-cbc", "aes128-cbc", "rijndael-cbc@lysator.liu.se", "3des-cbc", "blowfish-cbc"),
    *("cast128-cbc", "arcfour256", "arcfour128", "arcfour", "des-cbc", "none"),
)
LEGACY_MACS = (
    *("hmac-sha1-96", "hmac-sha1-96-etm@openssh.com", "hmac-md5", "hmac-md5-etm@openssh.com"),
    *("hmac-md5-96", "hmac-md5-96-etm@openssh.com", "none"),
)
"""
What OpenSSH's client no longer offers by itself (ssh_config(5) of 9.2), strongest first: RFC 9142 §3 (SHA-1 in key
exchanges), OpenSSH 8.8 (ssh-rsa), 7.0 (ssh-dss, group1), 6.7 and 7.6 (CBC, arcfour), 7.2 (MD5, 96 bits). It still
offers plain hmac-sha1, which is not among them.
"""

LEGACY = frozenset((*LEGACY_KEX, *LEGACY_HOST_KEYS, *LEGACY_CIPHERS, *LEGACY_MACS))


USABLE = (
    *LEGACY_KEX,
    "ssh-rsa",
    *("aes256-cbc", "aes192-cbc", "aes128-cbc", "3des-cbc"),
    *("hmac-sha1-96", "hmac-md5", "hmac-md5-96"),
)
"""The legacy algorithms an asset may name (`plantproof_ssh_legacy`), strongest first of each kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SshLink:
    """What was agreed for a connection. Names of algorithms are those of RFC 4253 and its successors."""

    kex: str
    host_key: str
    """The algorithm the host key signed with."""
    cipher: str
    mac: str | None = None
    """`None` where the cipher authenticates by itself."""
    offered: tuple[str, ...] = ()
    """Legacy algorithms the device offers besides, in order of their names."""
    via: tuple[str, ...] = ()
    """Hosts it went through, nearest to us first: `user@address:port SHA256:…`."""

    @property
    def used(self) -> tuple[str, ...]:
        """The legacy algorithms among those agreed."""
        return tuple(name for name in (self.kex, self.host_key, self.cipher, self.mac) if name in LEGACY)
