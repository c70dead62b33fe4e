"""What the log says happened."""

from dataclasses import replace
from types import ModuleType

import pytest

from evidence.errors import Error
from evidence.log import dsse
from evidence.log.chain import Leaf, LogError, check_pin, dump_batch, in_order, load_batch, read_chain, read_store_info
from evidence.log.heads import heads
from evidence.log.hints import HintError, open_hint, read_hint, write_hint
from evidence.log.history import History
from evidence.log.keyring import Keyring, Role
from evidence.log.keys import SigningKey
from evidence.log.opened import Opened
from evidence.model.names import digest_of
from evidence.store.layout import STORE_KEY, batch_key, checkpoint_key, part_key
from evidence.store.memory import MemoryStore


@pytest.fixture
def site(vectors: ModuleType, memory: MemoryStore, keyring: Keyring):  # type: ignore[no-untyped-def]
    made = vectors.Site(store=memory, keyring=keyring)
    made.begin()
    return made


def test_statements_come_in_log_order(vectors: ModuleType, memory: MemoryStore) -> None:
    _, seals = vectors.build(memory)
    history = History.read(memory)
    assert history.checkpoint == seals[-1]
    assert (history.owner, history.origin, history.size) == ("acme", seals[-1].origin, 17)
    assert [entry.index for entry in history.statements] == list(range(17))
    assert [entry.kind for entry in history.statements[:7]] == ["genesis", *["key"] * 5, "plan"]
    assert [history.open(entry).statement.kind for entry in history.statements] == [e.kind for e in history.statements]


def test_what_was_opened_is_held_as_far_as_there_is_room(vectors: ModuleType, memory: MemoryStore) -> None:
    vectors.build(memory)
    history = History.read(memory)
    (first, part), (second, _) = list(history.parts())[:2]
    assert history.open(first).part is part
    opened = Opened(room=len(part.captures))
    for entry in (first, second):
        opened.keep(entry.index, history.open(entry))
    assert (opened.get(first.index), opened.get(second.index), opened.room) == (history.open(first), None, 0)


def test_parts_and_captures_come_oldest_first_or_newest_first(vectors: ModuleType, memory: MemoryStore) -> None:
    vectors.build(memory)
    history = History.read(memory)
    runs = [part.run for _, part in history.parts()]
    assert runs == ["run-1"] * 3 + ["run-2"] * 3 + ["run-3"] * 2
    assert [part.run for _, part in history.parts(newest_first=True)] == runs[::-1]
    assert [(p.run, c.question) for p, c in history.captures()][:2] == [
        ("run-1", "running-config"),
        ("run-1", "system"),
    ]
    assert [(p.run, c.question) for p, c in history.captures(newest_first=True)][:2] == [
        ("run-3", "running-config"),
        ("run-3", "system"),
    ]
    assert {c.asset for _, c in history.captures()} == {asset.id for asset in vectors.ASSETS}
    assert all(c.volatile is not None for _, c in history.captures() if c.transport == "snmp")


def test_what_is_not_sealed_stands_apart(site, memory: MemoryStore) -> None:  # type: ignore[no-untyped-def]
    plan = site.plan()
    site.run(plan)
    assert list(History.read(memory).parts()) == []
    assert list(History.read(memory).unsealed()) == []
    site.seal()
    site.run(plan)
    memory._objects["parts/x/notes~"] = b"x"
    memory._objects[next(memory.keys("parts/")).replace("nightly", "aaa")] = b"x"
    history = History.read(memory)
    assert len(list(history.parts())) == 3
    assert [part.run for part in history.unsealed()] == ["run-2"] * 3


def test_a_log_without_seal_is_empty(site, memory: MemoryStore) -> None:  # type: ignore[no-untyped-def]
    history = History.read(memory)
    assert (history.size, history.statements) == (0, ())
    assert history.checkpoint.root == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_a_damaged_part_is_never_returned(vectors: ModuleType, memory: MemoryStore) -> None:
    vectors.build(memory)
    history = History.read(memory)
    key = history.ledger.places[history.statements[-1].digest][0]
    whole = memory.get(key)
    memory._objects[key] = whole.replace(b"A", b"B", 1)
    with pytest.raises(Error, match="have the digest"):
        list(history.parts())
    memory._objects.pop(key)
    with pytest.raises(Error):
        list(history.parts())
    with pytest.raises(LogError, match="is missing"):
        list(History.read(memory).parts())


def test_authority_grows_leaf_by_leaf(vectors: ModuleType, memory: MemoryStore) -> None:
    vectors.build(memory)
    ledger = History.read(memory).ledger
    assert [len(ledger.authority_at(index).keys) for index in range(9)] == [2, 2, 3, 4, 5, 6, 7, 7, 7]
    assert ledger.authority_at(16) == ledger.authority
    assert ledger.here == History.read(memory).checkpoint


