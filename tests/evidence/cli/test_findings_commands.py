"""`findings`, `explain`, `controls` and the owner's page over a real store that was judged twice."""

import csv
import io
import json
import re
import shutil
from datetime import timedelta
from pathlib import Path
from types import ModuleType

import pytest

from evidence.assess.assess import assess, record
from evidence.assess.knowledge import packaged_knowledge
from evidence.cli.exits import ExitCode
from evidence.cli.lazy import LazyGroup
from evidence.cli.main import AUDITOR_COMMANDS, run
from evidence.log.history import History
from evidence.log.keyring import load_keyring
from evidence.log.seal import seal
from evidence.store.open import open_store

PROGRAM = LazyGroup("plantproof-verify", AUDITOR_COMMANDS, summary="Check.")
FIRST, SECOND = "2026-11-20T02:30:00Z", "2026-11-21T02:30:00Z"


@pytest.fixture(scope="module")
def judged_folder(plant_folder: Path, plant_module: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The plant of two nights, judged as of each of them."""
    folder = tmp_path_factory.mktemp("judged")
    shutil.copytree(plant_folder, folder / "store")
    store, keyring = open_store(str(folder / "store")), load_keyring(plant_folder.with_name("store.keys"))
    knowledge = packaged_knowledge("0.1.0")
    for night in range(2):
        at = plant_module.START + timedelta(days=night, minutes=30)
        record(store, keyring, assess(store, History.read(store), knowledge, at=at), knowledge)
        seal(store, keyring, at=at, wait_s=0)
    return folder / "store"


@pytest.fixture
def say(judged_folder: Path, capfdbinary: pytest.CaptureFixture[bytes]):  # type: ignore[no-untyped-def]
    """Run a command on the judged store and return (exit code, stdout, stderr)."""

    def call(*words: str, store: Path | None = judged_folder) -> tuple[int, str, str]:
        code = run(PROGRAM, "plantproof-verify", [*words, *(["--store", str(store)] if store else [])])
        said = capfdbinary.readouterr()
        return code, said.out.decode(), said.err.decode()

    return call


def findings(say, *words: str) -> list[dict[str, object]]:  # type: ignore[no-untyped-def]
    code, out, _ = say("findings", "--format", "json", *words)
    assert code == ExitCode.DONE
    return json.loads(out)["findings"]  # type: ignore[no-any-return]


def test_findings_are_those_of_the_newest_assessment(say) -> None:  # type: ignore[no-untyped-def]
    code, out, _ = say("findings", "--format", "json")
    told = json.loads(out)
    assert (code, told["schema"], told["as_of"], told["profile"]) == (0, "plantproof.findings/1", SECOND, "all")
    changed, *known = sorted(
        (one for one in told["findings"] if one["status"] == "contradicts"),
        key=lambda one: one["requirement"] != "CFG-01",
    )
    assert (changed["requirement"], changed["asset"], changed["change"]) == ("CFG-01", "sw-01", "worse")
    assert len(changed["evidence"]) == 2
    assert {(one["requirement"], one["asset"], one["change"]) for one in known} == {("ACC-04", "sw-01", "same")}


def test_as_of_shows_an_earlier_assessment(say) -> None:  # type: ignore[no-untyped-def]
    earlier = findings(say, "--as-of", "2026-11-20")
    assert {one["requirement"] for one in earlier if one["status"] == "contradicts"} == {"ACC-04"}


def test_filters_choose(say) -> None:  # type: ignore[no-untyped-def]
    everything = findings(say)
    assert {one["asset"] for one in findings(say, "--asset", "sw-*")} == {"sw-01"}
    assert {one["requirement"] for one in findings(say, "--requirement", "INV-*")} >= {"INV-03", "INV-04"}
    assert len(findings(say, "--worse")) == 1
    assert findings(say, "--new") == []
    assert len(findings(say, "--status", "supports")) + len(findings(say, "--status", "contradicts")) + len(
        findings(say, "--status", "not-assessed")
    ) == len(everything)


def test_a_sheet_has_one_line_a_finding(say) -> None:  # type: ignore[no-untyped-def]
    _, out, _ = say("findings", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [row["id"] for row in rows] == [one["id"] for one in findings(say)]


def test_a_table_begins_with_when_and_how_many(say) -> None:  # type: ignore[no-untyped-def]
    _, out, _ = say("findings", "--status", "contradicts")
    first, _, head, *lines = out.splitlines()
    assert first.startswith(f"as of {SECOND}, profile all, log of ")
    assert first.endswith("; 4 contradicts")
    assert len(lines) == 4
    assert head.split() == ["ID", "REQUIREMENT", "ASSET", "STATUS", "WHY"]
    assert [line.split()[1] for line in lines] == ["ACC-04"] * 3 + ["CFG-01"]
    assert re.match(r"[0-9a-f]{12}  CFG-01", lines[-1])


def test_one_finding_is_told_in_full(say) -> None:  # type: ignore[no-untyped-def]
    (changed,) = findings(say, "--status", "contradicts", "--requirement", "CFG-01")
    code, out, _ = say("explain", str(changed["id"])[:8])
    assert code == ExitCode.DONE
    assert "sw-01: contradicts (worse)" in out
    assert "before: not-assessed: its configuration was read once" in out
    assert "sp800-171r2: 3.4.1, 3.4.2, 3.4.3" in out
    assert "to decide: Find out who changed it and why" in out
    for digest in changed["evidence"]:  # type: ignore[attr-defined]
        assert f"store get {digest}" in out
    _, out, _ = say("explain", str(changed["id"]), "--format", "json")
    assert json.loads(out)["before"] == "not-assessed"


def test_a_finding_nobody_has_is_an_error(say) -> None:  # type: ignore[no-untyped-def]
    code, _, err = say("explain", "zzz")
    assert (code, "0 findings of the newest assessment begin so" in err) == (ExitCode.FAILED, True)


def test_a_log_without_an_assessment_says_how_to_make_one(say, plant_folder: Path) -> None:  # type: ignore[no-untyped-def]
    for words in (("findings",), ("explain", "x"), ("report", "--audience", "owner", "-o", "-")):
        code, _, err = say(*words, store=plant_folder)
        assert (code, "nothing was judged" in err, "assess" in err) == (ExitCode.FAILED, True, True)


def test_controls_are_listed_by_profile_and_shown(say) -> None:  # type: ignore[no-untyped-def]
    code, out, _ = say("controls", "ls", "--profile", "cmmc-l2", store=None)
    assert code == ExitCode.DONE
    assert re.search(r"^CFG-01 +3\.4\.1, 3\.4\.2, 3\.4\.3 ", out, re.M)
    _, out, _ = say("controls", "ls", "--format", "json", store=None)
    assert len(json.loads(out)["requirements"]) >= 16
    _, out, _ = say("controls", "show", "inv-07", store=None)
    assert "limits: limit_days 30, due_days_ot 90, due_days_it 30" in out
    _, out, _ = say("controls", "show", "INV-07", "--format", "json", store=None)
    assert json.loads(out)["frameworks"]["sp800-171r2"] == ["3.5.2", "3.13.10"]
    code, _, err = say("controls", "show", "INV-77", store=None)
    assert (code, "did you mean INV-07?" in err) == (ExitCode.FAILED, True)
    code, _, err = say("controls", "ls", "--profile", "cmmc", store=None)
    assert (code, "cmmc-l2" in err) == (ExitCode.USAGE, True)


def test_the_owner_gets_one_page_in_plain_words(say) -> None:  # type: ignore[no-untyped-def]
    code, page, _ = say("report", "--audience", "owner", "-o", "-")
    assert code == ExitCode.DONE
    assert page.count('<section class="page">') == 1
    assert "3 decisions needed" in page
    assert "Worse than on 2026-11-20 02:30 UTC." in page
    assert "its configuration changed between 2026-11-20 02:00 UTC and 2026-11-21 02:00 UTC" in page
    assert "Never, as far as evidence goes" in page
    assert "no record of sessions was read" in page
    assert page.count('<th scope="row">') == 6
    pins = re.findall(r'<code class="pin">(.*)</code>', page)
    _, out, _ = say("report", "--audience", "owner", "--format", "json", "-o", "-")
    told = json.loads(out)
    assert (told["schema"], [told["pin"]]) == ("plantproof.owner-report/1", pins)
    assert not re.search("compliant|MET|passed", page.partition("</style>")[2])


def test_the_auditor_s_report_shows_every_contradiction_and_every_reason(say) -> None:  # type: ignore[no-untyped-def]
    code, page, _ = say("report", "-o", "-")
    assert code == ExitCode.DONE
    for one in findings(say):
        if one["status"] == "contradicts":
            assert str(one["id"]) in page
            assert all(str(digest).removeprefix("sha256:")[:12] in page for digest in one["evidence"])  # type: ignore[attr-defined]
        if one["status"] == "not-assessed":
            assert str(one["reason"]).partition(" <")[0].partition("'")[0] in page
    _, out, _ = say("report", "--format", "json", "-o", "-")
    assert json.loads(out)["judgement"]["counts"]["contradicts"] == 4


def test_both_programs_verify_what_was_judged(say) -> None:  # type: ignore[no-untyped-def]
    code, out, _ = say("verify", "--every-assessment")
    assert code == ExitCode.DONE
    assert out.count("byte for byte the same") == 2
