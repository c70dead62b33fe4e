"""Rows that are read apart are what they are row by row, and nothing is accepted that is refused there."""

from datetime import UTC, datetime
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.errors import Error
from evidence.log import apart as apart_module
from evidence.log.apart import set_apart
from evidence.log.canonical import loads
from evidence.log.note import Checkpoint
from evidence.log.part import PartStatement, part_predicate, part_subjects, read_part
from evidence.log.statement import Statement, Subject, build, parse
from evidence.model.capture import Access, Capture, Original, Segment
from evidence.model.names import AssetId, Digest, digest_of
from evidence.model.outcome import Outcome, Result
from evidence.model.ssh import SshLink

PLAN, LIST, BLOB, OTHER, PACKED = (digest_of(name) for name in (b"plan", b"list", b"blob", b"other", b"packed"))
AT = datetime(2026, 7, 22, 2, 0, tzinfo=UTC)
HERE = Checkpoint(origin="plantproof.example/acme/81d1245bc5d5caec", size=17, root="8" * 64)
SSH = Capture(
    asset=AssetId("sw-01"),
    platform="cisco_ios",
    question="version",
    transport="ssh",
    request="show version | include uptime, image",
    at="2026-07-22T02:00:00Z",
    took_ms=410,
    blob=BLOB,
    bytes=9,
    ttl_s=86_400,
    host_key="SHA256:x",
    link=SshLink(kex="curve25519-sha256", host_key="ssh-ed25519", cipher="aes256-ctr", via=("jump", "hop")),
)
SNMP = SSH._replace(
    asset=AssetId("Presse Ü"),
    transport="snmp",
    host_key=None,
    link=None,
    access=Access(version="3", user="audit", auth="sha256", priv="aes128"),
    volatile=Segment(blob=PACKED, offset=2, length=3),
    blob=OTHER,
    took_ms=0,
)
CUT_OFF = SSH._replace(asset=AssetId("press-7"), platform=None, complete=False, reason="cut off, it says", link=None)
SEALED = SSH._replace(question="config", original=Original(digest=OTHER, bytes=5))
PERSONAL = SSH._replace(question="accounts", blob=digest_of(b"salted"), bytes=40, classification="personal", salt=16)
CAPTURES = (
    PERSONAL,
    SSH,
    SNMP,
    CUT_OFF,
    SEALED,
    SNMP._replace(question="ports", volatile=None),
    SSH._replace(took_ms=7),
)


def payload(captures: tuple[Capture, ...] = CAPTURES) -> bytes:
    predicate = part_predicate(
        run="run-1", slot="nightly-20260722T0200Z", label="1/1", chunk=0, last=True, previous=[], after=HERE,
        assets=LIST, assets_bytes=9, started=AT, ended=AT, clock={"source": "chrony"}, tool={"version": "1"},
        run_by={}, outcomes=[Outcome(asset=AssetId("sw-01"), result=Result.COLLECTED)], captures=captures,
        conduct={"requests": 3}, redaction={"key": "k1"}, packed={PACKED: 5},
    )  # fmt: skip
    return build("part", part_subjects(PLAN, captures), {**predicate, "log": HERE.origin})


PAYLOAD = payload()


def row_by_row(data: bytes) -> PartStatement:
    value = loads(data)
    assert isinstance(value, dict)
    rows = [(row["name"], Digest(f"sha256:{row['digest']['sha256']}")) for row in value["subject"]]
    return read_part(
        Statement(kind="part", subjects=tuple(Subject(*row) for row in rows), predicate=value["predicate"])
    )


def same_as_row_by_row(data: bytes) -> bool:
    """Tell whether a payload was accepted; where it was, it must be the same as row by row."""
    try:
        part = read_part(parse(data))
    except Error:
        return False
    assert part == row_by_row(data)
    return True


