"""How fast an asset and its zone may be asked (DOMAIN: rules of conduct, 5). Pure: time is an argument."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from evidence.model.asset import Safety


@dataclass(frozen=True, slots=True, kw_only=True)
class PaceClass:
    """The limits of one safety class."""

    device_per_s: float
    """Requests per second to one device."""
    zone_per_s: float
    """Requests per second to all devices of a zone."""
    max_repetitions: int
    """Values asked for by one SNMP GetBulk."""


PACES: Mapping[Safety, PaceClass] = {
    Safety.OT: PaceClass(device_per_s=5, zone_per_s=20, max_repetitions=10),
    Safety.IT: PaceClass(device_per_s=50, zone_per_s=1000, max_repetitions=25),
}
"""`fragile` has no pace: nothing active is ever sent to it."""

SLACK = 1.01
"""Spacing beyond 1/rate, so that the jitter of timers and wires never puts one request too many into a second."""


_SECOND = 1.0 * SLACK
"""One second, as those who count at the other end may see it."""


@dataclass(slots=True)
class Spacing:
    """A series of moments at least one interval apart."""

    interval_s: float
    next_at: float = float("-inf")

    def reserve(self, now: float) -> float:
        """Take the next free moment; return how many seconds from `now` it lies."""
        at = max(now, self.next_at)
        self.next_at = at + self.interval_s
        return at - now

    def shift(self, sent_at: float) -> None:
        """Note that the request left later than reserved, so the next one keeps its distance from that moment."""
        self.next_at = max(self.next_at, sent_at + self.interval_s)


@dataclass(slots=True)
class Pace:
    """The pace of a run: one spacing for each device, one for each zone and safety class."""

    classes: Mapping[Safety, PaceClass] = field(default_factory=lambda: PACES)
    free: bool = False
    """`--pace none`: no waiting, loopback only; the statement says so."""
    share: float = 1.0
    """This job's share of a zone's pace, when slices of one run share it."""
    _devices: dict[str, Spacing] = field(default_factory=dict)
    _zones: dict[tuple[str, Safety], Spacing] = field(default_factory=dict)

    def device_delay(self, device: str, safety: Safety, now: float) -> float:
        """Reserve this device's next moment; return the seconds to wait."""
        if self.free:
            return 0.0
        spacing = self._devices.get(device)
        if spacing is None:
            spacing = self._devices[device] = Spacing(SLACK / self.classes[safety].device_per_s)
        return spacing.reserve(now)

    def zone_delay(self, device: str, zone: str, safety: Safety, now: float) -> float:
        """Reserve the zone's next moment, once the device's has come; return the seconds to wait."""
        if self.free:
            return 0.0
        spacing = self._zones.get((zone, safety))
        if spacing is None:
            rate = self.classes[safety].zone_per_s * self.share
            spacing = self._zones[(zone, safety)] = Spacing(SLACK / rate)
        delay = spacing.reserve(now)
        self._devices[device].shift(now + delay)
        return delay

    def note_left(self, device: str, now: float) -> None:
        """Note when a request really left, so that the device's next one keeps its distance from that."""
        spacing = self._devices.get(device)
        if spacing is not None:
            spacing.shift(now)

    def most_in_a_second(self, safety: Safety) -> tuple[int, int]:
        """Return how many requests may leave in any one second: of a device, of its zone; 0 where spacing tells."""
        if self.free:
            return 0, 0
        limits = self.classes[safety]
        return int(limits.device_per_s), int(limits.zone_per_s * self.share)


@dataclass(slots=True)
class RateMeter:
    """The largest number of events seen in any one second."""

    most: int = 0
    _recent: deque[float] = field(default_factory=deque)

    def crowded_s(self, now: float, limit: int) -> float:
        """Return for how many seconds from `now` there have been `limit` events within a second; 0 is no limit."""
        recent = self._recent
        if not limit or len(recent) < limit:
            return 0.0
        return max(0.0, recent[-limit] + _SECOND - now)

    def count(self, at: float) -> None:
        """Count one event at `at` seconds; moments must not go back."""
        recent = self._recent
        recent.append(at)
        while recent[0] <= at - 1.0:
            recent.popleft()
        if len(recent) > self.most:
            self.most = len(recent)
