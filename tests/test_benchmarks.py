"""Every benchmark still runs, at a size that tells nothing of speed: it asserts that figures are printed, not which."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.real, pytest.mark.exhaustive]

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
SMALL = {
    "assess.py": [["20"]],
    "identify.py": [["--devices", "12", "--few", "4", "--rounds", "1"]],
    "inventory.py": [["--hosts", "200", "--ansible-hosts", "20"]],
    "platforms.py": [["--files", "30"]],
    "proof.py": [["--scale", "0.01"]],
    "redact.py": [["--secrets", "20"]],
    "s3.py": [["--items", "200", "--script-items", "100"]],
    "snmp.py": [["--targets", "20"], ["--hosts", "40"]],
    "verify.py": [["--rounds", "1", "--share", "100"]],
    "ssh.py": [["--rounds", "1", "--devices", "6", "--no-collect"]],
}
LIBRARIES = {"identify_plant.py", "proof_plant.py", "snmp_plant.py", "ssh_plant.py"}


def test_each_benchmark_is_tried() -> None:
    assert {path.name for path in BENCHMARKS.glob("*.py")} == set(SMALL) | LIBRARIES


@pytest.mark.parametrize(("name", "words"), [(name, words) for name, tries in SMALL.items() for words in tries])
def test_a_benchmark_runs_to_its_end(name: str, words: list[str], tmp_path: Path) -> None:
    command = [sys.executable, str(BENCHMARKS / name), *words]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode in (0, 1), done.stderr  # 1: a goal was missed, which says nothing at this size
    assert "Traceback" not in done.stderr
    assert any(char.isdigit() for char in done.stdout)
