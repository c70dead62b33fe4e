"""What binds a log from outside: each way to tamper with it is found at step 11, and what nothing binds is said."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from evidence.log.anchor import anchor_of
from evidence.log.cosign import cosign, read_cosignature
from evidence.log.keyring import Role
from evidence.log.keys import SigningKey
from evidence.log.ledger import read_ledger
from evidence.log.note import Checkpoint
from evidence.log.seal import seal
from evidence.log.timestamp import request
from evidence.log.timestamp_trust import read_certificates
from evidence.log.witness import look, take
from evidence.log.writer import append
from evidence.model.names import Digest, digest_of
from evidence.store.blobs import put_blob
from evidence.store.layout import checkpoint_key, cosignature_key, token_key
from evidence.store.memory import Vault
from evidence.verify.outside import Outside
from evidence.verify.result import Report, Status
from evidence.verify.verifier import verify

pytestmark = pytest.mark.real

ANCHORS = 11


@dataclass(slots=True)
class Plant:
    """A log that is stamped by a real authority and seen by a witness."""

    site: Any
    plan: Digest
    tsa: Any
    witness: SigningKey = field(default_factory=SigningKey.generate)

    @property
    def store(self) -> Vault:
        return self.site.store  # type: ignore[no-any-return]

    @property
    def here(self) -> Checkpoint:
        return read_ledger(self.store).here

    def stamp(self, tsa: Any = None, *, crl: bool = True, reply: bytes | None = None) -> str:
        """Get a token over the newest checkpoint, keep it, state it; return its key."""
        tsa = tsa or self.tsa
        here = self.here
        file = self.store.get(checkpoint_key(here.size))
        reply = reply or tsa.reply(request(file, nonce=here.size))
        key = token_key(here.size, digest_of(reply))
        self.store.put(key, reply)
        blobs = {}
        for name, path in (("certificates", tsa.ca), ("crls", tsa.crl)):
            data = path.read_bytes()
            blobs[name] = {put_blob(self.store, data): len(data)} if crl or name != "crls" else {}
        anchor = anchor_of(
            digest_of(file), size=here.size, root=here.root, at=self.site.now,
            tokens={digest_of(reply): "tsa-1"}, **blobs,
        )  # fmt: skip
        append(self.store, self.site.keyring, kind="anchor", predicate=anchor.predicate(), subjects=anchor.subjects)
        return key

    def run(self) -> Checkpoint:
        """Read the plant once more, and seal."""
        self.site.run(self.plan)
        return self.site.seal()  # type: ignore[no-any-return]

    def cosign(self) -> str:
        made = cosign(self.witness, "auditor.example/acme", look(self.store, None).checkpoint, self.site.now)
        return take(self.store, made)[1]

    def verify(self, **more: Any) -> Report:
        trusted = Outside(authorities=read_certificates(self.tsa.ca), witnesses=[self.witness.public])
        root = self.site.keyring.key(Role.ROOT).public
        return verify(self.store, **{"trusted_root": root, "outside": trusted, **more})


def failed(report: Report) -> set[int]:
    return {step.number for step in report.failed}


def said(report: Report) -> str:
    return "\n".join(report.steps[ANCHORS - 1].details)


@pytest.fixture
def plant(vectors: ModuleType, tsa: Any) -> Iterator[Plant]:
    """A log stamped and cosigned before its first run, and after; put back at the end, it verifies as before."""
    site = vectors.Site(store=Vault(), keyring=vectors.fixed_keyring(), now=datetime.now(UTC).replace(microsecond=0))
    site.now -= timedelta(hours=1, minutes=20)
    site.begin()
    made = Plant(site=site, plan=site.plan(), tsa=tsa)
    site.seal()
    made.stamp()
    made.run()
    made.stamp()
    made.cosign()
    whole = site.store.snapshot()
    assert_holds(made.verify())
    yield made
    site.store.restore(whole)
    assert_holds(made.verify())


def assert_holds(report: Report) -> None:
    assert not failed(report), report.failed
    assert report.steps[ANCHORS - 1].status is Status.PASSED, said(report)


def test_a_log_that_is_bound_from_before_its_first_part_to_its_last_leaf_passes(plant: Plant) -> None:
    report = plant.verify()
    assert_holds(report)
    assert "the earliest anchor binds the leaves up to 7: a time stamp by CN=tsa-1 tsa of 20" in said(report)
    assert f"the newest anchor binds the leaves up to {plant.here.size}: " in said(report)


def test_the_tail_after_the_newest_anchor_is_named(plant: Plant) -> None:
    before = plant.here.size
    now = plant.run().size
    assert f"the newest {now - before} of {now} leaves: no anchor binds them" in said(plant.verify())
    plant.stamp()
    assert "no anchor binds them" not in said(plant.verify())


def test_history_before_the_earliest_anchor_is_named(plant: Plant, tsa: Any) -> None:
    plant.store.force(next(plant.store.keys("log/tsr/")), None)
    log = [key for key in plant.store.snapshot() if key.startswith("log/tsr/")]
    report = plant.verify()
    assert failed(report) == {ANCHORS}, "one was stated in the log, and has gone"
    assert "over 7 leaves is missing" in said(report)
    assert "the first 11 leaves, 3 parts among them: nothing binds them before" in said(report)
    assert len(log) == 1


def test_without_trust_from_outside_times_are_their_signers_word(plant: Plant) -> None:
    report = plant.verify(outside=Outside())
    assert not failed(report)
    assert report.steps[ANCHORS - 1].status is Status.NOT_CHECKED
    assert "whether CN=tsa-1 tsa is to be trusted with the time: name its CA with --tsa-ca" in said(report)
    assert "cosigned by auditor.example/acme" in said(report)
    assert "no anchor binds them" in said(report)


def newest_token(plant: Plant) -> tuple[str, bytes]:
    key = list(plant.store.keys("log/tsr/"))[-1]
    return key, plant.store.get(key)


def swap(plant: Plant, reply: bytes) -> None:
    """Put another reply in the newest one's place, under a name of its own."""
    key, _ = newest_token(plant)
    plant.store.force(key, None)
    plant.store.force(token_key(plant.here.size, digest_of(reply)), reply)


