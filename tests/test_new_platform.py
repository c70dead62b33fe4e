"""docs/new-platform.md, carried out: its files written, its commands run, against a real SNMP agent and a real sshd."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.real, pytest.mark.slow]

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "new-platform.md").read_text(encoding="utf-8")
PRESS = (
    "sysName press-7",
    "sysContact hans@example.com",
    "sysLocation Halle 7",
    "sysDescr Acme press controller",
    "sysObjectID .1.3.6.1.4.1.99999.7.1",
    'override .1.3.6.1.4.1.99999.1.1.0 octet_str "APC-500"',
    'override .1.3.6.1.4.1.99999.1.2.0 octet_str "Release 2.4.1 (build 77)"',
    'override .1.3.6.1.4.1.99999.1.3.0 octet_str "AC4471183"',
    'override .1.3.6.1.4.1.99999.1.4.0 octet_str "Tr4p-word-9"',
)
SECRETS = ("Pl4nt-read", "Tr4p-word-9", "7731-9924")
NAMES = ("press-7", "hans@example.com", "Halle 7", "AC4471183")


def files() -> Iterator[tuple[str, str]]:
    """Yield (name, text) of each file the page shows."""
    yield from re.findall(r"^`(\S+)`[^\n]*:\n\n```yaml\n(.*?)^```", PAGE, re.S | re.M)


def steps() -> Iterator[tuple[str, list[str]]]:
    """Yield (command, lines its output holds) of each command the page shows."""
    for block in re.findall(r"^```console\n(.*?)^```", PAGE, re.S | re.M):
        for step in re.findall(r"^\$ .*\n(?:(?!\$ ).*\n)*", block, re.M):
            command, *output = step.splitlines()
            yield command.removeprefix("$ "), output


class Reader:
    """Somebody who does what the page says."""

    def __init__(self, folder: Path, environ: dict[str, str]) -> None:
        self.folder, self.environ = folder, environ
        self.background: list[subprocess.Popen[str]] = []
        self.said = ""

    def run(self, command: str, expected: list[str]) -> None:
        if command.endswith(" &"):
            said = self._begin(command.removesuffix(" &"), expected[-1])
        elif command.startswith("cd ") and "&&" not in command:
            self.folder /= command.removeprefix("cd ")
            return
        else:
            done = subprocess.run(
                ["bash", "-c", command], cwd=self.folder, env=self.environ, capture_output=True, text=True, timeout=120
            )
            said = done.stdout + done.stderr
            assert (done.returncode != 0) == any(line.startswith("FAILED") for line in expected), said
        for line in expected:
            assert line in said, f"{command}: expected {line!r}, found\n{said}"
        self.said += said

    def _begin(self, command: str, last: str) -> str:
        log = self.folder / "background.txt"
        with log.open("w") as output:
            words = ["bash", "-c", f"exec {command}"]
            self.background.append(
                subprocess.Popen(words, cwd=self.folder, env=self.environ, stdout=output, stderr=output, text=True)
            )
        deadline = time.monotonic() + 60
        while last not in log.read_text():
            assert self.background[-1].poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            os.sched_yield()
        return log.read_text()

    def end(self) -> None:
        for child in self.background:
            child.send_signal(signal.SIGTERM)
            assert child.wait(30) == 0


@pytest.fixture
def reader(site: Any, vendors_snmpd: Callable[..., Any], sshd: Callable[..., Any]) -> Iterator[tuple[Reader, Path]]:
    """Somebody with a device on this machine, an account on it and a checkout."""
    folder, agent, server = site.folder, vendors_snmpd(*PRESS), sshd()
    config = folder / "acme" / "press.conf"
    config.parent.mkdir()
    config.write_text("[press]\nhost = press-7\noperator-pin = 7731-9924\nspeed = 40\n")
    environ = site.environ()
    home = Path(environ["HOME"])
    (home / ".ssh").mkdir()
    (home / ".ssh" / "known_hosts").write_text(server.known_hosts)
    bin_ = folder / "bin"
    bin_.mkdir()
    for name, words in (("plantproof", "-m collectors"), ("python", "")):
        (bin_ / name).write_text(f'#!/bin/sh\nexec {sys.executable} {words} "$@"\n')
        (bin_ / name).chmod(0o755)
    checkout = folder / "work" / "checkout"
    for name in ("evidence", "collectors", "tests"):
        shutil.copytree(ROOT / name, checkout / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", checkout)
    for name, text in files():
        path = folder / "work" / name
        path.parent.mkdir(exist_ok=True)
        text = text.replace("ansible_host: 192.0.2.7", f"ansible_host: 127.0.0.1\n      ansible_port: {server.port}")
        text = text.replace("ansible_user: audit", f"ansible_user: {server.user}")
        text = text.replace("plantproof_safety: it", f"plantproof_safety: it\n      plantproof_snmp_port: {agent.port}")
        text += f"      ansible_ssh_private_key_file: {server.key_file}\n" if name == "hosts.yml" else ""
        path.write_text(text.replace("/etc/acme/press.conf", str(config)))
    environ |= {"PATH": f"{bin_}:{environ['PATH']}"}
    somebody = Reader(folder / "work", environ)
    try:
        yield somebody, checkout
    finally:
        somebody.end()


def test_the_page_can_be_carried_out_from_a_device_to_a_merged_test(reader: tuple[Reader, Path]) -> None:
    somebody, checkout = reader
    for command, expected in steps():
        if command.startswith("cp ") and somebody.folder.name == "replay":
            somebody.folder = checkout.parent  # a new section begins in the first folder
        somebody.run(command, expected)
    assert "passed" in somebody.said.splitlines()[-1]
    recorded = list((checkout / "tests" / "data").glob("acme_press#*"))
    assert len(recorded) == 4
    text = "".join(path.read_text() for path in recorded)
    for word in (*SECRETS, *NAMES):
        assert word not in text, word
    assert "operator-pin = " in text
