"""Services that want a session: one POST begins it, its name lets us in, and one DELETE ends it."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus

from collectors import guard
from collectors.transports.http_wire import Reply, Wire
from collectors.transports.interface import Action, AuthenticationError, FailedError, Gate, TransportError
from evidence.clock import Clock
from evidence.model.names import AssetId
from evidence.platforms.calls import HttpDialect

MAX_SESSION_BYTES = 4096
"""Largest answer to a log-in: vCenter's is a string of 32 digits."""

_SESSION = re.compile(r"[\w.~+/=-]{8,1024}", re.ASCII)


@contextmanager
def logged_in(wire: Wire, dialect: HttpDialect, *, asset: AssetId, gate: Gate, clock: Clock) -> Iterator[None]:
    """
    Begin a session where a service wants one, and end it whatever happens between.

    Raises `AuthenticationError` where the credential is not accepted, which is not tried again, and `FailedError`
    where what comes is no session. What names it is neither kept nor shown.
    """
    if dialect.login is None or dialect.header is None:
        yield
        return
    reply = _sent(wire, "POST", dialect.login, asset, gate, clock)
    if reply.status == HTTPStatus.UNAUTHORIZED:
        raise AuthenticationError(f"{asset}: POST {dialect.login}: the credential is not accepted (401)")
    session = _session(reply)
    if session is None:
        raise FailedError(
            f"{asset}: POST {dialect.login}: expected a session, found an answer of status {reply.status}"
        )
    wire.carry({dialect.header: session})
    try:
        yield
    finally:
        with suppress(TransportError):  # what is not ended ends by itself
            _sent(wire, "DELETE", dialect.login, asset, gate, clock)


def _session(reply: Reply) -> str | None:
    """Return the name of a session, which a service gives as a JSON string; `None` where it gave none."""
    if not 200 <= reply.status < 300 or reply.cut:
        return None
    try:
        told = json.loads(reply.data)
    except (ValueError, RecursionError):
        return None
    return told if isinstance(told, str) and _SESSION.fullmatch(told) else None


def _sent(wire: Wire, method: str, path: str, asset: AssetId, gate: Gate, clock: Clock) -> Reply:
    action = Action(asset, "http", "session", f"{method} {guard.permit_session(method, path)}")
    gate.enter_blocking(action)
    began, reason = clock.monotonic(), "no answer"
    try:
        reply = wire.send(method, path, accept="application/json", read_limit=MAX_SESSION_BYTES)
        reason = "" if 200 <= reply.status < 300 else f"refused: status {reply.status}"
    finally:
        gate.leave(action, took_s=clock.monotonic() - began, received=0, error=reason or None)
    return reply
