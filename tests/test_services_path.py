"""
A PLC management server on the whole way: inventory, capture, log, facts, verification, through the command line.

The gateway is a double written from Ignition's public documentation, not the real product; the OPC UA server is real.
"""

import json
import ssl
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

import pytest

pytestmark = pytest.mark.real

READS = {
    "Hello", "OpenSecureChannel", "GetEndpoints", "CreateSession", "ActivateSession", "Read", "Browse", "BrowseNext",
    "TranslateBrowsePaths", "CloseSession", "CloseSecureChannel",
}  # fmt: skip
INFO = "/data/api/v1/gateway-info"


@pytest.fixture
def http_tap(ignition: Any, wiretap: Any) -> Any:
    """What is sent to the gateway's API."""
    return wiretap(urlsplit(ignition.url).port)


@pytest.fixture
def opcua_tap(opcua_plant: Any, wiretap: Any) -> Any:
    """What is sent to its OPC UA server."""
    return wiretap(opcua_plant.port)


@pytest.fixture
def plant(site: Any, ignition_double: ModuleType, http_tap: Any, opcua_tap: Any) -> Any:
    """One asset: a gateway with its API and its OPC UA server, each behind a proxy that writes down what is sent."""
    site.hosts["scada"] = host(f"http://127.0.0.1:{http_tap.port}", ignition_double.TOKEN) | {
        "plantproof_opcua_url": f"opc.tcp://127.0.0.1:{opcua_tap.port}"
    }
    return site


def host(url: str, token: str) -> dict[str, Any]:
    return {
        "ansible_host": "127.0.0.1",
        "plantproof_safety": "it",
        "plantproof_platform": "ignition",
        "plantproof_http_url": url,
        "plantproof_http_token": token,
    }


Rows = dict[str, dict[str, dict[str, str]]]


def known(site: Any) -> Rows:
    """Return the facts by family and row; those that come in no rows under an empty name."""
    found: Rows = {}
    for line in site.run("facts", "--format", "jsonl").out.splitlines():
        fact = json.loads(line)
        family, _, column = fact["fact"].partition(".")
        found.setdefault(family, {}).setdefault(fact.get("row", ""), {})[column] = fact["value"]
    return found


def at(milliseconds: int) -> str:
    return f"{datetime.fromtimestamp(milliseconds / 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"


def test_a_gateways_facts_are_its_own_state(plant: Any, ignition: Any, opcua_plant: Any, ignition_double: Any) -> None:
    assert plant.results() == {"scada": "collected"}
    facts = known(plant)
    assert facts["firmware"][""] == {"version": "8.3.6"}
    assert facts["system"][""]["name"] == ignition.name
    assert facts["service"][""] == {
        "product": "standard", "build": "b2026042713", "state": "running", "redundancy": "independent",
        "unsigned_modules": "no",
    }  # fmt: skip
    modules = facts["module"]
    for one in ignition.modules:
        assert modules.pop(one["id"]) == {
            "name": one["name"], "version": one["version"], "vendor": one["vendorName"], "state": "active"
        }  # fmt: skip
    assert modules.pop("opc-ua-server")["version"] == opcua_plant.version
    for path, device in opcua_plant.devices.items():
        found = modules.pop(path)
        assert (found["serial"], found["model"]) == (device["SerialNumber"], device["Model"])
    assert modules == {}

    events = [event for profile in ignition.profiles.values() for event in profile]
    changes, sessions = facts["change"], facts["session"]
    said = {(one["at"], one["who"], one["what"], one["object"], one["from"]) for one in changes.values()}
    logins = ("login", "Login Response")
    assert said == {
        (at(e["timestamp"]), e["actor"], e["action"], e["actionTarget"], e["actorHost"])
        for e in events
        if e["actionTarget"]
    }
    assert {(one["account"], one["from"], one["start"]) for one in sessions.values()} == {
        (e["actor"], e["actorHost"], at(e["timestamp"])) for e in events if e["action"] in logins
    }
    assert facts["login"]["vendor-kuka"]["from"] == "198.51.100.7"
    assert facts["backup"] == {"gateway": {"what": "gateway backup (.gwbk)", "status": "offered", "bytes": "4000"}}
    (certificate,) = facts["certificate"].values()
    assert certificate["subject"] == "CN=press-opcua"
    assert {row["policy"] for row in facts["endpoint"].values()} == {"None", "Basic256Sha256"}

    assert plant.verify().code == 0
    key = ignition_double.TOKEN.partition(":")[2]
    stored = b"".join(path.read_bytes() for path in plant.store.rglob("*") if path.is_file())
    assert key.encode() not in stored
    assert key not in "".join(plant.said)


def test_nothing_but_reads_leaves_this_machine_and_all_of_it_was_announced(
    plant: Any, http_tap: Any, opcua_tap: Any
) -> None:
    plant.write()
    announced = plant.run("collect", "--check").out
    assert plant.results() == {"scada": "collected"}
    sent = http_tap.http_requests()
    assert {method for method, _ in sent} == {"GET", "HEAD"}
    assert set(opcua_tap.opcua_messages()) <= READS
    for path in {target.partition("?")[0] for _, target in sent}:
        known = "/data/api/v1/audit/log/{each}" if path.startswith("/data/api/v1/audit/log/") else path
        assert known in announced
    for node in ("i=2254", "i=2264", "endpoints", "devices"):
        assert node in announced


