"""Services over HTTP: GET and HEAD of the listed paths below one address, nothing else, nothing followed."""

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus

from collectors import guard
from collectors.inventory.host import HttpAccess
from collectors.transports.http_login import logged_in
from collectors.transports.http_pages import (
    MAX_EACH,
    Span,
    filled,
    first_page,
    next_page,
    span_of,
    target,
    time_parameters,
    values_of,
)
from collectors.transports.http_wire import Reply, Wire
from collectors.transports.interface import (
    Action,
    Answer,
    AuthenticationError,
    FailedError,
    Gate,
    RefusedError,
    UnreachableError,
)
from evidence.clock import Clock, rfc3339
from evidence.model.names import AssetId
from evidence.model.ssh import SshLink
from evidence.normalise.readers import READERS
from evidence.platforms.calls import HttpCall, HttpDialect
from evidence.platforms.platform import Platform, Question

MAX_ANSWER_BYTES = 8 * 1024 * 1024
"""Largest answer kept, all its pages together: as for a shell's. An audit record has some 300 bytes."""

MAX_RETRY_AFTER_S = 15
"""Longest a service's wish to be asked later is waited for, seconds; what wants more is asked in the next run."""

_HEADERS_KEPT = ("content-disposition", "content-length", "content-type", "etag", "last-modified")
"""What of an answer to HEAD says something about the thing itself (RFC 9110 §8)."""

_AGAIN = (500, 502, 504)
_LATER = (429, 503)


@dataclass(slots=True)
class _Told:
    """An answer as it comes together."""

    pages: list[bytes] = field(default_factory=list)
    took_s: float = 0.0
    cut: str | None = None

    @property
    def size(self) -> int:
        return sum(map(len, self.pages)) + len(self.pages)


