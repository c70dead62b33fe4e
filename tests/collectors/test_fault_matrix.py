"""Every fault of docs/faults.md happens, through the real command line, and comes to what is written there."""

import json
import re
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from evidence.log.history import History
from evidence.model.names import Digest
from evidence.store.blobs import get_blob
from evidence.store.open import open_store

pytestmark = pytest.mark.real

TABLE = Path(__file__).parents[2] / "docs" / "faults.md"
TRANSPORTS = ("snmp", "ssh", "http")
SETTINGS = {
    "forks": 100,
    "timeouts": {"snmp_s": 0.4, "cli_s": 4.0},
    "max_answer_bytes": 1_500_000,
    "pace": {"it": {"device_per_s": 10_000.0, "zone_per_s": 10_000.0}},
}
"""`--pace none` is for loopback, and some addresses here are none at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table."""

    fault: str
    over: str
    outcome: str
    exit: int
    words: str
    evidence: str
    made_with: str

    @property
    def asset(self) -> str:
        return f"{self.over} {self.fault}".replace(" ", "-").replace(",", "").replace("'", "")

    def reason(self) -> re.Pattern[str]:
        """Return what the reason is to hold."""
        return re.compile("" if self.words == "-" else ".*".join(map(re.escape, self.words.split("…"))))

    def captures(self, everything: list[str]) -> tuple[list[str], list[str]]:
        """Return the questions that are to be answered whole, and those that are to be cut."""
        whole, _, cut = self.evidence.partition("cut: ")
        cut_names = re.findall("`(.+?)`", cut)
        named = re.findall("`(.+?)`", whole)
        if whole.startswith("everything but "):
            named = [name for name in everything if name not in named]
        elif whole.startswith("everything"):
            named = [name for name in everything if name not in cut_names]
        return named, cut_names


def table() -> list[Row]:
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("| fault |"))
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[start + 2 :]]
    return [
        Row(
            fault=fault, over=over, outcome=outcome, exit=int(code), words=words, evidence=evidence, made_with=made_with
        )
        for fault, over, outcome, code, words, evidence, made_with in cells
    ]


@pytest.fixture
def plant(
    faults: dict[str, ModuleType],
    troubles: ModuleType,
    snmpd: Any,
    sshd: Any,
    ignition_double: ModuleType,
    certificate: Any,
    site: Any,
) -> Iterator[dict[str, dict[str, dict[str, Any]]]]:
    """Every faulty device, and a healthy one of each transport: transport -> fault -> variables."""
    known: list[str] = []
    with ExitStack() as start:
        started = {
            "snmp": faults["snmp"].snmp_faults(start, troubles, snmpd),
            "ssh": faults["ssh"].ssh_faults(start, troubles, sshd, known),
            "http": faults["http"].http_faults(start, troubles, ignition_double, certificate),
        }
        site.settings, site.judging = SETTINGS, False
        (site.folder / "known_hosts").write_text("".join(known))
        yield started


def captured(site: Any) -> dict[str, tuple[list[str], list[str]]]:
    """Return what the newest part holds of each asset: the questions answered whole, and those cut."""
    _, part = next(History.read(open_store(str(site.store))).parts(newest_first=True))
    found: dict[str, tuple[list[str], list[str]]] = {outcome.asset: ([], []) for outcome in part.outcomes}
    for capture in part.captures:
        found[capture.asset][0 if capture.complete else 1].append(capture.question)
    return found


