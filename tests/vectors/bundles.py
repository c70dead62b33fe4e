"""
Makes the good bundles that are frozen beside it: small ones, of fixed keys and times, with every kind of statement.

    python tests/vectors/bundles.py tests/vectors/bundle-0.1
    python tests/vectors/bundles.py tests/vectors/bundle-0.1-personal personal

A bundle handed out by any release verifies under every later one, so a vector is made once per format and never again.
The bad ones are made of these when they are tested: each is a good one with one thing changed (`defects.py`).
"""

import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import by_path

from evidence.clock import rfc3339
from evidence.export.period import parse_period
from evidence.export.readme import allowed_signers
from evidence.export.selection import Selection
from evidence.export.write import export
from evidence.log.canonical import dumps
from evidence.log.findings import Basis, count, dump_results, findings_predicate, findings_subjects
from evidence.log.history import History
from evidence.log.keyring import Role
from evidence.log.missed import missed_predicate
from evidence.log.plan import Slots, dump_plan, plan_predicate
from evidence.log.register import Entry, register_predicate, register_subjects
from evidence.log.statement import Subject
from evidence.log.writer import append
from evidence.model.asset import Asset, Safety
from evidence.model.finding import Finding, Status
from evidence.model.names import AssetId, Digest, digest_of
from evidence.model.outcome import Outcome, Result
from evidence.registers.erasing import choose, remove, state
from evidence.store.blobs import put_blob
from evidence.store.layout import part_key
from evidence.store.open import open_store

FIRST = datetime.fromisoformat("2026-07-01T02:00:00Z")
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
NIGHTS = 9
PAGE = b"<!doctype html><title>A report</title><p>Not looked at.</p>\n"

ASSETS = (
    Asset(id=AssetId("sw-01"), address="192.0.2.1", platform="cisco_ios", zone="cell-1", groups=("switches",)),
    Asset(id=AssetId("sw-02"), address="192.0.2.2", platform="cisco_ios", zone="cell-1"),
    Asset(id=AssetId("\uff8c\uff9f\uff9a\uff7d-7"), address="192.0.2.7", safety=Safety.FRAGILE, transports=("snmp",)),
    Asset(id=AssetId("\U00020bb7-8"), address="192.0.2.8", site="工場"),
)
"""The last two are ordered one way by code point, and the other way by UTF-16 unit."""

CATALOGUE = """\
requirements:
  - id: INV-03
    title: Every asset's software version is known
    applies: every asset
    decide: Have it read.
    parameters: {}
    judged: {supports: known, contradicts: another one, not-assessed: not read}
    frameworks: {csf2: ['ID.AM-01', 'ID.AM-02'], sp800-171r2: ['3.4.1']}
  - id: CFG-01
    title: Nobody changed a configuration unnoticed
    applies: every asset
    decide: Look at it.
    parameters: {}
    judged: {supports: the same, contradicts: changed, not-assessed: not read}
    frameworks: {csf2: ['PR.PS-01']}
"""
EXCEPTION: Mapping[str, Any] = {
    "requirement": "CFG-01", "assets": ("sw-02",), "reason_class": "process-risk", "reason": "it cannot be stopped",
    "owner": "A. Planner", "approver": "B. Owner", "approved": "2026-07-02", "expires": "2027-07-01",
}  # fmt: skip
APPROVAL = {
    "kind": "change", "subject": "a new switch", "begins": "2026-07-03T08:00:00Z", "ends": "2026-07-03T12:00:00Z",
    "approver": "B. Owner",
}  # fmt: skip
ATTESTATION = {"kind": "support-end", "model": "X-1", "end": "2030-01-01", "origin": "its maker", "by": "B. Owner"}


def load(name: str) -> ModuleType:
    """Return a script that lies beside this one."""
    return by_path.load(Path(__file__).with_name(f"{name}.py"))


def night(number: int) -> str:
    """Return what the slot of a night is called."""
    return f"nightly-{FIRST + number * DAY:%Y%m%dT%H%MZ}"


