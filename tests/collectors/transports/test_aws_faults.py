"""A cloud's API on a bad day: a server on loopback that says what each test wishes."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from collectors.transports.aws import AwsSession, open_aws
from collectors.transports.aws_wire import MAX_TRIES
from collectors.transports.interface import (
    AuthenticationError,
    FailedError,
    LeftAloneError,
    RefusedError,
    TransportError,
    UnreachableError,
)

Said = tuple[int, bytes]

IDENTITY = (
    b'<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
    b"<Arn>arn:aws:iam::123456789012:user/audit</Arn><UserId>AIDA</UserId><Account>123456789012</Account>"
    b"</GetCallerIdentityResult></GetCallerIdentityResponse>"
)


def instances(*names: str, token: str | None = None) -> Said:
    page: dict[str, Any] = {"InstanceInformationList": [{"InstanceId": name} for name in names]}
    return 200, json.dumps(page | ({"NextToken": token} if token else {})).encode()


def wrong(status: int, code: str) -> Said:
    return status, json.dumps({"__type": code, "message": "told by the test"}).encode()


@dataclass
class Script:
    """What the server says to SSM, in order; the last goes on for ever."""

    says: list[Said] = field(default_factory=list)
    login: Said = (200, IDENTITY)
    asked: list[str] = field(default_factory=list)
    break_off: bool = False

    def next(self, target: str) -> Said:
        self.asked.append(target)
        if not target:
            return self.login
        return self.says.pop(0) if len(self.says) > 1 else self.says[0]


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
def endpoint(script: Script) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, body = script.next(self.headers.get("X-Amz-Target", ""))
            self.send_response(status)
            kind = "application/x-amz-json-1.1" if "X-Amz-Target" in self.headers else "text/xml"
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body) + (1000 if script.break_off else 0)))
            self.end_headers()
            self.wfile.write(body)
            self.close_connection = script.break_off

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join(10)


@pytest.fixture
def opening(endpoint: str, cloud_parts: Any, parts: Any) -> Any:
    from collectors.credentials import Secret
    from collectors.inventory.host import AwsAccess

    access = AwsAccess(region="eu-central-1", key_id=Secret("AKIA0"), secret_key=Secret("s3cret"), endpoint=endpoint)

    def start(**changes: Any) -> Any:
        about = {
            "asset": "cloud",
            "gate": parts.gate,
            "clock": cloud_parts.clock,
            "wait": lambda _: None,
            "cursors": {},
            "timeout_s": 5.0,
        }
        return open_aws(access, cloud_parts.platform, **{**about, **changes})

    return start


@pytest.fixture
def session(opening: Callable[..., Any]) -> Iterator[AwsSession]:
    with opening() as opened:
        yield opened


@pytest.fixture
def question(cloud_parts: Any) -> Any:
    return cloud_parts.platform.named("instances")


def test_pages_become_lines_without_their_tokens(session: AwsSession, script: Script, question: Any) -> None:
    script.says = [instances("i-1", "i-2", token="a"), instances("i-3", token="b"), instances("i-4")]
    answer = session.ask(question)
    assert answer.complete
    assert answer.data == (
        b'{"InstanceInformationList":[{"InstanceId":"i-1"},{"InstanceId":"i-2"}]}\n'
        b'{"InstanceInformationList":[{"InstanceId":"i-3"}]}\n{"InstanceInformationList":[{"InstanceId":"i-4"}]}\n'
    )
    assert len(script.asked) == 4


def test_what_takes_a_list_is_asked_for_fifty_at_once(
    session: AwsSession, script: Script, question: Any, cloud_parts: Any
) -> None:
    script.says = [instances(*(f"i-{n}" for n in range(120))), (200, b'{"InstancePatchStates": []}')]
    session.ask(question)
    answer = session.ask(cloud_parts.platform.named("patch-states"))
    assert [len(json.loads(line)["_asked"]["InstanceIds"]) for line in answer.data.splitlines()] == [50, 50, 20]


def test_pages_without_end_are_cut(session: AwsSession, script: Script, question: Any) -> None:
    class Endless(list[Said]):
        def __getitem__(self, _: Any) -> Said:
            return instances("i-1", token=f"t{len(script.asked)}")

    script.says = Endless([instances()])
    cut = session.ask(replace(question, call=replace(question.call, max_pages=5)))
    assert (cut.complete, cut.reason, len(cut.data.splitlines())) == (False, "more than 5 pages", 5)
    assert len(script.asked) == 6


def test_the_same_page_token_for_ever_ends(session: AwsSession, script: Script, question: Any) -> None:
    script.says = [instances("i-1", token="again")]
    cut = session.ask(question)
    assert (cut.complete, cut.reason) == (False, "the service gave the same page token twice")


def test_a_page_too_long_is_cut_before_it_is_read(
    opening: Callable[..., Any], script: Script, question: Any, parts: Any
) -> None:
    script.says = [instances("i-1", token="a"), instances("x" * 3_000_000)]
    with opening(read_limit=100_000) as session:
        cut = session.ask(question)
    assert (cut.complete, len(cut.data.splitlines())) == (False, 1)
    assert "more than 100000 bytes" in cut.reason
    assert parts.gate.ended[-1][2] is not None


def test_a_service_that_fails_costs_its_own_question_only(
    session: AwsSession, script: Script, question: Any, parts: Any
) -> None:
    script.says = [wrong(500, "InternalServerError")]
    with pytest.raises(FailedError, match="HTTP 500 InternalServerError"):
        session.ask(question)
    assert [error for _, _, error in parts.gate.ended] == [None] + ["HTTP 500"] * MAX_TRIES
    script.says = [instances("i-1")]
    assert session.ask(question).complete


@pytest.mark.parametrize("said", [wrong(500, "InternalServerError"), wrong(400, "ThrottlingException")])
def test_pages_heard_before_the_trouble_are_kept(
    session: AwsSession, script: Script, question: Any, said: Said
) -> None:
    script.says = [instances("i-1", token="a"), said]
    cut = session.ask(question)
    assert (cut.complete, cut.data.count(b"i-1")) == (False, 1)
    assert "ssm:DescribeInstanceInformation" in (cut.reason or "")


def test_a_credential_that_is_withdrawn_meanwhile_ends_the_visit(
    session: AwsSession, script: Script, question: Any
) -> None:
    script.says = [instances("i-1", token="a"), wrong(400, "ExpiredTokenException")]
    with pytest.raises(AuthenticationError):
        session.ask(question)


def test_between_pages_a_service_is_given_the_time_its_file_says(
    opening: Callable[..., Any], script: Script, question: Any
) -> None:
    waited: list[float] = []
    script.says = [instances("i-1", token="a"), instances("i-2", token="b"), instances("i-3")]
    with opening(wait=waited.append) as session:
        assert session.ask(replace(question, call=replace(question.call, pause_s=0.6))).complete
    assert waited == [0.6, 0.6]


def test_one_failure_is_tried_again(session: AwsSession, script: Script, question: Any) -> None:
    script.says = [wrong(503, "ServiceUnavailable"), instances("i-1")]
    assert session.ask(question).complete


def test_asked_too_fast_means_left_alone(session: AwsSession, script: Script, question: Any, parts: Any) -> None:
    script.says = [wrong(400, "ThrottlingException")]
    with pytest.raises(LeftAloneError, match="too fast"):
        session.ask(question)
    assert [error for _, _, error in parts.gate.ended][1:] == ["HTTP 400, asked too fast"] * MAX_TRIES


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (wrong(400, "UnrecognizedClientException"), AuthenticationError),
        (wrong(400, "ExpiredTokenException"), AuthenticationError),
        (wrong(400, "AccessDeniedException"), RefusedError),
        (wrong(400, "ValidationException"), RefusedError),
        ((404, b"<html>no such page</html>"), RefusedError),
        ((501, b""), RefusedError),
    ],
)
def test_a_no_is_asked_once_and_is_no_distress(
    session: AwsSession, script: Script, question: Any, parts: Any, said: Said, kind: type[TransportError]
) -> None:
    script.says = [said]
    with pytest.raises(kind, match="ssm:DescribeInstanceInformation"):
        session.ask(question)
    if said[0] < 500:
        assert len(script.asked) == 2
        assert parts.gate.ended[-1][2].startswith("refused")


@pytest.mark.parametrize(
    "body",
    [
        b"<html>log in to the hotel's network</html>",
        b'{"InstanceInformationList": [{"InstanceId": "i-1"}',
        b"[]",
        b'"text"',
        b"\xff\xfe",
        b'{"InstanceInformationList": 3}',
        b'{"InstanceInformationList": [{"LastPingDateTime": "soon"}]}',
        b'{"a":' * 100_000,
    ],
)
def test_another_document_than_the_services_is_no_empty_answer(
    session: AwsSession, script: Script, question: Any, body: bytes
) -> None:
    script.says = [(200, body)]
    with pytest.raises(FailedError, match=r"ssm:DescribeInstanceInformation: .*not one of that service"):
        session.ask(question)


@pytest.mark.parametrize("body", [b"{}", b" { } ", b""])
def test_an_empty_document_is_an_answer(session: AwsSession, script: Script, question: Any, body: bytes) -> None:
    script.says = [(200, body)]
    assert session.ask(question).data == b"{}\n"


def test_a_connection_that_breaks_off_is_unreachable(session: AwsSession, script: Script, question: Any) -> None:
    script.says, script.break_off = [instances("i-1")], True
    with pytest.raises((UnreachableError, RefusedError), match="ssm:DescribeInstanceInformation"):
        session.ask(question)


def test_nobody_there_is_unreachable(opening: Callable[..., Any], script: Script) -> None:
    script.login = (503, b"")
    with pytest.raises(UnreachableError, match="sts:GetCallerIdentity"):
        opening().__enter__()


def test_what_the_gate_holds_back_does_not_leave(
    session: AwsSession, script: Script, question: Any, parts: Any
) -> None:
    parts.gate.at_most = 1
    with pytest.raises(LeftAloneError, match="left alone"):
        session.ask(question)
    assert script.asked == [""]


def test_one_no_in_a_series_costs_its_own_answer_only(
    session: AwsSession, script: Script, question: Any, cloud_parts: Any
) -> None:
    script.says = [
        instances(*(f"i-{n}" for n in range(60))),
        wrong(400, "InvalidInstanceId"),
        (200, b'{"InstancePatchStates": [{"InstanceId": "i-59", "MissingCount": 2}]}'),
    ]
    session.ask(question)
    answer = session.ask(cloud_parts.platform.named("patch-states"))
    assert not answer.complete
    assert "InvalidInstanceId" in answer.reason
    assert len(answer.data.splitlines()) == 1


def test_what_is_still_being_made_is_asked_for_again(
    opening: Callable[..., Any], script: Script, question: Any
) -> None:
    waited: list[float] = []
    script.says = [instances(), instances(), instances("i-1")]
    waiting = replace(question, call=replace(question.call, until="length(InstanceInformationList) > `0`"))
    with opening(wait=waited.append) as session:
        assert session.ask(waiting).data.count(b"i-1") == 1
        assert len(waited) == 2
        script.says = [instances()]
        late = session.ask(waiting)
    assert (late.complete, late.data) == (False, b"")
    assert "not ready" in late.reason
