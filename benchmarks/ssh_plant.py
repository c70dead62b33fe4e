"""
A cheap simulated command line for measuring clients: asyncssh, in a process of its own.

    python benchmarks/ssh_plant.py      # prints its port and host key line, serves until its input ends
"""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

PASSWORD = "bench-Pa55"
PROMPT = "bench-sw#"
CONFIG_BYTES = 80_000
COMMANDS = ("show version", "show running-config", "show inventory")

VERSION = """Cisco IOS Software, C2960X Software (C2960X-UNIVERSALK9-M), Version 15.2(7)E3, RELEASE SOFTWARE (fc3)
bench-sw uptime is 3 weeks, 2 days
System image file is "flash:/c2960x-universalk9-mz.152-7.E3.bin"
cisco WS-C2960X-24TS-L (APM86XXX) processor (revision A0) with 524288K bytes of memory.
Processor board ID FCW1910B5T9"""
INVENTORY = """NAME: "1", DESCR: "WS-C2960X-24TS-L"
PID: WS-C2960X-24TS-L  , VID: V02  , SN: FCW1910B5T9"""


def configuration() -> str:
    """Return a running configuration of 80 KB with the secrets such a file has."""
    lines = [
        "Building configuration...",
        "",
        "Current configuration : 80000 bytes",
        "!",
        "version 15.2",
        "hostname bench-sw",
        "enable secret 9 $9$nhEmQVczB7dqsO$X.HsgL6x1il0RxkOSSvyQYwucySCt7qFm4v7pqCxkKM",
        "username admin privilege 15 secret 5 $1$abcd$8f4LwFcBkG7Zq0x1yQmTd/",
        "snmp-server community bench-secret RO",
        "radius-server key 7 070C285F4D06485744",
    ]
    size, number = sum(len(line) + 1 for line in lines), 0
    while size < CONFIG_BYTES:
        number += 1
        block = [
            f"interface GigabitEthernet{number // 48}/0/{number % 48}",
            f" description cell {number} drive cabinet {number * 7 % 113}",
            f" switchport access vlan {number % 4000 + 1}",
            " switchport mode access",
            " spanning-tree portfast",
            f" ip dhcp snooping limit rate {number % 90 + 10}",
            "!",
        ]
        lines += block
        size += sum(len(line) + 1 for line in block)
    return "\n".join([*lines, "end"])


@dataclass(frozen=True)
class Plant:
    """Where the simulated devices are; any login name is a device."""

    port: int
    host_key: str
    """A line for known_hosts."""


@contextmanager
def plant() -> Iterator[Plant]:
    """Run the simulation in another process."""
    process = subprocess.Popen([sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        yield Plant(port=int(process.stdout.readline()), host_key=process.stdout.readline())
    finally:
        process.stdin.close()
        process.wait(30)
        process.stdout.close()


async def _serve() -> None:
    import asyncssh

    answers = {"show version": VERSION, "show running-config": configuration(), "show inventory": INVENTORY}

    def reply(command: str) -> str:
        known = command.startswith("terminal ") or not command
        answer = answers.get(command, "" if known else "% Invalid input detected at '^' marker.")
        text = f"{command}\n{answer}\n{PROMPT}" if answer else f"{command}\n{PROMPT}"
        return text.replace("\n", "\r\n")

    class Login(asyncssh.SSHServer):
        def password_auth_supported(self) -> bool:
            return True

        def validate_password(self, username: str, password: str) -> bool:  # noqa: ARG002
            return password == PASSWORD

    async def talk(process: "asyncssh.SSHServerProcess[str]") -> None:
        process.stdout.write(PROMPT)
        typed = ""
        try:
            while chunk := await process.stdin.read(4096):
                *lines, typed = (typed + chunk.replace("\r\n", "\n").replace("\r", "\n")).split("\n")
                for line in lines:
                    process.stdout.write(reply(line.strip()))
        except (asyncssh.Error, ConnectionError):
            pass
        process.exit(0)

    key = asyncssh.generate_private_key("ssh-ed25519")
    server = await asyncssh.create_server(
        Login, "127.0.0.1", 0, server_host_keys=[key], process_factory=talk, line_editor=False, backlog=512
    )
    kind, blob = key.export_public_key().decode().split()[:2]
    print(server.get_port(), f"[127.0.0.1]:{server.get_port()} {kind} {blob}", sep="\n", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_serve())
