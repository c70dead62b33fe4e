"""Cosignatures and checkpoints, as Go's own reader of notes sees them; and witnessing, with one line of memory."""

import base64
import hashlib
import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.errors import Error
from evidence.log.chain import LogError, RolledBackError
from evidence.log.cosign import cosign, read_cosignature
from evidence.log.keyring import Role
from evidence.log.keys import SignatureError, SigningKey
from evidence.log.ledger import read_ledger
from evidence.log.note import Checkpoint, NoteError, read_checkpoint
from evidence.log.witness import look, take
from evidence.store.directory import DirectoryStore
from evidence.store.layout import checkpoint_key
from evidence.store.memory import MemoryStore

AT = datetime(2026, 11, 26, 18, 45, 30, tzinfo=UTC)
ORIGIN = "plantproof.example/acme/9c1e4f0a12b3c4d5"
HERE = Checkpoint(origin=ORIGIN, size=12, root="0a" * 32)
NAME = "auditor.example/acme"


def test_a_cosignature_says_who_saw_what_when() -> None:
    key = SigningKey.generate()
    made = read_cosignature(cosign(key, NAME, HERE, AT))
    assert (made.checkpoint, made.name, made.at) == (HERE, NAME, AT)
    assert made.matches(key.public)
    assert made.verify(key.public) == HERE
    assert made.file_name == f"{made.key_hash.hex()}-20261126t184530z"
    other = SigningKey.generate()
    assert not made.matches(other.public)
    with pytest.raises(SignatureError):
        made.verify(other.public)


def test_a_checkpoints_signature_is_never_a_cosignature(vectors: ModuleType, memory: MemoryStore) -> None:
    site, _ = vectors.build(memory)
    note = memory.get(checkpoint_key(read_ledger(memory).chain.size))
    with pytest.raises(NoteError, match="not a cosignature's"):
        read_cosignature(note)
    made = cosign(site.keyring.key(Role.SEALER), ORIGIN, HERE, AT)
    with pytest.raises(NoteError, match="not written as a checkpoint's"):
        read_checkpoint(made)


@pytest.mark.parametrize("name", ["", "two words", "a+b", "x" * 201, "ü", "line\nfeed"])
def test_a_name_that_no_note_can_hold_is_refused(name: str) -> None:
    with pytest.raises(NoteError, match="expected a witness' name"):
        cosign(SigningKey.generate(), name, HERE, AT)


@given(st.binary(max_size=300))
def test_anything_at_all_is_read_or_refused_in_words(data: bytes) -> None:
    whole = cosign(SigningKey.from_seed(b"x" * 32), NAME, HERE, AT)
    for one in (data, whole[:-1] + data, whole[: len(data)] + data + whole[len(data) :]):
        try:
            read_cosignature(one)
        except Error:
            continue


def test_a_witness_sees_a_log_grow_and_refuses_one_that_shrank_or_forked(vectors: ModuleType) -> None:
    store, other = MemoryStore(), MemoryStore()
    site, pins = vectors.build(store)
    assert look(store, None).checkpoint == pins[-1]
    for pin in pins:
        assert look(store, pin).checkpoint == pins[-1]
    longer = Checkpoint(origin=pins[-1].origin, size=pins[-1].size + 1, root="ab" * 32)
    with pytest.raises(RolledBackError, match=r"the log has 17 leaves, it had 18 before"):
        look(store, longer)
    with pytest.raises(RolledBackError, match="the log was another one at 14 leaves"):
        look(store, Checkpoint(origin=pins[1].origin, size=pins[1].size, root="ab" * 32))
    vectors.build(other)
    with pytest.raises(RolledBackError, match="expected"):
        look(other, Checkpoint(origin=ORIGIN, size=0, root=pins[0].root))
    assert site.keyring


