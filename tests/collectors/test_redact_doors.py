"""The side doors: places other than a line of a configuration in which a secret, or a way to guess one, may leave."""

import io
import tarfile
import zipfile
from base64 import b64encode
from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain
from secrets import token_bytes
from typing import Any

import pytest

from collectors.record import Chunk, Recording
from collectors.redact import Redactor
from collectors.redact_opaque import opaque, wide
from collectors.redact_snmp import index_spans
from collectors.redact_tags import Span, Tagger
from collectors.transports.interface import Answer
from collectors.visit import Findings, Heard
from evidence.model.names import AssetId
from evidence.model.outcome import Outcome, Result
from evidence.normalise import varbinds
from evidence.platforms.load import load_platforms
from evidence.platforms.platform import Platform, Question, Verb
from evidence.store.memory import MemoryStore

KEY, OLD_KEY = bytes(range(32)), bytes(range(1, 33))
HELD = "Zx9-held-Value"
PLATFORMS = load_platforms()
GENERIC = PLATFORMS.generic
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SIAE_CONTROL = "1.3.6.1.4.1.3373.1103.5.2.1"


def question(transport: str = "ssh", *objects: str, reader: str | None = None) -> Question:
    verb = Verb.WALK if transport == "snmp" else Verb.RUN
    return Question(
        name="q", transport=transport, verb=verb, objects=objects or ("show",), tags=frozenset(), ttl_s=1, reader=reader
    )


def tag(plain: bytes, kind: str) -> str:
    return Tagger(key=KEY, key_id="k1").tag(Span(start=0, end=1, plain=plain, type=kind)).decode()


def arcs(text: str | bytes) -> str:
    return ".".join(map(str, text.encode() if isinstance(text, str) else text))


def redactor(*secrets: str) -> Redactor:
    return Redactor(key=KEY, key_id="k1", secrets=secrets)


def platform(name: str) -> Platform:
    found = PLATFORMS.named(name)
    assert found is not None
    return found


def walked(oid: str, value: varbinds.Value, asked: Platform = GENERIC) -> varbinds.Varbind:
    data = varbinds.encode([(oid, value)])
    (bind,) = varbinds.decode(redactor().capture(data, question("snmp", "1.3.6.1"), asked).data)
    return bind


# SNMP: strings in indexes, and the values of such tables


COMMUNITY = "Pl4nt-ro"
ENTRIES = sorted(GENERIC.secret_indexes)


@pytest.mark.parametrize("entry", ENTRIES)
@pytest.mark.parametrize("prefix", ["", "2.", "0.1."])
def test_a_string_in_an_index_is_tagged_though_this_run_does_not_hold_it(entry: str, prefix: str) -> None:
    kind = GENERIC.secret_indexes[entry]
    tagged = f"{entry}.3.{prefix}{arcs(tag(COMMUNITY.encode(), kind))}"
    for index in (arcs(COMMUNITY), f"{len(COMMUNITY)}.{arcs(COMMUNITY)}"):
        assert walked(f"{entry}.3.{prefix}{index}", 1).oid == tagged


def test_every_table_of_the_framework_that_is_indexed_by_a_name_is_known() -> None:
    """RFC 3413 §4, RFC 3414 §5, RFC 3415 §4, RFC 3584 §5."""
    assert {entry.removeprefix("1.3.6.1.6.3.") for entry in ENTRIES} == {
        *("12.1.2.1", "12.1.3.1", "13.1.1.1", "13.1.2.1", "13.1.3.1", "15.1.2.2.1"),
        *("16.1.1.1", "16.1.2.1", "16.1.4.1", "16.1.5.2.1", "18.1.1.1", "18.1.2.1"),
    }


def test_a_table_whose_index_alone_is_secret_is_looked_at() -> None:
    only = replace(GENERIC, secret_oids={}, secret_indexes={"1.3.6.1.4.1.99999.1": "snmp-community"})
    bind = walked(f"1.3.6.1.4.1.99999.1.2.{arcs(COMMUNITY)}", b"Hall 3", only)
    assert bind.oid == f"1.3.6.1.4.1.99999.1.2.{arcs(tag(COMMUNITY.encode(), 'snmp-community'))}"
    assert bind.value == b"Hall 3"


