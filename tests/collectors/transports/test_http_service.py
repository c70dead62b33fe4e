"""Services over HTTP: what is asked, what comes back, and what is made of trouble."""

import gzip
import json
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from collectors.credentials import Secret
from collectors.inventory.host import HttpAccess
from collectors.transports.http import MAX_RETRY_AFTER_S, HttpSession, open_http
from collectors.transports.interface import (
    AuthenticationError,
    CertificateError,
    FailedError,
    NotReadOnlyError,
    RefusedError,
    TransportError,
    UnreachableError,
)
from evidence.model.names import AssetId
from evidence.platforms.calls import HttpCall, HttpDialect, Paging, Window
from evidence.platforms.load import load_platforms
from evidence.platforms.platform import Platform, Question, Recognition, Verb

INFO = "/data/api/v1/gateway-info"
MODULES = "/data/api/v1/modules/healthy"
OFFSET = Paging(style="offset", size=2, size_parameter="limit", place_parameter="offset", rows="items")

WINDOW = Window(start_parameter="startTime", end_parameter="endTime", form="epoch-ms", back_s=3600, overlap_s=60)


class Clock:
    """The real clock, for the time of day too."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


def asked(path: str, **call: Any) -> Question:
    """Return a question for one path, named after it."""
    return Question(
        name=path.rpartition("/")[2], transport="http", verb=Verb.FETCH, objects=(path,),
        call=HttpCall(parameters={}, **call), reader="json", tags=frozenset({"identify"}), ttl_s=60,
    )  # fmt: skip


def service(*questions: Question, auth: str = "header") -> Platform:
    """Return a service of the gateway's dialect that is asked these questions."""
    dialect = HttpDialect(auth=auth, header="X-Ignition-API-Token" if auth == "header" else None)
    return Platform(
        name="gateway", title="", vendor=None, recognition=Recognition(), questions=questions, http=dialect
    )  # fmt: skip


@pytest.fixture
def waited() -> list[float]:
    return []


@pytest.fixture
def talk(ignition: Any, parts: Any, waited: list[float], ignition_double: ModuleType) -> Callable[..., Any]:
    """Return a function that opens a session with the double."""

    @contextmanager
    def opened(*questions: Question, access: HttpAccess | None = None, **options: Any) -> Iterator[HttpSession]:
        with open_http(
            access or HttpAccess(url=ignition.url, token=Secret(ignition_double.TOKEN)),
            options.pop("platform", None) or service(*questions),
            asset=AssetId("scada"),
            gate=parts.gate,
            clock=Clock(),
            wait=waited.append,
            **{"cursors": {}, "timeout_s": 0.5, **options},
        ) as session:
            yield session

    return opened


def answer(status: int, body: bytes = b"{}", kind: str = "application/json", **headers: str) -> Callable[[Any], None]:
    return lambda handler: handler.say(status, body, kind, **headers)


def cut(handler: Any) -> None:
    """Promise more than comes, and hang up."""
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", "5000")
    handler.end_headers()
    handler.wfile.write(b'{"name": "pre')
    handler.close_connection = True


def slow(handler: Any) -> None:
    """Begin, and then say nothing for longer than anybody waits."""
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", "5000")
    handler.end_headers()
    handler.wfile.write(b'{"name": "pre')
    handler.wfile.flush()
    handler.connection.settimeout(5)
    handler.connection.recv(1)  # until the other side has had enough


def endless(handler: Any) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.end_headers()
    handler.close_connection = True
    while True:
        handler.wfile.write(b'{"name": "' + b"x" * 65536)


BOMB = gzip.compress(b" " * 4 * 1024 * 1024)
"""4 MiB of nothing in 4 KiB."""


def bomb(handler: Any) -> None:
    handler.say(200, BOMB, Content_Encoding="gzip")


