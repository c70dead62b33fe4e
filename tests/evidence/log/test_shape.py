"""A part whose shape is looked at in one go is what it is member by member, and nothing more is accepted."""

import json
import zipfile
from base64 import b64decode
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from evidence.errors import Error
from evidence.log.apart import set_apart
from evidence.log.canonical import dumps, loads
from evidence.log.note import Checkpoint
from evidence.log.part import PartStatement, headed, part_predicate, part_subjects, read_part
from evidence.log.shape import shape_of
from evidence.log.statement import _parse, build, parse
from evidence.model.capture import Capture
from evidence.model.names import AssetId, digest_of
from evidence.model.outcome import Outcome, Result

PLAN, LIST, BLOB, LOG, PACKED, OTHER = (digest_of(name) for name in (b"plan", b"list", b"blob", b"log", b"p", b"o"))
BEFORE = sorted((OTHER, BLOB))
VECTORS = Path(__file__).parents[2] / "vectors"
AT = datetime(2026, 7, 22, 2, 0, tzinfo=UTC)
HERE = Checkpoint(origin="plantproof.example/acme/81d1245bc5d5caec", size=17, root="8" * 64)
CAPTURE = Capture(
    asset=AssetId("Presse Ü"),
    platform="cisco_ios",
    question="version",
    transport="ssh",
    request="show version",
    at="2026-07-22T02:00:00Z",
    took_ms=410,
    blob=BLOB,
    bytes=9,
    ttl_s=86_400,
)


def payload(**more: Any) -> bytes:
    told: dict[str, Any] = {
        "run": "run-1", "slot": "nightly-20260722T0200Z", "label": "1/1", "chunk": 0, "last": True,
        "previous": BEFORE, "after": HERE, "assets": LIST, "assets_bytes": 9, "started": AT, "ended": AT,
        "clock": {"source": "chrony", "offset_ms": -3, "synchronised": True, "stratum": None}, "tool": {"version": "1"},
        "run_by": {}, "captures": [CAPTURE], "packed": {PACKED: 5, OTHER: 7}, "platforms": LIST, "platforms_bytes": 9,
        "conduct": {"log": LOG, "log_bytes": 5}, "redaction": {"key": "k1"},
        "outcomes": [
            Outcome(asset=AssetId("Presse Ü"), result=Result.COLLECTED),
            Outcome(asset=AssetId("press-2"), result=Result.LEFT_ALONE, reason="held: \"do not touch\""),
        ],
    }  # fmt: skip
    predicate = part_predicate(**{**told, **more})
    return build("part", part_subjects(PLAN, [CAPTURE]), {**predicate, "log": HERE.origin})


PAYLOAD = payload()


def member_by_member(data: bytes) -> tuple[PartStatement, dict[str, object]]:
    found = _parse(loads(data))
    assert not found.shaped
    return read_part(found), dict(headed(found).predicate)


def shaped(data: bytes) -> bool:
    apart = set_apart(data)
    return apart is not None and shape_of(apart.rest) is not None


def test_an_ordinary_part_is_the_same_both_ways() -> None:
    statement = parse(PAYLOAD)
    assert statement.shaped
    assert statement.log == HERE.origin
    part, kept = member_by_member(PAYLOAD)
    assert read_part(statement) == part
    assert repr(read_part(statement)._replace(captures=())) == repr(part._replace(captures=()))
    assert dict(headed(statement).predicate) == kept
    assert part.outcomes[1].reason == 'held: "do not touch"'


def test_the_parts_of_frozen_bundles_are_ordinary() -> None:
    seen = 0
    for path in sorted(VECTORS.glob("bundle-*/*.zip"))[::8]:
        with zipfile.ZipFile(path) as archive:
            for name in (name for name in archive.namelist() if "/statements/part/" in name):
                data = b64decode(json.loads(archive.read(name))["payload"])
                if set_apart(data) is not None:
                    seen += 1
                    assert shaped(data), name
                    assert read_part(parse(data)) == member_by_member(data)[0]
    assert seen


@pytest.mark.parametrize(
    "more",
    [
        {"clock": {"servers": ["a", "b"]}},
        {"redaction": {"found": {"password": 3}}},
        {"tool": {}},
        {"after": None},
        {"packed": {}},
        {"previous": []},
        {"platforms_bytes": None},
        {"platforms": None, "platforms_bytes": None},
        {"outcomes": []},
    ],
)
def test_other_parts_are_the_same_both_ways(more: dict[str, Any]) -> None:
    data = payload(**more)
    assert read_part(parse(data)) == member_by_member(data)[0]
    nested = any(
        isinstance(value, list | dict) for one in more.values() if isinstance(one, dict) for value in one.values()
    )
    assert shaped(data) is not nested