def test_an_index_of_two_strings_and_numbers_keeps_its_numbers() -> None:
    index = f"5.{arcs('group')}.3.{arcs('ctx')}.3.1"
    group, context = (arcs(tag(text, "snmp-community")) for text in (b"group", b"ctx"))
    assert walked(f"1.3.6.1.6.3.16.1.4.1.5.{index}", 1).oid == f"1.3.6.1.6.3.16.1.4.1.5.{group}.{context}.3.1"


def test_an_index_that_is_neither_strings_nor_small_numbers_is_one_tag() -> None:
    engine = "5.128.0.31.136.4"
    bind = walked(f"1.3.6.1.6.3.15.1.2.2.1.3.{engine}.4.{arcs('oper')}", 1)
    rest = f"128.0.31.136.4.4.{arcs('oper')}"
    assert bind.oid == f"1.3.6.1.6.3.15.1.2.2.1.3.5.{arcs(tag(rest.encode(), 'snmp-user'))}"


def test_a_row_named_by_another_value_is_tagged_there_too() -> None:
    bind = walked("1.3.6.1.6.3.18.1.1.1.3.1", f"1.3.6.1.6.3.18.1.1.1.3.{arcs(COMMUNITY)}")
    assert bind.value == f"1.3.6.1.6.3.18.1.1.1.3.{arcs(tag(COMMUNITY.encode(), 'snmp-community'))}"


def test_other_tables_keep_their_indexes() -> None:
    assert not list(index_spans(b"1.3.6.1.2.1.31.1.1.1.1.70.101.48", GENERIC.secret_indexes))
    assert walked(f"1.3.6.1.2.1.31.1.1.1.1.{arcs('Fe0')}", b"Fe0").oid == f"1.3.6.1.2.1.31.1.1.1.1.{arcs('Fe0')}"


@pytest.mark.parametrize(
    "oid",
    [
        *(f"1.3.6.1.6.3.{number}.1.1.1.2.1" for number in (12, 13, 15, 16, 18)),
        "1.3.6.1.2.1.47.1.2.1.1.4.1",
    ],
)
def test_what_these_tables_say_is_tagged_whole(oid: str) -> None:
    bind = walked(oid, COMMUNITY.encode())
    assert str(bind.text).startswith("<secret:snmp-")


def test_a_vendors_table_of_communities_is_tagged_index_and_value() -> None:
    siae = platform("siae_alfoplus")
    bind = walked(f"{SIAE_CONTROL}.2.{arcs(COMMUNITY)}", COMMUNITY.encode(), siae)
    assert bind.oid == f"{SIAE_CONTROL}.2.{arcs(tag(COMMUNITY.encode(), 'snmp-community'))}"
    assert bind.text == tag(COMMUNITY.encode(), "snmp-community")


def test_no_platform_walks_into_tables_of_secrets_and_every_one_knows_them() -> None:
    for one in PLATFORMS:
        asked = [*chain.from_iterable(q.objects for q in one.questions if q.transport == "snmp")]
        hidden = (*one.secret_oids, *one.secret_indexes)
        met = [oid for oid in asked for place in hidden if _meet(oid, place)]
        assert not met, f"{one.name} asks for {met}"
        assert not asked or one.secret_indexes.items() >= GENERIC.secret_indexes.items(), one.name


def _meet(one: str, other: str) -> bool:
    return f"{one}.".startswith(f"{other}.") or f"{other}.".startswith(f"{one}.")


# Digests that a device computes over what it does not show


@pytest.mark.parametrize(
    ("name", "text", "digest"),
    [
        ("cisco_asa", "Cryptochecksum:4f6b23c5 9a01de77 0b1c2d3e 4f506172", "4f6b23c5"),
        ("cisco_ftd", "Cryptochecksum:4f6b23c59a01de770b1c2d3e4f506172", "4f6b23c5"),
        ("generic", "hmConfigurationSignature = 0x4f6b23c59a01de77", "4f6b23c5"),
        ("generic", "Running config checksum: 4f:6b:23:c5:9a:01", "4f:6b"),
        ("generic", "configuration fingerprint 4F6B23C59A01DE770B1C2D3E4F506172", "4F6B23C5"),
        ("generic", 'config_sha256="4f6b23c59a01de77"', "4f6b23c5"),
        ("generic", "Config file CRC: 0x4f6b23c5", "4f6b23c5"),
        ("generic", "configuration md5 is 4f6b23c59a01de770b1c2d3e4f506172", "4f6b23c5"),
    ],
)
def test_a_digest_over_the_configuration_with_its_passwords_is_no_oracle(name: str, text: str, digest: str) -> None:
    found = redactor().capture(f"a\n{text}\nb\n".encode(), question(), platform(name) if name != "generic" else GENERIC)
    assert digest.encode() not in found.data
    assert found.found == (("config-digest", 1),)
    assert (found.unlisted == 0) == (name != "generic"), "a platform's own rule names what its devices show"


