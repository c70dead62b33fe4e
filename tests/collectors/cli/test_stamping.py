"""A site whose log is time-stamped by a real authority after each seal, and cosigned by a witness."""

import json
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from collectors.sealing import seal_site
from collectors.site import OpenSite
from collectors.stamping import TIMEOUT_S
from collectors.time_authority import TimeAuthority
from evidence.log.ledger import read_ledger
from evidence.log.timestamp import read_reply
from evidence.store.directory import DirectoryStore
from evidence.store.layout import checkpoint_key, token_folder
from evidence.store.memory import MemoryStore

pytestmark = pytest.mark.real


@pytest.fixture
def made(site: Any, tsa: Any) -> Any:
    """A site with an authority, that has read this machine once."""
    site.hosts["here"] = {"ansible_connection": "local", "plantproof_safety": "it"}
    site.judging = False
    site.settings["tsa"] = [{"name": "tsa-1", "url": tsa.url, "ca": str(tsa.ca), "crl": f"{tsa.url}crl"}]
    assert site.collect("-t", "identify").code == 0
    return site


def anchors(ended: Any) -> tuple[str, str]:
    step = json.loads(ended.out)["steps"][10]
    return step["status"], "\n".join(step["details"])


def store_of(site: Any) -> DirectoryStore:
    return DirectoryStore(site.store)


def tokens(site: Any) -> list[str]:
    return list(store_of(site).keys("log/tsr/"))


def test_each_seal_is_stamped_and_the_next_states_it(made: Any, tsa: Any, tmp_path: Path) -> None:
    ledger = read_ledger(store_of(made))
    assert tokens(made)[0].startswith(token_folder(ledger.chain.size))
    assert "anchor" not in {leaf.kind for leaf in ledger.chain.leaves}
    assert made.collect("-t", "identify").code == 0
    assert [leaf.kind for leaf in read_ledger(store_of(made)).chain.leaves].count("anchor") == 1
    assert len(tokens(made)) == 2
    report = made.verify("--format", "json", "--tsa-ca", str(tsa.ca))
    assert report.code == 0
    assert "the earliest anchor binds the leaves up to" in anchors(report)[1]
    assert "no anchor binds them" not in anchors(report)[1]
    assert "no revocation list was kept" not in anchors(report)[1]
    newest = tokens(made)[-1]
    file = made.store / checkpoint_key(int(newest.split("/")[2]))
    words = ["openssl", "ts", "-verify", "-data", str(file), "-in", str(made.store / newest), "-CAfile", str(tsa.ca)]
    assert subprocess.run(words, capture_output=True, check=False).returncode == 0


def test_a_seal_with_nothing_new_asks_nobody(made: Any, tsa: Any) -> None:
    asked, kept = len(tsa.asked), tokens(made)
    for _ in range(2):
        assert made.run("seal").code == 0
    assert (len(tsa.asked), tokens(made)) == (asked, kept)


def test_an_authority_that_is_down_fails_nothing_and_is_asked_again(made: Any, tsa: Any) -> None:
    before = len(tokens(made))
    tsa.answers = lambda query: b"<html>not today</html>"
    ended = made.collect("-t", "identify")
    assert ended.code == 0
    assert "no time stamp from tsa-1: not a time-stamp token" in ended.err
    assert len(tokens(made)) == before
    tsa.answers = None
    assert made.run("seal").code == 0
    assert len(tokens(made)) == before + 1
    assert made.verify("--tsa-ca", str(tsa.ca)).code == 0


def test_nobody_at_the_authoritys_address_fails_nothing(site: Any, tsa: Any) -> None:
    site.hosts["here"] = {"ansible_connection": "local", "plantproof_safety": "it"}
    site.judging = False
    site.settings["tsa"] = [{"name": "gone", "url": "http://127.0.0.1:9/", "ca": str(tsa.ca)}]
    ended = site.collect("-t", "identify")
    assert ended.code == 0
    assert "no time stamp from gone: it does not answer" in ended.err
    site.settings["tsa"] = [{"name": "gone", "url": tsa.url, "ca": "nowhere.pem"}]
    ended = site.collect("-t", "identify")
    assert ended.code == 0
    assert "nowhere.pem: cannot be read" in ended.err
    assert not tsa.asked, "nobody is asked whose answer could not be checked"


def test_two_authorities_and_one_of_them_is_not_who_it_was_said_to_be(made: Any, tsa: Any, other_tsa: Any) -> None:
    mine = made.settings["tsa"]
    made.settings["tsa"] = [*mine, {"name": "tsa-2", "url": other_tsa.url, "ca": str(tsa.ca)}]
    ended = made.collect("-t", "identify")
    assert "no time stamp from tsa-2: no chain leads from CN=tsa-2 tsa" in ended.err
    made.settings["tsa"] = [*mine, {"name": "tsa-2", "url": other_tsa.url, "ca": str(other_tsa.ca)}]
    made.write()
    assert made.run("seal").code == 0, "only the one that is missing is asked"
    newest = tokens(made)[-1].rpartition("/")[0]
    assert sum(key.startswith(newest) for key in tokens(made)) == 2
    assert made.collect("-t", "identify").code == 0
    both = ("--tsa-ca", str(tsa.ca), "--tsa-ca", str(other_tsa.ca))
    assert made.verify(*both).code == 0
    assert made.verify("--tsa-ca", str(tsa.ca)).code == 16