@pytest.mark.slow
def test_every_fault_comes_to_what_is_written(plant: dict[str, dict[str, dict[str, Any]]], site: Any) -> None:
    rows = table()
    assert {(row.fault, row.over) for row in rows} == {
        (fault, over) for over, found in plant.items() for fault in found if fault != "healthy"
    }
    for over in TRANSPORTS:
        assert sum(row.over == over for row in rows) >= 40
    for code in (0, 2, 4):
        some = [row for row in rows if row.exit == code]
        healthy = {f"healthy-{over}": plant[over]["healthy"] for over in TRANSPORTS}
        named = healthy | {row.asset: plant[row.over][row.fault] for row in some}
        site.hosts = {name: host | {"plantproof_safety": "it", "plantproof_zone": name} for name, host in named.items()}
        site.write()
        ended = site.run("collect", "--no-assess", "--format", "json")
        assert ended.code == code, ended.err
        told = {row["asset"]: row for row in json.loads(ended.out)["assets"]}
        kept = captured(site)
        assert told.keys() == kept.keys() == named.keys(), "one outcome for each planned asset"
        for over in TRANSPORTS:
            assert told[f"healthy-{over}"]["result"] == "collected"
        for row in some:
            said, everything = told[row.asset], kept[f"healthy-{row.over}"][0]
            assert said["result"] == row.outcome, (row, said)
            assert row.reason().search(said["reason"] or ""), (row, said)
            assert kept[row.asset] == row.captures(everything), row
    assert site.verify().code == 0
    assert not set("".join(site.said)) & set("\x1b\x07\x00\u202e")


WAIT_S = 2.0
"""How long a silent device is waited for, in the test of what it costs others."""
PATIENT = SETTINGS | {"timeouts": {"snmp_s": WAIT_S, "cli_s": WAIT_S}}
SILENT = {
    "snmp": "nothing comes back",
    "ssh": "it takes the call and is silent",
    "http": "it takes the call and is silent",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One line of the action log."""

    at_ms: int
    asset: str
    request: str
    """Without the parameters of a path: they hold times."""
    took_ms: int
    failed: bool


def action_log(site: Any) -> list[Sent]:
    """Return what the newest run sent, as its action log has it."""
    store = open_store(str(site.store))
    _, part = next(History.read(store).parts(newest_first=True))
    text = get_blob(store, Digest(str(part.conduct["log"])), int(str(part.conduct["log_bytes"]))).decode()
    cells = [line.split("\t") for line in text.splitlines()]
    sent = [
        Sent(
            at_ms=int(at),
            asset=asset,
            request=f"{over} {verb} {what.partition('?')[0]}",
            took_ms=int(took),
            failed=bool(why),
        )
        for at, asset, over, verb, what, took, _, why in cells
    ]
    return sorted(sent, key=lambda one: one.at_ms)


def test_a_fault_of_one_device_costs_another_nothing(plant: dict[str, dict[str, dict[str, Any]]], site: Any) -> None:
    """Sixty silent devices beside a healthy one of each transport: it is asked the same, and waits for none of them."""
    healthy = {f"healthy-{over}": plant[over]["healthy"] for over in TRANSPORTS}
    silent = {
        f"silent-{over}-{number}": plant[over][fault] | own_credential(over, number)
        for over, fault in SILENT.items()
        for number in range(20)
    }
    site.settings = PATIENT | {"forks": len(healthy) + len(silent)}
    logs = []
    for faulty in ({}, silent):
        named = healthy | faulty
        site.hosts = {name: host | {"plantproof_safety": "it", "plantproof_zone": name} for name, host in named.items()}
        site.write()
        site.run("collect", "--no-assess")
        logs.append(action_log(site))
    alone, beside = logs
    first_given_up = min(one.at_ms + one.took_ms for one in beside if one.asset in silent)
    for asset in healthy:
        before, after = ([one for one in log if one.asset == asset] for log in (alone, beside))
        assert [one.request for one in after] == [one.request for one in before], "asked the same, in the same order"
        assert not any(one.failed for one in after)
        assert after[-1].at_ms + after[-1].took_ms < first_given_up, "done before any silent device was given up"
        spent = [sum(one.took_ms for one in log) for log in (before, after)]
        lasted = [log[-1].at_ms + log[-1].took_ms - log[0].at_ms for log in (before, after)]
        told = f"waited {spent[0]} ms of {lasted[0]} alone, {spent[1]} of {lasted[1]} beside {len(silent)} silent ones"
        sys.stdout.write(f"{asset}: {len(after)} requests, {told}\n")


def own_credential(over: str, number: int) -> dict[str, str]:
    """Return what makes a device's credential its own: one that has opened nothing is tried on one asset at a time."""
    return {
        "snmp": {},
        "ssh": {"ansible_user": f"silent-{number}"},
        "http": {"plantproof_http_token": f"auditor:silent-{number:04}"},
    }[over]
