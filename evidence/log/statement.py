"""
Statements: what somebody says about digests (in-toto Statement v1), and who may say what.

The first subject is always the plan, save where there is none yet or none that matters: genesis names the root key, a
key statement the key, a quarantine the object it is about, an anchor the checkpoint.
"""

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from evidence.errors import Error
from evidence.log.apart import Apart, set_apart
from evidence.log.canonical import CanonicalError, dumps, loads
from evidence.log.captures import Columns
from evidence.log.fields import Fields, ShapeError
from evidence.log.keyring import Role
from evidence.log.shape import Shaped, shape_of
from evidence.model.names import Digest, hex_of, parse_digest
from evidence.store.layout import MAX_STATEMENT_BYTES

TYPE = "https://in-toto.io/Statement/v1"

ROLE_OF: Mapping[str, Role] = MappingProxyType(
    {
        "genesis": Role.ROOT,
        "key": Role.ROOT,
        "plan": Role.PLANNER,
        "missed": Role.PLANNER,
        "part": Role.COLLECTOR,
        "findings": Role.ASSESSOR,
        "export": Role.SEALER,
        "quarantine": Role.SEALER,
        "anchor": Role.SEALER,
        "exception": Role.OWNER,
        "erasure": Role.OWNER,
        "approval": Role.OWNER,
        "attestation": Role.OWNER,
        "review": Role.OWNER,
    }
)
"""Who may sign what. Batches and checkpoints are the sealer's."""

FIRST_SUBJECT: Mapping[str, str] = MappingProxyType(
    {"genesis": "root", "key": "key", "quarantine": "object", "anchor": "checkpoint"}
)
"""Name of the first subject where it is not `plan`."""

MAX_SUBJECTS = 200_000
"""Most subjects; a part of the largest statement names fewer."""

MAX_SUBJECT_NAME = 1024
"""Longest subject name: an asset's name and a question's."""

_STATEMENT = frozenset({"_type", "subject", "predicateType", "predicate"})
_SUBJECT = frozenset({"name", "digest"})
_DIGEST = frozenset({"sha256"})
_NONE: frozenset[str] = frozenset()
_HEX = re.compile(r"[0-9a-f]{64}")
_BEFORE, _AFTER = "urn:plantproof:", ":v1"


class StatementError(Error):
    """A payload is not a statement as we write it."""


class UnknownKindError(StatementError):
    """A statement of a kind this version does not know: not-checked, never passed."""


class Subject(NamedTuple):
    """What a statement is about; a tuple, for parts have thousands."""

    name: str
    digest: Digest


class Statement(NamedTuple):
    """A statement's meaning; whoever holds one has checked the signature, or got it from someone who has."""

    kind: str
    subjects: tuple[Subject, ...]
    predicate: Mapping[str, object]
    signer: str | None = None
    """Fingerprint of the key that signed it, where that was checked."""
    apart: Columns | None = None
    """The captures of a part that were read apart: `predicate` has none then, and of the subjects only the plan."""
    shaped: bool = False
    """Whether the predicate of a part that was read apart is known to have the shape of one (`evidence.log.shape`)."""

    @property
    def log(self) -> str | None:
        """The log it was made for; genesis makes the log and so cannot name it."""
        found = self.predicate.get("log")
        return found if isinstance(found, str) else None


def build(kind: str, subjects: Sequence[Subject], predicate: Mapping[str, object]) -> bytes:
    """Return the payload of a statement."""
    rows = [{"digest": {"sha256": hex_of(subject.digest)}, "name": subject.name} for subject in subjects]
    value = {
        "_type": TYPE,
        "predicate": dict(predicate),
        "predicateType": f"{_BEFORE}{kind}{_AFTER}",
        "subject": rows,
    }
    payload = dumps(value)
    _parse(value)
    return payload


