"""Putting a platform's questions over a command session, one after the other."""

from collections.abc import Callable, Iterable
from typing import Protocol

from collectors.transports.interface import Action, Answer, DeniedError, FailedError, NotReadOnlyError, RefusedError
from collectors.visit import Findings, Heard
from evidence.clock import Clock
from evidence.model.outcome import Result
from evidence.model.ssh import SshLink
from evidence.platforms.platform import Platform, Question


class AskedSession(Protocol):
    """An open session that answers questions: a CLI, a host's shell, this machine."""

    @property
    def host_key(self) -> str | None:
        """`SHA256:…`, `unchecked`, or `None` where there is no SSH."""
        ...

    @property
    def link(self) -> SshLink | None:
        """What SSH agreed, or `None` where there is no SSH."""
        ...

    def ask(self, question: Question) -> Answer:
        """
        Put one question.

        Raises `RefusedError` when it is not known or allowed there, `DeniedError` when the account lacks a right that
        it should have, `FailedError` when there was no answer to it.
        """
        ...


def ask_all(
    session: AskedSession,
    questions: Iterable[Question],
    platform: Platform,
    findings: Findings,
    clock: Clock,
    refused: Callable[[Action, str], None],
) -> None:
    """
    Ask everything; note every answer, every question that stayed without one, and what the guard held back.

    A question that stands in for another is left out where that one was answered, or was left out itself.
    """
    whole: set[str] = set()
    for question in questions:
        if question.instead_of in whole:
            whole.add(question.name)
            continue
        at = clock.now()
        try:
            answer = session.ask(question)
        except RefusedError as error:
            if isinstance(error, NotReadOnlyError):
                refused(Action(findings.asset, question.transport, question.verb, question.request), str(error))
            if isinstance(error, DeniedError) or not question.optional:
                findings.problems.append((Result.REFUSED, str(error)))
            continue
        except FailedError as error:
            if not question.optional:
                findings.problems.append((Result.PARTIAL, str(error)))
            continue
        findings.heard.append(
            Heard(
                question=question,
                platform=platform,
                answer=answer,
                at=at,
                host_key=session.host_key,
                link=session.link,
            )
        )
        if answer.complete:
            whole.add(question.name)
        elif not question.optional:
            findings.problems.append((Result.PARTIAL, f"{question.name}: {answer.reason}"))
