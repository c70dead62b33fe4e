"""A bundle carries what binds its log from outside, and its verification checks that, too."""

import shutil
import subprocess
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from evidence.bundle.layout import COSIGNATURES, TOKENS
from evidence.clock import rfc3339
from evidence.log.anchor import anchor_of
from evidence.log.cosign import cosign
from evidence.log.keyring import Role
from evidence.log.keys import SigningKey
from evidence.log.ledger import read_ledger
from evidence.log.seal import seal
from evidence.log.timestamp import request
from evidence.log.timestamp_trust import read_certificates
from evidence.log.witness import take
from evidence.log.writer import append
from evidence.model.names import digest_of
from evidence.store.blobs import put_blob
from evidence.store.layout import checkpoint_key, token_key
from evidence.verify.bundle_verifier import verify_bundle
from evidence.verify.outside import Outside
from evidence.verify.result import Report

pytestmark = pytest.mark.real

PERIOD = "2026-11-21..2026-12-31"


def failed(report: Report) -> set[str]:
    return {step.name for step in report.failed}


def said(report: Report, name: str = "anchors") -> str:
    return "\n".join(next(step for step in report.steps if step.name == name).details)


class Bound:
    """A store of one's own whose checkpoints were stamped and cosigned, and its bundle."""

    def __init__(self, own: Any, bundles: ModuleType, tsa: Any, folder: Path) -> None:
        self.own, self.bundles, self.tsa = own, bundles, tsa
        self.witness = SigningKey.generate()
        store = own.store
        sizes = sorted(size for size in read_ledger(store).chain.roots if size)
        for size in sizes[-2:]:
            file = store.get(checkpoint_key(size))
            reply = tsa.reply(request(file, nonce=size))
            store.put(token_key(size, digest_of(reply)), reply)
            root = read_ledger(store).chain.roots[size]
            ca = tsa.ca.read_bytes()
            anchor = anchor_of(
                digest_of(file), size=size, root=root, at=bundles.AT, tokens={digest_of(reply): "tsa-1"},
                certificates={put_blob(store, ca): len(ca)}, crls={},
            )  # fmt: skip
            append(store, own.keyring, kind="anchor", predicate=anchor.predicate(), subjects=anchor.subjects)
        take(store, cosign(self.witness, "auditor.example/acme", read_ledger(store).here, bundles.AT))
        seal(store, own.keyring, at=bundles.AT)
        own.export(own.bundle, PERIOD, as_of=rfc3339(bundles.AT))
        self.bag = own.unpack(folder / "bag")

    def verify(self) -> Report:
        outside = Outside(authorities=read_certificates(self.tsa.ca), witnesses=[self.witness.public])
        return verify_bundle(self.bag, trusted_root=self.own.root, outside=outside)

    def remade(self) -> Report:
        """Verify after whoever changed it signed it again, with the sealer's own key."""
        self.bundles.remake(self.bag, self.own.keyring.key(Role.SEALER))
        return self.verify()


@pytest.fixture
def bound(handed: Any, bundles: ModuleType, tsa: Any, tmp_path: Path) -> Any:
    made = Bound(bundles.copied(handed, tmp_path / "own"), bundles, tsa, tmp_path)
    whole = tmp_path / "whole"
    shutil.copytree(made.bag, whole)
    assert failed(made.verify()) == set()
    yield made
    shutil.rmtree(made.bag)
    shutil.copytree(whole, made.bag)
    assert failed(made.verify()) == set()


def files(bound: Bound, folder: str) -> list[Path]:
    return sorted(path for path in (bound.bag / folder).rglob("*") if path.is_file())


def test_tokens_and_cosignatures_are_in_it_and_are_checked(bound: Bound) -> None:
    report = bound.verify()
    assert len(files(bound, TOKENS)) == 2
    assert len(files(bound, COSIGNATURES)) == 1
    assert "2 time stamps" in said(report)
    assert "1 cosignatures, the newest over 11 leaves" in said(report)
    assert said(verify_bundle(bound.bag)).count("name") >= 2, "without CA and witness nothing of it is trusted"


def test_openssl_accepts_its_tokens(bound: Bound) -> None:
    for path in files(bound, TOKENS):
        checkpoints = (bound.bag / "data/log").rglob("*checkpoint*")
        size = f"\n{int(path.parent.name)}\n".encode()
        own = bound.bag / "data/log/checkpoints" / path.parent.name
        named = [one for one in (own, *checkpoints) if one.is_file() and size in one.read_bytes()]
        words = ["-data", str(named[0]), "-in", str(path), "-CAfile", str(bound.tsa.ca)]
        assert subprocess.run(["openssl", "ts", "-verify", *words], capture_output=True, check=False).returncode == 0


def test_a_token_left_out_is_missed(bound: Bound) -> None:
    files(bound, TOKENS)[0].unlink()
    report = bound.remade()
    assert failed(report) == {"anchors"}
    assert "is missing" in said(report)


def test_all_tokens_left_out_are_missed(bound: Bound) -> None:
    shutil.rmtree(bound.bag / TOKENS)
    report = bound.remade()
    assert failed(report) == {"anchors"}
    assert said(report).count("is missing") == 2


def test_a_token_of_something_else_is_found(bound: Bound) -> None:
    path = files(bound, TOKENS)[-1]
    other = bound.tsa.reply(request(b"something else", nonce=1))
    path.unlink()
    path.with_name(f"{digest_of(other)[7:]}.tsr").write_bytes(other)
    report = bound.remade()
    assert failed(report) == {"anchors"}
    assert "the imprint is of something else" in said(report)


def test_a_token_moved_to_another_checkpoint_is_found(bound: Bound) -> None:
    first, last = files(bound, TOKENS)
    shutil.copy(first, last.with_name(first.name))
    assert failed(bound.remade()) == {"anchors"}


def test_a_stamped_checkpoint_that_the_leaves_do_not_lead_to_is_found(bound: Bound) -> None:
    path = files(bound, "data/log/checkpoints/")[0]
    data = path.read_bytes()
    path.write_bytes(data.replace(b"\n\n", b"\n\n", 1)[:-10] + b"AAAAAAAAA\n")
    report = bound.remade()
    assert "signatures" in failed(report)
    path.write_bytes(data)
    path.rename(path.with_name(f"{int(path.name) + 1:012d}"))
    assert failed(bound.remade())


def test_a_cosignature_of_another_log_is_found(bound: Bound) -> None:
    from dataclasses import replace

    from evidence.log.cosign import read_cosignature

    (path,) = files(bound, COSIGNATURES)
    made = read_cosignature(path.read_bytes())
    path.write_bytes(cosign(bound.witness, made.name, replace(made.checkpoint, root="ab" * 32), made.at))
    report = bound.remade()
    assert failed(report) == {"anchors"}
    assert "saw another log" in said(report)
