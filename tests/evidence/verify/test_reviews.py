"""An owner's review lets count what only its key spoke against, from then on, and nothing else."""

import hashlib
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

from evidence.errors import Error
from evidence.log.history import History
from evidence.log.keylife import key_statement
from evidence.log.keyring import Keyring, Role
from evidence.log.keys import SigningKey
from evidence.log.keystatement import Act, KeyStatement, said_now
from evidence.log.ledger import read_ledger
from evidence.log.review import review_predicate, review_subjects
from evidence.log.statement import Subject
from evidence.log.writer import append
from evidence.model.names import Digest, digest_of
from evidence.registers.adopting import NotAdoptableError, adopt, asides
from evidence.store.layout import part_key
from evidence.store.memory import MemoryStore
from evidence.verify.result import Report, Status
from evidence.verify.verifier import verify


class Yard:
    """A log whose collector's key ended, with statements that came too late or too early."""

    def __init__(self, vectors: ModuleType) -> None:
        self.site: Any = vectors.Site(store=MemoryStore(), keyring=vectors.fixed_keyring())
        self.site.begin()
        self.plan = self.site.plan()
        self.site.run(self.plan)
        self.site.seal()
        self.old = self.site.keyring
        self.new = SigningKey.generate()
        self.say(said_now(Act.GRANT, Role.COLLECTOR, self.new.public, self.site.now))

    @property
    def store(self) -> MemoryStore:
        return self.site.store  # type: ignore[no-any-return]

    def say(self, said: KeyStatement) -> None:
        authority = read_ledger(self.store).authority
        key_statement(self.store, self.old.key(Role.ROOT), authority, said)
        self.site.seal()

    def late_run(self) -> list[Digest]:
        """Retire the old key, and let it sign another run."""
        self.say(said_now(Act.RETIRE, Role.COLLECTOR, self.old.key(Role.COLLECTOR).public, self.site.now))
        made = self.site.run(self.plan)
        self.site.seal()
        return made  # type: ignore[no-any-return]

    def revoke(self, role: Role = Role.COLLECTOR, *, since: int = 0) -> None:
        key = self.old.key(role).public
        words = {"at": "2026-07-23T00:00:00Z", "distrust_from": since, "reason": "stolen"}
        self.say(KeyStatement(act=Act.REVOKE, role=role, key=key, **words))  # type: ignore[arg-type]

    def adopt(self, digests: list[Digest]) -> None:
        history = History.read(self.store)
        adopt(self.store, self.old, history, digests, by="Q. Owner", reason="looked at it", at=self.site.now)
        self.site.seal()

    def verify(self) -> Report:
        return verify(self.store, trusted_root=self.old.key(Role.ROOT).public)

    @property
    def parts(self) -> int:
        return len(list(History.read(self.store).parts()))


@pytest.fixture
def yard(vectors: ModuleType) -> Iterator[Yard]:
    return Yard(vectors)


def words(report: Report, number: int) -> str:
    return "\n".join(report.steps[number - 1].details)


def test_late_parts_count_once_the_owner_adopts_them(yard: Yard) -> None:
    late = yard.late_run()
    assert yard.parts == 3
    listed = {one.digest: one for one in asides(History.read(yard.store))}
    assert all(listed[digest].adoptable and "retired" in listed[digest].why for digest in late)
    yard.adopt(late[:2])
    assert yard.parts == 5
    report = yard.verify()
    assert not report.failed, report.failed
    assert "Q. Owner let 2 statements count" in words(report, 6)
    yard.adopt(late[2:])
    assert yard.parts == 6
    assert yard.verify().steps[5].status is Status.PASSED
    assert not list(asides(History.read(yard.store)))


def test_what_a_revoked_key_signed_counts_once_the_owner_adopts_it(yard: Yard) -> None:
    yard.revoke()
    assert yard.parts == 0
    honest = [one.digest for one in asides(History.read(yard.store))]
    assert len(honest) == 3
    size = History.read(yard.store).size
    yard.adopt(honest)
    assert yard.parts == 3
    report = yard.verify()
    assert not report.failed
    assert report.steps[5].status is Status.PASSED
    assert len(list(History.read(yard.store, size=size).parts())) == 0, "as it was known then"


