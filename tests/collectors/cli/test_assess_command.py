"""`assess`, and what `collect` does after a whole run."""

import json
from typing import Any

import pytest

from evidence.log.history import History
from evidence.store.open import open_store

pytestmark = pytest.mark.real


@pytest.fixture
def judged(site: Any) -> Any:
    """A site with a switch that is down, and one whose ledger says that support ended."""
    access = {"plantproof_snmp_community": "w3ld-0bserver", "plantproof_snmp_port": 9}
    by_snmp = {"ansible_host": "127.0.0.1", **access}
    site.hosts = {"down-sw": by_snmp, "old-sw": {**by_snmp, "plantproof_support_end": "2020-01-01"}}
    return site


def kinds(site: Any) -> list[str]:
    """Return the kinds of the sealed statements."""
    store = open_store(str(site.store))
    return [entry.kind for entry in History.read(store).statements]


def test_a_whole_run_is_judged_sealed_and_only_bad_news_is_told(judged: Any) -> None:
    ended = judged.collect()
    assert ended.code == 4
    told = [line for line in ended.err.splitlines() if "contradicts" in line]
    assert told == [
        "INV-04 old-sw: contradicts (new): support ended on 2020-01-01, "
        + told[0].partition("2020-01-01, ")[2].partition(" (")[0]
        + " (the ledger says)"
    ]
    assert "not-assessed" not in ended.err
    assert kinds(judged)[-1] == "findings"
    again = judged.collect()
    assert "contradicts" not in again.err, "it is no news the second time"
    verified = judged.verify()
    assert verified.code == 0
    assert "byte for byte the same" in verified.out


@pytest.mark.parametrize("words", [("--no-seal",), ("--no-assess",), ("-l", "down-sw"), ("-t", "identify")])
def test_what_is_not_a_whole_run_is_not_judged(judged: Any, words: tuple[str, ...]) -> None:
    judged.collect(*words)
    assert "findings" not in kinds(judged)


def test_what_a_run_may_fail_on(judged: Any) -> None:
    assert judged.collect("--fail-on", "contradicts").code == 8
    judged.hosts.pop("old-sw")
    assert judged.collect("--fail-on", "contradicts").code == 4
    assert judged.collect("--fail-on", "not-assessed").code == 8


def test_assess_tells_a_person_and_a_machine(judged: Any) -> None:
    judged.collect("--no-assess")
    told = judged.run("assess")
    assert told.code == 0
    assert told.out.startswith("PLANTPROOF FINDINGS as of ")
    assert "INV-04 old-sw" in told.out
    ended = judged.run("assess", "--format", "json", "--profile", "cmmc-l2", "--fail-on", "due")
    assert ended.code == 8
    said = json.loads(ended.out)
    assert (said["schema"], said["profile"]) == ("urn:plantproof:assess:v1", "cmmc-l2")
    assert said["counts"]["contradicts"] == 1
    assert said["log"]["size"] == len(kinds(judged))


def test_findings_may_wait_for_the_seal(judged: Any) -> None:
    judged.collect("--no-assess")
    judged.run("assess", "--no-seal")
    assert "findings" not in kinds(judged)
    judged.run("seal")
    assert kinds(judged)[-1] == "findings"
    assert judged.verify().code == 0


def test_a_profile_nobody_has_is_said_before_anything_is_asked(judged: Any) -> None:
    judged.settings = {"profile": "cmmc-l9"}
    ended = judged.collect()
    assert (ended.code, "no profile 'cmmc-l9'" in ended.err) == (5, True)
    assert not judged.store.exists() or "part" not in kinds(judged)


def test_a_keyring_without_the_assessor_s_key_collects_and_does_not_judge(judged: Any) -> None:
    judged.collect("--no-assess")
    (judged.folder / "store.keys" / "assessor").unlink()
    assert judged.collect().code == 4
    assert "findings" not in kinds(judged)
    ended = judged.run("assess")
    assert (ended.code, "no assessor key" in ended.err) == (1, True)


def test_judging_an_earlier_moment_changes_nothing_that_was_said_then(judged: Any) -> None:
    judged.collect("--no-assess")
    ended = judged.run("assess", "--as-of", "2020-01-01", "--format", "json")
    assert json.loads(ended.out)["counts"]["supports"] == 0
    assert judged.verify().code == 0


def test_this_machine_may_be_read_without_a_pace(site: Any) -> None:
    site.hosts = {"here": {"ansible_connection": "local", "plantproof_safety": "it"}}
    assert "SAFE-01" not in site.collect().said
    listed = json.loads(site.run("findings", "--requirement", "SAFE-01", "--format", "json").out)["findings"]
    assert [one["status"] for one in listed] == ["supports"]
