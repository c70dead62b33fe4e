"""An asset together with what opens it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from collectors.credentials import Secret
from evidence.model.asset import Asset

HIDDEN_USER = "(vaulted)"
"""What stands for a user whose name was encrypted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SnmpAccess:
    """How an asset is asked over SNMP."""

    address: str
    port: int = 161
    version: str = "2c"
    """`1`, `2c` or `3`."""
    community: Secret | None = None
    user: str | None = None
    user_is_hidden: bool = False
    """The user's name was encrypted; `shown_user` stands for it in what is printed or kept."""
    auth: str | None = None
    """sha1 sha224 sha256 sha384 sha512"""
    auth_key: Secret | None = None
    priv: str | None = None
    """des aes128 aes192 aes256; aes192c aes256c with keys lengthened as Cisco does"""
    priv_key: Secret | None = None
    context: str | None = None

    @property
    def shown_user(self) -> str | None:
        """The user as evidence and output may name it."""
        return HIDDEN_USER if self.user_is_hidden else self.user


@dataclass(frozen=True, slots=True, kw_only=True)
class SshAccess:
    """How an asset is asked over SSH."""

    address: str
    port: int = 22
    user: str | None = None
    user_is_hidden: bool = False
    """The user's name was encrypted; `shown_user` stands for it in what is printed or kept."""
    password: Secret | None = None
    key_file: str | None = None
    passphrase: Secret | None = None
    """Of the key file."""
    become: bool = False
    """Go to the privileged level of a command line though no password is known (`ansible_become_method: enable`)."""
    enable: Secret | None = None
    """`ansible_become_password`: where there is one, the privileged level is gone to."""
    host_key_checking: bool = True
    legacy: tuple[str, ...] = ()
    """Algorithms of `evidence.model.ssh.LEGACY` that may be used, too."""
    timeout_s: float | None = None
    """`ansible_command_timeout`: how long a command may stay without an answer."""
    jump_key_file: str | None = None
    """The key of the hosts it is reached through, where it is another one."""
    jump_passphrase: Secret | None = None
    common_args: str | None = None
    """`ansible_ssh_common_args` as written (ProxyJump)."""

    def patience_s(self, usual_s: float) -> float:
        """Return how long an answer is waited for: as long as usual, or longer where the asset says so."""
        return max(usual_s, self.timeout_s or 0.0)

    @property
    def shown_user(self) -> str | None:
        """The user as evidence and output may name it."""
        return HIDDEN_USER if self.user_is_hidden else self.user


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAccess:
    """How a service is asked over HTTP."""

    url: str
    """`https://scada.example:8043`: scheme, host and port; the service file adds the path."""
    token: Secret | None = None
    user: str | None = None
    password: Secret | None = None
    ca_file: str | None = None
    """Certificates that are trusted instead of the system's."""
    clear: bool = False
    """The credential may cross a network unencrypted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsAccess:
    """How a cloud account is asked; without a key or profile, botocore looks where it always does."""

    region: str | None = None
    profile: str | None = None
    key_id: Secret | None = None
    secret_key: Secret | None = None
    session_token: Secret | None = None
    endpoint: str | None = None
    """Another address than Amazon's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpcuaAccess:
    """How an OPC UA server is asked."""

    url: str
    """`opc.tcp://10.20.3.9:4840`"""
    user: str | None = None
    password: Secret | None = None
    certificate_file: str | None = None
    """The certificate we are known by there, PEM or DER."""
    key_file: str | None = None
    """Its private key, PEM."""
    fingerprint: str | None = None
    """SHA-256 of the certificate the server is known by, hex; another is refused."""
    clear: bool = False
    """The password may cross a network unencrypted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """An asset, and the access its inventory variables grant."""

    asset: Asset
    snmp: SnmpAccess | None = None
    ssh: SshAccess | None = None
    telnet: SshAccess | None = None
    """How it is asked over telnet, where the inventory says so: what SSH needs, and another port."""
    local: bool = False
    """`ansible_connection: local`: this machine itself."""
    http: HttpAccess | None = None
    aws: AwsAccess | None = None
    opcua: OpcuaAccess | None = None
    lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What questions that are asked `each` go through: `certificates` -> paths."""

    def grants(self, transport: str) -> bool:
        """Say whether the inventory grants access over a transport."""
        return bool(getattr(self, transport, None))

    def credential(self, transport: str) -> str | None:
        """Return a name for what is offered over a transport, the same where the same is offered; it tells nothing."""
        match transport:
            case "snmp" if self.snmp and self.snmp.version == "3":
                return f"snmp {self.snmp.shown_user} {hash((self.snmp.user, self.snmp.auth_key, self.snmp.priv_key))}"
            case "ssh" if self.ssh:
                return f"ssh {self.ssh.shown_user} {hash((self.ssh.user, self.ssh.password, self.ssh.key_file))}"
            case "telnet" if self.telnet:
                return f"telnet {self.telnet.shown_user} {hash((self.telnet.user, self.telnet.password))}"
            case "http" if self.http and (self.http.token or self.http.password):
                return f"http {self.http.user} {hash((self.http.token, self.http.password))}"
            case "aws" if self.aws:
                return f"aws {self.aws.profile} {hash((self.aws.key_id, self.aws.secret_key))}"
            case "opcua" if self.opcua and self.opcua.password:
                return f"opcua {self.opcua.user} {hash(self.opcua.password)}"
        return None

    def secrets(self) -> tuple[Secret, ...]:
        """Return every secret this host's access holds."""
        held: list[Secret | None] = []
        if self.snmp:
            held += [self.snmp.community, self.snmp.auth_key, self.snmp.priv_key]
        for shell in (self.ssh, self.telnet):
            if shell:
                held += [shell.password, shell.enable, shell.passphrase, shell.jump_passphrase]
        if self.http:
            held += [self.http.token, self.http.password]
        if self.aws:
            held += [self.aws.secret_key, self.aws.session_token]  # a key's id is a name, and stands in answers
        if self.opcua:
            held.append(self.opcua.password)
        return tuple(secret for secret in held if secret is not None)
