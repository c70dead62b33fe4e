"""Planned slots: which ones the plans of a bundle ask for, and what became of each of their assets."""

import time
from calendar import timegm
from dataclasses import dataclass, field
from typing import Any

from evidence.standalone.files import require

MAX_SLOTS = 100_000
"""Most slots of one plan."""

EVER = -(2**62)
"""Before any time."""

_FORM = "%Y-%m-%dT%H:%M:%SZ"


def seconds(text: str) -> int:
    """Read a time (RFC 3339, UTC) as seconds since 1970."""
    found = timegm(time.strptime(text, _FORM))
    require(utc(found) == text, f"not a time: {text!r:.40}")
    return found


def utc(moment: int) -> str:
    """Write seconds since 1970 as a time."""
    return time.strftime(_FORM, time.gmtime(moment))


@dataclass
class Stated:
    """A plan, where in the log it was stated, and when by its own word."""

    index: int
    blob: str
    at: int
    plan: dict[str, Any]
    begin: int = EVER

    @property
    def assets(self) -> frozenset[str]:
        """The assets it asks for."""
        return frozenset(asset["asset"] for asset in self.plan["assets"])

    @property
    def end(self) -> int | None:
        """Until when it says what is due, if it says anything of it."""
        rows = self.plan["slots"]
        return max((seconds(row["first"]) + row["every_s"] * row["count"] for row in rows), default=None)


@dataclass
class Said:
    """What a part says of a slot; it cannot be older than what it knew."""

    index: int
    slot: str
    run: str
    statement: str
    ended: int
    known: int
    results: dict[str, str]

    @property
    def since(self) -> int:
        """From when on it can have been there."""
        return max(self.ended, self.known)


@dataclass
class Excuse:
    """A signed reason why a slot was missed."""

    slot: str
    reason: str
    at: str
    assets: frozenset[str]
    statement: str


@dataclass
class Slot:
    """A slot that a plan asks for, and what became of it."""

    name: str
    job: str
    due: int
    until: int
    assets: frozenset[str]
    blob: str
    begun: bool = False
    fates: dict[str, str] = field(default_factory=dict)
    """One word for each asset: present, off-by-schedule, late, missed, gap, pending."""
    late: dict[str, Said] = field(default_factory=dict)
    why: dict[str, list[Excuse]] = field(default_factory=dict)

    def having(self, fate: str) -> list[str]:
        """Return the assets of one fate."""
        return sorted(asset for asset, word in self.fates.items() if word == fate)


def in_order(stated: list[Stated], ends: list[tuple[int, int]]) -> list[Stated]:
    """
    Return the plans as they count one after the other, each from when on.

    None counts before the newest end of a part that was logged before it. Plans side by side go by their own times.
    """
    group, keyed = 0, []
    for number, one in enumerate(stated):
        if not number or one.index != stated[number - 1].index + 1:
            group = one.index
        keyed.append((group, one.at, number, one))
    found: list[Stated] = []
    for *_, one in sorted(keyed, key=lambda key: key[:3]):
        if one.at > EVER:
            earlier = [end for index, end in ends if index < one.index]
            one.begin = max([one.at, *earlier, *(plan.begin for plan in found[-1:])])
        found.append(one)
    return found


def due_slots(plans: list[Stated], until: int) -> dict[str, Slot]:
    """Return the slots due up to a moment: a plan counts until the next begins, and takes back none that is over."""
    found: dict[str, Slot] = {}
    for number, one in enumerate(plans):
        end = min([until + 1, *(plan.begin for plan in plans[number + 1 : number + 2])])
        assets = one.assets
        require(sum(row["count"] for row in one.plan["slots"]) <= MAX_SLOTS, "a plan of too many slots")
        for row in one.plan["slots"]:
            require(row["every_s"] >= 1 and row["count"] >= 1, "slots that never come")
            first, grace = seconds(row["first"]), row.get("grace_s", one.plan["grace_s"])
            for due in range(first, min(first + row["every_s"] * row["count"], end), row["every_s"]):
                name = row["name"] + time.strftime("-%Y%m%dT%H%MZ", time.gmtime(due))
                if due + grace >= one.begin and (name not in found or found[name].until >= one.begin):
                    found[name] = Slot(name, row["name"], due, due + grace, assets, one.blob)
    return {slot.name: slot for slot in sorted(found.values(), key=lambda slot: (slot.due, slot.name))}


def settle(slot: Slot, said: list[Said], excuses: list[Excuse], as_of: int) -> None:
    """Find out what became of each asset of a slot, from what is said of it."""
    parts = sorted((one for one in said if one.since <= as_of), key=lambda one: one.since)
    excuses = [one for one in excuses if seconds(one.at) <= as_of]
    slot.begun = bool(parts)
    for asset in slot.assets:
        told = [(one, one.results[asset]) for one in parts if one.ended >= slot.due and asset in one.results]
        answered = [one for one, result in told if result not in ("off-by-schedule", "interrupted")]
        why = [one for one in excuses if asset in one.assets or not one.assets]
        if answered and answered[0].since <= slot.until:
            slot.fates[asset] = "present"
        elif any(result == "off-by-schedule" for _, result in told):
            slot.fates[asset] = "off-by-schedule"
        elif answered:
            slot.fates[asset], slot.late[asset] = "late", answered[0]
        elif why:
            slot.fates[asset], slot.why[asset] = "missed", why
        else:
            slot.fates[asset] = "pending" if as_of <= slot.until else "gap"
