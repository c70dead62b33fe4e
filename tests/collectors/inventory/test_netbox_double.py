"""
NetBox's own inventory plugin (netbox.netbox.nb_inventory), against a double of its API.

The double answers as NetBox's REST API documentation describes devices; no NetBox was recorded. The plugin comes with
PyPI's package `ansible`; without it, or `ANSIBLE_COLLECTIONS_PATH` that leads to it, this is skipped.
"""

import json
import os
import sysconfig
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from urllib.parse import urlsplit

import pytest

from collectors.inventory.problem import InventoryError
from collectors.inventory.read import Opening, read_inventory
from collectors.inventory.vault import Vault, VaultPassword

PLACES = [sysconfig.get_path("purelib"), *os.environ.get("ANSIBLE_COLLECTIONS_PATH", "").split(":")]
HERE = [place for place in PLACES if place and (Path(place) / "ansible_collections" / "netbox" / "netbox").is_dir()]

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not HERE, reason="the collection netbox.netbox is not here (PyPI: ansible)"),
]

TOKEN = "0123456789abcdef0123456789abcdef01234567"


def named(number: int, slug: str, **fields: object) -> dict:
    """Return an object as others refer to it."""
    return {"id": number, "slug": slug, "name": slug, "display": slug, **fields}


ROLES = {"switch": named(1, "switch"), "controller": named(2, "controller")}
MOXA, WERK_1 = (
    named(1, "moxa"),
    named(1, "werk-1", region=None, group=None, time_zone=None, facility="", prefix_count=0),
)
MODEL = named(1, "eds-510e", model="EDS-510E", manufacturer=MOXA)


def device(number: int, name: str, address: str | None, role: str, **fields: object) -> dict:
    """Return a device as NetBox's API lists it, as far as the plugin reads it."""
    nested = ROLES[role]
    ip = {"id": number, "family": {"value": 4}, "address": address} if address else None
    return {
        "id": number, "name": name, "display": name, "status": {"value": "active", "label": "Active"},
        "role": nested, "device_role": nested, "site": WERK_1, "device_type": MODEL,
        "primary_ip": ip, "primary_ip4": ip, "primary_ip6": None, "tags": [], "custom_fields": {},
        "config_context": {}, "local_context_data": None, "platform": None, "tenant": None, "rack": None,
        "location": None, "cluster": None, "virtual_chassis": None, "serial": "", "asset_tag": None, "comments": "",
        **fields,
    }  # fmt: skip


class NetBoxDouble(ThreadingHTTPServer):
    """Answers what the plugin asks of a NetBox, on loopback."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        query = {"get": {"parameters": [{"name": name} for name in ("site", "status", "role", "limit")]}}
        paths = {f"/api/{name}/": query for name in ("dcim/devices", "virtualization/virtual-machines")}
        self.answers: dict[str, object] = {
            "/api/status/": {"netbox-version": "4.1.3"},
            "/api/schema/": {"info": {"version": "4.1.3 (4.1)"}, "paths": paths},
            "/api/dcim/devices/": {"next": None, "results": [
                device(1, "sw-press-01", "192.0.2.11/24", "switch",
                       config_context={"plantproof_zone": "press", "plantproof_snmp_community": "from-{{netbox}}"}),
                device(2, "plc-7", None, "controller", config_context={"plantproof_safety": "fragile"}),
            ]},
            "/api/dcim/sites/": {"next": None, "results": [WERK_1]},
            "/api/dcim/device-roles/": {"next": None, "results": list(ROLES.values())},
            "/api/dcim/device-types/": {"next": None, "results": [MODEL]},
            "/api/dcim/manufacturers/": {"next": None, "results": [MOXA]},
        }  # fmt: skip
        self.refused = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: NetBoxDouble

    def do_GET(self) -> None:
        allowed = self.headers.get("Authorization") == f"Token {TOKEN}"
        self.server.refused += not allowed
        answer = self.server.answers.get(urlsplit(self.path).path, {"next": None, "results": []})
        body = json.dumps(answer if allowed else {"detail": "Invalid token"}).encode()
        self.send_response(200 if allowed else 401)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_said: object) -> None:
        """Say nothing."""


@pytest.fixture
def netbox() -> Iterator[NetBoxDouble]:
    with NetBoxDouble() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_devices_of_a_netbox_double_are_assets_and_the_plugins_token_may_be_encrypted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, netbox: NetBoxDouble, vaults: ModuleType
) -> None:
    monkeypatch.chdir(tmp_path)
    environ = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    environ |= {"HOME": str(tmp_path), "ANSIBLE_COLLECTIONS_PATH": HERE[0]}
    source = tmp_path / "plant.netbox.yml"
    source.write_text(
        f"plugin: netbox.netbox.nb_inventory\napi_endpoint: {netbox.url}\ntoken: {vaults.inline(TOKEN)}\n"
        "config_context: true\nflatten_config_context: true\ngroup_by: [sites, device_roles]\n"
        "compose: {plantproof_vendor: device_type.manufacturer.slug, plantproof_site: site.slug}\n"
    )
    opened = Opening(Vault([VaultPassword("default", b"pw")]))
    found = read_inventory([source], environ=environ, opening=opened, limit="device_roles_switch").hosts
    (switch,) = (host.asset for host in found)
    assert (switch.id, switch.address, switch.zone) == ("sw-press-01", "192.0.2.11", "press")
    assert (switch.vendor, switch.site) == ("moxa", "werk-1")
    assert "sites_werk-1" in switch.groups
    assert netbox.refused == 0
    with pytest.raises(InventoryError, match=r"ansible-inventory ended with"):
        read_inventory([source], environ=environ)
