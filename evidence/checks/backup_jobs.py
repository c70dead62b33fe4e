"""BKP-01: backups are made, and the last good one is recent."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from evidence.checks.estate import Estate, Row, Subject
from evidence.checks.judging import digests, is_host, moment_of, stale, unknown, words
from evidence.model.fact import Fact
from evidence.model.finding import Finding, Status
from evidence.model.names import Digest

REQUIREMENT = "BKP-01"

GOOD = frozenset({"completed", "success", "successful", "succeeded", "ok", "good"})
"""What sources call a backup that was made; every other word is none, a running one included."""

OFFERED = "offered"
"""A backup can be had there now: that says nothing of one that was made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """One try to back something up, or what is said of the newest good one."""

    what: str | None
    good_at: str | None
    """When it was made; nothing where this one was not."""
    fact: Fact
    sources: tuple[Digest, ...]


def recent_backup(estate: Estate) -> Iterator[Finding]:
    """Judge the newest good backup of each asset, and of each thing an asset names."""
    about: dict[str, list[_Job]] = {name: [] for name in estate.subjects}
    for subject in estate.subjects.values():
        for job in _jobs(subject):
            target = job.what if job.what in about else subject.id
            about[target].append(job)
    for subject in estate.subjects.values():
        jobs = about[subject.id]
        if not jobs:
            yield unknown(subject, REQUIREMENT, "when it was last backed up")
        for what in sorted({_thing(subject, job) or "" for job in jobs}):
            yield _judged(estate, subject, what or None, [job for job in jobs if (_thing(subject, job) or "") == what])


def _thing(subject: Subject, job: _Job) -> str | None:
    """Return what was backed up where it is not the asset itself."""
    return None if job.what == subject.id else job.what


def _jobs(subject: Subject) -> Iterator[_Job]:
    alone = subject.fact("backup.last_success")
    rows = tuple(subject.rows("backup"))
    if alone is not None and not rows:
        yield _Job(what=None, good_at=moment_of(alone.value), fact=alone, sources=(alone.source,))
    for row in rows:
        if (row.text("status") or "").lower() != OFFERED:
            yield from _of_row(row, row.text("what"), "last_success")
    for row in subject.rows("protected"):
        yield from _of_row(row, row.text("name"), "last_backup")


def _of_row(row: Row, what: str | None, newest: str) -> Iterator[_Job]:
    status, fact = row.text("status"), next(iter(row.facts.values()))
    good = row.text(newest) or (row.text("at") if (status or "").lower() in GOOD else None)
    yield _Job(what=what or row.name, good_at=moment_of(good), fact=fact, sources=row.sources)


def _judged(estate: Estate, subject: Subject, what: str | None, jobs: Iterable[_Job]) -> Finding:
    every = list(jobs)
    fresh = [job for job in every if not estate.is_stale(job.fact)]
    if not fresh:
        newest = max((job.fact for job in every), key=lambda fact: fact.at)
        return stale(estate, REQUIREMENT, newest, "its backups", row=what)._replace(asset=subject.id)
    good = [job for job in fresh if job.good_at is not None and estate.age_s(job.good_at) >= 0]
    limit_h = estate.limit(REQUIREMENT, "rpo_hours_host" if is_host(subject) else "rpo_hours_other")
    name = f"{what}: " if what else ""
    if not good:
        status, reason = Status.CONTRADICTS, f"{name}{len(fresh)} backup records, and none of a backup that was made"
        evidence = digests(digest for job in fresh for digest in job.sources)
    else:
        last = max(good, key=lambda job: job.good_at or "")
        age = estate.age_s(last.good_at or "")
        status = Status.SUPPORTS if age <= limit_h * 3_600 else Status.CONTRADICTS
        reason = f"{name}last good backup at {last.good_at}, {words(age)} ago; the limit is {limit_h} h"
        evidence = digests(last.sources)
    return Finding(requirement=REQUIREMENT, asset=subject.id, row=what, status=status, reason=reason, evidence=evidence)
