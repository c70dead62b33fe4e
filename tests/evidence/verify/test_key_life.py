"""Keys that were rotated, retired and revoked: what they sign afterwards is found, what they signed before stays."""

from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import pytest

from evidence.errors import Error
from evidence.log import dsse
from evidence.log.chain import Leaf, dump_batch, in_order, load_batch
from evidence.log.hints import read_hint, write_hint
from evidence.log.history import History
from evidence.log.keylife import key_statement, lives, one_key
from evidence.log.keyring import Keyring, Role
from evidence.log.keys import SigningKey
from evidence.log.keystatement import Act, KeyStatement, said_now
from evidence.log.ledger import read_ledger
from evidence.log.merkle import Frontier
from evidence.log.note import Checkpoint, sign_checkpoint
from evidence.log.statement import build
from evidence.model.names import Digest, digest_of
from evidence.store.layout import batch_key, checkpoint_key, statement_key
from evidence.store.memory import Vault
from evidence.verify.result import Report, Status
from evidence.verify.verifier import verify


@dataclass(slots=True)
class Plant:
    """A log with one sealed run, its keys, and what can be said of them."""

    site: Any
    plan: Digest
    spare: SigningKey

    @property
    def store(self) -> Vault:
        return self.site.store  # type: ignore[no-any-return]

    @property
    def root(self) -> Any:
        return self.site.keyring.key(Role.ROOT)

    @property
    def size(self) -> int:
        return read_ledger(self.store).chain.size

    def verify(self) -> Report:
        return verify(self.store, trusted_root=self.root.public)

    def say(self, said: KeyStatement, *, root: Any = None) -> Digest:
        return key_statement(self.store, root or self.root, read_ledger(self.store).authority, said)

    def rotate(self, role: Role) -> SigningKey:
        """Introduce another key, seal with the old ones, and go on with it; return it."""
        key = SigningKey.generate()
        self.say(said_now(Act.GRANT, role, key.public, self.site.now))
        self.site.seal()
        held = self.site.keyring
        earlier = {role: (held.key(role).public,)}
        self.site.keyring = Keyring(
            signing={**held.signing, role: key}, redaction=held.redaction, spare=held.spare, earlier=earlier
        )
        return key

    def revoke(self, role: Role, *, since: int, key: Any = None, root: Any = None) -> Digest:
        held = key or self.site.keyring.key(role)
        said = KeyStatement(
            act=Act.REVOKE, role=role, key=held.public, at="2026-07-23T00:00:00Z", distrust_from=since, reason="stolen"
        )
        return self.say(said, root=root)

    def kinds(self) -> list[str]:
        return [leaf.kind for leaf in read_ledger(self.store).chain.leaves]


@pytest.fixture
def plant(vectors: ModuleType) -> Iterator[Plant]:
    """After the test everything is put back, and verifies as before."""
    site = vectors.Site(store=Vault(), keyring=vectors.fixed_keyring())
    site.begin()
    made = Plant(site=site, plan=site.plan(), spare=vectors.fixed_key("spare"))
    site.run(made.plan)
    site.seal()
    whole = site.store.snapshot()
    assert holds(made.verify())
    yield made
    site.store.restore(whole)
    assert holds(made.verify())


def holds(report: Report) -> bool:
    return {step.number for step in report.steps if step.status is Status.PASSED} == {1, 2, 3, 4, 6, 7, 8, 9, 10}


def failed(report: Report) -> set[int]:
    return {step.number for step in report.failed}


def said(report: Report, number: int) -> str:
    return "\n".join(report.steps[number - 1].details)


def force_leaves(plant: Plant, leaves: list[Leaf], *, sealer: Any = None) -> None:
    """Log leaves without asking anybody, as a dishonest sealer would."""
    chain = read_ledger(plant.store).chain
    plant.store.force(batch_key(chain.size), dump_batch(in_order(leaves)))
    frontier = Frontier()
    for name in plant.store.keys("log/batch/"):
        frontier.extend(leaf.line for leaf in load_batch(plant.store.get(name), name))
    origin = read_ledger_origin(plant)
    note = sign_checkpoint(
        sealer or plant.site.keyring.key(Role.SEALER),
        Checkpoint(origin=origin, size=frontier.size, root=frontier.root()),
    )
    plant.store.force(checkpoint_key(frontier.size), note)
    plant.store.force("log/checkpoint", note)


