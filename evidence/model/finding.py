"""What evidence does for a requirement, and what a requirement is."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from evidence.model.names import AssetId, Digest

ID_DIGITS = 12
"""Hex digits of a finding's id: 48 bits, so that among 100,000 findings two alike are one chance in 50,000."""


class Status(StrEnum):
    """What evidence does for a requirement; only an assessor says that one is met."""

    SUPPORTS = "supports"
    CONTRADICTS = "contradicts"
    NOT_ASSESSED = "not-assessed"
    """No evidence, or none that is fresh, whole and to the point. Never a pass."""
    NOT_APPLICABLE = "not-applicable"
    """A person declared it, with a reason and a date of review."""


class Finding(NamedTuple):
    """
    What one check found about one asset, or one row of it.

    A tuple, as a fact is one: a network full of strangers has tens of thousands.
    """

    requirement: str
    """`INV-03`"""
    asset: AssetId | None
    """`None`: the site as a whole."""
    status: Status
    reason: str
    """One sentence a plant engineer understands, with the value and the limit."""
    row: str | None = None
    """Which certificate, rule, session or account of the asset."""
    due: bool = False
    """Supports, but not for long: something ends soon."""
    evidence: tuple[Digest, ...] = ()
    """Digests of the captures it rests on, or of statements; a status other than not-assessed has at least one."""
    exception: str | None = None
    """Id of the live risk exception that covers a contradiction."""

    @property
    def id(self) -> str:
        """A short name that stays the same from one assessment to the next: what is judged, not how."""
        told = "\n".join((self.requirement, self.asset or "", "" if self.row is None else f"row {self.row}"))
        return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:ID_DIGITS]

    @property
    def order(self) -> tuple[str, str, str]:
        """Where it stands among others."""
        return self.requirement, self.asset or "", self.row or ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """One requirement of the catalogue."""

    id: str
    """`INV-03`"""
    title: str
    applies: str
    """What is judged, in words: every asset, every session of a vendor."""
    decide: str
    """What the owner has to decide where something contradicts, in plain words."""
    judged: Mapping[Status, str]
    """What each status means here, in words."""
    frameworks: Mapping[str, tuple[str, ...]]
    """Framework id (`csf2`, `sp800-53r5`, `sp800-171r2`, `iec62443-2-1`, …) -> its own ids."""
    parameters: Mapping[str, int]
    """Limits the check uses, each with its unit in the name: `due_days`, `max_age_days`."""
