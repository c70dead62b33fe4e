"""The demo, as a stranger runs it."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from collectors.demo.plant import API_TOKEN, CLI_PASSWORD, COMMUNITIES, PLANTED
from collectors.simulate.cloud import SECRET_KEY


def demo(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the demo; what it runs is not measured, as other tests do that."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_PROCESS_")}
    command = [sys.executable, "-m", "collectors", "demo", "--dir", "plant"]
    return subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, timeout=300, check=False)


def judged(folder: Path, status: str) -> set[tuple[str, str | None]]:
    """Return requirement and asset of the plant's findings of a status; this machine is as it is."""
    command = [sys.executable, "-m", "collectors", "findings", "--status", status, "--format", "json"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=True)
    found = {(row["requirement"], row["asset"]) for row in json.loads(done.stdout)["findings"]}
    return {pair for pair in found if pair[1] != "この機械"}


@pytest.mark.slow
def test_the_demo_tells_its_whole_story(tmp_path: Path) -> None:
    done = demo(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "15.2(7)E4" in done.stdout
    assert "- access-class MGMT in" in done.stdout
    assert re.search(r"night-sw-04 +unreachable", done.stdout)
    assert re.search(r"5  pins +passed", done.stdout)
    assert done.stdout.count("1 cosignatures, the newest over") == 3
    assert done.stdout.count("time stamps, the newest over") == 3
    earliest = "the earliest anchor binds the leaves up to 8: a time stamp by CN=Demo time stamps of"
    assert done.stdout.count(earliest) == 2
    folder = tmp_path / "plant"
    assert f"The report: {folder / 'report.html'}\nThe owner's page: {folder / 'owner.html'}" in done.stdout
    page = "".join((folder / name).read_text(encoding="utf-8") for name in ("report.html", "owner.html"))
    assert "この機械" in page
    secrets = [*COMMUNITIES.values(), CLI_PASSWORD, API_TOKEN, SECRET_KEY, "Tac-k3y-77", "0822455D0A165B1E5F"]
    assert [secret for secret in secrets if secret in page + done.stdout + done.stderr] == []
    weak_snmp = {("ACC-06", one) for one in (*COMMUNITIES, "edge-fw-01")}
    assert judged(folder, "contradicts") | judged(folder, "due") == PLANTED | weak_snmp
    assert ("BKP-02", "jump-01") in judged(folder, "not-assessed")


@pytest.mark.exhaustive
def test_a_second_demo_continues_the_evidence_of_the_first(tmp_path: Path) -> None:
    demo(tmp_path)
    again = demo(tmp_path)
    assert again.returncode == 0, again.stdout + again.stderr
    assert "its evidence is continued" in again.stdout
    assert again.stdout.count("the earliest anchor binds the leaves up to 8: a time stamp") == 3
