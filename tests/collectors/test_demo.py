"""The demo, as a stranger runs it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from collectors.demo.plant import CLI_PASSWORD, COMMUNITIES


@pytest.mark.slow
def test_the_demo_tells_its_whole_story(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "collectors", "demo", "--dir", "plant"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "15.2(7)E4" in done.stdout
    assert "- access-class MGMT in" in done.stdout
    assert re.search(r"night-sw-04 +unreachable", done.stdout)
    assert re.search(r"5  pins +passed", done.stdout)
    report = tmp_path / "plant" / "report.html"
    assert f"The report: {report}" in done.stdout
    page = report.read_text(encoding="utf-8")
    assert "この機械" in page
    secrets = [*COMMUNITIES.values(), CLI_PASSWORD, "Tac-k3y-77", "0822455D0A165B1E5F"]
    assert [secret for secret in secrets if secret in page + done.stdout + done.stderr] == []
    again = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert again.returncode == 0, again.stdout + again.stderr
    assert "its evidence is continued" in again.stdout
