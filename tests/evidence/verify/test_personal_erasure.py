"""What is left of a personal answer once it was erased: nothing that a guess could be held against."""

import subprocess
import zipfile
from base64 import b64decode
from collections.abc import Iterable
from datetime import timedelta
from hashlib import sha256
from json import loads
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from evidence.log.history import History
from evidence.log.keyring import Role
from evidence.model.capture import Capture
from evidence.model.names import AssetId, Digest, digest_of, hex_of
from evidence.registers.erasing import choose, remove, state
from evidence.registers.pruning import outdated
from evidence.snapshots import Snapshots
from evidence.store.answers import get_answer
from evidence.store.blobs import get_blob, measure_blob
from evidence.store.interface import MissingError
from evidence.store.memory import Vault
from evidence.verify.verifier import verify

VECTORS = Path(__file__).parents[2] / "vectors"


class Yard:
    """A log of three nights in which every asset has the same accounts."""

    def __init__(self, vectors: ModuleType) -> None:
        self.site: Any = vectors.Site(store=Vault(), keyring=vectors.fixed_keyring(), people=True)
        self.site.begin()
        plan = self.site.plan()
        for _ in range(3):
            self.site.run(plan)
            self.site.seal()
        self.store: Vault = self.site.store

    @property
    def history(self) -> History:
        return History.read(self.store)

    def captures(self, question: str, asset: str | None = None) -> list[Capture]:
        return [c for _, c in self.history.captures() if c.question == question and asset in (None, c.asset)]

    def erase(self, digests: Iterable[Digest] = (), asset: str | None = None) -> Any:
        chosen = choose(self.history, tuple(digests), asset=AssetId(asset) if asset else None)
        state(self.site.keyring, self.history, chosen, by="B. Owner", reason="law", at=self.site.now)
        self.site.seal()
        remove(self.store, self.site.keyring, chosen, bypass=False, at=self.site.now)
        return chosen

    def everything(self) -> bytes:
        """Return all there is: keys, objects as they lie there, blobs inflated, payloads decoded."""
        found = []
        for key in self.store.keys(""):
            data = self.store.get(key)
            found += [key.encode(), data]
            if key.startswith("blobs/"):
                digest = Digest(f"sha256:{key.rpartition('/')[2]}")
                found.append(get_blob(self.store, digest, measure_blob(self.store, digest)))
            elif key.endswith(".dsse.json"):
                found.append(b64decode(loads(data)["payload"]))
        return b"\n".join(found)


@pytest.fixture
def yard(vectors: ModuleType) -> Yard:
    return Yard(vectors)


def test_each_answer_is_its_own_and_erasing_one_leaves_the_others(yard: Yard, vectors: ModuleType) -> None:
    answers = yard.captures("accounts")
    assert len({one.blob for one in answers}) == len(answers) == 9
    chosen = yard.erase([answers[0].blob])
    assert chosen.artefacts == {answers[0].blob}
    with pytest.raises(MissingError):
        get_answer(yard.store, answers[0])
    assert {get_answer(yard.store, one) for one in answers[1:]} == {vectors.ACCOUNTS}
    assert not verify(yard.store, trusted_root=yard.site.keyring.key(Role.ROOT).public).failed


def test_all_of_one_asset_go_and_none_stays_because_another_gave_it_too(yard: Yard) -> None:
    mine = {one.blob for one in yard.captures("accounts", "sw-01")}
    chosen = yard.erase(asset="sw-01")
    assert mine <= chosen.artefacts
    assert not mine & chosen.shared
    assert not {key for key in yard.store.keys("blobs/") if f"sha256:{key.rpartition('/')[2]}" in mine}


def test_a_guess_of_what_was_erased_is_confirmed_by_nothing_that_is_left(yard: Yard, vectors: ModuleType) -> None:
    answers, config = yard.captures("accounts"), yard.captures("running-config", "sw-01")[0]
    guess, plain = vectors.ACCOUNTS, get_answer(yard.store, config)
    salts = [get_blob(yard.store, one.blob, one.bytes)[:16] for one in answers]
    assert guess in yard.everything()
    yard.erase([*(one.blob for one in answers), config.blob])
    left = yard.everything()
    assert plain not in left
    assert hex_of(digest_of(plain)).encode() in left, "a guess of a configuration is confirmed: that is the difference"
    tried = {hash_.hexdigest().encode() for hash_ in (sha256(guess), sha256(bytes(16) + guess), sha256(guess.strip()))}
    assert not any(one in left for one in (guess, b"jdoe", *tried, *salts, *(salt.hex().encode() for salt in salts)))


def test_personal_answers_have_a_period_of_their_own(yard: Yard) -> None:
    assets = {one.asset for one in yard.captures("accounts")}
    later = yard.site.now + timedelta(days=2)

    def past(planned: set[AssetId], **days: int) -> frozenset[Digest]:
        periods = {name: timedelta(days=number) for name, number in days.items()}
        return outdated(yard.history, periods, at=later, planned=planned, needed=())

    everyone = {one.blob for one in yard.captures("accounts")}
    newest = {one.blob for one in yard.captures("accounts")[-3:]}
    assert past(set(), personal=1) == everyone
    assert past(set(), personal=3) == past(set(), technical=3) == frozenset()
    assert past(assets, personal=1) == everyone - newest, "the newest answer of an asset that is planned stays"
    assert not past(set(), technical=1) & everyone
    yard.erase(past(assets, personal=1))
    assert past(assets, personal=1) == frozenset()
    assert not verify(yard.store, trusted_root=yard.site.keyring.key(Role.ROOT).public).failed


def test_a_personal_answer_is_read_without_its_salt_everywhere(yard: Yard, vectors: ModuleType) -> None:
    snapshots = Snapshots(yard.store, yard.history)
    new, old = snapshots.newest(AssetId("sw-01"), "accounts")
    assert new.capture.blob != old.capture.blob
    assert snapshots.data(new) == snapshots.stable(old) == vectors.ACCOUNTS
    assert snapshots.standing(AssetId("sw-01"), "accounts") is None
    assert snapshots.standing(AssetId("sw-01"), "running-config") is not None


@pytest.mark.real
def test_stock_tools_read_a_personal_answer_in_a_bundle(tmp_path: Path, vectors: ModuleType) -> None:
    with zipfile.ZipFile(VECTORS / "bundle-0.1-personal" / "personal.zip") as archive:
        archive.extractall(tmp_path)
    (bag,) = tmp_path.iterdir()
    (path,) = (bag / "data/evidence/sw-01/2026-07-02").glob("accounts*.txt")
    said = subprocess.run(["tail", "-c", "+17", path], capture_output=True, check=True).stdout
    assert said == vectors.ACCOUNTS
    assert "tail -c +17" in (bag / "data/README.txt").read_text()
    rows = (bag / "data/evidence.csv").read_text("utf-8-sig").splitlines()
    header, row = rows[0].split(","), next(one for one in rows if str(path.relative_to(bag / "data")) in one).split(",")
    assert dict(zip(header, row, strict=True))["salt"] == "16"
    done = subprocess.run(["sha256sum", "-c", "--quiet", "manifest-sha256.txt"], cwd=bag, capture_output=True)
    assert done.returncode == 0, done