# The log's own objects


def test_a_batch_is_read_back() -> None:
    leaves = in_order(Leaf(kind, digest_of(kind.encode())) for kind in ("part", "plan", "key", "genesis", "findings"))
    assert [leaf.kind for leaf in leaves[:3]] == ["genesis", "key", "plan"]
    assert load_batch(dump_batch(leaves), "b") == leaves
    assert dump_batch(leaves).count(b"\n") == 5


LINE = Leaf("part", digest_of(b"x")).line


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        LINE,
        LINE + b"\n\n",
        LINE + b"\r\n",
        b" " + LINE + b"\n",
        LINE.replace(b'"part"', b'"Part"') + b"\n",
        LINE + b"\n" + LINE + b"\n",
        LINE.replace(b":", b": ") + b"\n",
        LINE.replace(b"sha256", b"sha512") + b"\n",
        LINE[:-1] + b',"x":1}\n',
        LINE + b"\n" + Leaf("plan", digest_of(b"x")).line + b"\n",
    ],
)
def test_what_is_no_batch_is_refused(data: bytes) -> None:
    with pytest.raises(LogError, match="b: "):
        load_batch(data, "b")


def test_batches_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    from evidence.log import chain

    data = dump_batch(in_order([Leaf("part", digest_of(b"x")), Leaf("part", digest_of(b"y"))]))
    monkeypatch.setattr(chain, "MAX_BATCH_LEAVES", 1)
    with pytest.raises(LogError, match="at most 1 leaves"):
        load_batch(data, "b")
    monkeypatch.setattr(chain, "MAX_BATCH_BYTES", len(data) - 1)
    with pytest.raises(LogError, match="bytes of lines"):
        load_batch(data, "b")


def test_batches_follow_each_other(memory: MemoryStore) -> None:
    one, two = (dump_batch([Leaf("part", digest_of(data))]) for data in (b"x", b"y"))
    memory.put(batch_key(0), one)
    memory.put(batch_key(1), two)
    chain = read_chain(memory)
    assert (chain.size, sorted(chain.roots)) == (2, [0, 1, 2])
    assert chain.root == chain.roots[2]
    memory.put(batch_key(3), two)
    with pytest.raises(LogError, match="expected log/batch/000000000002 next"):
        read_chain(memory)


def test_a_leaf_stands_once_in_a_log(memory: MemoryStore) -> None:
    batch = dump_batch([Leaf("part", digest_of(b"x"))])
    memory.put(batch_key(0), batch)
    memory.put(batch_key(1), batch)
    with pytest.raises(LogError, match="stands twice"):
        read_chain(memory)


@pytest.mark.parametrize(
    "data",
    [b"", b"{}", b"[]", b'{"format":2,"genesis":"x","origin":"x","owner":"x"}', b" " * 5000],
)
def test_what_is_no_description_is_refused(memory: MemoryStore, data: bytes) -> None:
    memory.put(STORE_KEY, data)
    with pytest.raises(LogError, match=r"store\.json"):
        read_store_info(memory)


def test_a_store_that_names_another_genesis_is_refused(
    site, vectors: ModuleType, keyring: Keyring, memory: MemoryStore
) -> None:  # type: ignore[no-untyped-def]
    memory._objects[STORE_KEY] = memory.get(STORE_KEY).replace(b'"acme"', b'"evil"')
    with pytest.raises(LogError, match="genesis makes the log"):
        History.read(memory)


def test_a_log_that_does_not_begin_with_genesis_is_refused(site, memory: MemoryStore) -> None:  # type: ignore[no-untyped-def]
    memory.put(batch_key(0), dump_batch([Leaf("plan", digest_of(b"x"))]))
    with pytest.raises(LogError, match="first leaf is not genesis"):
        History.read(memory)


def test_a_foreign_file_among_checkpoints_is_refused(site, memory: MemoryStore) -> None:  # type: ignore[no-untyped-def]
    site.seal()
    memory._objects["log/checkpoints/notes"] = b"x"
    with pytest.raises(LogError, match="not a checkpoint's key"):
        History.read(memory)


def test_a_pin_binds_its_size_root_and_origin(vectors: ModuleType, memory: MemoryStore) -> None:
    _, seals = vectors.build(memory)
    chain = read_chain(memory)
    for pin in seals:
        check_pin(pin, pin.origin, chain)
        for wrong in (replace(pin, root="0" * 64), replace(pin, size=pin.size + 1), replace(pin, size=pin.size + 99)):
            with pytest.raises(LogError):
                check_pin(wrong, pin.origin, chain)
    with pytest.raises(LogError):
        check_pin(seals[0], "plantproof.example/acme/0000000000000000", chain)


# Heads


