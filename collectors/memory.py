"""
What the rules of conduct remember between runs: kept in the store as a signed hint, never only on this machine.

Lost memory means first-run behaviour, nothing worse.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from evidence.clock import TimeError, parse_rfc3339, rfc3339
from evidence.model.names import AssetId
from evidence.model.outcome import Result

RESTART_WINDOW = timedelta(minutes=15)
"""A restart this soon after a visit is held against the visit (DOMAIN: rules of conduct, 10)."""
WRAP_CS = 2**32
"""sysUpTime counts hundredths of a second modulo 2^32: 497 days (RFC 3418, TimeTicks)."""
DRIFT_S = 5.0
"""How far a device's clock and ours may differ over a short time, seconds; over a long time 1 %."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Uptime:
    """How long a device says it has been up, by each clock it has."""

    agent_cs: int
    """sysUpTime, hundredths of a second."""
    engine_s: int | None = None
    """snmpEngineTime, seconds; does not wrap with sysUpTime (RFC 3411)."""
    host_cs: int | None = None
    """hrSystemUptime, hundredths of a second (RFC 2790): the host's, where sysUpTime is only the agent's."""

    def longest_s(self) -> float:
        """Return the longest time the device can have been up: no clock of it was reset since."""
        longest = self.agent_cs / 100
        if self.host_cs is not None:
            longest = max(longest, self.host_cs / 100)
        if self.engine_s is not None:
            longest = max(longest, float(self.engine_s))
        return longest

    def restarted_since(self, earlier: "Uptime", elapsed_s: float) -> bool:
        """Tell whether the device restarted in the `elapsed_s` seconds since `earlier`; a wrap is no restart."""
        if self._wrapped(earlier, elapsed_s):
            return False
        return self.longest_s() < elapsed_s - _drift_s(elapsed_s) or self._less_than(earlier)

    def went_back_since(self, earlier: "Uptime", elapsed_s: float) -> bool:
        """
        Tell whether the device's clocks were set back since `earlier`; a wrap is not that.

        For the two readings of one visit: an agent whose sysUpTime stands still has not restarted.
        """
        return self._less_than(earlier) and not self._wrapped(earlier, elapsed_s)

    def _wrapped(self, earlier: "Uptime", elapsed_s: float) -> bool:
        expected_cs = earlier.agent_cs + elapsed_s * 100
        return expected_cs >= WRAP_CS and abs(expected_cs % WRAP_CS - self.agent_cs) < _drift_s(elapsed_s) * 100

    def _less_than(self, earlier: "Uptime") -> bool:
        """Tell whether every clock both readings have shows less than before."""
        pairs = (
            (self.agent_cs, earlier.agent_cs),
            (self.engine_s, earlier.engine_s),
            (self.host_cs, earlier.host_cs),
        )
        return all(now < before for now, before in pairs if now is not None and before is not None)


def _drift_s(elapsed_s: float) -> float:
    return DRIFT_S + elapsed_s / 100


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceMemory:
    """What is remembered of one asset."""

    visited: str | None = None
    """When the last visit ended, RFC 3339."""
    uptime: Uptime | None = None
    """What it said at the end of that visit."""
    result: Result | None = None
    quarantine: str | None = None
    """Why it is not to be asked until a person releases it."""
    released: str | None = None
    """Why the last quarantine was lifted."""
    baseline_ms: Mapping[str, int] | None = None
    """Usual milliseconds to answer, by kind of request."""
    cursors: Mapping[str, str] = field(default_factory=dict)
    """Question about a time -> up to when its last whole answer told what happened, RFC 3339."""

    def baseline_s(self) -> dict[str, float]:
        """Return the baseline in seconds."""
        return {kind: value / 1000 for kind, value in (self.baseline_ms or {}).items()}

    def with_latencies(self, latencies: Mapping[str, float]) -> "DeviceMemory":
        """Return this memory with its baselines moved a quarter of the way to what was seen."""
        merged = dict(self.baseline_ms or {})
        for kind, seconds in latencies.items():
            seen, old = seconds * 1000, merged.get(kind)
            merged[kind] = round(seen if old is None else old + (seen - old) / 4)
        return replace(self, baseline_ms=merged)


def restarted_after_visit(memory: DeviceMemory, uptime: Uptime, now: datetime) -> str | None:
    """Return words when the device restarted within 15 minutes of our last visit, or `None`."""
    if memory.visited is None or memory.uptime is None:
        return None
    visited = parse_rfc3339(memory.visited)
    elapsed_s = (now - visited).total_seconds()
    if not uptime.restarted_since(memory.uptime, elapsed_s):
        return None
    booted = now - timedelta(seconds=uptime.longest_s())
    if booted > visited + RESTART_WINDOW:
        return None
    return f"it restarted at {rfc3339(booted)}, within 15 minutes of our visit that ended {memory.visited}"


def dump_memory(devices: Mapping[AssetId, DeviceMemory]) -> list[object]:
    """Return the memory as plain values for a signed hint."""
    return [_row(asset, memory) for asset, memory in sorted(devices.items())]


def load_memory(value: object) -> dict[AssetId, DeviceMemory]:
    """Read what `dump_memory` wrote; anything else is first-run behaviour."""
    if not isinstance(value, list):
        return {}
    devices: dict[AssetId, DeviceMemory] = {}
    for row in value:
        if not isinstance(row, dict):
            continue
        try:
            devices[AssetId(row["asset"])] = _device(row)
        except (KeyError, TypeError, ValueError, TimeError):
            continue
    return devices


def _row(asset: AssetId, memory: DeviceMemory) -> dict[str, object]:
    row: dict[str, object] = {"asset": asset}
    for name in ("visited", "result", "quarantine", "released"):
        value = getattr(memory, name)
        if value is not None:
            row[name] = str(value)
    if memory.uptime:
        ticks = {
            "agent_cs": memory.uptime.agent_cs,
            "engine_s": memory.uptime.engine_s,
            "host_cs": memory.uptime.host_cs,
        }
        row["uptime"] = {name: value for name, value in ticks.items() if value is not None}
    if memory.baseline_ms:
        row["baseline"] = [{"kind": kind, "ms": ms} for kind, ms in sorted(memory.baseline_ms.items())]
    if memory.cursors:
        row["cursors"] = [{"question": question, "at": at} for question, at in sorted(memory.cursors.items())]
    return row


def _device(row: Mapping[str, object]) -> DeviceMemory:
    visited, uptime, baseline = row.get("visited"), row.get("uptime"), row.get("baseline")
    cursors = row.get("cursors")
    if visited is not None:
        parse_rfc3339(str(visited))
    return DeviceMemory(
        visited=None if visited is None else str(visited),
        uptime=Uptime(**{str(k): int(v) for k, v in uptime.items()}) if isinstance(uptime, dict) else None,
        result=Result(str(row["result"])) if "result" in row else None,
        quarantine=str(row["quarantine"]) if "quarantine" in row else None,
        released=str(row["released"]) if "released" in row else None,
        baseline_ms={str(b["kind"]): int(b["ms"]) for b in baseline} if isinstance(baseline, list) else None,
        cursors=dict(map(_cursor, cursors)) if isinstance(cursors, list) else {},
    )


def _cursor(row: Mapping[str, object]) -> tuple[str, str]:
    return str(row["question"]), rfc3339(parse_rfc3339(str(row["at"])))
