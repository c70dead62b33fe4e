"""Every recorded device below tests/data yields the facts written beside it, and keeps none of its secrets."""

import json
from pathlib import Path

import pytest
import yaml

from collectors.redact import Redactor
from evidence.model.capture import Capture
from evidence.model.fact import Fact
from evidence.model.names import AssetId, digest_of
from evidence.normalise.facts import read_asset
from evidence.normalise.recordings import Recording, RecordingError, differences, recordings
from evidence.normalise.volatile import merge, split
from evidence.platforms.load import load_platforms
from evidence.platforms.platform import Platform, Question

DATA = Path(__file__).parents[2] / "data"
STEMS = sorted(path.name.removesuffix("#facts.json") for path in DATA.glob("*#facts.json"))
PLATFORMS = load_platforms()
REDACTOR = Redactor(key=b"\1" * 32, key_id="k1", secrets=())


def recording(stem: str) -> Recording:
    return Recording(DATA, stem)


def file(stem: str, kind: str) -> Path:
    return DATA / f"{stem}#{kind}"


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
    platform, asked = recording(stem).asked(PLATFORMS)
    return read_asset(platform, [captured(platform, question, data) for question, data in asked])


@pytest.mark.parametrize("stem", STEMS)
def test_a_recorded_device_yields_its_facts(stem: str) -> None:
    assert list(differences(recording(stem).expected, facts_of(stem))) == []


@pytest.mark.parametrize("stem", STEMS)
def test_no_secret_of_a_recorded_device_remains_and_nothing_else_goes(stem: str) -> None:
    if not file(stem, "secrets.yaml").exists():
        return
    expected = yaml.safe_load(file(stem, "secrets.yaml").read_text(encoding="utf-8"))
    platform, asked = recording(stem).asked(PLATFORMS)
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


def test_every_file_of_a_recording_is_of_a_recording() -> None:
    assert [one.stem for one in recordings(DATA)] == STEMS


def test_one_recording_at_least_was_not_made_with_our_own_recorder() -> None:
    assert list(DATA.glob("*#snmpwalk.txt"))


def test_what_is_read_and_what_was_expected_are_told_apart() -> None:
    stem = "linux#net-snmp_5.9.3"
    expected = dict(recording(stem).expected)
    expected["facts"] = {**expected["facts"], "system.name": "other", "hardware.serial": "S1"}
    expected["absent"] = ["system.contact"]
    expected["rows"] = {"interface.name": {"1": "nobody"}}
    told = list(differences(expected, facts_of(stem)))
    assert told[0] == "hardware.serial: expected 'S1', found nothing"
    assert told[1].startswith("system.name: expected 'other', found '")
    assert "system.contact: expected nothing, found 'ops@plant.example'" in told
    assert told[-1].startswith("interface.name 1: expected 'nobody', found ")


def test_a_recording_of_another_form_says_so(tmp_path: Path) -> None:
    (tmp_path / "a#b#transcript.yaml").write_text("- 1\n")
    (tmp_path / "a#b#facts.json").write_text("[]")
    (one,) = recordings(tmp_path)
    assert one.stem == "a#b"
    with pytest.raises(RecordingError, match="expected prompt and commands"):
        one.asked(PLATFORMS)
    with pytest.raises(RecordingError, match="expected platform, facts"):
        _ = one.expected
    (tmp_path / "a#b#transcript.yaml").write_text("commands: {}\n")
    with pytest.raises(RecordingError, match="no platform file is named a"):
        Recording(tmp_path, "a#b").asked(PLATFORMS)
