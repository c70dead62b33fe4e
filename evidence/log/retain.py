"""
Looking after what a far store keeps: locks are extended in time, and what is remembered is compared with what is there.

Each seal looks at a few of the 256 shards of blobs, so that each has its turn twice before the slack of a lock is
used up; after the last shard come the log itself and its statements. The cursor is a signed hint. Of blobs, the locks
of those are extended that the statements sealed now name: what is no longer used runs out.
"""

from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta

from evidence.clock import TimeError, parse_rfc3339, rfc3339
from evidence.errors import Error
from evidence.log.fields import Fields
from evidence.log.hints import read_hint, write_hint
from evidence.log.keyring import Keyring, Role
from evidence.model.names import Digest
from evidence.store.interface import Store
from evidence.store.known import Remembers
from evidence.store.layout import STORE_KEY, blob_key
from evidence.store.retains import SHARDS, Retains, due_shards

RETENTION = "retention"
"""The hint: which shard was looked at last, and when."""

SLACK = timedelta(days=180)
"""What takes the place of the slack where nothing is locked: every shard is looked at within 90 days."""

_RETENTION = frozenset({"shard", "at"})


def look_after(store: Store, keyring: Keyring, used: AbstractSet[Digest], *, at: datetime) -> None:
    """Look at the shards whose turn it is; `used` are the blobs that what was sealed now names."""
    known = store.known if isinstance(store, Remembers) else None
    if not isinstance(store, Retains):
        return
    last, looked = _cursor(store, keyring) or (SHARDS - 1, at)
    slack = store.retention.slack if store.retention else SLACK
    keys = {blob_key(digest) for digest in used}
    for shard in due_shards(last, at - looked, slack):
        seen = store.renew(f"blobs/sha256/{shard:02x}/", wanted=keys.__contains__, at=at).seen
        if known is not None:
            known.forget_all(digest for digest in known.within(f"{shard:02x}") if blob_key(digest) not in seen)
        last = shard
        if shard == SHARDS - 1 and store.retention:
            for prefix in ("log/", "statements/", STORE_KEY):
                store.renew(prefix, wanted=lambda _: True, at=at)
    write_hint(store, keyring, RETENTION, {"shard": last, "at": rfc3339(at)}, role=Role.SEALER)


def _cursor(store: Store, keyring: Keyring) -> tuple[int, datetime] | None:
    value = read_hint(store, keyring, RETENTION, role=Role.SEALER)
    try:
        hint = Fields(value, RETENTION, _RETENTION, frozenset())
        return hint.whole("shard") % SHARDS, parse_rfc3339(hint.text("at"))
    except (Error, TimeError):
        return None
