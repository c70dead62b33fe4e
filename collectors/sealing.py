"""Sealing a site's log, and having the new checkpoint time-stamped."""

from datetime import datetime

from collectors.site import OpenSite
from collectors.stamping import renewal_is_due, stamp
from evidence.log.note import Checkpoint
from evidence.log.seal import seal


def seal_site(site: OpenSite, *, at: datetime) -> Checkpoint:
    """Commit what waits, and get time stamps over the newest checkpoint; without them it is sealed all the same."""
    renewing = bool(site.authorities) and renewal_is_due(site.store, at=at)
    checkpoint = seal(site.store, site.keyring, at=at, renewing=renewing)
    stamp(site.store, site.keyring, site.authorities, checkpoint, at=at, tell=site.tell)
    return checkpoint
