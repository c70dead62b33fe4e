"""Which check judges which requirement, and judging everything at once."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

from evidence.checks.backup_jobs import recent_backup
from evidence.checks.certificates import certificate_end
from evidence.checks.conduct import harmless_collection
from evidence.checks.configurations import unsaved_configuration, unticketed_change
from evidence.checks.estate import Estate
from evidence.checks.exceptions import covered, risk_exception
from evidence.checks.patches import patch_state
from evidence.checks.replaced import replaced_device
from evidence.checks.restore import restore_test
from evidence.checks.rules import exception_rule
from evidence.checks.shared import shared_credential
from evidence.checks.snmp_access import snmp_security
from evidence.checks.ssh_access import legacy_ssh
from evidence.checks.support import end_of_support
from evidence.checks.unknown import unknown_device
from evidence.checks.vendor import vendor_session
from evidence.checks.versions import software_version
from evidence.errors import Error
from evidence.model.finding import Finding, Status

Check = Callable[[Estate], Iterator[Finding]]
"""Judges one requirement: pure, the same for the same estate."""

Review = Callable[[Estate, Sequence[Finding]], Iterator[Finding]]
"""Judges one requirement by what all checks found."""

CHECKS: Mapping[str, Check] = MappingProxyType(
    {
        "ACC-04": shared_credential,
        "ACC-06": snmp_security,
        "BKP-01": recent_backup,
        "BKP-02": restore_test,
        "CFG-01": unticketed_change,
        "CFG-03": unsaved_configuration,
        "CFG-05": legacy_ssh,
        "DRF-02": replaced_device,
        "INV-03": software_version,
        "INV-04": end_of_support,
        "INV-07": certificate_end,
        "INV-09": unknown_device,
        "PAT-01": patch_state,
        "SAFE-01": harmless_collection,
        "SEG-02": exception_rule,
        "VAC-01": vendor_session,
    }
)
"""Requirement -> its check."""

REVIEWS: Mapping[str, Review] = MappingProxyType({"EXC-01": risk_exception})
"""Requirement -> its review."""


class CheckError(Error):
    """A check broke its promise: a finding without evidence, twice, or of another requirement."""


def judge(estate: Estate, requirements: Iterable[str], *, checks: Mapping[str, Check] = CHECKS) -> tuple[Finding, ...]:
    """
    Return what the checks find about `requirements`, in order.

    Every check is asked, because exceptions rest on findings of requirements that may not be wanted themselves; each
    contradiction that a live exception covers names it. A
    requirement nobody can judge is one finding, not assessed.
    """
    found: list[Finding] = []
    for requirement, check in checks.items():
        found += _kept(requirement, check(estate))
    for requirement, review in REVIEWS.items():
        found += _kept(requirement, review(estate, tuple(found)))
    found = list(covered(estate, found))
    wanted = frozenset(requirements)
    chosen = [finding for finding in found if finding.requirement in wanted]
    chosen += _missing(wanted - {finding.requirement for finding in chosen})
    return tuple(sorted(chosen, key=lambda finding: finding.order))


def _kept(requirement: str, found: Iterator[Finding]) -> Iterator[Finding]:
    """Yield findings that keep the promise: their own requirement, each thing once, nothing said without evidence."""
    seen: set[tuple[str, str, str]] = set()
    for finding in found:
        if finding.requirement != requirement or finding.order in seen:
            raise CheckError(f"{requirement}: {finding.asset}: {finding.row}: judged twice, or for another requirement")
        if finding.status is not Status.NOT_ASSESSED and not finding.evidence:
            raise CheckError(f"{requirement}: {finding.asset}: {finding.status} without evidence")
        seen.add(finding.order)
        yield finding


def _missing(requirements: Iterable[str]) -> Iterator[Finding]:
    for requirement in requirements:
        judged = requirement in CHECKS or requirement in REVIEWS
        reason = "nothing that it could be judged by is in scope" if judged else "this version has no check for it"
        yield Finding(requirement=requirement, asset=None, status=Status.NOT_ASSESSED, reason=reason)
