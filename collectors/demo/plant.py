"""The demo plant: simulated devices and services that answer on loopback, and the site that reads them."""

import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

from collectors.demo.jump_host import RESTORE_TESTS, VENDOR, jump_host
from collectors.simulate import cloud, ignition, opcua, snmp
from collectors.simulate.device import Device as Agent
from collectors.simulate.ssh import SimulatedCli, read_devices
from collectors.simulate.ssh_shell import Device as System
from evidence.normalise.varbinds import decode

_DATA = files("collectors.demo") / "plant"

COMMUNITIES: Mapping[str, str] = {
    "weld-sw-01": "r3ad-w3ld-hall2",
    "pack-sw-02": "r3ad-p4ck-hall3",
    "core-sw-01": "Pl4nt-0bserver",
    "hvac-gw-07": "f4cility-r3ad",
}
"""Simulated credentials, as a real inventory would hold them; the report must show none of them."""

CLI_PASSWORD = "s1mulated-L0gin"  # noqa: S105 - the simulated systems have no other
API_TOKEN = "auditor:Zr7kQ0v9-plant-key-x4"  # noqa: S105 - nor has the simulated gateway

CHANGED = (
    "access-class MGMT in",
    "access-class MGMT-OLD in",
)
"""What somebody changes on the core switch between the two runs."""

ROBOT, NEW_ROBOT = "880341", "991207"
"""Serial numbers of a robot's controller: the one it came with, and the one that is there in the second run."""

KNOWN_DEVICES: Mapping[str, str] = {
    "00:80:f4:0a:1b:01": "welding controller 1",
    "00:80:f4:0a:1b:02": "welding controller 2",
    "00:80:f4:0a:1c:01": "packing controller",
    "00:a0:45:6b:7c:11": "operator panel",
    "00:e0:4b:3a:77:88": "label printer",
}
"""What the owner declares to know of; one more device answers in the weld line, and nobody knows it."""

PLANTED: frozenset[tuple[str, str | None]] = frozenset(
    {
        ("ACC-04", "core-sw-01"),  # one community for the core switch
        ("ACC-04", "edge-fw-01"),  # … and for the firewall
        ("CFG-01", "core-sw-01"),  # changed without a ticket
        ("CFG-03", "core-sw-01"),  # … and not saved yet
        ("DRF-02", "scada-01"),  # a robot's controller was swapped
        ("INV-07", "scada-01"),  # a certificate ends within days
        ("INV-09", None),  # a device nobody knows
        ("SEG-02", "edge-fw-01"),  # a rule outlived its schedule
        ("VAC-01", "jump-01"),  # a vendor's session without an approval
    }
)
"""Requirement and asset of every problem that is planted; a restore that was never validated is not assessed."""

_DEVICES: Mapping[str, Mapping[str, object]] = {
    "Press7": {
        "Manufacturer": "Siemens",
        "Model": "S7-1516",
        "SerialNumber": "S C-X4U421",
        "SoftwareRevision": "V2.9.4",
        "RevisionCounter": 41,
    },
    "Robot2": {"Manufacturer": "KUKA", "Model": "KR C5", "SerialNumber": ROBOT, "SoftwareRevision": "8.7.1"},
}

CERTIFICATE_DAYS = 12
"""How long the management server's OPC UA certificate is still valid."""


@contextmanager
def running_plant(now: datetime) -> Iterator["Plant"]:
    """Answer as the plant on free loopback ports until the block ends; `now` dates what hosts and services tell."""
    agents = {COMMUNITIES[name]: Agent(decode(_read(f"{name}#snmp.txt"))) for name in COMMUNITIES}
    systems = [device for name in ("core-sw-01", "edge-fw-01") for device in _systems(name)]
    with ExitStack() as running:
        agent = running.enter_context(snmp.SimulatedAgent(agents))
        cli = running.enter_context(SimulatedCli([*systems, jump_host(now, CLI_PASSWORD)]))
        account = running.enter_context(cloud.serving())
        gateway = running.enter_context(ignition.serving(_gateway(now)))
        keys = Path(running.enter_context(TemporaryDirectory()))
        server = opcua.OpcuaServer(devices=_DEVICES, valid_days=CERTIFICATE_DAYS)
        running.enter_context(opcua.serving(server, keys))
        yield Plant(snmp_port=agent.port, cli=cli, account=account, gateway=gateway, server=server)


