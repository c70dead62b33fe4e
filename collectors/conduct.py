"""
What every request passes before it leaves: kill switch, breaker, pace, action log (DOMAIN: rules of conduct).

The action log is evidence. One line a request, tab-separated: milliseconds since the run began, asset, transport,
verb, object, milliseconds until the answer, values or bytes received, and a word when it failed.
"""

import asyncio
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from collectors.breaker import DeviceBreaker, ZoneBreaker
from collectors.events import Requested, Watch
from collectors.pace import Pace, RateMeter
from collectors.transports.interface import Action, InterruptedRunError, LeftAloneError, WindowClosedError
from evidence.clock import Clock
from evidence.harmless import one_line
from evidence.model.asset import Asset, Safety
from evidence.model.names import AssetId
from evidence.model.outcome import Outcome

ANSWERED_NO = ("refused", "exit status")
"""How the reasons begin that are an answer, if not the one wished for: no sign of distress."""

NAMED = ("run", "fetch", "call")
"""Verbs whose requests have a usual time each: commands, paths and operations differ, values of SNMP do not."""

HOLD_LOOK_S = 1.0
"""How often the kill switch is looked at, seconds; also the longest a wait goes on once the run is being ended."""
WINDOW_LOOK_S = 5.0
"""How often an asset's windows are looked at while it is being asked, seconds."""

_NEVER_LOOKED = (float("-inf"), None)


def zone_of(asset: Asset) -> str:
    """Return the asset's zone; assets without one share one zone per site."""
    return asset.zone or f"(no zone at {asset.site or 'the site'})"


def _cell(text: str) -> str:
    """Return `text` without what would end a cell or a line of the action log."""
    return text if text.isprintable() else one_line(text)


@dataclass(slots=True)
class ConductTotals:
    """What the run did to the plant, in numbers."""

    requests: int = 0
    failed: int = 0
    refused: int = 0
    max_rate_per_device: int = 0
    max_rate_per_zone: int = 0


@dataclass(slots=True)
class _Watched:
    asset: Asset
    cell: str
    """The asset's id, for the action log."""
    zone: str
    zone_meter: RateMeter
    """Of all assets of this zone and safety class."""
    breaker: DeviceBreaker
    meter: RateMeter = field(default_factory=RateMeter)
    window_looked: float = float("-inf")
    closed: Outcome | None = None