def test_an_answer_to_another_question_is_not_kept(made: Any, tsa: Any) -> None:
    replay = tsa.reply(tsa.asked[0])
    kept = len(tokens(made))
    tsa.answers = lambda query: replay
    ended = made.collect("-t", "identify")
    assert "no time stamp from tsa-1: the imprint is of something else" in ended.err
    assert len(tokens(made)) == kept


def test_a_token_is_covered_by_another_before_its_certificate_runs_out(
    vectors: ModuleType, tsas: ModuleType, tmp_path: Path
) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    ending = tsas.Tsa(tmp_path / "a", name="old", end=now + timedelta(days=20)).make()
    server = tsas.serve(ending)
    site = vectors.Site(store=MemoryStore(), keyring=vectors.fixed_keyring(), now=now - timedelta(hours=2))
    site.begin()
    site.plan()
    authority = TimeAuthority(name="old", url=ending.url, ca=ending.ca)
    said: list[str] = []
    opened = OpenSite(store=site.store, keyring=site.keyring, authorities=(authority,), tell=said.append)
    size = seal_site(opened, at=now).size
    assert seal_site(opened, at=now + timedelta(hours=1)).size == size, "not twice a day"
    assert seal_site(opened, at=now + timedelta(days=2)).size == size + 1, "the old token is stated, and stamped again"
    new = [read_reply(site.store.get(key)) for key in site.store.keys(token_folder(size + 1))]
    assert len(new) == 1
    assert not said
    server.shutdown()
    server.server_close()


def test_the_site_file_says_who_is_asked(site: Any) -> None:
    site.hosts["here"] = {"ansible_connection": "local"}
    for wrong, words in (
        ({"name": "x", "url": "http://x/"}, "tsa.0.ca"),
        ({"name": "x", "url": "ftp://x/", "ca": "x"}, "tsa.0.url"),
        ({"name": "x", "url": "http://x/", "ca": "x", "cal": 1}, "did you mean ca"),
        ({"name": "x", "url": "http://x/", "ca": "x", "policy": "1.x"}, "tsa.0.policy"),
    ):
        site.settings["tsa"] = [wrong]
        ended = site.collect()
        assert (ended.code, words in ended.err) == (5, True), ended.err
    assert TIMEOUT_S == 10


# Witnesses.


def witness(site: Any, *words: str) -> Any:
    return site.run("witness", "sign", "--state", "seen.json", "--store", "store", *words, program="evidence")


def test_a_witness_cosigns_and_verify_counts_it(made: Any, tsa: Any) -> None:
    words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(made.folder / "auditor")]
    assert subprocess.run(words, capture_output=True, check=False).returncode == 0
    ended = witness(made, "--key", "auditor", "--name", "auditor.example/acme", "-o", "back.note")
    assert ended.code == 0, ended.said
    assert "first look; its root key is SHA256:" in ended.err
    assert made.run("witness", "add", "back.note").code == 0
    report = made.verify("--format", "json", "--witness", "auditor.pub")
    assert report.code == 0
    assert "the cosignature by auditor.example/acme" in anchors(report)[1]
    assert made.collect("-t", "identify").code == 0
    ended = witness(made, "--key", "auditor", "--name", "auditor.example/acme")
    assert "holds everything up to leaf" in ended.err
    assert len(list(store_of(made).keys("log/cosig/"))) == 2, "straight into the store"
    assert made.verify("--pin", "seen.json").code == 0, "what was seen is a pin"


def test_a_witness_refuses_what_is_not_the_log_it_saw(made: Any, tmp_path: Path) -> None:
    assert witness(made).code == 0
    seen = json.loads((made.folder / "seen.json").read_text())
    before = (made.folder / "seen.json").read_bytes()
    for changed in ({"size": seen["size"] + 5}, {"root": "ab" * 32}, {"origin": "x.example/acme/0123456789abcdef"}):
        (made.folder / "seen.json").write_text(json.dumps(seen | changed))
        ended = witness(made)
        assert (ended.code, ended.err.startswith("REFUSED")) == (16, True)
    (made.folder / "seen.json").write_bytes(before)
    assert witness(made, "--pin", f"{seen['origin']} {seen['size']} {'cd' * 32}").code == 16
    assert witness(made).code == 0
    assert witness(made, "--key", "x").code == 5
