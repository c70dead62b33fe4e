"""Answers of services: documents, and the facts that paths read from them."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from evidence.model.capture import Capture
from evidence.model.names import AssetId, digest_of
from evidence.normalise.facts import read_asset
from evidence.normalise.readers import READERS
from evidence.normalise.values import TEXT_FORMATS
from evidence.platforms.load import PlatformFileError, read_platform
from evidence.platforms.platform import Platform

SERVICE = b"""
name: example
title: An example
source: [its manual]
questions:
  - name: users
    call: {operation: "iam:ListUsers"}
    tags: [tables]
  - name: about
    fetch: {path: /about}
    tags: [identify]
facts:
  firmware.version:
    - {question: about, path: version, pattern: '^\\d+\\.\\d+'}
  service.tags:
    - {question: about, path: tags, join: ', '}
tables:
  - question: users
    rows: "[].Users[]"
    key: Name
    columns:
      account.name: {path: Name}
      account.created: {path: Created, format: time}
      account.active: {path: Active, map: {"yes": active}}
"""


@pytest.fixture(scope="module")
def service() -> Platform:
    return read_platform(SERVICE, generic=None, name="example.yaml")


def facts(service: Platform, question: str, data: bytes) -> dict[tuple[str, str | None], str]:
    asked = service.named(question)
    capture = Capture(
        asset=AssetId("scada"),
        platform="example",
        question=question,
        transport=asked.transport,
        request=asked.request,
        at="2026-11-26T08:00:00Z",
        took_ms=3,
        blob=digest_of(data),
        bytes=len(data),
        ttl_s=60,
    )
    return {(fact.name, fact.row): fact.value for fact in read_asset(service, [(capture, data)])}


def test_a_service_is_asked_over_its_own_transport(service: Platform) -> None:
    assert [(q.transport, q.verb, q.request, q.reader) for q in service.questions] == [
        ("aws", "call", "iam:ListUsers", "pages"),
        ("http", "fetch", "GET /about", "json"),
    ]


def test_a_path_reads_a_value_and_a_list_is_read_one_by_one(service: Platform) -> None:
    found = facts(service, "about", b'{"version": "8.3.1 (b2026)", "tags": ["line-3", "press"]}')
    assert found["firmware.version", None] == "8.3"
    assert found["service.tags", None] == "line-3, press"


def test_rows_of_several_pages_are_read_together(service: Platform) -> None:
    first = b'{"Users": [{"Name": "anna", "Created": "2026-01-02T03:04:05+01:00", "Active": true}]}'
    pages = first + b'\n{"Users": [{"Name": "b"}]}'
    assert facts(service, "users", pages) == {
        ("account.name", "anna"): "anna",
        ("account.created", "anna"): "2026-01-02T02:04:05Z",
        ("account.active", "anna"): "active",
        ("account.name", "b"): "b",
    }
    assert facts(service, "users", first)["account.name", "anna"] == "anna"


@pytest.mark.parametrize("data", [b"", b"<html>", b'{"Users": 3}', b'{"Users": [1, null]}', b"[" * 100_000, b'{"a":'])
def test_another_document_than_expected_tells_nothing(service: Platform, data: bytes) -> None:
    assert {name for name, _ in facts(service, "users", data)} <= {"platform"}


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-11-26T09:00:00+01:00", "2026-11-26T08:00:00Z"),
        ("1795680000", "2026-11-26T08:00:00Z"),
        ("1795680000123", "2026-11-26T08:00:00Z"),
        ("Thu, 26 Nov 2026 08:00:00 +0000", "2026-11-26T08:00:00Z"),
        ("Nov 26 08:00:00 2026 GMT", "2026-11-26T08:00:00Z"),
        ("08:00:00 UTC Nov 26 2026", "2026-11-26T08:00:00Z"),
        ("08:00:00 GMT Nov 6 2026", "2026-11-06T08:00:00Z"),
        ("08:00:00 CET Nov 26 2026", ""),
        ("08:00:00 UTC Nov 31 2026", ""),
        ("2026-11-26 08:00:00", ""),
        ("yesterday", ""),
        ("999999999999999999", ""),
    ],
)
def test_times_are_read_where_they_are_certain(text: str, time: str) -> None:
    assert TEXT_FORMATS["time"](text) == time


def test_certificates_are_read_and_keys_beside_them_are_not() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "scada.example")])
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(0xBEEF)
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=365))
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(Encoding.PEM)
    for data in (
        pem,
        b"-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----\n" + pem,
        certificate.public_bytes(Encoding.DER),
    ):
        (row,) = READERS["x509"](data, "/etc/ssl/scada.pem")  # type: ignore[misc]
        assert (row["subject"], row["serial"], row["where"]) == ("CN=scada.example", "beef", "/etc/ssl/scada.pem")
        assert row["not_after"] == "2027-01-01T00:00:00Z"
        assert row["sha256"] == certificate.fingerprint(hashes.SHA256()).hex()
    assert READERS["x509"](b"-----BEGIN CERTIFICATE-----\nnonsense", "x") == []


@pytest.mark.parametrize(
    ("was", "now", "complaint"),
    [
        (b'"[].Users[]"', b'"Users["', "not a JMESPath"),
        (b'"iam:ListUsers"', b'"iam:*"', "operation"),
        (b'"iam:ListUsers"}', b'"iam:ListUsers", for_each: about}', "for_each, rows and bind go together"),
        (
            b'"iam:ListUsers"}',
            b'"iam:ListUsers", for_each: about, rows: "[]", bind: X}',
            "users: goes through the answer of a question that no call before it asks",
        ),
        (b"key: Name", b"title: Name", "unknown key"),
        (b"{path: /about}", b"{path: 'http://elsewhere/'}", "path"),
        (b"tags: [identify]", b"over: [ssh]\n    tags: [identify]", "fetch cannot go over ssh"),
    ],
)
def test_a_service_file_that_cannot_be_right_is_an_error(was: bytes, now: bytes, complaint: str) -> None:
    with pytest.raises(PlatformFileError, match=complaint):
        read_platform(SERVICE.replace(was, now, 1), generic=None, name="example.yaml")


REPORT = b"""
name: report
title: A table within a document
source: [its manual]
questions:
  - name: report
    call: {operation: "iam:GetCredentialReport"}
    reader: csv
    inside: "[0].Content"
    tags: [host]
