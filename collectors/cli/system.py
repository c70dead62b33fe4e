"""What only this machine knows: its clock, its limits, who runs us. Read here and passed down as arguments."""

import ctypes
import getpass
import hmac
import os
import re
import resource
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from collectors.credentials import Identities

_NUMBER = re.compile(r"[0-9]{1,18}")
_TIME_ERROR = 5
_STA_UNSYNC = 0x40
_STA_NANO = 0x2000
"""adjtimex(2): return value for a clock that is not synchronised, and two bits of `status`."""


MOST_AT_ONCE = 5000
"""Most assets read at the same time, whatever the limits are."""
_OTHER_FILES = 320
"""Open files beside a lock and a socket for each asset: 64 command sessions with three more each, and our own."""


class SystemClock:
    """The clock of this machine."""

    def now(self) -> datetime:
        """Return the wall-clock time in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        return time.monotonic()

    def wait(self, seconds: float) -> None:
        """Wait in the calling thread."""
        time.sleep(seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockState:
    """What the kernel knows of its clock's correctness."""

    source: str
    """`kernel-synchronised`, `kernel-unsynchronised` or `unknown`."""
    offset_us: int | None = None
    """Remaining offset, microseconds."""

    @property
    def trusted(self) -> bool:
        """Tell whether something keeps this clock right."""
        return self.source == "kernel-synchronised"


def clock_state() -> ClockState:
    """Ask the kernel whether its clock is kept right (adjtimex(2), read-only)."""
    timex = (ctypes.c_long * 64)()
    try:
        state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(timex))
    except (AttributeError, OSError):
        return ClockState(source="unknown")
    if state < 0:
        return ClockState(source="unknown")
    status = timex[5] & 0xFFFFFFFF
    if state == _TIME_ERROR or status & _STA_UNSYNC:
        return ClockState(source="kernel-unsynchronised")
    return ClockState(source="kernel-synchronised", offset_us=timex[1] // (1000 if status & _STA_NANO else 1))


def lock_folder() -> Path:
    """Return where all runs of this user keep their device locks."""
    base = os.environ.get("XDG_RUNTIME_DIR")
    if base and Path(base).is_dir():
        return Path(base) / "plantproof-locks"
    return Path(tempfile.gettempdir()) / f"plantproof-locks-{os.getuid()}"


def identities(environ: Mapping[str, str]) -> Identities:
    """Return where this user keeps SSH keys: an agent, and a home."""
    home = environ.get("HOME")
    return Identities(agent_socket=environ.get("SSH_AUTH_SOCK") or None, home=Path(home) if home else None)


def raise_file_limit() -> int:
    """Allow as many open files as the system lets this user have; return for how many assets at once that is enough."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard == resource.RLIM_INFINITY:
        return MOST_AT_ONCE
    return min(MOST_AT_ONCE, max(4, (hard - _OTHER_FILES) // 2))


def run_by(environ: Mapping[str, str], key: bytes) -> dict[str, object]:
    """
    Return who or what started this run: the user's alias, and AWX's job where there is one.

    The playbooks hand on `awx_job_id` and `awx_workflow_job_id`, which AWX gives a job as variables; AWX itself sets
    `AWX_HOST` and `JOB_ID` in a job's environment.
    """
    said = {
        "awx_job_id": environ.get("AWX_JOB_ID") or (environ.get("JOB_ID") if environ.get("AWX_HOST") else None),
        "awx_workflow_job_id": environ.get("AWX_WORKFLOW_JOB_ID"),
    }
    jobs = {name: text for name, text in said.items() if text and _NUMBER.fullmatch(text)}
    return {"user": user_alias(key), **jobs}


def user_alias(key: bytes) -> str:
    """Return a name for who runs us that tells two users apart and names neither."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = str(os.getuid())
    return "u-" + hmac.new(key, name.encode(), "sha256").hexdigest()[:8]
