"""Judging what a site's log holds, and sealing what was found."""

from dataclasses import dataclass
from datetime import datetime

from collectors.sealing import seal_site
from collectors.site import OpenSite
from evidence.assess.assess import assess, record
from evidence.assess.comparison import Compared, compared
from evidence.assess.knowledge import Knowledge
from evidence.assess.recorded import recorded
from evidence.log.history import History
from evidence.log.keyring import Role
from evidence.log.note import Checkpoint
from evidence.model.finding import Finding
from evidence.model.names import Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """An assessment that was just made."""

    statement: Digest
    as_of: str
    profile: str
    findings: tuple[Finding, ...]
    compared: tuple[Compared, ...]
    """Each with what it was in the assessment before."""
    first: bool
    """There was none before by this profile."""
    checkpoint: Checkpoint | None
    """What the log is with it; `None` where it is not sealed yet."""


def may_judge(site: OpenSite) -> bool:
    """Tell whether this keyring can sign findings: they may be somebody else's to make."""
    return Role.ASSESSOR in site.keyring.signing


def judge_site(
    site: OpenSite, knowledge: Knowledge, *, at: datetime, now: datetime, profile: str, sealing: bool = True
) -> Judged:
    """
    Judge what the sealed log knew at `at`, sign it, and seal it; what waits to be sealed is sealed first.

    Without `sealing` nothing is sealed, neither before nor after.
    """
    if sealing:
        seal_site(site, at=now)
    history = History.read(site.store)
    before = next(recorded(site.store, history, profile=profile), None)
    assessment = assess(site.store, history, knowledge, at=at, profile=profile)
    statement = record(site.store, site.keyring, assessment, knowledge)
    checkpoint = seal_site(site, at=now) if sealing else None
    return Judged(
        statement=statement,
        as_of=assessment.basis.as_of,
        profile=profile,
        findings=assessment.findings,
        compared=tuple(compared(assessment.findings, before.findings if before else ())),
        first=before is None,
        checkpoint=checkpoint,
    )
