"""What a statement must be to count: the checks of one envelope under one key, the same for seal and verify."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from evidence.errors import Error
from evidence.log.anchor import Anchor, read_anchor
from evidence.log.authority import Authority
from evidence.log.erasure import Erasure, read_erasure
from evidence.log.export import ExportStatement, read_export
from evidence.log.findings import FindingsStatement, read_findings
from evidence.log.keystatement import KeyStatement, read_key
from evidence.log.missed import Missed, read_missed
from evidence.log.part import PartStatement, headed, read_part
from evidence.log.plan import plan_blob
from evidence.log.quarantine import Quarantine, read_quarantine
from evidence.log.register import RegisterStatement, read_register
from evidence.log.review import Review, read_review
from evidence.log.statement import FIRST_SUBJECT, Statement
from evidence.model.columns import REGISTERS
from evidence.model.names import Digest, digest_of
from evidence.store.layout import Area, Key, parse_key

_NOTHING: Mapping[Digest, int] = MappingProxyType({})


class AcceptError(Error):
    """A statement is signed by who may, yet does not fit where it lies or what it refers to."""


class Found(NamedTuple):
    """A file that may be a statement."""

    key: str
    data: bytes
    digest: Digest
    """Of `data`."""


class Accepted(NamedTuple):
    """A statement that counts, with its meaning where this version knows it; a tuple, for logs have many."""

    digest: Digest
    """Of its envelope."""
    statement: Statement
    """Of a part without its rows: they stand in `part`."""
    authority: Authority
    """Who may sign what after it."""
    key: KeyStatement | None = None
    part: PartStatement | None = None
    quarantine: Quarantine | None = None
    findings: FindingsStatement | None = None
    missed: Missed | None = None
    register: RegisterStatement | None = None
    export: ExportStatement | None = None
    anchor: Anchor | None = None
    review: Review | None = None
    erasure: Erasure | None = None
    plan: Digest | None = None
    """The plan's blob, when it is a plan statement."""
    named: Mapping[Digest, int] | None = None
    """Every blob it refers to, with its plain length, where that is held; a part can count them again."""

    @property
    def blobs(self) -> Mapping[Digest, int]:
        """Every blob it refers to, with its plain length."""
        if self.named is None:
            return self.part.blobs() if self.part is not None else _NOTHING
        return self.named


def accept(key: str, data: bytes, authority: Authority, digest: Digest | None = None) -> Accepted:
    """
    Return the statement `data` under `key`; raise unless name, form, signature, role and log are as they must be.

    `digest` is that of `data`, where it was made before.
    """
    return accept_all([Found(key, data, digest or digest_of(data))], authority)[0]


def accept_all(found: Sequence[Found], authority: Authority) -> list[Accepted]:
    """
    Return the statements in many files, each as `accept` does under the same authority; raise where it would for one.

    A step is taken for all of them before the next: one after the other they take a quarter longer.
    """
    places = [_place(one) for one in found]
    statements = authority.open_all([one.data for one in found], [one.digest for one in found])
    parts = [read_part(statement) if statement.kind == "part" else None for statement in statements]
    read = zip(statements, parts, found, strict=True)
    accepted = [_meant(statement, authority, one.digest, part) for statement, part, one in read]
    for one, place, (file, _, _) in zip(accepted, places, found, strict=True):
        kind = one.statement.kind
        if (place.kind or "part") != kind:
            raise AcceptError(f"{file}: a statement of kind {kind} lies there")
        if one.part is not None and (place.area is not Area.PART or place.slot != one.part.slot.lower()):
            raise AcceptError(f"{file}: a part for the slot {one.part.slot} lies there")
    return accepted


def _place(found: Found) -> Key:
    place = parse_key(found.key)
    if found.digest != place.digest:
        raise AcceptError(f"{found.key}: the bytes kept there have the digest {found.digest}")
    return place


def judge(data: bytes, authority: Authority, digest: Digest | None = None) -> Accepted:
    """
    Return the statement in `data`, wherever it lies; raise unless form, signature, role and log are right.

    `digest` is that of `data`, where it was made before.
    """
    digest = digest or digest_of(data)
    return _meant(authority.open(data, digest), authority, digest)


def _meant(statement: Statement, authority: Authority, digest: Digest, part: PartStatement | None = None) -> Accepted:
    """Return what a statement means; `part` is what it says where it is one that was read."""
    match statement.kind:
        case "key":
            after = authority.after(statement)
            return Accepted(digest=digest, statement=statement, authority=after, key=read_key(statement))
        case "plan":
            blob, length = plan_blob(statement)
            named = MappingProxyType({blob: length})
            return Accepted(digest=digest, statement=statement, authority=authority, plan=blob, named=named)
        case "quarantine":
            quarantine = read_quarantine(statement)
            return Accepted(digest=digest, statement=statement, authority=authority, quarantine=quarantine)
        case "missed":
            return Accepted(digest=digest, statement=statement, authority=authority, missed=read_missed(statement))
        case "anchor":
            anchor = read_anchor(statement)
            blobs = anchor.blobs
            return Accepted(digest=digest, statement=statement, authority=authority, anchor=anchor, named=blobs)
        case "review":
            review = read_review(statement)
            after = authority.reviewed(review, statement.signer or "")
            return Accepted(digest=digest, statement=statement, authority=after, review=review)
        case "erasure":
            return Accepted(digest=digest, statement=statement, authority=authority, erasure=read_erasure(statement))
        case "export":
            return Accepted(digest=digest, statement=statement, authority=authority, export=read_export(statement))
        case "part":
            part = part or read_part(statement)
            told, blobs = headed(statement), part.blobs()
            return Accepted(digest=digest, statement=told, authority=authority, part=part, named=blobs)
        case "findings":
            findings = read_findings(statement)
            blobs = findings.blobs()
            return Accepted(digest=digest, statement=statement, authority=authority, findings=findings, named=blobs)
    register = read_register(statement) if statement.kind in REGISTERS else None
    return Accepted(digest=digest, statement=statement, authority=authority, register=register)


def check_plan(accepted: Accepted, plans: frozenset[Digest] | set[Digest]) -> None:
    """Raise `AcceptError` unless the plan a statement is about is among `plans`."""
    statement = accepted.statement
    if accepted.plan is None and statement.kind not in FIRST_SUBJECT:
        plan = statement.subjects[0].digest
        if plan not in plans:
            raise AcceptError(f"{statement.kind}: its plan {plan} is not in the log")
