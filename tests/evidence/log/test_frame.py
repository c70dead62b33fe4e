"""A frame that is read in one go is what it is member by member, and nothing is accepted that is refused there."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from evidence.errors import Error
from evidence.log.canonical import MAX_DEPTH
from evidence.log.frame import FREE, MAX_PREVIOUS, read_frame
from evidence.log.note import Checkpoint
from evidence.log.part import PartStatement, part_predicate, part_subjects, read_part
from evidence.log.statement import Statement, build, parse
from evidence.model.capture import Capture
from evidence.model.names import AssetId, Digest, digest_of
from evidence.model.outcome import Outcome, Result

PLAN, LIST, BLOB, PACKED, MORE, RULES = (digest_of(name) for name in (b"p", b"l", b"b", b"k", b"m", b"r"))
AT = datetime(2026, 7, 22, 2, 0, tzinfo=UTC)
HERE = Checkpoint(origin="plantproof.example/acme/81d1245bc5d5caec", size=17, root="8" * 64)
CAPTURE = Capture(
    asset=AssetId("sw-01"), platform="cisco_ios", question="version", transport="ssh", request="show version",
    at="2026-07-22T02:00:00Z", took_ms=410, blob=BLOB, bytes=9, ttl_s=86_400,
)  # fmt: skip
OUTCOMES = (
    *(Outcome(asset=AssetId(f"sw-{one}"), result=one) for one in Result),
    Outcome(asset=AssetId("Presse Ü"), result=Result.PARTIAL, reason='cut off, it says "'),
)


def payload() -> bytes:
    predicate = part_predicate(
        run="run-1", slot="nightly-20260722T0200Z", label="1/1", chunk=0, last=True, previous=[PACKED, MORE, BLOB],
        after=HERE, assets=LIST, assets_bytes=9, started=AT, ended=AT, clock={"source": "chrony", "off": [None, -3]},
        tool={"version": "1"}, run_by={}, outcomes=OUTCOMES, captures=[CAPTURE], redaction={"key": "k1"},
        conduct={"requests": 3, "log": RULES, "log_bytes": 7}, packed={PACKED: 5, MORE: 0},
        platforms=RULES, platforms_bytes=4,
    )  # fmt: skip
    return build("part", part_subjects(PLAN, [CAPTURE]), {**predicate, "log": HERE.origin})


PAYLOAD = payload()
ODD = (
    None, True, False, 0, -1, 1, 9, 1.0, 2**53 - 1, 2**53, 2**64, "", "x", "part", "plan", "ü" * 65, "ü" * 201,
    "sha256:" + "0" * 64, "sha256:" + "A" * 64, "sha256:" + "0" * 64 + "\n", "0" * 64, "2026-07-22T02:00:00Z",
    "2026-02-30T02:00:00Z", "collected", "Collected", [], {}, [[]], [{}], {"a": 1}, {"A": 1}, {"b": 1, "a": 2},
    {"a": 1.5}, {"a": {"b": [2**53]}}, [LIST], [LIST, LIST],
)  # fmt: skip


def in_one_go(data: bytes) -> PartStatement | None:
    statement = parse(data)
    return read_part(statement) if statement.framed else None


def member_by_member(data: bytes, monkeypatch: pytest.MonkeyPatch) -> PartStatement:
    with monkeypatch.context() as patch:
        patch.setattr("evidence.log.statement.read_frame", lambda _: None)
        statement = parse(data)
        assert not statement.framed
        return read_part(statement)


def agree(data: bytes, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Tell whether a payload was read in one go; where it was, it must be the same member by member."""
    try:
        quick = in_one_go(data)
    except Error:
        with pytest.raises(Error):
            member_by_member(data, monkeypatch)
        return False
    if quick is not None:
        other = member_by_member(data, monkeypatch)
        assert quick == other
        assert [type(one) for one in quick] == [type(one) for one in other]
    return quick is not None


def places(value: object) -> Iterator[tuple[object, object]]:
    """Yield each container and each key in it, however deep."""
    for key in list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield value, key
        yield from places(value[key])  # type: ignore[index]


