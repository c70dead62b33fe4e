"""Ready files for cron, systemd and AWX: read back by what will read them, where that is at hand."""

import re
import shlex
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from collectors.ready import Call, awx_playbook, crontab, on_calendar, rrule, systemd_units
from collectors.timetable import Hourly, Job, LocalTime

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
CALL = Call(program=("/opt/plant proof/bin/plantproof",), folder=Path("/srv/100% plant"))


def job(name: str, times: str) -> Job:
    parse = Hourly.parse if times.endswith("h") else LocalTime.parse
    return Job(name=name, times=parse(times), grace=timedelta(hours=1))


JOBS = (
    job("nightly", "02:05 Europe/Berlin"),
    job("weekly", "Sun 03:00 Asia/Tokyo"),
    job("shift", "Fri-Mon 05:30 UTC"),
    job("often", "4h"),
)


def test_crontab_lines_carry_their_zone_and_survive_the_shell() -> None:
    text = crontab(JOBS, CALL, owner="ACME\nGmbH")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert lines[0::2] == ["CRON_TZ=Europe/Berlin", "CRON_TZ=Asia/Tokyo", "CRON_TZ=UTC", "CRON_TZ=UTC"]
    fields = [line.split("  ", 1) for line in lines[1::2]]
    assert [when for when, _ in fields] == ["5 2 * * *", "0 3 * * 7", "30 5 * * 1,5,6,7", "0 */4 * * *"]
    command = fields[0][1]
    assert not re.search(r"(?<!\\)%", command), "an unescaped % ends the command"
    assert shlex.split(command.replace("\\%", "%")) == [
        *("cd", "/srv/100% plant", "&&", "/opt/plant proof/bin/plantproof"),
        *("collect", "--no-input", "--slot", "nightly"),
    ]


def test_awx_is_set_up_by_a_playbook_of_templates_workflow_and_schedule() -> None:
    (play,) = yaml.safe_load(awx_playbook(JOBS[:1], owner="ACME", at=NOON))
    kinds = [next(key for key in task if key != "name") for task in play["tasks"]]
    assert kinds == [
        *("awx.awx.job_template", "awx.awx.job_template"),
        *("awx.awx.workflow_job_template", "awx.awx.schedule"),
    ]
    collect, seal, flow, schedule = (task[kind] for task, kind in zip(play["tasks"], kinds, strict=True))
    assert collect["job_slice_count"] == "{{ slices }}"
    assert "job_slice_count" not in seal
    assert {Path(one["playbook"]).name for one in (collect, seal)} == {"collect.yml", "seal.yml"}
    assert flow["workflow_nodes"][0]["related"] == {"always_nodes": [{"identifier": "seal"}]}
    assert schedule["unified_job_template"] == flow["name"]
    assert schedule["rrule"] == "DTSTART;TZID=Europe/Berlin:20261122T020500 RRULE:FREQ=DAILY;INTERVAL=1"


def test_schedules_of_awx_name_days_and_hours() -> None:
    assert rrule(JOBS[1], NOON).endswith("T030000 RRULE:FREQ=WEEKLY;INTERVAL=1;BYDAY=SU")
    assert rrule(JOBS[2], NOON).endswith("BYDAY=MO,FR,SA,SU")
    assert rrule(JOBS[3], NOON) == "DTSTART;TZID=UTC:20261122T000000 RRULE:FREQ=HOURLY;INTERVAL=4"


@pytest.mark.real
@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_is_content_with_the_units_and_means_the_same_times(tmp_path: Path) -> None:
    program = tmp_path / "bin 100%" / "plantproof"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    call = Call(program=(str(program),), folder=tmp_path)
    units = systemd_units(
        JOBS,
        call,
        owner="ACME 100%",
        user="root",
        writable=(tmp_path / "the store", tmp_path),
        credentials=("switches", "enable", "switches"),
    )
    for text in (text for name, text in units.items() if name.endswith(".service")):
        loaded = [line for line in text.splitlines() if line.startswith("LoadCredential=")]
        assert loaded == [
            f"LoadCredential={name}:/etc/plantproof/credentials/{name}" for name in ("enable", "switches")
        ]
    for name, text in units.items():
        (tmp_path / name).write_text(text)
    verified = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *sorted(units)],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    said = [line for line in verified.stderr.splitlines() if "plantproof-" in line]
    assert (verified.returncode, said) == (0, []), verified.stderr
    for one in JOBS:
        since = f"--base-time={NOON:%Y-%m-%d %H:%M:%S} UTC"
        asked = subprocess.run(
            ["systemd-analyze", "calendar", "--iterations=1", since, on_calendar(one)],
            env={"TZ": "UTC", "PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=True,
        )  # fmt: skip
        found = re.search(r"Next elapse: \w+ (\S+ \S+) UTC", asked.stdout)
        assert found is not None, asked.stdout
        due = datetime.strptime(found[1], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
        assert due > NOON
        assert one.newest(due) == due
        assert one.newest(due - timedelta(seconds=1)) <= NOON
