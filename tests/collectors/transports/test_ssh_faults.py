"""Command lines that misbehave: a clear outcome each, in bounded time."""

import socket
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from collectors.credentials import Secret
from collectors.inventory.host import SshAccess
from collectors.simulate.ssh import SimulatedCli
from collectors.transports.hostkeys import HostKeys
from collectors.transports.interface import AuthenticationError, UnreachableError
from collectors.transports.ssh import open_cli
from collectors.transports.ssh_again import lasting

Simulate = Callable[..., SimulatedCli]
TEXT = "\n".join(f"line {n}" for n in range(200)) + "\nend\n"
COMMANDS = {"show version": "Version 15.2", "show running-config": TEXT}


def visit(access: SshAccess, session: Any, **opening: Any) -> None:
    """Open a session and close it again."""
    with open_cli(access, session, **opening):
        pass


def opening(server: SimulatedCli, parts: Any, **changes: Any) -> dict[str, Any]:
    trusted = HostKeys(known_hosts=[server.known_hosts])
    known = {"host_keys": trusted, "timeout_s": 1.5, **changes}
    opened: dict[str, Any] = parts.opening("terminal length 0", *COMMANDS, **known)
    return opened


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("hang", "no prompt within 1.5 s"),
        ("reset", "the connection broke off"),
        ("endless", "it did not stop sending"),
    ],
)
def test_an_answer_that_does_not_end_is_kept_as_partial_and_nothing_more_is_asked(
    simulate: Simulate, parts: Any, fault: str, reason: str
) -> None:
    server = simulate(commands=COMMANDS, fault=fault)
    with open_cli(
        parts.access(server), parts.session("terminal length 0"), **opening(server, parts, read_limit=200_000)
    ) as session:
        answer = session.ask(parts.question("show running-config", complete="^end$"))
        with pytest.raises(UnreachableError, match="not asked 'show version': 'show running-config' did not end"):
            session.ask(parts.question("show version"))
    assert (answer.complete, answer.reason) == (False, reason)
    assert answer.data.startswith(b"line 0\nline 1\n")
    assert len(answer.data) <= 200_000
    assert server.record.commands() == ["terminal length 0", "show running-config"]
    assert parts.gate.ended[-1][2] == reason


def test_a_device_that_falls_silent_at_once_is_unreachable(simulate: Simulate, parts: Any) -> None:
    server = simulate(commands=COMMANDS, fault="silent")
    with (
        open_cli(parts.access(server), parts.session(), **opening(server, parts)) as session,
        pytest.raises(UnreachableError, match=r"sw-01: 'show version': no prompt within 1\.5 s"),
    ):
        session.ask(parts.question("show version"))


def test_a_set_up_command_that_does_not_end_ends_the_visit(simulate: Simulate, parts: Any) -> None:
    server = simulate(commands=COMMANDS, fault="hang", paging_off="never")
    with pytest.raises(UnreachableError, match="'terminal length 0' at log-in: no prompt"):
        visit(parts.access(server), parts.session("terminal length 0"), **opening(server, parts))


def test_a_slow_device_is_waited_for(simulate: Simulate, parts: Any) -> None:
    server = simulate(commands=COMMANDS, fault="slow")
    with open_cli(parts.access(server), parts.session(), **opening(server, parts)) as session:
        assert session.ask(parts.question("show version")).data == b"Version 15.2\n"


def test_a_device_that_trickles_without_end_is_left_in_bounded_time(simulate: Simulate, parts: Any) -> None:
    server = simulate(commands=COMMANDS, fault="trickle")
    hurried = opening(server, parts)
    with open_cli(parts.access(server), parts.session(), **hurried) as session:
        session._screen._clock = _Hurried()
        answer = session.ask(parts.question("show running-config"))
    assert (answer.complete, answer.reason) == (False, "did not end within 300 s")


