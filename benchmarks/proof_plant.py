"""A log of many nights, made by the real writers and the real seal: what the benchmarks of evidence read."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import yaml

from evidence.assess.assess import assess, record
from evidence.assess.knowledge import Knowledge
from evidence.clock import rfc3339
from evidence.log.assets import dump_assets
from evidence.log.history import History
from evidence.log.keyring import Keyring
from evidence.log.note import Checkpoint
from evidence.log.part import part_predicate, part_subjects
from evidence.log.plan import Slots, dump_plan, plan_predicate
from evidence.log.seal import seal
from evidence.log.statement import Subject
from evidence.log.writer import append, create_log
from evidence.model.asset import Asset
from evidence.model.capture import Capture
from evidence.model.names import AssetId, Digest
from evidence.model.outcome import Outcome, Result
from evidence.model.ssh import SshLink
from evidence.store.blobs import put_blob
from evidence.store.memory import MemoryStore

CHUNK = 2_000
"""Captures a part, as `collect` writes them."""

BEGAN = datetime(2025, 1, 1, 2, tzinfo=UTC)
"""The first night; a year from here is four quarters."""

_RECORDED = Path(__file__).parents[1] / "tests/data/cisco_ios#WS-C2960X-24TS-L_15.2(7)E4#transcript.yaml"
_QUESTIONS = (
    ("version", "show version"),
    ("inventory", "show inventory"),
    ("running-config", "show running-config"),
    ("startup-config", "show startup-config"),
    *((f"table-{number}", f"show table {number}") for number in range(16)),
)
"""Name and request; to the first four a recorded switch's answers are read, the rest are tables nobody reads."""

_LINK = SshLink(kex="curve25519-sha256", host_key="ssh-ed25519", cipher="aes256-ctr", mac="hmac-sha2-256")
_OTHERS = "\n".join(f"interface Gi0/{n} is up, line protocol is up, line {n * 7919}, vlan {n % 40}" for n in range(60))


def write_out(store: MemoryStore, folder: Path) -> None:
    """Write what was made in memory to a directory, without waiting for the disk after every object."""
    for key in store.keys(""):
        place = folder / key
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(store.get(key))