def test_the_second_night_asks_only_for_what_happened_since(plant: Any, ignition: Any) -> None:
    plant.results()
    first = [path for _, path in ignition.requests if "/audit/log/Gateway" in path]
    ignition.requests.clear()
    plant.results()
    second = [path for _, path in ignition.requests if "/audit/log/Gateway" in path]
    (_, end), (start, _) = _window(first[0]), _window(second[0])
    assert 300_000 <= end - start < 302_000, "the overlap, and the part of a second that a cursor has not"

    ignition.requests.clear()
    ignition.faults["/data/api/v1/audit/log/Gateway Audit"] = lambda handler: handler.say(500, b"")
    ignition.faults["/data/api/v1/audit/log/Gateway%20Audit"] = lambda handler: handler.say(500, b"")
    assert plant.results() == {"scada": "partial"}
    ignition.faults.clear()
    ignition.requests.clear()
    plant.results()
    third = [path for _, path in ignition.requests if "/audit/log/Gateway" in path]
    assert _window(third[0])[0] == _window(second[0])[1] // 1000 * 1000 - 300_000, "what was missed is asked for again"


def _window(path: str) -> tuple[int, int]:
    given = dict(part.split("=") for part in path.partition("?")[2].split("&"))
    return int(given["startTime"]), int(given["endTime"])


def hang_up(handler: Any) -> None:
    handler.close_connection = True


def half(handler: Any) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", "5000")
    handler.end_headers()
    handler.wfile.write(b'{"name": "pre')
    handler.wfile.flush()
    handler.connection.settimeout(20)
    handler.connection.recv(1)


def flood(handler: Any) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.end_headers()
    handler.close_connection = True
    while True:
        handler.wfile.write(b"x" * 65536)


def say(status: int, body: bytes = b"{}", **headers: str) -> Callable[[Any], None]:
    return lambda handler: handler.say(status, body, **headers)


TROUBLE: dict[str, tuple[Callable[[Any], None], str, str]] = {
    "wrong-key": (say(401), "auth-failed", "the credential is not accepted (401)"),
    "no-right": (say(403), "partial", "403 Forbidden"),
    "not-there": (say(404), "partial", "404 Not Found"),
    "failing": (say(500), "unreachable", "the service failed: 500 Internal Server Error"),
    "hangs-up": (hang_up, "unreachable", "the connection broke off"),
    "slow": (half, "partial", "nothing came for 2 s"),
    "endless": (flood, "partial", "more than 200000 bytes"),
    "garbled": (say(200, b"{"), "unreachable", "the answer is not JSON"),
    "redirected": (say(302, b"", Location="https://elsewhere.example/"), "partial", "redirects are not followed"),
}


def test_every_trouble_has_one_clear_outcome(site: Any, ignition_double: Any, certificate: Callable[..., Path]) -> None:
    file = certificate("127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    with ExitStack() as servers:
        for name, (misbehave, _, _) in TROUBLE.items():
            gateway = ignition_double.a_gateway()
            gateway.faults[INFO] = misbehave
            servers.enter_context(ignition_double.serving(gateway))
            wrong = "auditor:no-such-key-77"
            site.hosts[name] = host(gateway.url, wrong if name == "wrong-key" else ignition_double.TOKEN)
        strange = servers.enter_context(ignition_double.serving(ignition_double.a_gateway(), context))
        site.hosts["strange"] = host(strange.url, ignition_double.TOKEN)
        site.settings = {"max_answer_bytes": 200_000}
        ended = site.collect("--format", "json")
    found = {row["asset"]: (row["result"], row.get("reason", "")) for row in json.loads(ended.out)["assets"]}
    for name, (_, result, words) in TROUBLE.items():
        assert found[name][0] == result, (name, found[name])
        assert words in found[name][1], (name, found[name])
    assert found["strange"][0] == "refused"
    assert "its certificate is not trusted" in found["strange"][1]
    assert strange.requests == []
    assert site.verify().code == 0


def test_the_services_are_listed_and_their_least_rights_printed(site: Any, tmp_path: Path) -> None:
    listed = site.run("services", "ls", program="evidence").out
    assert "ignition" in listed
    assert "cisco_ios" not in listed
    assert "Gateway Write Permissions can change" in site.run("services", "policy", "ignition").out
    unknown = site.run("services", "policy", "ignitoin")
    assert (unknown.code, "did you mean ignition?" in unknown.err) == (1, True)
    file = tmp_path / "own.yaml"
    file.write_text(
        "name: own\ntitle: Own\nsource: [a manual]\nquestions:\n"
        "  - {name: info, fetch: {path: /api/info}, tags: [identify]}\n"
        "facts: {firmware.version: [{question: info, path: version}]}\n"
    )
    assert site.run("services", "test", str(file)).out == "own: 1 questions, 1 facts\n  http GET /api/info\n"
    file.write_text(file.read_text().replace("path: /api/info", "path: /api/info, methode: POST"))
    wrong = site.run("services", "test", str(file))
    assert (wrong.code, "did you mean 'method'?" in wrong.err) == (1, True)
