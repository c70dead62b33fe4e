"""When to stop asking: circuit breakers and credential quarantine (DOMAIN: rules of conduct, 6 and 9). Pure."""

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import median

DEVICE_FAILURES = 3
"""Failures in a row that leave a target alone."""
LATENCY_FACTOR = 3.0
LATENCY_FLOOR_S = 1.0
"""A target whose latency exceeds max(3 × its baseline, 1 s) is left alone."""
LATENCY_SAMPLE = 3
"""The median of this many answers is compared, so one lost packet on the way is not read as distress."""
ZONE_SHARE = 0.10
ZONE_MINIMUM = 5
"""More than 10 % and at least 5 failing assets stop a zone."""
PROVEN_FAILURES = 3
"""Refusals after which a credential that opened another asset in this run is given up; an unproven one: after one."""


@dataclass(slots=True)
class DeviceBreaker:
    """Watches one target."""

    baseline_s: Mapping[str, float] = field(default_factory=dict)
    """Usual seconds to answer by kind of request, from earlier runs."""
    failures: int = 0
    """In a row."""
    last: str = ""
    """What the last failure was, in words."""
    slow: str | None = None
    """Which kind of request takes far longer than usual, in words."""
    _recent: dict[str, deque[float]] = field(default_factory=dict)

    def note(self, kind: str, took_s: float, *, failed: bool, why: str = "") -> None:
        """Note one answer, or its absence and `why`."""
        if failed:
            self.failures += 1
            self.last = why
            return
        self.failures = 0
        recent = self._recent.get(kind)
        if recent is None:
            recent = self._recent[kind] = deque(maxlen=LATENCY_SAMPLE)
        recent.append(took_s)
        if kind in self.baseline_s:
            self.slow = self._slowest()

    def tripped(self) -> str | None:
        """Return why the target is to be left alone, or `None`."""
        if self.failures >= DEVICE_FAILURES:
            return f"{self.failures} failures in a row" + (f", the last: {self.last}" if self.last else "")
        return self.slow

    def _slowest(self) -> str | None:
        for kind, recent in self._recent.items():
            usual = self.baseline_s.get(kind)
            if usual is None or len(recent) < LATENCY_SAMPLE:
                continue
            limit = max(LATENCY_FACTOR * usual, LATENCY_FLOOR_S)
            if median(recent) > limit:
                return f"{kind} takes {median(recent):.1f} s, usually {usual:.2f} s"
        return None

    def latencies(self) -> dict[str, float]:
        """Return this visit's typical seconds by kind of request."""
        return {kind: median(recent) for kind, recent in self._recent.items()}


@dataclass(slots=True)
class ZoneBreaker:
    """Watches the assets of every zone."""

    sizes: Mapping[str, int]
    """Planned assets by zone."""
    _failed: Counter[str] = field(default_factory=Counter)

    def note_failed(self, zone: str) -> None:
        """Note that one asset of the zone could not be read."""
        self._failed[zone] += 1

    def tripped(self, zone: str) -> str | None:
        """Return why the zone is to be left alone, or `None`."""
        failed = self._failed.get(zone, 0)
        if failed < ZONE_MINIMUM or failed <= ZONE_SHARE * (size := self.sizes.get(zone, 0)):
            return None
        return f"{failed} of {size} assets of zone {zone} failed"


@dataclass(slots=True)
class CredentialWatch:
    """Which credentials opened something in this run, and which were refused."""

    _proven: set[str] = field(default_factory=set)
    _refused: Counter[str] = field(default_factory=Counter)
    _first: dict[str, str] = field(default_factory=dict)

    def proven(self, credential: str) -> bool:
        """Tell whether the credential has opened an asset in this run."""
        return credential in self._proven

    def note_accepted(self, credential: str) -> None:
        """Note that a device let it in."""
        self._proven.add(credential)

    def note_refused(self, credential: str, asset: str) -> None:
        """Note that a device refused it."""
        self._refused[credential] += 1
        self._first.setdefault(credential, asset)

    def quarantined(self, credential: str) -> str | None:
        """Return why the credential is not used further in this run, or `None`."""
        limit = PROVEN_FAILURES if credential in self._proven else 1
        if self._refused[credential] >= limit:
            return f"its credential was refused by {self._first[credential]} in this run"
        return None
