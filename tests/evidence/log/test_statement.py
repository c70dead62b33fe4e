"""in-toto statements, read strictly."""

import json
from collections.abc import Mapping

import pytest

from evidence.log import statement as module
from evidence.log.canonical import dumps
from evidence.log.keyring import Role
from evidence.log.statement import ROLE_OF, StatementError, Subject, UnknownKindError, build, parse
from evidence.model.names import Digest, digest_of

PLAN = Subject(name="plan", digest=digest_of(b"plan"))


def test_a_statement_is_in_totos() -> None:
    payload = build("part", (PLAN, Subject(name="sw-01/x", digest=digest_of(b"x"))), {"log": "a", "n": 1})
    assert json.loads(payload) == {
        "_type": "https://in-toto.io/Statement/v1",
        "predicateType": "urn:plantproof:part:v1",
        "predicate": {"log": "a", "n": 1},
        "subject": [
            {"name": "plan", "digest": {"sha256": PLAN.digest.removeprefix("sha256:")}},
            {"name": "sw-01/x", "digest": {"sha256": digest_of(b"x").removeprefix("sha256:")}},
        ],
    }
    assert dumps(json.loads(payload)) == payload
    found = parse(payload)
    assert (found.kind, found.log, found.subjects[0], dict(found.predicate)) == (
        "part",
        "a",
        PLAN,
        {"log": "a", "n": 1},
    )


def test_who_may_sign_what_is_as_the_format_says() -> None:
    assert {role: {kind for kind, of in ROLE_OF.items() if of is role} for role in Role} == {
        Role.ROOT: {"genesis", "key"},
        Role.PLANNER: {"plan", "missed"},
        Role.COLLECTOR: {"part"},
        Role.ASSESSOR: {"findings"},
        Role.SEALER: {"export", "quarantine", "anchor"},
        Role.OWNER: {"exception", "erasure", "approval", "attestation", "review"},
    }


@pytest.mark.parametrize("kind", sorted(ROLE_OF))
def test_the_first_subject_is_the_one_of_its_kind(kind: str) -> None:
    first = {"genesis": "root", "key": "key", "quarantine": "object", "anchor": "checkpoint"}.get(kind, "plan")
    assert parse(build(kind, (Subject(name=first, digest=PLAN.digest),), {})).kind == kind
    with pytest.raises(StatementError, match="as the first subject"):
        build(kind, (Subject(name="other", digest=PLAN.digest),), {})


def test_the_log_is_a_string_or_not_there() -> None:
    assert parse(build("plan", (PLAN,), {})).log is None
    assert parse(build("plan", (PLAN,), {"log": 1})).log is None


def changed(**changes: object) -> bytes:
    value: dict[str, object] = json.loads(build("plan", (PLAN,), {}))
    return dumps({**value, **changes})


ROW: Mapping[str, object] = {"name": "plan", "digest": {"sha256": "0" * 64}}


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"[]",
        b"{}",
        changed(extra=1),
        changed(_type="https://in-toto.io/Statement/v0.1"),
        changed(predicate=[]),
        changed(subject=[]),
        changed(subject={}),
        changed(subject=["x"]),
        changed(subject=[{**ROW, "uri": "x"}]),
        changed(subject=[{"name": "plan"}]),
        changed(subject=[{**ROW, "name": ""}]),
        changed(subject=[{**ROW, "name": "x" * 1025}]),
        changed(subject=[{**ROW, "digest": {"sha256": "0" * 63}}]),
        changed(subject=[{**ROW, "digest": {"sha256": "A" * 64}}]),
        changed(subject=[{**ROW, "digest": {"sha512": "0" * 64}}]),
        changed(subject=[{**ROW, "digest": {"sha256": 1}}]),
        changed(subject=[{**ROW, "digest": {"md": "0", "sha256": "0" * 64}}]),
        changed(predicateType=1),
    ],
)
def test_what_we_would_not_have_written_is_not_read(payload: bytes) -> None:
    with pytest.raises(StatementError):
        parse(payload)


@pytest.mark.parametrize(
    "kind",
    [
        "urn:plantproof:part:v2",
        "urn:plantproof:other:v1",
        "urn:plantproof::v1",
        "part",
        "urn:plantproof:part",
        "plantproof:part:v1",
    ],
)
def test_an_unknown_type_is_told_apart(kind: str) -> None:
    with pytest.raises(UnknownKindError, match="unknown type"):
        parse(changed(predicateType=kind))


def test_counts_and_sizes_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    payload = build("plan", (PLAN, PLAN, PLAN), {})
    monkeypatch.setattr(module, "MAX_SUBJECTS", 2)
    with pytest.raises(StatementError, match="1 to 2 subjects"):
        parse(payload)
    monkeypatch.setattr(module, "MAX_STATEMENT_BYTES", len(payload) - 1)
    with pytest.raises(StatementError, match="at most"):
        parse(payload)


def test_a_wrong_digest_is_not_written() -> None:
    with pytest.raises(StatementError, match="sha256"):
        build("plan", (Subject(name="plan", digest=Digest("sha256:xyz")),), {})
