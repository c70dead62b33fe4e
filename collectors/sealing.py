"""Sealing a site's log, and having the new checkpoint time-stamped."""

from datetime import datetime

from collectors.site import OpenSite
from evidence.log.note import Checkpoint
from evidence.log.seal import seal


def seal_site(site: OpenSite, *, at: datetime) -> Checkpoint:
    """Commit what waits, and get time stamps over the newest checkpoint; without them it is sealed all the same."""
    if not site.authorities:
        return seal(site.store, site.keyring, at=at)
    from collectors.stamping import renewal_is_due, stamp  # X.509 takes a tenth of a second to load

    checkpoint = seal(site.store, site.keyring, at=at, renewing=renewal_is_due(site.store, at=at))
    stamp(site.store, site.keyring, site.authorities, checkpoint, at=at, tell=site.tell)
    return checkpoint
