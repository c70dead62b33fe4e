"""Bundles of logs whose keys were rotated or revoked: who may sign is as it is known when they are handed out."""

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from evidence.export.readme import allowed_signers
from evidence.log.history import History
from evidence.log.keylife import key_statement
from evidence.log.keyring import Keyring, Role
from evidence.log.keys import SigningKey
from evidence.log.keystatement import Act, KeyStatement, said_now
from evidence.log.ledger import read_ledger
from evidence.log.seal import seal
from evidence.registers.adopting import adopt, asides
from evidence.verify.bundle_verifier import verify_bundle
from evidence.verify.result import Report

PERIOD = "2026-11-21..2026-11-30"


def failed(report: Report) -> set[str]:
    return {step.name for step in report.failed}


def said(report: Report, name: str) -> str:
    return "\n".join(next(step for step in report.steps if step.name == name).details)


def state(own: Any, at: Any, said: KeyStatement) -> None:
    ledger = read_ledger(own.store)
    key_statement(own.store, own.keyring.key(Role.ROOT), ledger.authority, said)
    seal(own.store, own.keyring, at=at)


@pytest.fixture
def own(handed: Any, bundles: ModuleType, tmp_path: Path) -> Any:
    """A store of one's own, with its bundle."""
    return bundles.copied(handed, tmp_path / "own")


@pytest.fixture
def rotated(own: Any, bundles: ModuleType) -> Any:
    """After the period the sealer's key was rotated, and the old one retired."""
    old, new = own.keyring.key(Role.SEALER), SigningKey.generate()
    state(own, bundles.AT, said_now(Act.GRANT, Role.SEALER, new.public, bundles.AT))
    own.keyring = Keyring(signing={**own.keyring.signing, Role.SEALER: new}, redaction=own.keyring.redaction)
    state(own, bundles.AT, said_now(Act.RETIRE, Role.SEALER, old.public, bundles.AT))
    return own


def test_a_bundle_of_the_time_before_a_rotation_is_signed_by_the_sealer_of_today(rotated: Any, tmp_path: Path) -> None:
    rotated.export(rotated.bundle, PERIOD)
    report = verify_bundle(rotated.bundle, trusted_root=rotated.root)
    assert failed(report) == set()
    assert "retired" in said(report, "keys")
    assert len(allowed_signers(History.read(rotated.store)).splitlines()) == 2, "older bundles are still checked"


def test_a_bundle_of_before_signed_by_a_key_that_is_retired_is_found(
    rotated: Any, handed: Any, bundles: ModuleType, tmp_path: Path
) -> None:
    rotated.export(rotated.bundle, PERIOD)
    bag = rotated.unpack(tmp_path / "bag")
    bundles.remake(bag, handed.keyring.key(Role.SEALER))
    report = verify_bundle(bag, trusted_root=rotated.root)
    assert failed(report) == {"signatures"}
    assert "a sealer that was retired" in said(report, "signatures")
    bundles.remake(bag, rotated.keyring.key(Role.SEALER))
    assert failed(verify_bundle(bag, trusted_root=rotated.root)) == set()


def revoke_collector(own: Any, bundles: ModuleType, since: int) -> None:
    stolen = own.keyring.key(Role.COLLECTOR).public
    words = {"at": "2026-12-01T08:00:00Z", "distrust_from": since, "reason": "the disk is gone"}
    state(own, bundles.AT, KeyStatement(act=Act.REVOKE, role=Role.COLLECTOR, key=stolen, **words))


def test_a_bundle_says_which_of_its_parts_a_revoked_key_signed(own: Any, bundles: ModuleType, tmp_path: Path) -> None:
    parts = [index for index, leaf in enumerate(read_ledger(own.store).chain.leaves) if leaf.kind == "part"]
    revoke_collector(own, bundles, parts[-1])
    own.export(own.bundle, PERIOD)
    report = verify_bundle(own.bundle, trusted_root=own.root)
    assert failed(report) == set()
    assert "1 statements by keys that were revoked since support nothing: 1 part" in said(report, "statements")


def test_a_bundle_is_handed_out_where_no_run_counts_any_more(own: Any, bundles: ModuleType) -> None:
    revoke_collector(own, bundles, 0)
    own.export(own.bundle, PERIOD)
    report = verify_bundle(own.bundle, trusted_root=own.root)
    assert failed(report) == set()
    assert "2 statements by keys that were revoked since support nothing: 2 part" in said(report, "statements")


def test_a_bundle_shows_what_an_owner_adopted_after_its_time(own: Any, bundles: ModuleType) -> None:
    revoke_collector(own, bundles, 0)
    history = History.read(own.store)
    late = [one.digest for one in asides(history)]
    adopt(own.store, own.keyring, history, late, by="Q. Owner", reason="it lay in the safe", at=bundles.AT)
    seal(own.store, own.keyring, at=bundles.AT)
    own.export(own.bundle, PERIOD)
    report = verify_bundle(own.bundle, trusted_root=own.root)
    assert failed(report) == set()
    assert "support nothing" not in said(report, "statements")
    assert "Q. Owner let 3 statements count" in said(report, "statements")


def test_a_bundle_that_hides_a_revocation_is_found(own: Any, bundles: ModuleType, tmp_path: Path) -> None:
    parts = [index for index, leaf in enumerate(read_ledger(own.store).chain.leaves) if leaf.kind == "part"]
    revoke_collector(own, bundles, parts[-1])
    hidden = [leaf.statement for leaf in read_ledger(own.store).chain.leaves if leaf.kind == "key"][-1]
    own.export(own.bundle, PERIOD)
    bag = own.unpack(tmp_path / "bag")
    path = bag / f"data/statements/key/{hidden.removeprefix('sha256:')}.dsse.json"
    whole = path.read_bytes()
    path.unlink()
    info = (bag / "bag-info.txt").read_text()
    withheld = int(info.split("Plantproof-Withheld: ")[1].split("\n")[0])
    changed = info.replace(f"Plantproof-Withheld: {withheld}", f"Plantproof-Withheld: {withheld + 1}")
    (bag / "bag-info.txt").write_text(changed)
    bundles.remake(bag, own.keyring.key(Role.SEALER))
    report = verify_bundle(bag, trusted_root=own.root)
    assert failed(report) == {"keys", "completeness"}, "its gaps are other ones, too"
    assert "what was said of a key is withheld" in said(report, "keys")
    path.write_bytes(whole)
    (bag / "bag-info.txt").write_text(info)
    bundles.remake(bag, own.keyring.key(Role.SEALER))
    assert failed(verify_bundle(bag, trusted_root=own.root)) == set()