@pytest.mark.parametrize(
    "text", ["no service config", "config-register 0x2102", "Configuration register is 0x2102", "config checksum: none"]
)
def test_what_only_looks_like_such_a_digest_stays(text: str) -> None:
    assert redactor().capture(text.encode(), question(), GENERIC).data == text.encode()


# Strings of statements


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        ("https://svc:pa55-w0rd@git.example/plant.git", "pa55-w0rd"),
        ("https://ghp_0123456789abcdefABCDEF@github.com/a/b", "ghp_0123456789"),
        ("https://oauth2:glpat-0123456789abcdefghij@gitlab.example/a.git", "glpat-0123"),
        ("fatal: unable to access 'https://x-access-token:hush-Hush-1@h/r.git/'", "hush-Hush-1"),
        ("GET https://b.s3.amazonaws.com/k?X-Amz-Signature=0123456789abcdef0123&X=1", "0123456789abcdef"),
        ("https://a.blob.example/c?sv=1&sig=0123456789abcdef%3D", "0123456789abcdef"),
        (f"401 for {HELD}", HELD),
        (f"no such user {b64encode(f'u:{HELD}'.encode()).decode()}", "enctVmFsdW"),
        ("refused: " + "%5A%78%39%2D%68%65%6C%64%2D%56%61%6C%75%65", "%5A%78%39"),
        ("index 90.120.57.45.104.101.108.100.45.86.97.108.117.101", "90.120.57"),
        (f"hex {HELD.encode().hex()}", HELD.encode().hex()),
        (HELD.encode("utf-16-le").decode("latin-1"), HELD.encode("utf-16-le").decode("latin-1")),
    ],
)
def test_an_error_a_url_or_a_git_remote_keeps_no_secret(text: str, gone: str) -> None:
    found = redactor(HELD).text(text)
    assert gone not in found
    assert "<secret:" in found


def test_a_message_that_looks_like_a_tag_is_escaped() -> None:
    assert redactor().text("said <secret:x:k1:0>") == "said <escaped-secret:x:k1:0>"


def test_every_string_of_a_capture_and_an_outcome_is_searched() -> None:
    (capture, *_), chunk = kept(b"fine\n", request=f"get https://u:{HELD}@h/", reason=f"cut off at {HELD}")
    assert HELD not in f"{capture}{chunk.outcomes}"
    assert "<secret:" in capture.request
    assert "<secret:" in (capture.reason or "")
    assert "<secret:" in (chunk.outcomes[0].reason or "")


def test_the_request_of_no_platform_looks_like_a_secret() -> None:
    for one in PLATFORMS:
        for asked in one.questions:
            assert redactor().request(asked.request) == asked.request, one.name


# What is no text


def archive(kind: str) -> bytes:
    target = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(target, "w") as zipped:
            zipped.writestr("db_backup_sqlite.idb", HELD)
    else:
        with tarfile.open(fileobj=target, mode="w:gz" if kind == "gzip" else "w") as tarred:
            tarred.addfile(tarfile.TarInfo("config"), io.BytesIO())
    return target.getvalue()


