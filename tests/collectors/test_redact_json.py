"""Secrets in JSON: found by the names of members, taken out so that it stays JSON."""

import json
import time

import pytest

from collectors import redact_json
from collectors.credentials import Secret
from collectors.inventory.host import Host, HttpAccess
from collectors.redact import Redactor
from evidence.model.asset import Asset
from evidence.model.names import AssetId
from evidence.platforms.platform import Platform, Question, Recognition, Verb

QUESTION = Question(
    name="q", transport="http", verb=Verb.FETCH, objects=("/q",), reader="json", tags=frozenset({"host"}), ttl_s=60
)
PLATFORM = Platform(name="p", title="", vendor=None, recognition=Recognition(), questions=(QUESTION,))
REDACTOR = Redactor(key=b"k" * 32, key_id="k1", secrets=["held-Secret-9"])


def redacted(text: str, redactor: Redactor = REDACTOR) -> str:
    return redactor.capture(text.encode(), QUESTION, PLATFORM).data.decode()


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("password", "password"), ("dbPassword", "password"), ("DB_PASSWD", "password"), ("clientSecret", "password"),
        ("api-key", "api-key"), ("apiKey", "api-key"), ("privateKey", "api-key"), ("accessToken", "api-token"),
        ("x-ignition-api-token", "api-token"), ("pre_shared_psk", "password"), ("licenseKey", "api-key"),
        ("passwordPolicy", None), ("tokenType", None), ("secretName", None), ("nextToken", None), ("key", None),
        ("sortKey", None), ("passwordChangedAt", None), ("monkey", None), ("", None), ("42", None),
    ],
)  # fmt: skip
def test_the_last_word_of_a_name_says_whether_it_holds_a_secret(name: str, kind: str | None) -> None:
    assert redact_json.type_of(name) == kind


def test_values_go_and_the_rest_stays_json() -> None:
    text = json.dumps(
        {
            "name": "db", "connectPassword": 'a"b\\c',
            "nested": [{"apiKey": "K-1"}, {"tokens": ["x"], "token": ["T-1", "T-2"]}],
            "password": "", "secret": "********", "note": "the password was changed", "passwordPolicy": "strong",
        }
    )  # fmt: skip
    out = redacted(text)
    found = json.loads(out)
    for secret in ('a\\"b', "K-1", "T-1", "T-2"):
        assert secret not in out
    assert found["connectPassword"].startswith("<secret:password:k1:")
    assert found["nested"][0]["apiKey"].startswith("<secret:api-key:k1:")
    assert [tag[:19] for tag in found["nested"][1]["token"]] == ["<secret:api-token:k"] * 2
    kept = {name: found[name] for name in ("name", "password", "secret", "note", "passwordPolicy")}
    assert kept == {name: json.loads(text)[name] for name in kept}


def test_the_same_secret_has_the_same_tag_however_it_is_escaped() -> None:
    plain, escaped = redacted('{"password": "a/b"}'), redacted('{"dbPassword": "a\\/b"}')
    assert json.loads(plain)["password"] == json.loads(escaped)["dbPassword"]


def test_several_pages_are_several_texts() -> None:
    out = redacted('{"password": "one-1"}\n{"password": "two-2"}')
    assert [json.loads(line)["password"][:8] for line in out.split("\n")] == ["<secret:", "<secret:"]


def test_what_stands_between_two_strings_is_never_taken_for_a_secret() -> None:
    text = '{"a": "enter password ", "b": "x", "c": "token "}'
    assert json.loads(redacted(text)) == json.loads(text)


def test_held_secrets_are_found_in_any_member_and_of_a_token_its_key_alone() -> None:
    assert "held-Secret-9" not in redacted('{"comment": "uses held-Secret-9 now"}')
    access = HttpAccess(url="https://scada", token=Secret("auditor:Zr7kQ0v9-plant-key"))
    host = Host(asset=Asset(id=AssetId("scada"), address="scada"), http=access)
    redactor = Redactor.for_hosts([host], key=b"k" * 32, key_id="k1")
    out = redacted('{"actor": "auditor", "comment": "Zr7kQ0v9-plant-key"}', redactor)
    assert json.loads(out)["actor"] == "auditor"
    assert "Zr7kQ0v9" not in out


def test_a_long_line_takes_no_more_than_its_length_in_time() -> None:
    began = time.perf_counter()
    for hostile in ('"' * 200_000, '"password": ["' + "a" * 400_000, '"x' * 200_000, "[" * 400_000):
        redacted(hostile)
    assert time.perf_counter() - began < 10
