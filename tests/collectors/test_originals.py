"""Originals of configurations: only where asked for, opened by Debian's age, missed when they are gone."""

import json
import re
import subprocess
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from secrets import token_bytes
from typing import Any

import pytest

from collectors.originals import MAX_AGE, AgeError, Originals, wants_original
from collectors.record import Chunk, Recording
from collectors.redact import Redactor
from collectors.simulate.ssh import SimulatedCli, read_devices
from collectors.transports.interface import Answer
from collectors.visit import Findings, Heard
from evidence.log.courier import carry
from evidence.log.history import History
from evidence.log.keyring import load_public
from evidence.model.names import AssetId, digest_of
from evidence.model.outcome import Outcome, Result
from evidence.platforms.load import load_platforms
from evidence.store.directory import DirectoryStore
from evidence.store.layout import original_key
from evidence.store.memory import MemoryStore
from evidence.store.open import open_store
from evidence.store.originals import check_original
from evidence.verify.verifier import verify

pytestmark = pytest.mark.real
PASSWORD = "Op3rator-77"
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
IOS = load_platforms().named("cisco_ios")
PLC = AssetId("core-sw-01")


@pytest.fixture
def keys(tmp_path: Path) -> list[tuple[Path, str]]:
    """Key pairs of the owner and of the escrow: file and public key."""
    found = []
    for name in ("owner", "escrow"):
        path = tmp_path / f"{name}.txt"
        said = subprocess.run(["age-keygen", "-o", path], capture_output=True, text=True, check=True).stderr
        found.append((path, re.findall(r"age1\w+", said)[0]))
    return found


@pytest.fixture
def cli(site: Any) -> Iterator[SimulatedCli]:
    (core,) = read_devices(Path(str(files("collectors.demo") / "plant" / "core-sw-01.yaml")))
    with SimulatedCli([replace(core, password=PASSWORD)]) as simulated:
        site.hosts = {
            "core-sw-01": {
                "ansible_host": "127.0.0.1",
                "ansible_port": simulated.port,
                "ansible_user": "core-sw-01",
                "ansible_password": PASSWORD,
                "ansible_network_os": "cisco.ios.ios",
                "plantproof_safety": "it",
            }
        }
        site.write()
        (site.folder / "known_hosts").write_text(simulated.known_hosts)
        yield simulated


def with_age(site: Any, keys: list[tuple[Path, str]]) -> None:
    site.settings["age"] = {"recipients": [public for _, public in keys]}


def captures(site: Any) -> list[dict[str, Any]]:
    found = []
    for path in sorted(site.store.glob("parts/*/*.json")):
        found += json.loads(b64decode(json.loads(path.read_text())["payload"]))["predicate"]["captures"]
    return found


def opened(data: bytes, key: Path) -> bytes:
    return subprocess.run(["age", "-d", "-i", key], input=data, capture_output=True, check=True).stdout


def test_without_the_section_nothing_is_kept(site: Any, cli: SimulatedCli) -> None:
    assert site.collect().code == 0
    assert not (site.store / "sealed").exists()
    assert not any("sealed" in row for row in captures(site))


def test_an_original_is_bound_by_its_ciphertext_and_opened_by_either_key(
    site: Any, cli: SimulatedCli, keys: list[tuple[Path, str]]
) -> None:
    with_age(site, keys)
    assert site.collect().code == 0
    bound = {row["question"]: row["sealed"] for row in captures(site) if "sealed" in row}
    assert "running-config" in bound
    assert "version" not in bound, "only configurations have one"
    original = bound["running-config"]
    data = (site.store / "sealed" / f"{original['digest'].removeprefix('sha256:')}.age").read_bytes()
    assert (digest_of(data), len(data)) == (original["digest"], original["bytes"])
    shown = subprocess.run(
        site.command("store", "get", original["digest"], "--store", str(site.store)), capture_output=True, check=True
    )
    assert shown.stdout == data
    plain = {opened(data, key) for key, _ in keys}
    (text,) = plain
    assert b"<secret:" not in text
    assert IOS is not None
    master = bytes.fromhex((site.folder / "store.keys" / "redaction-k1.key").read_text().strip())
    assert len(master) == 32
    again = Redactor(key=b"x" * 32, key_id="k1").capture(text, IOS.named("running-config"), IOS)
    assert again.hits > 0, "it has what was taken out"

    report = site.verify("--format", "json")
    steps = {step["name"]: step for step in json.loads(report.out)["steps"]}
    assert steps["blobs"]["status"] == "not-checked"
    assert any("encrypted originals say" in detail for detail in steps["blobs"]["details"])