class Conduct:
    """The gate of one run. Safe to use from the event loop and from worker threads at once."""

    def __init__(
        self,
        *,
        assets: Mapping[AssetId, Asset],
        clock: Clock,
        pace: Pace,
        baselines: Mapping[AssetId, Mapping[str, float]],
        held: Callable[[str], str | None],
        wait: Callable[[float], None],
        windows: Callable[[AssetId], Outcome | None] = lambda _: None,
        watch: Watch | None = None,
    ) -> None:
        self.totals = ConductTotals()
        self.stopping = False
        self._clock = clock
        self._began = clock.monotonic()
        self._pace = pace
        self._held = held
        self._wait = wait
        self._windows = windows
        self._watch = watch
        self._lock = threading.Lock()
        self._lines: list[str] = []
        self._holds: dict[str, tuple[float, str | None]] = {}
        self._latencies: dict[AssetId, dict[str, float]] = {}
        zones: dict[str, int] = {}
        meters = defaultdict[tuple[str, Safety], RateMeter](RateMeter)
        self._watched: dict[AssetId, _Watched] = {}
        for key, asset in assets.items():
            zone = zone_of(asset)
            zones[zone] = zones.get(zone, 0) + 1
            breaker = DeviceBreaker(baseline_s=baselines.get(key, {}))
            self._watched[key] = _Watched(asset, _cell(key), zone, meters[zone, asset.safety], breaker)
        self.zones = ZoneBreaker(sizes=zones)

    async def enter(self, action: Action) -> None:
        """Wait for the pace; raise `LeftAloneError` or `InterruptedRunError` when nothing more may be asked."""
        for step_s in self._waits(self._watched[action.asset]):
            await asyncio.sleep(step_s)

    def enter_blocking(self, action: Action) -> None:
        """Do the same in a worker thread."""
        for step_s in self._waits(self._watched[action.asset]):
            self._wait(step_s)

    def leave(self, action: Action, *, took_s: float, received: int, error: str | None = None) -> None:
        """Record how it ended."""
        at_ms = int((self._clock.monotonic() - self._began - took_s) * 1000)
        watched = self._watched[action.asset]
        line = (
            f"{max(at_ms, 0)}\t{watched.cell}\t{action.transport}\t{action.verb}\t{_cell(action.object)}"
            f"\t{int(took_s * 1000)}\t{received}\t{_cell(error or '')}"
        )
        named = action.object.partition("?")[0] if action.verb == "fetch" else action.object
        kind = f"{action.transport} {named if action.verb in NAMED else action.verb}"
        with self._lock:
            self._lines.append(line)
            if error is not None:
                self.totals.failed += 1
            distress = error is not None and not error.startswith(ANSWERED_NO)
            watched.breaker.note(kind, took_s, failed=distress, why=error or "")
        if self._watch:
            self._watch(
                Requested(
                    asset=action.asset,
                    transport=action.transport,
                    verb=action.verb,
                    object=action.object,
                    took_s=took_s,
                    received=received,
                    error=error,
                )
            )

    def refused(self, action: Action, why: str) -> None:
        """Record a request that was not on the read-only list and so never left."""
        at_ms = int((self._clock.monotonic() - self._began) * 1000)
        with self._lock:
            self.totals.refused += 1
            what = f"{_cell(action.asset)}\t{action.transport}\trefused\t{_cell(action.object)}"
            self._lines.append(f"{at_ms}\t{what}\t0\t0\t{_cell(why)}")

    def drain(self) -> list[str]:
        """Return the action log's lines since the last call."""
        with self._lock:
            lines, self._lines = self._lines, []
        return lines

    def latencies(self, asset: AssetId) -> dict[str, float]:
        """Return the asset's typical seconds by kind of request, for the next run's baseline."""
        return self._latencies.get(asset) or self._watched[asset].breaker.latencies()

    def finished(self, asset: AssetId) -> None:
        """Note that the asset will not be asked again, and forget what only its pace and breaker needed."""
        with self._lock:
            watched = self._watched[asset]
            self._latencies[asset] = watched.breaker.latencies()
            watched.breaker, watched.meter = DeviceBreaker(), RateMeter()

    def stop(self) -> None:
        """Let nothing more leave: the run is being ended."""
        self.stopping = True

    def left_alone(self, asset: AssetId) -> str | None:
        """Return why the asset is not to be asked now (kill switch, zone breaker), or `None`."""
        watched = self._watched[asset]
        return self._hold(watched.zone, self._clock.monotonic()) or self.zones.tripped(watched.zone)

    def in_distress(self, asset: AssetId) -> bool:
        """Tell whether the asset is left alone for what it did, not for what somebody wished."""
        return self._watched[asset].breaker.tripped() is not None

    def _check(self, watched: _Watched, now: float) -> None:
        if self.stopping:
            raise InterruptedRunError(f"{watched.asset.id}: the run is being ended")
        if watched.asset.safety is Safety.FRAGILE:
            raise LeftAloneError(f"{watched.asset.id}: fragile assets are never asked anything")
        why = self._hold(watched.zone, now) or watched.breaker.tripped() or self.zones.tripped(watched.zone)
        if why:
            raise LeftAloneError(f"{watched.asset.id}: {why}")
        if now - watched.window_looked >= WINDOW_LOOK_S:
            watched.window_looked, watched.closed = now, self._windows(watched.asset.id)
        if watched.closed:
            raise WindowClosedError(f"{watched.asset.id}: {watched.closed.reason}", watched.closed.result)

    def _waits(self, watched: _Watched) -> Iterator[float]:
        """Yield seconds to wait; when there are no more, the request is counted and may leave at once."""
        now, waited = self._clock.monotonic(), False
        self._check(watched, now)
        for reserve in (self._device_delay, self._zone_delay):
            delay_s = reserve(watched, now)
            if delay_s > 0:
                yield from self._steps(delay_s)
                now, waited = self._clock.monotonic(), True
        if waited:
            self._check(watched, now)
        while (late_s := self._depart(watched)) > 0:
            yield from self._steps(late_s)
            self._check(watched, self._clock.monotonic())

    def _steps(self, delay_s: float) -> Iterator[float]:
        """Yield a wait in steps, so that one who ends the run is not kept waiting for somebody's pace."""
        while delay_s > 0 and not self.stopping:
            yield min(delay_s, HOLD_LOOK_S)
            delay_s -= HOLD_LOOK_S

    def _hold(self, zone: str, now: float) -> str | None:
        looked, why = self._holds.get(zone, _NEVER_LOOKED)
        if now - looked >= HOLD_LOOK_S:
            why = self._held(zone)
            self._holds[zone] = (now, why)
        return why

    def _device_delay(self, watched: _Watched, now: float) -> float:
        with self._lock:
            return self._pace.device_delay(watched.asset.id, watched.asset.safety, now)

    def _zone_delay(self, watched: _Watched, now: float) -> float:
        with self._lock:
            return self._pace.zone_delay(watched.asset.id, watched.zone, watched.asset.safety, now)

    def _depart(self, watched: _Watched) -> float:
        """
        Count the request and return 0; or return for how many seconds there have been too many.

        A wait may last longer than it should, on a busy machine: without this, those who waited too long would leave
        together with those whose moment has come.
        """
        totals, meter, zone = self.totals, watched.meter, watched.zone_meter
        of_device, of_zone = self._pace.most_in_a_second(watched.asset.safety)
        with self._lock:
            now = self._clock.monotonic()
            late_s = max(meter.crowded_s(now, of_device), zone.crowded_s(now, of_zone))
            if late_s > 0:
                return late_s
            self._pace.note_left(watched.asset.id, now)
            totals.requests += 1
            meter.count(now)
            zone.count(now)
            if meter.most > totals.max_rate_per_device:
                totals.max_rate_per_device = meter.most
            if zone.most > totals.max_rate_per_zone:
                totals.max_rate_per_zone = zone.most
        return 0.0
