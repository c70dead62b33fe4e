"""One answer, as it is kept."""

from dataclasses import dataclass
from typing import NamedTuple

from evidence.model.names import AssetId, Digest
from evidence.model.ssh import SshLink

SNMP_VERSIONS = ("1", "2c", "3")
SNMP_AUTHENTICATION = ("sha1", "sha224", "sha256", "sha384", "sha512")
"""What signs SNMPv3 messages (RFC 3414, RFC 7860)."""
SNMP_PRIVACY = ("des", "aes128", "aes192", "aes256", "aes192c", "aes256c")
"""What enciphers them (RFC 3414, RFC 3826; longer keys: drafts of Blumenthal and, with a last `c`, of Reeder)."""
PERSONAL = "personal"
"""The class of answers that name people."""
SALT_BYTES = 16
"""
Random bytes before a personal answer: as many as nobody can try all of, nor hit twice (NIST SP 800-132 §5.1: 128 bits).
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """As what SNMP was asked: with which version, and in whose name. It holds no secret."""

    version: str
    """One of `SNMP_VERSIONS`."""
    community: str | None = None
    """Versions 1 and 2c: the tag of the community, `<default:…>` where it is a word everybody knows."""
    user: str | None = None
    """Version 3."""
    auth: str | None = None
    """One of `SNMP_AUTHENTICATION`; `None` where messages are not signed."""
    priv: str | None = None
    """One of `SNMP_PRIVACY`; `None` where they are not enciphered."""

    @property
    def level(self) -> str | None:
        """The level of security (RFC 3411 §3.4.3); versions 1 and 2c have none."""
        if self.version != "3":
            return None
        return "authPriv" if self.priv else "authNoPriv" if self.auth else "noAuthNoPriv"


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """Where a capture's volatile share lies inside its part's packed volatile blob."""

    blob: Digest
    offset: int
    """Bytes from the start of the packed blob."""
    length: int
    """Bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """An answer as it came, encrypted: it can be told that it is there, and opened by whoever has a key."""

    digest: Digest
    """Of the ciphertext."""
    bytes: int
    """Length of the ciphertext."""


class Capture(NamedTuple):
    """
    One question and its answer: provenance, and the digest of the redacted bytes. A tuple, for a log has millions.

    The stable share is the blob; the volatile share, if any, is a segment of a packed blob. Both together give back
    the redacted answer exactly (`evidence.normalise.volatile`). A personal answer is one share, behind a salt
    (`evidence.store.answers`).
    """

    asset: AssetId
    platform: str | None
    """The platform whose knowledge chose the question; facts are read with the same one."""
    question: str
    """The question's name in the platform file: `running-config`, `interfaces`."""
    transport: str
    request: str
    """The exact request: `show running-config`, `walk 1.3.6.1.2.1.2.2.1.2 …`."""
    at: str
    """RFC 3339 UTC, when the question was put."""
    took_ms: int
    blob: Digest
    bytes: int
    """Length of the stored plain bytes of the blob, its salt among them."""
    ttl_s: int
    classification: str = "technical"
    """`technical` or `personal`: which retention applies."""
    redactions: int = 0
    volatile: Segment | None = None
    host_key: str | None = None
    """`SHA256:…` of the SSH host key, or `unchecked` where the inventory switched the check off."""
    access: Access | None = None
    """As what SNMP was asked; `None` over other transports, and where nobody wrote it down."""
    link: SshLink | None = None
    """The SSH connection it came over; `None` over other transports, and where nobody wrote it down."""
    original: Original | None = None
    """The answer with its secrets, where the site file asks for it."""
    complete: bool = True
    reason: str | None = None
    """Why the answer is not complete."""
    salt: int = 0
    """Random bytes the blob begins with: `SALT_BYTES` where the answer is personal, none in all others."""
