"""What comes back from a shell, or from this machine: which command puts a question, and what its answer is worth."""

import shlex
from collections.abc import Callable, Collection
from dataclasses import dataclass

from collectors import guard
from collectors.transports.interface import Action, Answer, Gate, RefusedError, UnreachableError
from collectors.transports.ssh_terminal import holds
from evidence.clock import Clock
from evidence.model.names import AssetId
from evidence.platforms.platform import Question, Verb

MAX_ANSWER_BYTES = 8 * 1024 * 1024
"""Largest answer kept. `dpkg-query` on a host with 4,000 packages prints 0.5 MiB."""

MAX_COMPLAINT_BYTES = 64 * 1024
"""Most that is read of standard error; it is looked at, never kept."""

MAX_ANSWER_S = 300.0
"""Longest one answer may take in all, seconds."""

NOT_FOUND, NOT_EXECUTABLE = 127, 126
"""Exit statuses of a shell that could not start a command (POSIX.1-2017, XCU 2.8.2)."""


@dataclass(frozen=True, slots=True)
class Told:
    """What came back for one command or file."""

    data: bytes
    status: int | None = None
    """Exit status; 0 for a file that was read, `None` when there was none."""
    complaint: bytes = b""
    """Standard error; looked at, never kept."""
    cut: str | None = None
    """Why the answer was cut off."""


def put(
    question: Question,
    carry_out: Callable[[str], Told],
    *,
    asset: AssetId,
    gate: Gate,
    allowed: Collection[str],
    clock: Clock,
) -> Answer:
    """
    Pass one question through the gate, have `carry_out` answer its command line, and judge what came.

    Raises `RefusedError` when it is not listed, or is not there or not permitted, and `UnreachableError` when
    `carry_out` says so.
    """
    command = command_of(question, allowed)
    action = Action(asset, question.transport, question.verb.value, question.objects[0])
    gate.enter_blocking(action)
    began, told, reason = clock.monotonic(), Told(b""), "refused"
    try:
        told = carry_out(command)
        reason = told.cut or judge(question, told.data, told.complaint, told.status, asset) or ""
    except UnreachableError:
        reason = "unreachable"
        raise
    finally:
        took_s = clock.monotonic() - began
        gate.leave(action, took_s=took_s, received=len(told.data), error=reason or None)
    return Answer(
        data=told.data,
        request=question.request,
        took_ms=round(took_s * 1000),
        complete=not reason,
        reason=reason or None,
    )


def command_of(question: Question, allowed: Collection[str]) -> str:
    """Return the command line that puts a question to a shell; raise `RefusedError` if it is not read-only."""
    if question.verb is Verb.READ:
        return f"cat -- {shlex.quote(guard.permit_path(question.objects[0], allowed))}"
    if question.verb is Verb.RUN:
        return guard.permit_host(question.objects[0], allowed)
    raise RefusedError(f"a shell is not asked to {question.verb}")


def judge(question: Question, data: bytes, complaint: bytes, status: int | None, asset: AssetId) -> str | None:
    """
    Return why an answer is not whole, or `None`.

    Raises `RefusedError` when the command or file is not there or not permitted. What a command says on standard
    error is not passed on: it is not redacted.
    """
    what = question.objects[0]
    if status in (NOT_FOUND, NOT_EXECUTABLE):
        raise RefusedError(f"{asset}: {what!r} cannot be run there (exit status {status})")
    if status and question.verb is Verb.READ:
        why = "may not be read" if b"ermission denied" in complaint else "cannot be read"
        raise RefusedError(f"{asset}: {what} {why}")
    if question.refused and (holds(question.refused, complaint) or (status and holds(question.refused, data))):
        raise RefusedError(f"{asset}: {what!r} is not known or not allowed there")
    if question.complete:
        return None if holds(question.complete, data) else "the end of the answer was not seen"
    if status is None:
        return "it ended without an exit status"
    return f"exit status {status}" if status else None
