"""Registers: what people declare, where no device can tell; signed by the owner before it counts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from evidence.model.names import AssetId, Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskException:
    """An accepted deviation: it covers a contradiction while it lives and its compensating controls hold."""

    id: str
    requirement: str
    assets: tuple[AssetId, ...]
    """Empty: the whole site."""
    row: str | None
    reason_class: str
    """`too-old`, `vendor-gone`, `process-risk`, `other`."""
    reason: str
    owner: str
    approver: str
    approved: str
    """RFC 3339 date."""
    expires: str
    """RFC 3339 date; it counts up to its end, UTC."""
    compensating: tuple[str, ...]
    """Requirements whose own findings must support, for the same assets, while it lives."""
    replacement: str | None
    """When the asset is to be replaced, as a date."""
    source: Digest
    """Digest of the statement that holds it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """
    An approval: of a vendor's session, a change, or a device that is new.

    One that was replaced or ended stays for the time it was in force; it ends when that happened.
    """

    id: str
    kind: str
    """`session`, `change`, `device`, `firmware`, `rule`."""
    assets: tuple[AssetId, ...]
    subject: str
    """Who or what is approved: an account, a MAC address, a ticket's title."""
    begins: str
    """RFC 3339 UTC."""
    ends: str
    approver: str
    ticket: str | None
    at: str
    """When the owner signed it, RFC 3339 UTC: what he says, but never before the log as it was then."""
    source: Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Attestation:
    """A record a person made: a restore test, a support date, a device that is known."""

    id: str
    kind: str
    """`restore-test`, `support-end`, `known-device`, `firmware-baseline`, `legal-hold`."""
    asset: AssetId | None
    values: Mapping[str, str]
    """Columns of the record, as in docs/registers.md; those of a restore test are those of docs/facts.md."""
    by: str
    at: str
    """RFC 3339 UTC."""
    source: Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Registers:
    """All registers, as of one moment."""

    exceptions: tuple[RiskException, ...] = ()
    approvals: tuple[Approval, ...] = ()
    attestations: tuple[Attestation, ...] = ()
    present: frozenset[str] = frozenset()
    """Kinds of which at least one entry was ever signed: an absent register is not an empty one."""
    sources: Mapping[str, Digest] = field(default_factory=lambda: MappingProxyType({}))
    """Kind -> digest of the newest statement of it."""
