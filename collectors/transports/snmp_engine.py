"""What an SNMP engine (gufo, pysnmp) is to a session: a socket that puts questions and reads their answers."""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from collectors.transports import snmp_wire
from collectors.transports.interface import TransportError
from collectors.transports.snmp_user import User
from evidence.errors import Error

RECEIVE_BUFFER_BYTES = 128 * 1024
"""Kernel buffer a socket: room for late answers; the kernel's own default (208 KiB) is no less, some systems' is."""


class EngineMissingError(TransportError):
    """The SNMP engine is not installed on this machine."""


class SilenceError(Error):
    """No answer within the time."""


class RefusedPortError(Error):
    """The address answers that nobody listens there, or that there is no way to it."""


class UndecodableError(Error):
    """An answer came and cannot be decoded."""


class StrayError(Error):
    """A datagram came that answers something else."""


class RefusedUserError(Error):
    """An SNMPv3 report came instead of an answer; which one, the datagram tells."""


class ReportError(Error):
    """An SNMPv3 report came instead of an answer."""

    def __init__(self, which: int | None) -> None:
        super().__init__(
            snmp_wire.REPORTS.get(which or 0, "no reason given; it may lack the right, or the security asked for")
        )
        self.which = which


class Question(NamedTuple):
    """One request, and how its answer is read."""

    send: Callable[[], None]
    """Put one datagram on the wire; raises `OSError` when that cannot be."""
    receive: Callable[[], Any]
    """
    Take one datagram off the socket and return its values; None when it has none: an error, nulls, the end, a report.

    Raises `StrayError`, `RefusedUserError` or `UndecodableError`; any other exception is a datagram that cannot be
    decoded, too.
    """


class SnmpSocket(Protocol):
    """
    A connected UDP socket of one session.

    Both engines tell the same of the same datagram: of an answer with values those and no nulls, of any other nothing.
    What it was is then read from its octets (`snmp_wire`), as far as they are not encrypted.
    """

    @property
    def longest(self) -> int:
        """Bytes of the longest datagram it can read."""
        ...

    def fileno(self) -> int:
        """Return the descriptor, which the socket goes on owning."""
        ...

    def close(self) -> None:
        """Give it back."""
        ...

    def get(self, oids: list[str]) -> Question:
        """Ask for values: a mapping by OID, without what the device does not have."""
        ...

    def after(self, oid: str, root: str, size: int) -> Question:
        """
        Ask for `size` values behind `oid`, with GETNEXT for one when `size` is 0.

        The answer is a list of (OID, value); a last None says that the subtree of `root` was left.
        """
        ...


class V3Socket(SnmpSocket, Protocol):
    """What SNMPv3 adds."""

    @property
    def engine_id(self) -> bytes:
        """The engine id learnt from the device, or nothing."""
        ...

    def refresh(self) -> Question:
        """Ask for engine id, boots and time, which are learnt from any answer."""
        ...

    def set_user(self, user: User) -> None:
        """Ask as this user from now on, with keys for `engine_id`."""
        ...
