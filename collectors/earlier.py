"""What earlier visits took: how many requests, how long, how much was kept. The best guess at what the next takes."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby, islice

from evidence.log.history import History
from evidence.log.part import PartStatement
from evidence.model.names import AssetId, parse_digest
from evidence.model.outcome import Result
from evidence.store.blobs import get_blob

MAX_PARTS = 500
"""Parts looked through, the newest first: more than a year of nights; an asset not read in them counts as new."""

_READ = frozenset({Result.COLLECTED, Result.PARTIAL})
_CELLS = 8
"""Cells of a line of the action log (`collectors.conduct`)."""


@dataclass(slots=True, kw_only=True)
class Earlier:
    """What one visit took."""

    at: str
    """When it was, RFC 3339."""
    platform: str | None = None
    """What the device was recognised as."""
    bytes: int = 0
    """Bytes of its answers as they were kept: without secrets and what changes by itself."""
    took_s: list[float] = field(default_factory=list)
    """Seconds to each answer."""

    @property
    def requests(self) -> int:
        """How many requests left."""
        return len(self.took_s)

    def seconds(self, interval_s: float) -> float:
        """Return how long the same requests take where each leaves `interval_s` after the one before, or later."""
        return sum(max(interval_s, took_s) for took_s in self.took_s)


def earlier_visits(history: History, assets: Collection[AssetId]) -> Mapping[AssetId, Earlier]:
    """Return the newest visit of each of `assets` that brought something home, as far as the log tells."""
    read: dict[AssetId, Earlier] = {}
    parts = islice(history.parts(newest_first=True), MAX_PARTS)
    for _, run in groupby((part for _, part in parts), key=lambda part: part.run):
        if len(read) == len(assets):
            break
        read.update(_run(history, tuple(run), set(assets) - read.keys()))
    return read


def _run(history: History, parts: Sequence[PartStatement], assets: Collection[AssetId]) -> Mapping[AssetId, Earlier]:
    """Return what one run tells: an asset's requests may stand in another of its parts than its outcome does."""
    found = {
        outcome.asset: Earlier(at=part.started)
        for part in parts
        for outcome in part.outcomes
        if outcome.asset in assets and outcome.result in _READ
    }
    for part in parts if found else ():
        for capture in part.captures:
            if earlier := found.get(capture.asset):
                earlier.platform = capture.platform
                earlier.bytes += capture.bytes
        for asset, took_s in _logged(history, part).items():
            if asset in found:
                found[asset].took_s += took_s
    return {asset: earlier for asset, earlier in found.items() if earlier.took_s}


def _logged(history: History, part: PartStatement) -> Mapping[AssetId, list[float]]:
    """Return the seconds each of a part's requests took, by asset, as its action log says."""
    log, length = part.conduct.get("log"), part.conduct.get("log_bytes")
    took: dict[AssetId, list[float]] = defaultdict(list)
    if not isinstance(log, str) or not isinstance(length, int):
        return took
    text = get_blob(history.ledger.store, parse_digest(log), length).decode("utf-8", "replace")
    for line in text.split("\n"):
        cells = line.split("\t")
        if len(cells) == _CELLS and cells[3] != "refused" and cells[5].isdecimal():
            took[AssetId(cells[1])].append(int(cells[5]) / 1000)
    return took