def test_a_token_over_something_else_is_found(plant: Plant) -> None:
    swap(plant, plant.tsa.reply(request(b"something else", nonce=1)))
    report = plant.verify()
    assert failed(report) == {ANCHORS}
    assert "the imprint is of something else" in said(report)


def test_a_token_of_another_size_is_found(plant: Plant) -> None:
    first = plant.store.get(next(plant.store.keys("log/tsr/")))
    plant.store.force(token_key(plant.here.size, digest_of(first)), first)
    report = plant.verify()
    assert failed(report) == {ANCHORS}
    assert "the imprint is of something else" in said(report)


def test_a_token_at_a_size_at_which_no_batch_ended_is_found(plant: Plant) -> None:
    _, reply = newest_token(plant)
    plant.store.force(token_key(9, digest_of(reply)), reply)
    assert failed(plant.verify()) == {ANCHORS}


def test_a_checkpoint_signed_again_is_not_the_one_that_was_stamped(plant: Plant) -> None:
    """Ed25519 signs the same bytes the same way, so another signature is another sealer's."""
    from evidence.log.keylife import key_statement
    from evidence.log.keystatement import Act, said_now
    from evidence.log.note import sign_checkpoint

    other = SigningKey.generate()
    ledger = read_ledger(plant.store)
    grant = said_now(Act.GRANT, Role.SEALER, other.public, plant.site.now)
    key_statement(plant.store, plant.site.keyring.key(Role.ROOT), ledger.authority, grant)
    plant.site.seal()
    plant.stamp()
    plant.cosign()
    assert_holds(plant.verify())
    plant.store.force(checkpoint_key(plant.here.size), sign_checkpoint(other, plant.here))
    plant.store.force("log/checkpoint", sign_checkpoint(other, plant.here))
    report = plant.verify()
    assert failed(report) == {ANCHORS}
    assert "the imprint is of something else" in said(report)


def test_a_replaced_token_is_missed(plant: Plant) -> None:
    """As good a token as the first, but not the one that was stated in the log."""
    file = plant.store.get(checkpoint_key(plant.here.size))
    swap(plant, plant.tsa.reply(request(file, nonce=77)))
    report = plant.verify()
    assert failed(report) == {ANCHORS}
    assert f"over {plant.here.size} leaves is missing" in said(report)


def test_a_token_whose_bytes_are_not_those_of_its_name_is_found(plant: Plant) -> None:
    key, reply = newest_token(plant)
    plant.store.force(key, reply[:-1] + bytes([reply[-1] ^ 1]))
    report = plant.verify()
    assert failed(report) == {ANCHORS}
    assert "its bytes have the digest" in said(report)


