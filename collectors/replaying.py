"""Recorded devices on loopback: an SNMP agent and an SSH server that answer as they did (doubles), and an inventory."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from collectors.simulate.device import Device
from collectors.simulate.snmp import SimulatedAgent
from collectors.simulate.ssh import SimulatedCli
from collectors.simulate.ssh_shell import Device as CliDevice
from evidence.normalise import varbinds
from evidence.normalise.recordings import Recording
from evidence.platforms.load import Platforms

Variables = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """Devices that answer as long as the block lasts."""

    hosts: Mapping[str, Variables]
    """Name -> inventory variables."""
    known_hosts: str
    snmp_port: int | None
    ssh_port: int | None


@contextmanager
def replaying(
    recordings: Iterable[Recording], known: Platforms, *, secret: str, snmp_port: int = 0, ssh_port: int = 0
) -> Iterator[Replayed]:
    """
    Serve recordings on 127.0.0.1 until the block ends; port 0 picks a free one.

    `secret` is the login password, and with the device's number the SNMP community that chooses it.
    """
    agents: dict[str, Device] = {}
    shells: list[CliDevice] = []
    hosts: dict[str, Variables] = {}
    for number, recording in enumerate(recordings, 1):
        name = f"replayed-{number}"
        variables: Variables = {
            "ansible_host": "127.0.0.1",
            "plantproof_safety": "it",
            "plantproof_role": recording.stem,
        }
        if recording.values:
            variables |= {"plantproof_snmp_version": "2c", "plantproof_snmp_community": f"{secret}-{number}"}
            agents[f"{secret}-{number}"] = Device(varbinds.decode(varbinds.encode(recording.values.items())))
        if recording.transcript:
            variables |= {"ansible_user": name, "ansible_password": secret, "plantproof_platform": recording.platform}
            shells.append(_shell(recording, known, name, secret))
        hosts[name] = variables
    with ExitStack() as running:
        agent = running.enter_context(SimulatedAgent(agents, port=snmp_port)) if agents else None
        server = running.enter_context(SimulatedCli(shells, port=ssh_port)) if shells else None
        for variables in hosts.values():
            if agent and "plantproof_snmp_community" in variables:
                variables["plantproof_snmp_port"] = agent.port
            if server and "ansible_user" in variables:
                variables["ansible_port"] = server.port
            variables["plantproof_collect"] = _transports(variables)
        yield Replayed(
            hosts=hosts,
            known_hosts=server.known_hosts if server else "",
            snmp_port=agent.port if agent else None,
            ssh_port=server.port if server else None,
        )


def _transports(variables: Variables) -> list[str]:
    ways = {"snmp": "plantproof_snmp_community", "ssh": "ansible_user"}
    return [name for name, variable in ways.items() if variable in variables]


def _shell(recording: Recording, known: Platforms, name: str, password: str) -> CliDevice:
    platform = known.named(recording.platform)
    host = platform is not None and platform.session is not None and platform.session.kind == "host"
    prompt = str(recording.transcript.get("prompt", "unit-1#"))
    return CliDevice(
        name=name, password=password, prompt=prompt, host=host, commands=dict(recording.transcript["commands"])
    )
