"""Planned slots in a bundle: both verifiers derive them, find what the store's verifier finds, and say what is cut."""

import csv
import io
import json
from collections.abc import Callable
from contextlib import redirect_stdout
from datetime import datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evidence.bundle.layout import EARLIER
from evidence.bundle.opened import open_bundle
from evidence.bundle.proof import cut, dump_proof
from evidence.clock import rfc3339
from evidence.export.selection import ExportError
from evidence.log.history import History
from evidence.log.keyring import Role
from evidence.log.register import Entry, register_predicate
from evidence.model.names import AssetId, Digest, hex_of
from evidence.standalone.main import main
from evidence.store.blobs import get_blob
from evidence.store.memory import MemoryStore
from evidence.verify.bundle_audit import BundleAudit
from evidence.verify.bundle_gaps import gaps_table
from evidence.verify.bundle_verifier import BUNDLE_STEPS, verify_bundle
from evidence.verify.calendar_step import derive, read_plans
from evidence.verify.result import Answer, Report, Status
from evidence.verify.verifier import verify

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
WEEK = "2026-07-22..2026-07-28"
COMPLETENESS = 9
"""Where step 10 stands among the steps."""


class Desk:
    """A log of nights, and the auditor who gets bundles of it."""

    def __init__(self, nights: ModuleType, vectors: ModuleType, bundles: ModuleType, folder: Path) -> None:
        self.nights = nights.Nights(vectors, MemoryStore())
        self.first, self.slot = nights.FIRST, nights.slot
        self.bundles = bundles
        site = self.nights.site
        self.handed = bundles.Handed(folder=folder, store=site.store, keyring=site.keyring)
        self.handed.root_file.parent.mkdir(parents=True, exist_ok=True)
        self.handed.root_file.write_text(f"{self.handed.root.text}\n")

    def export(self, period: str = WEEK, **chosen: Any) -> Path:
        """Hand a bundle out and return the bag, unpacked."""
        target = self.handed.folder / f"bag-{len(list(self.handed.folder.iterdir()))}"
        self.handed.export(self.handed.bundle, period, **chosen)
        bag: Path = self.handed.unpack(target)
        return bag

    def remake(self, bag: Path, role: Role = Role.SEALER) -> None:
        self.bundles.remake(bag, self.handed.keyring.key(role))

    def verify(self, bag: Path) -> tuple[Report, str]:
        """Verify with both programs, which must agree on every step; return the one's report and what both said."""
        report = verify_bundle(bag, trusted_root=self.handed.root)
        with redirect_stdout(io.StringIO()) as said:
            main([str(bag), "--root-key", str(self.handed.root_file)])
        lines = [line.split() for line in said.getvalue().splitlines() if line[:2].strip().isdigit()]
        theirs = {words[1]: words[2] for words in lines}
        ours = {step.name: str(step.status) for step in report.steps}
        words = "\n".join(report.steps[COMPLETENESS].details) + said.getvalue()
        assert ours == theirs, words
        return report, words

    def agree(self, bag: Path, *, as_of: datetime, since: datetime | None = None) -> Report:
        """Verify a bundle that holds, and see that the store's own verifier finds the same of the same slots."""
        report, words = self.verify(bag)
        assert not report.failed, words
        stored = verify(self.nights.site.store, as_of=as_of).calendar
        assert report.calendar is not None
        assert stored is not None
        assert report.calendar.slots == tuple(one for one in stored.slots if not since or one.due >= rfc3339(since))
        return report


@pytest.fixture
def desk(nights_module: ModuleType, vectors: ModuleType, bundles: ModuleType, tmp_path: Path) -> Desk:
    return Desk(nights_module, vectors, bundles, tmp_path)


def gaps(bag: Path) -> list[tuple[str, str, str]]:
    """Return slot, asset and result of each row of the table of gaps, the slots by their day."""
    text = (bag / "data/gaps.csv").read_bytes().decode("utf-8-sig")
    rows = csv.DictReader(io.StringIO(text, newline=""))
    return [(row["slot"][14:16], row["asset"], row["result"]) for row in rows]


def status(report: Report) -> Status:
    return report.steps[COMPLETENESS].status


def test_a_bundle_of_whole_nights_passes_and_its_table_of_gaps_is_empty(desk: Desk) -> None:
    for number in range(3):
        desk.nights.night(number)
    bag = desk.export("2026-07-22..2026-07-24")
    report = desk.agree(bag, as_of=desk.first + 2 * DAY + 5 * MINUTE)
    assert status(report) is Status.PASSED
    assert gaps(bag) == []
    assert "Every slot is whole." in (bag / "data/report.html").read_text(encoding="utf-8")