def test_a_changed_token_under_its_own_name_is_found(plant: Plant) -> None:
    _, reply = newest_token(plant)
    swap(plant, reply[:-1] + bytes([reply[-1] ^ 1]))
    report = plant.verify()
    assert failed(report) == {ANCHORS}
    assert "not signed by its certificate, or changed since" in said(report)


def test_a_token_by_a_certificate_for_something_else_is_found(plant: Plant, tsas: ModuleType) -> None:
    file = plant.store.get(checkpoint_key(plant.here.size))
    plant.tsa.usages = (ExtendedKeyUsageOID.CODE_SIGNING,)
    wrong = plant.tsa._certificate("tsa", "between", ca=False)
    swap(plant, tsas.signed_by(plant.tsa, plant.tsa.reply(request(file, nonce=1)), wrong))
    report = plant.verify()
    assert failed(report) == {ANCHORS}
    assert "not for time stamps" in said(report)


def test_a_token_of_an_authority_nobody_trusts_is_found(plant: Plant, other_tsa: Any) -> None:
    plant.stamp(other_tsa)
    report = plant.verify()
    assert failed(report) == {ANCHORS}
    assert "no chain leads from CN=tsa-2 tsa to a CA that is trusted" in said(report)


def test_a_second_authority_binds_as_well(plant: Plant, other_tsa: Any) -> None:
    plant.stamp(other_tsa)
    both = [*read_certificates(plant.tsa.ca), *read_certificates(other_tsa.ca)]
    assert_holds(plant.verify(outside=Outside(authorities=both, witnesses=[plant.witness.public])))


def test_a_token_of_before_its_certificate_ran_out_still_binds(plant: Plant, tsas: ModuleType, tmp_path: Any) -> None:
    begin = datetime.now(UTC).replace(microsecond=0) - timedelta(days=2)
    clock = f"{begin + timedelta(hours=1):%Y-%m-%d %H:%M:%S}"
    old = tsas.Tsa(tmp_path / "old", name="tsa-3", begin=begin, end=begin + timedelta(days=1), clock=clock).make()
    plant.stamp(old)
    both = [*read_certificates(plant.tsa.ca), *read_certificates(old.ca)]
    report = plant.verify(outside=Outside(authorities=both, witnesses=[plant.witness.public]))
    assert not failed(report)
    assert "clock-suspect" in said(report), "it says that parts were there before they say they ended"


def test_a_certificate_on_a_list_that_was_kept_is_found(plant: Plant) -> None:
    plant.run()
    plant.tsa.revoke(at=datetime(2026, 1, 1, tzinfo=UTC))
    plant.stamp()
    report = plant.verify()
    assert failed(report) == {ANCHORS}
    assert "the certificate of CN=tsa-1 tsa was revoked by its issuer" in said(report)


def test_without_a_list_it_is_not_known_whether_it_was_revoked(vectors: ModuleType, tsa: Any) -> None:
    site = vectors.Site(store=Vault(), keyring=vectors.fixed_keyring())
    site.begin()
    made = Plant(site=site, plan=site.plan(), tsa=tsa)
    site.seal()
    made.stamp(crl=False)
    assert "whether the certificate of CN=tsa-1 tsa was revoked: no revocation list was kept" in said(made.verify())


def test_a_rewritten_log_does_not_fit_its_tokens(plant: Plant, vectors: ModuleType) -> None:
    """Whoever holds every key makes a log of the same name and size; the time stamps know the first one."""
    site = vectors.Site(store=Vault(), keyring=plant.site.keyring, now=plant.site.now)
    begun = plant.store.snapshot()
    for key in ("store.json", *(k for k in begun if k.startswith(("statements/genesis/", "statements/key/")))):
        site.store.force(key, begun[key])
    plan = site.plan()
    site.seal()
    site.run(plan)
    site.plan(vectors.ASSETS[:2])
    assert site.seal().size == plant.here.size
    stolen = site.store.snapshot()
    outside = {key: data for key, data in begun.items() if key.startswith(("log/tsr/", "log/cosig/"))}
    plant.store.restore(stolen | outside)
    report = plant.verify()
    assert failed(report) == {ANCHORS}
    assert "the imprint is of something else" in said(report)
    assert "auditor.example/acme saw another log at 11 leaves" in said(report)


# Times that contradict their bracket.