@dataclass(slots=True, kw_only=True)
class Log:
    """A log under writing, of nights from the first on, and what it is written with."""

    site: Any
    plan: Digest

    def run(self, number: int, *, late: timedelta = timedelta(), **said: Any) -> list[Digest]:
        """Read all assets at a night's time, or later."""
        self.site.now = FIRST + number * DAY + late - HOUR  # a run of the site begins an hour later
        written: list[Digest] = self.site.run(self.plan, assets=ASSETS, slot=night(number), **said)
        self.site.seal()
        return written

    def state(self, kind: str, predicate: Mapping[str, object], *subjects: Subject) -> Digest:
        """Sign a statement about the plan."""
        about = [Subject(name="plan", digest=self.plan), *subjects]
        return append(self.site.store, self.site.keyring, kind=kind, predicate=predicate, subjects=about)

    def register(self, kind: str, name: str, columns: Mapping[str, Any]) -> None:
        """Sign an entry of a register."""
        predicate = register_predicate(kind, [Entry(id=name, columns=columns)], self.site.now)
        subjects = register_subjects(self.plan)
        append(self.site.store, self.site.keyring, kind=kind, predicate=predicate, subjects=subjects)

    def judge(self) -> None:
        """Sign what two requirements come to, of the log as it is."""
        history = History.read(self.site.store)
        answers = {(c.asset, c.question): c.blob for _, part in history.parts() for c in part.captures}
        findings = [
            Finding(
                requirement=requirement, asset=asset.id, status=status, reason=f"=LINK(1), says {asset.id}\n\u202e",
                evidence=(answers[asset.id, "running-config"],), exception="E-1" if asset.id == "sw-02" else None,
                due=asset.id == "sw-01",
            )
            for requirement, status in (("CFG-01", Status.CONTRADICTS), ("INV-03", Status.SUPPORTS))
            for asset in ASSETS
        ]  # fmt: skip
        store = self.site.store
        controls = dumps([{"file": "catalogue.yaml", "text": CATALOGUE}])
        platforms, results = dumps([]), dump_results(findings)
        basis = Basis(
            as_of=rfc3339(self.site.now), size=history.size, root=history.checkpoint.root, profile="all",
            controls=put_blob(store, controls), controls_bytes=len(controls),
            platforms=put_blob(store, platforms), platforms_bytes=len(platforms), registers=(), tool="0.1.0",
        )  # fmt: skip
        blob = put_blob(store, results)
        predicate = findings_predicate(basis, blob, len(results), count(findings))
        subjects = findings_subjects(self.plan, blob)
        append(store, self.site.keyring, kind="findings", predicate=predicate, subjects=subjects)

    def export(self, target: Path, period: str, **chosen: Any) -> None:
        """Hand out a bundle."""
        selection = Selection(period=parse_period(period), **chosen)
        page = lambda *_: PAGE  # noqa: E731
        at = FIRST + 40 * DAY
        export(self.site.store, self.site.keyring, selection, target, page=page, tool="0.1.0", at=at)


def begin(place: Path) -> Log:
    """Make a log that asks for nine nights."""
    make = load("make")
    store = open_store(str(place), create=True)
    site = make.Site(store=store, keyring=make.fixed_keyring(), now=FIRST - DAY)
    site.begin()
    slots = Slots(name="nightly", first=rfc3339(FIRST), every_s=86_400, count=NIGHTS, grace_s=3600)
    data = dump_plan(ASSETS, slots=[slots], grace_s=60)
    plan = put_blob(store, data)
    predicate = plan_predicate(plan, len(data), at=FIRST - 2 * HOUR)
    append(store, site.keyring, kind="plan", predicate=predicate, subjects=[Subject(name="plan", digest=plan)])
    site.seal()
    return Log(site=site, plan=plan)


