"""Every recorded device below tests/data yields the facts written beside it, and keeps none of its secrets."""

import json
from pathlib import Path

import pytest
import yaml

from collectors.redact import Redactor
from evidence.model.capture import Capture
from evidence.model.fact import Fact
from evidence.model.names import AssetId, digest_of
from evidence.normalise import varbinds
from evidence.normalise.facts import read_asset
from evidence.normalise.rows import answer
from evidence.normalise.volatile import merge, split
from evidence.platforms.load import load_platforms
from evidence.platforms.platform import Platform, Question

DATA = Path(__file__).parents[2] / "data"
STEMS = sorted(path.name.removesuffix("#facts.json") for path in DATA.glob("*#facts.json"))
PLATFORMS = load_platforms()
REDACTOR = Redactor(key=b"\1" * 32, key_id="k1", secrets=())


def snmpwalk(text: str) -> list[tuple[str, varbinds.Value]]:
    """Read what `snmpbulkwalk -On -Oe` prints: a second reader, of a format that is not ours."""
    found: list[tuple[str, varbinds.Value]] = []
    for line in text.splitlines():
        oid, _, rest = line.partition(" = ")
        kind, _, value = rest.partition(": ")
        if rest.startswith("No "):
            continue
        if kind == "STRING":
            read: varbinds.Value = value.strip('"').replace('\\"', '"').encode()
        elif kind == "Hex-STRING":
            read = bytes.fromhex(value)
        elif kind == "Timeticks":
            read = int(value[1 : value.index(")")])
        elif kind == "OID":
            read = value.lstrip(".")
        elif kind == "IpAddress":
            read = value
        elif rest == '""':
            read = b""
        else:
            read = int(value)
        found.append((oid.lstrip("."), read))
    return found


def file(stem: str, kind: str) -> Path:
    return DATA / f"{stem}#{kind}"


def answers(stem: str) -> tuple[Platform, list[tuple[Question, bytes]]]:
    """Return the platform of a recording, and every question it can answer with the answer."""
    if file(stem, "transcript.yaml").exists():
        recorded = yaml.safe_load(file(stem, "transcript.yaml").read_text(encoding="utf-8"))
        platform = PLATFORMS.named(stem.partition("#")[0])
        assert platform is not None
        commands = {name: text.encode() for name, text in recorded["commands"].items()}
        return platform, [(q, commands[q.objects[0]]) for q in platform.questions if q.objects[0] in commands]
    if file(stem, "snmp.txt").exists():
        found = [(bind.oid, bind.value) for bind in varbinds.decode(file(stem, "snmp.txt").read_bytes())]
    else:
        found = snmpwalk(file(stem, "snmpwalk.txt").read_text(encoding="utf-8"))
    values = dict(found)
    descr = values["1.3.6.1.2.1.1.1.0"]
    assert isinstance(descr, bytes)
    platform = PLATFORMS.match(str(values["1.3.6.1.2.1.1.2.0"]), descr.decode(), values)
    asked = [(q, answer(q, values)) for q in platform.questions if q.transport == "snmp"]
    return platform, [(q, varbinds.encode(binds)) for q, binds in asked if binds]


def captured(platform: Platform, question: Question, data: bytes) -> tuple[Capture, bytes]:
    """Redact, split and merge as a run and a reader do."""
    stable, moving = split(question, REDACTOR.capture(data, question, platform).data)
    capture = Capture(
        asset=AssetId("a"),
        platform=platform.name,
        question=question.name,
        transport=question.transport,
        request=question.request,
        at="2026-11-22T23:48:00Z",
        took_ms=1,
        blob=digest_of(stable),
        bytes=len(stable),
        ttl_s=question.ttl_s,
    )
    return capture, merge(stable, moving)


def facts_of(stem: str) -> tuple[Fact, ...]:
    platform, asked = answers(stem)
    return read_asset(platform, [captured(platform, question, data) for question, data in asked])


@pytest.mark.parametrize("stem", STEMS)
def test_a_recorded_device_yields_its_facts(stem: str) -> None:
    expected = json.loads(file(stem, "facts.json").read_text(encoding="utf-8"))
    facts = facts_of(stem)
    scalars = {fact.name: fact.value for fact in facts if fact.row is None}
    for name in ("config.sha256", "system.uptime"):
        if name not in expected["facts"]:
            scalars.pop(name, None)
    assert scalars == expected["facts"]
    assert not set(expected.get("absent", ())) & set(scalars)
    for name, rows in expected["rows"].items():
        read = {fact.row: fact.value for fact in facts if fact.name == name}
        assert {row: read.get(row) for row in rows} == rows, name


@pytest.mark.parametrize("stem", STEMS)
def test_no_secret_of_a_recorded_device_remains_and_nothing_else_goes(stem: str) -> None:
    if not file(stem, "secrets.yaml").exists():
        return
    expected = yaml.safe_load(file(stem, "secrets.yaml").read_text(encoding="utf-8"))
    platform, asked = answers(stem)
    before = b"".join(data for _, data in asked)
    after = b"".join(captured(platform, question, data)[1] for question, data in asked)
    for secret in expected["gone"]:
        assert secret.encode() in before, secret
        assert secret.encode() not in after, secret
    for text in expected["remain"]:
        assert text.encode() in after, text


@pytest.mark.parametrize("stem", STEMS)
def test_a_recording_says_where_it_is_from_and_whether_anybody_made_it_up(stem: str) -> None:
    expected = json.loads(file(stem, "facts.json").read_text(encoding="utf-8"))
    assert isinstance(expected["synthetic"], bool)
    assert expected["source"]
    assert PLATFORMS.named(expected["platform"]) is not None
    assert stem.partition("#")[0] == expected["platform"]


def test_one_recording_at_least_was_not_made_with_our_own_recorder() -> None:
    assert list(DATA.glob("*#snmpwalk.txt"))
