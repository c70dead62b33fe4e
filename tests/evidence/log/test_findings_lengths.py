"""An assessment cannot say that one blob has two lengths."""

import pytest

from evidence.log.fields import ShapeError
from evidence.log.findings import Basis, count, findings_predicate, findings_subjects, read_findings
from evidence.log.statement import Statement, build, parse
from evidence.model.names import digest_of

PLAN, ONE, OTHER = digest_of(b"plan"), digest_of(b"one"), digest_of(b"other")
BASIS = Basis(
    as_of="2026-07-03T02:10:00Z", size=19, root="4" * 64, profile="all", controls=OTHER, controls_bytes=606,
    platforms=ONE, platforms_bytes=2, registers=(), tool="0.1.0",
)  # fmt: skip


def said(results_bytes: int) -> Statement:
    predicate = findings_predicate(BASIS, ONE, results_bytes, count(()))
    return parse(build("findings", findings_subjects(PLAN, ONE), {**predicate, "log": "plantproof.example/acme/1"}))


def test_a_blob_that_is_named_twice_has_one_length() -> None:
    assert read_findings(said(2)).blobs() == {OTHER: 606, ONE: 2}


def test_an_assessment_that_says_two_lengths_of_one_blob_is_refused() -> None:
    with pytest.raises(ShapeError, match="is said to have 2 and 1591 bytes"):
        read_findings(said(1591))