def test_rows_that_are_read_apart_are_the_rows() -> None:
    apart = set_apart(PAYLOAD)
    assert apart is not None
    assert tuple(apart.captures) == CAPTURES
    part = read_part(parse(PAYLOAD))
    assert part == row_by_row(PAYLOAD)
    assert part.blobs() == row_by_row(PAYLOAD).blobs()
    assert part.originals() == row_by_row(PAYLOAD).originals() == {OTHER: 5}
    assert b'"captures":[]' in apart.rest
    assert apart.rest.endswith(b'"name":"plan"}]}')


def test_what_was_met_since_it_was_full_stays_the_same_object(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart_module, "REMEMBERED", 3)
    read: list[str] = []
    known = apart_module._Known[str, list[str]](lambda key: read.append(key) or [key])  # type: ignore[func-returns-value]
    first = known["a"]
    for key in ("b", "c", "d", "a", "e", "f", "a"):
        assert known[key] == [key]
    assert known["a"] is first
    assert known["b"] == ["b"]
    assert read == ["a", "b", "c", "d", "e", "f", "b"], "b was not met while three others were"
    assert len(known) + len(known._before) <= 6


@pytest.mark.parametrize(
    "captures",
    [(), (SSH._replace(asset=AssetId('a"b')),), (SSH._replace(question="q" * 1100),), (SSH._replace(request="a\\"),)],
)
def test_what_is_out_of_the_ordinary_is_left_to_the_others(captures: tuple[Capture, ...]) -> None:
    try:
        data = payload(captures)
    except Error:
        return  # no part may say that
    assert same_as_row_by_row(data)


@pytest.mark.parametrize(
    ("once", "more"),
    [
        (b'"took_ms":410,', b'"took_ms":5,"took_ms":410,'),
        (b'"took_ms":410,', b'"took_ms":410,"took_ms":410,'),
        (b'"asset":"sw-01"', b'"asset":"sw-01","asset":"sw-01"'),
        (b'"class":"technical"', b'"bytes":9,"class":"technical"'),
        (b'"redactions":0', b'"redactions":0,"redactions":0'),
        (b'"salt":16', b'"salt":16,"salt":16'),
        (b'"redactions":0', b'"redactions":0,"transport":"ssh"'),
        (b'"ttl_s":86400', b'"ttl_s":86400,"ttl_s":86400'),
    ],
)
def test_a_member_that_stands_twice_is_found(once: bytes, more: bytes) -> None:
    assert once in PAYLOAD
    assert not same_as_row_by_row(PAYLOAD.replace(once, more, 1))


@pytest.mark.parametrize("step", [5, pytest.param(1, marks=pytest.mark.exhaustive)])
def test_every_damaged_byte_is_found(step: int) -> None:
    """Whatever is accepted with one byte changed says something else, and says it both ways."""
    whole = read_part(parse(PAYLOAD)), HERE.origin
    for place, byte in list(enumerate(PAYLOAD))[::step]:
        for other in {byte ^ 1, byte ^ 32, ord('"'), ord("}"), ord("0"), ord("\\")} - {byte}:
            damaged = PAYLOAD[:place] + bytes([other]) + PAYLOAD[place + 1 :]
            if same_as_row_by_row(damaged):
                statement = parse(damaged)
                assert (read_part(statement), statement.log) != whole, damaged[max(0, place - 40) : place + 40]


def test_salts_are_read_apart_and_looked_at_as_row_by_row() -> None:
    apart = set_apart(PAYLOAD)
    assert apart is not None
    assert next(iter(apart.captures)).salt == 16
    again = PERSONAL._replace(at="2026-07-22T02:00:09Z")
    moving = PERSONAL._replace(volatile=Segment(blob=PACKED, offset=0, length=1))
    for captures in ((PERSONAL._replace(bytes=15),), (PERSONAL, again), (moving,)):
        assert set_apart(payload(captures)) is not None
        assert not same_as_row_by_row(payload(captures))
    for was, becomes in ((b'"salt":16', b'"salt":17'), (b'"class":"personal"', b'"class":"technical"')):
        assert set_apart(PAYLOAD.replace(was, becomes)) is None
        assert not same_as_row_by_row(PAYLOAD.replace(was, becomes))


