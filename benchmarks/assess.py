"""
Judging a plant of many assets with two nights each: time a part, and how much of it is reading.

    python benchmarks/assess.py [ASSETS]
"""

import importlib.util
import sys
import time
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType

from evidence.assess.assess import assess
from evidence.assess.estate import estate_of
from evidence.assess.knowledge import packaged_knowledge
from evidence.checks.registry import judge
from evidence.log.assets import dump_assets
from evidence.log.history import History
from evidence.log.keyring import create_keyring
from evidence.log.part import part_predicate, part_subjects
from evidence.log.plan import dump_plan, plan_predicate
from evidence.log.seal import seal
from evidence.log.statement import Subject
from evidence.log.writer import append, create_log
from evidence.model.asset import Asset
from evidence.model.names import AssetId
from evidence.model.outcome import Outcome, Result
from evidence.model.register import Registers
from evidence.snapshots import Snapshots
from evidence.store.blobs import put_blob
from evidence.store.memory import MemoryStore

ROOT = Path(__file__).parents[1]
STEM = "cisco_ios#WS-C2960X-24TS-L_15.2(7)E4"


def main() -> None:
    """Build the plant and print what judging it takes."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    plant = _fixture("plant")
    with TemporaryDirectory() as folder:
        made = plant.Plant(store=MemoryStore(), keyring=create_keyring(Path(folder) / "keys"))
        _build(plant, made, count)
    knowledge, at = packaged_knowledge("0.1.0"), made.now + timedelta(hours=1)
    began = time.process_time()
    history = History.read(made.store)
    snapshots = Snapshots(made.store, history)
    read = time.process_time()
    estate = estate_of(snapshots, made.store, knowledge, Registers(), at=at, profile="all")
    known = time.process_time()
    findings = judge(estate, knowledge.catalogue.profile("all").requirements)
    judged = time.process_time()
    facts = sum(len(one.facts) + len(one.before) for one in estate.subjects.values())
    print(f"{count} assets, {facts} facts, {len(findings)} findings")
    print(f"log {read - began:.2f} s, facts {known - read:.2f} s, checks {judged - known:.2f} s of CPU")
    began = time.process_time()
    assess(made.store, history, knowledge, at=at)
    print(f"assess {time.process_time() - began:.2f} s of CPU")


def _build(plant: ModuleType, made: object, count: int) -> None:
    """Write two nights of `count` switches that answer what one recorded switch did."""
    create_log(made.store, made.keyring, owner="acme", domain="plantproof.example", at=plant.START)
    assets = [Asset(id=AssetId(f"sw-{number:05}"), address="192.0.2.1") for number in range(count)]
    data = dump_plan(assets)
    plan = put_blob(made.store, data)
    subjects = [Subject(name="plan", digest=plan)]
    append(made.store, made.keyring, kind="plan", predicate=plan_predicate(plan, len(data)), subjects=subjects)
    frozen = dump_assets(assets)
    listed = put_blob(made.store, frozen)
    answers = list(plant.answers(STEM))
    for night in range(2):
        made.now = plant.START + timedelta(days=night)
        captures = []
        for asset in assets:
            for platform, question, answer in answers:
                name = f"{asset.id} night {night}" if question.config else asset.id
                own = answer.replace(b"hostname ", b"hostname " + name.encode() + b"-", 1)
                capture, _ = made._capture(asset.id, platform, question, own)
                captures.append(capture._replace(volatile=None))
        predicate = part_predicate(
            run=f"run-{night}",
            slot=f"nightly-{made.now:%Y%m%dT%H%MZ}",
            label="1/1",
            chunk=0,
            last=True,
            previous=(),
            after=History.read(made.store).checkpoint,
            assets=listed,
            assets_bytes=len(frozen),
            started=made.now,
            ended=made.now + timedelta(minutes=30),
            clock={},
            tool={"version": "0.1.0"},
            run_by={},
            outcomes=[Outcome(asset=asset.id, result=Result.COLLECTED) for asset in assets],
            captures=captures,
            conduct={"requests": len(captures), "refused": 0, "pace": "classes", "max_rate_per_device": 5},
            redaction={"hits": 0, "key": "k1"},
        )
        append(made.store, made.keyring, kind="part", predicate=predicate, subjects=part_subjects(plan, captures))
        seal(made.store, made.keyring, at=made.now + timedelta(hours=1), wait_s=0)


def _fixture(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"plantproof_{name}", ROOT / "tests" / "fixtures" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    main()
