"""Telnet byte by byte: options are answered and taken out, and a device that does wrong costs a clear reason."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from collectors.credentials import Secret
from collectors.inventory.host import SshAccess
from collectors.transports.interface import AuthenticationError, UnreachableError
from collectors.transports.telnet import MAX_REPLIES, MAX_SUBNEGOTIATION_BYTES, TelnetChannel, open_telnet
from evidence.platforms.platform import Session

IAC, DONT, DO, WONT, WILL, SB, SE = b"\xff", b"\xfe", b"\xfd", b"\xfc", b"\xfb", b"\xfa", b"\xf0"
SESSION = Session(driver="generic")


@pytest.fixture
def wire() -> Iterator[tuple[TelnetChannel, socket.socket]]:
    ours, theirs = socket.socketpair()
    channel = TelnetChannel(ours)
    channel.settimeout(5)
    theirs.settimeout(5)
    yield channel, theirs
    channel.close()
    theirs.close()


@pytest.mark.parametrize("size", [1, 2, 3, 65536])
def test_commands_are_taken_out_however_they_are_cut(wire: Any, size: int) -> None:
    channel, device = wire
    sent = (
        b"a" + IAC + WILL + b"\x01" + b"b" + IAC + IAC + b"c\r\0d" + IAC + SB + b"\x18\x01" + IAC + SE + IAC + b"\xf1e"
    )
    for start in range(0, len(sent), size):
        device.sendall(sent[start : start + size])
    device.shutdown(socket.SHUT_WR)
    text = b""
    while part := channel.recv(65536):
        text += part
    assert text == b"ab\xffc\rde"
    assert device.recv(100) == IAC + DO + b"\x01"


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        (IAC + WILL + b"\x03", IAC + DO + b"\x03"),
        (IAC + WILL + b"\x22", IAC + DONT + b"\x22"),
        (IAC + DO + b"\x03", IAC + WILL + b"\x03"),
        (IAC + DO + b"\x18", IAC + WONT + b"\x18"),
        (IAC + DO + b"\x1f", IAC + WILL + b"\x1f" + IAC + SB + b"\x1f\x01\xff\xff\x03\xe8" + IAC + SE),
        (IAC + DONT + b"\x01" + IAC + WONT + b"\x01", b""),
    ],
)
def test_options_are_refused_but_for_echo_and_our_size(wire: Any, asked: bytes, answered: bytes) -> None:
    channel, device = wire
    device.sendall(asked + b".")
    assert channel.recv(100) == b"."
    channel.close()
    assert device.recv(100) == answered


def test_a_device_that_negotiates_without_end_gets_no_answer_any_more(wire: Any) -> None:
    channel, device = wire
    device.sendall((IAC + DO + b"\x18") * (MAX_REPLIES + 50) + b".")
    assert channel.recv(65536) == b"."
    channel.close()
    answers = b""
    while part := device.recv(65536):
        answers += part
    assert len(answers) == 3 * MAX_REPLIES


def test_a_subnegotiation_without_end_is_skipped_and_ends(wire: Any) -> None:
    channel, device = wire
    device.sendall(IAC + SB + b"\x18" + b"x" * (2 * MAX_SUBNEGOTIATION_BYTES))
    text = channel.recv(65536)
    assert text.strip(b"x") == b""
    assert len(text) <= MAX_SUBNEGOTIATION_BYTES + 3


def test_lines_end_as_the_protocol_wants_and_255_is_doubled(wire: Any) -> None:
    channel, device = wire
    channel.sendall(b"show version\n" + b"\xff\r")
    assert device.recv(100) == b"show version\r\n\xff\xff\r\n"


Act = Callable[[socket.socket], None]


@contextmanager
def device_that(act: Act) -> Iterator[int]:
    """A device on loopback that does `act` to whoever connects, and hangs up."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(5)

    def serve() -> None:
        line, _ = listener.accept()
        line.settimeout(5)
        with line:
            act(line)

    thread = threading.Thread(target=serve)
    thread.start()
    yield int(listener.getsockname()[1])
    thread.join(10)
    listener.close()


def says(*words: bytes) -> Act:
    """Send one text after the other, each once a line came in answer to the one before."""

    def act(line: socket.socket) -> None:
        for number, text in enumerate(words):
            if number:
                heard = b""
                while not heard.endswith(b"\r\n"):
                    heard += line.recv(100)
            line.sendall(text)
        line.settimeout(1)
        with suppress(TimeoutError):
            while line.recv(100):
                pass

    return act


def hangs_up(_line: socket.socket) -> None:
    return


@pytest.mark.parametrize(
    ("act", "error", "words"),
    [
        (hangs_up, UnreachableError, "hung up before it asked for a login: all its lines may be in use"),
        (says(b"\xff\xfb\x01ready"), UnreachableError, "no login prompt within 0.5 s: it shows 'ready'"),
        (says(b"login: ", b"Password: ", b"Login incorrect\r\nlogin: "), AuthenticationError, "'auditor' was refused"),
        (says(b"login: ", b"Password: ", b"% Access denied\r\n> "), AuthenticationError, "'auditor' was refused"),
        (says(b"Password: ", b"Password: "), AuthenticationError, "'auditor' was refused"),
        (says(b"login: ", b"login: "), AuthenticationError, "'auditor' was refused"),
    ],
)
def test_a_login_that_does_not_succeed_is_named_and_not_tried_again(
    parts: Any, act: Act, error: type[Exception], words: str
) -> None:
    with device_that(act) as port:
        access = SshAccess(address="127.0.0.1", port=port, user="auditor", password=Secret("Nob0dy-knows-1"))
        opening = parts.opening(timeout_s=0.5 if error is UnreachableError else 5.0)
        with pytest.raises(error, match=words), open_telnet(access, SESSION, **opening):
            pass
    assert parts.gate.said == [f"login auditor@127.0.0.1:{port}"]


def test_a_device_that_floods_before_its_login_is_left(parts: Any) -> None:
    def floods(line: socket.socket) -> None:
        try:
            for _ in range(64):
                line.sendall(b"#" * 65536 + b"\n")
        except OSError:
            return

    with device_that(floods) as port:
        access = SshAccess(address="127.0.0.1", port=port, user="auditor", password=Secret("Nob0dy-knows-1"))
        with (
            pytest.raises(UnreachableError, match="does not stop sending before a login"),
            open_telnet(access, SESSION, **parts.opening()),
        ):
            pass
