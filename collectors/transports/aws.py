"""
A cloud account: the operations a service file names, through botocore, one page at a time.

An answer is kept as one JSON text a page: what the service said, without what only carried it (`ResponseMetadata`, page
tokens). Times are RFC 3339 UTC, bytes base64 (RFC 4648 §4). Where an operation is called once for each of several
values, `_asked` in every page says for which.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError

from collectors import guard
from collectors.inventory.host import AwsAccess
from collectors.transports.aws_answers import (
    ASKED,
    AnswerTooLongError,
    MissingRightError,
    ServiceFailedError,
    dumps,
    unfold,
)
from collectors.transports.aws_pages import Operation
from collectors.transports.aws_wire import Wire
from collectors.transports.http_pages import span_of
from collectors.transports.interface import (
    Answer,
    AuthenticationError,
    FailedError,
    Gate,
    NotReadOnlyError,
    RefusedError,
    TransportError,
)
from evidence.clock import Clock, rfc3339
from evidence.model.names import AssetId
from evidence.model.ssh import SshLink
from evidence.platforms.calls import AwsCall
from evidence.platforms.platform import Platform, Question

LOGIN = AwsCall(service="sts", operation="GetCallerIdentity", parameters={})
"""What is asked first, to see whether the credential is good: it needs no right (STS API reference)."""

MAX_ANSWER_BYTES = 64 * 1024 * 1024
"""Largest answer kept: 100,000 recovery points of 600 bytes."""

UNTIL_TRIES = 15
UNTIL_PAUSE_S = 2.0
"""How often, and after what pause, is asked for what is still being made: IAM's report takes a few seconds."""

MAX_REASONS = 5
"""Most reasons told why an answer is not whole."""


_FINAL = (AuthenticationError, MissingRightError, NotReadOnlyError)
"""What makes an answer worth nothing, whatever was heard of it before."""


@dataclass(slots=True, kw_only=True)
class _Heard:
    """What was heard of one question so far."""

    limit: int
    keep_pages: bool
    texts: list[bytes] = field(default_factory=list)
    pages: list[Any] = field(default_factory=list)
    """The same, where another question goes through them."""
    wrong: dict[str, None] = field(default_factory=dict)
    """Why it is not whole, in order."""

    def take(self, page: Any) -> None:
        text = dumps(page)
        self.limit -= len(text) + 1
        if self.limit < 0:
            raise AnswerTooLongError("longer than what is kept of one answer")
        self.texts.append(text)
        if self.keep_pages:
            self.pages.append(page)

    def reason(self) -> str | None:
        told, more = list(self.wrong)[:MAX_REASONS], len(self.wrong) - MAX_REASONS
        return "; ".join(told) + (f"; and {more} more" if more > 0 else "") if told else None


