"""The report: what it says, how it looks to a browser, and what it must never do."""

import html.parser
import json
import re
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType

import pytest

from evidence.cli.exits import ExitCode
from evidence.cli.lazy import LazyGroup
from evidence.cli.main import AUDITOR_COMMANDS, run
from evidence.log.history import History
from evidence.log.keyring import create_keyring
from evidence.model.names import AssetId
from evidence.platforms.load import load_platforms
from evidence.report.compose import compose
from evidence.report.document import Document, Sheet
from evidence.report.render import age_text, bytes_text, render_html, render_json
from evidence.report.sheet import make_sheet
from evidence.snapshots import Snapshots
from evidence.store.memory import MemoryStore
from evidence.store.open import open_store
from evidence.verify.verifier import verify

AT = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)
PROGRAM = LazyGroup("plantproof-verify", AUDITOR_COMMANDS, summary="Check.")


def composed(folder: Path, at: datetime = AT) -> Document:
    store = open_store(str(folder))
    snapshots = Snapshots(store, History.read(store))
    return compose(snapshots, verify(store), load_platforms(), at=at, store="./store", tool="0.1.0")


@pytest.fixture(scope="module")
def document(plant_folder: Path) -> Document:
    return composed(plant_folder)


@pytest.fixture(scope="module")
def page(document: Document) -> str:
    return render_html(document)


def sheet(document: Document, name: str) -> Sheet:
    return next(one for one in document.sheets if one.id == name)


def test_every_asset_is_counted_once_and_none_is_left_out(document: Document, plant_module: ModuleType) -> None:
    assert {one.id for one in document.sheets} == {*plant_module.RECORDED, *plant_module.SILENT}
    assert sum(count.assets for count in document.counts) == len(document.sheets)
    assert {str(c.result): c.assets for c in document.counts} == {
        "collected": 4, "partial": 1, "unreachable": 1, "auth-failed": 1, "excluded": 1,
    }  # fmt: skip
    assert document.answered == 5


def test_an_asset_that_gave_no_answer_has_its_reason(document: Document, page: str) -> None:
    silent = sheet(document, "plc-gw")
    assert (silent.read_at, silent.answers, silent.visit.outcome.reason) == (None, (), "no answer in 5 s, 2 tries")
    assert "no answer in 5 s, 2 tries" in page


@pytest.mark.parametrize(
    ("was", "became", "shown"),
    [
        (b"hitcnt=733", b"hitcnt=734", []),
        (
            b"extended deny ip",
            b"extended permit ip",
            ["-acl.action[CELL_IN 6]: deny", "+acl.action[CELL_IN 6]: permit"],
        ),
    ],
)
def test_a_counter_that_moved_is_no_change_and_a_rule_that_did_is_one(
    plant_module: ModuleType, tmp_path: Path, was: bytes, became: bytes, shown: list[str]
) -> None:
    store = MemoryStore()
    plant = plant_module.Plant(
        store=store, keyring=create_keyring(tmp_path / "keys"), recorded={"fw-9": "cisco_asa#ASA5516_9.12"}
    )
    plan = plant.begin()
    plant.run(plan, at=AT - timedelta(days=2))
    plant.edits["fw-9"] = (was, became)
    plant.run(plan, at=AT - timedelta(days=1))
    plant.seal()
    found = make_sheet(
        Snapshots(store, History.read(store)), AssetId("fw-9"), load_platforms(), at=AT, ledger=None, in_newest_run=True
    )
    assert [line for change in found.changes for line in change.lines] == shown


def test_a_change_of_configuration_is_shown_and_a_volatile_line_is_not(document: Document) -> None:
    changes = sheet(document, "sw-01").changes
    assert {change.question for change in changes} == {"running-config", "startup-config"}
    assert "- switchport access vlan 40" in changes[0].lines
    assert "+ switchport voice vlan 40" in changes[0].lines
    assert [one.id for one in document.sheets if one.changes] == ["sw-01"]


def test_every_identity_fact_names_its_artefact_and_its_age(document: Document) -> None:
    known = sheet(document, "sw-01").identity["firmware.version"]
    assert (known.value, known.age_s, known.stale) == ("15.2(7)E4", 18 * 3600, False)
    assert known.source in {answer.blob for answer in sheet(document, "sw-01").answers}


def test_stale_is_told_apart_from_absent(plant_folder: Path) -> None:
    later = composed(plant_folder, datetime(2026, 11, 25, tzinfo=UTC))
    assert sheet(later, "sw-01").stale == len(sheet(later, "sw-01").answers) > 0
    assert sheet(later, "plc-gw").stale == 0
    assert "all answers stale, newest 3 days old" in render_html(later)


def test_the_page_prints_the_pin_and_how_to_verify(document: Document, page: str) -> None:
    assert document.pin in page
    assert f"--pin '{document.pin}'" in page


def test_what_is_not_checked_stands_beside_what_passed(document: Document, page: str) -> None:
    steps = {step.number: step.status for step in document.steps}
    assert steps[5] == "not-checked"
    assert ("step 5, pins" in page) is True
    assert "whether any requirement is met" in page


def test_conduct_is_of_the_newest_run(document: Document) -> None:
    assert document.conduct is not None
    assert (document.conduct.run, document.conduct.totals["requests"], document.conduct.assets) == ("run-2", 5121, 8)
    assert document.conduct.restarted == ()