@dataclass(slots=True, kw_only=True)
class Plant:
    """A log under writing: every asset is asked the same questions every night, and some answers change."""

    store: MemoryStore
    keyring: Keyring
    assets: int
    questions: int = 10
    changed: float = 0.05
    nights: int = 365
    length: int = 0
    """Of every answer, bytes; 0: as long as those of a switch."""
    names: list[AssetId] = field(init=False)
    plan: Digest = field(init=False)
    _frozen: bytes = field(init=False)
    _kept: dict[int, tuple[int, Digest, int]] = field(default_factory=dict)
    """Of each item the version kept last, its blob and its length."""
    _recorded: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        """Make the log and the plan: a job that is due every night."""
        self.names = [AssetId(f"sw-{number:05d}") for number in range(self.assets)]
        assets = [Asset(id=name, address=f"10.0.{n // 250}.{n % 250 + 1}") for n, name in enumerate(self.names)]
        self._recorded = yaml.safe_load(_RECORDED.read_text(encoding="utf-8"))["commands"]
        self._frozen = dump_assets(assets)
        put_blob(self.store, self._frozen)
        create_log(self.store, self.keyring, owner="acme", domain="plantproof.example", at=BEGAN)
        slots = Slots(name="nightly", first=rfc3339(BEGAN), every_s=86_400, count=self.nights)
        data = dump_plan(assets, slots=[slots], grace_s=14_400)
        self.plan = put_blob(self.store, data)
        predicate = plan_predicate(self.plan, len(data), at=BEGAN)
        append(
            self.store,
            self.keyring,
            kind="plan",
            predicate=predicate,
            subjects=[Subject(name="plan", digest=self.plan)],
        )

    def night(self, number: int, *, after: Checkpoint | None = None) -> None:
        """
        Write what was heard in one night: parts of at most 2,000 captures, as `collect` does.

        `after` is what the log is now, where that is known.
        """
        at, after = BEGAN + timedelta(days=number), after or History.read(self.store).checkpoint
        per_part = max(CHUNK // self.questions, 1)
        chunks = [self.names[first : first + per_part] for first in range(0, self.assets, per_part)]
        frozen = put_blob(self.store, self._frozen)
        previous: tuple[Digest, ...] = ()
        for chunk, names in enumerate(chunks):
            first = chunk * per_part * self.questions
            captures = [self._capture(first + n, number, at) for n in range(len(names) * self.questions)]
            log = f"{at}: requests of part {chunk}\n".encode() * 100
            predicate = part_predicate(
                run=f"run-{number}",
                slot=f"nightly-{at:%Y%m%dT%H%MZ}",
                label="1/1",
                chunk=chunk,
                last=chunk == len(chunks) - 1,
                previous=previous,
                after=after,
                assets=frozen,
                assets_bytes=len(self._frozen),
                started=at,
                ended=at + timedelta(minutes=chunk + 1),
                clock={"source": "benchmark"},
                tool={"version": "0"},
                run_by={"user": "u-0"},
                outcomes=[Outcome(asset=name, result=Result.COLLECTED) for name in names],
                captures=captures,
                conduct={
                    "requests": len(captures), "refused": 0, "pace": "classes", "max_rate_per_device": 5,
                    "log": put_blob(self.store, log), "log_bytes": len(log),
                },
                redaction={"hits": 0, "key": "k1"},
            )  # fmt: skip
            subjects = part_subjects(self.plan, captures)
            previous = (append(self.store, self.keyring, kind="part", predicate=predicate, subjects=subjects),)

    def seal(self, number: int) -> None:
        """Seal what a night brought."""
        seal(self.store, self.keyring, at=BEGAN + timedelta(days=number, hours=1), wait_s=0)

    def judge(self, number: int, knowledge: Knowledge) -> None:
        """Judge what is known after a night, and seal the findings."""
        at = BEGAN + timedelta(days=number, hours=2)
        found = assess(self.store, History.read(self.store), knowledge, at=at)
        record(self.store, self.keyring, found, knowledge)
        seal(self.store, self.keyring, at=at, wait_s=0)

    def _capture(self, item: int, night: int, at: datetime) -> Capture:
        name, asked = self.names[item // self.questions], item % self.questions
        question, request = _QUESTIONS[asked]
        version = self._version(item, night)
        kept = self._kept.get(item)
        if kept is None or kept[0] != version:
            data = self._answer(name, request, version)
            kept = self._kept[item] = version, put_blob(self.store, data), len(data)
        return Capture(
            asset=name,
            platform="cisco_ios",
            question=question,
            transport="ssh",
            request=request,
            at=rfc3339(at + timedelta(seconds=item % CHUNK // 40)),
            took_ms=300 + item % 200,
            blob=kept[1],
            bytes=kept[2],
            ttl_s=86_400,
            redactions=0,
            host_key="SHA256:" + "A" * 43,
            link=_LINK,
        )

    def _version(self, item: int, night: int) -> int:
        """Return how often an answer has changed: each night others do, and each as often as any."""
        every = round(1 / self.changed)
        return (night + item * 7 % every) // every

    def _answer(self, name: str, request: str, version: int) -> bytes:
        """Return what an asset answers: what one recorded switch did, or a table of 60 lines."""
        if self.length:
            line = f"{name} {request} {version} {_OTHERS[:60]}\n"
            return (line * (self.length // len(line) + 1))[: self.length].encode()
        text = self._recorded.get(request, f"{request}\n{_OTHERS}\n").replace("hostname ", f"hostname {name}-")
        return f"{text}! {name}, {request}, revision {version}\n".encode()
