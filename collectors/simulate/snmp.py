"""
A simulated SNMP agent: a double for tests, the demo plant and benchmarks. It answers from recordings and knows nothing.

Many devices share one UDP port on loopback and are told apart by community. SNMPv1 and v2c, GET, GETNEXT and
GETBULK; a SET is counted and refused. A device is the canonical text of an SNMP answer
(`evidence.normalise.varbinds`), so a capture of ours is a recording. On request it misbehaves (`device.Faults`).

As a program: `python -m collectors.simulate.snmp FOLDER --port 0` serves each `NAME#snmp.txt` of the folder under the
community NAME and prints `ready 127.0.0.1:PORT`.
"""

import argparse
import contextlib
import json
import selectors
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from heapq import heappop, heappush
from pathlib import Path
from typing import Self

from collectors.simulate import ber
from collectors.simulate.device import Device
from evidence.normalise.varbinds import decode

RECORDING = "#snmp.txt"

_GET, _GETNEXT, _RESPONSE, _SET, _GETBULK = 0xA0, 0xA1, 0xA2, 0xA3, 0xA5
_TOO_BIG, _NO_SUCH_NAME, _READ_ONLY, _NOT_WRITABLE = 1, 2, 4, 17
_NO_SUCH_INSTANCE, _END_OF_MIB_VIEW = b"\x81\x00", b"\x82\x00"
_RECEIVE_BUFFER_BYTES = 8 * 1024 * 1024
"""A thousand targets may ask at once."""


@dataclass(slots=True)
class Counts:
    """What a device was asked; for tests of conduct."""

    get: int = 0
    getnext: int = 0
    getbulk: int = 0
    set: int = 0
    varbinds: int = 0
    most_repetitions: int = 0


@dataclass(slots=True)
class _Request:
    version: bytes
    community: bytes
    kind: int
    request_id: bytes
    non_repeaters: int
    repetitions: int
    names: list[bytes]
    bindings: bytes

    @classmethod
    def read(cls, datagram: bytes) -> Self:
        (_, version), (_, community), (kind, pdu) = ber.children(ber.read(datagram, 0)[1])[:3]
        (_, request_id), (_, first), (_, second), (_, bindings) = ber.children(pdu)
        names = [ber.children(pair)[0][1] for _, pair in ber.children(bindings)]
        return cls(
            version,
            community,
            kind,
            request_id,
            int.from_bytes(first, signed=True),
            int.from_bytes(second, signed=True),
            names,
            bindings,
        )

    def answer(self, body: bytes, *, status: int = 0, index: int = 0, request_id: bytes | None = None) -> bytes:
        pdu = (
            ber.tlv(ber.INTEGER, self.request_id if request_id is None else request_id)
            + ber.integer(status)
            + ber.integer(index)
            + ber.tlv(ber.SEQUENCE, self.bindings if status and status != _TOO_BIG else body)
        )
        message = ber.tlv(ber.INTEGER, self.version) + ber.tlv(ber.OCTETS, self.community)
        return ber.tlv(ber.SEQUENCE, message + ber.tlv(_RESPONSE, pdu))


