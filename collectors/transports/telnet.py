"""
Telnet (RFC 854), for devices that know nothing else: whoever listens reads the password and every answer.

Only the wire differs from SSH: the session behind the login, its guard and its screen are those of `ssh`.
"""

import re
import select
import socket
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

import paramiko

from collectors.inventory.host import SshAccess
from collectors.transports.interface import Action, AuthenticationError, TransportError, UnreachableError
from collectors.transports.ssh import HEIGHT, MAX_ANSWER_BYTES, WIDTH, CliSession, GuardedChannel, read_only_driver
from collectors.transports.ssh_login import BROKEN, Login, dial
from collectors.transports.ssh_screen import PASSWORD, Screen
from collectors.transports.ssh_terminal import last_line, plain
from evidence.harmless import one_line
from evidence.platforms.platform import Session

NAME = "telnet"

SE, NOP, SB, WILL, WONT, DO, DONT, IAC = 240, 241, 250, 251, 252, 253, 254, 255
"""Commands (RFC 854)."""

ECHO, SUPPRESS_GO_AHEAD, WINDOW_SIZE = 1, 3, 31
"""Options (RFC 857, 858, 1073)."""

MAX_SUBNEGOTIATION_BYTES = 1024
"""Longest subnegotiation that is skipped; none we let a device begin has more than a few bytes."""

MAX_GREETING_BYTES = 1024 * 1024
"""Most of a banner before a login prompt."""

MAX_REPLIES = 100
"""Most options answered; a device that goes on asking is in a loop (RFC 854, rule of no acknowledgement loops)."""

_USER = re.compile(rb"(?:user ?name|login(?: name)?|user|account)[^\n]{0,40}:\s*$", re.I)
_REFUSAL = re.compile(
    rb"incorrect|denied|invalid|fail(?:ed|ure)|bad (?:password|secret)|too many|wrong (?:password|login)", re.I
)
_PROMPT = re.compile(rb"[^\n]{0,120}[>#$%\]]\s*")


class TelnetChannel:
    """The bytes of a session: options answered and taken out, line ends as the protocol wants them."""

    def __init__(self, sock: "socket.socket | paramiko.Channel") -> None:
        self._sock = sock
        self._command = bytearray()
        """Of a command, what came so far, from its IAC on."""
        self._answers = bytearray()
        """To options, not yet sent."""
        self._after_cr = False
        self._replies = 0

    def settimeout(self, seconds: float) -> None:
        """Set how long `recv` waits."""
        self._sock.settimeout(seconds)

    def recv(self, size: int) -> bytes:
        """Return what the device sent, without telnet's own; nothing at its end. Raises `TimeoutError`."""
        while data := self._sock.recv(size):
            text = self._taken_in(data)
            if self._answers:
                self._sock.sendall(self._answers)
                self._answers.clear()
            if text:
                return text
        return b""

    def recv_ready(self) -> bool:
        """Tell whether more is here already."""
        return bool(select.select([self._sock], [], [], 0)[0])

    def sendall(self, data: bytes) -> None:
        """Send text; a line ends with CR LF (RFC 854), and 255 is doubled."""
        lines = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")
        self._sock.sendall(lines.replace(b"\xff", b"\xff\xff"))

    def close(self) -> None:
        """Close the connection."""
        self._sock.close()

    def _taken_in(self, data: bytes) -> bytes:
        if not self._command and not self._after_cr and IAC not in data and b"\r\0" not in data and data[-1:] != b"\r":
            return data
        text = bytearray()
        for byte in data:
            if self._command:
                text += self._commanded(byte)
            elif byte == IAC:
                self._command.append(byte)
            elif not (self._after_cr and byte == 0):
                text.append(byte)
            self._after_cr = not self._command and byte == ord("\r")
        return bytes(text)

    def _commanded(self, byte: int) -> bytes:
        """Take in one byte of a command; return the text it stands for."""
        command = self._command
        command.append(byte)
        if command[1] == SB:
            if command[-2:] == bytes((IAC, SE)) or len(command) > MAX_SUBNEGOTIATION_BYTES:
                command.clear()
        elif command[1] in (WILL, WONT, DO, DONT):
            if len(command) == 3:
                self._answer(command[1], command[2])
                command.clear()
        else:
            command.clear()
            return b"\xff" if byte == IAC else b""
        return b""

    def _answer(self, verb: int, option: int) -> None:
        """Let it echo and tell it our size; refuse everything else."""
        if verb in (WONT, DONT) or self._replies >= MAX_REPLIES:
            return
        self._replies += 1
        if verb == WILL:
            self._answers += bytes((IAC, DO if option in (ECHO, SUPPRESS_GO_AHEAD) else DONT, option))
        elif option == WINDOW_SIZE:
            size = b"".join(number.to_bytes(2, "big") for number in (WIDTH, HEIGHT)).replace(b"\xff", b"\xff\xff")
            self._answers += bytes((IAC, WILL, WINDOW_SIZE, IAC, SB, WINDOW_SIZE)) + size + bytes((IAC, SE))
        else:
            self._answers += bytes((IAC, WILL if option == SUPPRESS_GO_AHEAD else WONT, option))


