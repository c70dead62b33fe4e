"""Parts: what is written is what is read, and nothing that was not written is read."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.errors import Error
from evidence.log import part as module
from evidence.log.canonical import dumps, loads
from evidence.log.fields import ShapeError
from evidence.log.note import Checkpoint
from evidence.log.part import After, PartStatement, part_predicate, part_subjects, read_part
from evidence.log.rows import capture_row, outcome_row, read_capture, read_outcome
from evidence.log.statement import Statement, Subject
from evidence.model.capture import SNMP_AUTHENTICATION, SNMP_PRIVACY, Access, Capture, Original, Segment
from evidence.model.names import AssetId, digest_of
from evidence.model.outcome import Outcome, Result
from evidence.store.layout import KeyNameError

PLAN, LIST, BLOB, PACKED, LOG = (digest_of(name) for name in (b"plan", b"list", b"blob", b"packed", b"log"))
AT = datetime(2026, 7, 22, 2, 0, tzinfo=UTC)
HERE = Checkpoint(origin="plantproof.example/acme/81d1245bc5d5caec", size=17, root="8" * 64)
CAPTURE = Capture(
    asset=AssetId("sw-01"),
    platform="cisco_ios",
    question="system",
    transport="snmp",
    request="walk 1.3",
    at="2026-07-22T02:00:00Z",
    took_ms=41,
    blob=BLOB,
    bytes=4,
    ttl_s=60,
    volatile=Segment(blob=PACKED, offset=2, length=3),
    redactions=2,
    reason="cut off",
    complete=False,
    host_key="SHA256:x",
    classification="personal",
)
PLAIN = Capture(
    asset=AssetId("Presse Ü"),
    platform=None,
    question="x",
    transport="local",
    request="uname",
    at="2026-07-22T02:00:01Z",
    took_ms=0,
    blob=LOG,
    bytes=3,
    ttl_s=0,
)


def predicate(**changes: object) -> dict[str, object]:
    given: dict[str, object] = {
        "run": "run-1",
        "slot": "nightly-20260722T0200Z",
        "label": "1/3",
        "chunk": 0,
        "last": True,
        "previous": [LOG, BLOB],
        "after": HERE,
        "assets": LIST,
        "assets_bytes": 9,
        "started": AT,
        "ended": AT,
        "clock": {"source": "chrony"},
        "tool": {"version": "1"},
        "run_by": {},
        "outcomes": [Outcome(asset=AssetId("sw-01"), result=Result.PARTIAL, reason="cut off")],
        "captures": [CAPTURE, PLAIN],
        "conduct": {"log": LOG, "log_bytes": 3},
        "redaction": {"key": "k1"},
        "packed": {PACKED: 5},
    }
    return {**part_predicate(**{**given, **changes}), "log": HERE.origin}  # type: ignore[arg-type]


def read(value: Mapping[str, object], captures: tuple[Capture, ...] = (CAPTURE, PLAIN)) -> PartStatement:
    through = loads(dumps(value))
    assert isinstance(through, dict)
    return read_part(Statement(kind="part", subjects=part_subjects(PLAN, captures), predicate=through))


def test_a_part_is_read_back() -> None:
    part = read(predicate())
    assert (part.plan, part.run, part.slot, part.label) == (PLAN, "run-1", "nightly-20260722T0200Z", "1/3")
    assert (part.chunk, part.last, part.after) == (0, True, After(size=17, root="8" * 64))
    assert part.previous == tuple(sorted((LOG, BLOB)))
    assert (part.assets, part.assets_bytes, dict(part.packed)) == (LIST, 9, {PACKED: 5})
    assert (part.started, part.ended) == ("2026-07-22T02:00:00Z", "2026-07-22T02:00:00Z")
    assert (dict(part.clock), dict(part.tool), dict(part.run_by)) == ({"source": "chrony"}, {"version": "1"}, {})
    assert part.outcomes == (Outcome(asset=AssetId("sw-01"), result=Result.PARTIAL, reason="cut off"),)
    assert part.captures == (CAPTURE, PLAIN)
    assert (dict(part.conduct), dict(part.redaction)) == ({"log": LOG, "log_bytes": 3}, {"key": "k1"})
    assert (part.platforms, part.platforms_bytes) == (None, None)


def test_every_blob_stands_beside_its_length() -> None:
    known = digest_of(b"platforms")
    assert dict(read(predicate()).blobs()) == {LIST: 9, BLOB: 4, PACKED: 5, LOG: 3}
    assert dict(read(predicate(platforms=known)).blobs()) == {LIST: 9, BLOB: 4, PACKED: 5, LOG: 3}
    assert read(predicate(platforms=known, platforms_bytes=8)).blobs()[known] == 8
    assert dict(read(predicate(conduct={})).blobs()) == {LIST: 9, BLOB: 4, PACKED: 5, LOG: 3}


def test_one_blob_has_one_length() -> None:
    with pytest.raises(ShapeError, match="9 and 4 bytes"):
        read(predicate(captures=[CAPTURE._replace(blob=LIST), PLAIN]), (CAPTURE._replace(blob=LIST), PLAIN)).blobs()


def test_a_log_without_leaves_is_no_after() -> None:
    assert read(predicate(after=None)).after is None
    assert read(predicate(after=replace(HERE, size=0))).after is None
    assert predicate(after=HERE)["after"] == {"size": 17, "root": "8" * 64}


def test_subjects_are_the_plan_and_each_answer_once() -> None:
    again = CAPTURE._replace(at="2026-07-22T02:09:00Z")
    assert part_subjects(PLAN, (CAPTURE, again, PLAIN)) == (
        Subject(name="plan", digest=PLAN),
        Subject(name="sw-01/system", digest=BLOB),
        Subject(name="Presse Ü/x", digest=LOG),
    )


def test_subjects_that_are_not_the_captures_are_refused() -> None:
    for captures in ((), (CAPTURE,), (PLAIN, CAPTURE), (CAPTURE, PLAIN._replace(blob=BLOB))):
        with pytest.raises(ShapeError, match="subjects"):
            read(predicate(), captures)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("slot", "nightly"),
        ("run", ""),
        ("run", "x" * 201),
        ("label", ""),
        ("label", "x" * 201),
        ("chunk", -1),
        ("chunk", True),
        ("last", 1),
        ("previous", [LOG, LOG]),
        ("previous", sorted((LOG, BLOB), reverse=True)),
        ("previous", ["x"]),
        ("previous", [1]),
        ("previous", None),
        ("after", {"size": 0, "root": "8" * 64}),
        ("after", {"size": 1}),
        ("after", {"size": 1, "root": "8" * 65}),
        ("after", 1),
        ("assets", "x"),
        ("assets_bytes", -1),
        ("packed", {}),
        ("packed", [1]),
        ("packed", [{"blob": PACKED}]),
        ("packed", []),
        ("packed", [{"blob": PACKED, "bytes": 4}]),
        ("packed", [{"blob": PACKED, "bytes": 5}] * 2),
        ("started", "x"),
        ("ended", None),
        ("clock", []),
        ("tool", 1),
        ("run_by", None),
        ("outcomes", {}),
        ("outcomes", [1]),
        ("captures", None),
        ("captures", [1]),
        ("conduct", []),
        ("conduct", {"log": LOG}),
        ("conduct", {"log_bytes": 1}),
        ("conduct", {"log": "x", "log_bytes": 1}),
        ("conduct", {"log": LOG, "log_bytes": -1}),
        ("conduct", {"log": LOG, "log_bytes": True}),
        ("redaction", "x"),
        ("platforms", "x"),
        ("platforms_bytes", -1),
        ("extra", 1),
    ],
)
def test_what_we_would_not_have_written_is_not_read(key: str, value: object) -> None:
    with pytest.raises(Error):
        read({**predicate(), key: value})


@pytest.mark.parametrize("key", sorted(predicate()))
def test_nothing_may_be_missing(key: str) -> None:
    value = predicate()
    del value[key]
    with pytest.raises(ShapeError, match=key):
        read(value)


def test_packed_blobs_stand_in_order() -> None:
    rows = [{"blob": digest, "bytes": 5} for digest in sorted((PACKED, LOG), reverse=True)]
    with pytest.raises(ShapeError, match="in order"):
        read({**predicate(), "packed": rows})
    assert len(read({**predicate(), "packed": rows[::-1]}).packed) == 2


def test_a_segment_lies_inside_its_blob() -> None:
    assert read(predicate(packed={PACKED: 5})).captures
    with pytest.raises(ShapeError, match="outside"):
        read(predicate(packed={PACKED: 4}))


SALTED = PLAIN._replace(
    blob=digest_of(b"r" * 16 + b"jdoe"), bytes=20, classification="personal", salt=16, asset=AssetId("host-1")
)


def test_a_personal_answer_says_how_long_its_salt_is() -> None:
    assert capture_row(SALTED)["salt"] == 16
    assert "salt" not in capture_row(PLAIN)
    assert read(predicate(captures=[SALTED, PLAIN]), (SALTED, PLAIN)).captures == (SALTED, PLAIN)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"class": "technical"}, "salt: stands beside a personal answer, found beside a technical one"),
        ({"salt": 0}, "salt: expected 16 bytes, found 0"),
        ({"salt": 8}, "salt: expected 16 bytes, found 8"),
        ({"salt": "16"}, "salt"),
        ({"salt": True}, "salt"),
        ({"bytes": 15}, "of 15 bytes is shorter than its salt"),
        ({"volatile": {"blob": PACKED, "offset": 0, "length": 1}}, "has a volatile segment"),
    ],
)
def test_a_salt_that_cannot_be_is_refused(changes: Mapping[str, object], words: str) -> None:
    with pytest.raises(ShapeError, match=words):
        read({**predicate(), "captures": [{**capture_row(SALTED), **changes}]}, (SALTED,))


@pytest.mark.parametrize(
    ("changes", "others"),
    [
        ({"assets": SALTED.blob, "assets_bytes": 20}, ()),
        ({"packed": {SALTED.blob: 20}}, ()),
        ({"conduct": {"log": SALTED.blob, "log_bytes": 20}}, ()),
        ({"platforms": SALTED.blob, "platforms_bytes": 20}, ()),
        ({}, (PLAIN._replace(blob=SALTED.blob, bytes=20),)),
        ({}, (SALTED._replace(at="2026-07-22T02:00:09Z"),)),
    ],
)
def test_nothing_else_has_the_blob_of_a_personal_answer(
    changes: Mapping[str, object], others: tuple[Capture, ...]
) -> None:
    assert read(predicate(captures=[SALTED, PLAIN]), (SALTED, PLAIN))
    with pytest.raises(ShapeError, match="host-1: a personal answer shares its blob"):
        read(predicate(captures=[SALTED, *others], **changes), (SALTED, *others))


def test_a_wrong_slot_is_not_written() -> None:
    with pytest.raises(KeyNameError):
        predicate(slot="x")


def test_references_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_PREVIOUS", 1)
    with pytest.raises(ShapeError, match="expected 0 to 1 digests"):
        read(predicate())


_TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
_N = st.integers(0, 2**40)
_KNOWN = st.sampled_from(["secret", "default"])
_ACCESS = st.builds(
    lambda version, known: Access(version=version, community=f"<{known}:snmp-community:k1:{'0a' * 10}>"),
    st.sampled_from(["1", "2c"]),
    _KNOWN,
) | st.builds(
    lambda user, auth, priv: Access(version="3", user=user, auth=auth, priv=priv if auth else None),
    _TEXT,
    st.none() | st.sampled_from(SNMP_AUTHENTICATION),
    st.none() | st.sampled_from(SNMP_PRIVACY),
)
_CAPTURES = st.builds(
    Capture,
    asset=_TEXT.map(AssetId),
    platform=st.none() | _TEXT,
    question=_TEXT,
    transport=_TEXT,
    request=_TEXT,
    at=st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)).map(lambda at: f"{at:%Y-%m-%dT%H:%M:%SZ}"),  # noqa: DTZ001
    took_ms=_N,
    blob=st.just(BLOB),
    bytes=_N,
    ttl_s=_N,
    classification=st.sampled_from(["technical", "personal"]),
    redactions=_N,
    volatile=st.none() | st.builds(Segment, blob=st.just(PACKED), offset=_N, length=_N),
    host_key=st.none() | _TEXT,
    access=st.none(),
    link=st.none(),
    original=st.none() | st.builds(Original, digest=st.just(BLOB), bytes=st.integers(1, 2**53 - 1)),
    complete=st.booleans(),
    reason=st.none() | _TEXT,
    salt=st.just(0),
) | st.builds(lambda capture: capture._replace(classification="personal", salt=16), st.deferred(lambda: _CAPTURES))


@given(_CAPTURES)
def test_every_capture_is_read_back(capture: Capture) -> None:
    assert read_capture(loads(dumps(capture_row(capture)))) == capture


@given(_CAPTURES, _ACCESS)
def test_as_what_snmp_was_asked_is_read_back(capture: Capture, access: Access) -> None:
    asked = capture._replace(transport="snmp", access=access)
    assert read_capture(loads(dumps(capture_row(asked)))) == asked


TAG = f"<secret:snmp-community:k1:{'0a' * 10}>"
USER = {"version": "3", "user": "audit", "level": "authPriv", "auth": "sha256", "priv": "aes128"}


def test_the_level_of_security_stands_beside_the_protocols() -> None:
    assert capture_row(CAPTURE._replace(access=Access(version="3", user="u")))["access"] == {
        "version": "3",
        "user": "u",
        "level": "noAuthNoPriv",
    }
    assert read_capture({**capture_row(CAPTURE), "access": USER}).access == Access(
        version="3", user="audit", auth="sha256", priv="aes128"
    )


@pytest.mark.parametrize(
    "access",
    [
        {"version": "2c", "community": "Pl4nt-read"},
        {"version": "2c", "community": TAG.replace("snmp-community", "password")},
        {"version": "2c", "community": f"{TAG} Pl4nt-read"},
        {"version": "2c", "community": TAG.replace("0a", "0A")},
        {"version": "2c", "community": TAG, "user": "audit"},
        {"version": "2", "community": TAG},
        {"version": "2c"},
        {**USER, "community": TAG},
        {**USER, "auth_key": "x"},
        {**USER, "level": "authNoPriv"},
        {**USER, "auth": "none"},
        {**USER, "priv": "rot13"},
        {"version": "3", "user": "audit", "level": "authPriv", "priv": "aes128"},
        {**USER, "user": "x" * 257},
        {"version": "3", "user": "audit"},
        {},
        None,
        "2c",
    ],
)
def test_as_what_snmp_was_asked_is_strict_and_has_no_place_for_a_community(access: object) -> None:
    with pytest.raises(ShapeError) as refused:
        read_capture({**capture_row(CAPTURE), "access": access})
    assert "Pl4nt-read" not in str(refused.value)


def test_only_snmp_is_asked_as_somebody_in_this_way() -> None:
    with pytest.raises(ShapeError, match="beside 'local'"):
        read_capture({**capture_row(PLAIN), "access": USER})


@given(st.builds(Outcome, asset=_TEXT.map(AssetId), result=st.sampled_from(Result), reason=st.none() | _TEXT))
def test_every_outcome_is_read_back(outcome: Outcome) -> None:
    assert read_outcome(loads(dumps(outcome_row(outcome)))) == outcome


def test_a_row_says_only_what_is_known() -> None:
    assert outcome_row(Outcome(asset=AssetId("a"), result=Result.COLLECTED)) == {"asset": "a", "result": "collected"}
    assert not {"platform", "reason", "host_key", "volatile", "access"} & capture_row(PLAIN).keys()
    assert capture_row(CAPTURE)["class"] == "personal"
    assert capture_row(CAPTURE)["volatile"] == {"blob": PACKED, "offset": 2, "length": 3}


@pytest.mark.parametrize("key", sorted(capture_row(PLAIN)))
def test_a_row_is_whole(key: str) -> None:
    row = capture_row(PLAIN)
    del row[key]
    with pytest.raises(ShapeError, match=key):
        read_capture(row)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("class", "secret"),
        ("at", "x"),
        ("blob", "x"),
        ("bytes", -1),
        ("took_ms", True),
        ("complete", 1),
        ("volatile", {}),
        ("volatile", None),
        ("volatile", {"blob": BLOB, "offset": -1, "length": 1}),
        ("host_key", ""),
        ("extra", 1),
        ("asset", ""),
        ("reason", None),
    ],
)
def test_a_row_is_strict(key: str, value: object) -> None:
    with pytest.raises(ShapeError):
        read_capture({**capture_row(PLAIN), key: value})


@pytest.mark.parametrize(
    "row", [{}, {"asset": "a"}, {"asset": "a", "result": "ok"}, {"asset": "a", "result": "collected", "x": 1}, 1]
)
def test_an_outcome_is_strict(row: object) -> None:
    with pytest.raises(ShapeError):
        read_outcome(row)
