"""What an owner erases is named and excused, and nothing else is: attacks on it, and what comes back."""

import zipfile
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from evidence.log import dsse
from evidence.log.assets import dump_assets
from evidence.log.chain import Leaf, dump_batch, read_chain
from evidence.log.erased import erased_in
from evidence.log.erasure import digests_of, erasure_predicate, erasure_subjects
from evidence.log.history import History
from evidence.log.keylife import key_statement
from evidence.log.keyring import Keyring, Role
from evidence.log.keystatement import Act, KeyStatement
from evidence.log.ledger import read_ledger
from evidence.log.note import Checkpoint, sign_checkpoint
from evidence.log.plan import dump_plan
from evidence.log.register import Entry
from evidence.log.statement import Subject, build
from evidence.log.writer import append
from evidence.model.names import AssetId, Digest, digest_of
from evidence.registers.erasing import NotErasableError, choose, free, is_said, obstacles, remove, state
from evidence.registers.holding import covered, holds_in_force
from evidence.registers.pruning import outdated
from evidence.registers.signing import sign_entries
from evidence.store.blobs import put_blob
from evidence.store.layout import batch_key, blob_key, checkpoint_key, statement_key
from evidence.store.memory import Vault
from evidence.verify.bundle_verifier import verify_bundle
from evidence.verify.result import Report, Status
from evidence.verify.verifier import verify

WHY = "GDPR Art. 17: a leaver asked"


class Yard:
    """A log of two runs, and who erases in it."""

    def __init__(self, vectors: ModuleType) -> None:
        self.site: Any = vectors.Site(store=Vault(), keyring=vectors.fixed_keyring())
        self.site.begin()
        self.plan = self.site.plan()
        for _ in range(2):
            self.site.run(self.plan)
            self.site.seal()
        self.store: Vault = self.site.store
        self.answer = self.blob("sw-01")

    @property
    def history(self) -> History:
        return History.read(self.store)

    def blob(self, asset: str, question: str = "running-config") -> Digest:
        return next(c.blob for _, c in self.history.captures() if (c.asset, c.question) == (asset, question))

    def naming(self, digest: Digest) -> list[Digest]:
        return [e.digest for e, part in self.history.parts() if digest in part.answers()]

    def say(self, *digests: Digest, key: Role = Role.OWNER, **other: Any) -> Digest:
        """Sign an erasure, a true one unless told to say something `other`."""
        said: dict[str, Any] = {
            "by": "B. Owner", "reason": WHY, "at": self.site.now, "here": self.history.checkpoint,
            "affected": {one for digest in digests for one in self.naming(digest)}, **other,
        }  # fmt: skip
        predicate = {**erasure_predicate(**said), "log": self.history.origin}
        payload = build("erasure", erasure_subjects(self.plan, digests, ()), predicate)
        data = dsse.sign(self.site.keyring.key(key), dsse.IN_TOTO, payload)
        self.store.put(statement_key("erasure", digest_of(data)), data)
        return digest_of(data)

    def erase(self, *digests: Digest, asset: str | None = None) -> int:
        chosen = choose(self.history, digests, asset=AssetId(asset) if asset else None)
        state(self.site.keyring, self.history, chosen, by="B. Owner", reason=WHY, at=self.site.now)
        self.site.seal()
        return remove(self.store, self.site.keyring, chosen, bypass=False, at=self.site.now).objects

    def gone(self, digest: Digest) -> None:
        self.store.force(blob_key(digest), None)

    def verify(self) -> Report:
        return verify(self.store, trusted_root=self.site.keyring.key(Role.ROOT).public, pins=[])


@pytest.fixture
def yard(vectors: ModuleType) -> Yard:
    return Yard(vectors)


def failed(report: Report) -> list[str]:
    return [step.name for step in report.failed]


def words(report: Report, number: int) -> str:
    return "\n".join(report.steps[number - 1].details)


def test_what_was_erased_is_named_and_neither_passed_nor_failed(yard: Yard) -> None:
    assert yard.erase(yard.answer) == 1
    report = yard.verify()
    assert failed(report) == []
    assert report.steps[7].status is Status.NOT_CHECKED
    assert f"{yard.answer}: erased on {yard.site.now - timedelta(minutes=10):%Y-%m-%d}" in words(report, 8)
    assert WHY in words(report, 8)
    assert "1 artefacts were erased" in words(report, 8)
    assert "2 statements name what is gone" in words(report, 7)
    assert blob_key(yard.answer) not in yard.store.snapshot()


