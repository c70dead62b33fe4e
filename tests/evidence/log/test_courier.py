"""A log carried on a medium arrives unchanged, or is refused: missing, repeated, reordered, damaged, forked."""

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from evidence.errors import Error
from evidence.log.chain import RolledBackError
from evidence.log.courier import Both, Carried, MissingLeavesError, NotPutError, carry, judge
from evidence.log.keyring import Role
from evidence.log.ledger import read_ledger
from evidence.log.witness import look
from evidence.store.directory import DirectoryStore
from evidence.store.layout import batch_key, blob_key, checkpoint_key
from evidence.store.memory import MemoryStore, Vault
from evidence.verify.verifier import verify


@pytest.fixture
def built(vectors: ModuleType) -> Any:
    """A site's log of 17 leaves in batches at 0, 10 and 14, and its pins."""
    return vectors.build(Vault())


def sound(store: Any, site: Any) -> None:
    report = verify(store, trusted_root=site.keyring.key(Role.ROOT).public)
    assert not report.failed, report.failed


def test_a_log_arrives_as_it_was_and_verifies(built: Any, folder: DirectoryStore) -> None:
    site, pins = built
    done = carry(site.store, folder)
    assert (done.held, done.size, done.repeated) == (0, 17, 0)
    sound(folder, site)
    for key in folder.keys(""):
        assert folder.get(key) == site.store.get(key), key
    left = set(site.store.keys("")) - set(folder.keys(""))
    assert all(key.startswith("state/") for key in left), "working memory stays at home"
    assert look(folder, pins[0]).checkpoint == pins[-1]


def test_what_is_there_already_is_not_written_again(built: Any, folder: DirectoryStore) -> None:
    site, _ = built
    carry(site.store, folder)
    again = carry(site.store, folder)
    assert (again.objects, again.repeated, again.size) == (0, 17, 17)


def test_media_carry_what_is_new_one_after_the_other(built: Any, folder: DirectoryStore) -> None:
    site, _ = built
    first, second = Vault(), Vault()
    carry(site.store, first)
    plan = site.plan()
    site.run(plan)
    size = site.seal().size
    done = carry(site.store, second, since=17)
    assert done.brought == Carried(begin=17, end=size)
    assert len(second.snapshot()) < len(first.snapshot())
    assert batch_key(14) not in second.snapshot()
    carry(first, folder)
    assert carry(second, folder).size == size
    sound(folder, site)


def test_a_medium_that_comes_before_the_one_before_it_is_refused(built: Any, folder: DirectoryStore) -> None:
    site, pins = built
    first, second, third = Vault(), Vault(), Vault()
    for medium, since in ((first, 0), (second, 10), (third, 14)):
        carry(site.store, medium, since=since)
    for key in (batch_key(10), batch_key(14)):
        first.force(key, None)
    for size in (14, 17):
        first.force(checkpoint_key(size), None)
    carry(first, folder)
    before = list(folder.keys(""))
    with pytest.raises(MissingLeavesError, match="leaves 10 to 13 are missing"):
        carry(third, folder)
    assert list(folder.keys("")) == before
    assert carry(second, folder).size == 17, "the second holds everything from leaf 10 on"
    assert carry(third, folder).repeated == 3
    sound(folder, site)
    assert look(folder, pins[0])


def test_a_medium_without_a_batch_in_its_middle_is_refused(built: Any, folder: DirectoryStore) -> None:
    site, _ = built
    medium = Vault()
    carry(site.store, medium)
    data = medium.get(batch_key(10))
    medium.force(batch_key(10), None)
    with pytest.raises(MissingLeavesError, match="leaves 10 to 13 are missing"):
        carry(medium, folder)
    assert not list(folder.keys(""))
    medium.force(batch_key(10), data)
    assert carry(medium, folder).size == 17


def test_leaves_in_another_order_are_refused(built: Any, folder: DirectoryStore) -> None:
    site, _ = built
    medium = Vault()
    carry(site.store, medium)
    data = medium.get(batch_key(14))
    lines = data.splitlines(keepends=True)
    medium.force(batch_key(14), b"".join([lines[0], lines[2], lines[1]]))
    with pytest.raises(Error, match="in order"):
        carry(medium, folder)
    assert not list(folder.keys("log/"))
    medium.force(batch_key(14), data)
    carry(medium, folder)


def test_another_history_is_refused(built: Any, folder: DirectoryStore, vectors: ModuleType) -> None:
    site, _ = built
    carry(site.store, folder)
    other = Vault()
    carry(site.store, other)
    lines = other.get(batch_key(14)).splitlines(keepends=True)
    other.force(batch_key(14), b"".join(lines[:2]))
    with pytest.raises(RolledBackError, match="two histories"):
        carry(other, folder)
    stranger = vectors.Site(store=Vault(), keyring=vectors.fixed_keyring(), now=vectors.START.replace(hour=5))
    stranger.begin()
    stranger.seal()
    with pytest.raises(RolledBackError, match="the log there is"):
        carry(stranger.store, folder)