def test_late_missed_gap_and_pending_are_told_apart_as_the_store_does(desk: Desk) -> None:
    nights = desk.nights
    one, *others = nights.assets
    nights.missed(3, "the hall is let to others", at=desk.first)
    nights.night(0)
    nights.night(1, after=2 * HOUR)
    nights.missed(4, "one was moved", assets=[one.id], at=desk.first + 4 * DAY)
    nights.night(5, assets=[one], label="1/3")
    nights.night(6, assets=others)
    bag = desk.export()
    report = desk.agree(bag, as_of=desk.first + 6 * DAY + 5 * MINUTE)
    assert status(report) is Status.NOT_CHECKED
    names = sorted(str(asset.id) for asset in others)
    assert gaps(bag) == [
        *(("23", asset, "late") for asset in sorted([*names, str(one.id)])),
        ("24", "", "gap"),
        ("25", "", "missed"),
        *(("26", asset, "missed" if asset == one.id else "gap") for asset in sorted([*names, str(one.id)])),
        *(("27", asset, "gap") for asset in names),
        ("28", str(one.id), "pending"),
        ("27", "", "part-absent"),
        ("27", "", "part-absent"),
    ]
    text = (bag / "data/gaps.csv").read_text(encoding="utf-8-sig")
    assert "the hall is let to others; no run at all, 3 assets were due" in text
    assert "part 2/3" in text
    assert "part 3/3" in text
    said = "\n".join(report.steps[COMPLETENESS].details)
    assert f"{desk.slot(6)}: 1 assets have no outcome yet: in time is until 2026-07-28T03:00:00Z" in said


def test_what_was_stated_before_the_leaves_comes_with_a_bundle_that_needs_it(desk: Desk) -> None:
    nights = desk.nights
    nights.missed(4, "the hall is let to others", at=desk.first)
    nights.missed(1, "of no use to this bundle", at=desk.first)
    for number in range(4):
        nights.night(number)
    nights.night(5)
    bag = desk.export("2026-07-25..2026-07-27")
    statements = bag / "data/statements"
    assert len(list((statements / "plan").iterdir())) == 1
    assert len(list((statements / "missed").iterdir())) == 1
    assert len(list((statements / "part").iterdir())) == 6
    report = desk.agree(bag, as_of=desk.first + 5 * DAY + 5 * MINUTE, since=desk.first + 2 * DAY + 22 * HOUR)
    assert gaps(bag) == [("26", "", "missed")]
    assert status(report) is Status.NOT_CHECKED


def test_a_dead_collector_shows_once_the_bundle_is_made_for_a_later_moment(desk: Desk) -> None:
    desk.nights.night(0)
    silent = desk.export()
    report, said = desk.verify(silent)
    assert status(report) is Status.NOT_CHECKED
    assert gaps(silent) == [("23", "", "pending")]
    assert "6 slots from nightly-20260723T0200Z to nightly-20260728T0200Z: due in the period" in said
    loud = desk.export(as_of="2026-07-28T23:59:59Z")
    assert gaps(loud) == [(f"{day}", "", "gap") for day in range(23, 29)]
    desk.agree(loud, as_of=desk.first + 6 * DAY + 12 * HOUR)


def test_nobody_signs_what_will_have_been_missed(desk: Desk) -> None:
    desk.nights.night(0)
    with pytest.raises(ExportError, match="lies ahead"):
        desk.export(as_of="2027-01-01T00:00:00Z")


def test_a_period_without_any_run_is_all_gaps(desk: Desk) -> None:
    desk.nights.night(0)
    desk.nights.missed(2, "the hall is let to others", at=desk.first + DAY)
    desk.nights.site.seal()
    bag = desk.export("2026-07-23..2026-07-24", as_of="2026-07-24T12:00:00Z")
    report = desk.agree(bag, as_of=desk.first + 2 * DAY + 10 * HOUR, since=desk.first + 22 * HOUR)
    assert gaps(bag) == [("23", "", "gap"), ("24", "", "missed")]
    assert "only the sealer says so" not in "\n".join(report.steps[COMPLETENESS].details)


def test_what_only_the_sealer_says_of_the_plan_is_not_checked(desk: Desk) -> None:
    nights = desk.nights
    nights.night(0)
    other = nights.plan(desk.first + DAY + 2 * HOUR, assets=nights.assets[:2])
    nights.site.seal()
    nights.night(2, plan=other, assets=nights.assets[:2])
    report, said = desk.verify(desk.export("2026-07-23..2026-07-24"))
    assert not report.failed
    assert "only the sealer says so" in said, "the first plan asks for the 23rd, and nothing of that time names it"


