"""What we write is accepted by implementations that are not ours, and what was changed is not."""

import base64
import json
import os
import shutil
import subprocess
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.log.canonical import dumps
from evidence.log.keyring import Role
from evidence.log.note import read_checkpoint

FROZEN = Path(__file__).parents[2] / "vectors" / "bundle-0.1"
SUMDB = Path("/usr/share/gocode/src/golang.org/x/mod/sumdb")
"""The newest that runs on Node 18 and 20; what it does with DSSE is what later ones do."""


@pytest.fixture(scope="module")
def bags(bundle_vectors: ModuleType) -> ModuleType:
    found: ModuleType = bundle_vectors.load("bags")
    return found


@pytest.fixture(scope="module")
def whole(bags: ModuleType) -> Any:
    """A bundle that begins with the log's first leaf."""
    return bags.Bag.read((FROZEN / "whole.zip").read_bytes())


def envelopes(bag: Any) -> list[dict[str, Any]]:
    return [json.loads(data) for path, data in sorted(bag.files.items()) if path.startswith("data/statements/")]


def public_keys(bags: ModuleType) -> dict[str, bytes]:
    return {key.id: key.raw for key in (bags.key_of(role).public for role in Role)}


def test_securesystemslib_verifies_every_envelope_and_no_changed_one(whole: Any, bags: ModuleType) -> None:
    from securesystemslib.dsse import Envelope
    from securesystemslib.exceptions import VerificationError
    from securesystemslib.signer import SSlibKey

    keys = [SSlibKey(name, "ed25519", "ed25519", {"public": raw.hex()}) for name, raw in public_keys(bags).items()]
    found = envelopes(whole)
    assert len(found) == 42
    for envelope in found:
        read = Envelope.from_dict(json.loads(json.dumps(envelope)))
        assert list(read.verify(keys, 1)) == [envelope["signatures"][0]["keyid"]]
        read.payload += b" "
        with pytest.raises(VerificationError):
            read.verify(keys, 1)


def test_every_statement_is_written_as_rfc_8785_says(whole: Any) -> None:
    import rfc8785

    for envelope in envelopes(whole):
        payload = base64.b64decode(envelope["payload"])
        assert rfc8785.dumps(json.loads(payload)) == payload
    lists = [data for path, data in whole.files.items() if path.startswith("data/blobs/")]
    assert all(rfc8785.dumps(json.loads(data)) == data for data in lists)


TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
SCALARS = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXTS
KEYS = st.from_regex(r"[a-z][A-Za-z0-9_]{0,6}|_type", fullmatch=True)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4))


@settings(max_examples=25)
@given(VALUES)
def test_whatever_we_can_write_rfc_8785_writes_the_same_way(value: Any) -> None:
    import rfc8785

    assert rfc8785.dumps(value) == dumps(value)


def test_pymerkle_comes_to_the_roots_of_every_checkpoint(whole: Any) -> None:
    from pymerkle import InmemoryTree, verify_inclusion

    tree = InmemoryTree.init_from_entries(whole.leaves, algorithm="sha256")
    for line in (FROZEN / "pins.txt").read_text().splitlines():
        _, size, root = line.split(" ")
        assert tree.get_root(int(size)).hex() == root
    for index in (0, 20, 41):
        verify_inclusion(tree.get_leaf(index + 1), tree.get_root(), tree.prove_inclusion(index + 1))


@pytest.fixture(scope="module")
def sumdb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program made of Go's own packages for notes and logs."""
    if shutil.which("go") is None or not SUMDB.is_dir():
        pytest.skip("golang-go or golang-golang-x-mod-dev is not installed: notes are not read by Go")
    folder = tmp_path_factory.mktemp("sumdb")
    source = Path(__file__).parents[2] / "fixtures" / "sumdb" / "main.go"
    environ = {"GO111MODULE": "off", "GOPATH": "/usr/share/gocode", "GOCACHE": str(folder / "cache"), "GOFLAGS": "-p=2"}
    words = ["go", "build", "-o", str(folder / "sumdb"), str(source)]
    subprocess.run(words, check=True, env={**os.environ, **environ}, capture_output=True)
    return folder / "sumdb"


@pytest.mark.real
def test_go_reads_the_checkpoint_and_comes_to_its_root_and_to_the_paths_of_earlier_statements(
    sumdb: Path, whole: Any, bags: ModuleType
) -> None:
    later = bags.Bag.read((FROZEN / "later.zip").read_bytes())
    note = read_checkpoint(later.files["data/log/checkpoint"]).checkpoint
    before = read_checkpoint(later.files["data/log/previous-checkpoint"]).checkpoint
    rows = json.loads(later.files["data/log/earlier"])
    asked = {
        "Name": note.origin,
        "Key": base64.b64encode(bags.key_of("sealer").public.raw).decode(),
        "Note": later.files["data/log/checkpoint"].decode(),
        "Leaves": [line.decode() for line in whole.leaves],
        "Size": before.size,
    }
    for row in (rows[0], rows[-1]):
        path = [base64.b64encode(bytes.fromhex(one)).decode() for one in row["path"]]
        said = {**asked, "Index": row["index"], "Path": path}
        root = base64.b64encode(bytes.fromhex(note.root)).decode()
        assert answer(sumdb, said) == (0, f"{note.origin} {note.size} {root}\n")
    for wrong in (
        {"Key": base64.b64encode(bags.key_of("collector").public.raw).decode()},
        {"Note": asked["Note"].replace("\n42\n", "\n41\n")},
        {"Path": path[::-1]},
        {"Index": 1},
    ):
        assert answer(sumdb, {**said, **wrong})[0] == 1


def answer(program: Path, asked: dict[str, Any]) -> tuple[int, str]:
    done = subprocess.run([str(program)], input=json.dumps(asked), capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


SCRIPT = """
const { dsse, crypto } = require("@sigstore/core");
const rows = JSON.parse(require("fs").readFileSync(0, "utf8"));
const answers = rows.map(([envelope, pem]) => crypto.verify(
  dsse.preAuthEncoding(envelope.payloadType, Buffer.from(envelope.payload, "base64")),
  crypto.createPublicKey(pem), Buffer.from(envelope.signatures[0].sig, "base64"), null));
console.log(JSON.stringify(answers));
"""


@pytest.mark.real
def test_sigstore_of_npm_verifies_every_envelope_and_no_changed_one(
    whole: Any, bags: ModuleType, sigstore: Path, node: Path
) -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    pems = {
        name: Ed25519PublicKey.from_public_bytes(raw)
        .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        .decode()
        for name, raw in public_keys(bags).items()
    }
    rows = [[envelope, pems[envelope["signatures"][0]["keyid"]]] for envelope in envelopes(whole)]
    rows.append([{**rows[0][0], "payloadType": "application/json"}, rows[0][1]])
    done = subprocess.run(
        [str(node), "-e", SCRIPT], input=json.dumps(rows), cwd=sigstore, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == [True] * 42 + [False]
