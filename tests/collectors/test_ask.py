"""Putting questions one after the other."""

from datetime import UTC, datetime

import pytest

from collectors.ask import ask_all
from collectors.transports.interface import Action, Answer, RefusedError
from collectors.visit import Findings
from evidence.model.names import AssetId
from evidence.platforms.platform import Platform, Question, Recognition, Verb

ASSET = AssetId("jump")


class Clock:
    """Stands still."""

    def now(self) -> datetime:
        return datetime(2026, 11, 20, tzinfo=UTC)


class Session:
    """Answers whole, cut off, or not at all; a double of a host's session."""

    host_key = None
    link = None

    def __init__(self, **answers: bool | None) -> None:
        self.answers = answers
        self.asked: list[str] = []

    def ask(self, question: Question) -> Answer:
        self.asked.append(question.name)
        complete = self.answers[question.name]
        if complete is None:
            raise RefusedError("not there")
        return Answer(data=b"x", request=question.request, took_ms=1, complete=complete)


def question(name: str, instead_of: str | None = None) -> Question:
    return Question(
        name=name,
        transport="ssh",
        verb=Verb.RUN,
        objects=(name,),
        tags=frozenset({"host"}),
        ttl_s=60,
        optional=True,
        instead_of=instead_of,
    )


CHAIN = (question("journal"), question("log", "journal"), question("last", "log"))


@pytest.mark.parametrize(
    ("journal", "log", "asked"),
    [
        (True, True, ["journal"]),
        (False, True, ["journal", "log"]),
        (None, True, ["journal", "log"]),
        (None, False, ["journal", "log", "last"]),
    ],
)
def test_a_question_that_stands_in_for_another_is_asked_only_where_that_one_gave_nothing_whole(
    journal: bool | None, log: bool | None, asked: list[str]
) -> None:
    session = Session(journal=journal, log=log, last=True)
    platform = Platform(name="p", title="P", vendor=None, recognition=Recognition(), questions=CHAIN)
    findings = Findings(asset=ASSET)

    def refused(action: Action, why: str) -> None:
        pytest.fail(why)

    ask_all(session, CHAIN, platform, findings, Clock(), refused)  # type: ignore[arg-type]
    assert session.asked == asked
    assert findings.problems == []
