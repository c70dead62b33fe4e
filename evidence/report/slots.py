"""The planned slots as a report shows them: a line a job, and the newest that are not whole."""

from evidence.report.document import JobCount, Slots
from evidence.verify.slots import COUNTED, Calendar

SHOWN = 50
"""Slots shown one by one; two months of a job that failed every night."""


def slots_of(calendar: Calendar | None) -> Slots | None:
    """Return what a report says of the planned slots."""
    if calendar is None or not calendar.slots:
        return None
    jobs = []
    for name in sorted({one.job for one in calendar.slots}):
        own = [one for one in calendar.slots if one.job == name]
        counts = tuple(sum(getattr(one, field) for one in own) for field in COUNTED)
        jobs.append(JobCount(job=name, slots=len(own), first=own[0].due, last=own[-1].due, counts=counts))
    not_whole = [one for one in reversed(calendar.slots) if not one.whole]
    return Slots(
        as_of=calendar.as_of,
        expected=calendar.total("expected"),
        late=calendar.total("late"),
        missed=calendar.total("missed"),
        gaps=calendar.total("gaps"),
        jobs=tuple(jobs),
        not_whole=tuple(not_whole[:SHOWN]),
        left_out=max(0, len(not_whole) - SHOWN),
    )