def parse(payload: bytes, *, signer: str | None = None) -> Statement:
    """
    Read a payload; raise `StatementError` unless it is as `build` writes it.

    `signer` is who says to have signed it, for the caller to check.
    """
    return parse_all([(payload, signer)])[0]


def parse_all(signed: Sequence[tuple[bytes, str | None]]) -> list[Statement]:
    """
    Read many payloads, each with who says to have signed it, as `parse` does; raise where it would for one.

    A step is taken for all of them before the next: what it needs stays in the processor's cache.
    """
    for payload, _ in signed:
        if len(payload) > MAX_STATEMENT_BYTES:
            raise StatementError(f"a statement of {len(payload)} bytes; at most {MAX_STATEMENT_BYTES} are read")
    aparts = [set_apart(payload) for payload, _ in signed]
    shapes = [shape_of(apart.rest) if apart is not None else None for apart in aparts]
    return [_read(*one, apart, shape) for one, apart, shape in zip(signed, aparts, shapes, strict=True)]


def _read(payload: bytes, signer: str | None, apart: Apart | None, shape: Shaped | None) -> Statement:
    if apart is not None and shape is not None:
        plan, predicate = (Subject("plan", shape.plan),), MappingProxyType(shape.predicate)
        return Statement("part", plan, predicate, signer, apart.captures, shaped=True)
    try:
        if apart is not None:
            return _parse(loads(apart.rest), signer, apart.captures)
        return _parse(loads(payload), signer)
    except CanonicalError as error:
        raise StatementError(f"not a statement: {error}") from error


def _parse(value: object, signer: str | None = None, apart: Columns | None = None) -> Statement:
    try:
        fields = Fields(value, "statement", _STATEMENT, _NONE)
        if fields.text("_type") != TYPE:
            raise StatementError(f"expected an in-toto statement v1, found {fields.text('_type')!r:.100}")
        kind = _kind(fields.text("predicateType"))
        rows = fields.rows("subject")
        if not 0 < len(rows) <= MAX_SUBJECTS:
            raise StatementError(f"expected 1 to {MAX_SUBJECTS} subjects, found {len(rows)}")
        subjects = tuple(map(_subject, rows))
        predicate = fields.mapping("predicate")
    except ShapeError as error:
        raise StatementError(f"not a statement: {error}") from error
    first = FIRST_SUBJECT.get(kind, "plan")
    if subjects[0].name != first:
        raise StatementError(f"{kind}: expected {first!r} as the first subject, found {subjects[0].name!r:.100}")
    return Statement(kind=kind, subjects=subjects, predicate=predicate, signer=signer, apart=apart)


def _kind(predicate_type: str) -> str:
    kind = predicate_type.removeprefix(_BEFORE).removesuffix(_AFTER)
    if kind not in ROLE_OF or predicate_type != f"{_BEFORE}{kind}{_AFTER}":
        raise UnknownKindError(f"a statement of the unknown type {predicate_type!r:.100}")
    return kind


def _subject(row: object) -> Subject:
    if isinstance(row, dict) and len(row) == 2:
        name, digest = row.get("name"), row.get("digest")
        if isinstance(name, str) and 0 < len(name) <= MAX_SUBJECT_NAME and isinstance(digest, dict):
            text = digest.get("sha256")
            if len(digest) == 1 and isinstance(text, str) and _HEX.fullmatch(text):
                return Subject(name, Digest(f"sha256:{text}"))
    return _subject_in_words(row)


def _subject_in_words(row: object) -> Subject:
    """Read a subject member by member, to tell what is wrong with it."""
    fields = Fields(row, "subject", _SUBJECT, _NONE)
    digest = Fields(fields.raw("digest"), "subject", _DIGEST, _NONE)
    name = fields.text("name", longest=MAX_SUBJECT_NAME)
    return Subject(name=name, digest=_sha256(digest.text("sha256")))


def _sha256(text: str) -> Digest:
    try:
        return parse_digest(f"sha256:{text}")
    except Error as error:
        raise ShapeError(f"subject: {error}") from error
