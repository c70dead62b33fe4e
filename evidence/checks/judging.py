"""What checks have in common: whether an asset is to be judged at all, and the words for what is not known."""

from collections.abc import Iterable

from evidence.checks.estate import Estate, Subject
from evidence.clock import TimeError, parse_rfc3339
from evidence.model.fact import Fact
from evidence.model.finding import Finding, Status
from evidence.model.names import Digest
from evidence.model.outcome import Result
from evidence.model.register import Attestation

_SAID_BY = {"model": "hardware.model", "version": "firmware.version"}
_MEANT = {"support-end": ("model", "version"), "firmware-baseline": ("model",)}
"""Kind of attestation -> its columns that say which assets are meant."""

_TOUCHED = frozenset({Result.COLLECTED, Result.PARTIAL})
_HOST = ("os.", "patch.", "package.")


def unknown(subject: Subject, requirement: str, what: str, *, row: str | None = None) -> Finding:
    """Return that `what` is not known of an asset, and why: it never answered, or its answers do not say."""
    return Finding(
        requirement=requirement,
        asset=subject.id,
        row=row,
        status=Status.NOT_ASSESSED,
        reason=f"{what} is not known: {why_silent(subject)}",
    )


def why_silent(subject: Subject) -> str:
    """Return why an asset's answers do not say something."""
    outcome = subject.outcome
    if outcome.result in _TOUCHED and subject.facts:
        return "none of its answers says it"
    reason = f" ({outcome.reason})" if outcome.reason else ""
    return f"the newest visit ended {outcome.result}{reason}"


def stale(estate: Estate, requirement: str, fact: Fact, what: str, *, row: str | None = None) -> Finding:
    """Return that what is known is too old to say anything."""
    return Finding(
        requirement=requirement,
        asset=fact.asset,
        row=row,
        status=Status.NOT_ASSESSED,
        reason=(
            f"{what} was last read {words(estate.age_s(fact.at))} ago and counted for {words(fact.ttl_s)}: "
            "the answer is stale"
        ),
        evidence=(fact.source,),
    )


def is_host(subject: Subject) -> bool:
    """Say whether an asset reports an operating system or the state of its packages."""
    return any(fact.name.startswith(_HOST) for fact in subject.facts)


def is_unread(subject: Subject) -> bool:
    """Say whether nothing at all is known of an asset: what it is, is then unknown too."""
    return not subject.facts


def attested(estate: Estate, subject: Subject, kind: str) -> Attestation | None:
    """
    Return the newest record of a kind that a person made of an asset, else of its model.

    One that names a model, or a version it is true for, counts only where the asset's own answers say the same.
    """
    known = {name: fact.value for name in ("model", "version") if (fact := subject.fact(_SAID_BY[name])) is not None}
    found = []
    for one in estate.registers.attestations:
        named = {name: one.values[name] for name in _MEANT[kind] if name in one.values}
        meant = one.asset == subject.id or (one.asset is None and "model" in named)
        if one.kind == kind and meant and all(known.get(name) == value for name, value in named.items()):
            found.append(one)
    return max(found, key=lambda one: (one.asset is not None, one.at, one.id), default=None)


def sources(*facts: Fact | None) -> tuple[Digest, ...]:
    """Return the captures facts were read from, each once."""
    return tuple(sorted({fact.source for fact in facts if fact is not None}))


def digests(found: Iterable[Digest]) -> tuple[Digest, ...]:
    """Return digests in order, each once."""
    return tuple(sorted(set(found)))


def whole(fact: Fact | None) -> int | None:
    """Return a count, or nothing where there is none or it is not written as one."""
    return int(fact.value) if fact is not None and fact.value.isascii() and fact.value.isdecimal() else None


def moment_of(text: str | None) -> str | None:
    """Return a time that reads as RFC 3339 UTC, or nothing."""
    if text is None:
        return None
    try:
        parse_rfc3339(text)
    except TimeError:
        return None
    return text


def words(seconds: int) -> str:
    """Return a length of time in the largest unit that keeps it readable: `45 s`, `30 h`, `12 days`."""
    for size, unit in ((86_400, "days"), (3_600, "h"), (60, "min")):
        if abs(seconds) >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