def test_a_blob_gone_without_an_erasure_is_missing(yard: Yard) -> None:
    yard.gone(yard.answer)
    report = yard.verify()
    assert failed(report) == ["blobs"]
    assert yard.answer[7:] in words(report, 8)


def test_another_blob_than_the_erased_one_is_missing(yard: Yard) -> None:
    yard.erase(yard.answer)
    other = yard.blob("press-7")
    yard.gone(other)
    assert failed(yard.verify()) == ["blobs"]


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.OWNER])
def test_nobody_but_the_owner_erases(yard: Yard, role: Role) -> None:
    yard.say(yard.answer, key=role)
    yard.site.seal()
    yard.gone(yard.answer)
    assert dict(erased_in(yard.history)) == {}
    assert failed(yard.verify()) == ["blobs"]


def test_a_wrong_role_is_named_where_a_sealer_logs_it_nevertheless(yard: Yard, vectors: ModuleType) -> None:
    digest = yard.say(yard.answer, key=Role.COLLECTOR)
    force_leaf(yard, digest)
    assert "statements" in failed(yard.verify())
    assert "only the owner may sign it" in words(yard.verify(), 6)


def force_leaf(yard: Yard, digest: Digest) -> None:
    """Log a statement unchecked, as a sealer may that means ill."""
    size = read_chain(yard.store).size
    yard.store.put(batch_key(size), dump_batch([Leaf("erasure", digest)]))
    chain = read_chain(yard.store)
    here = Checkpoint(origin=yard.history.origin, size=chain.size, root=chain.root)
    yard.store.put(checkpoint_key(chain.size), sign_checkpoint(yard.site.keyring.key(Role.SEALER), here))
    yard.store.replace("log/checkpoint", yard.store.get(checkpoint_key(chain.size)))


def wrong(yard: Yard) -> dict[str, dict[str, Any]]:
    names = yard.naming(yard.answer)
    others = yard.naming(yard.blob("press-7"))
    here = yard.history.checkpoint
    fork = type(here)(origin=here.origin, size=here.size, root="0" * 64)
    return {
        "is not listed": {"affected": names[:1]},
        "names nothing of it": {"affected": [*names, others[0]]},
        "that is not this": {"here": fork},
    }


@pytest.mark.parametrize("why", ["is not listed", "names nothing of it", "that is not this"])
def test_a_wrong_list_is_set_aside_by_the_seal_and_named_where_it_is_logged(yard: Yard, why: str) -> None:
    digest = yard.say(yard.answer, **wrong(yard)[why])
    whole = yard.store.snapshot()
    yard.site.seal()
    assert not yard.verify().failed
    assert why in words(yard.verify(), 6)
    assert dict(erased_in(yard.history)) == {}
    yard.store.restore(whole)
    force_leaf(yard, digest)
    report = yard.verify()
    assert failed(report) == ["links"]
    assert why in words(report, 7)


@pytest.mark.parametrize("kind", ["plan", "list", "log"])
def test_what_the_log_is_read_with_is_not_erased(yard: Yard, kind: str) -> None:
    part = next(part for _, part in yard.history.parts())
    digest = {"plan": part.plan, "list": part.assets, "log": Digest(str(part.conduct["log"]))}[kind]
    with pytest.raises(NotErasableError, match="is no answer"):
        choose(yard.history, [digest])
    affected = [e.digest for e in yard.history.statements if digest in yard.history.open(e).blobs]
    yard.say(digest, affected=affected)
    yard.site.seal()
    assert "is no answer" in words(yard.verify(), 6)
    assert dict(erased_in(yard.history)) == {}


