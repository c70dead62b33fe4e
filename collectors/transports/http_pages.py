"""Which URLs a question over HTTP amounts to: its parameters, its pages, its window of time. Pure."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import quote, urlencode

from evidence.clock import parse_rfc3339, rfc3339
from evidence.normalise.documents import search
from evidence.platforms.calls import HttpCall, Paging, Window

EACH = "{each}"
"""Stands in a path for a value of another answer."""

MAX_EACH = 100
"""Most values another answer is gone through for; a gateway has a handful of audit profiles."""

MAX_TOKEN_CHARACTERS = 4_000
"""Longest token of a next page: a request line of 8 KiB is what servers take (RFC 9112 §3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The time a question asks about."""

    start: datetime
    end: datetime


def span_of(window: Window, cursor: str | None, now: datetime) -> Span:
    """Return the time to ask about: from the cursor of the last whole answer, less an overlap, until now."""
    seen = min(parse_rfc3339(cursor), now) if cursor else now - timedelta(seconds=window.back_s)
    return Span(start=seen - timedelta(seconds=window.overlap_s if cursor else 0), end=now)


def time_parameters(window: Window, span: Span) -> dict[str, str]:
    """Return the parameters that name a span, in the service's own form."""
    show = _FORMS[window.form]
    return {window.start_parameter: show(span.start), window.end_parameter: show(span.end)}


_FORMS: Mapping[str, Callable[[datetime], str]] = {
    "rfc3339": rfc3339,
    "epoch": lambda moment: str(int(moment.timestamp())),
    "epoch-ms": lambda moment: str(int(moment.timestamp() * 1000)),
}


def target(path: str, parameters: Mapping[str, str]) -> str:
    """Return path and query of a request."""
    return f"{path}?{urlencode(parameters, quote_via=quote)}" if parameters else path


def filled(path: str, value: str) -> str | None:
    """Return a path with `value` in the place of `{each}`, as one segment; `None` where it cannot be one."""
    if not value or value in (".", ".."):
        return None
    return path.replace(EACH, quote(value, safe=""))


def values_of(call: HttpCall, document: object) -> tuple[str, ...]:
    """Return the values of another answer that a call goes through."""
    found = search(call.rows or "@", document)
    members: Iterable[object] = found if isinstance(found, list) else ()
    return tuple(dict.fromkeys(member for member in members if isinstance(member, str)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page that is asked for."""

    place: str | None
    """Its offset, number or token; `None` where the first page needs none."""
    number: int = 1
    token_seen: frozenset[str] = frozenset()

    def parameters(self, paging: Paging) -> dict[str, str]:
        """Return the parameters that name this page."""
        place = {} if self.place is None else {paging.place_parameter: self.place}
        return {paging.size_parameter: str(paging.size), **place}


def first_page(paging: Paging) -> Page:
    """Return the first page."""
    match paging.style:
        case "offset":
            return Page(place="0")
        case "number":
            return Page(place=str(paging.first))
    return Page(place=None)


def next_page(paging: Paging, page: Page, document: object) -> Page | str | None:
    """Return the page after `page`, `None` when that was the last, or why there can be no next one."""
    if paging.style == "token":
        return _by_token(page, search(paging.token or "@", document))
    rows = search(paging.rows, document)
    count = len(rows) if isinstance(rows, list) else 0
    total = search(paging.total, document) if paging.total else None
    by_number = paging.style == "number"
    seen = page.number * paging.size if by_number else int(page.place or 0) + count
    last = seen >= total if isinstance(total, int) else count < paging.size
    if count == 0 or last:
        return None
    place = int(page.place or 0) + 1 if by_number else seen
    return replace(page, place=str(place), number=page.number + 1)


def _by_token(page: Page, token: object) -> Page | str | None:
    if token in (None, ""):
        return None
    text = token if isinstance(token, str) else json.dumps(token)
    if len(text) > MAX_TOKEN_CHARACTERS:
        return f"page {page.number}: the token of the next page is longer than {MAX_TOKEN_CHARACTERS} characters"
    if text in page.token_seen:
        return f"page {page.number}: its token of the next page was there before"
    return Page(place=text, number=page.number + 1, token_seen=page.token_seen | {text})
