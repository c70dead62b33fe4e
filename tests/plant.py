"""A small plant with a history, made of the recorded devices and the real writers, for the tests of what reads it."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import yaml

from collectors.redact import Redactor
from evidence.clock import rfc3339
from evidence.log.assets import dump_assets
from evidence.log.history import History
from evidence.log.keyring import Keyring
from evidence.log.note import Checkpoint
from evidence.log.part import part_predicate, part_subjects
from evidence.log.plan import dump_plan, plan_predicate
from evidence.log.seal import seal
from evidence.log.statement import Subject
from evidence.log.writer import append, create_log
from evidence.model.asset import Asset, Safety
from evidence.model.capture import Capture, Segment
from evidence.model.names import AssetId, Digest
from evidence.model.outcome import Outcome, Result
from evidence.normalise import varbinds
from evidence.normalise.volatile import split
from evidence.platforms.load import load_platforms
from evidence.platforms.platform import Platform, Question, Verb
from evidence.store.blobs import put_blob
from evidence.store.interface import Store

DATA = Path(__file__).parent / "data"
START = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
PLATFORMS = load_platforms()

RECORDED = {
    "sw-01": "cisco_ios#WS-C2960X-24TS-L_15.2(7)E4",
    "edge-router": "frr#vtysh_8.4.4",
    "scada-srv": "linux#ssh_debian12",
    "ring-3": "hirschmann#RS30_07.1.05",
    "工場-スイッチ": "moxa#EDS-510E_V5.3",
}
"""Asset -> recording below tests/data."""

SILENT = {
    "press-7": Outcome(asset=AssetId("press-7"), result=Result.EXCLUDED, reason="fragile: never asked"),
    "plc-gw": Outcome(asset=AssetId("plc-gw"), result=Result.UNREACHABLE, reason="no answer in 5 s, 2 tries"),
    "fw-01": Outcome(asset=AssetId("fw-01"), result=Result.AUTH_FAILED, reason="the credential was refused <script>"),
}
"""Assets that gave no answer, and why."""


def answers(stem: str) -> Iterator[tuple[Platform, Question, bytes]]:
    """Yield every answer of a recorded device, in the form a transport hands over."""
    transcript = DATA / f"{stem}#transcript.yaml"
    if transcript.exists():
        recorded = yaml.safe_load(transcript.read_text(encoding="utf-8"))["commands"]
        platform = PLATFORMS.named(stem.partition("#")[0])
        assert platform is not None
        for question in platform.questions:
            if question.objects[0] in recorded:
                yield platform, question, recorded[question.objects[0]].encode()
        return
    found = [(bind.oid, bind.value) for bind in varbinds.decode((DATA / f"{stem}#snmp.txt").read_bytes())]
    values = dict(found)
    descr = values["1.3.6.1.2.1.1.1.0"]
    platform = PLATFORMS.match(str(values["1.3.6.1.2.1.1.2.0"]), descr.decode() if isinstance(descr, bytes) else None)
    for question in platform.questions:
        if question.transport != "snmp":
            continue
        exact = question.verb is Verb.GET
        asked = [
            (oid, value)
            for oid, value in found
            if (oid in question.objects if exact else any(oid.startswith(f"{top}.") for top in question.objects))
        ]
        if asked:
            yield platform, question, varbinds.encode(asked)


@dataclass(slots=True, kw_only=True)
class Plant:
    """A store, its keys, and runs over the recorded devices."""

    store: Store
    keyring: Keyring
    now: datetime = START
    runs: int = 0
    edits: dict[str, tuple[bytes, bytes]] = field(default_factory=dict)
    """Asset -> bytes to be replaced in its answers from now on."""

    def begin(self) -> Digest:
        """Make the log and the plan; return the plan's blob."""
        create_log(self.store, self.keyring, owner="acme", domain="plantproof.example", at=self.now)
        data = dump_plan(self.assets())
        blob = put_blob(self.store, data)
        subjects = [Subject(name="plan", digest=blob)]
        append(self.store, self.keyring, kind="plan", predicate=plan_predicate(blob, len(data)), subjects=subjects)
        return blob

    def assets(self) -> list[Asset]:
        """Return the ledger."""
        named = [*RECORDED, *SILENT]
        return [Asset(id=AssetId(name), address="192.0.2.1", safety=Safety.OT, zone="cell-1") for name in named]

    def run(self, plan: Digest, *, at: datetime, outcomes: Sequence[Outcome] = (), slot: str = "nightly") -> None:
        """Read every asset once, and write one part."""
        self.now, self.runs = at, self.runs + 1
        packed, captures, moved = bytearray(), [], []
        for name, stem in RECORDED.items():
            for platform, question, data in answers(stem):
                capture, moving = self._capture(name, platform, question, data)
                if moving:
                    moved.append((len(captures), len(packed), len(moving)))
                    packed += moving
                captures.append(capture)
        blob = put_blob(self.store, bytes(packed))
        for index, offset, length in moved:
            captures[index] = _with(captures[index], Segment(blob=blob, offset=offset, length=length))
        frozen = dump_assets(self.assets())
        log = b"".join(json.dumps({"asset": c.asset, "request": c.request}).encode() + b"\n" for c in captures)
        spoken = {outcome.asset: outcome for outcome in (*SILENT.values(), *outcomes)}
        everyone = [spoken.get(asset.id, Outcome(asset=asset.id, result=Result.COLLECTED)) for asset in self.assets()]
        predicate = part_predicate(
            run=f"run-{self.runs}",
            slot=f"{slot}-{at:%Y%m%dT%H%MZ}",
            label="1/1",
            chunk=0,
            last=True,
            previous=(),
            after=History.read(self.store).checkpoint,
            assets=put_blob(self.store, frozen),
            assets_bytes=len(frozen),
            started=at,
            ended=at + timedelta(minutes=4),
            clock={"source": "chrony", "offset_us": 4000},
            tool={"version": "0.1.0"},
            run_by={"user": "u-5f2c"},
            outcomes=everyone,
            captures=captures,
            conduct={
                "log": put_blob(self.store, log),
                "log_bytes": len(log),
                "requests": 5121,
                "failed": 3,
                "refused": 0,
                "max_rate_per_device": 5,
                "max_rate_per_zone": 14,
                "pace": "classes",
                "uptimes": [{"asset": "ring-3", "before_cs": 100, "after_cs": 900, "restarted": False}],
            },
            redaction={"hits": sum(c.redactions for c in captures), "key": "k1"},
            packed={blob: len(packed)},
        )
        append(self.store, self.keyring, kind="part", predicate=predicate, subjects=part_subjects(plan, captures))

    def seal(self) -> Checkpoint:
        """Seal what is there."""
        return seal(self.store, self.keyring, at=self.now + timedelta(minutes=10), wait_s=0)

    def _capture(self, name: str, platform: Platform, question: Question, data: bytes) -> tuple[Capture, bytes]:
        old, new = self.edits.get(name, (b"", b""))
        edited = data.replace(old, new) if old else data
        redactor = Redactor(key=b"\1" * 32, key_id="k1", secrets=())
        redacted = redactor.capture(edited, question, platform)
        stable, moving = split(question, redacted.data)
        capture = Capture(
            asset=AssetId(name),
            platform=platform.name,
            question=question.name,
            transport=question.transport,
            request=question.request,
            at=rfc3339(self.now),
            took_ms=410,
            blob=put_blob(self.store, stable),
            bytes=len(stable),
            ttl_s=question.ttl_s,
            redactions=redacted.hits,
            host_key="SHA256:" + "A" * 43 if question.transport == "ssh" else None,
        )
        return capture, moving


def _with(capture: Capture, segment: Segment) -> Capture:
    from dataclasses import replace

    return replace(capture, volatile=segment)


def build(store: Store, keyring: Keyring) -> Plant:
    """Two nights; in the second a port of `sw-01` was opened and `scada-srv` answered only half."""
    plant = Plant(store=store, keyring=keyring)
    plan = plant.begin()
    plant.run(plan, at=START)
    plant.seal()
    plant.edits["sw-01"] = (b"switchport access vlan", b"switchport voice vlan")
    half = Outcome(asset=AssetId("scada-srv"), result=Result.PARTIAL, reason="packages: the answer was cut off")
    plant.run(plan, at=START + timedelta(days=1), outcomes=[half])
    plant.seal()
    return plant