@pytest.mark.parametrize("kind", ["plan", "list"])
def test_an_answer_with_the_bytes_of_what_the_log_is_read_with_stays(
    vectors: ModuleType, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    usual = vectors.Site._captures

    def captures(self: Any, asset: Any) -> Any:
        config, *rest = usual(self, asset)[0]
        data = dump_plan(vectors.ASSETS) if kind == "plan" else dump_assets(vectors.ASSETS)
        same = config._replace(blob=put_blob(self.store, data), bytes=len(data), redactions=0)
        return [config, same._replace(question="file"), *rest], usual(self, asset)[1]

    monkeypatch.setattr(vectors.Site, "_captures", captures)
    yard = Yard(vectors)
    same, part = yard.blob("sw-01", "file"), next(part for _, part in yard.history.parts())
    assert same == {"plan": part.plan, "list": part.assets}[kind]
    with pytest.raises(NotErasableError, match="is no answer"):
        choose(yard.history, [same])
    assert same in choose(yard.history, [], asset=AssetId("sw-01")).shared
    old = outdated(
        yard.history, {"technical": timedelta()}, at=yard.site.now + timedelta(days=9), planned=(), needed=()
    )
    assert yard.answer in old
    assert same not in old
    yard.say(same, affected=[e.digest for e in yard.history.statements if same in yard.history.open(e).blobs])
    yard.site.seal()
    assert "is no answer" in words(yard.verify(), 6)
    assert dict(erased_in(yard.history)) == {}


def test_what_nothing_names_cannot_be_erased(yard: Yard) -> None:
    stray = put_blob(yard.store, b"nobody refers to it")
    with pytest.raises(NotErasableError, match="no statement of the log names it"):
        choose(yard.history, [stray])


def test_what_is_given_again_has_to_be_there_again(yard: Yard) -> None:
    yard.erase(yard.answer)
    yard.site.run(yard.plan)
    yard.site.seal()
    assert dict(erased_in(yard.history)) == {}
    assert not yard.verify().failed
    assert yard.verify().steps[7].status is Status.PASSED
    yard.gone(yard.answer)
    assert failed(yard.verify()) == ["blobs"]
    yard.site.run(yard.plan)
    yard.site.seal()
    assert yard.erase(yard.answer) == 1
    assert failed(yard.verify()) == []
    assert yard.answer in erased_in(yard.history)


def test_a_crash_before_the_removal_is_named_and_the_same_again_does_the_rest(yard: Yard) -> None:
    keyring = yard.site.keyring
    chosen = choose(yard.history, [yard.answer])
    state(keyring, yard.history, chosen, by="B. Owner", reason=WHY, at=yard.site.now)
    assert state(keyring, yard.history, chosen, by="B. Owner", reason=WHY, at=yard.site.now) is None
    assert not is_said(yard.history, chosen)
    assert remove(yard.store, keyring, chosen, bypass=False, at=yard.site.now).objects == 0
    yard.site.seal()
    report = yard.verify()
    assert (failed(report), "is still there" in words(report, 8)) == ([], True)
    assert state(keyring, yard.history, chosen, by="B. Owner", reason=WHY, at=yard.site.now) is None
    assert remove(yard.store, keyring, chosen, bypass=False, at=yard.site.now).objects == 1
    assert remove(yard.store, keyring, chosen, bypass=False, at=yard.site.now).objects == 0
    assert "is still there" not in words(yard.verify(), 8)


def test_what_was_sealed_is_removed_without_any_key(yard: Yard) -> None:
    chosen = choose(yard.history, [yard.answer])
    yard.say(yard.answer)
    yard.site.seal()
    assert remove(yard.store, Keyring(signing={}), chosen, bypass=False, at=yard.site.now).objects == 1


def test_what_a_waiting_part_names_stays(yard: Yard) -> None:
    chosen = choose(yard.history, [yard.answer])
    state(yard.site.keyring, yard.history, chosen, by="B. Owner", reason=WHY, at=yard.site.now)
    yard.site.seal()
    yard.site.run(yard.plan)
    removed = remove(yard.store, yard.site.keyring, chosen, bypass=False, at=yard.site.now)
    assert (removed.objects, removed.left) == (0, (f"{yard.answer}: was collected again",))
    with pytest.raises(NotErasableError, match="not sealed"):
        choose(yard.history, [yard.answer])


def test_the_answers_of_an_asset_go_and_what_another_gave_too_stays(yard: Yard) -> None:
    chosen = choose(yard.history, [], asset=AssetId("sw-01"))
    assert chosen.artefacts == {yard.answer, yard.blob("sw-01", "system")}
    assert chosen.assets == {"sw-01"}
    assert chosen.moving
    first = min(c.at for _, c in yard.history.captures())
    with pytest.raises(NotErasableError, match="no such answer"):
        choose(yard.history, [], asset=AssetId("sw-01"), before=first)
    later = max(c.at for _, c in yard.history.captures())
    assert choose(yard.history, [yard.answer], asset=AssetId("sw-01"), before=later).shared == {
        yard.blob("sw-01", "system")
    }
    assert list(obstacles(History.read(yard.store), chosen, bypass=False, at=yard.site.now)) == []
    assert yard.erase(asset="sw-01") == 2
    assert failed(yard.verify()) == []


def test_an_erasure_by_a_key_that_was_revoked_excuses_nothing(yard: Yard) -> None:
    yard.erase(yard.answer)
    key = yard.site.keyring.key(Role.OWNER).public
    said = KeyStatement(
        act=Act.REVOKE, role=Role.OWNER, key=key, at="2026-07-23T00:00:00Z", distrust_from=0, reason="stolen"
    )
    key_statement(yard.store, yard.site.keyring.key(Role.ROOT), read_ledger(yard.store).authority, said)
    yard.site.seal()
    assert failed(yard.verify()) == ["blobs"]


def test_an_erasure_of_nothing_and_of_strangers_is_refused(yard: Yard) -> None:
    for subjects in ((), (Subject(name="stranger", digest=yard.answer),)):
        about = (Subject(name="plan", digest=yard.plan), *subjects)
        predicate = erasure_predicate(
            by="B", reason=WHY, at=yard.site.now, here=yard.history.checkpoint, affected=yard.naming(yard.answer)
        )
        append(yard.store, yard.site.keyring, kind="erasure", predicate=predicate, subjects=about)
    yard.site.seal()
    assert words(yard.verify(), 6).count("things removed, in order, each once") == 2


def test_what_a_legal_hold_covers_stays_until_it_ends(yard: Yard) -> None:
    keyring, chosen = yard.site.keyring, choose(yard.history, [yard.answer])

    def declare(*entries: Entry) -> None:
        sign_entries(yard.store, keyring, yard.history, "attestation", entries, at=yard.site.now)
        yard.site.seal()

    said = {"kind": "legal-hold", "by": "B. Owner", "reason": "case 7"}
    declare(Entry(id="H-1", columns={**said, "asset": "sw-01"}), Entry(id="H-2", columns={**said, "asset": "press-7"}))
    told = ("sw-01: legal hold H-1 by B. Owner: case 7",)
    assert tuple(obstacles(yard.history, chosen, bypass=True, at=yard.site.now)) == told
    state(keyring, yard.history, chosen, by="B. Owner", reason=WHY, at=yard.site.now)
    yard.site.seal()
    removed = remove(yard.store, keyring, chosen, bypass=True, at=yard.site.now)
    assert (removed.objects, removed.left) == (0, told)
    (mine, other) = holds_in_force(yard.history)
    assert covered(yard.history, [other]) & covered(yard.history, [mine]), "values that change lie together"
    assert blob_key(yard.blob("press-7")) in covered(yard.history, [other])
    assert blob_key(yard.blob("press-7")) not in covered(yard.history, [mine])
    declare(Entry(id="H-1", ended="the case is closed"))
    assert [one.id for one in holds_in_force(yard.history)] == ["H-2"]
    assert remove(yard.store, keyring, chosen, bypass=True, at=yard.site.now).objects == 1
    declare(Entry(id="H-3", columns=said))
    assert list(obstacles(yard.history, choose(yard.history, [yard.blob("Presse Ü")]), bypass=True, at=yard.site.now))


HOLD = {"kind": "legal-hold", "by": "B. Owner", "reason": "case 7"}


def declare(yard: Yard, *entries: Entry) -> None:
    sign_entries(yard.store, yard.site.keyring, yard.history, "attestation", entries, at=yard.site.now)
    yard.site.seal()


@pytest.mark.parametrize("asset", ["sw-01", None])
def test_an_erasure_under_a_living_hold_is_named_and_a_removal_fails(yard: Yard, asset: str | None) -> None:
    declare(yard, Entry(id="H-1", columns=HOLD | ({"asset": asset} if asset else {})))
    yard.say(yard.answer)
    yard.site.seal()
    told = f"{asset or 'the site'}: legal hold H-1 by B. Owner: case 7"
    assert failed(yard.verify()) == []
    assert f"{yard.answer}: was said to be erased, and stays while this lasts: {told}" in words(yard.verify(), 8)
    yard.gone(yard.answer)
    assert failed(yard.verify()) == ["blobs"]
    assert f"{yard.answer}: was erased in spite of {told}" in words(yard.verify(), 8)
    declare(yard, Entry(id="H-1", columns=HOLD | ({"asset": asset} if asset else {}), ended=None))
    assert failed(yard.verify()) == ["blobs"], "said once more it is the same hold"
    declare(yard, Entry(id="H-1", ended="the case is closed"))
    assert failed(yard.verify()) == []


def test_a_hold_on_another_asset_or_from_later_says_nothing_of_an_erasure(yard: Yard) -> None:
    declare(yard, Entry(id="H-1", columns={**HOLD, "asset": "press-7"}))
    yard.erase(yard.answer)
    declare(yard, Entry(id="H-2", columns=HOLD))
    assert failed(yard.verify()) == []
    assert "legal hold" not in words(yard.verify(), 8)


def test_a_hold_covers_what_others_values_lie_in(yard: Yard) -> None:
    (packed, *_) = choose(yard.history, [], asset=AssetId("sw-01")).moving
    assert "sw-01" in choose(yard.history, [packed]).assets
    assert yard.erase(packed) == 1
    assert failed(yard.verify()) == []


def test_what_is_past_its_period_and_needed_by_nobody_is_pruned(yard: Yard) -> None:
    hour, assets = {"technical": timedelta(hours=1)}, {c.asset for _, c in yard.history.captures()}
    captures = [capture for _, capture in yard.history.captures()]
    early = {c.volatile.blob for c in captures[: len(captures) // 2] if c.volatile}
    later = yard.site.now + timedelta(days=1)

    def past(**said: Any) -> frozenset[Digest]:
        return outdated(yard.history, **{"periods": hour, "at": later, "planned": assets, "needed": (), **said})

    assert past() == early, "the newest answers have the bytes of the earlier ones"
    assert past(periods={"personal": timedelta(hours=1)}) == set()
    assert past(periods={}) == past(periods={"technical": timedelta(days=2)}) == set()
    assert past(needed=early) == set()
    everything = {digest for capture in captures for digest in digests_of(capture)}
    assert past(planned=()) == everything
    said = {"kind": "legal-hold", "by": "B. Owner", "reason": "case 7", "asset": "sw-01"}
    sign_entries(
        yard.store, yard.site.keyring, yard.history, "attestation", [Entry(id="H", columns=said)], at=yard.site.now
    )
    sign_entries(
        yard.store, yard.site.keyring, yard.history, "exception",
        [Entry(id="E", columns={
            "requirement": "CFG-01", "reason_class": "other", "reason": yard.blob("press-7"), "owner": "A",
            "approver": "B", "approved": "2026-07-02", "expires": "2027-07-01",
        })],
        at=yard.site.now,
    )  # fmt: skip
    yard.site.seal()
    left = past(planned=())
    assert not left & {yard.blob("sw-01"), yard.blob("sw-01", "system"), yard.blob("press-7")}
    assert left == {yard.blob("press-7", "system"), yard.blob("Presse Ü"), yard.blob("Presse Ü", "system")}
    assert free(yard.store, left, at=later) == (tuple(sorted(left)), 0)
    assert yard.erase(*left) == 3
    assert failed(yard.verify()) == []
    assert past(planned=()) == set()


def test_a_bundle_of_an_earlier_period_shows_what_was_erased_later(bundle_vectors: ModuleType, tmp_path: Path) -> None:
    log = bundle_vectors.build(tmp_path / "store", tmp_path)
    bundle_vectors.erase(log, tmp_path)
    log.export(tmp_path / "early.zip", "2026-07-01..2026-07-02")
    report = verify_bundle(tmp_path / "early.zip", trusted_root=log.site.keyring.key(Role.ROOT).public, pins=[])
    assert failed(report) == []
    assert "GDPR Art. 17" in words(report, 9)
    assert "are withheld" not in words(report, 9)
    assert "whether erasures list all statements they affect: not all are here" in words(report, 8)
    assert not verify(log.site.store).failed


def test_a_finding_that_rested_on_what_was_erased_is_handed_out_as_not_assessed(
    bundle_vectors: ModuleType, tmp_path: Path
) -> None:
    bundle_vectors.build_personal(tmp_path / "store", tmp_path)
    said = {}
    for name in ("personal", "personal_erased"):
        with zipfile.ZipFile(tmp_path / f"{name}.zip") as bundle:
            (path,) = [one for one in bundle.namelist() if one.endswith("/data/findings.csv")]
            lines = bundle.read(path).decode("utf-8-sig").splitlines()
        said[name] = {line.split(",")[1]: line for line in lines if ",sw-02," in line}
    assert "it said contradicts" not in said["personal"]["CFG-01"]
    assert ",not-assessed,no," in said["personal_erased"]["CFG-01"]
    assert "GDPR Art. 17: a leaver asked; it said contradicts" in said["personal_erased"]["CFG-01"]
