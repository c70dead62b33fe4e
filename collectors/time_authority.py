"""A time-stamp authority, as the site file names it."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeAuthority:
    """Whom a site asks for time stamps (RFC 3161)."""

    name: str
    """What the log calls it."""
    url: str
    ca: Path
    """Certificates of its CA: no token counts that does not lead there."""
    crl: str | None = None
    """Its CA's revocation list: a file, or where it is fetched."""
    policy: str | None = None
