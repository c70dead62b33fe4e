"""The wheel as strangers install it: by pipx, by `uv tool`, and with nothing but what an auditor needs."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.exhaustive]

ROOT = Path(__file__).parents[2]
AUDITOR_NEEDS = (
    "click", "cryptography", "jinja2", "jmespath", "pybase64", "pydantic", "pyyaml", "rich", "zstandard", "tzdata"
)  # fmt: skip
VERIFIED = ("verify", "--store", "plantproof-store", "--key", "plantproof-store.keys/root.pub")


def done(*words: object, cwd: Path, **environ: str) -> str:
    """Run a program to its end and return what it printed; it must succeed."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PLANTPROOF_", "COVERAGE_"))}
    ended = subprocess.run(
        [str(word) for word in words], cwd=cwd, env=kept | environ, capture_output=True, text=True, timeout=600,
        check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def python(folder: Path, *packages: object) -> Path:
    """Make an environment that holds these packages; return its folder of programs."""
    done(sys.executable, "-m", "venv", folder, cwd=folder.parent)
    done(folder / "bin" / "python", "-m", "pip", "install", "--quiet", *packages, cwd=folder.parent)
    return folder / "bin"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The wheel, and a folder where a site was made and this machine was read with it, installed by pipx."""
    folder = tmp_path_factory.mktemp("wheel")
    done(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", folder / "dist", ROOT, cwd=folder)
    (wheel,) = (folder / "dist").iterdir()
    tools = python(folder / "tools", "pipx", "uv")
    homes = {"PIPX_HOME": str(folder / "pipx"), "PIPX_BIN_DIR": str(folder / "bin"), "HOME": str(folder)}
    done(tools / "pipx", "install", "--python", sys.executable, wheel, cwd=folder, **homes)
    site = folder / "site"
    site.mkdir()
    (site / "hosts").write_text("this-machine ansible_connection=local plantproof_safety=it\n")
    done(folder / "bin" / "plantproof", "collect", "-i", "hosts", cwd=site, HOME=str(folder))
    assert " 4  log " in done(folder / "bin" / "plantproof-verify", *VERIFIED, cwd=site)
    return folder, wheel


def test_uv_installs_it_as_a_tool(built: Any) -> None:
    folder, wheel = built
    where = {"UV_TOOL_DIR": str(folder / "uv"), "UV_TOOL_BIN_DIR": str(folder / "uvbin"), "HOME": str(folder)}
    done(folder / "tools" / "bin" / "uv", "tool", "install", "--python", sys.executable, wheel, cwd=folder, **where)
    assert "os.kernel" in done(folder / "uvbin" / "plantproof", "facts", cwd=folder / "site")


def test_an_auditor_needs_no_device_library(built: Any) -> None:
    folder, wheel = built
    programs = python(folder / "auditor", "--no-deps", wheel)
    done(programs / "python", "-m", "pip", "install", "--quiet", *AUDITOR_NEEDS, cwd=folder)
    installed = done(programs / "python", "-m", "pip", "list", cwd=folder).lower()
    assert [name for name in ("netmiko", "paramiko", "boto3", "ansible", "snmp") if name in installed] == []
    assert " 4  log " in done(programs / "plantproof-verify", *VERIFIED, cwd=folder / "site")
