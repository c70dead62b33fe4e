"""Damage of every kind is found, its step is named, and when it is repaired everything holds again."""

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType

import pytest

from evidence.log import dsse
from evidence.log.canonical import dumps
from evidence.log.chain import Leaf, dump_batch, in_order, load_batch
from evidence.log.keyring import Keyring, Role
from evidence.log.keys import SigningKey
from evidence.log.merkle import Frontier
from evidence.log.note import Checkpoint, sign_checkpoint
from evidence.log.plan import Slots, dump_plan, plan_predicate
from evidence.log.statement import Subject
from evidence.log.writer import append, create_log
from evidence.model.names import Digest, digest_of, parse_digest
from evidence.store.blobs import put_blob
from evidence.store.directory import DirectoryStore
from evidence.store.interface import StoreError
from evidence.store.layout import Area, batch_key, checkpoint_key, parse_key, part_key, statement_key
from evidence.store.memory import MemoryStore, Vault
from evidence.verify.result import Report, Status
from evidence.verify.verifier import STEPS, verify

STEP_OF = {
    Area.STORE: {1},
    Area.BLOB: {8},
    Area.PART: {6},
    Area.STATEMENT: {2, 3, 6},
    Area.BATCH: {4},
    Area.CHECKPOINT: {4},
    Area.CHECKPOINT_HINT: {4},
    Area.STATE: {10},
}
"""Which steps may name damage to an object of each kind; others may follow from it."""


@dataclass(slots=True)
class Plant:
    """A sealed store, its keys, and its pins."""

    store: Vault
    keyring: Keyring
    pins: list[Checkpoint]
    site: object

    def verify(self, **given: object) -> Report:
        """Verify with the right root key and the pin of the second seal."""
        root = self.keyring.key(Role.ROOT).public
        return verify(self.store, **{"trusted_root": root, "pins": self.pins[1:2], **given})  # type: ignore[arg-type]

    def leaf(self, kind: str, nth: int = 0) -> Digest:
        """Return the nth logged statement of a kind."""
        found = [leaf.statement for leaf in self.leaves() if leaf.kind == kind]
        return found[nth]

    def leaves(self) -> list[Leaf]:
        """Return all leaves."""
        return [leaf for key in self.store.keys("log/batch/") for leaf in load_batch(self.store.get(key), key)]


@pytest.fixture
def plant(vectors: ModuleType) -> Iterator[Plant]:
    store = Vault()
    site, pins = vectors.build(store)
    made = Plant(store=store, keyring=site.keyring, pins=pins, site=site)
    whole = store.snapshot()
    assert_holds(made.verify())
    yield made
    store.restore(whole)
    assert_holds(made.verify())


def assert_holds(report: Report) -> None:
    assert [(step.name, step.details) for step in report.failed] == []
    passed = {step.number for step in report.steps if step.status is Status.PASSED}
    assert passed == {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}


def failed_steps(report: Report) -> set[int]:
    return {step.number for step in report.failed}


def said(report: Report, number: int) -> str:
    return "\n".join(report.steps[number - 1].details)


def test_an_untouched_store_holds(plant: Plant) -> None:
    report = plant.verify()
    assert report.checkpoint == plant.pins[-1]
    assert [step.number for step in report.steps] == list(range(1, 13))
    assert [step.name for step in report.steps] == [name for _, name, _ in STEPS]


