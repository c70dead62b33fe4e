"""Judging a log, and signing what was found; the same log judged again gives the same bytes."""

from dataclasses import dataclass
from datetime import datetime

from evidence.assess.estate import estate_of, plan_in_force
from evidence.assess.knowledge import Knowledge
from evidence.checks.registry import judge
from evidence.clock import rfc3339
from evidence.log.findings import Basis, count, dump_results, findings_predicate, findings_subjects
from evidence.log.history import History
from evidence.log.keyring import Keyring
from evidence.log.writer import append
from evidence.model.finding import Finding
from evidence.model.names import Digest, digest_of
from evidence.model.register import Registers
from evidence.registers.reading import read_registers
from evidence.snapshots import Snapshots
from evidence.store.blobs import put_blob
from evidence.store.interface import Store

DEFAULT_PROFILE = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """What was found, and what it was found from."""

    plan: Digest
    basis: Basis
    findings: tuple[Finding, ...]
    results: bytes
    """The findings as they are kept."""


def assess(
    store: Store, history: History, knowledge: Knowledge, *, at: datetime, profile: str = DEFAULT_PROFILE
) -> Assessment:
    """Judge what `history` knew at `at` by a profile: every statement of it counts."""
    as_of = rfc3339(at)
    registers = read_registers(history, as_of)
    basis = Basis(
        as_of=as_of,
        size=history.size,
        root=history.root,
        profile=profile,
        controls=knowledge.controls,
        controls_bytes=len(knowledge.controls_blob),
        platforms=knowledge.platform_files,
        platforms_bytes=len(knowledge.platforms_blob),
        registers=tuple(sorted(registers.sources.items())),
        tool=knowledge.tool,
    )
    plan, findings = _judged(store, history, knowledge, registers, at=at, profile=profile)
    return Assessment(plan=plan, basis=basis, findings=findings, results=dump_results(findings))


def _judged(
    store: Store, history: History, knowledge: Knowledge, registers: Registers, *, at: datetime, profile: str
) -> tuple[Digest, tuple[Finding, ...]]:
    """Return the plan's blob and what was found, and let go of what it was found in."""
    chosen = knowledge.catalogue.profile(profile)
    snapshots = Snapshots(store, history, as_of=rfc3339(at))
    plan, _ = plan_in_force(snapshots, store)
    estate = estate_of(snapshots, store, knowledge, registers, at=at, profile=profile)
    return plan, judge(estate, chosen.requirements)


def record(store: Store, keyring: Keyring, assessment: Assessment, knowledge: Knowledge) -> Digest:
    """Keep what was found and what it was found with, sign a statement of it, and return its digest; seal it next."""
    for blob in (knowledge.controls_blob, knowledge.platforms_blob, assessment.results):
        put_blob(store, blob)
    results = digest_of(assessment.results)
    predicate = findings_predicate(assessment.basis, results, len(assessment.results), count(assessment.findings))
    return append(
        store, keyring, kind="findings", predicate=predicate, subjects=findings_subjects(assessment.plan, results)
    )
