"""The command line of network systems over SSH, read-only by construction (netmiko's drivers behind our own guard)."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from typing import Any, Protocol

import paramiko
from netmiko.base_connection import BaseConnection
from netmiko.channel import Channel
from netmiko.ssh_dispatcher import CLASS_MAPPER

from collectors import guard
from collectors.credentials import Secret
from collectors.inventory.host import SshAccess
from collectors.transports.interface import (
    Action,
    Answer,
    AuthenticationError,
    DeniedError,
    DroppedError,
    RefusedError,
    TransportError,
    UnreachableError,
)
from collectors.transports.ssh_login import BROKEN as LOST
from collectors.transports.ssh_login import Login, open_channel
from collectors.transports.ssh_screen import BROKEN, Screen, Shell, Told
from collectors.transports.ssh_terminal import holds, plain, without_echo, without_last_line
from evidence.harmless import one_line
from evidence.model.ssh import SshLink
from evidence.platforms.platform import Question, Session, Verb

MAX_ANSWER_BYTES = 8 * 1024 * 1024
"""Largest answer kept of one command. A core router's full configuration is 2 to 3 MiB."""

MAX_REFUSAL_BYTES = 4096
"""Longest answer that is looked at for a refusal: `% Invalid input` comes with a line or two, not with a page."""

DENIED = (
    r"(?i)^\W*(?:command )?authori[sz]ation (?:failed|denied)|^\W*(?:error: )?permission denied|\bnot authori[sz]ed\b"
)
"""What systems say to a command the account has no right to, where their platform file does not say."""

MAX_SHOWN = 60
"""Most of a line told that stands where a prompt was looked for, characters."""

WIDTH, HEIGHT = 511, 1000
"""Terminal asked for, columns and lines, so that nothing is wrapped; netmiko's own choice."""

ENABLE = "enable"


class GuardedChannel(Channel):
    """The only way bytes reach the device: every line is on the read-only list, or nothing but Enter or a blank."""

    def __init__(self, channel: Shell, allowed: Collection[str]) -> None:
        self._channel = channel
        self._allowed = allowed

    def write_channel(self, out_data: str) -> None:
        """Send `out_data` if it is a listed line, an Enter or a blank; raise `RefusedError` if not."""
        line = out_data.strip("\r\n")
        if line not in ("", " "):
            guard.permit(line, self._allowed)
        self._channel.sendall(out_data.encode())

    def write_enable(self, enter: str) -> None:
        """Ask for the privileged level, at which the listed commands may be read."""
        self._channel.sendall((ENABLE + enter).encode())

    def write_password(self, secret: Secret, enter: str) -> None:
        """Answer a password prompt."""
        self._channel.sendall((secret.reveal() + enter).encode())

    def read_buffer(self) -> str:
        """Refuse: the screen reads, the driver does not."""
        raise RefusedError("a netmiko driver tried to read by itself")

    def read_channel(self) -> str:
        """Refuse: the screen reads, the driver does not."""
        raise RefusedError("a netmiko driver tried to read by itself")


def _refuse(name: str) -> Any:
    def refused(*_: object, **__: object) -> None:
        raise RefusedError(f"netmiko's {name} is not used: it can change the device")

    return refused


_NOT_USED = (
    "commit",
    "config_mode",
    "check_config_mode",
    "exit_config_mode",
    "send_config_set",
    "send_config_from_file",
    "save_config",
    "enable",
    "exit_enable_mode",
    "check_enable_mode",
    "disable_paging",
    "set_terminal_width",
    "cleanup",
    "is_alive",
    "special_login_handler",
    "send_command",
    "send_command_expect",
    "send_command_timing",
    "send_multiline",
    "send_multiline_timing",
    "run_ttp",
    "session_preparation",
    "_try_session_preparation",
    "establish_connection",
    "telnet_login",
    "serial_login",
    "_open",
    "_autodetect_fs",
    "_enter_shell",
    "_return_cli",
    "disable_pagination",
)
"""What a driver could do by itself. All of it is refused; the lines it would send would be refused, too."""


