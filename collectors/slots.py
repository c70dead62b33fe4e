"""Which slot a run fills: said in full, or the one of a job that was due last."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from collectors.timetable import Job
from evidence.errors import Error
from evidence.log.plan import job_of, slot_name
from evidence.store.layout import KeyNameError, check_slot


class SlotError(Error):
    """A slot is neither one nor the name of a job."""

    exit_code = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """The slot a run fills."""

    name: str
    """`nightly-20260722T0200Z`"""
    job: Job | None
    """The job of the site file it belongs to."""

    @property
    def job_name(self) -> str:
        """What the slot is named by, whether or not the site file knows it."""
        return job_of(self.name)


def filled_slot(said: str, jobs: Sequence[Job], at: datetime) -> Filled:
    """
    Return the slot that `said` means: a slot, or of a job the one that was due last at `at`; raise `SlotError`.

    A run that begins late still fills the slot it is late for, and the log then says so.
    """
    named = {job.name: job for job in jobs}
    if said in named:
        return Filled(name=slot_name(said, named[said].newest(at)), job=named[said])
    try:
        check_slot(said)
    except KeyNameError as error:
        known = f"the jobs are {', '.join(named)}" if named else "the site file names no `jobs`"
        raise SlotError(f"{error}, or a job's name", hint=known) from error
    return Filled(name=said, job=named.get(job_of(said)))