class _Hurried:
    """A clock on which every look takes a minute."""

    def __init__(self) -> None:
        self._now = 0.0

    def monotonic(self) -> float:
        self._now += 60
        return self._now


def test_a_banner_of_a_megabyte_is_read_past(simulate: Simulate, parts: Any) -> None:
    server = simulate(commands=COMMANDS, fault="big-banner")
    with open_cli(parts.access(server), parts.session(), **opening(server, parts)) as session:
        assert session.ask(parts.question("show running-config")).data == TEXT.encode()


def test_a_banner_without_end_is_not_read_without_end(simulate: Simulate, parts: Any) -> None:
    server = simulate(commands=COMMANDS, fault="big-banner")
    with pytest.raises(UnreachableError, match="no prompt"):
        visit(parts.access(server), parts.session(), **opening(server, parts, read_limit=100_000))


def test_enters_typed_while_a_device_was_slow_do_not_shift_its_answers(simulate: Simulate, parts: Any) -> None:
    server = simulate(commands=COMMANDS, fault="late")
    waiting = opening(server, parts, timeout_s=10.0)
    with open_cli(parts.access(server), parts.session("terminal length 0"), **waiting) as session:
        assert session.ask(parts.question("show version")).data == b"Version 15.2\n"
        assert session.ask(parts.question("show running-config")).data == TEXT.encode()
    assert len([line for _, line in server.record.lines if not line]) > 1


def test_half_a_banner_that_reads_like_a_prompt_is_not_taken_for_it(simulate: Simulate, parts: Any) -> None:
    server = simulate(commands=COMMANDS, fault="split-banner")
    with open_cli(parts.access(server), parts.session("terminal length 0"), **opening(server, parts)) as session:
        assert session.ask(parts.question("show version")).data == b"Version 15.2\n"
        assert session.ask(parts.question("show running-config")).data == TEXT.encode()


def test_a_device_that_does_not_answer_enable_is_unreachable_and_no_credential_is_blamed(
    simulate: Simulate, parts: Any
) -> None:
    server = simulate(commands=COMMANDS, enable="En4ble-Secret", fault="silent-at-enable")
    access = parts.access(server, enable=Secret("En4ble-Secret"))
    with pytest.raises(UnreachableError, match="no answer to 'enable'"):
        visit(access, parts.session(), **opening(server, parts))


def test_a_connection_that_is_gone_between_two_questions_is_unreachable(simulate: Simulate, parts: Any) -> None:
    server = simulate(commands=COMMANDS)
    with open_cli(parts.access(server), parts.session(), **opening(server, parts)) as session:
        session.ask(parts.question("show version"))
        session._channel._channel.close()
        with pytest.raises(UnreachableError, match="'show running-config': the connection broke off"):
            session.ask(parts.question("show running-config"))


def test_a_port_that_does_not_answer_is_tried_twice(parts: Any) -> None:
    with socket.socket() as listener, socket.socket() as first, socket.socket() as second:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for visitor in (first, second):  # fill the queue: the kernel then leaves a third visitor without an answer
            visitor.setblocking(False)
            visitor.connect_ex(listener.getsockname())
        access = SshAccess(address="127.0.0.1", port=listener.getsockname()[1], user="x", password=Secret("x"))
        with pytest.raises(UnreachableError, match="no answer within 1 s"):
            visit(access, parts.session(), **parts.opening("show version", timeout_s=1.0))
    assert len(parts.gate.actions) == 2


def test_a_device_that_hangs_before_ssh_is_tried_twice(simulate: Simulate, parts: Any) -> None:
    server = simulate(commands=COMMANDS, fault="hang-at-connect")
    with pytest.raises(UnreachableError, match=r"no SSH answer within 1\.5 s"):
        visit(parts.access(server), parts.session(), **opening(server, parts))
    assert server.record.connections == 2
    assert [error for _, _, error in parts.gate.ended] == ["TimedOut", "TimedOut"]


