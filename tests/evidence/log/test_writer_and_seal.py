"""Making a log, and making statements count."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import nullcontext, suppress
from datetime import timedelta
from types import ModuleType

import pytest

from evidence.errors import Error
from evidence.log import dsse
from evidence.log import seal as seal_module
from evidence.log.authority import AuthorityError, found
from evidence.log.canonical import dumps
from evidence.log.chain import LogError, RolledBackError, load_batch, read_chain, read_store_info
from evidence.log.hints import read_hint
from evidence.log.history import History
from evidence.log.keylife import key_statement
from evidence.log.keyring import Keyring, NoKeyError, Role
from evidence.log.keys import SigningKey
from evidence.log.keystatement import Act, said_now
from evidence.log.ledger import read_ledger
from evidence.log.note import Checkpoint, read_checkpoint
from evidence.log.quarantine import Quarantine
from evidence.log.review import review_predicate, review_subjects
from evidence.log.seal import SealError, seal
from evidence.log.statement import StatementError, Subject, build
from evidence.log.writer import append, create_log
from evidence.model.names import digest_of, hex_of
from evidence.store.directory import DirectoryStore
from evidence.store.interface import BusyError, MissingError, Store, StoreError
from evidence.store.layout import (
    STORE_KEY,
    batch_key,
    blob_key,
    checkpoint_key,
    is_hint,
    part_key,
    statement_key,
)
from evidence.store.memory import MemoryStore
from evidence.verify.verifier import verify

OBJECT = (Subject(name="object", digest=digest_of(b"x")),)


@pytest.fixture
def site(vectors: ModuleType, memory: MemoryStore, keyring: Keyring) -> object:
    made = vectors.Site(store=memory, keyring=keyring)
    made.begin()
    return made


def holds(store: Store) -> bool:
    return not verify(store).failed


def without(keyring: Keyring, *roles: Role) -> Keyring:
    return Keyring(signing={role: key for role, key in keyring.signing.items() if role not in roles})


# Making a log


def test_a_new_log_says_whose_it_is(site: object, memory: MemoryStore) -> None:
    info = read_store_info(memory)
    assert info.owner == "acme"
    assert info.origin == f"plantproof.example/acme/{hex_of(info.genesis)[:16]}"
    authority = found(memory.get(statement_key("genesis", info.genesis)))
    assert (authority.origin, authority.owner, authority.at) == (info.origin, "acme", "2026-07-22T02:00:00Z")
    assert authority.spare is not None


def test_every_key_but_the_roots_is_introduced(site: object, memory: MemoryStore) -> None:
    assert len(list(memory.keys("statements/key/"))) == 5
    assert len(list(memory.keys("statements/genesis/"))) == 1
    assert len(list(memory.keys(""))) == 7


def test_an_owner_of_any_name_has_a_log(vectors: ModuleType, memory: MemoryStore, keyring: Keyring) -> None:
    authority = create_log(memory, keyring, owner="Müller & Söhne", domain="plantproof.example", at=vectors.START)
    assert authority.owner == "Müller & Söhne"
    assert authority.origin.startswith("plantproof.example/m-ller-s-hne-")
    seal(memory, keyring, at=vectors.START)
    assert holds(memory)


@pytest.mark.parametrize(
    "domain", ["", "Example", "a b", "-a", "a-", "a..b", "a/b", "x" * 254, "ä.example", "a.example\n"]
)
def test_a_domain_is_a_dns_name(vectors: ModuleType, memory: MemoryStore, keyring: Keyring, domain: str) -> None:
    with pytest.raises(AuthorityError, match="expected a domain"):
        create_log(memory, keyring, owner="acme", domain=domain, at=vectors.START)
    assert list(memory.keys("")) == []


def test_making_a_log_again_changes_nothing(
    site: object, vectors: ModuleType, memory: MemoryStore, keyring: Keyring
) -> None:
    before = list(memory.keys(""))
    later = vectors.START + timedelta(days=9)
    again = create_log(memory, keyring, owner="somebody else", domain="other.example", at=later)
    assert again.owner == "acme"
    assert list(memory.keys("")) == before
    assert create_log(memory, without(keyring, Role.ROOT), owner="acme", domain="x.example", at=later).owner == "acme"


def test_a_log_of_another_root_is_not_taken_over(site: object, vectors: ModuleType, memory: MemoryStore) -> None:
    other = Keyring(signing={role: SigningKey.generate() for role in Role})
    with pytest.raises(AuthorityError, match="the store belongs to acme") as caught:
        create_log(memory, other, owner="acme", domain="plantproof.example", at=vectors.START)
    assert caught.value.hint


def test_a_log_needs_a_root_key(vectors: ModuleType, memory: MemoryStore, keyring: Keyring) -> None:
    with pytest.raises(NoKeyError, match="root"):
        create_log(memory, without(keyring, Role.ROOT), owner="acme", domain="plantproof.example", at=vectors.START)


def test_a_store_that_lost_its_genesis_gets_no_new_one(
    site: object, vectors: ModuleType, memory: MemoryStore, keyring: Keyring
) -> None:
    memory._objects.pop(statement_key("genesis", read_store_info(memory).genesis))
    with pytest.raises(MissingError, match="genesis"):
        create_log(memory, keyring, owner="acme", domain="plantproof.example", at=vectors.START)


class Mortal(MemoryStore):
    """A store whose writer dies before the nth write."""

    def __init__(self) -> None:
        super().__init__()
        self.left = 10**9

    def _live(self) -> None:
        if not self.left:
            raise ZeroDivisionError("dead")
        self.left -= 1

    def put(self, key: str, data: bytes) -> None:
        self._live()
        super().put(key, data)

    def replace(self, key: str, data: bytes) -> None:
        self._live()
        super().replace(key, data)


@pytest.mark.parametrize("writes", range(8))
def test_a_log_half_made_is_completed(vectors: ModuleType, keyring: Keyring, writes: int) -> None:
    store = Mortal()
    store.left = writes
    with suppress(ZeroDivisionError):
        create_log(store, keyring, owner="acme", domain="plantproof.example", at=vectors.START)
    store.left = 10**9
    later = vectors.START + timedelta(days=1)
    made = create_log(store, keyring, owner="acme", domain="plantproof.example", at=later)
    assert made.at == ("2026-07-22T02:00:00Z" if writes else "2026-07-23T02:00:00Z")
    assert len(list(store.keys(""))) == 7
    seal(store, keyring, at=later)
    assert holds(store)


def test_two_beginnings_are_one_too_many(vectors: ModuleType, memory: MemoryStore, keyring: Keyring) -> None:
    for owner in ("a", "b"):
        other = MemoryStore()
        create_log(other, keyring, owner=owner, domain="plantproof.example", at=vectors.START)
        key = next(other.keys("statements/genesis/"))
        memory.put(key, other.get(key))
    with pytest.raises(AuthorityError, match="at most one genesis"):
        create_log(memory, keyring, owner="a", domain="plantproof.example", at=vectors.START)


# Adding statements


def test_a_statement_is_kept_under_its_own_digest(site: object, memory: MemoryStore, keyring: Keyring) -> None:
    digest = append(memory, keyring, kind="quarantine", predicate={"n": 1}, subjects=OBJECT)
    data = memory.get(statement_key("quarantine", digest))
    assert digest_of(data) == digest
    payload = dsse.read(data, dsse.IN_TOTO, at_most=10_000).verify(keyring.key(Role.SEALER).public)
    assert payload == build("quarantine", OBJECT, {"n": 1, "log": read_store_info(memory).origin})


@pytest.mark.parametrize("kind", ["genesis", "key", "nonsense", ""])
def test_what_is_not_appended_is_refused(site: object, memory: MemoryStore, keyring: Keyring, kind: str) -> None:
    with pytest.raises(StatementError, match="no statement of kind"):
        append(memory, keyring, kind=kind, predicate={}, subjects=OBJECT)


def test_a_statement_needs_the_key_of_its_role(site: object, memory: MemoryStore, keyring: Keyring) -> None:
    with pytest.raises(NoKeyError, match="sealer"):
        append(memory, without(keyring, Role.SEALER), kind="quarantine", predicate={}, subjects=OBJECT)


def test_a_statement_is_bounded(
    site: object, memory: MemoryStore, keyring: Keyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    from evidence.log import writer

    monkeypatch.setattr(writer, "MAX_STATEMENT_BYTES", 1000)
    with pytest.raises(StatementError, match="at most 1000") as caught:
        append(memory, keyring, kind="quarantine", predicate={"n": "x" * 1000}, subjects=OBJECT)
    assert caught.value.hint == "use more chunks"


# Sealing


def test_the_first_seal_makes_genesis_and_keys_count(site, memory: MemoryStore) -> None:  # type: ignore[no-untyped-def]
    checkpoint = site.seal()
    assert checkpoint.size == 6
    assert checkpoint.origin == read_store_info(memory).origin
    assert [leaf.kind for leaf in read_chain(memory).leaves] == ["genesis"] + ["key"] * 5
    assert read_checkpoint(memory.get(checkpoint_key(6))).checkpoint == checkpoint
    assert memory.get("log/checkpoint") == memory.get(checkpoint_key(6))
    assert holds(memory)


def test_leaves_are_ordered_by_kind_then_digest(site, memory: MemoryStore) -> None:  # type: ignore[no-untyped-def]
    site.run(site.plan())
    site.seal()
    leaves = load_batch(memory.get(batch_key(0)), "batch")
    assert [leaf.kind for leaf in leaves] == ["genesis"] + ["key"] * 5 + ["plan"] + ["part"] * 3
    for kind in ("key", "part"):
        digests = [leaf.statement for leaf in leaves if leaf.kind == kind]
        assert digests == sorted(digests)


def test_a_seal_with_nothing_new_changes_nothing(site, memory: MemoryStore) -> None:  # type: ignore[no-untyped-def]
    first = site.seal()
    before = {key: memory.get(key) for key in memory.keys("")}
    assert site.seal() == first
    assert {key: memory.get(key) for key in memory.keys("")} == before


def test_a_log_grows_and_keeps_its_past(site, memory: MemoryStore) -> None:  # type: ignore[no-untyped-def]
    plan = site.plan()
    seals = []
    for _ in range(4):
        site.run(plan)
        seals.append(site.seal())
    assert [s.size for s in seals] == [10, 13, 16, 19]
    assert not verify(memory, pins=seals).failed
    assert dict(read_chain(memory).roots) | {s.size: s.root for s in seals} == dict(read_chain(memory).roots)


def test_large_seals_take_several_batches(site, memory: MemoryStore, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(seal_module, "MAX_BATCH_LEAVES", 7)
    site.run(site.plan())
    assert site.seal().size == 10
    assert list(memory.keys("log/batch/")) == [batch_key(n) for n in (0, 7)]
    assert list(memory.keys("log/checkpoints/")) == [checkpoint_key(n) for n in (7, 10)]
    monkeypatch.undo()
    assert holds(memory)


class Listed(MemoryStore):
    """A store that counts its listings and lets somebody in once a checkpoint is written, or a batch."""

    def __init__(self) -> None:
        super().__init__()
        self.listed: Counter[str] = Counter()
        self.after = "log/checkpoints/"
        self.then: Callable[[], object] | None = None

    def keys(self, prefix: str) -> Iterator[str]:
        self.listed[prefix] += 1
        return super().keys(prefix)

    def put(self, key: str, data: bytes) -> None:
        super().put(key, data)
        if key.startswith(self.after) and self.then is not None:
            then, self.then = self.then, None
            then()


@pytest.fixture
def listed(vectors: ModuleType, keyring: Keyring) -> object:
    made = vectors.Site(store=Listed(), keyring=keyring)
    made.begin()
    made.run(made.plan())
    made.store.listed.clear()
    return made


@pytest.mark.parametrize(("most", "batches"), [(2, 5), (3, 4), (5, 2), (9, 2), (10, 1), (11, 1)])
def test_what_one_batch_has_no_room_for_is_not_looked_for_again(
    listed, monkeypatch: pytest.MonkeyPatch, most: int, batches: int
) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(seal_module, "MAX_BATCH_LEAVES", most)
    assert listed.seal().size == 10
    assert listed.store.listed["parts/"] == listed.store.listed["statements/"] == 1
    assert len(list(listed.store.keys("log/batch/"))) == batches
    assert holds(listed.store)


@pytest.mark.parametrize("after", ["log/batch/", "log/checkpoints/"])
@pytest.mark.parametrize("most", [2, 8, 9])
def test_another_sealer_between_two_batches_is_found(
    listed, monkeypatch: pytest.MonkeyPatch, most: int, after: str
) -> None:  # type: ignore[no-untyped-def]
    """What he has sealed is not looked at again, by then under other keys."""

    def somebody_else() -> None:
        listed.run(listed.plan())
        listed.seal()
        authority, key = read_ledger(listed.store).authority, listed.keyring.key(Role.COLLECTOR).public
        key_statement(
            listed.store,
            listed.keyring.key(Role.ROOT),
            authority,
            said_now(Act.RETIRE, Role.COLLECTOR, key, listed.now),
        )
        listed.seal()

    monkeypatch.setattr(seal_module, "MAX_BATCH_LEAVES", most)
    monkeypatch.setattr(seal_module, "locked", lambda _store, wait_s: nullcontext())
    listed.store.after, listed.store.then = after, somebody_else
    listed.seal()
    kinds = [leaf.kind for leaf in read_chain(listed.store).leaves]
    assert (len(kinds), kinds.count("part"), kinds.count("quarantine")) == (14, 6, 0)
    assert holds(listed.store)


def test_a_sealed_part_that_is_gone_speaks_against_no_other(listed, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    listed.seal()
    sealed = {key: listed.store.get(key) for key in listed.store.keys("parts/")}
    listed.run(listed.plan())
    monkeypatch.setattr(seal_module, "MAX_BATCH_LEAVES", 1)
    listed.store.then = lambda: [listed.store._objects.pop(key) for key in sealed]
    listed.seal()
    with pytest.raises(LogError, match=r"the logged part .* is missing"):
        listed.seal()
    listed.store._objects |= sealed
    kinds = [leaf.kind for leaf in read_chain(listed.store).leaves]
    assert (kinds.count("part"), kinds.count("quarantine")) == (6, 0)
    assert holds(listed.store)


@pytest.mark.parametrize("reason", ["a", "b", "c", "d"])
def test_what_a_review_adopts_and_lacks_a_blob_is_set_aside_once(site, memory: MemoryStore, reason: str) -> None:  # type: ignore[no-untyped-def]
    """By the digests of both, the review stands before the quarantine or after it."""
    plan = site.plan()
    site.seal()
    part = site.run(plan)[1]
    whole = memory._objects.pop(blob_key(digest_of(b"1.3.6.1.2.1.1.5.0 s press-7\n")))
    predicate = review_predicate(by="B. Owner", reason=reason, at=site.now)
    append(memory, site.keyring, kind="review", predicate=predicate, subjects=review_subjects(plan, [part]))
    site.seal()
    seal(memory, site.keyring, at=site.now)
    kinds = [leaf.kind for leaf in read_chain(memory).leaves]
    assert (kinds.count("part"), kinds.count("quarantine"), kinds.count("review")) == (2, 1, 1)
    memory._objects[blob_key(digest_of(b"1.3.6.1.2.1.1.5.0 s press-7\n"))] = whole
    assert holds(memory)


def test_what_is_written_between_two_batches_is_for_the_next_seal(listed, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(seal_module, "MAX_BATCH_LEAVES", 6)
    listed.store.then = lambda: listed.run(listed.plan())
    assert listed.seal().size == 10
    assert holds(listed.store)
    assert listed.seal().size == 13
    assert holds(listed.store)


def test_a_blob_that_is_gone_between_two_batches_is_missed(listed, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    blobs = {key: data for key, data in listed.store._objects.items() if key.startswith("blobs/")}
    monkeypatch.setattr(seal_module, "MAX_BATCH_LEAVES", 8)
    listed.store.then = lambda: [listed.store._objects.pop(key) for key in blobs]
    assert listed.seal().size == 10
    kinds = [leaf.kind for leaf in read_chain(listed.store).leaves]
    assert (kinds.count("part"), kinds.count("quarantine")) == (1, 2)
    listed.store._objects |= blobs
    assert holds(listed.store)


Spoil = Callable[[Store, Keyring, str], tuple[str, bytes]]


def _resigned(store: Store, keyring: Keyring, key: str, **changes: object) -> bytes:
    """Return the part under `key` with another predicate, signed by the right key."""
    import base64
    import json

    statement = json.loads(base64.b64decode(json.loads(store.get(key))["payload"]))
    statement["predicate"].update(changes)
    return dsse.sign(keyring.key(Role.COLLECTOR), dsse.IN_TOTO, dumps(statement))


def _other_signer(store: Store, keyring: Keyring, key: str) -> tuple[str, bytes]:
    payload = dsse.read(store.get(key), dsse.IN_TOTO, at_most=10**6).payload
    data = dsse.sign(keyring.key(Role.SEALER), dsse.IN_TOTO, payload)
    return part_key("nightly-20260722T0300Z", digest_of(data)), data


def _part(**changes: object) -> Spoil:
    def spoil(store: Store, keyring: Keyring, key: str) -> tuple[str, bytes]:
        data = _resigned(store, keyring, key, **changes)
        return part_key("nightly-20260722T0300Z", digest_of(data)), data

    return spoil


SPOILED: dict[str, tuple[Spoil, str]] = {
    "garbage": (lambda s, k, key: (part_key("x-20260722T0200Z", digest_of(b"x")), b"x"), "not an envelope"),
    "a wrong name": (lambda s, k, key: (part_key("x-20260722T0200Z", digest_of(b"y")), b"x"), "have the digest"),
    "a wrong place": (
        lambda s, k, key: (statement_key("plan", digest_of(s.get(key))), s.get(key)),
        "a statement of kind part lies there",
    ),
    "a wrong slot": (
        lambda s, k, key: (part_key("x-20260722T0200Z", digest_of(s.get(key))), s.get(key)),
        "a part for the slot nightly",
    ),
    "a wrong signer": (_other_signer, "only the collector may sign it"),
    "another log": (_part(log="plantproof.example/acme/0000000000000000"), "made for the log"),
    "an unknown field": (_part(extra=1), "unknown key extra"),
    "a blob that is not there": (_part(assets="sha256:" + "0" * 64), "nothing is kept there"),
    "a wrong length": (_part(assets_bytes=1), "expected 1 bytes"),
}


@pytest.mark.parametrize("name", sorted(SPOILED))
def test_what_fails_a_check_is_set_aside_once_and_the_rest_is_sealed(
    site, memory: MemoryStore, keyring: Keyring, name: str
) -> None:  # type: ignore[no-untyped-def]
    spoil, words = SPOILED[name]
    site.run(site.plan())
    key, data = spoil(memory, keyring, next(memory.keys("parts/")))
    memory.put(key, data)
    checkpoint = site.seal()
    leaves = read_chain(memory).leaves
    assert [leaf.kind for leaf in leaves].count("part") == 3
    assert [leaf.kind for leaf in leaves].count("quarantine") == 1
    history = History.read(memory)
    aside = next(history.open(entry).quarantine for entry in history.statements if entry.kind == "quarantine")
    assert isinstance(aside, Quarantine)
    assert (aside.key, aside.found) == (key, digest_of(data))
    assert words in aside.reason
    assert len(aside.reason) <= 500
    assert site.seal() == checkpoint
    assert holds(memory)
    assert key not in {key for key, _ in history.ledger.quarantined if key != aside.key}


@pytest.mark.parametrize(("at_once", "size"), [(2, 10**6), (3, 10**6), (64, 10**6), (64, 3000)])
def test_parts_checked_together_come_to_what_they_come_to_one_by_one(
    site, memory: MemoryStore, keyring: Keyring, monkeypatch: pytest.MonkeyPatch, at_once: int, size: int
) -> None:  # type: ignore[no-untyped-def]
    for _ in range(3):
        site.run(site.plan())
    site.run(digest_of(b"never planned"))
    for (spoil, _), whole in zip(SPOILED.values(), list(memory.keys("parts/")), strict=False):
        memory.put(*spoil(memory, keyring, whole))
    memory._objects[blob_key(digest_of(b"1.3.6.1.2.1.1.5.0 s press-7\n"))] += b"\x00"
    other = MemoryStore()
    other._objects = dict(memory._objects)
    monkeypatch.setattr(seal_module, "BUNCH", 1)
    site.seal()
    monkeypatch.setattr(seal_module, "BUNCH", at_once)
    monkeypatch.setattr(seal_module, "BUNCH_BYTES", size)
    seal(other, keyring, at=site.now)
    assert other._objects == memory._objects
    kinds = [leaf.kind for leaf in read_chain(memory).leaves]
    assert kinds.count("part") > 3 < kinds.count("quarantine")


def test_a_part_without_a_logged_plan_is_set_aside(site, memory: MemoryStore) -> None:  # type: ignore[no-untyped-def]
    site.run(digest_of(b"never planned"))
    site.seal()
    assert [leaf.kind for leaf in read_chain(memory).leaves[6:]] == ["quarantine"] * 3
    assert holds(memory)


def test_a_damaged_blob_sets_its_part_aside(site, memory: MemoryStore) -> None:  # type: ignore[no-untyped-def]
    site.run(site.plan())
    history = History.read(memory)
    assert history.size == 0
    key = blob_key(digest_of(b"1.3.6.1.2.1.1.5.0 s press-7\n"))
    memory._objects[key] += b"\x00"
    site.seal()
    kinds = [leaf.kind for leaf in read_chain(memory).leaves]
    assert (kinds.count("part"), kinds.count("quarantine")) == (2, 1)


def test_what_was_set_aside_and_is_whole_again_is_sealed(site, memory: MemoryStore) -> None:  # type: ignore[no-untyped-def]
    site.run(site.plan())
    key = next(memory.keys("parts/"))
    whole = memory.get(key)
    memory._objects[key] = whole[:-1]
    site.seal()
    assert holds(memory)
    memory._objects[key] = whole
    site.seal()
    kinds = [leaf.kind for leaf in read_chain(memory).leaves]
    assert (kinds.count("part"), kinds.count("quarantine")) == (3, 1)
    assert holds(memory)


def test_a_copy_of_a_sealed_part_is_set_aside(site, memory: MemoryStore) -> None:  # type: ignore[no-untyped-def]
    site.run(site.plan())
    size = site.seal().size
    key = next(memory.keys("parts/"))
    copy = key.replace("nightly", "aaa")
    memory.put(copy, memory.get(key))
    assert not holds(memory)
    assert len(list(History.read(memory).parts())) == 3
    assert site.seal().size == size + 1
    assert holds(memory)
    assert site.seal().size == size + 1
    assert len(list(History.read(memory).parts())) == 3


def test_a_store_that_cannot_be_read_sets_nothing_aside(
    site, memory: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:  # type: ignore[no-untyped-def]
    site.run(site.plan())
    real = memory.get

    def get(key: str) -> bytes:
        if key.startswith("blobs/"):
            raise StoreError(f"{key}: cannot be read: Input/output error")
        return real(key)

    monkeypatch.setattr(memory, "get", get)
    with pytest.raises(StoreError, match="Input/output"):
        site.seal()
    monkeypatch.undo()
    assert site.seal().size == 10


def test_files_that_are_no_keys_do_not_stop_the_seal(site, memory: MemoryStore) -> None:  # type: ignore[no-untyped-def]
    memory._objects["parts/x/notes~"] = b"x"
    memory._objects["statements/README"] = b"x"
    assert site.seal().size == 6


def test_a_sealer_the_root_never_introduced_seals_nothing(
    site, vectors: ModuleType, memory: MemoryStore, keyring: Keyring
) -> None:  # type: ignore[no-untyped-def]
    stranger = Keyring(signing={**keyring.signing, Role.SEALER: SigningKey.generate()})
    with pytest.raises(AuthorityError, match="only the sealer may sign it"):
        seal(memory, stranger, at=vectors.START)
    assert list(memory.keys("log/")) == []
    with pytest.raises(NoKeyError):
        seal(memory, without(keyring, Role.SEALER), at=vectors.START)


def test_a_rolled_back_store_is_refused_by_memory(site, memory: MemoryStore) -> None:  # type: ignore[no-untyped-def]
    plan = site.plan()
    site.seal()
    site.run(plan)
    site.seal()
    assert site.seal().size == 10
    for key in (batch_key(7), checkpoint_key(10)):
        memory._objects.pop(key)
    with pytest.raises(RolledBackError, match="the log has 7 leaves, it had 10 before"):
        site.seal()
    assert list(memory.keys("log/batch/")) == [batch_key(0)]


def test_a_rolled_back_store_is_refused_by_pin(site, memory: MemoryStore, keyring: Keyring) -> None:  # type: ignore[no-untyped-def]
    site.run(site.plan())
    pin = site.seal()
    for key in list(memory.keys("")):
        if key.startswith(("log/", "state/", "parts/")):
            memory._objects.pop(key)
    site.now += timedelta(days=1)
    with pytest.raises(RolledBackError, match="it had 10 before"):
        seal(memory, keyring, at=site.now, pin=pin)
    forked = site.seal()
    assert forked.size == 7
    for wrong in (
        Checkpoint(origin=pin.origin, size=7, root="0" * 64),
        Checkpoint(origin=pin.origin, size=6, root=pin.root),
    ):
        with pytest.raises(RolledBackError, match="another one"):
            seal(memory, keyring, at=site.now, pin=wrong)
    elsewhere = Checkpoint(origin="plantproof.example/acme/0000000000000000", size=7, root=forked.root)
    with pytest.raises(RolledBackError, match="expected plantproof"):
        seal(memory, keyring, at=site.now, pin=elsewhere)
    assert seal(memory, keyring, at=site.now, pin=forked) == forked


def test_the_sealers_memory_follows_the_log(site, memory: MemoryStore, keyring: Keyring) -> None:  # type: ignore[no-untyped-def]
    here = site.seal()
    assert read_hint(memory, keyring, "anchor", role=Role.SEALER) == {"size": here.size, "root": here.root}
    site.plan()
    here = site.seal()
    assert read_hint(memory, keyring, "anchor", role=Role.SEALER) == {"size": here.size, "root": here.root}


@pytest.mark.parametrize("lost", ["log/checkpoint", "state/anchor.json"])
def test_a_lost_or_damaged_hint_is_made_again(site, memory: MemoryStore, lost: str) -> None:  # type: ignore[no-untyped-def]
    site.seal()
    whole = memory.get(lost)
    memory._objects.pop(lost)
    site.seal()
    assert memory.get(lost) == whole
    memory.replace(lost, b"damaged")
    site.seal()
    assert memory.get(lost) == whole


def test_a_checkpoint_that_is_not_the_batches_stops_everything(site, memory: MemoryStore) -> None:  # type: ignore[no-untyped-def]
    site.plan()
    site.seal()
    memory._objects[batch_key(0)] = memory.get(batch_key(0)).replace(b'"plan"', b'"export"')
    for act in (site.seal, lambda: History.read(memory)):
        with pytest.raises(LogError):
            act()


@pytest.mark.parametrize("writes", range(12))
def test_a_seal_that_died_anywhere_is_completed_by_the_next(vectors: ModuleType, keyring: Keyring, writes: int) -> None:
    store = Mortal()
    site = vectors.Site(store=store, keyring=keyring)
    site.begin()
    site.run(site.plan())
    bad = part_key("x-20260722T0200Z", digest_of(b"x"))
    store.put(bad, b"x")
    store.left = writes
    with suppress(ZeroDivisionError):
        site.seal()
    committed = {key: store.get(key) for key in store.keys("") if not is_hint(key)}
    store.left = 10**9
    checkpoint = site.seal()
    assert checkpoint.size == 11
    assert {key: store.get(key) for key in committed} == committed
    assert [leaf.kind for leaf in read_chain(store).leaves].count("quarantine") == 1
    assert holds(store)
    assert site.seal() == checkpoint


def test_a_batch_nobody_signed_for_is_checked_before_it_is_adopted(site, memory: MemoryStore) -> None:  # type: ignore[no-untyped-def]
    site.seal()
    memory.put(batch_key(6), f'{{"kind":"part","statement":"{digest_of(b"x")}"}}\n'.encode())
    with pytest.raises(SealError, match=f"holds a bad leaf, {digest_of(b'x')}"):
        site.seal()
    assert History.read(memory).size == 6


def test_a_batch_with_a_part_of_no_plan_is_not_adopted(site, memory: MemoryStore) -> None:  # type: ignore[no-untyped-def]
    site.seal()
    part = site.run(digest_of(b"never planned"))[0]
    memory.put(batch_key(6), f'{{"kind":"part","statement":"{part}"}}\n'.encode())
    with pytest.raises(SealError, match="its plan"):
        site.seal()


def test_readers_do_not_see_what_nobody_signed_for(site, memory: MemoryStore) -> None:  # type: ignore[no-untyped-def]
    site.seal()
    site.run(site.plan())
    site.seal()
    memory._objects.pop(checkpoint_key(10))
    memory._objects.pop("state/anchor.json")
    assert History.read(memory).size == 6
    assert site.seal().size == 10


def test_only_one_seals_at_a_time(folder: DirectoryStore, vectors: ModuleType, keyring: Keyring) -> None:
    site = vectors.Site(store=folder, keyring=keyring)
    site.begin()
    with folder.exclusive(wait_s=0), pytest.raises(BusyError) as caught:
        site.seal()
    assert caught.value.exit_code == 75
    assert site.seal().size == 6


def test_blobs_sealed_before_need_only_be_there(site, memory: MemoryStore) -> None:  # type: ignore[no-untyped-def]
    plan = site.plan()
    site.run(plan)
    site.seal()
    site.run(plan)
    key = blob_key(digest_of(b"1.3.6.1.2.1.1.5.0 s press-7\n"))
    whole = memory._objects.pop(key)
    site.seal()
    assert [leaf.kind for leaf in read_chain(memory).leaves].count("quarantine") == 1
    memory._objects[key] = whole
    assert holds(memory)


def test_no_error_of_a_seal_is_another_than_ours(site, memory: MemoryStore) -> None:  # type: ignore[no-untyped-def]
    site.run(site.plan())
    site.seal()
    for key, data in list(memory._objects.items()):
        if is_hint(key):
            continue
        memory._objects[key] = data[: len(data) // 2]
        with suppress(Error):
            site.seal()
        memory._objects[key] = data
        for extra in [k for k in memory._objects if k.startswith("statements/quarantine")]:
            assert extra
    assert site.seal().size >= 10
    assert STORE_KEY in memory._objects
