"""This machine: listed commands run without a shell, listed files read."""

import os
import selectors
import shlex
import signal
import stat
import subprocess
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress

from collectors.transports.host_answers import (
    MAX_ANSWER_BYTES,
    MAX_ANSWER_S,
    MAX_COMPLAINT_BYTES,
    NOT_EXECUTABLE,
    NOT_FOUND,
    Told,
    put,
)
from collectors.transports.interface import Answer, Gate, RefusedError
from evidence.clock import Clock
from evidence.model.names import AssetId
from evidence.model.ssh import SshLink
from evidence.platforms.platform import Question, Verb

_CHUNK_BYTES = 65536
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""Where commands are looked for where the environment does not say."""


class LocalSession:
    """This machine. Asked one question at a time."""

    host_key: str | None = None
    link: SshLink | None = None

    def __init__(
        self,
        *,
        asset: AssetId,
        gate: Gate,
        allowed: Collection[str],
        environ: Mapping[str, str],
        clock: Clock,
        timeout_s: float,
        read_limit: int,
    ) -> None:
        self._asset, self._gate, self._clock = asset, gate, clock
        self._allowed = frozenset(allowed)
        self._environ = {"PATH": environ.get("PATH", _PATH), "LC_ALL": "C"}
        self._timeout_s, self._limit = timeout_s, read_limit

    def ask(self, question: Question) -> Answer:
        """
        Run the question's command or read its file.

        Raises `RefusedError` when it is not listed, or is not there or not permitted.
        """

        def carry_out(command: str) -> Told:
            if question.verb is Verb.READ:
                return self._read(question.objects[0])
            return self._run(command, question.timeout_s or self._timeout_s)

        return put(question, carry_out, asset=self._asset, gate=self._gate, allowed=self._allowed, clock=self._clock)

    def _read(self, path: str) -> Told:
        """Read a plain file up to the limit; a pipe or device would never end."""
        try:
            handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            with os.fdopen(handle, "rb") as file:
                if not stat.S_ISREG(os.fstat(handle).st_mode):
                    raise RefusedError(f"{self._asset}: {path} is not a plain file")
                data = file.read(self._limit + 1)
        except OSError as error:
            raise RefusedError(f"{self._asset}: {path} cannot be read ({error.strerror})") from error
        if len(data) > self._limit:
            return Told(data[: self._limit], 0, cut=f"more than {self._limit} bytes")
        return Told(data, 0)

    def _run(self, command: str, timeout_s: float) -> Told:
        try:
            process = subprocess.Popen(
                shlex.split(command),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd="/",
                env=self._environ,
                start_new_session=True,
            )
        except OSError as error:
            missing = isinstance(error, FileNotFoundError)
            return Told(b"", NOT_FOUND if missing else NOT_EXECUTABLE)
        with process:
            data, complaint, cut = self._drain(process, timeout_s)
            if cut is None:
                try:
                    return Told(data, process.wait(timeout_s), complaint)
                except subprocess.TimeoutExpired:
                    cut = f"did not end within {timeout_s:g} s"
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            return Told(data, complaint=complaint, cut=cut)

    def _drain(self, process: subprocess.Popen[bytes], timeout_s: float) -> tuple[bytes, bytes, str | None]:
        data, complaint = bytearray(), bytearray()
        deadline = self._clock.monotonic() + MAX_ANSWER_S
        with selectors.DefaultSelector() as selector:
            for pipe, into in ((process.stdout, data), (process.stderr, complaint)):
                if pipe is not None:
                    selector.register(pipe, selectors.EVENT_READ, into)
            while selector.get_map():
                left = deadline - self._clock.monotonic()
                ready = selector.select(max(0.0, min(timeout_s, left)))
                if not ready:
                    return bytes(data), bytes(complaint), f"nothing came for {min(timeout_s, MAX_ANSWER_S):g} s"
                for key, _ in ready:
                    chunk = os.read(key.fd, _CHUNK_BYTES)
                    if not chunk:
                        selector.unregister(key.fileobj)
                    key.data.extend(chunk)
                del complaint[MAX_COMPLAINT_BYTES:]
                if len(data) > self._limit:
                    return bytes(data[: self._limit]), bytes(complaint), f"more than {self._limit} bytes"
        return bytes(data), bytes(complaint), None


@contextmanager
def open_local(
    *,
    asset: AssetId,
    gate: Gate,
    allowed: Collection[str],
    environ: Mapping[str, str],
    clock: Clock,
    timeout_s: float = 15.0,
    read_limit: int = MAX_ANSWER_BYTES,
) -> Iterator[LocalSession]:
    """
    Yield a session with this machine. `allowed` holds the platform's commands and paths.

    Commands see nothing of `environ` but PATH: the rest may hold credentials.
    """
    yield LocalSession(
        asset=asset,
        gate=gate,
        allowed=allowed,
        environ=environ,
        clock=clock,
        timeout_s=timeout_s,
        read_limit=read_limit,
    )
