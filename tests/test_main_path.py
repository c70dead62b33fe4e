"""From an Ansible inventory to evidence an auditor can check: real parts, the real command line."""

import base64
import json
import re
import shutil
import subprocess
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from evidence.log.history import History
from evidence.model.names import hex_of
from evidence.store.blobs import measure_blob
from evidence.store.directory import DirectoryStore
from evidence.store.layout import KeyNameError, parse_key

pytestmark = [pytest.mark.real, pytest.mark.slow]

SECRETS = ("Pl4nt-read", "auth-Passw0rd-31", "priv-Passw0rd-47", "bgp-n3ighbour-Pw")
"""Community and keys of the test's snmpd, and the password in the test's FRR configuration."""


@pytest.fixture
def plant(site: Any, snmpd: Any, sshd: Callable[..., Any], frr: Any) -> Any:
    """A site with snmpd over v2c and v3, a host and a router behind OpenSSH, and this machine."""
    server = sshd()
    snmp = {"ansible_host": "127.0.0.1", "plantproof_snmp_port": snmpd.port, "plantproof_safety": "it"}
    ssh = {"ansible_host": "127.0.0.1", "plantproof_safety": "it", "plantproof_collect": ["ssh"]}
    user = max(snmpd.users & {"sha256-aes256", "sha1-aes128"})
    auth, priv = user.split("-")
    site.hosts = {
        "agent-v2c": snmp | {"plantproof_snmp_version": "2c", "plantproof_snmp_community": snmpd.community},
        "agent-v3": snmp
        | {
            "plantproof_snmp_version": "3",
            "plantproof_snmp_user": user,
            "plantproof_snmp_auth": auth,
            "plantproof_snmp_auth_key": snmpd.auth_password,
            "plantproof_snmp_priv": priv,
            "plantproof_snmp_priv_key": snmpd.priv_password,
        },
        "server": ssh | login(server) | {"plantproof_platform": "linux"},
        "router": ssh | login(frr) | {"ansible_network_os": "frr.frr.frr"},
        "工場の機械": {"ansible_connection": "local", "plantproof_safety": "it"},
    }
    site.settings = {"timeouts": {"snmp_s": 5.0, "cli_s": 10.0}}
    (site.folder / "known_hosts").write_text(server.known_hosts + frr.known_hosts)
    return site


def login(server: Any) -> dict[str, Any]:
    return {
        "ansible_port": server.port,
        "ansible_user": server.user,
        "ansible_ssh_private_key_file": str(server.key_file),
    }


def pin_of(verified: str) -> str:
    return next(line.removeprefix("pin: ") for line in verified.splitlines() if line.startswith("pin: "))


def facts(site: Any) -> dict[tuple[str, str], str]:
    lines = site.run("facts", "--format", "jsonl").out.splitlines()
    rows = [json.loads(line) for line in lines]
    return {(row["asset"], row["fact"]): row["value"] for row in rows if "row" not in row}


def test_the_whole_way_of_one_answer(plant: Any, tmp_path: Path) -> None:
    assert set(plant.results().values()) == {"collected"}
    known = facts(plant)
    kernel = subprocess.run(["uname", "-r"], capture_output=True, text=True, check=True).stdout.strip()
    bgpd = subprocess.run(["/usr/lib/frr/bgpd", "--version"], capture_output=True, text=True, check=True)
    frr_version = re.search(r"\d+\.\d[\w.]*", bgpd.stdout)
    assert frr_version is not None
    assert known["工場の機械", "os.kernel"] == kernel == known["server", "os.kernel"]
    assert known["router", "firmware.version"] == frr_version[0]
    assert known["agent-v2c", "system.name"] == known["agent-v3", "system.name"]
    assert ("agent-v2c", "firmware.version") not in known, "a kernel's version is no firmware"
    config = plant.run("config", "router").out
    assert "router bgp 65001" in config
    assert "<secret:bgp-password:k1:" in config

    elsewhere = tmp_path / "auditor"
    elsewhere.mkdir()
    shutil.copytree(plant.store, elsewhere / "evidence")
    shutil.copy(plant.folder / "store.keys" / "root.pub", elsewhere / "root.pub")
    (elsewhere / "pin").write_text(pin_of(plant.verify().out) + "\n")
    words = ("verify", "--store", "evidence", "--key", "root.pub", "--pin", "pin")
    verified = subprocess.run(
        plant.command(*words, program="evidence"), cwd=elsewhere, capture_output=True, text=True, check=False
    )
    assert verified.returncode == 0, verified.stdout
    assert not re.search(r"^ *[1-8]\s.*not-checked", verified.stdout, re.MULTILINE)
    attack_everything(elsewhere / "evidence", lambda: plant.run(*words, program="evidence", folder=elsewhere))