_PIECES = (
    b'"', b",", b"{", b"}", b"[", b"]", b"0", b" ", b"\\", b"],", b'],"chunk":', b'"captures":[', b'"chunk":0,',
    b'"transport":"ssh",', b'"took_ms":1,', b'"asset":"x",', b'"at":"2026-07-22T02:00:00Z",', b'"access":{"a":{"b":1},',
    PAYLOAD[PAYLOAD.index(b'{"asset"') : PAYLOAD.index(b'{"access"')], b',"volatile":{}', b'"complete":true,',
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, len(PAYLOAD)), st.integers(0, 60), st.sampled_from((b"", *_PIECES))),
        min_size=1,
        max_size=3,
    )
)
def test_what_is_cut_out_or_put_in_is_read_as_row_by_row(edits: list[tuple[int, int, bytes]]) -> None:
    data = PAYLOAD
    for place, cut, piece in edits:
        data = data[:place] + piece + data[place + cut :]
    same_as_row_by_row(data)


def test_a_name_that_is_too_long_is_refused_though_its_subject_says_the_same() -> None:
    for length, taken in (1024, True), (1025, False):
        question = b"q" * (length - len("sw-01/"))
        data = payload((SSH,)).replace(b'"question":"version"', b'"question":"%b"' % question)
        data = data.replace(b'"name":"sw-01/version"', b'"name":"sw-01/%b"' % question)
        assert same_as_row_by_row(data) is taken


@pytest.mark.parametrize("piece", [b"", b',"took_ms":x,', b',"sealed":{', b',"class":'])
def test_what_looks_like_rows_and_is_none_takes_no_longer_than_its_bytes(piece: bytes) -> None:
    """Row after row that does not end: looked for from each place on, 2 MB would take minutes."""
    row = b'{"asset":"x","at":"","blob":"","bytes":,"class":' + piece
    begin = PAYLOAD.index(b'"captures":[') + len(b'"captures":[')
    before = process_time()
    assert set_apart(PAYLOAD[:begin] + row * (2_000_000 // len(row)) + b'],"chunk":') is None
    assert process_time() - before < 5


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        (b'"took_ms":410,"transport":"ssh"', b'"transport":"ssh","took_ms":410'),
        (b'"bytes":9,', b'"bytes":09,'),
        (b'"took_ms":410', b'"took_ms":410.0'),
        (b"},{", b"}, {"),
        (b'{"asset":"sw-01","at"', b'{ "asset":"sw-01","at"'),
        (b'"ttl_s":86400}', b'"ttl_s":86400,"x":1}'),
        (b'"class":"technical"', b'"class":"other"'),
        (b'"complete":true', b'"complete":true,"complete":true'),
        (b'"at":"2026-07-22T02:00:00Z"', b'"at":"2026-07-22T02:00:60Z"'),
        (b'"name":"sw-01/version"', b'"name":"sw-02/version"'),
        (b'"Presse \xc3\x9c"', b'"Presse \\u00dc"'),
        (b'"name":"plan"}', b'"name":"plan"},{"digest":{"sha256":"' + b"0" * 64 + b'"},"name":"more/one"}'),
        (b'"offset":2', b'"offset":3'),
        (b'"clock":{', b'"clock":{"captures":[{"asset":"x"}],'),
    ],
)
def test_each_of_these_is_refused(was: bytes, becomes: bytes) -> None:
    assert was in PAYLOAD
    damaged = PAYLOAD.replace(was, becomes, 1)
    if b"clock" in was:
        assert same_as_row_by_row(damaged)  # what is said for people is free, and moves no rows
        assert tuple(read_part(parse(damaged)).captures) == CAPTURES
    else:
        assert not same_as_row_by_row(damaged)
