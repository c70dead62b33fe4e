"""
What verification does not catch, each with what would: docs/threat-model.md lists these.

A test here that begins to fail is good news, and takes a line off that list.
"""

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from evidence.log.keylife import key_statement
from evidence.log.keyring import Keyring, Role
from evidence.log.keys import SigningKey
from evidence.log.keystatement import Act, KeyStatement, said_now
from evidence.log.ledger import read_ledger
from evidence.log.seal import seal
from evidence.log.timestamp import request
from evidence.model.names import digest_of
from evidence.store.layout import batch_key, checkpoint_key, token_key
from evidence.store.memory import MemoryStore
from evidence.verify.bundle_verifier import verify_bundle
from evidence.verify.verifier import verify

PERIOD = "2026-11-21..2026-11-30"


def test_a_lie_by_a_collectors_key_stands_until_the_key_is_revoked(vectors: ModuleType, memory: MemoryStore) -> None:
    site, _ = vectors.build(memory)
    before = read_ledger(memory).chain.size
    plan = next(leaf for leaf in read_ledger(memory).plans)
    site.run(plan, slot="nightly-20260801T0200Z")
    site.seal()
    report = verify(memory, trusted_root=site.keyring.key(Role.ROOT).public)
    assert not report.failed
    stolen, new = site.keyring.key(Role.COLLECTOR).public, SigningKey.generate()
    root, authority = site.keyring.key(Role.ROOT), read_ledger(memory).authority
    key_statement(memory, root, authority, said_now(Act.GRANT, Role.COLLECTOR, new.public, site.now))
    words = {"at": "2026-08-02T00:00:00Z", "distrust_from": before, "reason": "stolen"}
    key_statement(memory, root, authority, KeyStatement(act=Act.REVOKE, role=Role.COLLECTOR, key=stolen, **words))
    site.seal()
    report = verify(memory, trusted_root=root.public)
    assert "support nothing: 3 part" in "".join(report.steps[5].details)


def test_a_log_that_nothing_binds_can_be_rewritten_by_all_its_keys(vectors: ModuleType) -> None:
    first, other = MemoryStore(), MemoryStore()
    site, pins = vectors.build(first)
    rewritten = vectors.Site(store=other, keyring=site.keyring)
    rewritten.begin()
    rewritten.run(rewritten.plan(vectors.ASSETS[:1]), assets=vectors.ASSETS[:1])
    rewritten.seal()
    root = site.keyring.key(Role.ROOT).public
    assert not verify(other, trusted_root=root).failed
    assert [step.name for step in verify(other, trusted_root=root, pins=pins[:1]).failed] == ["pins"]


def test_what_is_newer_than_the_newest_anchor_can_be_cut_off(vectors: ModuleType) -> None:
    store = MemoryStore()
    site, pins = vectors.build(store)
    kept = MemoryStore()
    logged = {leaf.statement[7:] for leaf in read_ledger(store).chain.leaves[: pins[1].size]}
    for key in store.keys(""):
        name = key.split("/")[-1].split(".")[0]
        gone = key in (batch_key(pins[1].size), checkpoint_key(pins[2].size), "log/checkpoint")
        if gone or key.startswith("state/") or (key.startswith(("parts/", "statements/")) and name not in logged):
            continue
        kept.put(key, store.get(key))
    for key in store.keys("parts/nightly-20260722t0400z/"):
        if key not in set(kept.keys("")):
            kept.put(key, store.get(key))  # what was set aside
    kept.replace("log/checkpoint", store.get(checkpoint_key(pins[1].size)))
    root = site.keyring.key(Role.ROOT).public
    report = verify(kept, trusted_root=root, pins=pins[:2])
    assert not report.failed, report.failed
    assert [step.name for step in verify(kept, trusted_root=root, pins=pins).failed] == ["pins"]


def test_a_bundle_of_before_the_revocation_of_its_sealer_passes(
    handed: Any, bundles: ModuleType, tmp_path: Path
) -> None:
    own = bundles.copied(handed, tmp_path / "own")
    thief, new, root = own.keyring.key(Role.SEALER), SigningKey.generate(), own.keyring.key(Role.ROOT)
    grant = said_now(Act.GRANT, Role.SEALER, new.public, bundles.AT)
    key_statement(own.store, root, read_ledger(own.store).authority, grant)
    own.keyring = Keyring(signing={**own.keyring.signing, Role.SEALER: new}, redaction=own.keyring.redaction)
    seal(own.store, own.keyring, at=bundles.AT)
    words = {"at": "2026-12-01T08:00:00Z", "distrust_from": 0, "reason": "stolen"}
    said = KeyStatement(act=Act.REVOKE, role=Role.SEALER, key=thief.public, **words)
    key_statement(own.store, root, read_ledger(own.store).authority, said)
    pin = seal(own.store, own.keyring, at=bundles.AT)
    report = verify_bundle(handed.bundle, trusted_root=own.root)
    assert not report.failed
    report = verify_bundle(handed.bundle, trusted_root=own.root, pins=[pin])
    assert "of a log of another size" in "".join(report.steps[5].details), "a pin of today says that there is more"


@pytest.mark.real
def test_a_bundle_without_the_newest_token_over_it_passes(
    handed: Any, bundles: ModuleType, tsa: Any, tmp_path: Path
) -> None:
    own = bundles.copied(handed, tmp_path / "own")
    own.export(own.bundle, PERIOD)
    here = verify_bundle(own.bundle).checkpoint
    assert here is not None
    size = here.size
    file = own.store.get(checkpoint_key(size))
    reply = tsa.reply(request(file, nonce=1))
    own.store.put(token_key(size, digest_of(reply)), reply)
    without = verify_bundle(own.bundle, trusted_root=own.root)
    own.export(own.bundle, PERIOD)
    assert not without.failed
    assert not verify_bundle(own.bundle, trusted_root=own.root).failed
