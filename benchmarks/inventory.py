"""
How long reading an inventory takes, beside `ansible-inventory --list`, in one run.

    python benchmarks/inventory.py [--hosts 10000] [--ansible-hosts 10000]

Every figure is the CPU time (user and system) of a whole process, its start included. The goal for 10,000 static
hosts is at most 2 CPU-seconds, as one YAML file, as INI, and with 10,000 host_vars files. The same goal holds for our
share beside `ansible-inventory`'s where only that can read the source, and for 50 hosts out of an inventory with 2,000
encrypted values.
"""

import argparse
import hashlib
import hmac
import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from collectors.inventory.external import find_program

GOAL_S = 2.0
READ = """
import sys
from collectors.inventory.read import read_inventory
hosts = read_inventory([sys.argv[1]], environ={}).hosts
assert len(hosts) == int(sys.argv[2]), len(hosts)
assert all(host.snmp and host.ssh for host in hosts)
"""
OPENED = """
import sys
from collectors.inventory.read import Opening, read_inventory
from collectors.inventory.vault import Vault, VaultPassword
opening = Opening(Vault([VaultPassword("default", b"pw")]))
hosts = read_inventory([sys.argv[1]], environ={}, limit="lines[0:49]", opening=opening).hosts
assert len(hosts) == 50 and all(len(host.secrets()) == 3 for host in hosts)
"""
SHARE = """
import os, resource, sys
from collectors.inventory.read import read_inventory
assert len(read_inventory([sys.argv[1]], environ=os.environ).hosts) == int(sys.argv[2])
for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
    used = resource.getrusage(who)
    print(used.ru_utime + used.ru_stime)
"""
VARIABLES = (
    ("ansible_host", "10.{a}.{b}.{c}"),
    ("ansible_network_os", "cisco.ios.ios"),
    ("plantproof_zone", "line-{b}"),
    ("plantproof_role", "access switch"),
    ("plantproof_criticality", "high"),
    ("plantproof_accountable", "shift-lead-{b}"),
    ("plantproof_function", "press shop {a}"),
    ("plantproof_snmp_user", "auditor"),
    ("plantproof_support_end", "2031-12-31"),
)
SHARED = """all:
  vars:
    ansible_user: auditor
    ansible_connection: network_cli
    plantproof_snmp_auth: sha256
    plantproof_snmp_auth_key: an-example-key
    plantproof_snmp_priv: aes256
    plantproof_snmp_priv_key: an-example-key
    plantproof_site: benchmark
    plantproof_powered: Mon-Fri 06:00-22:00 Europe/Berlin
"""


def variables(number: int) -> list[tuple[str, str]]:
    """Return the variables of one host."""
    a, b, c = number // 65536, number // 256 % 256, number % 256
    return [(key, value.format(a=a, b=b, c=c)) for key, value in VARIABLES]


def write_yaml(folder: Path, hosts: int) -> Path:
    """Write one YAML file with everything in it."""
    lines = [SHARED, "  children:\n"]
    for first in range(0, hosts, 250):
        lines.append(f"    line_{first // 250}:\n      hosts:\n")
        for number in range(first, min(first + 250, hosts)):
            lines.append(f"        sw-{number:05d}:\n")
            lines += [f"          {key}: {value}\n" for key, value in variables(number)]
    path = folder / "hosts.yml"
    path.write_text("".join(lines))
    return path


def write_ini(folder: Path, hosts: int) -> Path:
    """Write one INI file, and the shared variables beside it."""
    lines = []
    for number in range(hosts):
        if number % 250 == 0:
            lines.append(f"[line_{number // 250}]")
        pairs = (f'{key}="{value}"' if " " in value else f"{key}={value}" for key, value in variables(number))
        lines.append(f"sw-{number:05d} " + " ".join(pairs))
    (folder / "hosts.ini").write_text("\n".join(lines) + "\n")
    write_shared(folder)
    return folder / "hosts.ini"


def write_host_vars(folder: Path, hosts: int) -> Path:
    """Write a short list of hosts, and one file for each host."""
    (folder / "hosts.yml").write_text(f"lines:\n  hosts:\n    sw-[00000:{hosts - 1:05d}]:\n")
    (folder / "host_vars").mkdir()
    for number in range(hosts):
        text = "".join(f"{key}: {value}\n" for key, value in variables(number))
        (folder / "host_vars" / f"sw-{number:05d}.yml").write_text(text)
    write_shared(folder)
    return folder / "hosts.yml"


def write_script(folder: Path, hosts: int) -> Path:
    """Write an executable inventory."""
    named = {f"sw-{number:05d}": dict(variables(number)) for number in range(hosts)}
    inventory = {"lines": {"hosts": list(named)}, "_meta": {"hostvars": named}}
    path = folder / "hosts.py"
    path.write_text(f"#!{sys.executable}\nprint({json.dumps(inventory)!r})\n")
    path.chmod(0o700)
    return path