class _Line:
    """What a session over telnet can say of its connection: there is no key, and nothing was agreed."""

    host_key = None
    link = None


@contextmanager
def open_telnet(
    access: SshAccess,
    session: Session,
    login: Login,
    *,
    allowed: Collection[str],
    read_limit: int = MAX_ANSWER_BYTES,
) -> Iterator[CliSession]:
    """Log in to a network system over telnet and yield a session that can be asked; the rest is as in `open_cli`."""
    driver: Any = read_only_driver(session.driver)(
        host=access.address, port=access.port, device_type=session.driver, auto_connect=False
    )
    try:
        channel = _logged_in(access, login)
        try:
            driver.channel = guarded = GuardedChannel(channel, frozenset(allowed))
            screen = Screen(channel, login.clock, session, read_limit)
            cli = CliSession(_Line(), guarded, screen, session, access, login, driver.RETURN, transport=NAME)
            cli.set_up(session.setup, become=access.become or access.enable is not None, enable=access.enable)
            yield cli
        finally:
            channel.close()
    finally:
        driver.disconnect()


def _logged_in(access: SshAccess, login: Login) -> TelnetChannel:
    """Connect and log in, through the gate: one try, as everywhere."""
    via = login.through(access)
    where = f"{access.address}:{access.port}"
    action = Action(login.asset, NAME, "login", f"{access.shown_user or '(nobody)'}@{where}")
    login.gate.enter_blocking(action)
    began, failure = login.clock.monotonic(), "interrupted"
    try:
        channel = TelnetChannel(
            dial(access, via, f"{login.asset}: {access.address} port {access.port}", login.timeout_s)
        )
        try:
            _Dialogue(channel, access, login).carry_out()
        except BaseException:
            channel.close()
            raise
        failure = ""
        return channel
    except TransportError as error:
        failure = type(error).__name__.strip("_").removesuffix("Error")
        raise
    finally:
        login.gate.leave(action, took_s=login.clock.monotonic() - began, received=0, error=failure or None)


class _Dialogue:
    """Name and password, each given once and only where it is asked for."""

    def __init__(self, channel: TelnetChannel, access: SshAccess, login: Login) -> None:
        self._channel = channel
        self._access = access
        self._login = login
        self._seen = bytearray()
        self._said = False
        """The password was sent."""

    def carry_out(self) -> None:
        """
        Come to where the device shows a prompt.

        Raises `AuthenticationError` when it asks again, says no or hangs up behind the password, and
        `UnreachableError` when it shows nothing that is asked for here.
        """
        named = False
        while True:
            line = self._next_line()
            if self._said and (_USER.search(line) or PASSWORD.search(line) or _REFUSAL.search(self._seen)):
                raise self._refused()
            if PASSWORD.search(line):
                self._give_password()
            elif _USER.search(line) and not named:
                named = True
                self._send((self._access.user or "").encode())
            elif _USER.search(line):
                raise self._refused()
            elif _PROMPT.fullmatch(line):
                return

    def _give_password(self) -> None:
        password = self._access.password
        if password is None:
            raise AuthenticationError(
                f"{self._login.asset}: nothing to log in with",
                hint="set ansible_password (encrypted with Ansible Vault)",
            )
        self._said = True
        self._send(password.reveal().encode())

    def _refused(self) -> AuthenticationError:
        user = self._access.shown_user
        what = f"the login of {user!r}" if user else "the password"
        return AuthenticationError(f"{self._login.asset}: {what} was refused")

    def _send(self, answer: bytes) -> None:
        self._seen.clear()
        self._channel.sendall(answer + b"\n")

    def _next_line(self) -> bytes:
        """Read until the line the cursor stands on asks for something or is a prompt, and return it."""
        asset, deadline = self._login.asset, self._login.clock.monotonic() + self._login.timeout_s
        while (left := deadline - self._login.clock.monotonic()) > 0:
            self._channel.settimeout(left)
            try:
                chunk = self._channel.recv(65536)
            except TimeoutError:
                break
            except BROKEN as error:
                chunk, why = b"", error
                if not self._said:
                    raise UnreachableError(f"{asset}: the connection broke off during the login") from why
            if not chunk:
                if self._said:
                    raise self._refused()
                raise UnreachableError(f"{asset}: it hung up before it asked for a login: all its lines may be in use")
            self._seen += chunk
            if len(self._seen) > MAX_GREETING_BYTES:
                raise UnreachableError(f"{asset}: it does not stop sending before a login")
            line = last_line(self._seen)
            if not self._channel.recv_ready() and any(one.search(line) for one in (_USER, PASSWORD)):
                return line
            if not self._channel.recv_ready() and _PROMPT.fullmatch(line):
                return line
        shown = one_line(plain(bytes(last_line(self._seen))).decode("utf-8", "replace"))[:60]
        raise UnreachableError(
            f"{asset}: no login prompt within {self._login.timeout_s:g} s" + (f": it shows {shown!r}" if shown else "")
        )
