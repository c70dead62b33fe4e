"""What a simulated system says once somebody is in: at a command line, or as a host, one command a channel."""

import contextlib
import shlex
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

import paramiko

BIG_BANNER = b"".join(b"%06d unauthorised use is prohibited and will be prosecuted\r\n" % n for n in range(16400))
"""A little more than 1 MB."""

NOT_FOUND = 127
"""Exit status of a command that is not in the transcript (POSIX.1-2017, XCU 2.8.2)."""

LEAVE_S = 30.0
"""How long a visitor is waited for who does not close what he opened, seconds."""

PAUSE_S = 1.0
"""How long a device that pauses thinks before each answer, seconds."""

_PAGE_LINES = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One simulated network system, or host."""

    name: str
    """Also the login name that chooses it."""
    password: str
    prompt: str = "switch#"
    banner: str = ""
    commands: Mapping[str, str] = field(default_factory=dict)
    unknown: str = "% Invalid input detected at '^' marker."
    host: bool = False
    """It is a host: every command runs in a channel of its own, and there is no command line."""
    pager: str | None = None
    """Text of the pager; `None` where the device does not page."""
    erase: str = "\r        \r"
    """What the device sends to take the pager away."""
    paging_off: str = "terminal length 0"
    enable: str | None = None
    """The enable password, empty where it asks for none; the device then starts at `>`."""
    prompts: tuple[str, ...] = ()
    """Asked by keyboard-interactive instead, one request each; `|` parts its prompts, one that ends in `?` is shown."""
    fault: str = ""
    echo: bool = True


@dataclass(slots=True)
class Record:
    """What a simulated system saw."""

    lines: list[tuple[str, str]] = field(default_factory=list)
    """(device, line as received), Enter alone included as an empty line."""
    keys: list[tuple[str, str]] = field(default_factory=list)
    """(device, key pressed at the pager)"""
    logins: list[tuple[str, bool]] = field(default_factory=list)
    """(login name, accepted)"""
    answers: list[tuple[str, str]] = field(default_factory=list)
    """(login name, answer to a keyboard-interactive prompt)"""
    connections: int = 0

    def commands(self, device: str | None = None) -> list[str]:
        """Return the lines that are not empty."""
        return [line for name, line in self.lines if line and device in (None, name)]


def run_command(device: Device, channel: paramiko.Channel, record: Record, command: str) -> None:
    """Answer one command of a host's transcript and close its channel; a file is what `cat` of its path prints."""
    record.lines.append((device.name, command))
    words = shlex.split(command)
    asked = words[2] if words[:2] == ["cat", "--"] and len(words) == 3 else command
    text = device.commands.get(asked)
    with contextlib.suppress(OSError):
        if text is None:
            channel.sendall_stderr(f"{words[0]}: not found\n".encode())
        else:
            channel.sendall(text.encode())
        channel.send_exit_status(NOT_FOUND if text is None and asked == command else int(text is None))
        channel.shutdown_write()
        channel.settimeout(LEAVE_S)
        channel.recv(1)  # the visitor closes: a close of ours could be there before the word that the command was taken
    channel.close()


