"""Whether what runs is saved, where a device does not say so itself: its two configurations, compared."""

from collections.abc import Iterator

from evidence.model.fact import Fact
from evidence.model.names import AssetId
from evidence.platforms.load import Platforms
from evidence.snapshots import Reading, Snapshots, configuration

SAVED = "config.saved"

_EMPTY = frozenset({"", "!"})
"""Lines that configure nothing: Cisco's and FRR's comments without a word."""


def saved_facts(snapshots: Snapshots, asset: AssetId, platforms: Platforms) -> Iterator[Fact]:
    """
    Yield `config.saved` of an asset whose running and saved configuration were both read by one part.

    Both are compared without what changes by itself, and without empty lines; tags of secrets are compared as they
    are, so a secret that differs shows.
    """
    running = next(iter(configuration(snapshots, asset, platforms, "running")), None)
    saved = next(iter(configuration(snapshots, asset, platforms, "startup")), None)
    if running is None or saved is None or running.part != saved.part:
        return
    same = _lines(snapshots, running) == _lines(snapshots, saved)
    yield Fact(
        asset=asset,
        name=SAVED,
        value="yes" if same else "no",
        source=saved.capture.blob,
        origin=f"{saved.capture.transport} {saved.capture.request}, compared with {running.capture.request}",
        at=min(running.capture.at, saved.capture.at),
        ttl_s=min(running.capture.ttl_s, saved.capture.ttl_s),
        platform=saved.capture.platform,
    )


def _lines(snapshots: Snapshots, reading: Reading) -> list[str]:
    text = snapshots.stable(reading).decode("utf-8", "replace")
    return [line.rstrip() for line in text.splitlines() if line.strip() not in _EMPTY]
