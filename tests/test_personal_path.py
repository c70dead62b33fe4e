"""A host from the inventory to sealed facts, twice: what names people is stored anew, and nothing is said to differ."""

import json
from pathlib import Path
from typing import Any

import pytest

from evidence.log.history import History
from evidence.model.capture import Capture
from evidence.platforms.load import load_platforms
from evidence.snapshots import platform_of
from evidence.store.answers import get_answer
from evidence.store.directory import DirectoryStore

pytestmark = pytest.mark.real


def answers(store: Path) -> dict[str, list[Capture]]:
    found: dict[str, list[Capture]] = {}
    for _, capture in History.read(DirectoryStore(store)).captures():
        found.setdefault(capture.question, []).append(capture)
    return found


def test_a_host_that_did_not_change_costs_blobs_for_personal_answers_only_and_nobody_is_told(site: Any) -> None:
    site.hosts["me"] = {"ansible_connection": "local", "ansible_network_os": "debian", "plantproof_safety": "it"}
    site.judging = False
    site.write()
    for _ in range(2):
        assert site.results() == {"me": "collected"}
    store = DirectoryStore(site.store)
    personal = {
        one.name for one in platform_of(load_platforms(), "debian").questions if one.classification == "personal"
    }
    pairs = {name: pair for name, pair in answers(site.store).items() if len(pair) == 2}
    named = {name for name in pairs if name in personal}
    assert "passwd.local" in named or "accounts.local" in named
    for name, (one, other) in pairs.items():
        assert (one.salt, one.classification == "personal") == ((16, True) if name in named else (0, False)), name
        if name in named:
            assert one.blob != other.blob
            assert one.volatile is other.volatile is None
            assert get_answer(store, one) == get_answer(store, other), name
    events = [json.loads(line) for line in site.run("history", "me", "--format", "jsonl", "--all").out.splitlines()]
    told = {(row["detail"].partition(":")[0], row["event"]) for row in events if row["event"] != "visit"}
    assert {(name, event) for name in named for event in ("first", "unchanged")} <= told
    assert not {name for name, event in told if event in ("changed", "unknown") and name in named}
    facts = [json.loads(line) for line in site.run("facts", "me", "--format", "jsonl").out.splitlines()]
    assert ("account.uid", "root", "0") in {(row["fact"], row.get("row"), row["value"]) for row in facts}
    page = json.loads(site.run("report", "--format", "json", "-o", "-").out)
    (sheet,) = page["sheets"]
    assert not {change["question"] for change in sheet["changes"]} & named
    erased = site.run("erase", "--digest", pairs[min(named)][0].blob, "--reason", "law", "--by", "B. Owner")
    assert erased.code == 0, erased.said
    assert site.verify().code == 0
    assert get_answer(store, pairs[min(named)][1]) is not None
    after = [json.loads(line) for line in site.run("history", "me", "--format", "jsonl").out.splitlines()]
    assert {row["event"] for row in after if row["detail"].startswith(f"{min(named)}:")} == {"first", "unknown"}
