"""What the engine and every transport agree on."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from evidence.errors import Error
from evidence.model.names import AssetId
from evidence.model.outcome import Result

Value = None | int | float | str | bytes
"""An SNMP value as the engine gives it: integers of all kinds, OIDs and addresses as dotted text, octets as bytes."""

Varbinds = Sequence[tuple[str, Value]]
"""(OID without a leading dot, value), in the order of the answer."""

PORTS: Mapping[str, int] = {"http": 80, "https": 443, "opc.tcp": 4840}
"""Where a URL names no port (RFC 9110 §4.2; OPC UA part 6 §7.2)."""


class TransportError(Error):
    """An answer could not be had."""


class UnreachableError(TransportError):
    """Nobody answered: no route, refused port, timeout."""


class DroppedError(UnreachableError):
    """The device had ended the session before the question was put."""


class AuthenticationError(TransportError):
    """The device refused the credential. Never retried."""


class HostKeyError(TransportError):
    """The SSH host key is unknown, or not the one that was pinned. Never overridden."""


class AlgorithmError(TransportError):
    """The device offers no SSH algorithm that may be used. Never overridden."""


class JumpHostError(TransportError):
    """A host on the way refused the login; the asset's own credential was not tried."""


class CertificateError(TransportError):
    """The service's certificate is not one that is trusted. Never overridden."""


class FailedError(TransportError):
    """The service answered, but with a failure of its own, or with something else than was asked for."""


class RefusedError(TransportError):
    """The request is not on the read-only list, so it was not sent; or the device refused the right to ask it."""


class DeniedError(RefusedError):
    """The account has no right to a command that the device knows. Noted even where the answer may be missing."""


class NotReadOnlyError(RefusedError):
    """The request is not on the read-only list, so it was not sent. Recorded as a refusal of ours."""


class LeftAloneError(TransportError):
    """The asset is not asked further: hold, circuit breaker, quarantined credential."""


class WindowClosedError(TransportError):
    """A blackout began, or the working hours ended, in the middle of a visit."""

    def __init__(self, message: str, result: Result) -> None:
        super().__init__(message)
        self.result = result


class InterruptedRunError(TransportError):
    """The run is being stopped."""


class Action(NamedTuple):
    """One request about to leave this machine, as the action log names it."""

    asset: AssetId
    transport: str
    verb: str
    """`get`, `getnext`, `getbulk`, `login`, `run`, `read`, `fetch`, `browse`."""
    object: str
    """OID, command, path or node; never holds a secret."""


class Gate(Protocol):
    """
    What every request passes before it leaves: kill switch, breaker, pace, action log.

    A transport calls `enter` (or `enter_blocking` in a worker thread) immediately before each request that reaches
    the device, retries included, and `leave` when the answer or its absence is known.
    """

    async def enter(self, action: Action) -> None:
        """Wait for the pace; raise `LeftAloneError` or `InterruptedRunError` when nothing more may be asked."""
        ...

    def enter_blocking(self, action: Action) -> None:
        """Do the same in a worker thread."""
        ...

    def leave(self, action: Action, *, took_s: float, received: int, error: str | None = None) -> None:
        """Record how it ended: seconds, bytes or values received, and a short reason when it failed."""
        ...


class Answer(NamedTuple):
    """What came back for one question."""

    data: bytes | Varbinds
    request: str
    """The exact request, as the capture will name it."""
    took_ms: int
    complete: bool = True
    reason: str | None = None
    cursor: str | None = None
    """Up to when the answer tells what happened, RFC 3339; where the next run's question begins."""