FAULTS: dict[str, tuple[Callable[[Any], None], type[TransportError], str, int]] = {
    "401": (answer(401), AuthenticationError, "the credential is not accepted (401)", 1),
    "500 twice": (answer(500), FailedError, "the service failed: 500 Internal Server Error", 2),
    "503 later": (answer(503, Retry_After="3600"), FailedError, "503 Service Unavailable", 1),
    "cut": (cut, UnreachableError, "the connection broke off", 2),
    "bad JSON": (answer(200, b'{"name": '), FailedError, "the answer is not JSON", 1),
    "a page for people": (answer(200, b"<html>", "text/html"), FailedError, "json, found text/html", 1),
    "an archive": (answer(200, b"PK\x03\x04", "application/zip"), FailedError, "it was not kept", 1),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_service_in_trouble_at_the_first_question_is_not_asked_more(fault: str, talk: Any, ignition: Any) -> None:
    misbehave, kind, words, tries = FAULTS[fault]
    ignition.faults[INFO] = misbehave
    with pytest.raises(kind) as raised, talk(asked(INFO), asked(MODULES)):
        pass
    assert words in str(raised.value)
    assert type(raised.value) is kind
    assert [path for _, path in ignition.requests] == [INFO] * tries


@pytest.mark.parametrize(
    ("misbehave", "words"),
    [
        (answer(403), "403 Forbidden"),
        (answer(404), "404 Not Found"),
        (answer(302, b"", Location="https://elsewhere.example/welcome?token=1"), "it points to 'https://elsewhere.example/welcome'"),
        (answer(307, b"", Location="/data/api/v1/other"), "redirects are not followed"),
    ],
)  # fmt: skip
def test_a_path_that_is_refused_costs_only_its_own_question(
    misbehave: Callable[[Any], None], words: str, talk: Any, ignition: Any
) -> None:
    ignition.faults[INFO] = misbehave
    with talk(asked(INFO), asked(MODULES)) as session:
        with pytest.raises(RefusedError, match=words):
            session.ask(asked(INFO))
        assert session.ask(asked(MODULES)).complete
    assert [path for _, path in ignition.requests] == [INFO, MODULES], "nothing is asked twice, nothing is followed"


@pytest.mark.parametrize(
    ("misbehave", "reason"),
    [(slow, "nothing came for 0.5 s"), (endless, "more than 100000 bytes"), (bomb, "more than 100000 bytes")],
)
def test_a_body_that_is_slow_or_endless_or_a_bomb_is_cut_off(
    misbehave: Callable[[Any], None], reason: str, talk: Any, ignition: Any, parts: Any
) -> None:
    ignition.faults[INFO] = misbehave
    with talk(asked(INFO), asked(MODULES), read_limit=100_000) as session:
        found = session.ask(asked(INFO))
        assert session.ask(asked(MODULES)).complete, "the rest of the service is still asked"
    assert (found.complete, found.reason) == (False, reason)
    assert len(found.data) <= 100_000
    assert parts.gate.ended[0][2] == reason


def test_nobody_there_is_unreachable_after_one_retry(talk: Any, ignition: Any, parts: Any) -> None:
    with (
        pytest.raises(UnreachableError, match="no connection"),
        talk(asked(INFO), access=HttpAccess(url="http://127.0.0.1:9")),
    ):
        pass
    assert [error for _, _, error in parts.gate.ended] == ["no answer", "no answer"]


def test_a_wish_to_be_asked_later_is_kept_within_bounds(talk: Any, ignition: Any, waited: list[float]) -> None:
    replies = iter([answer(429, Retry_After=str(MAX_RETRY_AFTER_S)), answer(200, b'{"name": "x"}')])
    ignition.faults[INFO] = lambda handler: next(replies)(handler)
    with talk(asked(INFO)) as session:
        assert session.ask(asked(INFO)).data == b'{"name": "x"}'
    assert waited == [MAX_RETRY_AFTER_S]


def test_one_failure_is_no_failure(talk: Any, ignition: Any) -> None:
    replies = iter([answer(500), answer(200, b'{"name": "x"}')])
    ignition.faults[INFO] = lambda handler: next(replies)(handler)
    with talk(asked(INFO)) as session:
        assert session.ask(asked(INFO)).complete


def test_a_certificate_nobody_vouches_for_is_refused_and_one_that_is_named_is_not(
    tmp_path: Path, talk: Any, ignition_double: ModuleType, certificate: Callable[..., Path]
) -> None:
    mine, other = certificate("127.0.0.1"), certificate("192.0.2.1")
    for file, ca, works in ((mine, mine, True), (mine, None, False), (mine, other, False), (other, other, False)):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        with ignition_double.serving(ignition_double.a_gateway(), context) as gateway:
            access = HttpAccess(
                url=gateway.url, token=Secret(ignition_double.TOKEN), ca_file=str(ca) if ca else None
            )  # fmt: skip
            if works:
                with talk(asked(INFO), access=access) as session:
                    assert session.ask(asked(INFO)).complete
            else:
                with (
                    pytest.raises(CertificateError, match="its certificate is not trusted"),
                    talk(asked(INFO), access=access),
                ):
                    pass
                assert gateway.requests == [], "and nothing was sent"


def test_pages_are_kept_as_they_came_and_in_order(talk: Any, ignition: Any) -> None:
    with talk(asked(MODULES, paging=OFFSET)) as session:
        found = session.ask(asked(MODULES, paging=OFFSET))
    assert [path for _, path in ignition.requests] == [f"{MODULES}?limit=2&offset=0", f"{MODULES}?limit=2&offset=2"]
    pages = [json.loads(line) for line in found.data.split(b"\n")]
    assert [one["id"] for page in pages for one in page["items"]] == [one["id"] for one in ignition.modules]
    whole = json.dumps(ignition.listed(ignition.modules, {"limit": ["2"], "offset": ["0"]})).encode()
    assert found.data.startswith(whole + b"\n"), "byte for byte"


def test_a_service_that_gives_less_than_a_page_is_asked_on_where_it_says_how_much_there_is(
    talk: Any, ignition: Any
) -> None:
    ignition.faults[MODULES] = lambda handler: handler.say(200, json.dumps(_one_at_a_time(handler.path)).encode())
    paging = Paging(
        style="offset", size=2, size_parameter="limit", place_parameter="offset", rows="items", total="total"
    )
    with talk(asked(MODULES, paging=paging)) as session:
        found = session.ask(asked(MODULES, paging=paging))
    assert [json.loads(page)["items"] for page in found.data.split(b"\n")] == [[0], [1], [2]]


def _one_at_a_time(path: str) -> dict[str, Any]:
    offset = int(path.rpartition("offset=")[2])
    return {"items": [offset], "total": 3}


@pytest.mark.parametrize(
    ("style", "page", "reason"),
    [
        ("offset", {"items": [1, 2]}, "page 2: the same as the one before"),
        ("number", {"items": [1, 2]}, "page 2: the same as the one before"),
        ("token", {"items": [1], "next": "again"}, "page 2: the same as the one before"),
    ],
)
def test_pages_that_go_round_in_circles_are_left(
    style: str, page: dict[str, Any], reason: str, talk: Any, ignition: Any
) -> None:
    ignition.faults[MODULES] = answer(200, json.dumps(page).encode())
    paging = Paging(
        style=style, size=2, size_parameter="n", place_parameter="p", rows="items",
        token="next" if style == "token" else None,
    )  # fmt: skip
    with talk(asked(MODULES, paging=paging)) as session:
        found = session.ask(asked(MODULES, paging=paging))
    assert (found.complete, found.reason) == (False, reason)
    assert len(ignition.requests) == 2


def test_pages_have_an_end_and_the_answer_says_so(talk: Any, ignition: Any) -> None:
    numbers = iter(range(100))
    ignition.faults[MODULES] = lambda handler: handler.say(200, json.dumps({"items": [next(numbers), 0]}).encode())
    paging = Paging(style="number", size=2, size_parameter="n", place_parameter="p", rows="items", first=1, max_pages=3)
    with talk(asked(MODULES, paging=paging)) as session:
        found = session.ask(asked(MODULES, paging=paging))
    assert (found.complete, found.reason) == (False, "more than 3 pages")
    assert [path.rpartition("&")[2] for _, path in ignition.requests] == ["p=1", "p=2", "p=3"]


def test_a_page_that_fails_leaves_those_before_it(talk: Any, ignition: Any) -> None:
    replies = iter([answer(200, b'{"items": [1, 2]}'), answer(500), answer(500)])
    ignition.faults[MODULES] = lambda handler: next(replies)(handler)
    with talk(asked(MODULES, paging=OFFSET)) as session:
        found = session.ask(asked(MODULES, paging=OFFSET))
    assert found.data == b'{"items": [1, 2]}'
    assert found.reason is not None
    assert "page 2: scada" in found.reason


def test_a_window_begins_at_the_cursor_and_moves_only_with_a_whole_answer(talk: Any, ignition: Any) -> None:
    path = "/data/api/v1/audit/log/Audit"
    ignition.profiles = {"Audit": []}
    question = asked(path, window=WINDOW)
    now = datetime.now(UTC)
    with talk(question) as session:
        first = session.ask(question)
    assert first.cursor is not None
    start, end = _times(ignition.requests[-1][1])
    assert end - start == timedelta(hours=1)
    assert abs(end - now) < timedelta(seconds=5)

    cursor = (now - timedelta(minutes=20)).replace(microsecond=0)
    with talk(question, cursors={"Audit": f"{cursor:%Y-%m-%dT%H:%M:%SZ}"}) as session:
        session.ask(question)
    assert _times(ignition.requests[-1][1])[0] == cursor - timedelta(seconds=60)

    ignition.faults[path] = slow
    with talk(question) as session:
        assert session.ask(question).cursor is None


def _times(path: str) -> tuple[datetime, datetime]:
    given = dict(part.split("=") for part in path.partition("?")[2].split("&"))
    start, end = (datetime.fromtimestamp(int(given[name]) / 1000, UTC) for name in ("startTime", "endTime"))
    return start, end


def test_values_of_another_answer_cannot_lead_to_another_path(talk: Any, ignition: Any) -> None:
    names = "/data/api/v1/resources/names/ignition/audit-profile"
    ignition.faults[names] = answer(200, json.dumps({"items": ["../../restart?x=1#"]}).encode())
    log = asked("/data/api/v1/audit/log/{each}", for_each="audit-profile", rows="items")
    platform = service(asked(names), log)
    with talk(platform=platform) as session, pytest.raises(RefusedError, match="404"):
        session.ask(log)
    assert ignition.requests[-1][1] == "/data/api/v1/audit/log/..%2F..%2Frestart%3Fx%3D1%23"
    ignition.faults[names] = answer(200, json.dumps({"items": [".."]}).encode())
    with talk(platform=platform) as session:
        found = session.ask(log)
    assert (found.data, found.reason) == (b"", "audit-profile: '..' cannot stand in a path")


def test_one_value_that_is_refused_does_not_cost_the_others_their_answers(talk: Any, ignition: Any) -> None:
    ignition.profiles = {"A": [], "B": [], "C": []}
    ignition.faults["/data/api/v1/audit/log/B"] = answer(403)
    names = "/data/api/v1/resources/names/ignition/audit-profile"
    log = asked("/data/api/v1/audit/log/{each}", for_each="audit-profile", rows="items[].name", window=WINDOW)
    with talk(platform=service(asked(names), log)) as session:
        found = session.ask(log)
    assert [json.loads(page)["items"] for page in found.data.split(b"\n")] == [[], []]
    assert (found.complete, found.cursor) == (False, None)
    assert found.reason is not None
    assert "403 Forbidden" in found.reason


@pytest.mark.parametrize(
    ("path", "method"),
    [("/data/api/v1/modules/healthy", "POST"), ("/data/api/v1/modules/healthy", "DELETE"),
     ("/data/api/v1/restart-tasks/restart", "GET"), ("/a/../b", "GET"), ("//elsewhere.example/x", "GET"),
     ("/x?y=1", "GET"), ("/x%2e%2e", "GET")],
)  # fmt: skip
def test_what_does_more_than_read_is_not_sent_though_it_is_listed(
    path: str, method: str, talk: Any, ignition: Any
) -> None:
    question = asked(path, method=method)
    with talk(asked(INFO), question) as session, pytest.raises(NotReadOnlyError):
        session.ask(question)
    with talk(asked(INFO)) as session, pytest.raises(NotReadOnlyError, match="not on the read-only list"):
        session.ask(asked(MODULES))
    assert {path for _, path in ignition.requests} == {INFO}


def test_a_credential_is_sent_as_the_service_wants_it_and_never_in_clear_across_a_network(
    talk: Any, ignition: Any
) -> None:
    seen: list[str | None] = []
    ignition.faults[INFO] = lambda handler: (
        seen.append(handler.headers.get("Authorization")), handler.say(200, b"{}")
    )  # fmt: skip
    token = HttpAccess(url=ignition.url, token=Secret("t0ken"))
    pair = HttpAccess(url=ignition.url, user="ann", password=Secret("pass"))
    for auth, access in (("bearer", token), ("basic", pair), ("none", HttpAccess(url=ignition.url))):
        with talk(platform=service(asked(INFO), auth=auth), access=access):
            pass
    assert seen == ["Bearer t0ken", "Basic YW5uOnBhc3M=", None]
    for auth, access in (("basic", token), ("bearer", pair), ("none", token)):
        with pytest.raises(RefusedError), talk(platform=service(asked(INFO), auth=auth), access=access):
            pass
    with (
        pytest.raises(RefusedError, match="is not encrypted, so the credential was not sent"),
        talk(asked(INFO), access=HttpAccess(url="http://192.0.2.1:8088", token=Secret("t0ken"))),
    ):
        pass
    assert len(seen) == 3


def test_the_shipped_service_file_asks_what_it_says(talk: Any, ignition: Any, parts: Any) -> None:
    platform = load_platforms().named("ignition")
    assert platform is not None
    questions = [one for one in platform.questions if one.transport == "http"]
    with talk(platform=platform) as session:
        answers = {one.name: session.ask(one) for one in questions}
    assert all(one.complete for one in answers.values())
    assert {method for method, _ in ignition.requests} == {"GET", "HEAD"}
    assert [f"fetch {method} {path}" for method, path in ignition.requests] == parts.gate.said
    backup = answers["backup"].data
    assert isinstance(backup, bytes)
    assert b"PK" not in backup, "what is in a backup is never fetched"
