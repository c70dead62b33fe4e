"""
CPU per network system over SSH: bare netmiko, our session, and the whole of `plantproof collect`, in one run.

    python benchmarks/ssh.py [--at-once 20] [--collections DIR]

Each client connects, reads `show version`, an 80 KB `show running-config` and `show inventory`, and closes. The devices
are simulated, in a process of their own; only the client's CPU time counts. `collect` is measured at the margin:
(220 devices - 20 devices) / 200, with redaction, digests, signing and the store. Goals: at most 1.5 times bare netmiko,
at most 1/80 of Ansible's network_cli, which is measured when `--collections` names a folder that holds
ansible_collections/{ansible/netcommon,ansible/utils,cisco/ios}.
"""

import argparse
import logging
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ssh_plant import COMMANDS, PASSWORD, Plant, plant

FEW, MANY = 20, 220
NETWORK_CLI_MS = 1411
"""Ansible network_cli, CPU ms a device, measured in 2026 on two cores beside netmiko at 8.2; not measured here."""

NETMIKO_THEN_MS = 8.2


class OpenGate:
    """Lets every request pass."""

    def enter_blocking(self, action: object) -> None:
        """Let it pass."""

    async def enter(self, action: object) -> None:
        """Let it pass."""

    def leave(self, action: object, *, took_s: float, received: int, error: str | None = None) -> None:
        """Note nothing."""


class Ticks:
    """The clock of this process."""

    def monotonic(self) -> float:
        """Return seconds."""
        return time.monotonic()


def ask_netmiko(where: Plant, name: str) -> int:
    """Ask one device with netmiko's public interface."""
    from netmiko import ConnectHandler

    with ConnectHandler(
        device_type="cisco_ios", host="127.0.0.1", port=where.port, username=name, password=PASSWORD
    ) as connection:
        return sum(len(connection.send_command(command, read_timeout=60)) for command in COMMANDS)


def ask_ours(where: Plant, name: str) -> int:
    """Ask one device with our session."""
    from collectors.credentials import Secret
    from collectors.inventory.host import SshAccess
    from collectors.transports.hostkeys import HostKeys
    from collectors.transports.ssh import open_cli
    from collectors.transports.ssh_jump import JumpHosts
    from collectors.transports.ssh_login import Login
    from evidence.model.names import AssetId
    from evidence.platforms.platform import Question, Session, Verb

    setup = ("terminal length 0", "terminal width 511")
    access = SshAccess(address="127.0.0.1", port=where.port, user=name, password=Secret(PASSWORD))
    count = 0
    login = Login(
        asset=AssetId(name),
        gate=OpenGate(),
        clock=Ticks(),
        host_keys=HostKeys(known_hosts=[where.host_key]),
        jumps=JumpHosts(),
        timeout_s=60,
    )
    platform = Session(driver="cisco_ios", setup=setup)
    with open_cli(access, platform, login, allowed=frozenset({*setup, *COMMANDS})) as session:
        for command in COMMANDS:
            question = Question(
                name=command, transport="ssh", verb=Verb.RUN, objects=(command,), tags=frozenset(), ttl_s=0
            )
            answer = session.ask(question)
            assert answer.complete, answer.reason
            count += len(answer.data)
    return count


def cpu_of(ask: Callable[[Plant, str], int], where: Plant, at_once: int, devices: int) -> tuple[float, int]:
    """Return CPU ms a device and bytes read from one of them."""
    ask(where, "warm-up")
    with ThreadPoolExecutor(at_once) as pool:
        list(pool.map(lambda n: ask(where, f"warm{n:03d}"), range(at_once)))
        before = time.process_time()
        read = list(pool.map(lambda n: ask(where, f"dev{n:03d}"), range(devices)))
        after = time.process_time()
    assert len(set(read)) == 1, set(read)
    return (after - before) / devices * 1000, read[0]


def collect_cpu(where: Plant, devices: int, at_once: int, folder: Path, *more: str) -> float:
    """Return CPU seconds of one `plantproof collect` over that many devices."""
    home = folder / f"home{devices}"
    (home / ".ssh").mkdir(parents=True)
    (home / ".ssh" / "known_hosts").write_text(where.host_key)
    hosts = "".join(
        f"    dev{n:03d}: {{ansible_host: 127.0.0.1, ansible_port: {where.port}, ansible_user: dev{n:03d}}}\n"
        for n in range(devices)
    )
    inventory = folder / f"plant{devices}.yml"
    inventory.write_text(
        f"all:\n  vars:\n    ansible_password: {PASSWORD}\n    ansible_network_os: cisco.ios.ios\n"
        f"    plantproof_safety: it\n    plantproof_collect: [ssh]\n  hosts:\n{hosts}"
    )
    command: list[object] = [
        sys.executable,
        "-m",
        "collectors",
        "collect",
        "-i",
        inventory,
        "--store",
        folder / f"store{devices}",
    ]
    command += ["--pace", "none", "--forks", str(at_once), *more]
    environ = {"HOME": str(home), "PYTHONPATH": str(Path(__file__).parents[1])}
    return cpu_of_command("collect", command, folder, environ)