def test_heads_are_the_parts_nothing_refers_to(site, memory: MemoryStore, keyring: Keyring) -> None:  # type: ignore[no-untyped-def]
    assert heads(memory, keyring) == ()
    plan = site.plan()
    first = site.run(plan)
    assert heads(memory, keyring) == (first[-1],)
    site.seal()
    assert heads(memory, keyring) == (first[-1],)
    second = site.run(plan)
    third = site.run(plan)
    assert heads(memory, keyring) == (third[-1],)
    site.seal()
    assert heads(memory, keyring) == (third[-1],)
    assert second[-1] != third[-1]


def test_heads_are_the_same_without_memory(site, memory: MemoryStore, keyring: Keyring) -> None:  # type: ignore[no-untyped-def]
    plan = site.plan()
    for _ in range(3):
        site.run(plan)
        site.seal()
    known = heads(memory, keyring)
    assert memory.get("state/heads.json")
    for hint in (None, b"damaged"):
        if hint is None:
            memory._objects.pop("state/heads.json")
        else:
            memory.replace("state/heads.json", hint)
        assert heads(memory, keyring) == known


def test_memory_of_another_key_or_a_longer_log_is_not_used(site, memory: MemoryStore, keyring: Keyring) -> None:  # type: ignore[no-untyped-def]
    site.run(site.plan())
    site.seal()
    known = heads(memory, keyring)
    key_id = keyring.key(Role.COLLECTOR).public.id
    for wrong in ({"key": "x", "size": 1, "heads": []}, {"key": key_id, "size": 999, "heads": []}, {"key": key_id}, 7):
        write_hint(memory, keyring, "heads", wrong)
        assert heads(memory, keyring) == known
    write_hint(memory, keyring, "heads", {"key": key_id, "size": 10, "heads": []})
    assert heads(memory, keyring) == ()


def test_parts_of_another_key_are_not_ours(site, memory: MemoryStore) -> None:  # type: ignore[no-untyped-def]
    site.run(site.plan())
    other = Keyring(signing={Role.COLLECTOR: SigningKey.generate()})
    assert heads(memory, other) == ()


@pytest.mark.parametrize(
    "payload", [b"x", b"[]", b"{}", b'{"predicate":{"previous":7}}', b'{"predicate":{"previous":["x"]}}']
)
def test_a_part_that_cannot_be_read_is_left_to_the_seal(
    site, memory: MemoryStore, keyring: Keyring, payload: bytes
) -> None:  # type: ignore[no-untyped-def]
    first = site.run(site.plan())
    for data in (payload, dsse.sign(keyring.key(Role.COLLECTOR), dsse.IN_TOTO, payload)):
        memory.put(part_key("x-20260722T0200Z", digest_of(data)), data)
    assert heads(memory, keyring) == (first[-1],)


# Hints


def test_a_hint_is_read_back(site, memory: MemoryStore, keyring: Keyring) -> None:  # type: ignore[no-untyped-def]
    assert read_hint(memory, keyring, "devices") is None
    for value in ([{"asset": "a"}], {"n": 1}, "x", 0):
        write_hint(memory, keyring, "devices", value)
        assert read_hint(memory, keyring, "devices") == value


def test_a_hint_not_to_be_trusted_is_as_good_as_none(
    site, vectors: ModuleType, memory: MemoryStore, keyring: Keyring
) -> None:  # type: ignore[no-untyped-def]
    write_hint(memory, keyring, "devices", 1)
    data = memory.get("state/devices.json")
    for damaged in (data[:-1], b"", b"{}", data.replace(b"A", b"B", 1)):
        memory.replace("state/devices.json", damaged)
        assert read_hint(memory, keyring, "devices") is None
    memory.replace("state/pins.json", data)
    assert read_hint(memory, keyring, "pins") is None
    memory.replace("state/devices.json", data)
    assert read_hint(memory, keyring, "devices", role=Role.SEALER) is None
    stranger = Keyring(signing={Role.COLLECTOR: SigningKey.generate()})
    assert read_hint(memory, stranger, "devices") is None
    other = MemoryStore()
    from evidence.log.writer import create_log

    create_log(other, keyring, owner="other", domain="plantproof.example", at=vectors.START)
    other.replace("state/devices.json", data)
    assert read_hint(other, keyring, "devices") is None
    assert read_hint(memory, keyring, "devices") == 1


def test_a_hint_says_what_is_wrong_with_it(site, memory: MemoryStore, keyring: Keyring) -> None:  # type: ignore[no-untyped-def]
    write_hint(memory, keyring, "devices", 1)
    origin = read_store_info(memory).origin
    data = memory.get("state/devices.json")
    key = keyring.key(Role.COLLECTOR).public
    assert open_hint(data, {key.id: key}, "devices", origin) == 1
    with pytest.raises(HintError, match="who may not"):
        open_hint(data, {}, "devices", origin)
    with pytest.raises(HintError, match="made as 'devices'"):
        open_hint(data, {key.id: key}, "pins", origin)
    assert checkpoint_key(1)