def test_what_is_damaged_is_not_mended_by_a_word(yard: Yard) -> None:
    garbage = b"not an envelope"
    yard.store.put(part_key("nightly-20260722T0400Z", digest_of(garbage)), garbage)
    yard.site.seal()
    (one,) = asides(History.read(yard.store))
    assert not one.adoptable
    for digest, why in ((one.digest, "not an envelope"), (digest_of(b"nothing"), "not set aside")):
        with pytest.raises(NotAdoptableError, match=why):
            yard.adopt([digest])
    forced(yard, [one.digest])
    size = yard.site.seal().size
    assert yard.site.seal().size == size, "set aside once more, and not at every seal"
    assert not yard.verify().failed


def forced(yard: Yard, digests: list[Digest], keyring: Keyring | None = None) -> None:
    """Keep a review without asking whether it can mend anything."""
    predicate = review_predicate(by="x", reason="x", at=yard.site.now)
    subjects = review_subjects(yard.plan, digests)
    append(yard.store, keyring or yard.old, kind="review", predicate=predicate, subjects=subjects)


def test_a_review_that_waits_with_what_it_adopts_counts_first(yard: Yard) -> None:
    """Within one batch leaves stand by digest, so what is adopted goes into the next."""
    yard.say(said_now(Act.RETIRE, Role.COLLECTOR, yard.old.key(Role.COLLECTOR).public, yard.site.now))
    late = yard.site.run(yard.plan)
    forced(yard, late)
    yard.site.seal()
    assert yard.parts == 6
    report = yard.verify()
    assert not report.failed, report.failed


@pytest.mark.parametrize("role", [Role.COLLECTOR, Role.SEALER, Role.ASSESSOR, Role.PLANNER, Role.ROOT])
def test_only_the_owner_adopts(yard: Yard, role: Role) -> None:
    late = yard.late_run()
    thief = Keyring(signing={**yard.old.signing, Role.OWNER: yard.old.key(role)})
    forced(yard, late, thief)
    yard.site.seal()
    assert yard.parts == 3
    assert "only the owner may sign it" in words(yard.verify(), 6)


def test_what_a_revoked_owner_adopted_counts_no_more(yard: Yard) -> None:
    yard.revoke()
    yard.adopt([one.digest for one in asides(History.read(yard.store))])
    assert yard.parts == 3
    yard.revoke(Role.OWNER)
    assert yard.parts == 0
    report = yard.verify()
    assert not report.failed
    assert "1 review" in words(report, 6)
    assert "3 part" in words(report, 6)


def test_a_key_statement_is_never_adopted(yard: Yard) -> None:
    """A review cannot let a key in: that is the root's word alone."""
    from evidence.log import dsse
    from evidence.log.statement import build
    from evidence.store.layout import statement_key

    spare = SigningKey.from_seed(hashlib.sha256(b"plantproof test key spare").digest())
    words_ = {"at": "2026-07-23T00:00:00Z", "distrust_from": 99, "reason": "stolen"}
    root = yard.old.key(Role.ROOT)
    said = KeyStatement(act=Act.REVOKE, role=Role.ROOT, key=root.public, **words_)  # type: ignore[arg-type]
    key_statement(yard.store, spare, read_ledger(yard.store).authority, said)
    yard.site.seal()
    grant = said_now(Act.GRANT, Role.OWNER, SigningKey.generate().public, yard.site.now)
    origin = read_ledger(yard.store).info.origin
    envelope = dsse.sign(root, dsse.IN_TOTO, build("key", grant.subjects, grant.predicate(origin)))
    yard.store.put(statement_key("key", digest_of(envelope)), envelope)
    yard.site.seal()
    forced(yard, [digest_of(envelope)])
    yard.site.seal()
    assert len(read_ledger(yard.store).authority.held_by(Role.OWNER)) == 1
    assert not yard.verify().failed


@pytest.mark.parametrize("changes", [{"by": ""}, {"reason": 1}, {"more": 1}, {"at": "now"}])
def test_a_review_that_is_not_as_we_write_it_adopts_nothing(yard: Yard, changes: dict[str, object]) -> None:
    late = yard.late_run()
    predicate = {**review_predicate(by="x", reason="x", at=yard.site.now), **changes}
    subjects = review_subjects(yard.plan, late)
    append(yard.store, yard.old, kind="review", predicate=predicate, subjects=subjects)
    yard.site.seal()
    assert yard.parts == 3
    for bad in (subjects[:1], (*subjects, subjects[-1]), (subjects[0], Subject(name="x", digest=late[0]))):
        append(yard.store, yard.old, kind="review", predicate=dict(predicate), subjects=bad)
    yard.site.seal()
    assert yard.parts == 3
    with pytest.raises(Error):
        yard.adopt([digest_of(b"x")])
