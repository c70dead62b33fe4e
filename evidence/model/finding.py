"""What evidence does for a requirement, and what a requirement is."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from evidence.model.names import AssetId, Digest


class Status(StrEnum):
    """What evidence does for a requirement; only an assessor says that one is met."""

    SUPPORTS = "supports"
    CONTRADICTS = "contradicts"
    NOT_ASSESSED = "not-assessed"
    """No evidence, or none that is fresh, whole and to the point. Never a pass."""
    NOT_APPLICABLE = "not-applicable"
    """A person declared it, with a reason and a date of review."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one check found about one asset, or one row of it."""

    requirement: str
    """`INV-03`"""
    asset: AssetId | None
    """`None`: the site as a whole."""
    row: str | None = None
    """Which certificate, rule, session or account of the asset."""
    status: Status
    due: bool = False
    """Supports, but not for long: something ends soon."""
    reason: str
    """One sentence a plant engineer understands, with the value and the limit."""
    evidence: tuple[Digest, ...] = ()
    """Digests of the captures it rests on, or of statements; a status other than not-assessed has at least one."""
    exception: str | None = None
    """Id of the live risk exception that covers a contradiction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """One requirement of the catalogue."""

    id: str
    """`INV-03`"""
    title: str
    frameworks: Mapping[str, tuple[str, ...]]
    """Framework id (`csf2`, `sp800-53r5`, `sp800-171r2`, `iec62443-2-1`, …) -> its own ids."""
    parameters: Mapping[str, int]
    """Limits the check uses, each with its unit in the name: `due_days`, `max_age_days`."""
