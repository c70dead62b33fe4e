"""Inventories that only Ansible can read (scripts, plugins, TOML): asked of `ansible-inventory` in its own process."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from collectors.inventory.graph import ALL, Graph
from collectors.inventory.problem import InventoryError, Layer, Origin
from collectors.inventory.vault import NO_VAULT, Vault

TIMEOUT_S = 300
"""Longest wait; `ansible-inventory` takes 27 s for 10,000 YAML hosts, and a cloud plugin may page through an API."""

MAX_OUTPUT_BYTES = 256 * 1024 * 1024
"""Largest answer: 200,000 hosts at 1 KB each, indented as `--list` indents them."""

_MAX_COMPLAINT = 600
"""Characters of `ansible-inventory`'s last words that are shown."""


def find_program(environ: Mapping[str, str], name: str = "ansible-inventory") -> str | None:
    """Return one of Ansible's programs: the one installed beside this Python, else the one on PATH."""
    beside = Path(sys.executable).parent / name
    return str(beside) if beside.exists() else shutil.which(name, path=environ.get("PATH"))


def ask_ansible(
    sources: Sequence[str],
    environ: Mapping[str, str],
    vault: Vault = NO_VAULT,
    *,
    timeout_s: float = TIMEOUT_S,
    max_bytes: int = MAX_OUTPUT_BYTES,
) -> Graph:
    """
    Return the inventory as `ansible-inventory --list` gives it, every host with its final variables.

    The passwords of `vault` are for what only Ansible reads: encrypted files, and encrypted options of plugins.
    """
    program = find_program(environ)
    named = ", ".join(sources) or "the configured inventory"
    if program is None:
        raise InventoryError(
            f"{named}: expected `ansible-inventory` to read it, found no such program",
            hint="Install ansible-core, or use a static YAML, JSON or INI inventory.",
        )
    command = [program, "--list", *(word for source in sources for word in ("-i", source))]
    with _handed(vault) as (ids, descriptors):
        surroundings = strict_environment(environ)
        if ids:
            # In place of what the environment and ansible.cfg say: those may want to ask a person again.
            surroundings |= {"ANSIBLE_VAULT_IDENTITY_LIST": ",".join(one for one in ids if "," not in one)}
            surroundings.pop("ANSIBLE_VAULT_PASSWORD_FILE", None)
        command += [word for one in ids if "," in one for word in ("--vault-id", one)]
        output = _run(command, surroundings, named, timeout_s, max_bytes, descriptors)
    try:
        answer = json.loads(output)
    except (ValueError, RecursionError) as error:
        raise InventoryError(f"{named}: expected JSON from ansible-inventory, found something else") from error
    return _graph(answer, named)


@contextlib.contextmanager
def _handed(vault: Vault) -> Iterator[tuple[list[str], list[int]]]:
    """
    Yield the vault ids that name the passwords, and the descriptors to pass on.

    Ansible reads a file, and runs a script, by its own rules; what a person entered goes through a pipe and is never
    written down.
    """
    ids: list[str] = []
    descriptors: list[int] = []
    try:
        for password in vault.passwords:
            source = password.source
            if source is None:
                reading, writing = os.pipe()
                descriptors.append(reading)
                password.write_to(writing)
                os.close(writing)
                source = f"/dev/fd/{reading}"
            ids.append(f"{password.label}@{source}")
        yield ids, descriptors
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


def strict_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the caller's environment with what makes `ansible-inventory` fail rather than warn."""
    strict = {
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_INVENTORY_UNPARSED_FAILED": "1",
        "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "1",
        "ANSIBLE_ASK_VAULT_PASS": "0",
    }
    locale = {} if any(name in environ for name in ("LC_ALL", "LC_CTYPE", "LANG")) else {"LC_ALL": "C.UTF-8"}
    return {**locale, **environ, **strict}


def _run(
    command: list[str],
    environ: dict[str, str],
    named: str,
    timeout_s: float,
    max_bytes: int,
    descriptors: Sequence[int] = (),
) -> bytes:
    """Return what the program prints; end it, and what it started, when it takes too long or says too much."""
    process = subprocess.Popen(
        command,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        pass_fds=descriptors,
        start_new_session=True,
    )
    expired = threading.Event()

    def expire() -> None:
        expired.set()
        _kill_all(process)

    complaint: list[bytes] = []
    timer = threading.Timer(timeout_s, expire)
    listener = threading.Thread(target=_drain, args=(process, complaint), daemon=True)
    timer.start()
    listener.start()
    try:
        with process:
            output = process.stdout.read(max_bytes + 1) if process.stdout else b""
            if len(output) > max_bytes:
                _kill_all(process)
            code = process.wait()
            listener.join()
    finally:
        timer.cancel()
    if expired.is_set():
        raise InventoryError(f"{named}: expected ansible-inventory to end within {timeout_s:.0f} s, it did not")
    if len(output) > max_bytes:
        raise InventoryError(f"{named}: expected at most {max_bytes} bytes from ansible-inventory, found more")
    if code:
        words = last_words(b"".join(complaint).decode("utf-8", "replace"))
        raise InventoryError(
            f"{named}: ansible-inventory ended with {code}: {words}",
            hint=f"Try: {Path(command[0]).name} {' '.join(command[1:])}",
        )
    return output


def _kill_all(process: subprocess.Popen[bytes]) -> None:
    """End the program and what it started; whoever holds its output open keeps the group's number taken."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _drain(process: subprocess.Popen[bytes], kept: list[bytes]) -> None:
    """Read complaints to their end so that the program never waits for us; keep the last ones."""
    while process.stderr and (piece := os.read(process.stderr.fileno(), 65536)):
        kept.append(piece)
        del kept[:-8]


def last_words(text: str) -> str:
    """Return what an Ansible program complained of in the end, shortened."""
    begin = max(text.rfind("ERROR"), 0)
    words = " ".join(text[begin:].split())
    return words[:_MAX_COMPLAINT] or "it does not say why"


def _graph(answer: object, named: str) -> Graph:
    """Return the graph that an answer describes."""
    if not isinstance(answer, dict) or not isinstance(answer.get(ALL, {}), dict):
        raise InventoryError(f"{named}: expected groups from ansible-inventory, found something else")
    graph = Graph()
    origin = Origin(named)
    bodies = {name: body for name, body in answer.items() if name != "_meta" and isinstance(body, dict)}
    for name, body in bodies.items():
        for child in body.get("children", ()):
            graph.add_group(name)
            graph.add_group(child)
            graph.add_child(name, child)
        for host in body.get("hosts", ()):
            graph.add_group(name)
            graph.add_host(host, name, None, origin)
    for host, values in answer.get("_meta", {}).get("hostvars", {}).items():
        if host in graph.hosts:
            graph.hosts[host].append(Layer(values, origin))
    graph.settle()
    return graph