@dataclass(slots=True, kw_only=True)
class AwsSession:
    """An account whose credential is good. Asked one question at a time."""

    asset: AssetId
    platform: Platform
    clock: Clock
    wait: Callable[[float], None]
    cursors: Mapping[str, str]
    """Question about a time -> where it begins, RFC 3339."""
    client: Callable[[str], Any]
    """Returns botocore's client of a service."""
    read_limit: int = MAX_ANSWER_BYTES
    _sources: dict[str, _Heard] = field(default_factory=dict)

    @property
    def host_key(self) -> str | None:
        """Nothing: the service's certificate vouches for it."""
        return None

    @property
    def link(self) -> SshLink | None:
        """Nothing: there is no SSH."""
        return None

    def ask(self, question: Question) -> Answer:
        """
        Call the question's operation: all its pages, and for each value it goes through.

        Raises `NotReadOnlyError` when it is not listed or changes something, `RefusedError` when the account lacks the
        right to it or the service does not know it, and `FailedError` when the service fails.
        """
        began = self.clock.monotonic()
        span = self._span(question)
        try:
            heard = self._hear(question, span)
        except ServiceFailedError as error:  # one service of many; whether the rest is asked, the breaker says
            raise FailedError(str(error)) from error
        between = "".join(f" {name}={rfc3339(moment)}" for name, moment in span.items())
        return Answer(
            data=b"".join(text + b"\n" for text in heard.texts),
            request=question.request + between,
            took_ms=round((self.clock.monotonic() - began) * 1000),
            complete=not heard.wrong,
            reason=heard.reason(),
            cursor=rfc3339(max(span.values())) if span and not heard.wrong else None,
        )

    def _span(self, question: Question) -> Mapping[str, datetime]:
        window = _call(question).window
        if window is None:
            return {}
        span = span_of(window, self.cursors.get(question.name), self.clock.now())
        return {window.start_parameter: span.start, window.end_parameter: span.end}

    def _hear(self, question: Question, span: Mapping[str, datetime]) -> _Heard:
        call = _call(question)
        guard.permit_call(question.objects[0], _listed(self.platform), reason=call.safe_call)
        gone_through = any(_is_source(question.name, other) for other in self.platform.questions)
        heard = _Heard(limit=self.read_limit, keep_pages=gone_through)
        operation = Operation(call, self.client, asset=self.asset, wait=self.wait)
        try:
            for given in self._rounds(call, operation, heard):
                self._round(call, operation, {**call.parameters, **span, **given}, given, heard)
        except AnswerTooLongError as error:
            heard.wrong[str(error)] = None
        except TransportError as error:
            if not heard.texts or isinstance(error, _FINAL):
                raise
            heard.wrong[str(error)] = None  # what was heard is kept; the next question meets the same trouble, or none
        if gone_through:
            self._sources[question.name] = heard
        return heard

    def _round(
        self, call: AwsCall, operation: Operation, parameters: Mapping[str, object], given: object, heard: _Heard
    ) -> None:
        """Take in the pages of one call; in a series of calls a single no is noted, and costs only its own answer."""
        try:
            for page in self._pages(call, operation, parameters, heard):
                heard.take({**page, ASKED: given} if given else page)
        except (RefusedError, FailedError) as error:
            if not given or isinstance(error, _FINAL):
                raise
            heard.wrong[str(error)] = None

    def _pages(
        self, call: AwsCall, operation: Operation, parameters: Mapping[str, object], heard: _Heard
    ) -> Iterator[Any]:
        """Yield the pages of one call, once they say what they are waited for."""
        for attempt in range(UNTIL_TRIES):
            if attempt:
                self.wait(UNTIL_PAUSE_S)
            pages: Iterator[Any] = (unfold(page, call.unfold) for page in operation.pages(parameters))
            if call.until is not None:
                pages = iter(made := list(pages))
                if not all(_found(call.until, page) for page in made):
                    continue
            yield from pages
            break
        else:
            heard.wrong[f"not ready after {UNTIL_TRIES} tries"] = None
        if operation.cut:
            heard.wrong[operation.cut] = None

    def _rounds(self, call: AwsCall, operation: Operation, heard: _Heard) -> Iterator[dict[str, object]]:
        """Yield the parameter that differs from call to call: one value, or as many as the operation takes at once."""
        if call.for_each is None or call.rows is None or call.bind is None:
            yield {}
            return
        source = self._source(call.for_each)
        if source.wrong:
            heard.wrong[f"{call.for_each}, which it goes through, is not whole"] = None
        found = _found(call.rows, source.pages)
        values = list(dict.fromkeys(value for value in found or () if isinstance(value, str)))
        if len(values) > call.max_each:
            heard.wrong[f"{len(values)} to go through, the first {call.max_each} were"] = None
        at_once = operation.at_once(call.bind)
        for at in range(0, min(len(values), call.max_each), at_once or 1):
            batch = values[at : min(at + (at_once or 1), call.max_each)]
            yield {call.bind: batch if at_once else batch[0]}

    def _source(self, name: str) -> _Heard:
        """Return what was heard of a question that another goes through; it is asked now where it was not yet."""
        if name not in self._sources:
            question = self.platform.named(name)
            return self._hear(question, self._span(question))
        return self._sources[name]


@contextmanager
def open_aws(
    access: AwsAccess,
    platform: Platform,
    *,
    asset: AssetId,
    gate: Gate,
    clock: Clock,
    wait: Callable[[float], None],
    cursors: Mapping[str, str],
    timeout_s: float = 15.0,
    read_limit: int = MAX_ANSWER_BYTES,
) -> Iterator[AwsSession]:
    """
    See whether the credential is good, and yield a session that can be asked `platform`'s questions.

    `cursors`: question -> where it begins.
    Raises `AuthenticationError` or `UnreachableError`.
    """
    wire = Wire(access, asset=asset, gate=gate, clock=clock, timeout_s=timeout_s, read_limit=read_limit)
    try:
        with suppress(MissingRightError):  # a policy may forbid even this, to one whose credential is good
            list(Operation(LOGIN, wire.client, asset=asset, wait=wait).pages({}))
        yield AwsSession(
            asset=asset,
            platform=platform,
            clock=clock,
            wait=wait,
            cursors=cursors,
            client=wire.client,
            read_limit=read_limit,
        )
    finally:
        wire.close()


def _call(question: Question) -> AwsCall:
    if not isinstance(question.call, AwsCall):
        raise NotReadOnlyError(f"a cloud account is not asked to {question.verb} {question.request!r:.100}")
    return question.call


def _listed(platform: Platform) -> frozenset[str]:
    return frozenset(question.objects[0] for question in platform.questions if question.transport == "aws")


def _is_source(name: str, other: Question) -> bool:
    return isinstance(other.call, AwsCall) and other.call.for_each == name


def _found(path: str, document: object) -> Any:
    try:
        return jmespath.search(path, document)
    except JMESPathError:
        return None