def test_a_slot_that_the_period_cuts_is_claimed_by_neither_bundle(desk: Desk) -> None:
    nights = desk.nights
    one, *others = nights.assets
    nights.night(0)
    nights.night(1, assets=[one])
    nights.night(1, after=23 * HOUR, assets=others)
    nights.night(2)
    before = desk.export("2026-07-23..2026-07-23")
    report, said = desk.verify(before)
    assert status(report) is Status.NOT_CHECKED
    assert f"{desk.slot(1)}: 2 assets have no outcome yet" in said
    names = sorted(str(asset.id) for asset in others)
    assert gaps(before) == [("23", asset, "pending") for asset in names]
    after = desk.export("2026-07-24..2026-07-24")
    report, said = desk.verify(after)
    assert status(report) is Status.NOT_CHECKED
    assert f"{desk.slot(1)}: due before the period began" in said
    assert report.calendar is not None
    assert [one.slot for one in report.calendar.slots] == [desk.slot(2)]
    assert gaps(after) == []
    whole = desk.export("2026-07-23..2026-07-23", as_of="2026-07-24T02:00:00Z")
    assert gaps(whole) == [("23", asset, "late") for asset in names]
    desk.agree(whole, as_of=desk.first + 2 * DAY - MINUTE, since=desk.first + 22 * HOUR)


def test_beyond_the_last_plan_nobody_knows_what_was_due(desk: Desk) -> None:
    desk.nights.night(0)
    desk.nights.night(29)
    bag = desk.export("2026-07-22..2026-09-30", as_of="2026-09-30T00:00:00Z")
    report, said = desk.verify(bag)
    assert not report.failed
    assert "what was due after 2026-08-21T02:00:00Z: no plan reaches further" in said
    assert gaps(bag)[-1] == ("", "", "unplanned")


def test_a_bundle_about_one_asset_lists_its_gaps_and_says_that_nobody_can_check_them(desk: Desk) -> None:
    nights = desk.nights
    one, other, *_ = nights.assets
    nights.night(0)
    nights.night(1, assets=[other])
    nights.night(2)
    bag = desk.export("2026-07-22..2026-07-24", assets=frozenset({AssetId(one.id)}))
    assert gaps(bag) == [("23", str(one.id), "gap")]
    report, said = desk.verify(bag)
    assert not report.failed
    assert status(report) is Status.NOT_CHECKED
    assert "which slots were due" in said
    assert report.calendar is None


def test_a_statement_of_an_older_plan_comes_with_its_plan(desk: Desk) -> None:
    nights = desk.nights
    nights.night(0)
    entry = Entry(
        id="X-1", columns={"kind": "support-end", "model": "X-1", "end": "2030-01-01", "origin": "o", "by": "B"}
    )
    nights.append("attestation", register_predicate("attestation", [entry], nights.site.now), nights.blob)
    nights.site.seal()
    other = nights.plan(desk.first + 12 * HOUR, assets=nights.assets[:2])
    nights.night(1, plan=other, assets=nights.assets[:2])
    nights.night(2, plan=other, assets=nights.assets[:2])
    bag = desk.export("2026-07-24..2026-07-24")
    assert len(list((bag / "data/statements/plan").iterdir())) == 2
    report, _ = desk.verify(bag)
    assert not report.failed
    assert status(report) is Status.PASSED


def test_the_same_slots_give_the_same_bytes_as_the_log_grows(desk: Desk) -> None:
    nights = desk.nights
    nights.night(0)
    nights.night(2)
    desk.handed.export(desk.handed.folder / "one.zip", WEEK)
    nights.plan(desk.first + 9 * DAY, assets=nights.assets[:1])
    nights.night(10)
    desk.handed.export(desk.handed.folder / "two.zip", WEEK)
    assert (desk.handed.folder / "one.zip").read_bytes() == (desk.handed.folder / "two.zip").read_bytes()


