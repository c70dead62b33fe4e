"""Which slot a run fills, and that one run of a job's part is going on at a time."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from collectors.cli.system import run_by, user_alias
from collectors.locks import RunLockedError, run_lock
from collectors.slices import Slice, SliceError
from collectors.slots import SlotError, filled_slot
from collectors.timetable import Job, LocalTime

NIGHTLY = Job(name="nightly", times=LocalTime.parse("02:00 Europe/Berlin"), grace=timedelta(hours=2))
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_a_jobs_name_means_the_slot_that_was_due_last() -> None:
    filled = filled_slot("nightly", [NIGHTLY], NOON)
    assert (filled.name, filled.job, filled.job_name) == ("nightly-20261122T0100Z", NIGHTLY, "nightly")
    assert filled_slot("nightly", [NIGHTLY], NOON.replace(hour=0)).name == "nightly-20261121T0100Z"
    assert filled_slot("nightly", [NIGHTLY], NOON.replace(hour=1)).name == "nightly-20261122T0100Z"


def test_a_slot_may_be_said_in_full() -> None:
    filled = filled_slot("nightly-20260722T0200Z", [NIGHTLY], NOON)
    assert (filled.name, filled.job) == ("nightly-20260722T0200Z", NIGHTLY)
    strange = filled_slot("week-end-20260722T0200Z-2ab3c4", [NIGHTLY], NOON)
    assert (strange.job, strange.job_name) == (None, "week-end")


def test_what_is_neither_is_bad_usage_that_names_the_jobs() -> None:
    with pytest.raises(SlotError, match="expected a slot like") as caught:
        filled_slot("nightli", [NIGHTLY], NOON)
    assert caught.value.hint == "the jobs are nightly"
    with pytest.raises(SlotError) as caught:
        filled_slot("nightly", [], NOON)
    assert caught.value.hint == "the site file names no `jobs`"


def test_a_second_run_of_the_same_part_is_refused_at_once_and_others_are_not(tmp_path: Path) -> None:
    locks = tmp_path / "locks"
    ours = f"nightly, part 1/2, into s holds the lock: process {os.getpid()}$"
    with run_lock(locks, store="s", job="nightly", part="1/2"):
        with pytest.raises(RunLockedError, match=ours), run_lock(locks, store="s", job="nightly", part="1/2"):
            raise AssertionError("two runs at once")
        for store, job, part in (("s", "nightly", "2/2"), ("s", "weekly", "1/2"), ("t", "nightly", "1/2")):
            with run_lock(locks, store=store, job=job, part=part):
                pass
    with run_lock(locks, store="s", job="nightly", part="1/2"):
        pass
    assert RunLockedError("x").exit_code == 75


def test_a_share_with_a_name_is_cut_already() -> None:
    share = Slice.parse("awx-17/3")
    assert (share.label, share.count, share.share) == ("awx-17/3", 3, 1 / 3)
    for text in ("awx-17", "awx/0", "Awx/3", "a b/3", "/3", "0/3", "4/3"):
        with pytest.raises(SliceError):
            Slice.parse(text)


def test_a_run_says_which_job_of_awx_it_is() -> None:
    key = b"k" * 32
    user = {"user": user_alias(key)}
    assert run_by({}, key) == user
    assert run_by({"AWX_JOB_ID": "17", "AWX_WORKFLOW_JOB_ID": "16"}, key) == user | {
        "awx_job_id": "17",
        "awx_workflow_job_id": "16",
    }
    assert run_by({"JOB_ID": "17", "AWX_HOST": "https://awx.example"}, key) == user | {"awx_job_id": "17"}
    assert run_by({"JOB_ID": "17"}, key) == user, "another program's job"
    assert run_by({"AWX_JOB_ID": "17; drop", "AWX_WORKFLOW_JOB_ID": ""}, key) == user