def cpu_of_command(what: str, command: list[object], folder: Path, environ: dict[str, str]) -> float:
    """Run a command in `folder` and return the CPU seconds it used; end the benchmark when it failed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [str(word) for word in command],
        env={"PATH": os.environ["PATH"], **environ},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit(f"{what} ended with {done.returncode}:\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def collect_margin(where: Plant, at_once: int, *more: str) -> float:
    """Return CPU ms a device of `plantproof collect` at the margin."""
    with tempfile.TemporaryDirectory(prefix="bench-ssh-") as folder:
        few = collect_cpu(where, FEW, at_once, Path(folder), *more)
        many = collect_cpu(where, MANY, at_once, Path(folder), *more)
    return (many - few) / (MANY - FEW) * 1000


def network_cli_cpu(where: Plant, devices: int, at_once: int, collections: Path) -> float:
    """Return CPU seconds of one playbook that asks that many devices the same over Ansible's network_cli."""
    with tempfile.TemporaryDirectory(prefix="bench-ansible-") as name:
        folder = Path(name)
        (folder / ".ssh").mkdir()
        (folder / ".ssh" / "known_hosts").write_text(where.host_key)
        hosts = "".join(f"    dev{n:03d}: {{ansible_user: dev{n:03d}}}\n" for n in range(devices))
        (folder / "plant.yml").write_text(
            f"all:\n  vars:\n    ansible_host: 127.0.0.1\n    ansible_port: {where.port}\n"
            f"    ansible_password: {PASSWORD}\n    ansible_network_os: cisco.ios.ios\n"
            "    ansible_connection: ansible.netcommon.network_cli\n"
            f"    ansible_network_cli_ssh_type: paramiko\n  hosts:\n{hosts}"
        )
        (folder / "play.yml").write_text(
            "- hosts: all\n  gather_facts: false\n  tasks:\n    - cisco.ios.ios_command:\n        commands:\n"
            + "".join(f"          - {command}\n" for command in COMMANDS)
        )
        playbook: list[object] = [Path(sys.executable).with_name("ansible-playbook"), "-i", "plant.yml", "play.yml"]
        environ = {"HOME": name, "ANSIBLE_COLLECTIONS_PATH": str(collections)}
        return cpu_of_command("ansible-playbook", [*playbook, "-f", at_once], folder, environ)


def network_cli_margin(where: Plant, at_once: int, collections: Path) -> float:
    """Return CPU ms a device of Ansible's network_cli at the margin; with fewer devices, as it takes its time."""
    few, many = 5, 35
    first = network_cli_cpu(where, few, at_once, collections)
    return (network_cli_cpu(where, many, at_once, collections) - first) / (many - few) * 1000


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--at-once", type=int, default=20, help="devices asked at the same time [20]")
    parser.add_argument("--devices", type=int, default=100, help="devices for the two sessions [100]")
    parser.add_argument("--rounds", type=int, default=3, help="rounds; the median counts [3]")
    parser.add_argument("--no-collect", action="store_true", help="measure the sessions alone")
    parser.add_argument("--collections", type=Path, help="measure Ansible network_cli with the collections in here")
    given = parser.parse_args()
    logging.getLogger("paramiko").setLevel(logging.CRITICAL)
    logging.getLogger("netmiko").setLevel(logging.CRITICAL)
    names = ("bare netmiko", "our session", "... without judging", "plantproof collect, marginal")
    rows: dict[str, list[float]] = {name: [] for name in names}
    with plant() as where:
        for _ in range(given.rounds):
            for name, ask in (("bare netmiko", ask_netmiko), ("our session", ask_ours)):
                cpu_ms, read = cpu_of(ask, where, given.at_once, given.devices)
                assert read > 80_000, read
                rows[name].append(cpu_ms)
            if not given.no_collect:
                rows["... without judging"].append(collect_margin(where, given.at_once, "--no-assess"))
                rows["plantproof collect, marginal"].append(collect_margin(where, given.at_once))
        cli_ms = network_cli_margin(where, given.at_once, given.collections) if given.collections else None
    base = statistics.median(rows["bare netmiko"])
    print(f"client CPU a device (median of {given.rounds}), {given.at_once} at once\n")
    for name, values in rows.items():
        if values:
            value = statistics.median(values)
            print(f"{name:32}{value:9.2f} ms{value / base:8.2f} x netmiko")
    if cli_ms is None:
        cli_ms = NETWORK_CLI_MS / NETMIKO_THEN_MS * base
        print(f"{'Ansible network_cli':32}{'':12}{cli_ms / base:8.0f} x netmiko (published measure, not measured here)")
    else:
        print(f"{'Ansible network_cli, marginal':32}{cli_ms:9.2f} ms{cli_ms / base:8.2f} x netmiko")
    last = rows["plantproof collect, marginal"] or rows["our session"]
    print(f"\nagainst network_cli: 1/{cli_ms / statistics.median(last):.0f}")


if __name__ == "__main__":
    main()