@cache
def read_only_driver(device_type: str) -> type[BaseConnection]:
    """Return netmiko's class for `device_type` with everything that acts by itself taken out."""
    driver = CLASS_MAPPER.get(device_type)
    if driver is None or not device_type or "_telnet" in device_type or "_serial" in device_type:
        raise TransportError(f"no SSH driver is called {device_type!r}")
    return type(f"ReadOnly{driver.__name__}", (driver,), {name: _refuse(name) for name in _NOT_USED})


class Reached(Protocol):
    """What a session says of the connection it is on."""

    @property
    def host_key(self) -> str | None:
        """`SHA256:…`, `unchecked`, or `None` where there is no SSH."""
        ...

    @property
    def link(self) -> SshLink | None:
        """What SSH agreed, or `None` where there is no SSH."""
        ...


class CliSession:
    """An open command line. Asked one question at a time."""

    def __init__(
        self,
        connection: Reached,
        channel: GuardedChannel,
        screen: Screen,
        session: Session,
        access: SshAccess,
        login: Login,
        enter: str,
        transport: str = "ssh",
    ) -> None:
        self.host_key, self.link = connection.host_key, connection.link
        self._channel, self._screen = channel, screen
        self._asset, self._gate, self._clock = login.asset, login.gate, login.clock
        self._access, self._timeout_s, self._enter = access, access.patience_s(login.timeout_s), enter
        self._transport = transport
        self._denied = session.denied or DENIED
        self._lost: str | None = None
        self._ended = False
        """The device ended the session behind a whole answer."""

    def set_up(self, setup: Collection[str], *, become: bool, enable: Secret | None) -> None:
        """Find the prompt, become privileged where the inventory says so, send the set-up commands."""
        try:
            found = self._screen.find_prompt(lambda: self._channel.write_channel(self._enter), self._timeout_s)
        except LOST as error:
            raise UnreachableError(f"{self._asset}: {BROKEN} before any prompt{self._instead()}") from error
        if not found:
            why = f"no prompt within {self._timeout_s:g} s of the login"
            raise UnreachableError(f"{self._asset}: {why}{self._instead()}")
        if become and not self._screen.prompt.endswith(b"#"):
            self._become_privileged(enable)
        for command in setup:
            told = self._put(command, self._timeout_s)
            if not told.whole:
                raise UnreachableError(f"{self._asset}: {command!r} at log-in: {told.reason}")

    def _instead(self) -> str:
        """Tell what stands where the prompt was to come, if anything does."""
        shown = one_line(plain(self._screen.shown).decode("utf-8", "replace"))[:MAX_SHOWN]
        return f": it shows {shown!r}" if shown else ""

    def ask(self, question: Question) -> Answer:
        """
        Send the question's command and return what came, up to the next prompt.

        Raises `RefusedError` when the command is not listed, or the device does not know it, and `DeniedError` when it
        does not authorise it; what it said is not kept then. Raises `UnreachableError` when an earlier answer did not
        end, so this one cannot be told.
        """
        if question.verb is not Verb.RUN:
            raise RefusedError(f"{self._asset}: a command line is not asked to {question.verb}")
        began = self._clock.monotonic()
        patience_s = self._access.patience_s(question.timeout_s or self._timeout_s)
        told = self._put(question.objects[0], patience_s, question.complete)
        shown = without_echo(plain(told.data), question.objects[0], self._screen.prompt)
        text = without_last_line(shown) if told.whole else shown
        reason = self._judge(question, text, told)
        took_ms = round((self._clock.monotonic() - began) * 1000)
        return Answer(data=text, request=question.request, took_ms=took_ms, complete=reason is None, reason=reason)

    def _judge(self, question: Question, text: bytes, told: Told) -> str | None:
        """Return why the answer is not whole, or `None`; raise `RefusedError` for a refusal."""
        if len(text) <= MAX_REFUSAL_BYTES and holds(self._denied, text):
            what = question.objects[0]
            raise DeniedError(
                f"{self._asset}: the account has no right to run {what!r}: the device did not authorise it"
            )
        if question.refused and len(text) <= MAX_REFUSAL_BYTES and holds(question.refused, text):
            raise RefusedError(f"{self._asset}: the device does not know or allow {question.objects[0]!r}")
        if told.whole and question.complete and not holds(question.complete, text):
            return "the end of the answer was not seen"
        return told.reason

    def _put(self, command: str, timeout_s: float, complete: str | None = None) -> Told:
        """Send one command through the gate and read to the prompt."""
        if self._lost is not None:
            raise UnreachableError(f"{self._asset}: not asked {command!r}: {self._lost}")
        if self._ended:
            raise DroppedError(f"{self._asset}: {command!r}: the connection broke off")
        action = Action(self._asset, self._transport, "run", command)
        self._gate.enter_blocking(action)
        began, told = self._clock.monotonic(), Told(b"", "refused")
        try:
            self._channel.write_channel(command + self._enter)
            told = self._screen.read_answer(
                timeout_s,
                lambda: self._channel.write_channel(" "),
                complete,
                lambda: self._channel.write_channel(self._enter),
            )
            if told.reason == BROKEN and complete and holds(complete, plain(told.data)):
                told, self._ended = Told(told.data.removesuffix(b"\n") + b"\n"), True
        except LOST:
            told = Told(b"", BROKEN)
        finally:
            self._gate.leave(action, took_s=self._clock.monotonic() - began, received=len(told.data), error=told.reason)
        if told.reason == BROKEN and not told.data:
            raise DroppedError(f"{self._asset}: {command!r}: {told.reason}")
        if not told.whole:
            self._lost = f"{command!r} did not end"
            if not told.data:
                raise UnreachableError(f"{self._asset}: {command!r}: {told.reason}")
        return told

    def _become_privileged(self, secret: Secret | None) -> None:
        action = Action(self._asset, self._transport, "run", ENABLE)
        self._gate.enter_blocking(action)
        began, error = self._clock.monotonic(), "refused"
        try:
            self._channel.write_enable(self._enter)
            if not self._screen.raise_privilege(self._timeout_s, lambda: self._answer_enable(secret)):
                what = (
                    "the enable password was refused" if secret else f"{ENABLE!r} did not lead to a privileged prompt"
                )
                raise AuthenticationError(f"{self._asset}: {what}")
            error = ""
        except LOST as trouble:
            raise UnreachableError(f"{self._asset}: no answer to {ENABLE!r}") from trouble
        finally:
            self._gate.leave(action, took_s=self._clock.monotonic() - began, received=0, error=error or None)

    def _answer_enable(self, secret: Secret | None) -> None:
        if secret is None:
            raise AuthenticationError(
                f"{self._asset}: {ENABLE!r} asks for a password, and none is known",
                hint="set ansible_become_password (encrypted with Ansible Vault)",
            )
        self._channel.write_password(secret, self._enter)