class SimulatedAgent:
    """
    The double itself: many devices behind one loopback port, answered by a thread of its own.

    `clock` gives seconds; uptimes run with it. Use as a context manager, or `start` and `stop`.
    """

    def __init__(
        self,
        devices: Mapping[str, Device],
        *,
        port: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take devices by community; port 0 picks a free one."""
        self._devices = {community.encode(): device for community, device in devices.items()}
        self._counts = {community: Counts() for community in self._devices}
        self.strangers = 0
        """Requests with a community nobody here has."""
        self._clock = clock
        self._began = clock()
        self._later: list[tuple[float, int, bytes, tuple[str, int]]] = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER_BYTES)
        with contextlib.suppress(OSError):  # beyond the system's limit for plain users; SO_RCVBUFFORCE, 33 on Linux
            self._socket.setsockopt(socket.SOL_SOCKET, 33, _RECEIVE_BUFFER_BYTES)
        self._socket.bind(("127.0.0.1", port))
        self._socket.setblocking(False)
        self._wake, self._awake = socket.socketpair()
        self._thread = threading.Thread(target=self.serve, name="simulated-snmp", daemon=True)

    @property
    def port(self) -> int:
        """The UDP port it listens on."""
        return int(self._socket.getsockname()[1])

    def counts(self, community: str) -> Counts:
        """Return what was asked of a device so far."""
        return self._counts[community.encode()]

    def all_counts(self) -> dict[str, Counts]:
        """Return what was asked of each device."""
        return {community.decode(): counts for community, counts in self._counts.items()}

    def start(self) -> Self:
        """Answer from a thread of its own from now on."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop answering and free the port."""
        self.wake()
        if self._thread.is_alive():
            self._thread.join()
        for held in (self._socket, self._wake, self._awake):
            held.close()

    def wake(self) -> None:
        """End `serve`; safe in a signal handler."""
        self._wake.send(b"x")

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def serve(self) -> None:
        """Answer in this thread until woken by `stop`."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._socket, selectors.EVENT_READ)
            selector.register(self._awake, selectors.EVENT_READ)
            while True:
                wait = max(0.0, self._later[0][0] - self._clock()) if self._later else None
                ready = [key.fileobj for key, _ in selector.select(wait)]
                if self._awake in ready:
                    return
                while self._later and self._later[0][0] <= self._clock():
                    _, _, datagram, peer = heappop(self._later)
                    self._socket.sendto(datagram, peer)
                if self._socket in ready:
                    self._drain()

    def _drain(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                datagram, peer = self._socket.recvfrom(65535)
                with contextlib.suppress(ValueError, IndexError, OverflowError):  # malformed: silence, as from a device
                    self._respond(_Request.read(datagram), peer)

    def _respond(self, request: _Request, peer: tuple[str, int]) -> None:
        device = self._devices.get(request.community)
        if device is None:
            self.strangers += 1
            return
        counts, faults = self._counts[request.community], device.faults
        self._count(counts, request)
        asked = counts.get + counts.getnext + counts.getbulk
        if faults.silent_after is not None and asked > faults.silent_after:
            return
        if faults.version is not None and request.version != bytes([faults.version]):
            return
        if asked == faults.restart_after:
            device.uptime_s = -self._elapsed()
        answer = self._answer(device, counts, request)
        if answer is None:
            return
        strays = [request.answer(b"", request_id=b"\x7f\x00\x00\x01")] * faults.wrong_request_id
        for datagram in (*faults.garbage, *strays, answer[: len(answer) // 2] if faults.truncate else answer):
            if faults.delay_s:
                heappush(self._later, (self._clock() + faults.delay_s, asked, datagram, peer))
            else:
                self._socket.sendto(datagram, peer)

    @staticmethod
    def _count(counts: Counts, request: _Request) -> None:
        if request.kind == _GETBULK:
            counts.getbulk += 1
            counts.most_repetitions = max(counts.most_repetitions, request.repetitions)
        elif request.kind == _GETNEXT:
            counts.getnext += 1
        elif request.kind == _GET:
            counts.get += 1
        elif request.kind == _SET:
            counts.set += 1

    def _answer(self, device: Device, counts: Counts, request: _Request) -> bytes | None:
        old, faults = request.version == b"\0", device.faults
        if request.kind == _SET:
            return request.answer(b"", status=_READ_ONLY if old else _NOT_WRITABLE, index=1)
        size = request.repetitions if request.kind == _GETBULK else 0
        if faults.silent_above is not None and size > faults.silent_above:
            return None
        if faults.too_big_above is not None and max(size, len(request.names)) > max(1, faults.too_big_above):
            return request.answer(b"", status=_TOO_BIG)
        if faults.undecodable_above is not None and size > faults.undecodable_above and request.kind != _GET:
            return request.answer(ber.tlv(ber.SEQUENCE, ber.tlv(ber.OID, request.names[0] + b"\1") + b"\x4f\x01x"))
        if faults.error is not None and request.kind != _GET:
            return request.answer(b"", status=faults.error, index=1)
        if request.kind == _GETBULK:
            return None if old else self._bulk(device, counts, request)
        if request.kind in (_GET, _GETNEXT):
            return self._one_by_one(device, counts, request, old=old)
        return None

    def _elapsed(self) -> float:
        return self._clock() - self._began

    def _one_by_one(self, device: Device, counts: Counts, request: _Request, *, old: bool) -> bytes:
        found: list[bytes] = []
        for number, name in enumerate(request.names, 1):
            place = device.after(name) if request.kind == _GETNEXT else device.exact(name)
            some = [] if place is None else device.slice(place, 1, self._elapsed())
            if not some and request.kind == _GETNEXT:
                some = device.beyond(name, 1)
            if not some and old:
                return request.answer(b"", status=_NO_SUCH_NAME, index=number)
            marker = _END_OF_MIB_VIEW if request.kind == _GETNEXT else _NO_SUCH_INSTANCE
            found += some or [ber.tlv(ber.SEQUENCE, ber.tlv(ber.OID, name) + marker)]
        counts.varbinds += len(found)
        return request.answer(b"".join(found))

    def _bulk(self, device: Device, counts: Counts, request: _Request) -> bytes:
        """Answer a GETBULK for one OID, which is all our sessions ask; further OIDs get one value each."""
        found: list[bytes] = []
        for number, name in enumerate(request.names):
            count = request.repetitions if number == len(request.names) - 1 and not request.non_repeaters else 1
            some = device.slice(device.after(name), count, self._elapsed()) or device.beyond(name, count)
            found += some or [ber.tlv(ber.SEQUENCE, ber.tlv(ber.OID, name) + _END_OF_MIB_VIEW)]
        counts.varbinds += len(found)
        return request.answer(b"".join(found))


def read_folder(folder: Path, *, copies: int = 0) -> dict[str, Device]:
    """
    Return the devices recorded in a folder, by community: the file's name without `#snmp.txt`.

    With `copies`, each is also served as `NAME-1` … `NAME-<copies>`, from the same memory.
    """
    devices: dict[str, Device] = {}
    for path in sorted(folder.glob(f"*{RECORDING}")):
        name = path.name.removesuffix(RECORDING)
        devices[name] = device = Device(decode(path.read_bytes()))
        devices.update((f"{name}-{number}", device) for number in range(1, copies + 1))
    return devices


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve a folder of recordings until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="python -m collectors.simulate.snmp", description="A simulated SNMP agent.")
    parser.add_argument("folder", type=Path, help="holds NAME#snmp.txt recordings; NAME is the community")
    parser.add_argument("--port", type=int, default=0, help="UDP port on 127.0.0.1; 0 picks a free one")
    parser.add_argument("--copies", type=int, default=0, help="serve each recording as NAME-1 … NAME-COPIES too")
    parser.add_argument("--stats", type=Path, help="write what was asked of each device here at the end, as JSON")
    given = parser.parse_args(arguments)
    agent = SimulatedAgent(read_folder(given.folder, copies=given.copies), port=given.port)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: agent.wake())
    sys.stdout.write(f"ready 127.0.0.1:{agent.port}\n")
    sys.stdout.flush()
    agent.serve()
    if given.stats:
        given.stats.write_text(json.dumps({name: asdict(counts) for name, counts in agent.all_counts().items()}))
    agent.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
