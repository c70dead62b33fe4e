"""Devices that end the session after each command: it is opened anew, as long as every session answers something."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Protocol

from collectors.transports.interface import Answer, DroppedError
from evidence.model.ssh import SshLink
from evidence.platforms.platform import Question


class ShellSession(Protocol):
    """An open session over SSH or telnet."""

    @property
    def host_key(self) -> str | None:
        """The device's host key, as a capture says it."""
        ...

    @property
    def link(self) -> SshLink | None:
        """What SSH agreed."""
        ...

    def ask(self, question: Question) -> Answer:
        """Put one question; raise `DroppedError` where the device had ended the session before it was put."""
        ...


Opener = Callable[[], AbstractContextManager[ShellSession]]
"""Returns a context manager that logs in when entered."""


class LastingSession:
    """
    A session that outlives the device's. Asked one question at a time.

    A question is put a second time only where the device ended the session between two questions, and only if it had
    answered the last one whole: each login brings an answer home, or it is the last. One more is made, without the
    commands sent at log-in, where it was such a command that ended the session.
    """

    def __init__(self, opener: Opener, bare: Opener | None, open_now: ExitStack) -> None:
        self._opener, self._bare, self._open = opener, bare, open_now
        self._answered = False
        try:
            self._session = self._open.enter_context(opener())
        except DroppedError:
            if bare is None:
                raise
            self._open_barely(bare)

    @property
    def host_key(self) -> str | None:
        """The device's host key, as a capture says it."""
        return self._session.host_key

    @property
    def link(self) -> SshLink | None:
        """What SSH agreed."""
        return self._session.link

    def ask(self, question: Question) -> Answer:
        """Put one question, in a new session where the device ended the last one."""
        try:
            answer = self._session.ask(question)
        except DroppedError:
            if self._answered:
                self._answered = False
                self._open.close()
                self._session = self._open.enter_context(self._opener())
            elif self._bare is not None:
                self._open.close()
                self._open_barely(self._bare)
            else:
                raise
            answer = self._session.ask(question)
        self._answered = answer.complete
        return answer

    def _open_barely(self, bare: Opener) -> None:
        self._opener, self._bare = bare, None
        self._session = self._open.enter_context(bare())


@contextmanager
def lasting(opener: Opener, bare: Opener | None = None) -> Iterator[LastingSession]:
    """
    Log in and yield a session that is opened anew where the device ends it between two questions.

    `bare` logs in without sending any command.
    """
    with ExitStack() as open_now:
        yield LastingSession(opener, bare, open_now)
