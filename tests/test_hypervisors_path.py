"""
Hypervisors from the inventory to findings, through the command line.

What answers is a double that gives the recorded answers, which were written from documentation: no Proxmox VE and no
vCenter. It wants their ways to be let in: a token in a header, a session.
"""

import base64
import json
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from collectors.credentials import Secret
from collectors.inventory.host import HttpAccess
from collectors.transports.http import open_http
from collectors.transports.interface import AuthenticationError, FailedError
from evidence.model.names import AssetId
from evidence.platforms.load import load_platforms

DATA = Path(__file__).parent / "data"
TOKEN = "PVEAPIToken=plantproof@pve!read=6f1c2d3e-0000-4a4a-9b9b-123456789abc"
PASSWORD = "vC-Pa55word-x1"
SESSION = "b00db39f948d13ea1e59b4d6fce56389"


@dataclass
class Double:
    """Recorded answers over HTTP, for who is let in."""

    answers: dict[str, str]
    login: str | None = None
    fault: str = ""
    asked: list[str] = field(default_factory=list)
    url: str = ""

    def reply(self, method: str, path: str, headers: Any) -> tuple[int, str]:
        self.asked.append(f"{method} {path}")
        if path == self.login:
            pair = base64.b64encode(f"audit@vsphere.local:{PASSWORD}".encode()).decode()
            if method == "DELETE":
                return (204, "") if headers["vmware-api-session-id"] == SESSION else (401, "")
            good = headers["Authorization"] == f"Basic {pair}" and self.fault != "password"
            return (
                (201, '{"no": "session"}' if self.fault == "session" else json.dumps(SESSION)) if good else (401, "{}")
            )
        let_in = headers["vmware-api-session-id"] == SESSION if self.login else headers["Authorization"] == TOKEN
        if method != "GET" or not let_in:
            return 401, "{}"
        return (200, self.answers[path]) if path in self.answers else (404, "{}")


@contextmanager
def serving(double: Double) -> Iterator[Double]:
    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            status, text = double.reply(self.command, urlsplit(self.path).path, self.headers)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        do_GET = do_POST = do_DELETE = do_PUT = answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    double.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield double
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def recorded(stem: str, *each: str) -> dict[str, str]:
    """Return the answers of a recording, its paths filled in: one of several answers for each value."""
    found: dict[str, str] = {}
    for path, text in yaml.safe_load((DATA / f"{stem}#transcript.yaml").read_text())["commands"].items():
        texts = text.split("\n") if "{each}" in path and len(each) > 1 else [text] * len(each)
        found |= {path.replace("{each}", value): one for value, one in zip(each, texts, strict=True)}
    return found


@pytest.fixture
def doubles(site: Any) -> Iterator[dict[str, Double]]:
    """A site with a node of Proxmox VE and a vCenter."""
    pve = Double(recorded("proxmox_ve#node_8.2.4", "pve1"))
    vcenter = Double(recorded("vcenter#8.0U3_8.0.3", "host-10", "host-11"), login="/api/session")
    with ExitStack() as open_:
        known = {"proxmox_ve": open_.enter_context(serving(pve)), "vcenter": open_.enter_context(serving(vcenter))}
        for platform, double in known.items():
            site.hosts[platform] = {
                "ansible_host": "127.0.0.1",
                "plantproof_safety": "it",
                "plantproof_platform": platform,
                "plantproof_http_url": double.url,
            }
        site.hosts["proxmox_ve"]["plantproof_http_token"] = TOKEN
        site.hosts["vcenter"] |= {
            "plantproof_http_user": "audit@vsphere.local",
            "plantproof_http_password": PASSWORD,
        }
        yield known


def test_hypervisors_are_read_sealed_and_judged_and_a_session_is_ended(site: Any, doubles: dict[str, Double]) -> None:
    planned = site.collect("--check").out
    assert "POST /api/session" in planned
    assert "DELETE /api/session" in planned
    assert [double.asked for double in doubles.values()] == [[], []]
    assert site.results() == {"proxmox_ve": "collected", "vcenter": "collected"}
    asked = doubles["vcenter"].asked
    assert (asked[0], asked[-1]) == ("POST /api/session", "DELETE /api/session")
    assert {line.partition(" ")[0] for line in asked[1:-1]} == {"GET"}
    assert {line.partition(" ")[0] for line in doubles["proxmox_ve"].asked} == {"GET"}
    told = json.loads(site.run("findings", "--format", "json").out)["findings"]
    backups = {one["asset"]: one for one in told if one["requirement"] == "BKP-01"}
    assert {name: one["status"] for name, one in backups.items()} == dict.fromkeys(doubles, "contradicts")
    facts = [json.loads(line) for line in site.run("facts", "--format", "jsonl").out.splitlines()]
    known = {(fact["asset"], fact["fact"], fact.get("row")): fact["value"] for fact in facts}
    assert known["vcenter", "module.version", "host-11"] == "8.0.3"
    assert known["proxmox_ve", "instance.unprotected", "lxc/101"] == "yes"
    assert site.verify().code == 0
    stored = b"".join(path.read_bytes() for path in site.store.rglob("*") if path.is_file())
    for secret in (PASSWORD, SESSION, TOKEN, TOKEN.rpartition("=")[2]):
        assert secret.encode() not in stored
        assert secret not in "".join(site.said)


class Now:
    """The real clock."""

    def monotonic(self) -> float:
        return time.monotonic()

    def now(self) -> datetime:
        return datetime.now(UTC)


@pytest.mark.parametrize(("fault", "error"), [("password", AuthenticationError), ("session", FailedError)])
def test_without_a_session_nothing_is_asked(parts: Any, fault: str, error: type[Exception]) -> None:
    platform = load_platforms(only=("vcenter",)).named("vcenter")
    assert platform is not None
    with serving(Double({}, login="/api/session", fault=fault)) as vcenter:
        access = HttpAccess(url=vcenter.url, user="audit@vsphere.local", password=Secret(PASSWORD))
        opening = {"asset": AssetId("vc"), "gate": parts.gate, "clock": Now(), "wait": pytest.fail, "cursors": {}}
        with pytest.raises(error) as caught, open_http(access, platform, **opening):
            pytest.fail("it was let in")
    assert vcenter.asked == ["POST /api/session"]
    assert PASSWORD not in str(caught.value)


def test_a_session_ends_whatever_happens_within(parts: Any) -> None:
    platform = load_platforms(only=("vcenter",)).named("vcenter")
    assert platform is not None
    answers = recorded("vcenter#8.0U3_8.0.3", "host-10", "host-11")
    with serving(Double(answers, login="/api/session")) as vcenter:
        access = HttpAccess(url=vcenter.url, user="audit@vsphere.local", password=Secret(PASSWORD))
        opening = {"asset": AssetId("vc"), "gate": parts.gate, "clock": Now(), "wait": pytest.fail, "cursors": {}}
        with pytest.raises(KeyError), open_http(access, platform, **opening):
            raise KeyError
    assert vcenter.asked[-1] == "DELETE /api/session"
    assert parts.gate.said[0] == "session POST /api/session"
