"""Ready files for what starts jobs: crontab lines, systemd units, and tasks that set up AWX. Pure: text comes out."""

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import yaml

from collectors.schedule import DAYS
from collectors.timetable import Hourly, Job, LocalTime

_CRON_HEAD = """\
# Jobs of {owner}, for `crontab -e`. A run says nothing unless something is new or worse; MAILTO gets that.
# CRON_TZ is understood by cronie (Fedora, RHEL, SUSE, Arch). Debian's and Ubuntu's cron ignores it and goes by the
# machine's zone: use `plantproof schedule systemd` there, or set the machine to the zone that is named.
"""

_SERVICE = """\
[Unit]
Description=plantproof: {job} of {owner}
Wants=network-online.target
After=network-online.target time-sync.target

[Service]
Type=oneshot
User={user}
WorkingDirectory={folder}
ExecStart={command}
{credentials}UMask=0077

# It reads devices and writes its store; it needs nothing else of this machine.
NoNewPrivileges=yes
CapabilityBoundingSet=
ProtectSystem=strict
ProtectHome=read-only
# /tmp holds the locks that every run of this user has in common; a private one would let two runs at one device.
ReadWritePaths={writable}
PrivateDevices=yes
ProtectControlGroups=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
LockPersonality=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
# adjtimex asks whether the clock is kept right. ProtectClock= and a bare @system-service forbid asking, and an
# unknown clock keeps every asset with a blackout from being read.
SystemCallFilter=@system-service adjtimex
"""

_TIMER = """\
[Unit]
Description=plantproof: when {job} of {owner} is due

[Timer]
OnCalendar={calendar}
AccuracySec=1s
# A slot that passed while this machine was off is read when it is on again, and the log says how late.
Persistent=yes

[Install]
WantedBy=timers.target
"""

CREDENTIALS_FOLDER = "/etc/plantproof/credentials"
"""Where the units expect systemd's credentials; only root need be able to read it."""

_AWX_HEAD = """\
# Sets up AWX for the jobs of {owner}: ansible-playbook this-file, with the collection awx.awx and CONTROLLER_HOST,
# CONTROLLER_USERNAME, CONTROLLER_PASSWORD in the environment. Change the names below to your own first.
# See playbooks/README.md. Not verified against a real AWX.
"""

