"""`facts`, `config`, `diff`, `history` and `platforms` over a real store."""

import csv
import io
import json
from pathlib import Path

import pytest

from evidence.cli.exits import ExitCode
from evidence.cli.lazy import LazyGroup
from evidence.cli.main import AUDITOR_COMMANDS, run

PROGRAM = LazyGroup("plantproof-verify", AUDITOR_COMMANDS, summary="Check.")
AS_OF = ("--as-of", "2026-11-21T03:00:00Z")


@pytest.fixture
def say(plant_folder: Path, capfdbinary: pytest.CaptureFixture[bytes]):  # type: ignore[no-untyped-def]
    """Run a command on the plant's store and return (exit code, stdout, stderr)."""

    def call(*words: str, store: bool = True) -> tuple[int, str, str]:
        place = ["--store", str(plant_folder)] if store else []
        code = run(PROGRAM, "plantproof-verify", [*words, *place])
        said = capfdbinary.readouterr()
        return code, said.out.decode(), said.err.decode()

    return call


def test_facts_as_jsonl_are_the_contract(say) -> None:  # type: ignore[no-untyped-def]
    code, out, err = say("facts", "sw-01", "--fact", "firmware.*", "--format", "jsonl", *AS_OF)
    assert (code, err) == (ExitCode.DONE, "")
    (fact,) = map(json.loads, out.splitlines())
    source = fact.pop("source")
    assert source.startswith("sha256:")
    assert fact == {
        "asset": "sw-01",
        "fact": "firmware.version",
        "value": "15.2(7)E4",
        "at": "2026-11-21T02:00:00Z",
        "age_s": 3600,
        "ttl_s": 86400,
        "platform": "cisco_ios",
        "from": "ssh show version",
    }


def test_one_asset_and_fact_is_one_line_unless_it_has_rows(say) -> None:  # type: ignore[no-untyped-def]
    _, out, _ = say("facts", "--format", "jsonl")
    keys = [(f["asset"], f["fact"], f.get("row")) for f in map(json.loads, out.splitlines())]
    assert len(keys) == len(set(keys)) > 50


def test_json_csv_and_jsonl_say_the_same(say) -> None:  # type: ignore[no-untyped-def]
    _, lines, _ = say("facts", "--format", "jsonl", *AS_OF)
    _, document, _ = say("facts", "--format", "json", *AS_OF)
    _, sheet, _ = say("facts", "--format", "csv", *AS_OF)
    facts = [json.loads(line) for line in lines.splitlines()]
    assert json.loads(document) == {"schema": "plantproof.facts/1", "facts": facts}
    rows = list(csv.DictReader(io.StringIO(sheet)))
    assert [row["value"].removeprefix("'") for row in rows] == [fact["value"] for fact in facts]


def test_a_stale_fact_is_marked(say) -> None:  # type: ignore[no-untyped-def]
    _, fresh, _ = say("facts", "sw-01", "--fact", "firmware.version", *AS_OF)
    _, stale, _ = say("facts", "sw-01", "--fact", "firmware.version", "--as-of", "2026-12-01")
    assert fresh.splitlines()[1].split() == ["sw-01", "firmware.version", "60", "min", "15.2(7)E4"]
    assert "10 d stale" in stale


def test_no_fact_prints_nothing(say) -> None:  # type: ignore[no-untyped-def]
    for form in ("table", "jsonl"):
        assert say("facts", "--fact", "nothing.*", "--format", form) == (ExitCode.DONE, "", "")
    assert json.loads(say("facts", "--fact", "nothing.*", "--format", "json")[1])["facts"] == []


def test_platforms_none_still_reads_what_every_device_says(say) -> None:  # type: ignore[no-untyped-def]
    _, out, _ = say("facts", "ring-3", "--fact", "system.name", "--platforms", "none", "--format", "jsonl")
    assert json.loads(out)["value"] == "rs30-1"