def test_an_unchanged_configuration_costs_no_new_original(
    site: Any, cli: SimulatedCli, keys: list[tuple[Path, str]]
) -> None:
    with_age(site, keys)
    assert (site.collect().code, site.collect().code) == (0, 0)
    rows = [row["sealed"]["digest"] for row in captures(site) if row["question"] == "running-config"]
    assert (len(rows), len(set(rows))) == (2, 1)


@pytest.mark.parametrize("how", ["gone", "changed"])
def test_an_original_that_is_gone_or_changed_is_noticed(
    site: Any, cli: SimulatedCli, keys: list[tuple[Path, str]], how: str
) -> None:
    with_age(site, keys)
    assert site.collect().code == 0
    (place, *_) = sorted((site.store / "sealed").iterdir())
    kept = place.read_bytes()
    place.chmod(0o644)
    if how == "gone":
        place.unlink()
    else:
        place.write_bytes(kept[:-1] + bytes([kept[-1] ^ 1]))
    check = site.run("store", "check", "--store", str(site.store))
    assert (check.code, "step 8 blobs" in check.out) == (16, True), check.out
    place.write_bytes(kept)
    assert site.run("store", "check", "--store", str(site.store)).code == 0


def test_a_bundle_whose_statements_name_originals_stands_before_every_verifier(
    site: Any, cli: SimulatedCli, keys: list[tuple[Path, str]], three_verifiers: Any
) -> None:
    with_age(site, keys)
    assert site.collect().code == 0
    bundle = site.folder / "bundle.zip"
    year = f"{datetime.now(UTC):%Y}"
    assert site.run("export", "--period", year, "--output", str(bundle)).code == 0
    assert b"age-encryption.org" not in bundle.read_bytes(), "originals are never handed out"
    root = load_public(site.folder / "store.keys" / "root.pub")
    pins = [History.read(open_store(str(site.store))).checkpoint.pin]
    asks = (three_verifiers.ours, three_verifiers.python, three_verifiers.html)
    ours, *others = (ask(bundle, root, pins) for ask in asks)
    assert "failed" not in ours.values()
    assert others == [ours, ours]


def test_a_site_with_originals_is_carried_whole(
    site: Any, cli: SimulatedCli, keys: list[tuple[Path, str]], tmp_path: Path
) -> None:
    with_age(site, keys)
    assert site.collect().code == 0
    target = tmp_path / "centre"
    target.mkdir()
    carry(open_store(str(site.store)), DirectoryStore(target))
    assert sorted(p.name for p in (target / "sealed").iterdir()) == sorted(
        p.name for p in (site.store / "sealed").iterdir()
    )


def test_a_recipient_that_is_none_ends_a_run_before_it_begins(site: Any, cli: SimulatedCli) -> None:
    for bad in ("age1short", "ssh-ed25519 AAAA", "age1" + "q" * 58):
        site.settings["age"] = {"recipients": [bad]}
        ended = site.collect()
        assert (ended.code, "recipients" in ended.err) == (5, True), ended.err
    assert not list(site.store.glob("parts/*/*"))


# when an original stands for another answer


PUBLIC = "age1zuf7vacf0sn2vf6y83hzfqyfkfu4lyhjpxgvx5ytd6e7l28a2a2sawcs85"


def kept(one: Originals, redacted: bytes) -> Any:
    assert IOS is not None
    return one.keep(PLC, IOS.named("running-config"), blob=digest_of(redacted), redacted=redacted, plain=b"secret")


STORE = MemoryStore()
"""Holds ciphertexts, each other than the one before."""


def next_run(first: Originals, *, at: datetime = NOON, recipients: tuple[str, ...] = (PUBLIC,)) -> Originals:
    return Originals(STORE, recipients, first.dump(), at=at)


@pytest.mark.parametrize(
    ("redacted", "later", "stands"),
    [
        (b"x <secret:password:k1:00>", timedelta(days=1), True),
        (b"x <secret:password:k1:00>", MAX_AGE + timedelta(days=1), False),
        (b"x <secret:cipher:k1:varying>", timedelta(days=1), False),
    ],
)
def test_an_original_stands_for_the_same_answer_for_a_while(redacted: bytes, later: timedelta, stands: bool) -> None:
    first = Originals(STORE, (PUBLIC,), at=NOON)
    before = kept(first, redacted)
    assert (kept(next_run(first, at=NOON + later), redacted) == before) is stands


