"""The auditor's program where the device libraries are not installed: every command, on a real store."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

BLOCKED = [
    "netmiko",
    "paramiko",
    "pysnmp",
    "gufo",
    "ansible",
    "ansible_runner",
    "boto3",
    "botocore",
    "urllib3",
    "ahocorasick_rs",
    "collectors",
]

_RUN = f"""
import sys
for name in {BLOCKED!r}:
    sys.modules[name] = None
from evidence.cli.main import main
sys.argv[0] = "plantproof-verify"
main()
"""


@pytest.mark.parametrize(
    "words",
    [
        ("verify",),
        ("facts",),
        ("facts", "--format", "jsonl"),
        ("report", "--output", "report.html"),
        ("report", "--format", "json", "--output", "-"),
        ("platforms", "ls"),
        ("store", "ls"),
        ("store", "check"),
        ("config", "sw-01"),
        ("diff", "sw-01"),
        ("history", "sw-01"),
    ],
    ids=" ".join,
)
def test_every_command_works_without_a_device_library(
    words: tuple[str, ...], plant_folder: Path, tmp_path: Path
) -> None:
    store = () if words[0] == "platforms" else ("--store", str(plant_folder))
    command = [sys.executable, "-c", _RUN, *words, *store]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def test_a_bundle_is_verified_without_a_device_library(handed: Any, tmp_path: Path) -> None:
    words = ["verify", str(handed.bundle), "--key", str(handed.root_file)]
    command = [sys.executable, "-c", _RUN, *words]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "FAILED" not in done.stdout