def read_ledger_origin(plant: Plant) -> str:
    from evidence.log.chain import read_store_info

    return read_store_info(plant.store).origin


def waiting_part(plant: Plant) -> Leaf:
    """Return the leaf of the newest part nobody sealed."""
    logged = {leaf.statement for leaf in read_ledger(plant.store).chain.leaves}
    parts = [Digest(f"sha256:{key.split('/')[-1][:64]}") for key in plant.store.keys("parts/")]
    return Leaf("part", next(part for part in parts if part not in logged))


def test_both_keys_of_a_role_are_valid_until_the_old_one_is_retired(plant: Plant) -> None:
    old = plant.site.keyring
    plant.rotate(Role.COLLECTOR)
    plant.site.run(plant.plan)
    new, plant.site.keyring = plant.site.keyring, old
    plant.site.run(plant.plan)
    plant.site.keyring = new
    plant.site.seal()
    assert holds(plant.verify())
    assert plant.kinds().count("part") == 9
    plant.say(said_now(Act.RETIRE, Role.COLLECTOR, old.key(Role.COLLECTOR).public, plant.site.now))
    plant.site.seal()
    report = plant.verify()
    assert holds(report), "what it signed before stays"
    assert f"collector {old.key(Role.COLLECTOR).public.id}: retired" in said(report, 3)


