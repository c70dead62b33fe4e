"""Key statements: the root's word that a key may sign in a role, may no longer, or never should have been trusted."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from evidence.clock import rfc3339
from evidence.log.fields import Fields, ShapeError
from evidence.log.keyring import Role
from evidence.log.keys import KeyFileError, PublicKey
from evidence.log.statement import Statement, Subject
from evidence.model.names import digest_of

MAX_REASON = 500
"""Longest reason of a revocation, characters."""

_KEY = frozenset({"log", "act", "role", "verify_key", "at"})
_REVOKED = frozenset({"distrust_from", "reason"})
_NONE: frozenset[str] = frozenset()


class Act(StrEnum):
    """What becomes of a key."""

    GRANT = "grant"
    RETIRE = "retire"
    """It signs no more; what it signed stays."""
    REVOKE = "revoke"
    """What it signed from some leaf on does not count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyStatement:
    """What a key statement says."""

    act: Act
    role: Role
    key: PublicKey
    at: str
    distrust_from: int | None = None
    """Of a revocation: the first leaf from which on nothing this key signed counts."""
    reason: str | None = None

    @property
    def subjects(self) -> tuple[Subject, ...]:
        """The key, and nothing else."""
        return (Subject(name="key", digest=digest_of(self.key.raw)),)

    def predicate(self, origin: str) -> Mapping[str, object]:
        """Return the predicate, for the log `origin`."""
        said = {"log": origin, "act": str(self.act), "role": str(self.role), "verify_key": self.key.text, "at": self.at}
        if self.act is Act.REVOKE:
            return {**said, "distrust_from": self.distrust_from, "reason": self.reason}
        return said


def said_now(act: Act, role: Role, key: PublicKey, at: datetime) -> KeyStatement:
    """Return a grant or a retirement made `at`."""
    return KeyStatement(act=act, role=role, key=key, at=rfc3339(at))


def read_key(statement: Statement) -> KeyStatement:
    """Read a key statement; raise `ShapeError` unless it is written our way."""
    revoked = statement.predicate.get("act") == Act.REVOKE
    fields = Fields(statement.predicate, "key", _KEY | _REVOKED if revoked else _KEY, _NONE)
    try:
        said = KeyStatement(
            act=Act(fields.text("act", longest=40)),
            role=Role(fields.text("role", longest=40)),
            key=PublicKey.parse(fields.text("verify_key", longest=200)),
            at=fields.time("at"),
            distrust_from=fields.whole("distrust_from") if revoked else None,
            reason=fields.text("reason", longest=MAX_REASON) if revoked else None,
        )
    except (KeyFileError, ValueError) as error:
        raise ShapeError(f"key: {error}") from error
    if statement.subjects != said.subjects:
        raise ShapeError("key: expected one subject, the key it is about")
    return said