class HttpSession:
    """A service that is asked. Asked one question at a time."""

    host_key: str | None = None
    link: SshLink | None = None

    def __init__(
        self,
        wire: Wire,
        platform: Platform,
        *,
        asset: AssetId,
        gate: Gate,
        clock: Clock,
        wait: Callable[[float], None],
        cursors: Mapping[str, str],
        read_limit: int,
    ) -> None:
        self._wire, self._platform, self._asset = wire, platform, asset
        self._gate, self._clock, self._wait = gate, clock, wait
        self._cursors, self._limit = cursors, read_limit
        self._allowed: Collection[str] = frozenset(q.objects[0] for q in platform.questions if q.transport == "http")
        self._answers: dict[str, Answer | RefusedError] = {}

    def knock(self) -> None:
        """
        Ask the first question, whether or not this run wants it: its answer shows whether the credential is good.

        Raises what says that the service is not to be asked more: `AuthenticationError`, `UnreachableError`,
        `CertificateError`, `FailedError`.
        """
        door = next((q for q in self._platform.questions if q.transport == "http"), None)
        if door is not None:
            self._remember(door)

    def ask(self, question: Question) -> Answer:
        """
        Fetch everything a question amounts to.

        Raises `RefusedError` when it is not listed, or the service does not know or allow it, `FailedError` when it
        could not answer, and `UnreachableError` when nobody answers.
        """
        known = self._answers.get(question.name) or self._remember(question)
        if isinstance(known, RefusedError):
            raise known
        return known

    def _remember(self, question: Question) -> Answer | RefusedError:
        known: Answer | RefusedError
        try:
            known = self._fetch(question)
        except RefusedError as refusal:
            known = refusal
        self._answers[question.name] = known
        return known

    def _fetch(self, question: Question) -> Answer:
        call = question.call
        path = question.objects[0]
        if not isinstance(call, HttpCall):
            raise RefusedError(f"{self._asset}: a service is not asked to {question.verb} over HTTP")
        guard.permit_http(call.method, path, self._allowed)
        span = span_of(call.window, self._cursors.get(question.name), self._clock.now()) if call.window else None
        told = _Told()
        refusal: RefusedError | None = None
        for one in self._paths(call, path, told):
            try:
                self._pages(question, call, one, span, told)
            except RefusedError as error:  # one value of several: the others are asked all the same
                refusal = refusal or error
            if told.cut:
                break
        if refusal is not None:
            if not told.pages:
                raise refusal
            told.cut = told.cut or str(refusal)
        return Answer(
            data=b"\n".join(told.pages),
            request=f"{call.method} {target(path, self._parameters(call, span))}",
            took_ms=round(told.took_s * 1000),
            complete=told.cut is None,
            reason=told.cut,
            cursor=rfc3339(span.end) if span and told.cut is None else None,
        )

    def _paths(self, call: HttpCall, path: str, told: _Told) -> Iterator[str]:
        """Yield the paths of a question: one, or one for each value of another answer."""
        if call.for_each is None:
            yield path
            return
        first = self.ask(self._platform.named(call.for_each))
        assert isinstance(first.data, bytes)  # noqa: S101 - HTTP answers are bytes
        values = values_of(call, READERS["json"](first.data, ""))
        for value in values[:MAX_EACH]:
            one = filled(path, value)
            if one is None:
                told.cut = f"{call.for_each}: {value!r:.40} cannot stand in a path"
                return
            yield one
        if not first.complete:
            told.cut = f"{call.for_each}: {first.reason}"
        elif len(values) > MAX_EACH:
            told.cut = f"{call.for_each}: more than {MAX_EACH} values"

    def _parameters(self, call: HttpCall, span: Span | None) -> dict[str, str]:
        times = time_parameters(call.window, span) if call.window and span else {}
        return {**call.parameters, **times}

    def _pages(self, question: Question, call: HttpCall, path: str, span: Span | None, told: _Told) -> None:
        """Fetch every page of one path, until one is the last, or cut off and say why."""
        fixed, paging = self._parameters(call, span), call.paging
        page = first_page(paging) if paging else None
        before: bytes | None = None
        while True:
            wanted = target(path, {**fixed, **(page.parameters(paging) if page and paging else {})})
            try:
                reply = self._reply(question, call, wanted, told)
            except (UnreachableError, FailedError) as error:
                if not told.pages:
                    raise
                told.cut = f"page {page.number if page else 1}: {error}"
                return
            if reply.data == before:
                told.cut = f"page {page.number if page else 1}: the same as the one before"
                return
            before = reply.data
            told.pages.append(reply.data if call.method == "GET" else _said(reply))
            told.cut = reply.cut
            document = self._document(question, told) if reply.cut is None else None
            if told.cut or page is None or paging is None:
                return
            following = next_page(paging, page, document)
            if not isinstance(following, str) and following and following.number > paging.max_pages:
                following = f"more than {paging.max_pages} pages"
            if following is None or isinstance(following, str):
                told.cut = following
                return
            page = following

    def _document(self, question: Question, told: _Told) -> object:
        """Return the newest page as a document; what is no JSON may be anything, and is cut off."""
        document = READERS["json"](told.pages[-1], question.request) if question.reader == "json" else None
        if question.reader == "json" and document is None:
            told.pages.pop()
            if not told.pages:
                raise FailedError(f"{self._asset}: {question.request}: the answer is not JSON")
            told.cut = f"page {len(told.pages) + 1}: not JSON"
        return document

    def _reply(self, question: Question, call: HttpCall, wanted: str, told: _Told) -> Reply:
        """Send one request, and once more where that may help; return the answer that is one."""
        limit = max(self._limit - told.size, 1)
        for again in (True, False):
            try:
                reply, took_s = self._once(call, wanted, limit)
            except UnreachableError:
                if not again:
                    raise
                continue
            told.took_s += took_s
            pause_s = _pause_s(reply) if again else None
            if pause_s is None:
                break
            self._wait(pause_s)
        self._judge(question, call, reply)
        return reply

    def _once(self, call: HttpCall, wanted: str, limit: int) -> tuple[Reply, float]:
        action = Action(self._asset, "http", "fetch", f"{call.method} {wanted}")
        self._gate.enter_blocking(action)
        began, received, reason = self._clock.monotonic(), 0, "no answer"
        try:
            reply = self._wire.send(call.method, wanted, accept=call.accept, read_limit=limit)
            received, reason = len(reply.data), reply.cut or _trouble(reply.status)
        finally:
            took_s = self._clock.monotonic() - began
            self._gate.leave(action, took_s=took_s, received=received, error=reason or None)
        return reply, took_s

    def _judge(self, question: Question, call: HttpCall, reply: Reply) -> None:
        """Raise unless this is an answer to what was asked."""
        what = f"{self._asset}: {question.request}"
        if reply.status == HTTPStatus.UNAUTHORIZED:
            raise AuthenticationError(f"{what}: the credential is not accepted (401)")
        if 300 <= reply.status < 400:
            where = reply.headers.get("location", "nowhere").partition("?")[0]
            raise RefusedError(f"{what}: it points to {where!r:.200} ({reply.status}); redirects are not followed")
        if 400 <= reply.status < 500 and reply.status not in _LATER:
            raise RefusedError(f"{what}: {_named(reply.status)}")
        if not 200 <= reply.status < 300:
            raise FailedError(f"{what}: the service failed: {_named(reply.status)}")
        kind = reply.headers.get("content-type", "").partition(";")[0].strip().lower()
        if call.method == "GET" and reply.data and not _fits(kind, call.accept):
            raise FailedError(f"{what}: expected {call.accept}, found {kind or 'no type'}; it was not kept")


