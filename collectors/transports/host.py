"""Hosts with a shell over SSH: one connection, one channel a question, listed commands and listed files only."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager

import paramiko

from collectors.inventory.host import SshAccess
from collectors.transports.host_answers import (
    MAX_ANSWER_BYTES,
    MAX_ANSWER_S,
    MAX_COMPLAINT_BYTES,
    Told,
    put,
)
from collectors.transports.interface import Answer, DroppedError, UnreachableError
from collectors.transports.ssh_login import Connection, Login, open_channel
from evidence.platforms.platform import Question

_CHUNK_BYTES = 65536


class HostSession:
    """A host that is logged in to. Asked one question at a time."""

    def __init__(
        self, connection: Connection, access: SshAccess, login: Login, *, allowed: Collection[str], read_limit: int
    ) -> None:
        self.host_key, self.link = connection.host_key, connection.link
        self._connection, self._asset, self._gate = connection, login.asset, login.gate
        self._allowed, self._clock = frozenset(allowed), login.clock
        self._access, self._timeout_s, self._limit = access, login.timeout_s, read_limit

    def ask(self, question: Question) -> Answer:
        """
        Run the question's command or read its file.

        Raises `RefusedError` when it is not listed, or the host does not have or allow it, `DroppedError` when the
        connection was gone before, and `UnreachableError` when it goes.
        """
        if not self._connection.is_open:
            raise DroppedError(f"{self._asset}: the connection broke off before {question.objects[0]!r}")
        return put(
            question,
            lambda command: self._run(command, self._access.patience_s(question.timeout_s or self._timeout_s)),
            asset=self._asset,
            gate=self._gate,
            allowed=self._allowed,
            clock=self._clock,
        )

    def _run(self, command: str, timeout_s: float) -> Told:

        def start(channel: paramiko.Channel) -> None:
            channel.set_environment_variable("LC_ALL", "C")
            channel.exec_command(command)

        try:
            channel = open_channel(self._connection, self._asset, self._timeout_s, start)
        except UnreachableError as error:
            if self._connection.is_open:
                raise
            raise DroppedError(f"{self._asset}: the connection broke off before {command!r}") from error
        try:
            data, cut = self._drain(channel, timeout_s)
            if cut:
                return Told(data, cut=cut)
            complaint = bytearray()
            while len(complaint) < MAX_COMPLAINT_BYTES and (chunk := channel.recv_stderr(_CHUNK_BYTES)):
                complaint += chunk
            channel.status_event.wait(timeout_s)
            status = channel.exit_status
            return Told(data, None if status < 0 else status, bytes(complaint))
        except OSError as error:
            raise UnreachableError(f"{self._asset}: the connection broke off at {command!r}") from error
        finally:
            channel.close()

    def _drain(self, channel: paramiko.Channel, timeout_s: float) -> tuple[bytes, str | None]:
        data = bytearray()
        deadline = self._clock.monotonic() + MAX_ANSWER_S
        while (left := deadline - self._clock.monotonic()) > 0:
            channel.settimeout(min(timeout_s, left))
            try:
                chunk = channel.recv(_CHUNK_BYTES)
            except TimeoutError:
                return bytes(data), f"nothing came for {timeout_s:g} s"
            if not chunk:
                return bytes(data), None
            data += chunk
            if len(data) > self._limit:
                return bytes(data[: self._limit]), f"more than {self._limit} bytes"
        return bytes(data), f"did not end within {MAX_ANSWER_S:g} s"


@contextmanager
def open_host(
    access: SshAccess, login: Login, *, allowed: Collection[str], read_limit: int = MAX_ANSWER_BYTES
) -> Iterator[HostSession]:
    """Log in to a host and yield a session that can be asked. `allowed` holds the platform's commands and paths."""
    connection = login.log_in(access)
    try:
        yield HostSession(connection, access, login, allowed=allowed, read_limit=read_limit)
    finally:
        connection.close()
