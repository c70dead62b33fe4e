"""One answer, as it is kept."""

from dataclasses import dataclass

from evidence.model.names import AssetId, Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """Where a capture's volatile share lies inside its part's packed volatile blob."""

    blob: Digest
    offset: int
    """Bytes from the start of the packed blob."""
    length: int
    """Bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """
    One question and its answer: provenance, and the digest of the redacted bytes.

    The stable share is the blob; the volatile share, if any, is a segment of a packed blob. Both together give back
    the redacted answer exactly (`evidence.normalise.volatile`).
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
    """Length of the stored plain bytes of the blob."""
    ttl_s: int
    classification: str = "technical"
    """`technical` or `personal`: which retention applies."""
    redactions: int = 0
    volatile: Segment | None = None
    host_key: str | None = None
    """`SHA256:…` of the SSH host key, or `unchecked` where the inventory switched the check off."""
    complete: bool = True
    reason: str | None = None
    """Why the answer is not complete."""