def test_a_device_that_hangs_at_the_password_is_tried_once(simulate: Simulate, parts: Any) -> None:
    server = simulate(commands=COMMANDS, fault="hang-at-login")
    with pytest.raises(UnreachableError, match="no answer to the login"):
        visit(parts.access(server), parts.session(), **opening(server, parts))
    assert server.record.connections == 1


@pytest.mark.parametrize("fault", ["hang-at-channel", "hang-at-shell"])
@pytest.mark.parametrize("late_s", [0.0, 0.5])
def test_a_device_that_hangs_behind_the_login_is_left_in_bounded_time(
    simulate: Simulate, parts: Any, monkeypatch: pytest.MonkeyPatch, fault: str, late_s: float
) -> None:
    class Late(threading.Timer):
        """A timer on a machine that has much else to do."""

        def __init__(self, interval: float, function: Any) -> None:
            super().__init__(interval + late_s, function)

    server = simulate(commands=COMMANDS, fault=fault)
    monkeypatch.setattr(threading, "Timer", Late)
    with pytest.raises(UnreachableError, match=r"no session within 1\.5 s of the login"):
        visit(parts.access(server), parts.session(), **opening(server, parts))


@pytest.mark.parametrize(
    "greeting",
    [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"SSH-2.0-x\r\n", b"\0" * 100_000],
)
def test_what_is_no_ssh_server_is_unreachable(parts: Any, greeting: bytes) -> None:
    listener = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        visitor, _ = listener.accept()
        with visitor:
            visitor.sendall(greeting)

    thread = threading.Thread(target=answer)
    thread.start()
    access = SshAccess(address="127.0.0.1", port=listener.getsockname()[1], user="x", password=Secret("x"))
    with pytest.raises(UnreachableError, match="sw-01: "):
        visit(access, parts.session(), **parts.opening("show version", timeout_s=3.0))
    thread.join()
    listener.close()


def test_no_message_holds_a_secret(simulate: Simulate, parts: Any) -> None:
    secret = Secret("hunter2-Pa55")
    server = simulate(commands=COMMANDS, enable="other")
    for access in (parts.access(server, password=secret), parts.access(server, enable=secret)):
        with pytest.raises(AuthenticationError) as raised:
            visit(access, parts.session(), **opening(server, parts))
        chain: BaseException | None = raised.value
        while chain is not None:
            assert "hunter2" not in f"{chain!r}"
            chain = chain.__cause__ or chain.__context__
    assert not any("hunter2" in f"{action!r}" for action in parts.gate.actions)


def test_paramiko_says_nothing_on_stderr(simulate: Simulate, parts: Any, capfd: pytest.CaptureFixture[str]) -> None:
    server = simulate(commands=COMMANDS, fault="reset")
    with open_cli(parts.access(server), parts.session(), **opening(server, parts)) as session:
        session.ask(parts.question("show running-config"))
    assert capfd.readouterr() == ("", "")


def test_a_prompt_that_counts_is_known_by_what_stays(simulate: Simulate, parts: Any) -> None:
    server = simulate(commands=COMMANDS, fault="counting")
    with open_cli(parts.access(server), parts.session("terminal length 0"), **opening(server, parts)) as session:
        for _ in range(2):
            assert session.ask(parts.question("show version")).data == b"Version 15.2\n"
            assert session.ask(parts.question("show running-config", complete="^end$")).data == TEXT.encode()


def test_a_host_that_is_renamed_in_the_middle_is_read_on_after_one_silence(simulate: Simulate, parts: Any) -> None:
    server = simulate(commands=COMMANDS, fault="renamed")
    with open_cli(
        parts.access(server), parts.session("terminal length 0"), **opening(server, parts, timeout_s=0.6)
    ) as session:
        first = session.ask(parts.question("show version"))
        second = session.ask(parts.question("show running-config", complete="^end$"))
    assert (first.data, first.complete, second.data, second.complete) == (b"Version 15.2\n", True, TEXT.encode(), True)


