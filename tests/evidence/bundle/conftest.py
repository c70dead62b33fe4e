"""What tests of bundles share."""

import shutil
import subprocess
from pathlib import Path

import pytest

SIGSTORE = "@sigstore/core@2.0.0"


@pytest.fixture(scope="session")
def sigstore(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which Node finds npm's sigstore."""
    folder = tmp_path_factory.mktemp("npm")
    words = [
        "npm",
        "install",
        "--silent",
        "--no-audit",
        "--no-fund",
        "--ignore-scripts",
        "--prefix",
        str(folder),
        SIGSTORE,
    ]
    if (
        shutil.which("npm") is None
        or subprocess.run([*words, SIGSTORE], check=False, capture_output=True, timeout=120).returncode
    ):
        pytest.skip(f"npm has no {SIGSTORE} here: envelopes and time stamps are not verified by it")
    return folder
