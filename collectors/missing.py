"""Saying that a planned slot was missed."""

from collections.abc import Collection
from datetime import datetime

from collectors.site import OpenSite
from collectors.timetable import AHEAD
from evidence.errors import Error
from evidence.log.calendar import Due, due_slots, logged_plans
from evidence.log.history import History
from evidence.log.missed import MAX_REASON, missed_predicate
from evidence.log.plan import job_of
from evidence.log.statement import Subject
from evidence.log.writer import append


class MissedError(Error):
    """What is said to be missed was not planned, or no reason is given."""

    exit_code = 5


def state_missed(site: OpenSite, slot: str, *, reason: str, assets: Collection[str], at: datetime) -> Due:
    """Sign and keep that `slot` was missed, all of it or only of `assets`, and return what was due."""
    if not 0 < len(reason.strip()) <= MAX_REASON:
        raise MissedError(f"expected a reason of 1 to {MAX_REASON} characters")
    due = due_slots(logged_plans(History.read(site.store)), until=at + AHEAD)
    one = due.get(slot)
    if one is None:
        own = [name for name, other in due.items() if other.job == job_of(slot) and other.moment <= at]
        hint = f"the newest that were due are {', '.join(own[-3:])}" if own else "`jobs` in the site file make slots"
        raise MissedError(f"{slot:.100}: no plan in the log asks for such a slot", hint=hint)
    strange = sorted(set(assets) - one.assets)
    if strange:
        raise MissedError(f"{slot}: not planned for: {', '.join(strange)}")
    predicate = missed_predicate(slot, reason.strip(), at, assets=assets)
    append(
        site.store, site.keyring, kind="missed", predicate=predicate, subjects=[Subject(name="plan", digest=one.plan)]
    )
    return one
