"""
What cuts an HTTP connection off when something takes too long in all.

A library's timeout begins anew with every byte: a head that trickles, headers or interim answers without end (RFC 9110
§15.2) hold whoever waits for as long as they like.
"""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any


class Cord:
    """Holds on to one connection at a time, to break it off from another thread."""

    def __init__(self) -> None:
        self.cut = False
        """It was broken off, in what was done last."""
        self._held: socket.socket | None = None

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Break the connection off if what is done takes longer."""
        self.cut = False
        timer = threading.Timer(seconds, self._break_off)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def fastened_to(self, kind: type) -> type:
        """Return urllib3's class of connections, each held from before its encryption is agreed on."""
        cord = self

        def connect(connection: Any) -> socket.socket:
            made: socket.socket = kind._new_conn(connection)  # type: ignore[attr-defined]
            cord._held = made.dup()  # encryption takes the descriptor away from the first
            return made

        def close(connection: Any) -> None:
            kind.close(connection)  # type: ignore[attr-defined]
            held, cord._held = cord._held, None
            if held is not None:
                held.close()

        return type(kind.__name__, (kind,), {"_new_conn": connect, "close": close})

    def _break_off(self) -> None:
        self.cut = True
        held = self._held
        if held is not None:
            with suppress(OSError):  # it may be closed by now
                held.shutdown(socket.SHUT_RDWR)