class Shell:
    """One login's command line."""

    def __init__(self, device: Device, channel: paramiko.Channel, record: Record, quit_: threading.Event) -> None:
        self._device, self._channel, self._record, self._quit = device, channel, record, quit_
        self._prompt = device.prompt if device.enable is None else device.prompt.replace("#", ">")
        self._paging = device.pager is not None
        self._pages: list[bytes] = []
        self._asking = False
        self._count = 0

    def run(self) -> None:
        """Greet, then answer line after line until the other side goes."""
        if self._device.fault == "big-banner":
            self._channel.sendall(BIG_BANNER)
        elif self._device.fault == "late":
            self._quit.wait(2.5)
        elif self._device.fault == "split-banner":
            self._say("Welcome to plant #")
            self._quit.wait(0.3)
            self._say("7\n")
        self._say(self._device.banner + ("\n" if self._device.banner else ""))
        if self._device.fault == "bye":
            # Once this is answered, the visitor knows that there is a shell: else the end could be there first.
            self._channel.get_transport().global_request("keepalive@openssh.com")
            self._channel.close()
            return
        self._say(self._shown_prompt())
        typed = b""
        while not self._quit.is_set() and (data := self._channel.recv(4096)):
            for byte in data.replace(b"\r\n", b"\n"):
                key = bytes([byte])
                if self._pages:
                    self._turn(key)
                elif key in b"\r\n":
                    line, typed = typed.decode("utf-8", "replace"), b""
                    if not self._line(line):
                        return
                else:
                    typed += key
        self._channel.close()

    def _shown_prompt(self) -> str:
        """Return the prompt as it is now: with a count before it, or of another host than at the login."""
        if self._device.fault == "counting":
            self._count += 1
            return f"{self._count} {self._prompt}"
        return f"standby-{self._prompt}" if self._device.fault == "renamed" and self._count else self._prompt

    def _say(self, text: str) -> None:
        self._channel.sendall(text.replace("\n", "\r\n").encode())

    def _line(self, line: str) -> bool:
        """Answer one line; return whether the session goes on."""
        command = line.strip()
        if self._asking:
            self._asking = False
            right = line == self._device.enable
            self._prompt = self._device.prompt if right else self._prompt
            self._say("\n" + ("" if right else "% Access denied\n") + self._prompt)
            return True
        self._record.lines.append((self._device.name, line))
        echo = command + "\n" if self._device.echo else "\n"
        if not command:
            self._say("\n" + self._shown_prompt())
        elif command == "enable" and self._device.enable is not None:
            self._enable(echo)
        elif command in ("exit", "logout", "quit"):
            return False
        elif command == self._device.paging_off:
            self._paging = False
            self._say(echo + self._shown_prompt())
        else:
            return self._answer(echo, command)
        return True

    def _enable(self, echo: str) -> None:
        self._asking = bool(self._device.enable)
        self._prompt = self._prompt if self._asking else self._device.prompt
        if self._device.fault != "silent-at-enable":
            self._say(echo + ("Password: " if self._asking else self._prompt))

    def _answer(self, echo: str, command: str) -> bool:
        text = self._device.commands.get(command)
        body = self._device.unknown + "\n" if text is None else text + ("" if text.endswith("\n") or not text else "\n")
        if self._device.fault:
            return self._misbehave(echo + body)
        lines = body.splitlines(keepends=True)
        if self._paging and len(lines) > _PAGE_LINES:
            pages = ["".join(lines[n : n + _PAGE_LINES]) for n in range(0, len(lines), _PAGE_LINES)]
            self._pages = [page.replace("\n", "\r\n").encode() for page in pages[1:]]
            self._say(echo + pages[0] + (self._device.pager or ""))
        else:
            self._say(echo + body + self._prompt)
        return True

    def _turn(self, key: bytes) -> None:
        self._record.keys.append((self._device.name, key.decode("ascii", "replace")))
        page, self._pages = self._pages[0], self._pages[1:]
        end = (self._device.pager or "") if self._pages else self._prompt
        self._channel.sendall(self._device.erase.encode() + page + end.encode())

    def _misbehave(self, text: str) -> bool:
        """Answer as the device's fault has it; return whether the session goes on."""
        fault, half = self._device.fault, text[: len(text) // 2]
        if fault in ("counting", "renamed"):
            self._count += 1
            self._say(text + self._shown_prompt())
        elif fault in ("drop", "drop-bare"):
            self._say(text + (self._prompt if fault == "drop" else ""))
            return False
        elif fault == "restless-prompt":
            self._prompt = f"{len(self._record.lines)}-{self._device.prompt}"
            self._say(text + self._prompt)
        elif fault == "pause":
            self._quit.wait(PAUSE_S)
            self._say(text + self._prompt)
        elif fault in ("hang", "silent"):
            self._say(half if fault == "hang" else "")
            self._quit.wait(60)
        elif fault == "endless":
            while not self._quit.is_set():
                self._say(text * 100)
        elif fault == "reset":
            self._say(half)
            with contextlib.suppress(OSError):
                transport = self._channel.get_transport()
                transport.sock.close()
            return False
        elif fault in ("slow", "trickle"):
            for letter in text + self._prompt:
                if self._quit.wait(0.002 if fault == "slow" else 0.3):
                    return False
                self._say(letter)
        else:
            self._say(text + self._prompt)
        return True