Step = tuple[str, int]


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["whole", "late", "some", "none", "missed", "narrow", "wide"]), st.integers(0, 2)),
        min_size=2,
        max_size=7,
    ),
    begin=st.integers(0, 4),
)
def test_whatever_happened_in_the_nights_three_verifiers_find_the_same(
    steps: list[Step],
    begin: int,
    nights_module: ModuleType,
    vectors: ModuleType,
    bundles: ModuleType,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    desk = Desk(nights_module, vectors, bundles, tmp_path_factory.mktemp("desk"))
    nights, plan = desk.nights, desk.nights.blob
    for number, (what, extra) in enumerate(steps):
        moment = desk.first + number * DAY
        if what in ("narrow", "wide"):
            plan = nights.plan(
                moment + extra * HOUR - HOUR, assets=nights.assets[: 3 if what == "wide" else 1 + extra % 2]
            )
        if what == "missed":
            nights.missed(number, f"reason {extra}, said\nso", at=moment + (extra - 1) * 5 * DAY)
        if what in ("whole", "late", "narrow", "wide"):
            nights.night(number, plan=plan, after=extra * HOUR if what == "late" else timedelta(), seal=extra < 2)
        if what == "some":
            nights.night(number, plan=plan, assets=nights.assets[extra:], label=f"{extra + 1}/3")
    nights.night(len(steps), plan=plan)
    since = desk.first + min(begin, len(steps)) * DAY - 2 * HOUR
    until = desk.first + len(steps) * DAY
    bag = desk.export(f"{since:%Y-%m-%d}..{until:%Y-%m-%d}")
    report, said = desk.verify(bag)
    assert not report.failed, said
    stored = verify(nights.site.store, as_of=until + 5 * MINUTE).calendar
    assert stored is not None
    assert report.calendar is not None
    assert report.calendar.slots == tuple(one for one in stored.slots if one.due >= rfc3339(since))


def read_bag(bag: Path) -> BundleAudit:
    """Return what the first eight steps learn of a bag, as whoever made it would."""
    audit = BundleAudit(bundle=open_bundle(bag), trusted_root=None, pins=())
    for _, _, check in BUNDLE_STEPS[:8]:
        check(audit, Answer())
    return audit


def cover_up(desk: Desk, bag: Path, *, table: bool = True) -> None:
    """Make everything the sealer says fit again: what is withheld, the table of gaps, manifests, the signature."""
    desk.remake(bag)
    info, withheld = bag / "bag-info.txt", sum(read_bag(bag).withheld.values())
    lines = [
        f"Plantproof-Withheld: {withheld}" if line.startswith("Plantproof-Withheld") else line
        for line in info.read_text().splitlines()
    ]
    info.write_text("".join(f"{line}\n" for line in lines))
    if table:
        audit = read_bag(bag)
        slots = derive(audit, read_plans(audit, Answer()), audit.window)
        (bag / "data/gaps.csv").write_bytes(gaps_table(audit.runs, slots, audit.said, whole=True))
    desk.remake(bag)


def statement(bag: Path, kind: str, digest: Digest) -> Path:
    return bag / "data/statements" / kind / f"{hex_of(digest)}.dsse.json"


def drop(bag: Path, kind: str, digest: Digest) -> None:
    """Take a statement out of a bundle, with what only it accounts for."""
    statement(bag, kind, digest).unlink()
    audit = read_bag(bag)
    known = {hex_of(one) for one in audit.blobs}
    for path in [*(bag / "data/blobs").iterdir(), *(bag / "data/evidence").rglob("*.txt")]:
        if path.name not in known and path.relative_to(bag).as_posix() not in audit.explained:
            path.unlink()


@pytest.fixture
def attacked(desk: Desk) -> tuple[Desk, dict[str, Digest], Path]:
    """A bundle of four nights and one excused, and the statements that are worth leaving out."""
    nights = desk.nights
    nights.night(0)
    named = {"part": nights.night(1)[-1], "missed": nights.missed(2, "power", at=desk.first + 2 * DAY)}
    nights.night(3)
    bag = desk.export()
    report, said = desk.verify(bag)
    assert not report.failed, said
    assert gaps(bag) == [("24", "", "missed"), ("26", "", "pending")]
    return desk, named, bag


@pytest.mark.parametrize("kind", ["part", "missed"])
def test_a_statement_left_out_is_noticed_and_the_slot_is_never_passed(
    attacked: tuple[Desk, dict[str, Digest], Path], kind: str
) -> None:
    desk, named, bag = attacked
    drop(bag, kind, named[kind])
    desk.remake(bag)
    report, _ = desk.verify(bag)
    assert {step.name for step in report.failed} == {"statements", "completeness"}
    cover_up(desk, bag, table=False)
    report, said = desk.verify(bag)
    assert {step.name for step in report.failed} == {"completeness"}
    assert "gaps.csv: not what the statements here say" in said
    cover_up(desk, bag)
    report, said = desk.verify(bag)
    assert not report.failed, "all that is left is to say that it was left out"
    assert report.steps[6].status is Status.NOT_CHECKED
    assert status(report) is Status.NOT_CHECKED
    assert f"whether the slots are as they look: 1 {kind} statements are withheld" in said
    assert any(row[2] in ("gap", "unfinished") for row in gaps(bag))


def test_a_plan_replaced_by_an_older_one_of_the_same_log_is_noticed(desk: Desk) -> None:
    """The sealer can prove that the older plan stands in the log; but the night's run names the newer one."""
    nights = desk.nights
    narrow = nights.plan(desk.first - HOUR / 2, assets=nights.assets[:1])
    nights.night(0, plan=narrow, assets=nights.assets[:1])
    wide = nights.plan(desk.first + 2 * HOUR, count=29)
    nights.site.seal()
    nights.night(1, plan=wide, assets=nights.assets[:1])
    bag = desk.export("2026-07-23..2026-07-23", as_of="2026-07-23T12:00:00Z")
    assert [row[2] for row in gaps(bag)] == ["gap", "gap"]
    assert not desk.verify(bag)[0].failed
    history = History.read(nights.site.store)
    plans = {history.open(entry).plan: entry for entry in history.statements if entry.kind == "plan"}
    earlier = json.loads((bag / "data/log/earlier").read_bytes())
    wanted = ({row["index"] for row in earlier} | {plans[narrow].index}) - {plans[wide].index}
    before = read_bag(bag).proof
    assert before is not None
    proof = dump_proof(cut(history.ledger.chain.leaves, before.previous, before.size, wanted))
    (bag / EARLIER).write_bytes(proof[EARLIER])
    statement(bag, "plan", plans[wide].digest).unlink()
    statement(bag, "plan", plans[narrow].digest).write_bytes(history.envelope(plans[narrow]))
    (length,) = history.open(plans[narrow]).blobs.values()
    (bag / "data/blobs" / hex_of(wide)).unlink()
    (bag / "data/blobs" / hex_of(narrow)).write_bytes(get_blob(nights.site.store, narrow, length))
    cover_up(desk, bag)
    assert gaps(bag) == []
    assert {step.name for step in desk.verify(bag)[0].failed} == {"links"}


def test_a_plan_replaced_in_place_or_left_out_is_noticed(attacked: tuple[Desk, dict[str, Digest], Path]) -> None:
    desk, _, bag = attacked
    (plan,) = (bag / "data/statements/plan").iterdir()
    kept = plan.read_bytes()
    nights = desk.nights
    nights.plan(desk.first - HOUR, assets=nights.assets[:1])
    other = next(key for key in nights.site.store.keys("statements/plan/") if not key.endswith(plan.name))
    plan.write_bytes(nights.site.store.get(other))
    desk.remake(bag)
    assert "statements" in {step.name for step in desk.verify(bag)[0].failed}
    plan.unlink()
    desk.remake(bag)
    report, _ = desk.verify(bag)
    assert {"statements", "links"} <= {step.name for step in report.failed}
    plan.write_bytes(kept)
    blob = bag / "data/blobs" / hex_of(nights.blob)
    blob.write_bytes(blob.read_bytes().replace(b'"grace_s":3600', b'"grace_s":9999'))
    desk.remake(bag)
    assert {"artefacts", "completeness"} <= {step.name for step in desk.verify(bag)[0].failed}


def no_gap_at_all(bag: Path) -> bytes:
    return (bag / "data/gaps.csv").read_bytes().splitlines(keepends=True)[0]


def another_reason(bag: Path) -> bytes:
    return (bag / "data/gaps.csv").read_bytes().replace(b"power", b"snow!")


def one_gap_more(bag: Path) -> bytes:
    lines = (bag / "data/gaps.csv").read_bytes().splitlines(keepends=True)
    return b"".join([*lines, lines[-1]])


@pytest.mark.parametrize("edit", [no_gap_at_all, another_reason, one_gap_more])
def test_a_table_of_gaps_that_was_edited_is_noticed(
    edit: Callable[[Path], bytes], attacked: tuple[Desk, dict[str, Digest], Path]
) -> None:
    desk, _, bag = attacked
    (bag / "data/gaps.csv").write_bytes(edit(bag))
    desk.remake(bag)
    assert {step.name for step in desk.verify(bag)[0].failed} == {"completeness"}
    (bag / "data/gaps.csv").unlink()
    desk.remake(bag)
    assert {step.name for step in desk.verify(bag)[0].failed} == {"completeness"}


def test_a_period_that_cannot_be_read_fails(attacked: tuple[Desk, dict[str, Digest], Path]) -> None:
    desk, _, bag = attacked
    info = bag / "bag-info.txt"
    info.write_text(info.read_text().replace("2026-07-22T00:00:00Z", "yesterday"))
    desk.remake(bag)
    assert {step.name for step in desk.verify(bag)[0].failed} == {"completeness"}