class Page(html.parser.HTMLParser):
    """Collects what a browser would fetch or run, and whether tags are balanced."""

    VOID = frozenset({"meta", "br", "img", "hr", "input", "link"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.references: set[str] = set()
        self.handlers: set[str] = set()
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag not in self.VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name in {"src", "href", "action", "data", "srcset"}:
                self.references.add(value or "")
            if name.startswith("on"):
                self.handlers.add(name)
            if name == "id":
                self.ids.append(value or "")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture
def parsed(page: str) -> Page:
    reader = Page()
    reader.feed(page)
    reader.close()
    return reader


def test_the_page_stands_alone_and_runs_nothing(parsed: Page, page: str) -> None:
    assert parsed.open == []
    assert parsed.tags.isdisjoint({"script", "link", "img", "iframe", "object", "form", "base"})
    assert parsed.handlers == set()
    assert all(reference.startswith("#") for reference in parsed.references)
    assert {reference[1:] for reference in parsed.references} <= set(parsed.ids)
    assert len(parsed.ids) == len(set(parsed.ids))
    assert "default-src 'none'; style-src 'unsafe-inline'" in page
    assert "url(" not in page
    assert "@import" not in page


def test_what_a_device_says_is_never_markup(page: str) -> None:
    assert "<script>" not in page
    assert "the credential was refused &lt;script&gt;" in page


def test_direction_and_control_characters_are_spelled_out(document: Document) -> None:
    from dataclasses import replace

    hostile = replace(document, owner="acme\u202etxt.exe\x1b[31m")
    assert "acme\\u202etxt.exe\\x1b[31m" in render_html(hostile)
    assert "\u202e" not in render_html(hostile)


def test_names_that_are_not_latin_are_ordinary(page: str) -> None:
    assert "工場-スイッチ" in page


def test_no_word_promises_what_only_an_assessor_may_say(page: str) -> None:
    assert re.search(r"\b(compliant|compliance|MET|pass(es)? the audit)\b", page) is None


def test_the_json_form_says_the_same(document: Document) -> None:
    read = json.loads(render_json(document))
    assert read["schema"] == "plantproof.report/1"
    assert [one["id"] for one in read["sheets"]] == [one.id for one in document.sheets]
    assert read["pin"] == document.pin


def test_the_same_log_as_of_the_same_moment_gives_the_same_bytes(plant_folder: Path, page: str) -> None:
    assert render_html(composed(plant_folder)) == page


@pytest.mark.parametrize(("seconds", "text"), [(0, "0 s"), (119, "119 s"), (7200, "2 h"), (172_800, "2 days")])
def test_ages_read_as_people_say_them(seconds: int, text: str) -> None:
    assert age_text(seconds) == text


def test_lengths_are_bytes_until_they_are_many() -> None:
    assert (bytes_text(10_239), bytes_text(10_240)) == ("10239 B", "10 KiB")


def test_the_command_writes_the_file_and_prints_the_pin(
    plant_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "out" / "report.html"
    words = ["report", "--store", str(plant_folder), "-o", str(target), "--as-of", "2026-11-21T20:00:00Z"]
    assert run(PROGRAM, "plantproof-verify", words) == ExitCode.DONE
    said = capsys.readouterr()
    assert said.out == ""
    assert "8 assets; pin: plantproof.example/acme/" in said.err
    assert target.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert [path.name for path in target.parent.iterdir()] == ["report.html"]


def test_a_damaged_log_is_reported_and_ends_with_16(plant_folder: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "store"
    shutil.copytree(plant_folder, damaged)
    kept = blobs_of_newest(plant_folder)
    unread = next(p for p in sorted((damaged / "blobs").rglob("*")) if p.is_file() and p.name not in kept)
    unread.chmod(0o644)
    unread.write_bytes(unread.read_bytes()[:-1] + b"\0")
    target = tmp_path / "report.html"
    words = ["report", "--store", str(damaged), "-o", str(target)]
    assert run(PROGRAM, "plantproof-verify", words) == ExitCode.UNVERIFIED
    assert "Verification failed</strong> at step 8 (blobs)" in target.read_text(encoding="utf-8")


def blobs_of_newest(folder: Path) -> set[str]:
    """Return the names of every blob a report of the newest answers reads."""
    store = open_store(str(folder))
    history = History.read(store)
    parts = [part for _, part in history.parts()]
    named = {capture.blob for part in parts for capture in part.captures}
    named |= {digest for part in parts for digest in (part.assets, *part.packed)}
    return {digest.removeprefix("sha256:") for digest in named}


@pytest.fixture
def browser(tmp_path: Path) -> list[str]:
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("chromium is not installed: the report is not looked at in a browser")
    return [
        program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync", "--log-level=3",
        f"--user-data-dir={tmp_path / 'profile'}",
    ]  # fmt: skip


@pytest.mark.real
def test_a_browser_prints_it_on_paper(browser: list[str], page: str, tmp_path: Path) -> None:
    source, target = tmp_path / "report.html", tmp_path / "report.pdf"
    source.write_text(page, encoding="utf-8")
    subprocess.run(
        [*browser, f"--print-to-pdf={target}", source.as_uri()], capture_output=True, check=True, timeout=120
    )
    data = target.read_bytes()
    assert data.startswith(b"%PDF-")
    assert 3 <= len(re.findall(rb"/Type\s*/Page\b", data)) <= 40