@pytest.mark.parametrize("most", [1, 2, 3, 4, 5, 6, 7, 8])
def test_a_retirement_waits_for_what_its_key_signed_however_small_batches_are(
    plant: Plant, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    old = plant.site.keyring
    plant.rotate(Role.COLLECTOR)
    new, plant.site.keyring = plant.site.keyring, old
    plant.site.run(plant.plan)
    plant.site.run(plant.plan)
    plant.site.keyring = new
    plant.say(said_now(Act.RETIRE, Role.COLLECTOR, old.key(Role.COLLECTOR).public, plant.site.now))
    monkeypatch.setattr("evidence.log.seal.MAX_BATCH_LEAVES", most)
    plant.site.seal()
    report = plant.verify()
    assert holds(report)
    assert f"collector {old.key(Role.COLLECTOR).public.id}: retired" in said(report, 3)
    assert "quarantine" not in plant.kinds()
    assert plant.kinds().count("part") == 9


@pytest.mark.parametrize("act", [Act.RETIRE, Act.REVOKE])
def test_a_seal_that_dies_with_the_end_of_the_sealer_before_it_is_completed(
    plant: Plant, monkeypatch: pytest.MonkeyPatch, act: Act
) -> None:
    """Between batch and checkpoint the newest checkpoint is signed by a key that the batch ends."""
    old = plant.site.keyring.key(Role.SEALER)
    plant.rotate(Role.SEALER)
    if act is Act.RETIRE:
        plant.say(said_now(Act.RETIRE, Role.SEALER, old.public, plant.site.now))
    else:
        plant.revoke(Role.SEALER, since=plant.size, key=old)
    before = plant.size
    with monkeypatch.context() as patch:
        patch.setattr("evidence.log.seal.sign_checkpoint", lambda *_: 1 // 0)
        with pytest.raises(ZeroDivisionError):
            plant.site.seal()
    assert plant.size == before + 1
    assert History.read(plant.store).size == before
    assert plant.site.seal().size == before + 1
    assert holds(plant.verify())


def test_what_a_retired_key_signs_is_set_aside(plant: Plant) -> None:
    old = plant.site.keyring
    plant.rotate(Role.COLLECTOR)
    plant.say(said_now(Act.RETIRE, Role.COLLECTOR, old.key(Role.COLLECTOR).public, plant.site.now))
    plant.site.seal()
    plant.site.keyring = old
    plant.site.run(plant.plan)
    plant.site.seal()
    report = plant.verify()
    assert plant.kinds().count("quarantine") == 3
    assert not failed(report)
    assert "is a collector that was retired" in said(report, 6)
    assert len(list(History.read(plant.store).parts())) == 3


def test_a_part_of_a_retired_key_that_a_sealer_logs_all_the_same_is_found(plant: Plant) -> None:
    old = plant.site.keyring
    plant.rotate(Role.COLLECTOR)
    plant.say(said_now(Act.RETIRE, Role.COLLECTOR, old.key(Role.COLLECTOR).public, plant.site.now))
    plant.site.seal()
    plant.site.keyring = old
    plant.site.run(plant.plan)
    force_leaves(plant, [waiting_part(plant)])
    report = plant.verify()
    assert 6 in failed(report)
    assert "is a collector that was retired" in said(report, 6)


def test_a_retirement_waits_for_what_the_key_signed_before(plant: Plant) -> None:
    old = plant.site.keyring
    plant.rotate(Role.COLLECTOR)
    new, plant.site.keyring = plant.site.keyring, old
    plant.site.run(plant.plan)
    plant.site.keyring = new
    plant.say(said_now(Act.RETIRE, Role.COLLECTOR, old.key(Role.COLLECTOR).public, plant.site.now))
    plant.site.seal()
    assert plant.kinds()[-4:] == ["part", "part", "part", "key"]
    assert holds(plant.verify())


def test_a_retirement_that_waits_takes_nothing_from_what_waits_with_it(plant: Plant) -> None:
    """A plan signed before its key's retirement, neither of them sealed: both are fit to be."""
    old = plant.site.keyring
    plant.rotate(Role.PLANNER)
    new, plant.site.keyring = plant.site.keyring, old
    plant.site.plan(())
    plant.site.keyring = new
    plant.say(said_now(Act.RETIRE, Role.PLANNER, old.key(Role.PLANNER).public, plant.site.now))
    assert not failed(plant.verify())
    plant.site.seal()
    assert plant.kinds()[-2:] == ["plan", "key"]


def test_two_retirements_of_one_key_do_not_stop_the_seal(plant: Plant) -> None:
    old = plant.site.keyring.key(Role.COLLECTOR).public
    plant.rotate(Role.COLLECTOR)
    for hour in ("01", "02"):
        plant.say(KeyStatement(act=Act.RETIRE, role=Role.COLLECTOR, key=old, at=f"2026-07-23T{hour}:00:00Z"))
    plant.site.seal()
    assert plant.kinds()[-2:] == ["key", "quarantine"]
    assert not failed(plant.verify())


def test_what_a_revoked_key_signed_from_a_leaf_on_supports_nothing(plant: Plant) -> None:
    begin, before = plant.size, len(list(History.read(plant.store).parts()))
    plant.site.run(plant.plan)
    plant.site.seal()
    assert holds(plant.verify())
    stolen = plant.site.keyring.key(Role.COLLECTOR)
    plant.rotate(Role.COLLECTOR)
    plant.site.run(plant.plan)
    plant.revoke(Role.COLLECTOR, since=begin, key=stolen)
    plant.site.seal()
    report = plant.verify()
    assert not failed(report)
    assert report.steps[5].status is Status.NOT_CHECKED
    assert "3 statements by keys that were revoked since support nothing: 3 part" in said(report, 6)
    assert len(list(History.read(plant.store).parts())) == before + 3, "the new key's part counts"
    assert f"revoked, distrusted from leaf {begin} on" in said(report, 3)


def test_what_was_known_before_a_revocation_can_still_be_read_as_it_was(plant: Plant) -> None:
    begin = plant.size
    plant.site.run(plant.plan)
    size = plant.site.seal().size
    plant.rotate(Role.COLLECTOR)
    plant.revoke(Role.COLLECTOR, since=begin, key=plant_key(plant, "collector"))
    plant.site.seal()
    assert len(list(History.read(plant.store, size=size).parts())) == 6
    assert len(list(History.read(plant.store).parts())) == 3


def plant_key(_plant: Plant, name: str) -> SigningKey:
    """Return the key a role began with."""
    import hashlib

    return SigningKey.from_seed(hashlib.sha256(f"plantproof test key {name}".encode()).digest())


def test_what_a_revoked_key_signs_later_is_set_aside_and_found_where_it_is_logged(plant: Plant) -> None:
    plant.rotate(Role.COLLECTOR)
    plant.revoke(Role.COLLECTOR, since=plant.size, key=plant_key(plant, "collector"))
    plant.site.seal()
    whole = plant.store.snapshot()
    assert holds(plant.verify()), "nothing was signed after it"
    honest = plant.site.keyring
    plant.site.keyring = Keyring(
        signing={**honest.signing, Role.COLLECTOR: plant_key(plant, "collector")}, redaction=honest.redaction
    )
    plant.site.run(plant.plan)
    waiting = plant.store.snapshot()
    force_leaves(plant, [waiting_part(plant)])
    assert 6 in failed(plant.verify())
    plant.store.restore(waiting)
    plant.site.keyring = honest
    plant.site.seal()
    report = plant.verify()
    assert not failed(report)
    assert "is a collector that was revoked" in said(report, 6)
    plant.store.restore(whole)


def test_a_stolen_sealer_key_signs_for_nothing_once_it_is_revoked(plant: Plant) -> None:
    thief = plant.site.keyring.key(Role.SEALER)
    plant.rotate(Role.SEALER)
    plant.revoke(Role.SEALER, since=plant.size, key=thief)
    plant.site.seal()
    assert holds(plant.verify())
    plant.site.run(plant.plan)
    force_leaves(plant, [waiting_part(plant)], sealer=thief)
    report = plant.verify()
    assert failed(report) == {4}
    assert "the key is no sealer's of this log" in said(report, 4)


def test_checkpoints_of_a_sealer_that_was_revoked_back_then_rest_on_a_later_one(plant: Plant) -> None:
    begin = plant.size
    plant.site.run(plant.plan)
    plant.site.seal()
    thief = plant.site.keyring.key(Role.SEALER)
    plant.rotate(Role.SEALER)
    plant.revoke(Role.SEALER, since=begin, key=thief)
    newest = plant.site.seal().size
    report = plant.verify()
    assert not failed(report)
    assert "2 checkpoints by a sealer that was revoked since" in said(report, 4)
    other = plant.store.snapshot()
    plant.store.force(checkpoint_key(newest), sign_checkpoint(thief, read_ledger(plant.store).here))
    assert 4 in failed(plant.verify())
    plant.store.restore(other)
    assert not failed(plant.verify())


def test_what_a_revoked_sealer_set_aside_counts_again(plant: Plant) -> None:
    from evidence.log.quarantine import quarantine_predicate
    from evidence.log.statement import Subject
    from evidence.log.writer import append

    plant.site.run(plant.plan)
    part = waiting_part(plant)
    key = next(key for key in plant.store.keys("parts/") if part.statement[7:] in key)
    predicate = quarantine_predicate(key, part.statement, "it says what I do not like", plant.site.now)
    subjects = (Subject(name="object", digest=part.statement),)
    begin = plant.size
    append(plant.store, plant.site.keyring, kind="quarantine", predicate=predicate, subjects=subjects)
    plant.site.seal()
    assert part not in read_ledger(plant.store).chain.leaves
    plant.rotate(Role.SEALER)
    plant.revoke(Role.SEALER, since=begin, key=plant_key(plant, "sealer"))
    plant.site.seal()
    plant.site.seal()
    assert part in read_ledger(plant.store).chain.leaves
    assert not failed(plant.verify())


def forced_key_statement(plant: Plant, signer: Any, statement: KeyStatement) -> Leaf:
    """Keep a key statement nobody would accept."""
    payload = build("key", statement.subjects, statement.predicate(read_ledger_origin(plant)))
    envelope = dsse.sign(signer, dsse.IN_TOTO, payload)
    plant.store.force(statement_key("key", digest_of(envelope)), envelope)
    return Leaf("key", digest_of(envelope))


@pytest.mark.parametrize("role", [Role.PLANNER, Role.COLLECTOR, Role.ASSESSOR, Role.SEALER, Role.OWNER])
def test_only_a_root_says_what_becomes_of_a_key(plant: Plant, role: Role) -> None:
    victim = plant.site.keyring.key(Role.OWNER).public
    retire = said_now(Act.RETIRE, Role.OWNER, victim, plant.site.now)
    leaf = forced_key_statement(plant, plant.site.keyring.key(role), retire)
    force_leaves(plant, [leaf])
    report = plant.verify()
    assert 3 in failed(report)
    assert "only the root may sign it" in said(report, 3)


def test_the_spare_root_does_what_the_root_may_and_alone_revokes_it(plant: Plant) -> None:
    key = SigningKey.generate()
    plant.say(said_now(Act.GRANT, Role.COLLECTOR, key.public, plant.site.now), root=plant.spare)
    plant.site.seal()
    assert holds(plant.verify())
    for victim, signer in ((plant.root, plant.root), (plant.spare, plant.root), (plant.spare, plant.spare)):
        with pytest.raises(Error, match="only the spare root can revoke a root"):
            plant.revoke(Role.ROOT, since=plant.size, key=victim, root=signer)
    plant.revoke(Role.ROOT, since=plant.size, key=plant.root, root=plant.spare)
    plant.site.seal()
    assert holds(plant.verify())
    with pytest.raises(Error, match="is a root that was revoked"):
        plant.say(said_now(Act.GRANT, Role.OWNER, SigningKey.generate().public, plant.site.now))
    leaf = forced_key_statement(
        plant, plant.root, said_now(Act.GRANT, Role.SEALER, SigningKey.generate().public, plant.site.now)
    )
    force_leaves(plant, [leaf])
    assert 3 in failed(plant.verify())


def test_a_root_revoked_by_the_root_itself_is_found(plant: Plant) -> None:
    statement = KeyStatement(
        act=Act.REVOKE, role=Role.ROOT, key=plant.spare.public, at="2026-07-23T00:00:00Z", distrust_from=0, reason="x"
    )
    force_leaves(plant, [forced_key_statement(plant, plant.root, statement)])
    report = plant.verify()
    assert 3 in failed(report)
    assert "only the spare root can revoke a root" in said(report, 3)


def test_what_has_ended_is_not_begun_again(plant: Plant) -> None:
    old = plant.site.keyring.key(Role.COLLECTOR).public
    plant.rotate(Role.COLLECTOR)
    plant.say(said_now(Act.RETIRE, Role.COLLECTOR, old, plant.site.now))
    plant.site.seal()
    with pytest.raises(Error, match="what has ended is not begun again"):
        plant.say(said_now(Act.GRANT, Role.COLLECTOR, old, plant.site.now))
    plant.revoke(Role.COLLECTOR, since=0, key=plant_key(plant, "collector"))
    plant.site.seal()
    assert "3 part" in said(plant.verify(), 6), "a retired key can still be revoked"


def test_working_memory_outlives_a_rotation_and_not_a_revocation(plant: Plant) -> None:
    write_hint(plant.store, plant.site.keyring, "host-keys", [{"address": "192.0.2.1", "key": "SHA256:x"}])
    old = plant.site.keyring
    plant.rotate(Role.COLLECTOR)
    assert read_hint(plant.store, plant.site.keyring, "host-keys") is not None
    assert holds(plant.verify())
    plant.revoke(Role.COLLECTOR, since=plant.size, key=old.key(Role.COLLECTOR))
    plant.site.seal()
    report = plant.verify()
    assert not failed(report)
    assert "signed with a key that was revoked since; it is as good as none" in said(report, 10)


def test_the_life_of_each_key_is_told(plant: Plant) -> None:
    old = plant.site.keyring.key(Role.COLLECTOR).public
    plant.rotate(Role.COLLECTOR)
    plant.say(said_now(Act.RETIRE, Role.COLLECTOR, old, plant.site.now))
    plant.site.seal()
    (life,) = one_key(read_ledger(plant.store), old.id[:20])
    assert (life.role, life.since > 0, life.state) == (Role.COLLECTOR, True, f"retired at leaf {plant.size - 1}")
    assert [one.role for one in lives(read_ledger(plant.store))][:2] == [Role.ROOT, Role.ROOT]
    with pytest.raises(Error, match="expected the fingerprint of one key"):
        one_key(read_ledger(plant.store), "SHA256:")