NOISE = bytes((number * 7919 + number // 256 * 31) % 256 for number in range(4000))


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (archive("zip"), "zip"),
        (archive("gzip"), "gzip"),
        (archive("tar"), "tar"),
        (b"SQLite format 3\0" + bytes(100), "SQLite"),
        (b"Salted__" + NOISE, "openssl enc"),
        (b"age-encryption.org/v1\n-> X25519 a\n", "age"),
        (NOISE, "unreadable"),
    ],
    ids=["zip", "gzip", "tar", "sqlite", "openssl", "age", "noise"],
)
def test_an_opaque_answer_is_refused_and_nothing_of_it_rests(data: bytes, kind: str) -> None:
    assert opaque(data) == kind
    store = MemoryStore()
    (capture, *_), _ = kept(data, store=store)
    assert (capture.bytes, capture.complete, capture.redactions) == (0, False, 0)
    assert f"{len(data)} bytes that are no text ({kind}): not kept" in (capture.reason or "")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hostname a\r\n\x1b[24;1Hend\x08 \x08\n",
        "Größe ärger\n".encode("latin-1") * 50,
        "工場のスイッチ\n".encode() * 50,
        b"\xff\xfb\x01\xff\xfb\x03login: \r\0\n" + b"x" * 200,
        b"BZ 4711\n",
    ],
)
def test_text_of_terminals_and_of_other_alphabets_is_text(data: bytes) -> None:
    assert opaque(data) is None
    assert redactor().capture(data, question(), GENERIC).data == data


def test_an_archive_written_out_as_base64_in_a_text_stays() -> None:
    """What is not caught: nothing looks into it (docs/threat-model.md)."""
    text = b"backup: " + b64encode(archive("gzip"))
    assert redactor().capture(text, question(), GENERIC).data == text


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_text_in_utf_16_is_redacted_by_every_rule(encoding: str, mark: str) -> None:
    text = f"{mark}user plant password Unkn0wn-1 and {HELD}\r\n"
    assert wide(text.encode(encoding)) == encoding
    found = redactor(HELD).capture(text.encode(encoding), question(), GENERIC)
    shown = found.data.decode(encoding)
    assert (
        shown == f"{mark}user plant password {tag(b'Unkn0wn-1', 'password')} and {tag(HELD.encode(), 'credential')}\r\n"
    )
    assert found.hits == 2


def test_what_begins_like_utf_16_and_is_not_is_no_such_text() -> None:
    assert wide(b"\xff\xfe\x00\xd8") is None
    assert wide(b"plain text") is None


# The key of redaction changes


def test_for_a_cycle_after_a_change_each_secret_has_the_tag_of_either_key() -> None:
    both = Redactor(key=KEY, key_id="k2", before=(OLD_KEY, "k1"))
    only_old = Redactor(key=OLD_KEY, key_id="k1")
    text = b"snmp-server community Pl4nt RO\nset psksecret ENC AAAA1234AAAA1234\n"
    ios = platform("cisco_ios")
    was = only_old.capture(text, question(), ios).data.decode().split()[2]
    now = both.capture(text, question(), ios).data.decode().split()[2]
    assert now.startswith("<secret:snmp-community:k2:")
    assert now.endswith(f">{was}")
    assert both.keys == {"key": "k2", "before": "k1"}
    assert only_old.keys == {"key": "k1"}


def test_an_escape_and_an_index_are_written_once() -> None:
    both = Redactor(key=KEY, key_id="k2", before=(OLD_KEY, "k1"))
    assert both.text("<secret:x>") == "<escaped-secret:x>"
    data = varbinds.encode([(f"1.3.6.1.6.3.18.1.1.1.3.{arcs(COMMUNITY)}", 1)])
    (bind,) = varbinds.decode(both.capture(data, question("snmp", "1.3.6.1"), GENERIC).data)
    assert len(bind.oid.split(".")) <= 128, "an OID has at most 128 arcs (RFC 2578 §3.5)"


# what a recording keeps


class Still:
    def now(self) -> datetime:
        return NOON

    def monotonic(self) -> float:
        return 1.0


def kept(
    data: bytes, *, store: MemoryStore | None = None, request: str = "show x", reason: str | None = None
) -> tuple[list[Any], Chunk]:
    written: list[Chunk] = []
    recording = Recording(
        store=store or MemoryStore(),
        redactor=redactor(HELD),
        clock=Still(),
        random=token_bytes,
        write=lambda chunk, last: written.append(chunk),
    )
    answer = Answer(data=data, request=request, took_ms=1, complete=reason is None, reason=reason)
    heard = Heard(question=question(), platform=GENERIC, answer=answer, at=NOON)
    outcome = Outcome(asset=AssetId("a"), result=Result.COLLECTED, reason=reason)
    assert recording.keep(Findings(asset=AssetId("a"), heard=[heard]), outcome) == []
    recording.finish()
    return written[0].captures, written[0]