class Plant:
    """A running plant."""

    def __init__(
        self,
        *,
        snmp_port: int,
        cli: SimulatedCli,
        account: cloud.Cloud,
        gateway: ignition.Gateway,
        server: opcua.OpcuaServer,
    ) -> None:
        self.snmp_port = snmp_port
        self._cli, self._account, self._gateway, self._server = cli, account, gateway, server

    def change(self) -> None:
        """Do what somebody would do between two runs: change the core switch, and swap a robot's controller."""
        core = self._cli.devices["core-sw-01"]
        commands = dict(core.commands)
        commands["show running-config"] = commands["show running-config"].replace(*CHANGED)
        self._cli.devices["core-sw-01"] = replace(core, commands=commands)
        self._server.change("Robot2", "SerialNumber", NEW_ROBOT)

    def inventory(self, *, here: bool = True) -> dict[str, object]:
        """Return the Ansible inventory that reads the plant, and this machine where it is to be read too."""
        hosts: dict[str, dict[str, object]] = {name: self._snmp(name) for name in COMMUNITIES}
        hosts["weld-sw-01"] |= {"plantproof_zone": "weld-line", "plantproof_criticality": "high"}
        hosts["pack-sw-02"] |= {"plantproof_zone": "packaging"}
        hosts["core-sw-01"] |= self._login("core-sw-01") | {
            "ansible_network_os": "cisco.ios.ios",
            "plantproof_zone": "management",
            "plantproof_criticality": "high",
            "plantproof_accountable": "Plant IT",
        }
        hosts["edge-fw-01"] = self._login("edge-fw-01") | {
            "ansible_network_os": "fortinet.fortios.fortios",
            "plantproof_zone": "management",
        }
        hosts["jump-01"] = self._login("jump-01") | {
            "ansible_network_os": "debian",
            "plantproof_zone": "management",
            "plantproof_restore_tests": [RESTORE_TESTS],
        }
        hosts["scada-01"] = self._scada()
        hosts["cloud-acme"] = self._cloud()
        hosts["night-sw-04"] = {
            "plantproof_snmp_community": "r3ad-n1ght",
            "plantproof_snmp_port": _closed_port(),
            "plantproof_zone": "packaging",
        }
        hosts["cell-plc-03"] = {
            "plantproof_safety": "fragile",
            "plantproof_zone": "weld-line",
            "plantproof_vendor": VENDOR,
        }
        if here:
            hosts["この機械"] = {
                "ansible_connection": "local",
                "plantproof_safety": "it",
                "plantproof_zone": "management",
            }
        common = {"plantproof_site": "demo", "ansible_host": "127.0.0.1", "plantproof_snmp_version": "2c"}
        return {"all": {"vars": common, "hosts": hosts}}

    def write_site(self, folder: Path, *, here: bool = True, store: str = "store") -> None:
        """Write site file, inventory, known host keys and the owner's list of known devices into `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        inventory = json.dumps(self.inventory(here=here), indent=1, ensure_ascii=False)
        (folder / "inventory.yml").write_text(inventory + "\n", encoding="utf-8")
        (folder / "inventory.yml").chmod(0o600)
        (folder / "known_hosts").write_text(self._cli.known_hosts, encoding="utf-8")
        (folder / "plantproof.yml").write_text(_SITE_FILE.format(store=store), encoding="utf-8")
        rows = (f"{mac.replace(':', '')},{mac},{name},Plant IT\n" for mac, name in KNOWN_DEVICES.items())
        (folder / "devices.csv").write_text("id,mac,name,by\n" + "".join(rows), encoding="utf-8")

    def _snmp(self, name: str) -> dict[str, object]:
        return {
            "plantproof_snmp_community": COMMUNITIES[name],
            "plantproof_snmp_port": self.snmp_port,
            "plantproof_safety": "it",
        }

    def _login(self, name: str) -> dict[str, object]:
        return {
            "ansible_port": self._cli.port,
            "ansible_user": name,
            "ansible_password": CLI_PASSWORD,
            "plantproof_safety": "it",
        }

    def _scada(self) -> dict[str, object]:
        return {
            "plantproof_platform": "ignition",
            "plantproof_http_url": self._gateway.url,
            "plantproof_http_token": API_TOKEN,
            "plantproof_opcua_url": self._server.url,
            "plantproof_zone": "weld-line-servers",
            "plantproof_safety": "it",
            "plantproof_criticality": "high",
        }

    def _cloud(self) -> dict[str, object]:
        return {
            "plantproof_platform": "aws_account",
            "plantproof_aws_region": cloud.REGION,
            "plantproof_aws_access_key_id": cloud.KEY_ID,
            "plantproof_aws_secret_access_key": cloud.SECRET_KEY,
            "plantproof_aws_endpoint": self._account.endpoint,
            "plantproof_zone": "cloud",
            "plantproof_safety": "it",
        }


_SITE_FILE = """\
# A simulated plant. Everything in it answers on loopback and is gone when the demo ends.
owner: demo
domain: demo.invalid
store: {store}
keys: keys
inventory: [inventory.yml]
known_hosts: [known_hosts]
"""


def _gateway(now: datetime) -> ignition.Gateway:
    """Return the management server: its modules, and an audit log of a working day."""
    now_ms = round(now.timestamp() * 1000)
    modules = [
        ignition.module("com.inductiveautomation.perspective", "Perspective", "3.3.6"),
        ignition.module("com.inductiveautomation.opcua", "OPC-UA", "10.3.6"),
    ]
    events = [
        ignition.event(now_ms - 90_000_000, "mwolf", "login"),
        ignition.event(now_ms - 86_400_000, "mwolf", "resources modified", "projects/press/views/Line 3"),
    ]
    return ignition.Gateway(token=API_TOKEN, modules=modules, profiles={"Gateway Audit": events})


def _systems(name: str) -> Iterator[System]:
    for device in read_devices(Path(str(_DATA / f"{name}.yaml"))):
        yield replace(device, password=CLI_PASSWORD)


def _read(name: str) -> bytes:
    return (_DATA / name).read_bytes()


def _closed_port() -> int:
    """Return a loopback port nobody listens on: a device that is switched off."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