_BYDAY = tuple(day[:2].upper() for day in DAYS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """How the program is called on this machine."""

    program: tuple[str, ...]
    folder: Path
    """The working directory: where the site file is found."""
    options: tuple[str, ...] = ()
    """Options that name the site, as they were given to this call."""

    def collect(self, job: Job) -> tuple[str, ...]:
        """Return the words of the command that runs `job`."""
        return (*self.program, "collect", "--no-input", "--slot", job.name, *self.options)


def crontab(jobs: Iterable[Job], call: Call, *, owner: str) -> str:
    """Return crontab lines."""
    lines = [_CRON_HEAD.format(owner=_one(owner))]
    for job in jobs:
        times, zone = _cron(job.times)
        # crontab(5): an unescaped % ends the command.
        words = f"cd {shlex.quote(str(call.folder))} && {shlex.join(call.collect(job))}".replace("%", "\\%")
        lines.append(f"CRON_TZ={zone}\n{times}  {words}\n")
    return "".join(lines)


def systemd_units(
    jobs: Iterable[Job],
    call: Call,
    *,
    owner: str,
    user: str,
    writable: Sequence[Path],
    credentials: Iterable[str] = (),
) -> Mapping[str, str]:
    """Return units by file name: a service and a timer for each job; `credentials` are names of LoadCredential=."""
    loaded = "".join(f"LoadCredential={name}:{CREDENTIALS_FOLDER}/{name}\n" for name in sorted(set(credentials)))
    units = {}
    for job in jobs:
        words = {
            "job": job.name,
            "owner": _one(owner).replace("%", "%%"),
            "user": user,
            "folder": str(call.folder).replace("%", "%%"),
            "command": " ".join(_unit_word(word) for word in call.collect(job)),
            "writable": " ".join(_unit_word(str(path)) for path in writable),
            "calendar": on_calendar(job),
            "credentials": loaded,
        }
        units[f"plantproof-{job.name}.service"] = _SERVICE.format(**words)
        units[f"plantproof-{job.name}.timer"] = _TIMER.format(**words)
    return units


def on_calendar(job: Job) -> str:
    """Return when a job is due as systemd.time(7) writes it."""
    if isinstance(job.times, Hourly):
        return f"*-*-* 00/{job.times.hours}:00:00 UTC"
    days = "" if job.times.daily else ",".join(DAYS[day] for day in sorted(job.times.days)) + " "
    hour, minute = divmod(job.times.minutes, 60)
    return f"{days}*-*-* {hour:02}:{minute:02}:00 {job.times.zone.key}"


def awx_playbook(jobs: Iterable[Job], *, owner: str, at: datetime) -> str:
    """Return a playbook that makes job templates, a workflow and a schedule for each job; schedules begin `at`."""
    play = {
        "name": "Set up plantproof in AWX",
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "vars": {"organization": "Default", "project": "plantproof", "inventory": "plant", "slices": 3},
        "tasks": [task for job in jobs for task in _awx_tasks(job, at)],
    }
    text = yaml.safe_dump([play], sort_keys=False, width=120, allow_unicode=True)
    return f"{_AWX_HEAD.format(owner=_one(owner))}---\n{text}"


def rrule(job: Job, at: datetime) -> str:
    """Return when a job is due as AWX writes it (RFC 5545 §3.3.10), from the day of `at` on."""
    if isinstance(job.times, Hourly):
        return f"DTSTART;TZID=UTC:{at:%Y%m%d}T000000 RRULE:FREQ=HOURLY;INTERVAL={job.times.hours}"
    day = at.astimezone(job.times.zone).date()
    hour, minute = divmod(job.times.minutes, 60)
    often = "DAILY" if job.times.daily else "WEEKLY"
    days = "" if job.times.daily else ";BYDAY=" + ",".join(_BYDAY[day] for day in sorted(job.times.days))
    return f"DTSTART;TZID={job.times.zone.key}:{day:%Y%m%d}T{hour:02}{minute:02}00 RRULE:FREQ={often};INTERVAL=1{days}"


def _awx_tasks(job: Job, at: datetime) -> Iterator[dict[str, object]]:
    collect, seal, flow = (f"plantproof {job.name} {what}" for what in ("collect", "seal", "run"))
    common = {"job_type": "run", "organization": "{{ organization }}", "project": "{{ project }}"}
    sliced = {"job_slice_count": "{{ slices }}"}
    for name, playbook, more, variables in (
        (collect, "collect", sliced, {"evidence_slot": job.name, "evidence_slices": "{{ slices }}"}),
        (seal, "seal", {}, {"evidence_slot": job.name}),
    ):
        template = {"name": name, **common, "inventory": "{{ inventory }}", "playbook": f"playbooks/{playbook}.yml"}
        yield {"name": f"Template: {name}", "awx.awx.job_template": {**template, "extra_vars": variables, **more}}
    nodes = [
        _awx_node("collect", collect, {"always_nodes": [{"identifier": "seal"}]}),
        _awx_node("seal", seal, {}),
    ]
    workflow = {"name": flow, "organization": "{{ organization }}", "workflow_nodes": nodes}
    yield {"name": f"Workflow: {flow}", "awx.awx.workflow_job_template": workflow}
    schedule = {"name": flow, "unified_job_template": flow, "rrule": rrule(job, at)}
    yield {"name": f"Schedule: {flow}", "awx.awx.schedule": schedule}


def _awx_node(identifier: str, template: str, related: dict[str, object]) -> dict[str, object]:
    named = {"name": template, "type": "job_template", "organization": {"name": "{{ organization }}"}}
    return {"identifier": identifier, "unified_job_template": named, "related": related}


def _cron(times: LocalTime | Hourly) -> tuple[str, str]:
    """Return the five fields and the zone they are in."""
    if isinstance(times, Hourly):
        return f"0 */{times.hours} * * *", "UTC"
    hour, minute = divmod(times.minutes, 60)
    days = "*" if times.daily else ",".join(str(day + 1) for day in sorted(times.days))
    return f"{minute} {hour} * * {days}", times.zone.key


def _unit_word(word: str) -> str:
    """Return a word as systemd.syntax(7) and systemd.service(5) read it: quoted, without specifiers and variables."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{escaped}"' if any(ch in word for ch in " \t'\"\\;") else escaped


def _one(text: str) -> str:
    """Return `text` on one line."""
    return " ".join(text.split())
