"""What a report says, word for word: an auditor reads nothing else."""

from types import ModuleType

import pytest

from evidence.log.chain import read_chain
from evidence.log.keyring import Role
from evidence.log.note import Checkpoint, sign_checkpoint
from evidence.model.names import digest_of
from evidence.store.blobs import put_blob
from evidence.store.layout import blob_key, checkpoint_key, part_key, statement_key
from evidence.store.memory import MemoryStore
from evidence.verify.result import Report, Status
from evidence.verify.verifier import verify

NO_OUTSIDE = (
    "when it was made: the log has no time stamp (RFC 3161); times are its writers' word",
    "whether others saw the same log: it has no cosignature",
)


def words(report: Report) -> dict[str, tuple[str, ...]]:
    return {step.name: step.details for step in report.steps}


@pytest.fixture
def built(vectors: ModuleType, memory: MemoryStore):  # type: ignore[no-untyped-def]
    site, pins = vectors.build(memory)
    return memory, site, pins


def test_a_sound_store_is_reported_like_this(built) -> None:  # type: ignore[no-untyped-def]
    store, site, pins = built
    root = site.keyring.key(Role.ROOT).public
    aside = part_key("nightly-20260722T0400Z", digest_of(b"not an envelope"))
    assert words(verify(store, trusted_root=root, pins=pins[:2])) == {
        "store": (f"evidence of acme, log {pins[0].origin}", "45 objects"),
        "genesis": (f"root key {root.id}, the trusted one",),
        "keys": ("7 keys: assessor, collector, owner, planner, root, sealer",),
        "log": (f"17 leaves in 3 batches, root {pins[2].root}",),
        "pins": ("holds everything up to leaf 10", "holds everything up to leaf 14"),
        "statements": (
            f"{aside}: set aside by the sealer, supports nothing: not an envelope: not JSON: "
            "Expecting value: line 1 column 1 (char 0)",
            "17 statements",
        ),
        "links": ("8 parts, 2 plans",),
        "blobs": ("16 artefacts, and 0 nobody refers to",),
        "completeness": ("3 runs",),
        "state": ("3 hints; they are never evidence",),
        "anchors": (
            *NO_OUTSIDE,
            "the first 10 leaves, 3 parts among them: nothing binds them before a pin",
            "the newest 3 of 17 leaves: no anchor binds them",
            "the earliest anchor binds the leaves up to 10: a pin",
            "the newest anchor binds the leaves up to 14: a pin",
        ),
        "findings": ("nothing was judged: there is no findings statement in the log",),
    }


def test_without_key_and_pin_it_says_what_was_not_checked(built) -> None:  # type: ignore[no-untyped-def]
    store, site, _ = built
    said = words(verify(store))
    root = site.keyring.key(Role.ROOT).public.id
    assert said["genesis"] == (f"whether {root} is the owner's root key: name the one you trust with --key",)
    assert said["pins"] == ("no pin was given; whoever holds the keys could have rewritten the whole log",)
    assert said["anchors"] == (*NO_OUTSIDE, "the newest 17 of 17 leaves: no anchor binds them")


def test_pins_on_everything_leave_nothing_unbound(built) -> None:  # type: ignore[no-untyped-def]
    store, _, pins = built
    assert words(verify(store, pins=pins))["anchors"] == (
        *NO_OUTSIDE,
        "the first 10 leaves, 3 parts among them: nothing binds them before a pin",
        "the earliest anchor binds the leaves up to 10: a pin",
        "the newest anchor binds the leaves up to 17: a pin",
    )


