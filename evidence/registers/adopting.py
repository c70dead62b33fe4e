"""What an owner may adopt: statements that count for nothing because the key that signed them had ended."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from evidence.errors import Error
from evidence.log.accept import accept
from evidence.log.history import History
from evidence.log.keyring import Keyring, Role
from evidence.log.ledger import DISTRUSTED
from evidence.log.review import Review, review_predicate, review_subjects
from evidence.log.writer import append
from evidence.model.names import Digest, digest_of
from evidence.registers.signing import newest_plan
from evidence.store.interface import Store


class NotAdoptableError(Error):
    """A statement cannot be made to count by anybody's word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Aside:
    """A statement that counts for nothing."""

    digest: Digest
    what: str
    """Its kind and slot, or where it lies."""
    why: str
    adoptable: bool
    """Whether nothing about the statement itself but its key speaks against it; its blobs are not looked at."""


def asides(history: History) -> Iterator[Aside]:
    """Yield what was set aside or is distrusted, in log order."""
    for entry in history.statements:
        if entry.kind == DISTRUSTED:
            accepted = history.open(entry)
            slot = f" of {accepted.part.slot}" if accepted.part else ""
            why = "its key was revoked since"
            yield Aside(digest=entry.digest, what=f"{accepted.statement.kind}{slot}", why=why, adoptable=True)
        elif entry.kind == "quarantine":
            found = history.open(entry).quarantine
            if found is not None and (found.key, found.found) in history.ledger.quarantined:
                fits = _adoptable(history, found.key, found.found)
                yield Aside(digest=found.found, what=found.key, why=found.reason, adoptable=fits)


def adopt(
    store: Store, keyring: Keyring, history: History, wanted: Sequence[Digest], *, by: str, reason: str, at: datetime
) -> Digest:
    """Sign that statements count; raise `NotAdoptableError` for one that nobody's word could mend."""
    there = {one.digest: one for one in asides(history)}
    for digest in wanted:
        one = there.get(digest)
        if one is None:
            raise NotAdoptableError(f"{digest}: not set aside, and no key of it was revoked")
        if not one.adoptable:
            raise NotAdoptableError(f"{digest}: {one.why}: that is not mended by a review")
    subjects = review_subjects(newest_plan(history), wanted)
    predicate = review_predicate(by=by, reason=reason, at=at)
    return append(store, keyring, kind="review", predicate=predicate, subjects=subjects)


def _adoptable(history: History, key: str, digest: Digest) -> bool:
    """Tell whether a statement would be accepted if an owner adopted it."""
    authority = history.ledger.authority
    owner = next(iter(authority.held_by(Role.OWNER)), None)
    if owner is None:
        return False
    supposed = authority.reviewed(Review(adopted=(digest,), by="-", reason="-", at=authority.at), owner.id)
    try:
        data = history.ledger.store.get(key)
        accept(key, data, supposed)
    except Error:
        return False
    return digest_of(data) == digest
