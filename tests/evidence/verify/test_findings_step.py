"""Findings that were changed, made of another log, or rest on what nobody collected do not pass."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from types import ModuleType

import pytest

from evidence.assess.assess import Assessment, assess, record
from evidence.assess.knowledge import Knowledge, packaged_knowledge
from evidence.log import dsse
from evidence.log.findings import count, dump_results, findings_predicate, findings_subjects
from evidence.log.history import History
from evidence.log.keyring import Keyring, Role, create_keyring
from evidence.log.seal import seal
from evidence.log.statement import build
from evidence.log.writer import append
from evidence.model.finding import Finding, Status
from evidence.model.names import Digest, digest_of
from evidence.store.blobs import put_blob
from evidence.store.layout import blob_key, statement_key
from evidence.store.memory import MemoryStore
from evidence.verify.result import Report, Step
from evidence.verify.result import Status as Outcome
from evidence.verify.verifier import verify

Change = Callable[[Assessment], Assessment]


@pytest.fixture(scope="module")
def knowledge() -> Knowledge:
    return packaged_knowledge("0.1.0")


class Judged:
    """A plant whose log was judged, by an assessor who may lie."""

    def __init__(self, store: MemoryStore, keyring: Keyring, at: datetime, knowledge: Knowledge) -> None:
        self.store, self.keyring, self.at, self.knowledge = store, keyring, at, knowledge

    def judge(self, change: Change = lambda one: one, **claims: object) -> None:
        """Judge, change what was found, sign and seal it; `claims` replace what the statement says."""
        found = change(assess(self.store, History.read(self.store), self.knowledge, at=self.at))
        for blob in (self.knowledge.controls_blob, self.knowledge.platforms_blob, found.results):
            put_blob(self.store, blob)
        results = digest_of(found.results)
        predicate = findings_predicate(found.basis, results, len(found.results), count(found.findings)) | claims
        append(
            self.store,
            self.keyring,
            kind="findings",
            predicate=predicate,
            subjects=findings_subjects(found.plan, results),
        )
        seal(self.store, self.keyring, at=self.at, wait_s=0)

    def verify(self, **given: object) -> Report:
        return verify(self.store, **{"knowledge": lambda: self.knowledge, **given})  # type: ignore[arg-type]

    def step(self, **given: object) -> Step:
        return self.verify(**given).steps[11]


@pytest.fixture
def judged(plant_module: ModuleType, tmp_path_factory: pytest.TempPathFactory, knowledge: Knowledge) -> Judged:
    keyring = create_keyring(tmp_path_factory.mktemp("keys") / "keys")
    plant = plant_module.build(MemoryStore(), keyring)
    return Judged(plant.store, keyring, plant.now + timedelta(hours=1), knowledge)


def with_findings(assessment: Assessment, findings: tuple[Finding, ...]) -> Assessment:
    return replace(assessment, findings=findings, results=dump_results(findings))


def better(assessment: Assessment) -> Assessment:
    """Turn every contradiction into support."""
    rows = (
        one._replace(status=Status.SUPPORTS) if one.status is Status.CONTRADICTS else one for one in assessment.findings
    )
    return with_findings(assessment, tuple(rows))


def test_honest_findings_are_made_again_byte_for_byte(judged: Judged) -> None:
    judged.judge()
    report = judged.verify()
    assert not report.failed
    step = report.steps[11]
    assert step.status is Outcome.PASSED
    assert step.details[0] == "1 assessments"
    assert step.details[1].endswith("byte for byte the same")


def test_a_contradiction_made_support_is_found_and_named(judged: Judged) -> None:
    judged.judge(better)
    step = judged.step()
    assert step.status is Outcome.FAILED
    assert "CFG-01 of sw-01: signed as supports (its configuration changed" in step.details[0]


def test_a_finding_left_out_is_found(judged: Judged) -> None:
    judged.judge(lambda one: with_findings(one, one.findings[1:]))
    step = judged.step()
    assert step.status is Outcome.FAILED
    assert "signed as nothing, is " in step.details[0]


def test_evidence_nobody_collected_is_found_without_judging_again(judged: Judged) -> None:
    alien = Digest("sha256:" + "0" * 64)

    def invented(assessment: Assessment) -> Assessment:
        first = next(one for one in assessment.findings if one.status is Status.SUPPORTS)
        rows = [one._replace(evidence=(alien,)) if one is first else one for one in assessment.findings]
        return with_findings(assessment, tuple(rows))

    judged.judge(invented)
    step = judged.step(knowledge=None)
    assert step.status is Outcome.FAILED
    assert f"rests on {alien}, which was not in the log" in step.details[0]


def test_evidence_collected_after_the_judgement_is_found(judged: Judged) -> None:
    """The results blob of the first assessment is in the log, yet not among what the second may rest on: itself."""
    judged.judge()
    own = assess(judged.store, History.read(judged.store), judged.knowledge, at=judged.at)

    def circular(assessment: Assessment) -> Assessment:
        rows = tuple(
            one._replace(evidence=(digest_of(judged.knowledge.controls_blob),))
            if one.status is Status.SUPPORTS
            else one
            for one in assessment.findings
        )
        basis = replace(assessment.basis, size=early[0], root=early[1])
        return replace(with_findings(assessment, rows), basis=basis)

    roots = History.read(judged.store).ledger.chain.roots
    early = sorted(roots.items())[-2]
    assert early[0] < own.basis.size
    judged.judge(circular)
    assert any("which was not in the log" in detail for detail in judged.step(knowledge=None).details)


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        ({"root": "0" * 64}, "which this one never was"),
        ({"size": 3}, "which this one never was"),
        ({"registers": [{"kind": "exception", "digest": "sha256:" + "1" * 64}]}, "was not in the log"),
        (
            {
                "counts": {
                    "supports": 999,
                    "contradicts": 0,
                    "not_assessed": 0,
                    "not_applicable": 0,
                    "due": 0,
                    "excepted": 0,
                }
            },
            "it miscounts its own results",
        ),
    ],
)
def test_a_statement_that_lies_about_itself_fails(judged: Judged, claims: dict[str, object], words: str) -> None:
    judged.judge(**claims)
    step = judged.step()
    assert step.status is Outcome.FAILED
    assert words in step.details[0]


def test_an_earlier_moment_does_not_hide_what_was_logged(judged: Judged) -> None:
    """Judging as of the first night is allowed, and says so; it is made again as of then."""
    judged.at -= timedelta(days=1)
    judged.judge()
    assert judged.step().status is Outcome.PASSED


def test_only_the_assessor_signs_findings(judged: Judged) -> None:
    found = assess(judged.store, History.read(judged.store), judged.knowledge, at=judged.at)
    results = put_blob(judged.store, found.results)
    predicate = findings_predicate(found.basis, results, len(found.results), count(found.findings))
    origin = History.read(judged.store).origin
    payload = build("findings", findings_subjects(found.plan, results), {**predicate, "log": origin})
    envelope = dsse.sign(judged.keyring.key(Role.COLLECTOR), dsse.IN_TOTO, payload)
    key = statement_key("findings", digest_of(envelope))
    judged.store.put(key, envelope)
    seal(judged.store, judged.keyring, at=judged.at, wait_s=0)
    history = History.read(judged.store)
    assert history.statements[-1].kind == "quarantine"
    assert "only the assessor may sign it" in " ".join(judged.verify().steps[5].details)


def test_findings_of_another_log_are_refused(judged: Judged, vectors: ModuleType) -> None:
    other = MemoryStore()
    vectors.build(other)
    found = assess(judged.store, History.read(judged.store), judged.knowledge, at=judged.at)
    statement = record(judged.store, judged.keyring, found, judged.knowledge)
    moved = judged.store.get(statement_key("findings", statement))
    other.put(statement_key("findings", statement), moved)
    assert any(step.name == "statements" for step in verify(other).failed)


def test_results_that_are_gone_fail(judged: Judged) -> None:
    judged.judge()
    history = History.read(judged.store)
    statement = history.open(history.statements[-1]).findings
    assert statement is not None
    del judged.store._objects[blob_key(statement.results)]
    assert {step.name for step in judged.verify().failed} == {"blobs", "findings"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"tool": "9.9"}, "made with version 0.1.0, this is 9.9"),
        ({"platforms_blob": b"[]"}, "made with other platform files"),
        ({"controls_blob": b"[]"}, "made with another catalogue"),
    ],
)
def test_other_knowledge_is_not_checked_and_says_so(judged: Judged, change: dict[str, object], words: str) -> None:
    judged.judge()
    other = replace(judged.knowledge, **change)  # type: ignore[arg-type]
    step = judged.step(knowledge=lambda: other)
    assert step.status is Outcome.NOT_CHECKED
    assert words in step.details[0]


def test_older_assessments_are_made_again_when_asked_for(judged: Judged) -> None:
    judged.judge()
    judged.judge()
    assert judged.step().details[0] == "1 older assessments were not made again; --every-assessment does"
    step = judged.step(every_assessment=True)
    assert step.status is Outcome.PASSED
    assert sum("byte for byte" in detail for detail in step.details) == 2