def build(place: Path, target: Path, *, without: frozenset[int] = frozenset()) -> Log:
    """
    Write a log, perhaps `without` some of its nights, and hand out of it.

    Of nine nights the third was missed and excused, nothing is known of the fourth, the fifth came late, in the sixth
    an asset did not answer, and of the eighth one of two parts is there.
    """
    log = begin(place)
    site = log.site
    log.run(0)
    log.run(1)
    log.state("missed", missed_predicate(night(2), "the line was down, \U0001f3ed", FIRST + 2 * DAY + HOUR))
    log.register("exception", "E-1", EXCEPTION)
    log.register("approval", "A-1", APPROVAL)
    log.register("attestation", "X-1", ATTESTATION)
    garbage = b"not an envelope"
    site.store.put(part_key(night(3), digest_of(garbage)), garbage)
    site.seal()
    log.run(4, late=3 * HOUR)
    why = Outcome(asset=AssetId("sw-02"), result=Result.UNREACHABLE, reason='no answer, "twice", <b>in 5 s</b>')
    if 5 not in without:
        log.run(5, silent={"sw-02": why})
    log.judge()
    site.seal()
    log.export(place.with_name("first.zip"), "2026-07-01..2026-07-06")
    log.run(6)
    log.run(7, label="1/2")
    log.run(8)
    log.export(target / "whole.zip", "2026-06-30..2026-07-31")
    log.export(target / "later.zip", "2026-07-07..2026-07-09")
    log.export(target / "one_asset.zip", "2026-07-07..2026-07-08", assets=frozenset({AssetId("sw-01")}))
    log.export(target / "one_control.zip", "2026-07-01..2026-07-06", controls=("CFG-01",))
    log.export(target / "cut_short.zip", "2026-07-07..2026-07-08", as_of=rfc3339(FIRST + 6 * DAY + HOUR))
    return log


def erase(log: Log, target: Path) -> None:
    """Have an answer erased that stands in every run of that asset, and hand out what is left."""
    store, keyring = log.site.store, log.site.keyring
    log.site.seal()
    history = History.read(store)
    answers = (c for _, c in history.captures() if (c.asset, c.question) == ("sw-02", "running-config"))
    chosen = choose(history, [next(answers).blob])
    state(keyring, history, chosen, by="B. Owner", reason="GDPR Art. 17: \U0001f3ed asked", at=log.site.now)
    log.site.seal()
    remove(store, keyring, chosen, bypass=False, at=log.site.now)
    log.export(target / "erased.zip", "2026-06-30..2026-07-31")


def build_personal(place: Path, target: Path) -> Log:
    """
    Write a log of three nights with answers that name people, the same of every asset, and hand out of it.

    Then one of these is erased, and a configuration on which findings rest, and what is left is handed out again.
    """
    log = begin(place)
    site = log.site
    site.people = True
    for number in range(3):
        log.run(number)
    log.judge()
    site.seal()
    log.export(target / "personal.zip", "2026-06-30..2026-07-03")
    site.seal()
    history = History.read(site.store)
    wanted = [("sw-01", "accounts"), ("sw-02", "running-config")]
    answers = {(c.asset, c.question): c.blob for _, c in history.captures()}
    chosen = choose(history, [answers[one] for one in wanted])
    state(site.keyring, history, chosen, by="B. Owner", reason="GDPR Art. 17: a leaver asked", at=site.now)
    site.seal()
    remove(site.store, site.keyring, chosen, bypass=False, at=site.now)
    log.export(target / "personal_erased.zip", "2026-06-30..2026-07-03")
    return log


def main(folder: Path, kind: str = "") -> None:
    """Write the vectors of a kind into `folder`, which must not exist, and what an auditor got besides."""
    folder.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as place:
        log = (build_personal if kind == "personal" else build)(Path(place) / "store", folder)
        history = History.read(log.site.store)
        if not kind:
            erase(log, folder)
    root = log.site.keyring.key(Role.ROOT).public
    (folder / "root.pub").write_text(f"{root.text} plantproof-root\n")
    (folder / "allowed_signers").write_bytes(allowed_signers(history))
    roots = history.ledger.chain.roots
    (folder / "pins.txt").write_text(
        "".join(f"{history.origin} {size} {roots[size]}\n" for size in sorted(roots) if size)
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
