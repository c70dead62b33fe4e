"""
From a visit to a recording in the very form of tests/data: what was answered, without secrets and names.

Secrets become made-up ones of the same shape, so that the recording tries the rules that hide them; names, addresses
and serial numbers are disguised. What is then read of it stands beside it.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from collectors.disguise import NAMES, Disguise, suspicious
from collectors.inventory.host import Host
from collectors.redact import Redactor
from collectors.stand_ins import StandIns
from collectors.transports.interface import Value
from collectors.visit import Heard
from evidence.model.fact import Fact
from evidence.normalise import varbinds
from evidence.normalise.recordings import FACTS, SECRETS, SNMP, TRANSCRIPT, UNSTEADY, Recording, facts_of
from evidence.platforms.load import Platforms
from evidence.platforms.platform import Platform, Question

MAX_STEM = 90
"""Longest stem of a file's name, characters: file systems take 255 bytes."""

_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_.()+-]+")

Said = tuple[tuple[Question, bytes], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A recording that was written."""

    recording: Recording
    files: tuple[Path, ...]
    secrets: int
    """How many secrets got a stand-in."""
    look_at: tuple[str, ...]
    """What may still say whose device it was."""


def write_fixture(
    heard: Iterable[Heard],
    folder: Path,
    *,
    host: Host,
    known: Platforms,
    key: bytes,
    name: str | None = None,
    replace: Mapping[str, str] | None = None,
    source: str,
) -> Made:
    """
    Write what a visit heard as a recording into `folder`; return what was written.

    `name` is the platform the recording is for, where that is not the one that was recognised; `key` is 32 random
    bytes, good for one recording. What stood there under the same name is replaced.
    """
    heard = tuple(heard)
    platform = heard[-1].platform
    stand_ins = StandIns(key=key)
    redactor = Redactor.for_hosts([host], key=key, key_id="none", tagger=stand_ins)
    said = _without_secrets(heard, redactor)
    names = (host.asset.id, host.asset.address)
    disguise = Disguise.of(facts_of(platform, said), stand_ins, known=names, given=replace or {})
    said = tuple((question, _disguised(question, data, disguise)) for question, data in said)
    recording = Recording(folder, _stem(name or platform.name, facts_of(platform, said)))
    folder.mkdir(parents=True, exist_ok=True)
    files = _answers(recording, said, platform)
    files |= _secrets(recording, stand_ins, disguise, b"".join(files.values()))
    for path, data in files.items():
        path.write_bytes(data)
    facts = write_facts(Recording(folder, recording.stem), known, source=source, name=name or platform.name)
    everything = b"".join(files.values())
    return Made(
        recording=recording,
        files=(*files, facts),
        secrets=len(stand_ins.made),
        look_at=tuple(suspicious(everything)),
    )


def write_facts(
    recording: Recording, known: Platforms, *, source: str, name: str, platform: Platform | None = None
) -> Path:
    """Write what is read of a recording beside it; rows that stood there are read again, and kept."""
    path = recording.path(FACTS)
    before = recording.expected if path.exists() else {}
    facts = read_facts(*recording.asked(known, platform=platform))
    read = {(fact.name, fact.row): fact.value for fact in facts}
    rows = {
        fact: {row: read[fact, row] for row in some if (fact, row) in read}
        for fact, some in before.get("rows", {}).items()
    }
    document = {
        "synthetic": before.get("synthetic", False),
        "source": before.get("source", source),
        "platform": name,
        "facts": {fact.name: fact.value for fact in facts if fact.row is None and fact.name not in UNSTEADY},
        "rows": {fact: some for fact, some in rows.items() if some},
    }
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def read_facts(platform: Platform, said: Iterable[tuple[Question, bytes]]) -> tuple[Fact, ...]:
    """Return what is read of a recording as it would be kept: without its secrets, with the tags that tests know."""
    return facts_of(platform, _kept(platform, said))


def _kept(platform: Platform, said: Iterable[tuple[Question, bytes]]) -> Said:
    redactor = Redactor(key=b"\1" * 32, key_id="k1")
    return tuple((question, redactor.capture(data, question, platform).data) for question, data in said)


def _without_secrets(heard: Iterable[Heard], redactor: Redactor) -> Said:
    said = []
    for one in heard:
        data = one.answer.data if isinstance(one.answer.data, bytes) else varbinds.encode(one.answer.data)
        said.append((one.question, redactor.capture(data, one.question, one.platform).data))
    return tuple(said)


def _disguised(question: Question, data: bytes, disguise: Disguise) -> bytes:
    if question.transport != "snmp":
        return disguise.octets(data)
    return varbinds.encode((bind.oid, disguise.value(bind.value)) for bind in varbinds.decode(data))


def _answers(recording: Recording, said: Said, platform: Platform) -> dict[Path, bytes]:
    """Return the files that hold what was answered."""
    values: dict[str, Value] = {}
    commands: dict[str, str] = {}
    for question, data in said:
        if question.transport == "snmp":
            for bind in varbinds.decode(data):
                if bind.value is not None:  # it was asked for, and is not there
                    values.setdefault(bind.oid, bind.value)
        else:
            commands[question.objects[0]] = data.decode("utf-8", "replace").replace("\r\n", "\n")
    files: dict[Path, bytes] = {}
    if values:
        files[recording.path(SNMP)] = varbinds.encode(values.items())
    if commands:
        host = platform.session is not None and platform.session.kind == "host"
        prompt = NAMES["system.name"] + ("$ " if host else "#")
        files[recording.path(TRANSCRIPT)] = _dump({"prompt": prompt, "commands": commands})
    return files


def _secrets(recording: Recording, stand_ins: StandIns, disguise: Disguise, answers: bytes) -> dict[Path, bytes]:
    """Return the file that says what must be gone from what is kept of the recording, and what must not."""
    gone = sorted({disguise.octets(made) for made in stand_ins.made.values()})
    shown = [text.decode() for text in gone if text in answers and text.isascii() and text.decode().isprintable()]
    if not shown:
        return {}
    name = NAMES["system.name"]
    return {recording.path(SECRETS): _dump({"gone": shown, "remain": [name] if name.encode() in answers else []})}


def _stem(name: str, facts: Iterable[Fact]) -> str:
    said = {fact.name: fact.value for fact in facts if fact.row is None}
    parts = [said.get("hardware.model", "unit"), said.get("firmware.version", "x")]
    return (name + "#" + "_".join(_NOT_IN_NAMES.sub("-", part) for part in parts))[:MAX_STEM]


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as such."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def _dump(document: Mapping[str, object]) -> bytes:
    return yaml.dump(dict(document), Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=1000).encode()


def secrets_left(recording: Recording, platform: Platform, said: Iterable[tuple[Question, bytes]]) -> Iterator[str]:
    """
    Yield in words what redaction does to a recording that its file of secrets forbids.

    What must be gone has to be in the recording; what must remain is found in what is kept of it.
    """
    path = recording.path(SECRETS)
    if not path.exists():
        return
    expected = yaml.safe_load(path.read_text(encoding="utf-8"))
    said = tuple(said)
    before = b"".join(data for _, data in said)
    after = b"".join(data for _, data in _kept(platform, said))
    for text in expected["gone"]:
        if text.encode() not in before:
            yield f"secret {text!r}: it is not in the recording"
        elif text.encode() in after:
            yield f"secret {text!r}: no rule finds it; it would be kept"
    for text in expected["remain"]:
        if text.encode() not in after:
            yield f"{text!r}: expected to remain, but it is taken for a secret"