def test_an_empty_place_is_reported_like_this() -> None:
    report = verify(MemoryStore())
    unreadable = "the log cannot be read (step 4)"
    assert words(report) == {
        "store": ("store.json: nothing is kept there", "0 objects"),
        "genesis": ("the store does not say which genesis is its own (step 1)",),
        "keys": ("the log cannot be read (step 4) or its root key is unknown (step 2)",),
        "log": ("whose log it is, is unknown (steps 1 and 2)",),
        "pins": ("the log cannot be read (steps 1 and 4)",),
        "statements": ("the log cannot be read (steps 2 and 4)",),
        "links": (unreadable,),
        "blobs": (f"which artefacts there should be: {unreadable}", "0 artefacts, and 0 nobody refers to"),
        "completeness": (unreadable,),
        "state": ("who may have signed it is unknown (steps 1 and 2)",),
        "anchors": NO_OUTSIDE,
        "findings": ("the log cannot be read (steps 1 and 4)",),
    }
    assert [step.status for step in report.steps] == [Status.FAILED] + [Status.NOT_CHECKED] * 11


def test_a_log_that_cannot_be_read_leaves_the_rest_unchecked(built) -> None:  # type: ignore[no-untyped-def]
    store, _, pins = built
    store._objects["log/batch/000000000010"] += b"x"
    report = verify(store, pins=pins)
    assert report.checkpoint is None
    statuses = {step.name: step.status for step in report.steps}
    assert statuses == {
        "store": Status.PASSED,
        "genesis": Status.NOT_CHECKED,
        "keys": Status.NOT_CHECKED,
        "log": Status.FAILED,
        "pins": Status.NOT_CHECKED,
        "statements": Status.NOT_CHECKED,
        "links": Status.NOT_CHECKED,
        "blobs": Status.NOT_CHECKED,
        "completeness": Status.NOT_CHECKED,
        "state": Status.FAILED,
        "anchors": Status.NOT_CHECKED,
        "findings": Status.NOT_CHECKED,
    }


def test_a_log_nobody_sealed_says_how_to_seal_it(vectors: ModuleType, memory: MemoryStore) -> None:
    site = vectors.Site(store=memory, keyring=vectors.fixed_keyring())
    site.begin()
    report = verify(memory)
    assert words(report)["log"][0] == "nothing is sealed yet; `plantproof seal` seals"
    assert [step.number for step in report.failed] == [4]


def test_every_damaged_object_is_named_not_the_first_alone(built) -> None:  # type: ignore[no-untyped-def]
    store, _, _ = built
    leaves = read_chain(store).leaves
    keys = [statement_key(leaf.kind, leaf.statement) for leaf in leaves if leaf.kind == "plan"]
    keys += [key for key in store.keys("parts/") if store.get(key) != b"not an envelope"]
    for key in keys:
        store._objects[key] = b"x"
    said = words(verify(store))["statements"]
    found = f"the bytes kept there have the digest {digest_of(b'x')}"
    assert sorted(said[: len(keys)]) == sorted(f"{key}: {found}" for key in keys)


def test_every_missing_part_is_named(built) -> None:  # type: ignore[no-untyped-def]
    store, _, _ = built
    for key in list(store.keys("parts/")):
        if store.get(key) != b"not an envelope":
            store._objects.pop(key)
    parts = [leaf.statement for leaf in read_chain(store).leaves if leaf.kind == "part"]
    said = words(verify(store))["statements"]
    assert said[: len(parts)] == tuple(f"parts/…: the logged part {digest} is missing" for digest in parts)


def test_every_statement_that_waits_is_counted_and_every_bad_one_named(built) -> None:  # type: ignore[no-untyped-def]
    store, site, _ = built
    site.run(site.plan())
    bad = [part_key(f"{name}-20260722T0200Z", digest_of(name.encode())) for name in ("aaa", "mmm", "zzz")]
    for key, name in zip(bad, ("aaa", "mmm", "zzz"), strict=True):
        store.put(key, name.encode())
    report = verify(store)
    said = words(report)
    assert [step.number for step in report.failed] == [6]
    assert [line.split(": ")[0] for line in said["statements"][:3]] == bad
    assert said["statements"][0].startswith(f"{bad[0]}: neither sealed nor fit to be: not an envelope")
    assert said["anchors"][3] == "3 statements are not sealed yet"
    for key in bad:
        store._objects.pop(key)
    assert verify(store).failed == ()