tables:
  - question: report
    rows: "@"
    key: user
    columns: {account.name: {path: user}, account.mfa: {path: mfa, map: {"true": "yes"}}}
"""


def content(text: bytes) -> bytes:
    return b'{"Content":"' + base64.b64encode(text) + b'"}'


def test_a_table_within_a_document_is_read() -> None:
    report = read_platform(REPORT, generic=None, name="report.yaml")
    text = b'user,mfa\r\n"anna, of line 3",true\r\nben,false\r\n\xc3\xa9va,true\r\ntoo,many,values\r\n'
    assert facts(report, "report", content(text)) == {
        ("account.name", "anna, of line 3"): "anna, of line 3",
        ("account.mfa", "anna, of line 3"): "yes",
        ("account.name", "ben"): "ben",
        ("account.name", "\xe9va"): "\xe9va",
        ("account.mfa", "\xe9va"): "yes",
    }


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b'{"Content":3}',
        b'{"Content":"%%%"}',
        content(b""),
        content(b'user,mfa\n"open'),
        content(b"x" * 200_000),
    ],
)
def test_a_table_that_is_not_there_or_broken_tells_nothing(data: bytes) -> None:
    assert facts(read_platform(REPORT, generic=None, name="report.yaml"), "report", data) == {}


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-10-31", "2026-10-31T23:59:59Z"),
        (" 2026-10-31T12:00:00+02:00", "2026-10-31T10:00:00Z"),
        ("2026-10-32", ""),
        ("end of October", ""),
    ],
)
def test_a_day_alone_holds_to_its_end(text: str, time: str) -> None:
    assert TEXT_FORMATS["day"](text) == time
