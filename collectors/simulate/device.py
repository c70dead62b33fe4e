"""A simulated SNMP device: a recording, encoded once, and the ways in which it may misbehave. A double."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from collectors.simulate import ber
from evidence.normalise.varbinds import Varbind, arcs

SYS_UP_TIME = "1.3.6.1.2.1.1.3.0"
MAX_BULK_BYTES = 1400
"""A GETBULK answer stays inside one Ethernet frame, as from most devices."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """How a device misbehaves; nothing by default."""

    silent_after: int | None = None
    """Answers this many requests, and then none."""
    silent_above: int | None = None
    """Does not answer more repetitions than this."""
    too_big_above: int | None = None
    """Answers tooBig to more repetitions, or more values in a GET, than this."""
    undecodable_above: int | None = None
    """Answers more repetitions than this with a value of an unknown type; -1: always."""
    endless: bool = False
    """The last column never ends: ever new rows follow the last value."""
    loop: bool = False
    """After the last value comes the first again."""
    truncate: bool = False
    """Sends the first half of each answer."""
    wrong_request_id: int = 0
    """Precedes each answer by this many answers to another request."""
    garbage: tuple[bytes, ...] = ()
    """Precedes each answer by these datagrams."""
    delay_s: float = 0.0
    """Answers that much later."""
    restart_after: int | None = None
    """Restarts at this request: its clocks begin anew."""
    version: int | None = None
    """Answers only messages of this version: 0 is version 1, 1 is 2c."""
    error: int | None = None
    """Answers GETNEXT and GETBULK with this error-status."""


class Device:
    """One simulated device: encoded once, answered from slices."""

    def __init__(self, varbinds: Sequence[Varbind], *, uptime_s: float = 86400.0, faults: Faults | None = None) -> None:
        """Take a recording; sysUpTime starts at `uptime_s` and runs, whatever was recorded."""
        self.faults = faults or Faults()
        self.uptime_s = uptime_s
        self.oids = [varbind.oid for varbind in varbinds]
        self.keys = [arcs(oid) for oid in self.oids]
        self.names = [ber.oid(oid) for oid in self.oids]
        self.pairs = [
            ber.tlv(ber.SEQUENCE, name + ber.value(varbind.kind, varbind.value))
            for name, varbind in zip(self.names, varbinds, strict=True)
        ]
        self._places = {name[2:]: place for place, name in enumerate(self.names)}
        self._clock = self._places.get(ber.oid(SYS_UP_TIME)[2:])

    def exact(self, name: bytes) -> int | None:
        """Return where the OID (its content octets) is held."""
        return self._places.get(name)

    def after(self, name: bytes) -> int:
        """Return where the first OID behind it is held."""
        place = self._places.get(name)
        return bisect_right(self.keys, arcs(ber.dotted(name))) if place is None else place + 1

    def slice(self, start: int, count: int, elapsed_s: float) -> list[bytes]:
        """Return up to `count` encoded varbinds, with the clock as it stands, within one frame."""
        found = self.pairs[start : start + count]
        if self._clock is not None and start <= self._clock < start + count:
            ticks = int((self.uptime_s + elapsed_s) * 100) % 2**32
            found[self._clock - start] = ber.tlv(
                ber.SEQUENCE, self.names[self._clock] + ber.integer(ticks, ber.TIMETICKS)
            )
        size = 0
        for position, pair in enumerate(found):
            size += len(pair)
            if size > MAX_BULK_BYTES and position:
                return found[:position]
        return found

    def beyond(self, name: bytes, count: int) -> list[bytes]:
        """Return what an endless or looping device holds behind its last value; nothing for an honest one."""
        if self.faults.loop:
            return self.pairs[:count]
        if not self.faults.endless:
            return []
        last = arcs(ber.dotted(name))
        row = last[-1] if len(last) > len(self.keys[-1]) else 0
        stem = self.oids[-1]
        return [ber.tlv(ber.SEQUENCE, ber.oid(f"{stem}.{row + n}") + b"\x02\x01\x01") for n in range(1, count + 1)]
