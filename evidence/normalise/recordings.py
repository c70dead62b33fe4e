"""
Recorded devices: what one answered, and what is to be read from that, in files of one stem (tests/data/README.md).

A recording is asked as the device was: what a platform's questions would have got from it, and nothing else.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

from evidence.errors import Error
from evidence.model.capture import Capture
from evidence.model.fact import Fact
from evidence.model.names import AssetId, digest_of
from evidence.normalise import varbinds
from evidence.normalise.facts import read_asset
from evidence.normalise.rows import answer
from evidence.normalise.walks import read_walk
from evidence.platforms.load import Platforms
from evidence.platforms.platform import Platform, Question
from evidence.quick_yaml import load_yaml

SNMP, WALK, TRANSCRIPT, FACTS, SECRETS = "snmp.txt", "snmpwalk.txt", "transcript.yaml", "facts.json", "secrets.yaml"
"""What each file of a recording is called behind its stem and `#`."""

MAX_FILE_BYTES = 64 * 1024 * 1024
"""Longest file read: the largest of 961 recorded devices has 6 MB of values."""

AT = "2026-01-01T00:00:00Z"
"""When a recording answers: the same moment always, so that what is read of it is, too."""

UNSTEADY = ("config.sha256", "system.uptime")
"""Facts that need not stand in a recording's facts: one follows from the bytes, the other is a clock."""

SYS_DESCR, SYS_OBJECT_ID = "1.3.6.1.2.1.1.1.0", "1.3.6.1.2.1.1.2.0"

Answers = tuple[tuple[Question, bytes], ...]


class RecordingError(Error):
    """The files of a recording are not what they should be."""


@dataclass(frozen=True)
class Recording:
    """One recorded device."""

    folder: Path
    stem: str
    """`<platform>#<model>_<version>`."""

    @property
    def platform(self) -> str:
        """The platform its files are named after."""
        return self.stem.partition("#")[0]

    def path(self, kind: str) -> Path:
        """Return where a file of it is, or would be."""
        return self.folder / f"{self.stem}#{kind}"

    @cached_property
    def values(self) -> Mapping[str, varbinds.Value]:
        """What it answered over SNMP, by OID, in their order; empty where it was not asked."""
        if self.path(SNMP).exists():
            return MappingProxyType({bind.oid: bind.value for bind in varbinds.decode(self._bytes(SNMP))})
        if self.path(WALK).exists():
            return MappingProxyType(dict(read_walk(self._bytes(WALK).decode("utf-8"))))
        return MappingProxyType({})

    @cached_property
    def transcript(self) -> Mapping[str, Any]:
        """`prompt`, and `commands`: command or path -> what came; empty where there was no session."""
        if not self.path(TRANSCRIPT).exists():
            return MappingProxyType({})
        found = load_yaml(self._bytes(TRANSCRIPT))
        if not isinstance(found, dict) or not isinstance(found.get("commands"), dict):
            raise RecordingError(f"{self.path(TRANSCRIPT)}: expected prompt and commands")
        return MappingProxyType(found)

    @cached_property
    def expected(self) -> Mapping[str, Any]:
        """`platform`, `facts`, `rows`, `absent`, `source`, `synthetic`: what is to be read, and where it is from."""
        found = json.loads(self._bytes(FACTS))
        if not isinstance(found, dict) or not isinstance(found.get("facts"), dict):
            raise RecordingError(f"{self.path(FACTS)}: expected platform, facts, rows, source and synthetic")
        return MappingProxyType(found)

    def asked(self, known: Platforms, *, platform: Platform | None = None) -> tuple[Platform, Answers]:
        """
        Return the platform of the device, and every question it can answer with the answer.

        Without a `platform` it is recognised by what it says over SNMP, or is that of its name where it says nothing.
        """
        commands = {name: text.encode() for name, text in self.transcript.get("commands", {}).items()}
        platform = platform or self._recognised(known)
        found = []
        for question in platform.questions:
            if question.transport != "snmp":
                data = commands.get(question.objects[0])
            else:
                said = answer(question, self.values)
                data = varbinds.encode(said) if said else None
            if data is not None:
                found.append((question, data))
        return platform, tuple(found)

    def _recognised(self, known: Platforms) -> Platform:
        if not self.values:
            platform = known.named(self.platform)
            if platform is None:
                raise RecordingError(f"{self.path(TRANSCRIPT)}: no platform file is named {self.platform}")
            return platform
        descr, object_id = self.values.get(SYS_DESCR), self.values.get(SYS_OBJECT_ID)
        shown = descr.decode("utf-8", "replace") if isinstance(descr, bytes) else None
        return known.match(object_id if isinstance(object_id, str) else None, shown, self.values.keys())

    def _bytes(self, kind: str) -> bytes:
        with self.path(kind).open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
        if len(data) > MAX_FILE_BYTES:
            raise RecordingError(f"{self.path(kind)}: expected at most {MAX_FILE_BYTES} bytes")
        return data


def recordings(folder: Path) -> tuple[Recording, ...]:
    """Return every device recorded in a folder, by its stem."""
    kinds = {SNMP, WALK, TRANSCRIPT}
    found = {
        path.name.rpartition("#")[0] for path in folder.iterdir() if "#" in path.name and _kind(path.name) in kinds
    }
    return tuple(Recording(folder, stem) for stem in sorted(found))


def _kind(name: str) -> str:
    return name.rpartition("#")[2]


def capture_of(platform: Platform, question: Question, data: bytes) -> Capture:
    """Return the capture of a recorded answer."""
    return Capture(
        asset=AssetId("recorded"),
        platform=platform.name,
        question=question.name,
        transport=question.transport,
        request=question.request,
        at=AT,
        took_ms=1,
        blob=digest_of(data),
        bytes=len(data),
        ttl_s=question.ttl_s,
    )


def facts_of(platform: Platform, answers: Iterable[tuple[Question, bytes]]) -> tuple[Fact, ...]:
    """Return what a platform's rules read from answers."""
    return read_asset(platform, [(capture_of(platform, question, data), data) for question, data in answers])


def differences(expected: Mapping[str, Any], facts: Iterable[Fact]) -> Iterator[str]:
    """Yield in words what was read and not expected, or expected and not read."""
    read: dict[str, dict[str | None, str]] = {}
    for fact in facts:
        read.setdefault(fact.name, {})[fact.row] = fact.value
    scalars = {name: rows[None] for name, rows in read.items() if None in rows}
    for name in UNSTEADY:
        if name not in expected["facts"]:
            scalars.pop(name, None)
    for name in sorted(scalars.keys() | expected["facts"].keys()):
        want, found = expected["facts"].get(name), scalars.get(name)
        if want != found:
            yield f"{name}: expected {_shown(want)}, found {_shown(found)}"
    for name in sorted(set(expected.get("absent", ())) & scalars.keys()):
        yield f"{name}: expected nothing, found {_shown(scalars[name])}"
    for name, rows in expected.get("rows", {}).items():
        for row, want in rows.items():
            if (found := read.get(name, {}).get(row)) != want:
                yield f"{name} {row}: expected {_shown(want)}, found {_shown(found)}"


def _shown(value: str | None) -> str:
    return "nothing" if value is None else repr(value)
