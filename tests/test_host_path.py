"""A host from the inventory to sealed facts: the real command line, a real sshd."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evidence.store.blobs import get_blob, measure_blob
from evidence.store.directory import DirectoryStore
from evidence.store.layout import parse_key

pytestmark = pytest.mark.real


def test_a_hosts_certificates_backups_and_restore_tests_are_sealed_and_its_keys_are_not(
    site: Any, sshd: Callable[..., Any], tmp_path: Path
) -> None:
    server = sshd()
    folder = tmp_path / "a host"
    (folder / "dumps").mkdir(parents=True)
    (folder / "dumps" / "plant.dump").write_text("x" * 5)
    make = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "9"]
    subprocess.run(
        [*make, "-subj", "/CN=opc", "-keyout", folder / "key.pem", "-out", folder / "opc.pem"],
        check=True, capture_output=True, timeout=30,
    )  # fmt: skip
    (folder / "opc.pem").write_text((folder / "key.pem").read_text() + (folder / "opc.pem").read_text())
    test = {"id": "plant 2026-11-20", "status": "completed", "validation": "none", "end": "2026-11-20T02:00:00Z"}
    (folder / "restore.json").write_text(json.dumps(test))
    site.hosts["scada-srv"] = {
        "ansible_host": "127.0.0.1",
        "ansible_port": server.port,
        "ansible_user": server.user,
        "ansible_ssh_private_key_file": str(server.key_file),
        "ansible_network_os": "linux",
        "plantproof_safety": "it",
        "plantproof_certificates": [str(folder / "opc.pem")],
        "plantproof_backup_folders": [str(folder / "dumps")],
        "plantproof_restore_tests": [str(folder / "restore.json")],
    }
    site.settings = {"timeouts": {"cli_s": 15.0}}
    site.write()
    (site.folder / "known_hosts").write_text(server.known_hosts)
    assert site.results() == {"scada-srv": "collected"}
    facts = [json.loads(line) for line in site.run("facts", "scada-srv", "--format", "jsonl").out.splitlines()]
    known = {(fact["fact"], fact.get("row")): fact["value"] for fact in facts}
    assert "CN=opc" in {value for (name, _), value in known.items() if name == "certificate.subject"}
    assert known["backup.bytes", str(folder / "dumps")] == "5"
    assert known["restore.validation", test["id"]] == "none"
    assert ("backup.last_restore_test", None) not in known
    secret = (folder / "key.pem").read_text().splitlines()[1]
    assert secret not in "".join(site.said)
    store = DirectoryStore(site.store)
    digests = [digest for key in store.keys("blobs/") if (digest := parse_key(key).digest)]
    kept = b"".join(get_blob(store, digest, measure_blob(store, digest)) for digest in digests)
    assert b"BEGIN CERTIFICATE" in kept
    assert secret.encode() not in kept
    assert site.verify().code == 0


def test_every_command_a_host_may_get_is_printed_before_and_where_it_is_asked(site: Any) -> None:
    site.hosts["scada-srv"] = {"ansible_connection": "local", "ansible_network_os": "debian",
                               "plantproof_backup_folders": ["/srv/a b"]}  # fmt: skip
    planned = site.collect("--check").out
    shown = site.run("platforms", "show", "debian").out
    for command in ("apt list --upgradable", "last --fullnames --ip --time-format=iso --since=-8days", "getent passwd"):
        assert command in planned
        assert f"run {command}" in shown
    assert "find '/srv/a b' -maxdepth 2" in planned
    assert "find {each} -maxdepth 2" in shown
    assert "only where accounts.local gave nothing" in shown