def test_one_changed_byte_in_any_object_is_found(plant: Plant) -> None:
    for key, data in plant.store.snapshot().items():
        for at in {0, len(data) // 2, len(data) - 1}:
            changed = bytearray(data)
            changed[at] ^= 1
            plant.store.force(key, bytes(changed))
            assert failed_steps(plant.verify()) & STEP_OF[parse_key(key).area], f"{key} at {at}"
        plant.store.force(key, data)
        assert not plant.verify().failed, key


def test_one_byte_more_or_less_in_any_object_is_found(plant: Plant) -> None:
    for key, data in plant.store.snapshot().items():
        for changed in (data + b"\n", data[:-1], b""):
            plant.store.force(key, changed)
            assert failed_steps(plant.verify()) & STEP_OF[parse_key(key).area], f"{key}, {len(changed)} bytes"
        plant.store.force(key, data)


def test_one_removed_object_is_found(plant: Plant) -> None:
    """Save working memory, which is never evidence: without it everything is as at the first run."""
    for key, data in plant.store.snapshot().items():
        area = parse_key(key).area
        plant.store.force(key, None)
        report = plant.verify()
        if area is Area.STATE:
            assert not report.failed, key
        else:
            assert failed_steps(report) & STEP_OF[area], key
        plant.store.force(key, data)


def test_every_other_object_in_place_of_any_is_found(plant: Plant) -> None:
    objects = plant.store.snapshot()
    for key, data in objects.items():
        other = next(
            o
            for k, o in objects.items()
            if (parse_key(k).area is parse_key(key).area and o != data) or k == "store.json"
        )
        if other == data:
            continue
        plant.store.force(key, other)
        failed = failed_steps(plant.verify())
        if parse_key(key).area is not Area.CHECKPOINT_HINT:
            assert failed & STEP_OF[parse_key(key).area], key
        plant.store.force(key, data)


def test_damage_is_named_with_its_object(plant: Plant) -> None:
    for kind, number in (("part", 6), ("plan", 6), ("quarantine", 6), ("key", 3), ("genesis", 2)):
        digest = plant.leaf(kind)
        key = next(key for key in plant.store.keys("") if digest.removeprefix("sha256:") in key)
        data = plant.store.get(key)
        plant.store.force(key, data.replace(b"A", b"B", 1))
        assert digest.removeprefix("sha256:") in said(plant.verify(), number) or number == 2
        plant.store.force(key, data)


def test_what_does_not_belong_in_a_store_is_named(plant: Plant) -> None:
    for key in ("readme", "log/extra", "blobs/sha256/00/x", "parts/x/note.txt"):
        plant.store.force(key, b"x")
        report = plant.verify()
        assert 1 in failed_steps(report)
        assert key in said(report, 1)
        plant.store.force(key, None)


def test_an_artefact_nobody_refers_to_is_no_harm_but_is_checked(plant: Plant) -> None:
    from evidence.store.layout import blob_key

    digest = put_blob(plant.store, b"left by a writer that died")
    report = plant.verify()
    assert not report.failed
    assert "and 1 nobody refers to" in said(report, 8)
    plant.store.force(blob_key(digest), b"x")
    assert failed_steps(plant.verify()) == {8}


def test_a_leaf_left_out_is_found(plant: Plant) -> None:
    for key in plant.store.keys("log/batch/"):
        data = plant.store.get(key)
        lines = data.splitlines(keepends=True)
        for number in range(len(lines)):
            plant.store.force(key, b"".join(lines[:number] + lines[number + 1 :]))
            assert 4 in failed_steps(plant.verify()), f"{key} line {number + 1}"
        plant.store.force(key, data)


def test_leaves_in_another_order_are_found(plant: Plant) -> None:
    key = batch_key(0)
    data = plant.store.get(key)
    lines = data.splitlines(keepends=True)
    plant.store.force(key, b"".join([*lines[:-2], lines[-1], lines[-2]]))
    assert 4 in failed_steps(plant.verify())


def test_a_batch_taken_from_the_middle_is_found(plant: Plant) -> None:
    plant.store.force(batch_key(plant.pins[0].size), None)
    report = plant.verify()
    assert 4 in failed_steps(report)
    assert "expected log/batch/000000000010 next" in said(report, 4)


def roll_back(plant: Plant, *, to: int) -> None:
    """Remove everything that was sealed after pin `to`, hints included, as somebody with write access would."""
    target = plant.pins[to]
    for key in list(plant.store.snapshot()):
        place = parse_key(key)
        too_new = place.size is not None and place.size >= target.size + (place.area is Area.CHECKPOINT)
        if too_new or place.area is Area.STATE:
            plant.store.force(key, None)
    plant.store.force("log/checkpoint", plant.store.get(checkpoint_key(target.size)))


def test_a_log_rolled_back_is_found_with_a_pin(plant: Plant) -> None:
    roll_back(plant, to=0)
    report = plant.verify()
    assert 5 in failed_steps(report)
    assert f"the log has {plant.pins[0].size} leaves, it had {plant.pins[1].size} before" in said(report, 5)
    assert 5 not in failed_steps(plant.verify(pins=[plant.pins[0]]))


def test_a_log_rolled_back_with_its_statements_is_found_with_a_pin(plant: Plant) -> None:
    roll_back(plant, to=0)
    logged = {leaf.statement for leaf in plant.leaves()}
    for key in list(plant.store.snapshot()):
        place = parse_key(key)
        if place.area in (Area.PART, Area.STATEMENT) and place.digest not in logged:
            plant.store.force(key, None)
    assert failed_steps(plant.verify()) == {5}


def test_a_log_rolled_back_carelessly_contradicts_the_sealers_memory(plant: Plant) -> None:
    anchor = plant.store.get("state/anchor.json")
    roll_back(plant, to=0)
    plant.store.force("state/anchor.json", anchor)
    report = plant.verify(pins=[])
    assert 10 in failed_steps(report)
    assert "the sealer signed for 17 leaves that are not this log's" in said(report, 10)


def test_a_checkpoint_rolled_back_is_found(plant: Plant) -> None:
    newest, before = plant.pins[-1].size, plant.pins[-2].size
    plant.store.force(checkpoint_key(newest), plant.store.get(checkpoint_key(before)))
    report = plant.verify()
    assert failed_steps(report) == {4}
    assert checkpoint_key(newest) in said(report, 4)


def rewrite(plant: Plant, at: int, leaves: list[Leaf], *, key: SigningKey | None = None) -> None:
    """Replace a batch and sign every later checkpoint again, as somebody who stole the sealer's key would."""
    plant.store.force(batch_key(at), dump_batch(in_order(leaves)))
    for name in [*plant.store.keys("log/checkpoints/"), *plant.store.keys("state/")]:
        plant.store.force(name, None)
    frontier = Frontier()
    for name in plant.store.keys("log/batch/"):
        frontier.extend(leaf.line for leaf in load_batch(plant.store.get(name), name))
        here = Checkpoint(origin=plant.pins[0].origin, size=frontier.size, root=frontier.root())
        note = sign_checkpoint(key or plant.keyring.key(Role.SEALER), here)
        plant.store.force(checkpoint_key(here.size), note)
        plant.store.force("log/checkpoint", note)


def test_a_log_rewritten_by_the_sealer_is_found_with_a_pin(plant: Plant) -> None:
    size = plant.pins[0].size
    batch = load_batch(plant.store.get(batch_key(size)), "batch")
    part = next(leaf for leaf in batch if leaf.kind == "part")
    fake = digest_of(b"fake")
    rewrite(plant, size, [Leaf("findings", fake) if leaf == part else leaf for leaf in batch])
    report = plant.verify()
    assert {5, 6} <= failed_steps(report)
    assert f"the log was another one at {plant.pins[1].size} leaves" in said(report, 5)


def test_a_log_signed_by_another_key_is_found(plant: Plant) -> None:
    batch = load_batch(plant.store.get(batch_key(0)), "batch")
    for key in (SigningKey.generate(), plant.keyring.key(Role.ROOT), plant.keyring.key(Role.COLLECTOR)):
        rewrite(plant, 0, list(batch), key=key)
        report = plant.verify()
        assert failed_steps(report) == {4}
        assert "only the sealer may sign it" in said(report, 4)


def test_a_statement_that_stands_twice_is_found(plant: Plant) -> None:
    size = plant.pins[1].size
    batch = load_batch(plant.store.get(batch_key(size)), "batch")
    rewrite(plant, size, [*batch, plant.leaves()[-8]])
    report = plant.verify()
    assert 4 in failed_steps(report)
    assert "a statement stands twice" in said(report, 4)


def decoded(plant: Plant, key: str) -> dict[str, object]:
    payload: dict[str, object] = json.loads(base64.b64decode(json.loads(plant.store.get(key))["payload"]))
    return payload


Edit = Callable[[dict[str, object]], object]


def replace_part(plant: Plant, edit: Edit, *, signer: SigningKey | None = None) -> str:
    """Replace the last chunk of the last run, to which nothing refers, in batch and checkpoint too; return its key."""
    key = last_chunk(plant)
    old = digest_of(plant.store.get(key))
    statement = decoded(plant, key)
    edit(statement)
    envelope = dsse.sign(signer or plant.keyring.key(Role.COLLECTOR), dsse.IN_TOTO, dumps(statement))
    digest = digest_of(envelope)
    plant.store.force(key, None)
    place = part_key(str(statement["predicate"]["slot"]), digest)  # type: ignore[index]
    plant.store.force(place, envelope)
    size = plant.pins[1].size
    batch = load_batch(plant.store.get(batch_key(size)), "batch")
    rewrite(plant, size, [Leaf("part", digest) if leaf.statement == old else leaf for leaf in batch])
    return place


def last_chunk(plant: Plant) -> str:
    """Return the key of the last run's last chunk; a batch is ordered by digest, so it may be either of two."""
    for leaf in (plant.leaf("part", -1), plant.leaf("part", -2)):
        key = next(key for key in plant.store.keys("parts/") if leaf.removeprefix("sha256:") in key)
        if predicate(decoded(plant, key))["chunk"] == 1:
            return key
    raise AssertionError("expected the last run to have two chunks")


def predicate(statement: dict[str, object]) -> dict[str, object]:
    found = statement["predicate"]
    assert isinstance(found, dict)
    return found


def test_an_honest_rewrite_by_every_key_at_once_is_only_found_with_a_pin(plant: Plant) -> None:
    """What no store can show by itself: that is what pins are for."""
    replace_part(plant, lambda s: predicate(s).update(label="another"))
    assert not plant.verify().failed
    assert failed_steps(plant.verify(pins=plant.pins)) == {5}


@pytest.mark.parametrize("role", [Role.ROOT, Role.PLANNER, Role.ASSESSOR, Role.SEALER, Role.OWNER])
def test_a_part_signed_by_a_wrong_role_is_found(plant: Plant, role: Role) -> None:
    key = replace_part(plant, lambda s: None, signer=plant.keyring.key(role))
    report = plant.verify()
    assert 6 in failed_steps(report)
    assert key in said(report, 6)
    assert f"only the collector may sign it; {plant.keyring.key(role).public.id} is {role}" in said(report, 6)


def test_a_part_signed_by_a_stranger_is_found(plant: Plant) -> None:
    replace_part(plant, lambda s: None, signer=SigningKey.generate())
    assert "nobody this log knows" in said(plant.verify(), 6)


def test_a_part_for_another_log_is_found(plant: Plant) -> None:
    replace_part(plant, lambda s: predicate(s).update(log="plantproof.example/acme/0000000000000000"))
    report = plant.verify()
    assert 6 in failed_steps(report)
    assert "made for the log plantproof.example/acme/0000000000000000" in said(report, 6)


def test_a_part_for_no_log_is_found(plant: Plant) -> None:
    replace_part(plant, lambda s: predicate(s).pop("log"))
    assert "made for the log None" in said(plant.verify(), 6)


def test_a_part_of_an_unknown_type_is_not_checked_and_never_passed(plant: Plant) -> None:
    replace_part(plant, lambda s: s.update(predicateType="urn:plantproof:part:v2"))
    report = plant.verify()
    assert report.steps[5].status is Status.NOT_CHECKED
    assert "unknown type 'urn:plantproof:part:v2'" in said(report, 6)


def test_a_kind_of_a_later_version_is_not_checked_and_never_passed(plant: Plant) -> None:
    size = plant.pins[1].size
    batch = load_batch(plant.store.get(batch_key(size)), "batch")
    envelope = b"of a later version"
    plant.store.force(statement_key("omen", digest_of(envelope)), envelope)
    rewrite(plant, size, [*batch, Leaf("omen", digest_of(envelope))])
    report = plant.verify()
    assert not report.failed
    assert report.steps[5].status is Status.NOT_CHECKED
    assert "of the unknown kind omen" in said(report, 6)


def _of_snmp(statement: dict[str, object]) -> dict[str, object]:
    rows = predicate(statement)["captures"]
    assert isinstance(rows, list)
    found: dict[str, object] = next(row for row in rows if row["transport"] == "snmp")
    return found


EDITS: dict[str, tuple[Edit, int, str]] = {
    "an unknown field": (lambda s: predicate(s).update(extra=1), 6, "unknown key extra"),
    "a plan nobody logged": (
        lambda s: s["subject"][0].update(digest={"sha256": "0" * 64}),  # type: ignore[index]
        7,
        "was not logged before it",
    ),
    "a previous statement that is gone": (
        lambda s: predicate(s).update(previous=["sha256:" + "0" * 64]),
        7,
        "which is gone",
    ),
    "a root the log never had": (
        lambda s: predicate(s).update(after={"size": 14, "root": "0" * 64}),
        7,
        "at 14 leaves",
    ),
    "a size the log never had": (
        lambda s: predicate(s).update(after={"size": 13, "root": "0" * 64}),
        7,
        "at 13 leaves",
    ),
    "an asset list that is not there": (
        lambda s: predicate(s).update(assets="sha256:" + "0" * 64),
        8,
        "nothing is kept",
    ),
    "another length": (lambda s: predicate(s).update(assets_bytes=1), 6, "bytes, another says"),
    "an outcome of nobody": (
        lambda s: predicate(s).update(outcomes=[{"asset": "nobody", "result": "collected"}]),
        9,
        "an outcome for what is not on its list: nobody",
    ),
    "two outcomes": (
        lambda s: predicate(s).update(outcomes=predicate(s)["outcomes"] * 2),  # type: ignore[operator]
        9,
        "more than one outcome for press-7",
    ),
    "no outcome": (lambda s: predicate(s).update(outcomes=[]), 9, "no outcome for press-7"),
    "another slot than its chunks": (
        lambda s: predicate(s).update(slot="adhoc-20260722T060000Z-0a1b2c"),
        9,
        "differ in slot",
    ),
    "a chunk that stands twice": (lambda s: predicate(s).update(chunk=0), 9, "a chunk stands twice"),
    "a community in the place of its tag": (
        lambda s: _of_snmp(s).update(access={"version": "2c", "community": "Pl4nt-read"}),
        6,
        "expected its tag, found something else",
    ),
    "a level of security its protocols do not make": (
        lambda s: _of_snmp(s).update(access={"version": "3", "user": "audit", "level": "authPriv", "auth": "sha1"}),
        6,
        "the level of security that its protocols make",
    ),
    "a result we do not know": (
        lambda s: predicate(s).update(outcomes=[{"asset": "press-7", "result": "fine"}]),
        6,
        "not a valid Result",
    ),
}


@pytest.mark.parametrize("name", sorted(EDITS))
def test_a_part_that_lies_is_found(plant: Plant, name: str) -> None:
    edit, number, words = EDITS[name]

    replace_part(plant, edit)
    report = plant.verify()
    assert number in failed_steps(report), [(s.number, s.details) for s in report.failed]
    assert words in said(report, number)


def test_an_unfinished_run_is_named_and_is_no_pass(plant: Plant) -> None:
    replace_part(plant, lambda s: predicate(s).update(last=False))
    report = plant.verify()
    assert not report.failed
    assert report.steps[8].status is Status.NOT_CHECKED
    assert "run-3: unfinished: 2 chunks are here, 0 assets have no outcome" in said(report, 9)


def test_a_planned_asset_in_no_run_is_named(plant: Plant, vectors: ModuleType) -> None:
    site = plant.site
    plan = site.plan()  # type: ignore[attr-defined]
    site.run(plan, assets=vectors.ASSETS[:1])  # type: ignore[attr-defined]
    site.seal()  # type: ignore[attr-defined]
    report = plant.verify()
    assert not report.failed
    assert report.steps[8].status is Status.NOT_CHECKED
    assert "planned, and in no run: Presse Ü, press-7" in said(report, 9)


def test_another_root_key_is_found(plant: Plant) -> None:
    other = SigningKey.generate().public
    report = plant.verify(trusted_root=other)
    assert failed_steps(report) == {2}
    assert f"the trusted one is {other.id}" in said(report, 2)


def test_without_a_key_and_pins_trust_is_not_checked(plant: Plant) -> None:
    report = plant.verify(trusted_root=None, pins=[])
    assert not report.failed
    assert [step.number for step in report.steps if step.status is Status.NOT_CHECKED] == [2, 5, 11, 12]
    assert plant.keyring.key(Role.ROOT).public.id in said(report, 2)


def test_a_whole_other_store_is_found_by_key_and_by_pin(plant: Plant, vectors: ModuleType) -> None:
    other = Vault()
    ring = Keyring(signing={role: SigningKey.generate() for role in Role})
    create_log(other, ring, owner="acme", domain="plantproof.example", at=vectors.START)
    vectors.Site(store=other, keyring=ring).seal()
    plant.store.restore(other.snapshot())
    assert failed_steps(plant.verify()) == {2, 5}


def test_a_second_genesis_is_found(plant: Plant, vectors: ModuleType) -> None:
    other = Vault()
    create_log(other, plant.keyring, owner="other", domain="plantproof.example", at=vectors.START)
    key = next(other.keys("statements/genesis/"))
    plant.store.force(key, other.get(key))
    report = plant.verify()
    assert failed_steps(report) == {6}
    assert "a second genesis" in said(report, 6)


def test_a_key_the_root_never_introduced_is_found(plant: Plant) -> None:
    old = plant.leaf("key")
    key = statement_key("key", old)
    statement = decoded(plant, key)
    for signer in (plant.keyring.key(Role.OWNER), SigningKey.generate()):
        envelope = dsse.sign(signer, dsse.IN_TOTO, dumps(statement))
        digest = digest_of(envelope)
        plant.store.force(statement_key("key", digest), envelope)
        batch = list(load_batch(plant.store.get(batch_key(0)), "batch"))
        rewrite(plant, 0, [Leaf("key", digest) if leaf.statement == old else leaf for leaf in batch])
        report = plant.verify()
        assert 3 in failed_steps(report)
        assert "only the root may sign it" in said(report, 3)
        rewrite(plant, 0, batch)


def test_a_key_introduced_after_it_signed_is_found(plant: Plant) -> None:
    """Roles count from the place in the log where the root gave them, not from the end."""
    late = SigningKey.generate()
    replace_part(plant, lambda s: None, signer=late)
    origin = plant.pins[0].origin
    public = late.public
    payload = dumps(
        {
            "_type": "https://in-toto.io/Statement/v1",
            "predicateType": "urn:plantproof:key:v1",
            "subject": [{"name": "key", "digest": {"sha256": digest_of(public.raw).removeprefix("sha256:")}}],
            "predicate": {
                "log": origin,
                "act": "grant",
                "role": "collector",
                "verify_key": public.text,
                "at": "2026-07-22T09:00:00Z",
            },
        }
    )
    envelope = dsse.sign(plant.keyring.key(Role.ROOT), dsse.IN_TOTO, payload)
    leaf = Leaf("key", digest_of(envelope))
    plant.store.force(statement_key("key", leaf.statement), envelope)
    rewrite(plant, plant.pins[2].size, [leaf])
    report = plant.verify()
    assert failed_steps(report) == {6}
    assert "nobody this log knows" in said(report, 6)


def test_a_copy_of_a_part_under_another_slot_is_found_and_hides_nothing(plant: Plant) -> None:
    digest = plant.leaf("part")
    key = next(key for key in plant.store.keys("parts/") if digest.removeprefix("sha256:") in key)
    for slot in ("aaa-20260722T0200Z", "zzz-20260722T0200Z"):
        copy = part_key(slot, digest)
        plant.store.force(copy, plant.store.get(key))
        report = plant.verify()
        assert failed_steps(report) == {6}
        assert copy in said(report, 6)
        plant.store.force(copy, None)


def test_what_was_set_aside_stays_visible(plant: Plant) -> None:
    report = plant.verify()
    assert "set aside by the sealer, supports nothing" in said(report, 6)
    key = next(
        key for key in plant.store.keys("parts/nightly-20260722t0400z/") if plant.store.get(key) == b"not an envelope"
    )
    plant.store.force(key, None)
    report = plant.verify()
    assert failed_steps(report) == {6}
    assert "set aside by the sealer, and missing now" in said(report, 6)


def test_a_hint_signed_by_a_wrong_role_or_for_another_log_is_found(plant: Plant) -> None:
    key = "state/host-keys.json"
    value = {"hint": "host-keys", "log": plant.pins[0].origin, "value": []}
    wrong = (
        (plant.keyring.key(Role.OWNER), value, "who may not"),
        (SigningKey.generate(), value, "who may not"),
        (plant.keyring.key(Role.COLLECTOR), {**value, "log": "x"}, "for the log 'x'"),
        (plant.keyring.key(Role.COLLECTOR), {**value, "hint": "devices"}, "made as 'devices'"),
        (plant.keyring.key(Role.COLLECTOR), {**value, "more": 1}, "unknown key"),
    )
    for signer, payload, words in wrong:
        plant.store.force(key, dsse.sign(signer, "application/vnd.plantproof.hint+json", dumps(payload)))
        report = plant.verify()
        assert failed_steps(report) == {10}
        assert words in said(report, 10)


def test_a_statements_signature_is_never_a_hints(plant: Plant) -> None:
    value = {"hint": "host-keys", "log": plant.pins[0].origin, "value": []}
    envelope = dsse.sign(plant.keyring.key(Role.COLLECTOR), dsse.IN_TOTO, dumps(value))
    plant.store.force("state/host-keys.json", envelope)
    assert failed_steps(plant.verify()) == {10}


def test_a_stopped_plant_is_said_and_no_failure(plant: Plant) -> None:
    plant.store.force("state/hold/all", b"until further notice")
    report = plant.verify()
    assert not report.failed
    assert "state/hold/all: somebody stopped polling" in said(report, 10)


def test_a_log_nobody_sealed_is_no_pass(vectors: ModuleType) -> None:
    store = Vault()
    site = vectors.Site(store=store, keyring=vectors.fixed_keyring())
    site.begin()
    report = verify(store)
    assert failed_steps(report) == {4}
    assert "nothing is sealed yet" in said(report, 4)


def test_statements_that_wait_for_the_seal_are_counted_not_passed(plant: Plant) -> None:
    plant.site.run(plant.site.plan())  # type: ignore[attr-defined]
    report = plant.verify()
    assert not report.failed
    assert "3 statements are not sealed yet" in said(report, 11)


def test_an_empty_place_fails_and_says_why() -> None:
    report = verify(MemoryStore())
    assert 1 in failed_steps(report)
    assert report.checkpoint is None
    assert [step.number for step in report.steps if step.status is Status.PASSED] == []


def test_a_directory_is_verified_like_any_store(folder: DirectoryStore, vectors: ModuleType) -> None:
    site, pins = vectors.build(folder)
    assert_holds(verify(folder, trusted_root=site.keyring.key(Role.ROOT).public, pins=pins))
    digest = parse_digest("sha256:" + next(folder.keys("blobs/")).rpartition("/")[2])
    place = folder.path / "blobs" / "sha256" / digest[7:9] / digest[7:]
    outside = folder.path.parent / "outside"
    place.rename(outside)
    place.symlink_to(outside)
    assert failed_steps(verify(folder)) == {8}
    place.unlink()
    outside.rename(place)
    assert not verify(folder).failed


def test_many_failures_are_counted_not_listed(plant: Plant) -> None:
    for n in range(150):
        plant.store.force(f"parts/x/{n}", b"")
    details = plant.verify().steps[0].details
    assert len([d for d in details if "parts/x/" in d]) == 100
    assert details[-1] == "and 50 more"


def test_a_log_without_genesis_at_its_beginning_is_found(plant: Plant) -> None:
    batch = load_batch(plant.store.get(batch_key(0)), "batch")
    rewrite(plant, 0, [Leaf("part", digest_of(b"x")) if leaf.kind == "genesis" else leaf for leaf in batch])
    assert "the first leaf is not genesis" in said(plant.verify(), 4)


def test_a_store_that_claims_to_be_another_owners_is_found(plant: Plant) -> None:
    plant.store.force("store.json", plant.store.get("store.json").replace(b'"acme"', b'"evil"'))
    report = plant.verify()
    assert 2 in failed_steps(report)
    assert "store.json names" in said(report, 2)


def test_an_erasure_that_says_nothing_is_set_aside(plant: Plant, vectors: ModuleType) -> None:
    plan = plant.site.plan()  # type: ignore[attr-defined]
    subjects = (Subject(name="plan", digest=plan),)
    append(plant.store, plant.keyring, kind="erasure", predicate={"reason": "x"}, subjects=subjects)
    plant.site.seal()  # type: ignore[attr-defined]
    report = plant.verify()
    assert not report.failed
    assert "set aside by the sealer, supports nothing: erasure: without" in said(report, 6)


def test_slots_of_a_plan_that_nobody_looked_at_are_no_pass(plant: Plant, vectors: ModuleType) -> None:
    data = dump_plan(vectors.ASSETS, slots=[Slots(name="n", first="2026-07-22T02:00:00Z", every_s=3600, count=9)])
    blob = put_blob(plant.store, data)
    subjects = (Subject(name="plan", digest=blob),)
    append(plant.store, plant.keyring, kind="plan", predicate=plan_predicate(blob, len(data)), subjects=subjects)
    plant.site.run(blob)  # type: ignore[attr-defined]
    plant.site.seal()  # type: ignore[attr-defined]
    report = plant.verify()
    assert not report.failed
    assert report.steps[8].status is Status.NOT_CHECKED
    assert "whether slots of the plan were skipped: nobody said up to when" in said(report, 9)


def test_more_than_was_planned_is_named(plant: Plant, vectors: ModuleType) -> None:
    site = plant.site
    site.run(site.plan(vectors.ASSETS[:1]))  # type: ignore[attr-defined]
    site.seal()  # type: ignore[attr-defined]
    report = plant.verify()
    assert not report.failed
    assert "in a run, and not planned: Presse Ü, press-7" in said(report, 9)


def test_a_plan_that_is_none_is_found(plant: Plant) -> None:
    blob = put_blob(plant.store, b"{}")
    subjects = (Subject(name="plan", digest=blob),)
    append(plant.store, plant.keyring, kind="plan", predicate=plan_predicate(blob, 2), subjects=subjects)
    plant.site.run(blob)  # type: ignore[attr-defined]
    plant.site.seal()  # type: ignore[attr-defined]
    report = plant.verify()
    assert failed_steps(report) == {9}
    assert "its plan: plan: without" in said(report, 9)


def test_an_asset_list_that_is_none_is_named_with_its_run(plant: Plant) -> None:
    blob = put_blob(plant.store, b"{}")
    replace_part(plant, lambda s: predicate(s).update(assets=blob, assets_bytes=2, run="run-9", chunk=0))
    report = plant.verify()
    assert "run-9: its asset list: asset list: expected a list" in said(report, 9)


@pytest.mark.parametrize(
    ("count", "words"), [(5, "n0, n1, n2, n3, n4"), (6, "n0, n1, n2, n3, n4 and 1 more"), (9, "n4 and 4 more")]
)
def test_five_names_are_said_and_the_rest_counted(plant: Plant, count: int, words: str) -> None:
    rows = [{"asset": f"n{n}", "result": "collected"} for n in range(count)]
    replace_part(plant, lambda s: predicate(s).update(outcomes=rows))
    details = plant.verify().steps[8].details
    assert any(detail.endswith(f"{words}") and "an outcome for what is not on its list" in detail for detail in details)


class Failing(Vault):
    """A place that cannot be listed."""

    def keys(self, prefix: str) -> Iterator[str]:
        raise StoreError(f"{prefix}: cannot be listed: Input/output error")


def test_a_place_that_cannot_be_read_fails_and_never_passes(plant: Plant) -> None:
    failing = Failing()
    failing.restore(plant.store.snapshot())
    report = verify(failing, trusted_root=plant.keyring.key(Role.ROOT).public, pins=plant.pins)
    assert {1, 4} <= failed_steps(report)
    assert "Input/output error" in said(report, 1)
    assert report.checkpoint is None