def attack_everything(store: Path, verify: Callable[[], Any]) -> None:
    """Damage one object of every area; verification must fail at a named step, and pass again when it is repaired."""
    one_of_each = {
        area_of(path, store): path for path in sorted(store.rglob("*")) if path.is_file() and area_of(path, store)
    }
    assert len(one_of_each) >= 8
    for area, path in one_of_each.items():
        for damage in (flip_a_bit, Path.unlink):
            if area in ("state", "checkpoint-hint") and damage is Path.unlink:
                continue  # a hint may be lost: first-run behaviour, nothing worse
            data = path.read_bytes()
            damage(path)
            failed = verify()
            assert failed.code == 16, (area, failed.said)
            assert re.search(r"^ *\d+ .*failed", failed.out, re.MULTILINE), failed.out
            path.write_bytes(data)
    assert verify().code == 0


def flip_a_bit(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def area_of(path: Path, store: Path) -> str | None:
    try:
        key = parse_key(path.relative_to(store).as_posix())
    except KeyNameError:
        return None
    return f"{key.area}-{key.kind}" if key.area == "statement" else str(key.area)


def test_an_unchanged_plant_costs_no_new_blob_but_the_volatile_and_the_personal_ones(plant: Any) -> None:
    plant.collect()
    before = blobs(plant)
    plant.collect()
    after = blobs(plant)
    store = DirectoryStore(plant.store)
    salted = [capture.blob for _, capture in History.read(store).captures() if capture.salt]
    personal = {hex_of(digest) for digest in salted}
    assert len(salted) == len(personal) >= 4
    new = {digest: data for digest, data in after.items() if digest not in before}
    assert len(new.keys() - personal) <= 6, [data[:80] for digest, data in new.items() if digest not in personal]
    assert 2 * len(new.keys() & personal) == len(personal), "half of them are of the first run"
    for key in store.keys("blobs/"):
        digest = parse_key(key).digest
        assert digest is not None
        measure_blob(store, digest)  # raises where a blob is not what its name says


def blobs(site: Any) -> dict[str, bytes]:
    import zstandard

    found = {}
    for path in (site.store / "blobs").rglob("*"):
        if path.is_file():
            found[path.name] = zstandard.ZstdDecompressor().stream_reader(path.read_bytes()).read()
    return found


def test_no_secret_is_found_anywhere_in_any_form(plant: Any, snmpd: Any) -> None:
    plant.collect("-v")
    for words in (
        ("facts",),
        ("config", "router"),
        ("report", "--output", "report.html"),
        ("inventory",),
        ("history", "router"),
    ):
        plant.run(*words)
    plant.run("collect", "--check", "-v")
    places: dict[str, bytes] = {f"blob {digest}": data for digest, data in blobs(plant).items()}
    for path in plant.folder.rglob("*"):
        if path.is_file() and path.name != "hosts.yml":
            places[str(path.relative_to(plant.folder))] = path.read_bytes()
            if path.suffix == ".json":
                places[f"payload of {path.name}"] = payload(path)
    places["output"] = "".join(plant.said).encode()
    for secret in (snmpd.community, snmpd.auth_password, snmpd.priv_password, "bgp-n3ighbour-Pw"):
        assert secret in SECRETS
        for form in forms(secret):
            assert [name for name, data in places.items() if form in data or form in data.lower()] == [], form


def payload(path: Path) -> bytes:
    try:
        return base64.b64decode(json.loads(path.read_bytes())["payload"])
    except (ValueError, KeyError, TypeError):
        return b""


def forms(secret: str) -> Iterator[bytes]:
    """Yield the ways in which somebody could find a secret."""
    plain = secret.encode()
    yield plain
    yield plain.hex().encode()
    yield ".".join(map(str, plain)).encode()
    yield base64.b64encode(plain).rstrip(b"=")[: len(plain)]
    yield secret.encode("utf-16-le")
    yield secret.encode("utf-16-be")
    yield urllib.parse.quote(secret, safe="").encode()


def test_no_secret_stands_in_the_process_list(plant: Any) -> None:
    plant.write()
    run = subprocess.Popen(plant.command("collect", "--pace", "none"), cwd=plant.folder, env=plant.environ())
    seen, code = set(), None
    while code is None:
        with suppress(subprocess.TimeoutExpired):
            code = run.wait(0.02)
        for process in [path for path in Path("/proc").iterdir() if path.name.isdigit()]:
            try:
                seen.add((process / "cmdline").read_bytes())
            except OSError:
                continue
    assert any(b"collect" in line for line in seen)
    assert not [line for line in seen for secret in SECRETS if secret.encode() in line]
