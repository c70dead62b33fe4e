"""INV-03: every asset's software version is known, fresh, and the approved one where a baseline was attested."""

from collections.abc import Iterator

from evidence.checks.estate import Estate, Subject
from evidence.checks.judging import attested, digests, stale, unknown, words
from evidence.model.finding import Finding, Status

REQUIREMENT = "INV-03"


def software_version(estate: Estate) -> Iterator[Finding]:
    """Judge each asset's `firmware.version`."""
    for subject in estate.subjects.values():
        yield _judged(estate, subject)


def _judged(estate: Estate, subject: Subject) -> Finding:
    fact = subject.fact("firmware.version")
    if fact is None:
        return unknown(subject, REQUIREMENT, "the version of its software")
    limit_s = estate.limit(REQUIREMENT, "max_age_days") * 86_400
    age = estate.age_s(fact.at)
    if estate.is_stale(fact) or age > limit_s:
        return stale(estate, REQUIREMENT, fact, f"version {fact.value}")
    status, reason, evidence = Status.SUPPORTS, f"runs {fact.value}, read {words(age)} ago", [fact.source]
    baseline = attested(estate, subject, "firmware-baseline")
    if baseline is not None and "version" in baseline.values:
        wanted = baseline.values["version"]
        evidence.append(baseline.source)
        if wanted != fact.value:
            status, reason = Status.CONTRADICTS, f"runs {fact.value}; {baseline.by} approved {wanted}"
        else:
            reason = f"{reason}; {baseline.by} approved it"
    if fact.untested:
        reason = f"{reason} (by a rule no recording of a real device has met)"
    return Finding(requirement=REQUIREMENT, asset=subject.id, status=status, reason=reason, evidence=digests(evidence))
