"""
A double of an Ignition 8.3 gateway, written from its public documentation and from answers others published.

Not the real product: what it answers shows that we read what is documented, and nothing about a gateway. It keeps every
request it was sent, and misbehaves on a path when told to.
"""

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

Misbehaviour = Callable[["Handler"], None]

_API = "/data/api/v1"
_AUDIT = f"{_API}/audit/log/"


def event(at_ms: int, actor: str, action: str, target: str | None = None, **more: Any) -> dict[str, Any]:
    """Return an audit event as the API gives it; `at_ms` counts from 1970."""
    return {
        "timestamp": at_ms,
        "actor": actor,
        "actorHost": "10.20.9.14",
        "action": action,
        "actionTarget": target,
        "actionValue": None,
        "originatingSystem": "press-shop",
        "originatingContext": 1,
        "statusCode": 192,
    } | more


def module(key: str, name: str, version: str, **more: Any) -> dict[str, Any]:
    """Return a module as the API gives it."""
    common = {"vendorName": "Inductive Automation", "state": "ACTIVE", "licenseState": "Activated"}
    return {"id": key, "name": name, "version": version} | common | more


@dataclass
class Gateway:
    """The state of a gateway."""

    token: str
    """`name:key`, as the API wants it."""
    name: str = "press-shop"
    version: str = "8.3.6 (b2026042713)"
    modules: list[dict[str, Any]] = field(default_factory=list)
    profiles: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """Audit profile -> its events."""
    faults: dict[str, Misbehaviour] = field(default_factory=dict)
    """Path -> what is done instead of answering."""
    requests: list[tuple[str, str]] = field(default_factory=list)
    """(method, target) of every request."""
    url: str = ""

    def listed(self, items: list[dict[str, Any]], query: dict[str, list[str]]) -> dict[str, Any]:
        """Return a page in the API's envelope."""
        limit, offset = int(query.get("limit", ["100"])[0]), int(query.get("offset", ["0"])[0])
        metadata = {"total": len(items), "matching": len(items), "limit": limit, "offset": offset}
        return {"items": items[offset : offset + limit], "metadata": metadata}

    def events(self, profile: str, query: dict[str, list[str]]) -> list[dict[str, Any]]:
        """Return the events of a profile within the window asked for, oldest first."""
        start, end = int(query["startTime"][0]), int(query["endTime"][0])
        within = [one for one in self.profiles[profile] if start <= one["timestamp"] <= end]
        return sorted(within, key=lambda one: int(one["timestamp"]))

    def answer(self, path: str, query: dict[str, list[str]]) -> object:
        """Return what the gateway says, `None` where there is no such path."""
        if path == "/StatusPing":
            return {"state": "RUNNING"}
        if path == f"{_API}/gateway-info":
            return self._about()
        if path in (f"{_API}/modules/healthy", f"{_API}/modules/quarantined"):
            healthy = path.endswith("healthy")
            return self.listed([one for one in self.modules if (one["state"] == "ACTIVE") is healthy], query)
        if path == f"{_API}/resources/names/ignition/audit-profile":
            return {"items": [{"name": name, "enabled": True} for name in self.profiles], "metadata": {}}
        profile = unquote(path.removeprefix(_AUDIT))
        if path.startswith(_AUDIT) and profile in self.profiles:
            return self.listed(self.events(profile, query), query)
        return None

    def _about(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "redundancyRole": "Independent",
            "edition": "standard",
            "hostname": "scada-01",
            "port": "8043",
            "ignitionVersion": self.version,
            "deploymentMode": "",
            "timeZone": "CET",
            "timeZoneId": "Europe/Berlin",
            "jvmVersion": "17.0.12",
            "allowUnsignedModules": False,
            "license": {"mode": "Activated", "validForVersion": 8, "expirationDate": "", "licenseRestrictions": []},
        }


class Handler(BaseHTTPRequestHandler):
    """Answers for the gateway the server holds."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    gateway: Gateway

    def do_GET(self) -> None:
        """Answer, or misbehave where that was asked for."""
        parts = urlsplit(self.path)
        self.gateway.requests.append((self.command, self.path))
        fault = self.gateway.faults.get(parts.path)
        if fault is not None:
            fault(self)
            return
        if parts.path != "/StatusPing" and self.headers.get("X-Ignition-API-Token") != self.gateway.token:
            self.say(401, b"<html><title>Error 401</title></html>", "text/html;charset=iso-8859-1")
            return
        if parts.path == f"{_API}/backup" and self.command == "HEAD":
            self.say(200, b"PK\x03\x04" * 1000, "application/octet-stream")
            return
        found = self.gateway.answer(parts.path, parse_qs(parts.query))
        if found is None:
            self.say(404, b'{"message": "No route match for path"}')
        else:
            self.say(200, json.dumps(found).encode())

    do_HEAD = do_POST = do_GET  # noqa: N815 - http.server's names

    def say(self, status: int, body: bytes, kind: str = "application/json", **headers: str) -> None:
        """Send a whole answer."""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a client that hangs up is what some tests are about."""


@contextmanager
def serving(gateway: Gateway, tls: ssl.SSLContext | None = None) -> Iterator[Gateway]:
    """Serve a gateway on a free loopback port until the block ends; its `url` is then known."""
    handler = type("BoundHandler", (Handler,), {"gateway": gateway})
    server = _Server(("127.0.0.1", 0), handler)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    gateway.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield gateway
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
