"""How a real SNMP agent let us in is evidence, told and judged; what let us in is nowhere."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import zstandard

from collectors.redact_forms import forms

pytestmark = pytest.mark.real


@pytest.fixture
def agents(site: Any, snmpd: Any) -> Any:
    """One agent under six names, each let in another way; two of them with one community."""
    at = {"ansible_host": "127.0.0.1", "plantproof_snmp_port": snmpd.port, "plantproof_safety": "it"}
    by = {"plantproof_snmp_community": snmpd.community, "plantproof_snmp_version": "2c"}
    key = {"plantproof_snmp_auth": "sha256", "plantproof_snmp_auth_key": snmpd.auth_password}
    user = max(snmpd.users & {"sha256-aes256", "sha1-aes128"})
    auth, priv = user.split("-")
    site.hosts = {
        "one": at | by,
        "other": at | by,
        "known": at | {"plantproof_snmp_community": "public", "plantproof_snmp_version": "1"},
        "open": at | {"plantproof_snmp_user": "plain"},
        "signed": at | {"plantproof_snmp_user": "signed"} | key,
        "private": at
        | {
            "plantproof_snmp_user": user,
            "plantproof_snmp_auth": auth,
            "plantproof_snmp_auth_key": snmpd.auth_password,
            "plantproof_snmp_priv": priv,
            "plantproof_snmp_priv_key": snmpd.priv_password,
        },
    }
    site.settings = {"timeouts": {"snmp_s": 5.0}}
    site.judging = True
    return site


def statements(site: Any) -> Iterator[dict[str, Any]]:
    for path in sorted(site.store.rglob("*.dsse.json")):
        yield json.loads(base64.b64decode(json.loads(path.read_bytes())["payload"]))


def written(site: Any) -> dict[str, list[dict[str, Any]]]:
    """Return what the log says of how each asset was asked, capture by capture."""
    found: dict[str, list[dict[str, Any]]] = {}
    for statement in statements(site):
        for row in statement["predicate"].get("captures", ()):
            found.setdefault(row["asset"], []).append(row["access"])
    return found


def facts(site: Any) -> dict[str, dict[str, str]]:
    """Return the access facts of each asset, without their rows."""
    found: dict[str, dict[str, str]] = {}
    for line in site.run("facts", "--fact", "access.*", "--format", "jsonl").out.splitlines():
        row = json.loads(line)
        assert row["ttl_s"] > 0
        assert row["from"].startswith("snmp get ")
        found.setdefault(row["asset"], {})[row["fact"].removeprefix("access.")] = row["value"]
    return found


def judged(site: Any, requirement: str) -> dict[tuple[str, bool], tuple[str, str]]:
    """Return (asset, whether it is of a row) -> (status, reason)."""
    listed = json.loads(site.run("findings", "--format", "json").out)["findings"]
    return {
        (row["asset"], row.get("row") is not None): ("due" if row["due"] else row["status"], row["reason"])
        for row in listed
        if row["requirement"] == requirement
    }


def test_how_an_agent_let_us_in_is_kept_told_judged_and_verified(agents: Any, snmpd: Any) -> None:
    assert set(agents.results().values()) == {"collected"}

    log = written(agents)
    assert all(len(rows) > 3 and rows.count(rows[0]) == len(rows) for rows in log.values())
    one, other, known = (log[name][0] for name in ("one", "other", "known"))
    assert one == other
    assert (one["version"], one["community"][:26]) == ("2c", "<secret:snmp-community:k1:")
    assert (known["version"], known["community"][:27]) == ("1", "<default:snmp-community:k1:")
    assert log["open"][0] == {"version": "3", "user": "plain", "level": "noAuthNoPriv"}
    assert log["signed"][0] == {"version": "3", "user": "signed", "level": "authNoPriv", "auth": "sha256"}
    assert log["private"][0]["level"] == "authPriv"

    told = facts(agents)
    assert told["one"]["tag"] == told["other"]["tag"] == one["community"][23:-1]
    assert told["known"]["well_known"] == "yes"
    assert told["private"]["used"] == "yes"
    assert {name: row.get("level") for name, row in told.items()} == {
        "one": None, "other": None, "known": None,
        "open": "noAuthNoPriv", "signed": "authNoPriv", "private": "authPriv",
    }  # fmt: skip

    found = judged(agents, "ACC-06")
    assert {place: status for place, (status, _) in found.items()} == {
        ("one", True): "due",
        ("other", True): "due",
        ("known", True): "due",
        ("open", True): "contradicts",
        ("signed", True): "contradicts",
        ("private", True): "supports",
        ("private", False): "not-assessed",
    }
    assert "with a community everybody knows" in found["known", True][1]
    assert "who else is let in" in found["private", False][1]
    shared = judged(agents, "ACC-04")
    assert {place: status for place, (status, _) in shared.items()} == {
        ("one", True): "contradicts",
        ("other", True): "contradicts",
        ("known", False): "not-assessed",
    }

    assert "made again" in agents.verify("--key", "store.keys/root.pub").out
    assert agents.run("report", "--output", "report.html").code == 0
    page = (agents.folder / "report.html").read_text(encoding="utf-8")
    assert {"snmp v1<", "snmp v2c<", "snmp v3 noAuthNoPriv<", "snmp v3 authNoPriv<", "snmp v3 authPriv<"} <= {
        f"{part.partition('<')[0]}<" for part in page.split("<td>")
    }


def test_no_community_and_no_key_is_in_the_store_the_report_or_what_was_said(agents: Any, snmpd: Any) -> None:
    agents.hosts["named"] = agents.hosts["open"] | {"plantproof_snmp_user": snmpd.community}
    agents.collect("-v")
    for words in (
        ("facts",),
        ("findings", "--status", "due"),
        ("report", "--output", "report.html"),
        ("history", "one"),
    ):
        assert agents.run(*words).code == 0
    places = dict(everything(agents.folder))
    places["output"] = "".join(agents.said).encode()
    assert len(places) > 40
    for secret in (snmpd.community, snmpd.auth_password, snmpd.priv_password):
        for form in {secret.encode(), *(form.text for form in forms(secret))}:
            assert [name for name, data in places.items() if form in data] == [], form
    assert b"public" not in b"".join(json.dumps(rows).encode() for rows in written(agents).values())


def everything(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield all that rests beside the inventory, as it can be read."""
    for path in folder.rglob("*"):
        if path.is_file() and path.name != "hosts.yml":
            data = path.read_bytes()
            if "blobs" in path.parts:
                data = zstandard.ZstdDecompressor().stream_reader(data).read()
            elif path.name.endswith(".dsse.json"):
                data = base64.b64decode(json.loads(data)["payload"])
            yield str(path.relative_to(folder)), data