def _pause_s(reply: Reply) -> float | None:
    """Return how long to wait before asking once more; `None` where that would not help."""
    if reply.status in _AGAIN:
        return 0.0
    if reply.status not in _LATER:
        return None
    later = reply.headers.get("retry-after", "").strip()
    if not later:
        return 0.0 if reply.status == HTTPStatus.SERVICE_UNAVAILABLE else None
    seconds = int(later) if later.isascii() and later.isdigit() and len(later) < 6 else MAX_RETRY_AFTER_S + 1
    return float(seconds) if seconds <= MAX_RETRY_AFTER_S else None


def _trouble(status: int) -> str:
    """Return the word of the action log for an answer that is none; 4xx and redirects are no sign of distress."""
    if 200 <= status < 300:
        return ""
    distress = status >= 500 or status in _LATER
    return f"status {status}" if distress else f"refused: status {status}"


def _named(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _fits(kind: str, accept: str) -> bool:
    """Say whether an answer's media type is the one asked for, or one of that structure (RFC 6839)."""
    return kind == accept or (accept == "application/json" and (kind.endswith("+json") or kind == "text/json"))


def _said(reply: Reply) -> bytes:
    """Return what a service says of a thing without giving it: status and headers, as JSON."""
    headers = {name: reply.headers[name] for name in _HEADERS_KEPT if name in reply.headers}
    return json.dumps({"headers": headers, "status": reply.status}, sort_keys=True, indent=1).encode() + b"\n"


@contextmanager
def open_http(
    access: HttpAccess,
    platform: Platform,
    *,
    asset: AssetId,
    gate: Gate,
    clock: Clock,
    wait: Callable[[float], None],
    cursors: Mapping[str, str],
    timeout_s: float = 15.0,
    read_limit: int = MAX_ANSWER_BYTES,
) -> Iterator[HttpSession]:
    """Yield a session with a service whose first question was answered. `cursors`: question -> where it begins."""
    dialect = platform.http or HttpDialect()
    wire = Wire(access, dialect, asset=asset, timeout_s=timeout_s)
    try:
        with logged_in(wire, dialect, asset=asset, gate=gate, clock=clock):
            session = HttpSession(
                wire,
                platform,
                asset=asset,
                gate=gate,
                clock=clock,
                wait=wait,
                cursors=cursors,
                read_limit=read_limit,
            )
            session.knock()
            yield session
    finally:
        wire.close()