def written(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode("utf-8", "surrogatepass")


def test_an_ordinary_part_is_read_in_one_go(monkeypatch: pytest.MonkeyPatch) -> None:
    assert agree(PAYLOAD, monkeypatch)
    statement = parse(PAYLOAD)
    assert (statement.log, statement.kind, len(statement.subjects)) == (HERE.origin, "part", 1)
    part = read_part(statement)
    assert part.outcomes == OUTCOMES
    assert part.previous == tuple(sorted((PACKED, MORE, BLOB)))
    assert dict(part.packed) == {PACKED: 5, MORE: 0}


def test_whatever_stands_in_the_place_of_a_member_is_read_both_ways_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    count = len(list(places(json.loads(PAYLOAD))))
    quick = 0
    for number in range(count):
        for odd in ODD:
            value = json.loads(PAYLOAD)
            container, key = list(places(value))[number]
            container[key] = odd  # type: ignore[index]
            quick += agree(written(value), monkeypatch)
    assert count > 90
    assert quick > 200  # free members take nearly anything, others their kind


def test_a_member_too_many_or_too_few_is_read_both_ways_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    count = len(list(places(json.loads(PAYLOAD))))
    for number in range(count):
        value = json.loads(PAYLOAD)
        container, key = list(places(value))[number]
        del container[key]  # type: ignore[attr-defined]
        agree(written(value), monkeypatch)
        value = json.loads(PAYLOAD)
        container, key = list(places(value))[number]
        if isinstance(container, dict):
            container["extra"] = 1
        assert isinstance(container, list | dict)
        agree(written(value), monkeypatch)


@pytest.mark.parametrize("name", ["chunk", "label", "clock", "outcomes", "packed", "started", "run_by"])
def test_members_out_of_order_or_twice_are_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    member = b'"%b":' % name.encode() + written(json.loads(PAYLOAD)["predicate"][name]) + b","
    assert PAYLOAD.count(member) == 1
    for damaged in (
        PAYLOAD.replace(member, b"").replace(b'"ended":', member + b'"ended":', 1),
        PAYLOAD.replace(member, member + member),
        PAYLOAD.replace(member, member.replace(b":", b": ", 1)),
    ):
        if damaged != PAYLOAD:
            assert not agree(damaged, monkeypatch)


@pytest.mark.parametrize("name", FREE)
def test_what_is_for_people_goes_no_deeper_than_elsewhere(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for levels in range(MAX_DEPTH - 4, MAX_DEPTH + 3):
        value = json.loads(PAYLOAD)
        deep: object = 1
        for _ in range(levels):
            deep = [deep]
        value["predicate"][name] = {"deep": deep}
        assert agree(written(value), monkeypatch) is (levels + 3 <= MAX_DEPTH)


def test_a_reader_of_json_that_knows_more_than_json_lets_nothing_through(monkeypatch: pytest.MonkeyPatch) -> None:
    for odd in (b"NaN", b"Infinity", b"-Infinity", b"1e2", b"1.0", b"-0", b"01", b'"\\ud800"', b'"\xff"', b"[1,]"):
        for was in (b'"source":"chrony"', b'"requests":3', b'"assets_bytes":9'):
            assert not agree(PAYLOAD.replace(was, was.partition(b":")[0] + b":" + odd, 1), monkeypatch)


def test_too_many_earlier_ones_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    value = json.loads(PAYLOAD)
    for count, quick in ((MAX_PREVIOUS, True), (MAX_PREVIOUS + 1, False)):
        value["predicate"]["previous"] = [f"sha256:{number:064x}" for number in range(count)]
        assert agree(written(value), monkeypatch) is quick


def test_no_payload_with_captures_is_a_frame() -> None:
    assert read_frame(PAYLOAD) is None


def test_other_statements_have_no_frame() -> None:
    predicate = {"log": HERE.origin, "plan": PLAN}
    statement = parse(build("plan", part_subjects(PLAN, ()), predicate))
    assert isinstance(statement, Statement)
    assert not statement.framed
    assert Digest(statement.subjects[0].digest) == PLAN