def test_a_part_may_refer_to_one_that_waits(built) -> None:  # type: ignore[no-untyped-def]
    """A seal that began between two chunks takes the second and leaves the first to the next seal."""
    store, site, _ = built
    plan = site.plan()
    site.run(plan)
    waiting = {key: store.get(key) for key in store.keys("parts/nightly-20260722t0630z/")}
    first = min(waiting, key=lambda key: len(waiting[key]))
    for key in waiting:
        if key != first:
            continue
        store._objects.pop(key)
    site.seal()
    store._objects.update(waiting)
    report = verify(store)
    assert [step.number for step in report.failed] == []
    assert "1 statements are not sealed yet" in words(report)["anchors"]


def test_artefacts_nobody_refers_to_are_counted_and_damage_in_each_named(built) -> None:  # type: ignore[no-untyped-def]
    store, _, _ = built
    digests = [put_blob(store, b"left %d" % n) for n in range(3)]
    report = verify(store)
    assert report.failed == ()
    assert words(report)["blobs"] == ("16 artefacts, and 3 nobody refers to",)
    for digest in digests:
        store._objects[blob_key(digest)] = b"x"
    said = words(verify(store))["blobs"]
    assert said[:3] == tuple(sorted(f"{blob_key(digest)}: {digest}: not a zstd frame" for digest in digests))


def test_a_checkpoint_between_two_batches_is_found_even_when_the_sealer_signed_it(built) -> None:  # type: ignore[no-untyped-def]
    store, site, pins = built
    here = Checkpoint(origin=pins[0].origin, size=12, root=pins[0].root)
    store.put(checkpoint_key(12), sign_checkpoint(site.keyring.key(Role.SEALER), here))
    report = verify(store)
    assert [step.number for step in report.failed] == [4]
    assert words(report)["log"][0] == (
        f"{checkpoint_key(12)}: says 12 leaves and {pins[0].root}, the batches do not add up to it"
    )


def test_a_missing_checkpoint_and_hint_are_named_once(built) -> None:  # type: ignore[no-untyped-def]
    store, _, _ = built
    store._objects.pop(checkpoint_key(14))
    store._objects.pop("log/checkpoint")
    assert words(verify(store))["log"][:2] == (
        f"{checkpoint_key(14)}: nothing is kept there",
        "log/checkpoint: nothing is kept there; `store check --repair` makes it again",
    )


def test_a_hint_that_is_no_checkpoints_copy_is_named(built) -> None:  # type: ignore[no-untyped-def]
    store, _, _ = built
    store.replace("log/checkpoint", b"x")
    assert words(verify(store))["log"][0] == (
        "log/checkpoint: not a copy of any checkpoint; `store check --repair` makes it again"
    )


def test_an_older_hint_is_a_hint(built) -> None:  # type: ignore[no-untyped-def]
    store, _, _ = built
    store.replace("log/checkpoint", store.get(checkpoint_key(10)))
    assert verify(store).failed == ()


def test_what_an_earlier_seal_read_in_full_only_has_to_be_there(built) -> None:  # type: ignore[no-untyped-def]
    """The seal is quick about what it has seen; `verify` reads everything."""
    store, site, _ = built
    digest = digest_of(b"1.3.6.1.2.1.1.5.0 s press-7\n")
    whole = store.get(blob_key(digest))
    plan = site.plan()
    site.run(plan)
    store._objects[blob_key(digest)] = b"damaged"
    site.seal()
    assert [leaf.kind for leaf in read_chain(store).leaves[17:]].count("part") == 3
    report = verify(store)
    assert [step.number for step in report.failed] == [8]
    assert words(report)["blobs"][0] == f"{digest}: not a zstd frame"
    store._objects[blob_key(digest)] = whole
    assert verify(store).failed == ()
