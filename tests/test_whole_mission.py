"""
The example plant, all sources at once, into a bucket with Object Lock: parts by ansible-runner, seal, findings, bundle.

What is planted is found and nothing else, and cron's command line finds the same.
"""

import base64
import json
import os
import subprocess
import sys
import urllib.parse
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import ansible_runner
import pytest
import zstandard

from collectors.demo.plant import API_TOKEN, CLI_PASSWORD, COMMUNITIES, PLANTED, Plant, running_plant
from collectors.simulate.cloud import SECRET_KEY

pytestmark = [pytest.mark.real, pytest.mark.slow]

PLAYBOOKS = Path(__file__).parents[1] / "playbooks"
QUIET = {"ANSIBLE_NOCOLOR": "1", "ANSIBLE_DEPRECATION_WARNINGS": "False", "ANSIBLE_LOCALHOST_WARNING": "False"}
WEAK_SNMP = {("ACC-06", one) for one in (*COMMUNITIES, "edge-fw-01")}
"""Everything that lets version 2c in is due; that is as it is in most plants, and planted by nobody."""


@pytest.fixture
def plant(site: Any, rgw: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Plant]:
    """The plant of the demo, running, and a site that keeps its evidence in a bucket."""
    for variable, value in rgw.environ().items():
        monkeypatch.setenv(variable, value)
    monkeypatch.delenv("PLANTPROOF_S3_ENDPOINT")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", rgw.endpoint)
    with running_plant(datetime.now(UTC).replace(microsecond=0)) as running:
        place = f"s3://{rgw.bucket()}/demo"
        running.write_site(site.folder, here=False, store=place)
        with (site.folder / "plantproof.yml").open("a") as file:
            file.write("retention: {days: 1, slack_days: 1}\ntimeouts: {snmp_s: 0.4}\n")
        site.settings["store"] = place
        yield running


def job(site: Any, playbook: str, **said: object) -> str:
    """Run a playbook as an AWX job does; return how it ended."""
    place = site.folder / f"job-{said.get('evidence_part', 'seal')}".replace("/", "-")
    place.mkdir(exist_ok=True)
    program = [sys.executable, "-m", "collectors"]
    ended = ansible_runner.run(
        private_data_dir=str(place),
        playbook=str(PLAYBOOKS / playbook),
        inventory=str(site.folder / "inventory.yml"),
        extravars={"evidence_command": program, "evidence_folder": str(site.folder), **said},
        envvars={**site.environ(), **QUIET, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        quiet=True,
        timeout=240,
    )
    ended.stdout.close()
    return str(ended.status)


def judged(site: Any) -> dict[str, set[tuple[str, str | None]]]:
    """Return requirement and asset of every finding, by what may be asked for."""
    found: dict[str, set[tuple[str, str | None]]] = {}
    listed = json.loads(site.run("findings", "--store", site.settings["store"], "--format", "json").out)
    for row in listed["findings"]:
        status = "due" if row["due"] else row["status"]
        found.setdefault(status, set()).add((row["requirement"], row["asset"]))
    return found


def test_the_whole_plant_in_three_parts_into_a_locked_bucket(site: Any, plant: Plant, rgw: Any) -> None:
    place = site.settings["store"]
    first = site.run("collect", "--no-input", "--slot", "nightly-20261125T0200Z")
    assert first.code == 4, first.said
    pin = site.run("verify", "--store", place, "--key", "keys/root.pub").out.rpartition("pin: ")[2]
    (site.folder / "pin").write_text(pin)
    assert site.run("register", "import", "known-device", "devices.csv").code == 0
    plant.change()

    parts = {"evidence_slot": "nightly-20261126T0200Z"}
    for number in (1, 2, 3):
        assert job(site, "collect.yml", evidence_part=f"{number}/3", **parts) == "successful"
    assert job(site, "seal.yml", **parts) == "successful"
    found = judged(site)
    assert found["contradicts"] | found["due"] == PLANTED | WEAK_SNMP
    assert ("BKP-02", "jump-01") in found["not-assessed"]

    third = site.run("collect", "--no-input", "--slot", "nightly-20261127T0200Z")
    assert third.code == 4, third.said
    assert judged(site) == found

    words = ("--key", "keys/root.pub", "--pin", "pin")
    verified = site.run("verify", "--store", place, *words, program="evidence")
    assert verified.code == 0, verified.said
    assert "made again" in verified.out
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    handed = site.run("export", "--period", f"{today}..{today}", "-o", "bundle.zip", "--verifier", "verify.py")
    assert handed.code == 0, handed.said
    bundle = site.run("verify", str(site.folder / "bundle.zip"), *words, program="evidence")
    assert bundle.code == 0, bundle.said
    alone = subprocess.run(
        [sys.executable, "-I", "verify.py", "bundle.zip", "--root-key", "keys/root.pub"],
        cwd=site.folder, env={}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert alone.returncode == 0, alone.stdout
    look_for_secrets(places(site, rgw))


def places(site: Any, rgw: Any) -> dict[str, bytes]:
    """Return all that the evidence came to rest in: every version in the bucket, the bundle, what was said."""
    bucket = site.settings["store"].split("/")[2]
    client, found = rgw.client(), {"output": "".join(site.said).encode()}
    for page in client.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for version in page["Versions"]:
            body = client.get_object(Bucket=bucket, Key=version["Key"], VersionId=version["VersionId"])["Body"].read()
            name = f"{version['Key']} {version['VersionId']}"
            found[name] = zstandard.ZstdDecompressor().stream_reader(body).read() if "/blobs/" in name else body
            if name.partition(" ")[0].endswith(".json") and b'"payload"' in body:
                found[f"payload of {name}"] = base64.b64decode(json.loads(body)["payload"])
    with zipfile.ZipFile(site.folder / "bundle.zip") as bundle:
        found |= {f"bundle {name}": bundle.read(name) for name in bundle.namelist()}
    return found


def look_for_secrets(found: dict[str, bytes]) -> None:
    """Fail where a credential of the plant stands anywhere, in any way somebody could find it."""
    key = API_TOKEN.partition(":")[2]
    assert len(found) > 300
    for secret in (*COMMUNITIES.values(), CLI_PASSWORD, key, SECRET_KEY, "Tac-k3y-77"):
        plain = secret.encode()
        forms = (
            plain, plain.hex().encode(), ".".join(map(str, plain)).encode(), secret.encode("utf-16-le"),
            base64.b64encode(plain).rstrip(b"="), urllib.parse.quote(secret, safe="").encode(),
        )  # fmt: skip
        assert [name for name, data in found.items() if any(form in data for form in forms)] == []