def test_a_witness_refuses_a_log_whose_checkpoints_were_cut_back(vectors: ModuleType, folder: DirectoryStore) -> None:
    _, pins = vectors.build(folder)
    (folder.path / checkpoint_key(pins[-1].size)).unlink()
    with pytest.raises(RolledBackError, match="the newest checkpoint is of 14 leaves, it was 17"):
        look(folder, pins[-1])
    assert look(folder, pins[1]).checkpoint == pins[1]


def test_nothing_is_witnessed_where_nothing_is_sealed(vectors: ModuleType, memory: MemoryStore) -> None:
    vectors.Site(store=memory, keyring=vectors.fixed_keyring()).begin()
    with pytest.raises(LogError, match="nothing is sealed yet"):
        look(memory, None)


def test_a_cosignature_is_taken_if_it_is_of_this_log(vectors: ModuleType, memory: MemoryStore) -> None:
    _, pins = vectors.build(memory)
    key = SigningKey.generate()
    data = cosign(key, NAME, pins[1], AT)
    _, kept = take(memory, data)
    assert memory.get(kept) == data
    take(memory, data)
    forked = Checkpoint(origin=pins[1].origin, size=pins[1].size, root="ab" * 32)
    with pytest.raises(LogError, match="saw another log at 14 leaves") as caught:
        take(memory, cosign(key, NAME, forked, AT))
    assert "two histories" in str(caught.value.hint)
    with pytest.raises(LogError, match="a cosignature of the log"):
        take(memory, cosign(key, NAME, HERE, AT))


@pytest.fixture(scope="module")
def notes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program around Go's own reader of notes."""
    place = tmp_path_factory.mktemp("notes")
    (place / "notes.go").write_bytes((Path(__file__).parents[2] / "fixtures" / "notes.go").read_bytes())
    environ = {**os.environ, "GO111MODULE": "off", "GOPATH": "/usr/share/gocode", "GOCACHE": str(place / "cache")}
    words = ["go", "build", "-o", "notes", "notes.go"]
    done = subprocess.run(words, cwd=place, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return place / "notes"


def run(notes: Path, *words: str) -> tuple[int, str]:
    done = subprocess.run([str(notes), *words], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


@pytest.mark.real
def test_go_opens_checkpoints_and_cosignatures_and_finds_the_same_roots(
    notes: Path, vectors: ModuleType, memory: MemoryStore, tmp_path: Path
) -> None:
    site, pins = vectors.build(memory)
    sealer, origin = site.keyring.key(Role.SEALER).public, pins[0].origin
    key_hash = hashlib.sha256(origin.encode() + b"\n\x01" + sealer.raw).hexdigest()[:8]
    verifier = f"{origin}+{key_hash}+{base64.b64encode(chr(1).encode() + sealer.raw).decode()}"
    leaves = tmp_path / "leaves"
    leaves.write_bytes(b"".join(memory.get(key) for key in memory.keys("log/batch/")))
    witness = SigningKey.generate()
    for pin in pins:
        file = tmp_path / f"checkpoint-{pin.size}"
        file.write_bytes(memory.get(checkpoint_key(pin.size)))
        assert run(notes, "checkpoint", verifier, str(file)) == (0, pin.body)
        assert run(notes, "root", str(leaves), str(pin.size)) == (0, f"{pin.root}\n")
        cosigned = tmp_path / f"cosignature-{pin.size}"
        cosigned.write_bytes(cosign(witness, NAME, pin, AT))
        assert run(notes, "cosignature", NAME, witness.public.raw.hex(), str(cosigned)) == (0, pin.body)
        cosigned.write_bytes(cosigned.read_bytes().replace(b"\n17\n", b"\n18\n").replace(b"\n10\n", b"\n11\n"))
        stranger = SigningKey.generate().public.raw.hex()
        assert run(notes, "cosignature", NAME, stranger, str(cosigned))[0] == 1
    assert run(notes, "cosignature", NAME, witness.public.raw.hex(), str(tmp_path / "cosignature-17"))[0] == 1
