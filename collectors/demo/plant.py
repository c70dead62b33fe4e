"""The demo plant: simulated switches that answer on loopback, and the site that reads them."""

import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

from collectors.simulate import snmp
from collectors.simulate.device import Device as Agent
from collectors.simulate.ssh import SimulatedCli, read_devices
from evidence.normalise.varbinds import decode

_DATA = files("collectors.demo") / "plant"

COMMUNITIES: Mapping[str, str] = {
    "weld-sw-01": "r3ad-w3ld-hall2",
    "pack-sw-02": "r3ad-p4ck-hall3",
    "core-sw-01": "Pl4nt-0bserver",
    "hvac-gw-07": "f4cility-r3ad",
}
"""Simulated credentials, as a real inventory would hold them; the report must show none of them."""

CLI_PASSWORD = "s1mulated-L0gin"  # noqa: S105 - the simulated switch has no other

CHANGED = (
    "access-class MGMT in",
    "access-class MGMT-OLD in",
)
"""What somebody changes on the core switch between the two runs."""


@contextmanager
def running_plant() -> Iterator["Plant"]:
    """Answer as the plant on free loopback ports until the block ends."""
    agents = {COMMUNITIES[name]: Agent(decode(_read(f"{name}#snmp.txt"))) for name in COMMUNITIES}
    (core,) = read_devices(Path(str(_DATA / "core-sw-01.yaml")))
    with snmp.SimulatedAgent(agents) as agent, SimulatedCli([replace(core, password=CLI_PASSWORD)]) as cli:
        yield Plant(snmp_port=agent.port, cli=cli)


class Plant:
    """A running plant."""

    def __init__(self, *, snmp_port: int, cli: SimulatedCli) -> None:
        self.snmp_port = snmp_port
        self._cli = cli

    def change(self) -> None:
        """Do to the core switch what somebody would do between two runs."""
        core = self._cli.devices["core-sw-01"]
        commands = dict(core.commands)
        commands["show running-config"] = commands["show running-config"].replace(*CHANGED)
        self._cli.devices["core-sw-01"] = replace(core, commands=commands)

    def inventory(self) -> dict[str, object]:
        """Return the Ansible inventory that reads the plant and this machine."""
        hosts: dict[str, dict[str, object]] = {name: self._snmp(name) for name in COMMUNITIES}
        hosts["weld-sw-01"] |= {"plantproof_zone": "weld-line", "plantproof_criticality": "high"}
        hosts["pack-sw-02"] |= {"plantproof_zone": "packaging"}
        hosts["core-sw-01"] |= self._core()
        hosts["night-sw-04"] = {
            "ansible_host": "127.0.0.1",
            "plantproof_snmp_version": "2c",
            "plantproof_snmp_community": "r3ad-n1ght",
            "plantproof_snmp_port": _closed_port(),
            "plantproof_zone": "packaging",
        }
        hosts["cell-plc-03"] = {
            "ansible_host": "127.0.0.1",
            "plantproof_safety": "fragile",
            "plantproof_zone": "weld-line",
        }
        hosts["この機械"] = {"ansible_connection": "local", "plantproof_safety": "it", "plantproof_zone": "management"}
        common = {"plantproof_site": "demo", "ansible_host": "127.0.0.1", "plantproof_snmp_version": "2c"}
        return {"all": {"vars": common, "hosts": hosts}}

    def write_site(self, folder: Path) -> None:
        """Write site file, inventory and known host keys into `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        inventory = json.dumps(self.inventory(), indent=1, ensure_ascii=False)
        (folder / "inventory.yml").write_text(inventory + "\n", encoding="utf-8")
        (folder / "inventory.yml").chmod(0o600)
        (folder / "known_hosts").write_text(self._cli.known_hosts, encoding="utf-8")
        (folder / "plantproof.yml").write_text(_SITE_FILE, encoding="utf-8")

    def _snmp(self, name: str) -> dict[str, object]:
        return {
            "plantproof_snmp_community": COMMUNITIES[name],
            "plantproof_snmp_port": self.snmp_port,
            "plantproof_safety": "it",
        }

    def _core(self) -> dict[str, object]:
        return {
            "ansible_network_os": "cisco.ios.ios",
            "ansible_port": self._cli.port,
            "ansible_user": "core-sw-01",
            "ansible_password": CLI_PASSWORD,
            "plantproof_zone": "management",
            "plantproof_criticality": "high",
            "plantproof_accountable": "Plant IT",
        }


_SITE_FILE = """\
# A simulated plant. Everything in it answers on loopback and is gone when the demo ends.
owner: demo
domain: demo.invalid
store: store
keys: keys
inventory: [inventory.yml]
known_hosts: [known_hosts]
"""


def _read(name: str) -> bytes:
    return (_DATA / name).read_bytes()


def _closed_port() -> int:
    """Return a loopback port nobody listens on: a device that is switched off."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