def test_another_answer_other_recipients_and_a_lost_memory_make_a_new_original() -> None:
    import pyrage

    first = Originals(STORE, (PUBLIC,), at=NOON)
    before = kept(first, b"a")
    assert kept(next_run(first), b"b") != before
    other = str(pyrage.x25519.Identity.generate().to_public())
    assert kept(next_run(first, recipients=(PUBLIC, other)), b"a") != before
    for memory in (None, {}, {"recipients": "x", "rows": [1]}):
        assert kept(Originals(MemoryStore(), (PUBLIC,), memory, at=NOON), b"a") != before
    assert kept(next_run(first), b"a") == before


def test_an_original_that_was_erased_stands_for_nothing() -> None:
    first = Originals(STORE, (PUBLIC,), at=NOON)
    before = kept(first, b"a")
    STORE.erase(original_key(before.digest), bypass=False)
    assert kept(next_run(first), b"a") != before


def test_an_original_goes_with_its_answer_and_a_replica_does_without(
    site: Any, cli: SimulatedCli, keys: list[tuple[Path, str]], tmp_path: Path
) -> None:
    with_age(site, keys)
    assert site.collect().code == 0
    (asset,) = {row["asset"] for row in captures(site)}
    done = site.run("erase", "--asset", asset, "--reason", "end of contract", "--by", "B. Owner")
    assert done.code == 0, done.said
    assert not list((site.store / "sealed").iterdir())
    verified = site.verify()
    assert verified.code == 0, verified.said
    target = tmp_path / "centre"
    target.mkdir()
    carry(open_store(str(site.store)), DirectoryStore(target))
    assert not verify(DirectoryStore(target)).failed
    assert not (target / "sealed").exists()
    assert site.collect().code == 0
    assert len(list((site.store / "sealed").iterdir())) > 0
    assert site.verify().code == 0


def test_a_checksum_that_does_not_fit_is_no_recipient() -> None:
    with pytest.raises(AgeError, match="recipients"):
        Originals(MemoryStore(), (PUBLIC[:-1] + "6",), at=NOON)


def test_what_is_kept_can_be_checked_by_whoever_has_no_key() -> None:
    store = MemoryStore()
    original = kept(Originals(store, (PUBLIC,), at=NOON), b"a")
    check_original(store, original.digest, original.bytes)


def test_configurations_are_what_originals_are_kept_of() -> None:
    assert IOS is not None
    assert {q.name for q in IOS.questions if wants_original(q)} >= {"running-config", "startup-config"}
    assert not any(wants_original(q) for q in IOS.questions if q.transport == "snmp")


def _recording(store: MemoryStore, written: list[Chunk]) -> Recording:
    return Recording(
        store=store,
        redactor=Redactor(key=b"x" * 32, key_id="k1"),
        clock=Still(),
        random=token_bytes,
        write=lambda chunk, last: written.append(chunk),
        originals=Originals(store, (PUBLIC,), at=NOON),
    )


def test_what_is_no_text_rests_sealed_and_nowhere_else() -> None:
    store = MemoryStore()
    written: list[Chunk] = []
    recording = _recording(store, written)
    assert IOS is not None
    answer = Answer(data=b"PK\x03\x04 a gateway's backup", request="show x", took_ms=1)
    heard = Heard(question=IOS.named("version"), platform=IOS, answer=answer, at=NOON)
    outcome = Outcome(asset=PLC, result=Result.COLLECTED)
    assert recording.keep(Findings(asset=PLC, heard=[heard]), outcome) == []
    recording.finish()
    (capture,) = written[0].captures
    assert (capture.bytes, capture.complete) == (0, False)
    assert capture.original is not None
    check_original(store, capture.original.digest, capture.original.bytes)
    assert b"gateway's backup" not in b"".join(store.get(key) for key in store.keys(""))


def test_the_original_of_a_personal_answer_stands_for_no_other() -> None:
    """It would go with whichever is erased first."""
    store = MemoryStore()
    written: list[Chunk] = []
    linux = load_platforms().named("linux")
    assert linux is not None
    sudoers = linux.named("sudoers.local")
    assert wants_original(sudoers)
    recording = _recording(store, written)
    answer = Answer(data=b"/etc/sudoers:jdoe ALL=(ALL) ALL\n", request="x", took_ms=1)
    heard = Heard(question=sudoers, platform=linux, answer=answer, at=NOON)
    for _ in range(2):
        assert recording.keep(Findings(asset=PLC, heard=[heard]), Outcome(asset=PLC, result=Result.COLLECTED)) == []
    recording.finish()
    one, other = (capture.original for capture in written[0].captures)
    assert one is not None
    assert other is not None
    assert one.digest != other.digest


class Still:
    def now(self) -> datetime:
        return NOON

    def monotonic(self) -> float:
        return 1.0