def test_a_damaged_medium_commits_nothing_and_is_repaired_by_another(built: Any, folder: DirectoryStore) -> None:
    site, _ = built
    medium = Vault()
    carry(site.store, medium)
    whole = medium.snapshot()
    accepted = read_ledger(site.store).open(16)
    blob = blob_key(next(iter(accepted.blobs)))
    statement = next(key for key in whole if accepted.digest[7:] in key)
    for key in (blob, statement, checkpoint_key(17)):
        changed = whole[key][:-1] + bytes([whole[key][-1] ^ 1])
        for damage in (changed,) if key == checkpoint_key(17) else (None, changed):
            medium.force(key, damage)
            with pytest.raises(Error):
                carry(medium, folder)
            assert not list(folder.keys("log/")), key
            medium.force(key, whole[key])
    assert carry(medium, folder).size == 17
    sound(folder, site)


def test_a_batch_nobody_signed_for_is_not_carried_yet(built: Any, folder: DirectoryStore) -> None:
    site, _ = built
    medium = Vault()
    carry(site.store, medium)
    data = medium.get(checkpoint_key(17))
    medium.force(checkpoint_key(17), None)
    assert carry(medium, folder).size == 14
    medium.force(checkpoint_key(17), data)
    assert carry(medium, folder).size == 17
    sound(folder, site)


def test_no_batch_begins_where_it_was_said(built: Any) -> None:
    site, _ = built
    with pytest.raises(MissingLeavesError, match="no batch begins at leaf 11"):
        carry(site.store, Vault(), since=11)


def test_what_waits_to_be_sealed_is_not_carried(built: Any, folder: DirectoryStore) -> None:
    site, _ = built
    waiting = site.run(site.plan())
    carry(site.store, folder)
    assert not any(digest[7:] in key for digest in waiting for key in folder.keys("parts/"))
    sound(folder, site)


@pytest.mark.parametrize(
    ("brought", "held", "earlier", "said"),
    [
        ((0, 10), 0, [], []),
        ((10, 14), 10, [(0, 10)], []),
        ((14, 17), 10, [(0, 10)], ["missing: leaves 10 to 13"]),
        ((0, 10), 10, [(0, 10)], ["repeated: all of its leaves"]),
        ((0, 14), 10, [(0, 10)], ["repeated: leaves 0 to 9"]),
        ((10, 14), 10, [(0, 10), (14, 17)], ["reordered: leaves from 14 on were brought before leaves 10 to 13"]),
        ((14, 17), 14, [(0, 10), (14, 17), (10, 14)], []),
    ],
)
def test_a_delivery_is_judged(brought: Any, held: int, earlier: Any, said: list[str]) -> None:
    spans = [Carried(begin=a, end=b) for a, b in earlier]
    lines = list(judge(Carried(begin=brought[0], end=brought[1]), held, spans))
    assert len(lines) == len(said)
    for line, words in zip(lines, said, strict=True):
        assert line.startswith(words)


def test_two_stores_read_as_one_are_not_written() -> None:
    both = Both(MemoryStore(), MemoryStore())
    for write in (both.put, both.replace):
        with pytest.raises(NotPutError):
            write("log/checkpoint", b"x")


def test_the_centre_says_what_it_was_brought(built: Any, site: Any, tmp_path: Path) -> None:
    home, _ = built
    media = []
    for number, since in enumerate((0, 10, 14)):
        place = tmp_path / f"medium-{number}"
        place.mkdir()
        medium = DirectoryStore(place)
        carry(home.store, medium, since=since)
        media.append(place)
    for key in (batch_key(10), batch_key(14), checkpoint_key(14), checkpoint_key(17)):
        (media[0] / key).unlink()
    (media[1] / batch_key(14)).unlink()
    (media[1] / checkpoint_key(17)).unlink()

    def bring(number: int) -> Any:
        words = ("store", "copy", str(media[number]), str(tmp_path / "centre"), "--record", str(tmp_path / "seen"))
        return site.run(*words, program="evidence")

    assert bring(0).code == 0
    ended = bring(2)
    assert (ended.code, "missing: leaves 10 to 13: an earlier medium has not come" in ended.out) == (1, True)
    ended = bring(1)
    assert (ended.code, "reordered: leaves from 14 on were brought before" in ended.out) == (0, True)
    assert bring(2).code == 0
    ended = bring(2)
    assert (ended.code, "repeated: all of its leaves" in ended.out) == (0, True)
    assert "now has 17 leaves" in ended.out
    assert site.run("verify", "--store", str(tmp_path / "centre"), program="evidence").code == 0
    (tmp_path / "seen").write_text("x")
    assert bring(2).code == 5
    other = tmp_path / "centre" / batch_key(14)
    other.write_bytes(b"".join(other.read_bytes().splitlines(keepends=True)[:2]))
    (tmp_path / "seen").unlink()
    ended = bring(2)
    assert (ended.code, "REFUSED: log/batch/000000000014: two histories" in ended.err) == (16, True)