def write_encrypted(folder: Path, hosts: int) -> Path:
    """Write four encrypted values for each host, one of them never used; a salt serves for all of one host."""
    lines = ["lines:\n  hosts:\n"]
    for number in range(hosts):
        salt = os.urandom(32)
        keys = hashlib.pbkdf2_hmac("sha256", b"pw", salt, 10_000, 80)
        lines.append(f"    sw-{number:05d}:\n")
        for key in ("plantproof_snmp_community", "ansible_password", "ansible_become_password", "unused"):
            lines.append(f'      {key}: !vault "{_sealed(f"{key}-{number}", salt, keys)}"\n')
    path = folder / "hosts.yml"
    path.write_text("".join(lines))
    return path


def _sealed(text: str, salt: bytes, keys: bytes) -> str:
    """Return one encrypted value (Ansible Vault 1.1)."""
    size = 16 - len(text) % 16
    encryptor = Cipher(algorithms.AES(keys[:32]), modes.CTR(keys[64:])).encryptor()
    ciphertext = encryptor.update(text.encode() + bytes([size]) * size)
    parts = (salt, hmac.digest(keys[32:64], ciphertext, "sha256"), ciphertext)
    return "$ANSIBLE_VAULT;1.1;AES256\\n" + "\n".join(part.hex() for part in parts).encode().hex()


def write_shared(folder: Path) -> None:
    """Write what all hosts share as group_vars/all.yml."""
    (folder / "group_vars").mkdir()
    lines = SHARED.splitlines()[2:]
    (folder / "group_vars" / "all.yml").write_text("".join(line.strip() + "\n" for line in lines))


def environment() -> dict[str, str]:
    """Return the environment without Ansible's settings, with this checkout first on the path."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    root = str(Path(__file__).resolve().parent.parent)
    environ["PYTHONPATH"] = os.pathsep.join(filter(None, (root, environ.get("PYTHONPATH", ""))))
    return environ


def cpu_seconds(command: list[str]) -> float:
    """Return the CPU time that a command takes, its children included."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment())
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> int:
    """Print the table; end with 1 when the goal is missed."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--hosts", type=int, default=10_000)
    options.add_argument("--ansible-hosts", type=int, help="fewer hosts for ansible-inventory; scaled up, and marked ~")
    chosen = options.parse_args()
    fewer = chosen.ansible_hosts or chosen.hosts
    missed = False
    print(f"{chosen.hosts} hosts, CPU seconds of the whole process")
    print(f"{'inventory':<24}{'size':>9}{'plantproof':>12}{'ansible-inventory':>20}{'ratio':>8}")
    for name, write in (
        ("one YAML file", write_yaml),
        ("one INI file", write_ini),
        ("host_vars files", write_host_vars),
    ):
        with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
            source = write(Path(one), chosen.hosts)
            size = sum(path.stat().st_size for path in Path(one).rglob("*") if path.is_file())
            ours = min(cpu_seconds([sys.executable, "-c", READ, str(source), str(chosen.hosts)]) for _ in range(3))
            small = source if fewer == chosen.hosts else write(Path(other), fewer)
            theirs = cpu_seconds([str(find_program(os.environ)), "-i", str(small), "--list"]) * chosen.hosts / fewer
        mark = "" if fewer == chosen.hosts else "~"
        print(f"{name:<24}{size / 1e6:>7.1f}MB{ours:>12.2f}{mark + format(theirs, '.1f'):>20}{theirs / ours:>7.0f}x")
        missed = missed or ours > GOAL_S
    with tempfile.TemporaryDirectory() as folder:
        source = write_script(Path(folder), chosen.hosts)
        command = [sys.executable, "-c", SHARE, str(source), str(chosen.hosts)]
        done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment())
        ours, theirs = map(float, done.stdout.split())
        print(
            f"{'a script':<24}{source.stat().st_size / 1e6:>7.1f}MB{ours:>12.2f}{theirs:>20.1f}{theirs / ours:>7.0f}x"
        )
        missed = missed or ours > GOAL_S
    with tempfile.TemporaryDirectory() as folder:
        source = write_encrypted(Path(folder), 500)
        ours = min(cpu_seconds([sys.executable, "-c", OPENED, str(source)]) for _ in range(3))
        print(f"{'50 of 500, encrypted':<24}{source.stat().st_size / 1e6:>7.1f}MB{ours:>12.2f}")
        missed = missed or ours > GOAL_S
    print(f"goal: at most {GOAL_S} CPU-s each: {'MISSED' if missed else 'met'}")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
