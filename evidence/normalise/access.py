"""As what SNMP was asked, as facts: the way in that was used, beside those a configuration shows."""

from collections.abc import Iterator

from evidence.model.capture import Capture
from evidence.normalise.tags import tag_of
from evidence.normalise.values import clean
from evidence.platforms.platform import SYSTEM


def ways_in(capture: Capture) -> Iterator[tuple[str, str, str]]:
    """
    Yield (fact, row, value) for the way in that `capture` was answered by.

    Only what is asked first in every visit tells it: the newest answer to another question may be older than a change
    of the credential. A community's row is its tag, which is what a configuration calls it, too; a user's is nobody
    else's, because a configuration may call a group the same, which lets others in.
    """
    access = capture.access
    if access is None or capture.question != SYSTEM:
        return
    row = access.community or clean(f"v{access.version} {access.user}")
    known = access.community is not None and access.community.startswith("<default:")
    columns = {
        "kind": "snmp",
        "version": access.version,
        "used": "yes",
        "tag": tag_of(access.community) if access.community else None,
        "well_known": "yes" if known else None,
        "user": access.user,
        "level": access.level,
        "auth": access.auth,
        "priv": access.priv,
    }
    for name, value in columns.items():
        if value is not None:
            yield f"access.{name}", row, value