def _start_shell(channel: paramiko.Channel) -> None:
    channel.get_pty("vt100", WIDTH, HEIGHT)
    channel.invoke_shell()


@contextmanager
def open_cli(
    access: SshAccess,
    session: Session,
    login: Login,
    *,
    allowed: Collection[str],
    read_limit: int = MAX_ANSWER_BYTES,
) -> Iterator[CliSession]:
    """
    Log in to a network system and yield a session that can be asked.

    `allowed` holds the platform's commands; `session.setup` is sent at log-in and must be in it. How long the device
    may stay silent the asset says, or else `login`.
    """
    driver: Any = read_only_driver(session.driver)(
        host=access.address,
        port=access.port,
        username=access.user or "",
        device_type=session.driver,
        auto_connect=False,
    )
    try:
        driver._modify_connection_params()  # MikroTik: terminal options behind the user name
        connection = login.log_in(replace(access, user=driver.username))
        try:
            shell = open_channel(connection, login.asset, login.timeout_s, _start_shell)
            driver.channel = guarded = GuardedChannel(shell, frozenset(allowed))
            screen = Screen(shell, login.clock, session, read_limit)
            cli = CliSession(connection, guarded, screen, session, access, login, driver.RETURN)
            cli.set_up(session.setup, become=access.become or access.enable is not None, enable=access.enable)
            yield cli
        finally:
            connection.close()
    finally:
        driver.disconnect()
