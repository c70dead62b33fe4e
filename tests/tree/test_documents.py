"""The documentation is tested: what it names exists, and what exists is named."""

import re
from pathlib import Path
from types import ModuleType

import pytest
from by_path import load

from collectors.cli.main import OPERATOR_COMMANDS
from collectors.inventory.access import KNOWN
from collectors.metrics import METRICS
from collectors.settings_file import SiteFile
from evidence.cli.exits import ExitCode
from evidence.cli.main import AUDITOR_COMMANDS

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
COMMANDS = {**AUDITOR_COMMANDS, **OPERATOR_COMMANDS}


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    return load(ROOT / "script" / "cli_reference.py")


def test_the_command_reference_is_what_the_commands_say(generator: ModuleType) -> None:
    assert text("docs/cli.md") == generator.reference(), "run: python script/cli_reference.py > docs/cli.md"


def test_every_exit_code_is_documented(generator: ModuleType) -> None:
    assert [code for code, _ in generator.exit_codes()] == [int(code) for code in ExitCode]


def test_every_command_a_page_shows_exists() -> None:
    shown = re.compile(r"\bplantproof(?:-verify)? ([a-z]+)\b(?! only)")
    for page in PAGES:
        blocks = re.findall(r"```.*?```|`[^`\n]+`|^    .*$", page.read_text(encoding="utf-8"), re.S | re.M)
        named = {name for block in blocks for name in shown.findall(block)}
        assert named <= COMMANDS.keys() | {"verify"}, page.name


def test_the_first_screen_names_the_two_commands_and_they_exist() -> None:
    first = text("README.md").splitlines()[:25]
    for name in ("script/demo", "script/test"):
        assert any(line.startswith(f"    {name}") for line in first)
        assert (ROOT / name).stat().st_mode & 0o111


def test_every_link_to_a_file_leads_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_every_inventory_variable_is_described_and_no_other() -> None:
    assert set(re.findall(r"`(plantproof_[a-z_]+)`", text("docs/operating.md"))) == KNOWN


def test_every_metric_is_described_and_no_other() -> None:
    assert set(re.findall(r"`(plantproof_[a-z_]+)[`{]", text("docs/watching.md"))) == set(METRICS)


def test_every_key_of_the_site_file_is_described() -> None:
    described = set(re.findall(r"`([a-z_]+)`", text("docs/operating.md")))
    assert set(SiteFile.model_fields) <= described


def test_every_decision_has_a_number_a_status_and_what_was_rejected_or_measured() -> None:
    pages = sorted((ROOT / "docs" / "adr").glob("*.md"))
    assert [int(page.name[:4]) for page in pages] == list(range(1, len(pages) + 1))
    for page in pages:
        written = page.read_text(encoding="utf-8")
        assert re.match(rf"# {int(page.name[:4])}\. .+\n\n\* Status: (accepted|superseded by \d+) · Date: ", written)
