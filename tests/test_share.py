"""A bundle put into a bucket of a real server, and the link that opens it."""

import base64
import json
import urllib.error
import urllib.request
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from evidence.store.interface import StoreError
from evidence.store.s3_upload import PART_BYTES, link, upload

pytestmark = [pytest.mark.real, pytest.mark.slow]


@pytest.fixture
def shop(site: Any, rgw: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A site that has read this machine, and may put bundles into buckets."""
    for variable, value in rgw.environ().items():
        monkeypatch.setenv(variable, value)
    monkeypatch.delenv("PLANTPROOF_S3_ENDPOINT")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", rgw.endpoint)
    site.hosts = {"line-pc": {"ansible_connection": "local", "plantproof_safety": "it"}}
    assert site.collect("-t", "identify").code == 0
    return site


def fetched(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=20) as answer:
        return bytes(answer.read())


def test_a_shared_bundle_is_fetched_by_its_link_alone_and_the_log_says_where_it_lies(
    shop: Any, rgw: Any, tmp_path: Path
) -> None:
    bucket = rgw.bucket(lock=False)
    year = f"{datetime.now(UTC):%Y}"
    ended = shop.run(
        "share", "--period", year, "--to", f"s3://{bucket}/auditor", "--expires", "30m", "--for", "Audit Co"
    )
    assert ended.code == 0, ended.said
    url = ended.out.strip()
    assert "X-Amz-Expires=1800" in url
    bundle = tmp_path / "bundle.zip"
    bundle.write_bytes(fetched(url))
    verified = shop.run("verify", str(bundle), "--key", "store.keys/root.pub", program="evidence")
    assert verified.code == 0, verified.said
    assert shop.run("seal").code == 0
    stated = [path.read_text() for path in (shop.store / "statements" / "export").iterdir()]
    (told,) = [text for text in stated if "payload" in text]
    shared = json.loads(base64.b64decode(json.loads(told)["payload"]))["predicate"]["shared"]
    assert shared["place"].startswith(f"s3://{bucket}/auditor/acme-{year}-")
    assert shop.verify().code == 0
    signature = url.partition("X-Amz-Signature=")[2].partition("&")[0]
    for path in shop.store.rglob("*"):
        assert path.is_dir() or signature.encode() not in path.read_bytes()
    with pytest.raises(urllib.error.HTTPError, match="403"):
        fetched(url.replace(signature, signature[::-1]))
    with pytest.raises(urllib.error.HTTPError, match="403"):
        fetched(url.replace("X-Amz-Expires=1800", "X-Amz-Expires=180000"))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--to", "store"], "expected s3://bucket/prefix"),
        (["--to", "s3://b-1/x", "--expires", "8d"], "7d at most"),
        (["--to", "s3://no-such-bucket-here/x"], "NoSuchBucket"),
    ],
)
def test_what_cannot_be_shared_is_said_and_nothing_is_stated(shop: Any, words: list[str], said: str) -> None:
    ended = shop.run("share", "--period", f"{datetime.now(UTC):%Y}", *words)
    assert ended.code != 0
    assert said in ended.err
    assert not (shop.store / "statements" / "export").exists()


@pytest.mark.exhaustive
def test_a_large_bundle_goes_in_parts_and_arrives_whole(rgw: Any, open_bucket: Any, tmp_path: Path) -> None:
    source = tmp_path / "large.zip"
    source.write_bytes(b"".join(number.to_bytes(4, "big") for number in range((PART_BYTES + 1_000_000) // 4)))
    bucket = open_bucket(rgw, f"{rgw.bucket(lock=False)}/handover").bucket
    upload(bucket, "large.zip", source)
    assert fetched(link(bucket, "large.zip", seconds=60)) == source.read_bytes()
    broken = tmp_path / "missing"
    with pytest.raises(FileNotFoundError):
        upload(bucket, "missing.zip", broken)
    with pytest.raises(StoreError, match="a link lasts"):
        link(bucket, "large.zip", seconds=8 * 86_400)
