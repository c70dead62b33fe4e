"""What has to be said of a store that is reached over a network, beyond its name. Read from the outside by `cli`."""

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long a bucket with Object Lock is to refuse the deletion of what is put."""

    period: timedelta
    """What is always left at least, counted from the last time something was used."""
    slack: timedelta
    """What is set on top, so that a lock need not be extended at every use."""

    def __str__(self) -> str:
        """Return it in words."""
        return f"{self.period.days} days, and {self.slack.days} on top"


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """How to reach a store over a network, and what to ask of it. Credentials and region are AWS's own settings."""

    endpoint: str | None = None
    """A server that is not AWS's: `https://rgw.example:7480`. Its buckets are addressed by path."""
    retention: Retention | None = None
    """`None`: no lock is set; the bucket's own default applies."""
    now: Callable[[], datetime] | None = None
    """Tells the time; needed where a retention is set."""
    locks: Path = field(default_factory=lambda: Path(tempfile.gettempdir()))
    """Folder of this machine in which one sealer keeps out another."""
    timeout_s: float = 60.0
    """How long an answer is waited for: half a minute for 512 MiB on a fast line, and as much again."""
    wait: Callable[[float], None] | None = None
    """Waits between two tries; `None`: by the clock."""


ENDPOINTS = ("PLANTPROOF_S3_ENDPOINT", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
"""Variables that name a server, the first that is set counts; the last two are AWS's own."""


def endpoint_in(environ: Mapping[str, str]) -> str | None:
    """Return the server that the environment names, `None` for AWS's."""
    return next((environ[name] for name in ENDPOINTS if environ.get(name)), None)
