"""Time stamps of bundles are accepted by implementations that are not ours, and what was changed is not."""

import json
import subprocess
import zipfile
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from evidence.log.timestamp import read_reply

STAMPED = Path(__file__).parents[2] / "vectors" / "stamped-0.1"
"""The newest that runs on Node 18 and 20."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """A reply as a bundle has it, what it is over, and the CA."""

    reply: bytes
    checkpoint: bytes
    ca: x509.Certificate


@pytest.fixture(scope="module", params=["rsa", "ecdsa"])
def stamp(request: pytest.FixtureRequest) -> Stamp:
    with zipfile.ZipFile(STAMPED / f"{request.param}.zip") as archive:
        names = archive.namelist()
        (token,) = (name for name in names if name.endswith(".tsr"))
        (over,) = (name for name in names if "/log/checkpoints/" in name)
        ca = x509.load_pem_x509_certificate((STAMPED / f"{request.param}.pem").read_bytes())
        return Stamp(reply=archive.read(token), checkpoint=archive.read(over), ca=ca)


@pytest.fixture(scope="module")
def stamps(bundle_vectors: ModuleType) -> ModuleType:
    found: ModuleType = bundle_vectors.load("stamps")
    return found


def in_order(stamps: ModuleType, reply: bytes) -> bytes:
    """Return the same reply, its certificates in DER's order; they are not part of what is signed."""
    token = read_reply(reply)
    held = sorted((token.signer, *token.others), key=lambda one: one.public_bytes(Encoding.DER))
    again: bytes = stamps.resigned(None, reply, certificates=held, anew=False)
    return again


def changed(stamps: ModuleType, reply: bytes) -> list[bytes]:
    """Return the reply with another time, another signed attribute, another signature."""
    edits: list[dict[str, Any]] = [
        {"info": stamps.swapped(b"20260710", b"20260709")},
        {"attributes": stamps.swapped(b"\x17\x0d260710", b"\x17\x0d260709")},
        {"signature": stamps.flipped},
    ]
    return [stamps.resigned(None, reply, anew=False, **edit) for edit in edits]


def test_rfc3161_client_accepts_a_token_and_no_changed_one(stamp: Stamp, stamps: ModuleType) -> None:
    from rfc3161_client import VerificationError, VerifierBuilder, decode_timestamp_response

    verifier = VerifierBuilder().add_root_certificate(stamp.ca).build()
    with pytest.raises(ValueError, match="InvalidSetOrdering"):
        decode_timestamp_response(stamp.reply)
    good = decode_timestamp_response(in_order(stamps, stamp.reply))
    assert verifier.verify_message(good, stamp.checkpoint)
    assert good.tst_info.gen_time == read_reply(stamp.reply).time
    with pytest.raises(VerificationError):
        verifier.verify_message(good, stamp.checkpoint + b"\n")
    for bad in changed(stamps, in_order(stamps, stamp.reply)):
        with pytest.raises(VerificationError):
            verifier.verify_message(decode_timestamp_response(bad), stamp.checkpoint)


@pytest.mark.real
def test_openssl_accepts_a_token_and_no_changed_one(stamp: Stamp, stamps: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_bytes(stamp.ca.public_bytes(Encoding.PEM))
    (tmp_path / "checkpoint").write_bytes(stamp.checkpoint)
    at = str(int(read_reply(stamp.reply).time.timestamp()))
    codes = []
    for reply in (stamp.reply, *changed(stamps, stamp.reply)):
        (tmp_path / "token.tsr").write_bytes(reply)
        words = ["-data", "checkpoint", "-in", "token.tsr", "-CAfile", "ca.pem", "-attime", at]
        done = subprocess.run(["openssl", "ts", "-verify", *words], cwd=tmp_path, capture_output=True, check=False)
        codes.append(done.returncode == 0)
    assert codes == [True, False, False, False]


SCRIPT = """
const { RFC3161Timestamp, crypto } = require("@sigstore/core");
const rows = JSON.parse(require("fs").readFileSync(0, "utf8"));
const answers = rows.map(([reply, data, pem]) => {
  try {
    RFC3161Timestamp.parse(Buffer.from(reply, "hex")).verify(Buffer.from(data, "hex"), crypto.createPublicKey(pem));
    return true;
  } catch {
    return false;
  }
});
console.log(JSON.stringify(answers));
"""


@pytest.mark.real
def test_sigstore_of_npm_accepts_a_token_and_no_changed_one(
    stamp: Stamp, stamps: ModuleType, sigstore: Path, node: Path
) -> None:
    key = read_reply(stamp.reply).signer.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    replies = (stamp.reply, *changed(stamps, stamp.reply))
    rows = [[reply.hex(), stamp.checkpoint.hex(), key.decode()] for reply in replies]
    rows.append([stamp.reply.hex(), (stamp.checkpoint + b"\n").hex(), key.decode()])
    done = subprocess.run(
        [str(node), "-e", SCRIPT], input=json.dumps(rows), cwd=sigstore, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == [True, False, False, False, False]
