"""The main path with the evidence in a bucket: real Ceph RGW with Object Lock, the real command line."""

import contextlib
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.real, pytest.mark.slow]


@pytest.fixture
def plant(site: Any, rgw: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A site that reads this machine and keeps its evidence in a bucket with Object Lock."""
    for variable, value in rgw.environ().items():
        monkeypatch.setenv(variable, value)
    monkeypatch.delenv("PLANTPROOF_S3_ENDPOINT")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", rgw.endpoint)
    site.hosts = {"工場の機械": {"ansible_connection": "local", "plantproof_safety": "it"}}
    site.settings = {
        "store": f"s3://{rgw.bucket()}/acme",
        "keys": "keys",
        "retention": {"days": 1, "slack_days": 1},
    }
    return site


def test_evidence_goes_to_a_bucket_and_is_verified_from_there(plant: Any, rgw: Any, tmp_path: Path) -> None:
    place = plant.settings["store"]
    bucket = place.split("/")[2]
    first = plant.collect("--store", place)
    assert first.code == 0, first.said
    assert plant.collect().code == 0
    pin = plant.run("verify", "--store", place, "--key", "keys/root.pub").out.rpartition("pin: ")[2].strip()
    (plant.folder / "pin").write_text(pin + "\n")
    words = ("verify", "--store", place, "--key", "keys/root.pub", "--pin", "pin")
    verified = plant.run(*words, program="evidence")
    assert verified.code == 0, verified.said
    assert "failed\n" not in verified.out
    assert "os.kernel" in plant.run("facts", "--store", place).out

    client = rgw.client()
    batch = "acme/log/batch/000000000000"
    over = client.put_object(Bucket=bucket, Key=batch, Body=b"something else\n")["VersionId"]
    failed = plant.run(*words, program="evidence")
    assert failed.code == 16
    assert "FAILED at step 4 log" in failed.out
    assert "log/batch/000000000000: another version lies over it" in failed.out
    client.delete_object(Bucket=bucket, Key=batch, VersionId=over)
    marker = client.delete_object(Bucket=bucket, Key="acme/store.json")["VersionId"]
    failed = plant.run(*words, program="evidence")
    assert "FAILED at step 1 store" in failed.out
    assert plant.collect().code == 0, "what is hidden is there all the same"
    client.delete_object(Bucket=bucket, Key="acme/store.json", VersionId=marker)
    assert plant.run(*words, program="evidence").code == 0


@pytest.mark.exhaustive
def test_a_writer_killed_at_any_moment_leaves_a_log_that_goes_on(plant: Any) -> None:
    place = plant.settings["store"]
    assert plant.collect().code == 0
    words = ("verify", "--store", place, "--key", "keys/root.pub")
    pin, killed = plant.run(*words).out.rpartition("pin: ")[2].strip(), 0
    for moment in range(20):
        run = plant.start("collect", "--pace", "none")
        with contextlib.suppress(TimeoutError):
            run.wait(0.1 + 0.15 * moment)
        killed += run.poll() is None
        run.kill()
        verified = plant.verify_after_a_kill(*words[1:], "--pin", pin)
        assert verified.code == 0, (moment, verified.said)
        pin = verified.out.rpartition("pin: ")[2].strip()
    assert killed >= 10
    assert plant.collect().code == 0
    assert plant.run(*words, "--pin", pin).code == 0


def test_what_a_bucket_honours_and_keeps_is_told(plant: Any) -> None:
    place = plant.settings["store"]
    made = plant.run("init", "site", "--owner", "acme", "--store", place)
    assert made.code == 0, made.said
    assert "versioning: enabled" in made.out
    assert "what is refused is seen after the first seal" in made.out
    plant.settings["keys"] = "site/plantproof-store.keys"
    plant.collect()
    told = plant.run("store", "retention", "--store", place).out
    assert "object lock: yes" in told
    assert "if-none-match: ignored: versions are listed after each put, and the oldest counts" in told
    assert "content-md5: honoured" in told
    log = next(line.split() for line in told.splitlines() if line.startswith("log/"))
    assert log[1] == log[2] == "4"
    doctor = json.loads(plant.run("doctor", "--format", "json").out)
    (bucket,) = (row for row in doctor["findings"] if row["what"] == "bucket")
    assert bucket["health"] == "well"
    assert "retention 1 days, and 1 on top" in bucket["said"]
    sealed = plant.run("seal")
    assert sealed.code == 0, sealed.said
    checked = plant.run("store", "check", "--repair", "--store", place)
    assert checked.code == 0, checked.said


def test_a_bucket_without_locks_is_told_apart(plant: Any, rgw: Any) -> None:
    place = plant.settings["store"] = f"s3://{rgw.bucket(lock=False)}"
    assert plant.collect().code == 0
    told = plant.run("store", "retention", "--all", "--store", place).out
    assert "object lock: no" in told
    assert next(line.split() for line in told.splitlines() if line.startswith("log/"))[1:] == ["4", "0", "-"]
    (plant.folder / "folder").mkdir()
    refused = plant.run("store", "retention", "--store", "folder")
    assert (refused.code, "only a store in S3 has locks" in refused.err) == (1, True)


def test_policies_are_printed_ready(plant: Any) -> None:
    said = plant.run(
        "store", "policy", "auditor", "--store", "s3://bucket/acme", "--principal", "arn:aws:iam:::user/a",
        "--until", "2026-12-31",
    )  # fmt: skip
    policy = json.loads(said.out)
    assert policy["Statement"][0]["Condition"] == {"DateLessThan": {"aws:CurrentTime": "2026-12-31T23:59:59Z"}}
    assert {tuple(one["Principal"]["AWS"]) for one in policy["Statement"]} == {("arn:aws:iam:::user/a",)}


def test_a_store_in_s3_needs_credentials_and_says_so(plant: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    refused = plant.run("store", "ls", "--store", plant.settings["store"])
    assert refused.code == 1
    assert "AWS_PROFILE" in refused.err
    assert "aws_secret" not in refused.said.lower().replace("aws_secret_access_key", "")


def test_the_way_to_a_directory_imports_nothing_of_aws(plant: Any) -> None:
    done = subprocess.run(
        plant.command("store", "ls", "--store", "nowhere"), cwd=plant.folder, capture_output=True, text=True,
        env={**plant.environ(), "PYTHONVERBOSE": "1"}, check=False,
    )  # fmt: skip
    assert "import 'click" in done.stderr
    assert "boto" not in done.stderr