WRONG: dict[str, tuple[str, str]] = {
    "a member more": ('"assets_bytes":9', '"assets_bytes":9,"b":1'),
    "a member less": ('"last":true,', ""),
    "a member twice": ('"chunk":0', '"chunk":0,"chunk":0'),
    "members out of order": ('"chunk":0,"clock":{}', '"clock":{},"chunk":0'),
    "members of a map out of order": ('{"log":', '{"pace":"x","log":'),
    "a member of a map twice": ('"offset_ms":-3', '"offset_ms":-3,"offset_ms":-3'),
    "a key of a map that is none": ('"offset_ms"', '"Offset"'),
    "a fraction": ('"offset_ms":-3', '"offset_ms":-3.0'),
    "an exponent": ('"offset_ms":-3', '"offset_ms":3e0'),
    "an integer too large": ('"offset_ms":-3', f'"offset_ms":{2**53}'),
    "an integer too small": ('"offset_ms":-3', f'"offset_ms":-{2**53}'),
    "no number": ('"offset_ms":-3', '"offset_ms":NaN'),
    "minus nothing": ('"chunk":0', '"chunk":-0'),
    "a length too large": ('"assets_bytes":9', f'"assets_bytes":{2**53}'),
    "a truth for a number": ('"chunk":0', '"chunk":true'),
    "a number for a truth": ('"last":true', '"last":1'),
    "a text for a number": ('"chunk":0', '"chunk":"0"'),
    "an escape that need not be": ('"1/1"', '"1\\/1"'),
    "half of a surrogate pair": ('"1/1"', '"\\ud800"'),
    "a space": ('"chunk":0', '"chunk": 0'),
    "an end of a line": ('"chunk":0,', '"chunk":0,\n'),
    "no label": ('"label":"1/1"', '"label":""'),
    "a long label": ('"label":"1/1"', f'"label":"{"1" * 201}"'),
    "a digest in capitals": (LIST, LIST.upper().replace("SHA", "sha")),
    "a digest and a line's end": (LIST, LIST + "\\n"),
    "a digest of another kind": (LIST, LIST.replace("sha256", "sha512")),
    "a day there is not": ('"ended":"2026-07-22', '"ended":"2026-02-30'),
    "a time of another zone": ('"ended":"2026-07-22T02:00:00Z"', '"ended":"2026-07-22T02:00:00+00:00"'),
    "a slot that is none": ('"slot":"nightly-20260722T0200Z"', '"slot":"../nightly"'),
    "a result there is not": ('"result":"collected"', '"result":"fine"'),
    "an outcome of nobody": ('{"asset":"press-2","reason"', '{"asset":"","reason"'),
    "an outcome that says more": ('"result":"collected"', '"result":"collected","why":"x"'),
    "a log's length alone": (f'"log":"{LOG}",', ""),
    "previous parts out of order": (f'"{BEFORE[0]}","{BEFORE[1]}"', f'"{BEFORE[1]}","{BEFORE[0]}"'),
    "a previous part twice": (f'"{BEFORE[1]}"]', f'"{BEFORE[1]}","{BEFORE[1]}"]'),
    "no root": ('"root":"' + "8" * 64, '"root":"'),
    "no size": ('"size":17', '"size":0'),
    "another type": ("urn:plantproof:part:v1", "urn:plantproof:part:v2"),
    "another statement": ("in-toto.io/Statement/v1", "in-toto.io/Statement/v2"),
    "a plan of another name": ('"name":"plan"', '"name":"plans"'),
    "a byte more": ('"name":"plan"}', '"name":"plan","x":1}'),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_refused_as_member_by_member(what: str) -> None:
    one, other = WRONG[what]
    data = payload(clock={} if what == "members out of order" else json.loads('{"offset_ms":-3}'))
    text = data.decode()
    assert one in text, one
    changed = text.replace(one, other, 1).encode()
    with pytest.raises(Error):
        member_by_member(changed)
    with pytest.raises(Error):
        read_part(parse(changed))


@pytest.mark.parametrize("step", [5, pytest.param(1, marks=pytest.mark.exhaustive)])
def test_every_byte_of_the_shape_counts(step: int) -> None:
    """Whatever is accepted with one byte changed says the same both ways."""
    apart = set_apart(PAYLOAD)
    assert apart is not None
    taken = 0
    for place, byte in list(enumerate(PAYLOAD))[::step]:
        for other in {byte ^ 1, byte ^ 32, ord('"'), ord("}"), ord("0"), ord("\\"), ord("."), ord(",")} - {byte}:
            changed = PAYLOAD[:place] + bytes((other,)) + PAYLOAD[place + 1 :]
            try:
                quick = read_part(parse(changed))
            except Error:
                quick = None
            try:
                slow = member_by_member(changed)[0]
            except Error:
                slow = None
            assert quick == slow, changed
            taken += quick is not None
    assert taken > 100


def test_a_map_as_deep_as_is_allowed_is_left_to_the_others() -> None:
    deep: Any = {"a": 1}
    for _ in range(11):
        deep = {"a": deep}
    data = payload(tool=deep)
    assert not shaped(data)
    assert dumps(loads(data)) == data
    assert read_part(parse(data)) == member_by_member(data)[0]
