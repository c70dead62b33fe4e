"""Since when a configuration is as it is, and what it was before."""

from evidence.model.fact import Fact
from evidence.model.names import AssetId, hex_of
from evidence.platforms.load import Platforms
from evidence.snapshots import Snapshots, configuration

RUNNING = "config.sha256"
SINCE = "config.since"


def running_before(
    snapshots: Snapshots, asset: AssetId, platforms: Platforms, facts: tuple[Fact, ...]
) -> tuple[Fact, Fact] | None:
    """
    Return `config.since`, when the running configuration was first read as it is, and its `config.sha256` before that.

    Nothing where it was never seen to change: that the answer before is the same is another fact.
    """
    now = next((fact for fact in facts if fact.name == RUNNING), None)
    newest = next(iter(configuration(snapshots, asset, platforms, "running")), None)
    if now is None or newest is None or newest.capture.blob != now.source:
        return None
    standing = snapshots.standing(asset, newest.capture.question)
    if standing is None or standing.before is None:
        return None
    was = standing.before.capture
    since = now._replace(name=SINCE, value=standing.since.capture.at)
    return since, now._replace(value=hex_of(was.blob), source=was.blob, at=was.at, ttl_s=was.ttl_s)
