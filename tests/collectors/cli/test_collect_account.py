"""A cloud account through the real command line: asked, sealed, read again, verified."""

import json
from typing import Any

import pytest

pytestmark = pytest.mark.real


def facts(site: Any, asset: str) -> dict[tuple[str, str | None], dict[str, Any]]:
    ended = site.run("facts", asset, "--store", "store", "--format", "jsonl", program="evidence")
    rows = [json.loads(line) for line in ended.out.splitlines()]
    return {(row["fact"], row.get("row")): row for row in rows}


@pytest.mark.exhaustive
def test_two_accounts_are_collected_sealed_read_and_verified(site: Any, moto: Any, ministack_account: Any) -> None:
    ministack_account.client("kms").create_key()
    site.hosts = {"moto": moto.variables(), "ministack": ministack_account.variables()}
    assert site.results() == {"moto": "partial", "ministack": "collected"}

    found = facts(site, "moto")
    assert found["system.name", None]["value"] == "acme-plant"
    assert {row for name, row in found if name == "rule.source"} == moto.made["rules"].keys()
    assert found["certificate.not_after", moto.made["certificate"]]["value"] == moto.made["not_after"]
    assert {row for name, row in found if name == "key.active"} == set(moto.made["keys"].values())
    changes = [row for (name, _), row in facts(site, "ministack").items() if name == "change.what"]
    assert "kms.amazonaws.com:CreateKey" in {row["value"] for row in changes}

    why = site.run("why", "moto").said
    assert "backup:ListBackupJobs" in why
    assert site.verify().code == 0
    for said in site.said:
        assert "wJalrXUtnFEMI" not in said

    begins = changes[0]["from"].partition("EndTime=")[2]
    site.results("-l", "ministack")
    later = [row for (name, _), row in facts(site, "ministack").items() if name == "change.what"]
    assert all(row["from"].partition("EndTime=")[2] > begins for row in later)
    assert not any("StartTime=" in row["from"] and row["from"] == changes[0]["from"] for row in later)


def test_what_would_be_asked_is_told_first(site: Any, moto: Any) -> None:
    site.hosts = {"moto": moto.variables()}
    told = site.collect("--check").out
    assert told.count("sts:GetCallerIdentity") == 2
    assert "backup:ListRestoreJobs" in told
    assert "wJalrXUtnFEMI" not in told


def test_an_account_that_cannot_be_had_has_one_clear_outcome(site: Any, moto: Any) -> None:
    closed = moto.variables(
        plantproof_aws_endpoint="http://127.0.0.1:9", plantproof_aws_access_key_id="AKIAOTHEROTHEROTHER0"
    )
    site.hosts = {"wrong-key": moto.variables(), "nobody": closed}
    moto.demand_rights(after=0)
    try:
        assert site.results() == {"wrong-key": "auth-failed", "nobody": "unreachable"}
    finally:
        moto.demand_rights(after=1_000_000_000)
    assert "not accepted" in site.run("why", "wrong-key").said