def test_an_unknown_asset_fails_with_the_nearest_name(say) -> None:  # type: ignore[no-untyped-def]
    for words in (["facts", "sw-02"], ["config", "sw-02"], ["diff", "sw-02"]):
        code, out, err = say(*words)
        assert (code, out) == (ExitCode.FAILED, "")
        assert "did you mean sw-01" in err
    assert say("history", "sw-02")[0] == ExitCode.FAILED


def test_config_prints_every_line_with_secrets_as_tags(say) -> None:  # type: ignore[no-untyped-def]
    code, out, _ = say("config", "sw-01")
    assert code == ExitCode.DONE
    assert "! Last configuration change" in out
    assert "<secret:password-hash:k1:" in out
    assert out.rstrip().endswith("end")


def test_config_of_the_past_and_of_startup(say) -> None:  # type: ignore[no-untyped-def]
    _, before, _ = say("config", "sw-01", "--as-of", "2026-11-20")
    _, startup, _ = say("config", "sw-01", "--startup")
    assert "switchport access vlan 40" in before
    assert "switchport voice vlan 40" in startup


def test_no_configuration_is_said_with_how_the_visit_ended(say) -> None:  # type: ignore[no-untyped-def]
    code, out, err = say("config", "plc-gw")
    assert (code, out) == (ExitCode.FAILED, "")
    assert err == (
        "error: plc-gw: no whole running configuration is stored\n"
        "hint: its newest visit ended unreachable: no answer in 5 s, 2 tries\n"
    )


def test_diff_shows_the_significant_change_and_ends_with_0(say) -> None:  # type: ignore[no-untyped-def]
    code, out, err = say("diff", "sw-01")
    assert (code, err) == (ExitCode.DONE, "")
    assert "-" + " switchport access vlan 40" in out.splitlines()
    assert "Last configuration change" not in out


def test_diff_prints_nothing_when_nothing_changed(say) -> None:  # type: ignore[no-untyped-def]
    assert say("diff", "edge-router") == (ExitCode.DONE, "", "")
    assert say("diff", "edge-router", "--raw") == (ExitCode.DONE, "", "")


def test_diff_of_an_asset_without_two_configurations_says_so_on_stderr(say) -> None:  # type: ignore[no-untyped-def]
    code, out, err = say("diff", "plc-gw")
    assert (code, out) == (ExitCode.DONE, "")
    assert "nothing to compare" in err


def test_history_lists_visits_and_what_changed(say) -> None:  # type: ignore[no-untyped-def]
    _, out, _ = say("history", "sw-01", "--format", "jsonl")
    rows = [json.loads(line) for line in out.splitlines()]
    assert [row["event"] for row in rows].count("visit") == 2
    assert {row["detail"].split(":")[0] for row in rows if row["event"] == "changed"} == {
        "running-config",
        "startup-config",
    }
    _, everything, _ = say("history", "sw-01", "--all")
    assert "unchanged" in everything
    assert "unchanged" not in say("history", "sw-01")[1]


def test_platforms_are_listed_and_shown(say) -> None:  # type: ignore[no-untyped-def]
    code, out, _ = say("platforms", "ls", store=False)
    assert code == ExitCode.DONE
    assert "hirschmann" in out
    _, out, _ = say("platforms", "show", "frr", store=False)
    assert "    run show running-config" in out.splitlines()
    _, out, _ = say("platforms", "show", "moxa", "--format", "json", store=False)
    assert json.loads(out)["name"] == "moxa"
    _, out, _ = say("platforms", "ls", "--format", "json", store=False)
    assert "moxa" in {row["name"] for row in json.loads(out)["platforms"]}
    code, _, err = say("platforms", "show", "cisco_iso", store=False)
    assert code == ExitCode.FAILED
    assert "did you mean" in err
    assert "cisco_ios" in err


def test_a_store_that_is_not_there_is_an_error(say, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    code, out, err = say("facts", "--store", str(tmp_path / "no"), store=False)
    assert (code, out) == (ExitCode.FAILED, "")
    assert err.startswith("error: ")
