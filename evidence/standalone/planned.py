"""The slots of a bundle's period, as its own statements tell of them."""

from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import Any

from evidence.standalone.files import BROKEN
from evidence.standalone.gaps import gaps_csv, later_rows
from evidence.standalone.shapes import Shape, plan_blob
from evidence.standalone.slots import EVER, Excuse, Said, Slot, Stated, due_slots, in_order, seconds, settle, utc

Numbered = tuple[int, str, dict[str, Any]]
"""A statement, its place in the log, and its digest."""


class Planned:
    """The slots of a bundle's period, and what the statements say of them: of those up to its moment only."""

    def __init__(
        self, statements: list[Numbered], read: Callable[[str, int, Shape], Any], info: dict[str, str]
    ) -> None:
        """Derive and settle the slots; `read` returns a blob by its digest."""
        self.since, self.until = map(seconds, info["Plantproof-Period"].split(" ")[1:])
        self.as_of = seconds(info["Plantproof-As-Of"])
        self.end = min(self.until, self.as_of)
        self.statements = statements
        self.parts = [(index, name, one["predicate"]) for index, name, one in statements if one["kind"] == "part"]
        self.ends = [(index, seconds(part["ended"])) for index, _, part in self.parts]
        self.stated, self.failures = list[Stated](), list[str]()
        for index, row in ((index, one["predicate"]) for index, _, one in statements if one["kind"] == "plan"):
            try:
                plan = read(row["blob"], row["bytes"], plan_blob)
            except BROKEN as error:
                self.failures.append(f"leaf {index}: its plan: {error}")
                plan = {"assets": [], "slots": [], "grace_s": 0}
            self.stated.append(Stated(index, row["blob"], seconds(row["at"]) if "at" in row else EVER, plan))
        self.plans = in_order(self.stated, self.ends)
        self.due = due_slots(self.plans, self.until)
        self.settled = [slot for slot in self.due.values() if self.since <= slot.due <= self.end]
        self.later = [slot for slot in self.due.values() if slot.due > self.end]
        said, excuses = self._said(), self._excuses()
        for slot in self.settled:
            settle(slot, said.get(slot.name, []), excuses.get(slot.name, []), self.as_of)

    def _said(self) -> Mapping[str, list[Said]]:
        found: dict[str, list[Said]] = {}
        for index, name, part in self.parts:
            below = part["after"]["size"] if part["after"] else 0
            known = max((end for at, end in self.ends if at < below), default=EVER)
            results = {row["asset"]: row["result"] for row in part["outcomes"]}
            one = Said(index, part["slot"], part["run"], name, seconds(part["ended"]), known, results)
            found.setdefault(one.slot, []).append(one)
        return found

    def _excuses(self) -> Mapping[str, list[Excuse]]:
        found: dict[tuple[str, str, str, frozenset[str]], Excuse] = {}
        for _, name, one in self.statements:
            if one["kind"] == "missed":
                row = one["predicate"]
                excuse = Excuse(row["slot"], row["reason"], row["at"], frozenset(row["assets"]), name)
                found.setdefault((excuse.slot, excuse.reason, excuse.at, excuse.assets), excuse).statement = name
        by_slot: dict[str, list[Excuse]] = {}
        for excuse in found.values():
            by_slot.setdefault(excuse.slot, []).append(excuse)
        return by_slot

    def wanted(self, slot: str, blob: str) -> frozenset[str] | None:
        """Return the assets a slot is due for, or those of the plan that a run of no slot names."""
        if slot in self.due:
            return self.due[slot].assets
        return next((plan.assets for plan in self.stated if plan.blob == blob), None)

    def troubles(self, withheld: Mapping[str, int], first: int) -> Iterator[str]:
        """Yield what is not as planned, and what keeps this from being known; the leaves begin at `first`."""
        whole = not any({"gap", "missed", "late", "pending"} & set(slot.fates.values()) for slot in self.settled)
        for kind in ("plan",) if whole else ("missed", "part", "plan"):
            if withheld.get(kind):
                yield f"whether the slots are as they look: {withheld[kind]} {kind} statements are withheld"
        if not any(plan.plan["slots"] for plan in self.stated):
            return
        for one in (one for row in self._said().values() for one in row if one.ended < one.known):
            yield f"leaf {one.index}: clock-suspect: ended at {utc(one.ended)}, and knew evidence of {utc(one.known)}"
        yield from _words(self.settled)
        end, ends = utc(self.as_of), [plan.end for plan in self.plans[-1:] if plan.end is not None]
        if ends and ends[0] < self.end:
            yield f"what was due after {utc(ends[0])}: no plan reaches further"
        if self.later:
            row = f"{self.later[0].name} to {self.later[-1].name}"
            yield f"{len(self.later)} slots, {row}: due in the period, and the bundle ends at {end}"
        for name in sorted({part["slot"] for _, _, part in self.parts}):
            if name in self.due and self.due[name].due < self.since:
                yield f"{name}: due before the period began; whether it is whole, a bundle of that time says"
        yield from self._doubts([plan for plan in self.stated if plan.index < first], first)

    def _doubts(self, earlier: list[Stated], first: int) -> Iterator[str]:
        """Yield what only the sealer vouches for: which plan counted when the leaves of the bundle began."""
        for one, other in pairwise(earlier):
            if EVER < other.at < one.at and other.index != one.index + 1:
                yield f"leaf {other.index}: says it was stated before leaf {one.index}; why it counts is not shown"
        asked = {slot.blob for slot in self.due.values() if slot.due >= self.since}
        spoken = {
            "sha256:" + one["subject"][0]["digest"]["sha256"]
            for index, _, one in self.statements
            if index >= first and one["kind"] not in ("plan", "export", "key", "genesis", "quarantine", "anchor")
        }
        if earlier and earlier[-1].blob in asked - spoken:
            yield f"whether leaf {earlier[-1].index} was the newest plan before leaf {first}: only the sealer says so"

    def gaps_csv(self) -> bytes:
        """Return the table of gaps that the statements make."""
        rest = list(later_rows(self.later, self.as_of))
        for plan in self.plans[-1:]:
            if plan.end is not None and plan.end < self.end:
                rest.append(("", "", "", "unplanned", "no plan says what was due from then on", utc(plan.end), ""))
        return gaps_csv([(name, part) for _, name, part in self.parts], self.settled, rest)


def _words(slots: list[Slot]) -> Iterator[str]:
    """Yield what is not as planned of each slot; of those without any run only the first and the last are named."""
    silent: dict[str, list[Slot]] = {}
    for slot in slots:
        if not slot.begun and slot.assets and len(slot.having("gap")) == len(slot.assets):
            silent.setdefault(slot.job, []).append(slot)
            continue
        for fate in ("gap", "missed", "late", "pending"):
            names = slot.having(fate)
            if names:
                yield f"{slot.name}: {fate}: {', '.join(names[:5])}: {len(names)} of {len(slot.assets)} assets"
    for row in silent.values():
        yield f"{len(row)} slots, {row[0].name} to {row[-1].name}: gap: no run at all"