def test_a_part_that_says_it_ended_after_it_was_stamped_is_suspect(plant: Plant) -> None:
    plant.site.now += timedelta(days=1)
    plant.run()
    plant.stamp()
    report = plant.verify()
    assert not failed(report)
    assert said(report).count("clock-suspect") == 3
    assert "and was time-stamped at" in said(report)


def test_a_part_that_knew_a_later_time_stamp_than_its_own_time_is_suspect(plant: Plant) -> None:
    """Its `after` holds the log's statement of the first token, so it was made after that token."""
    plant.site.now -= timedelta(days=3)
    plant.run()
    plant.stamp()
    report = plant.verify()
    assert not failed(report)
    assert "and knew a time stamp of" in said(report)
    assert said(report).count("clock-suspect") == 3


# Cosignatures.


def cosignature(plant: Plant) -> tuple[str, bytes]:
    (key,) = plant.store.keys("log/cosig/")
    return key, plant.store.get(key)


def test_a_cosignature_by_another_key_under_the_witness_name_is_a_strangers(plant: Plant) -> None:
    key, _ = cosignature(plant)
    plant.store.force(key, None)
    thief = SigningKey.generate()
    take(plant.store, cosign(thief, "auditor.example/acme", plant.here, plant.site.now))
    report = plant.verify()
    assert not failed(report)
    assert "cosigned by auditor.example/acme" in said(report)
    assert "whose key was not given" in said(report)


@pytest.mark.parametrize("at", [0, 8, 11, 12, 40, 75])
def test_a_changed_cosignature_is_found_or_a_strangers(plant: Plant, at: int) -> None:
    """Key hash (0-3), time (4-11), signature (12-75)."""
    key, data = cosignature(plant)
    text, _, line = data.decode().rpartition(" ")
    raw = bytearray(base64.b64decode(line))
    raw[at] ^= 1
    changed = f"{text} {base64.b64encode(raw).decode()}\n".encode()
    plant.store.force(key, None)
    plant.store.force(cosignature_key(plant.here.size, read_cosignature(changed).file_name), changed)
    report = plant.verify()
    if at < 4:
        assert "whose key was not given" in said(report)
    else:
        assert failed(report) == {ANCHORS}
        assert "not signed by" in said(report)


def test_a_cosignature_of_another_log_is_found(plant: Plant) -> None:
    key, _ = cosignature(plant)
    other = Checkpoint(origin=plant.here.origin, size=plant.here.size, root="ab" * 32)
    forged = cosign(plant.witness, "auditor.example/acme", other, plant.site.now)
    plant.store.force(key, forged)
    report = plant.verify()
    assert failed(report) == {ANCHORS}
    assert "auditor.example/acme saw another log at" in said(report)


def test_a_cosignature_under_another_size_or_name_is_found(plant: Plant) -> None:
    key, data = cosignature(plant)
    for wrong in (key.replace(f"{plant.here.size:012d}", f"{7:012d}"), key[:-2] + ("1z" if key[-2] != "1" else "2z")):
        plant.store.force(key, None)
        plant.store.force(wrong, data)
        report = plant.verify()
        assert failed(report) == {ANCHORS}
        assert "a cosignature of something else lies there" in said(report)
        plant.store.force(wrong, None)
        plant.store.force(key, data)


def test_a_time_stamps_signature_is_never_a_statements(plant: Plant) -> None:
    """An anchor statement that names a state the log never had is found at its place in the log."""
    file = plant.store.get(checkpoint_key(plant.here.size))
    anchor = anchor_of(
        digest_of(file), size=plant.here.size, root="ab" * 32, at=plant.site.now,
        tokens={digest_of(b"x"): "tsa-1"}, certificates={}, crls={},
    )  # fmt: skip
    append(plant.store, plant.site.keyring, kind="anchor", predicate=anchor.predicate(), subjects=anchor.subjects)
    plant.run()
    report = plant.verify()
    assert failed(report) == {ANCHORS}
    assert "that is not this" in said(report)


# What is stated of time stamps waits for something else to seal.


def test_a_seal_with_nothing_else_to_commit_does_not_log_a_time_stamp(plant: Plant) -> None:
    size = plant.here.size
    assert plant.site.seal().size == size
    assert seal(plant.store, plant.site.keyring, at=plant.site.now, wait_s=0, renewing=True).size == size + 1
    plant.stamp()
    plant.cosign()
    assert_holds(plant.verify())