def test_text_that_only_reads_like_a_prompt_is_no_end(simulate: Simulate, parts: Any) -> None:
    half = "line 1\nother-switch#" + "x" * 19
    server = simulate(commands={**COMMANDS, "show running-config": half}, fault="hang")
    with open_cli(parts.access(server), parts.session(), **opening(server, parts, timeout_s=0.6)) as session:
        assert not session.ask(parts.question("show running-config")).complete


def test_a_device_that_pauses_is_waited_for_as_long_as_its_asset_says(simulate: Simulate, parts: Any) -> None:
    server = simulate(commands=COMMANDS, fault="pause")
    hurried = opening(server, parts, timeout_s=0.4)
    with (
        open_cli(parts.access(server), parts.session(), **hurried) as session,
        pytest.raises(UnreachableError, match=r"no prompt within 0\.4 s"),
    ):
        session.ask(parts.question("show version"))
    with open_cli(parts.access(server, timeout_s=5.0), parts.session(), **hurried) as session:
        assert session.ask(parts.question("show version")).data == b"Version 15.2\n"


@pytest.mark.parametrize("fault", ["drop", "drop-bare"])
def test_a_device_that_ends_the_session_after_each_command_is_logged_in_to_for_each(
    simulate: Simulate, parts: Any, fault: str
) -> None:
    server = simulate(commands=COMMANDS, fault=fault)
    opener = partial(open_cli, parts.access(server), parts.session("terminal length 0"), **opening(server, parts))
    with lasting(opener) as session:
        for _ in range(2):
            answer = session.ask(parts.question("show running-config", complete="^end$"))
            assert (answer.data, answer.complete) == (TEXT.encode(), True)
    assert server.record.logins == [("sw", True)] * 2


def test_a_device_that_ends_the_session_at_log_in_commands_is_read_without_them(simulate: Simulate, parts: Any) -> None:
    server = simulate(commands=COMMANDS, fault="drop", paging_off="never")
    opener = partial(open_cli, parts.access(server), **opening(server, parts))
    for setup in (("show version",), ("show version", "terminal length 0")):
        sessions = [partial(opener, session=parts.session(*lines)) for lines in (setup, ())]
        with lasting(*sessions) as session:
            answer = session.ask(parts.question("show running-config", complete="^end$"))
            assert (answer.data, answer.complete) == (TEXT.encode(), True)
    assert server.record.logins == [("sw", True)] * 4


def test_a_session_that_answered_nothing_is_not_opened_again(simulate: Simulate, parts: Any) -> None:
    server = simulate(commands=COMMANDS, fault="drop")
    opener = partial(open_cli, parts.access(server), parts.session("show version"), **opening(server, parts))
    with lasting(opener) as session, pytest.raises(UnreachableError, match="the connection broke off"):
        session.ask(parts.question("show running-config"))
    assert len(server.record.logins) == 1


def test_what_stands_in_the_place_of_a_prompt_is_told(simulate: Simulate, parts: Any) -> None:
    server = simulate(commands=COMMANDS, prompt="Your password has expired. New password: ")
    with pytest.raises(
        UnreachableError, match=r"no prompt within 1\.5 s of the login: it shows 'Your password has exp"
    ):
        visit(parts.access(server), parts.session(), **opening(server, parts))
    assert not server.record.commands()


def test_a_device_that_says_why_and_hangs_up_is_quoted_at_once(simulate: Simulate, parts: Any) -> None:
    server = simulate(commands=COMMANDS, fault="bye", banner="% Connection refused: no lines available")
    for _ in range(10):
        with pytest.raises(
            UnreachableError, match=r"broke off before any prompt: it shows '% Connection refused: no l"
        ):
            visit(parts.access(server), parts.session(), **opening(server, parts))
    assert not server.record.lines, "not one Enter"
