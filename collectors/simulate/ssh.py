"""
A simulated network system behind a real SSH server: for the demo plant and for tests.

A device is a transcript: its prompt, and what it answers to each command. It pages, repaints, asks for the enable
password, and misbehaves on request. Every line it receives is kept, so that a test can look at what really went over
the wire. `python -m collectors.simulate.ssh devices.yaml --port 2222` serves devices by hand; the login name chooses
the device.
"""

import argparse
import contextlib
import logging
import socket
import socketserver
import sys
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import paramiko
import yaml
from paramiko.common import (
    AUTH_FAILED,
    AUTH_SUCCESSFUL,
    OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED,
    OPEN_SUCCEEDED,
)

from evidence.errors import Error

FAULTS = frozenset(
    {
        "",
        "hang-at-connect",
        "hang-at-login",
        "hang-at-shell",
        "hang",
        "silent",
        "silent-at-enable",
        "late",
        "split-banner",
        "endless",
        "reset",
        "big-banner",
        "slow",
        "trickle",
    }
)
"""How a device may misbehave: while one logs in, or at every command of its transcript."""

MAX_FILE_BYTES = 16 * 1024 * 1024
"""Largest transcript file read: the largest of our recordings has 2 MiB."""

BIG_BANNER = b"".join(b"%06d unauthorised use is prohibited and will be prosecuted\r\n" % n for n in range(16400))
"""A little more than 1 MB."""

_PAGE_LINES = 24


class SimulationError(Error):
    """A transcript is not one, or a device is called by a name that is not there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One simulated network system."""

    name: str
    """Also the login name that chooses it."""
    password: str
    prompt: str = "switch#"
    banner: str = ""
    commands: Mapping[str, str] = field(default_factory=dict)
    unknown: str = "% Invalid input detected at '^' marker."
    pager: str | None = None
    """Text of the pager; `None` where the device does not page."""
    erase: str = "\r        \r"
    """What the device sends to take the pager away."""
    paging_off: str = "terminal length 0"
    enable: str | None = None
    """The enable password, empty where it asks for none; the device then starts at `>`."""
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
    connections: int = 0

    def commands(self, device: str | None = None) -> list[str]:
        """Return the lines that are not empty."""
        return [line for name, line in self.lines if line and device in (None, name)]


def read_devices(path: Path) -> tuple[Device, ...]:
    """Read devices from a YAML file: a mapping of names to the fields of `Device`."""
    with path.open("rb") as file:
        text = file.read(MAX_FILE_BYTES + 1)
    if len(text) > MAX_FILE_BYTES:
        raise SimulationError(f"{path}: larger than {MAX_FILE_BYTES} bytes")
    document = yaml.safe_load(text)
    if not isinstance(document, dict):
        raise SimulationError(f"{path}: expected a mapping of device names")
    try:
        return tuple(Device(name=str(name), **fields) for name, fields in document.items())
    except TypeError as error:
        raise SimulationError(f"{path}: {error}") from error


class SimulatedCli:
    """
    A running SSH server with simulated devices, on loopback.

    `start` returns when it listens; `stop` ends it and every session. Also a context manager.
    """

    def __init__(
        self, devices: Iterable[Device], *, host: str = "127.0.0.1", port: int = 0, key: paramiko.PKey | None = None
    ) -> None:
        self.devices = {device.name: device for device in devices}
        wrong = {device.fault for device in self.devices.values()} - FAULTS
        if wrong:
            raise SimulationError(f"no such fault: {', '.join(sorted(wrong))}")
        self.record = Record()
        self.key = key or paramiko.ECDSAKey.generate()
        self._quit = threading.Event()
        self._transports: list[paramiko.Transport] = []
        self._server = _Listener((host, port), self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def host(self) -> str:
        """The address listened on."""
        return str(self._server.server_address[0])

    @property
    def port(self) -> int:
        """The port listened on."""
        return int(self._server.server_address[1])

    @property
    def known_hosts(self) -> str:
        """The line that makes this server known."""
        return f"[{self.host}]:{self.port} {self.key.get_name()} {self.key.get_base64()}\n"

    def start(self) -> "SimulatedCli":
        """Begin to listen."""
        logging.getLogger("paramiko").setLevel(logging.CRITICAL + 1)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Close every session and the port."""
        self._quit.set()
        for transport in self._transports:
            transport.close()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> "SimulatedCli":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def serve(self, connection: socket.socket) -> None:
        """Serve one connection; called in its own thread."""
        self.record.connections += 1
        if any(device.fault == "hang-at-connect" for device in self.devices.values()):
            self._quit.wait(60)
            return
        transport = paramiko.Transport(connection)
        self._transports.append(transport)
        transport.add_server_key(self.key)
        login = _Login(self)
        try:
            transport.start_server(server=login)
            channel = transport.accept(30)
            if channel is not None and login.shell.wait(30) and login.device is not None:
                _Shell(login.device, channel, self.record, self._quit).run()
        except (paramiko.SSHException, EOFError, OSError):
            return  # a visitor that leaves in the middle is what the tests are about
        finally:
            transport.close()

    def wait(self, timeout_s: float) -> bool:
        """Wait for the end; return whether the server is to stop."""
        return self._quit.wait(timeout_s)


class _Listener(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], outer: SimulatedCli) -> None:
        self._outer = outer
        super().__init__(address, _Handler)

    def visited(self, connection: socket.socket) -> None:
        self._outer.serve(connection)


class _Handler(socketserver.BaseRequestHandler):
    server: _Listener

    def handle(self) -> None:
        self.server.visited(self.request)


class _Login(paramiko.ServerInterface):
    def __init__(self, outer: SimulatedCli) -> None:
        self._outer = outer
        self.device: Device | None = None
        self.shell = threading.Event()

    def get_allowed_auths(self, _username: str) -> str:
        return "password"

    def check_auth_password(self, username: str, password: str) -> int:
        device = self._outer.devices.get(username.split("+", 1)[0])
        accepted = device is not None and password == device.password
        self._outer.record.logins.append((username, accepted))
        if device is not None and device.fault == "hang-at-login":
            self._outer.wait(60)
        self.device = device if accepted else None
        return AUTH_SUCCESSFUL if accepted else AUTH_FAILED

    def check_channel_request(self, kind: str, _chanid: int) -> int:
        return OPEN_SUCCEEDED if kind == "session" else OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED

    def check_channel_pty_request(self, *_: Any) -> bool:
        return True

    def check_channel_shell_request(self, _channel: paramiko.Channel) -> bool:
        if self.device is not None and self.device.fault == "hang-at-shell":
            self._outer.wait(60)
        self.shell.set()
        return True


class _Shell:
    """One login's command line."""

    def __init__(self, device: Device, channel: paramiko.Channel, record: Record, quit_: threading.Event) -> None:
        self._device, self._channel, self._record, self._quit = device, channel, record, quit_
        self._prompt = device.prompt if device.enable is None else device.prompt.replace("#", ">")
        self._paging = device.pager is not None
        self._pages: list[bytes] = []
        self._asking = False

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
        self._say(self._device.banner + ("\n" if self._device.banner else "") + self._prompt)
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
            self._say("\n" + self._prompt)
        elif command == "enable" and self._device.enable is not None:
            self._enable(echo)
        elif command in ("exit", "logout", "quit"):
            return False
        elif command == self._device.paging_off:
            self._paging = False
            self._say(echo + self._prompt)
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
        if fault in ("hang", "silent", "silent"):
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


def main(arguments: list[str]) -> int:
    """Serve the devices of a file until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m collectors.simulate.ssh", description=main.__doc__)
    parser.add_argument("devices", type=Path, help="YAML: device name -> prompt, password, commands …")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--known-hosts", type=Path, help="write the line that makes the server known to this file")
    given = parser.parse_args(arguments)
    with SimulatedCli(read_devices(given.devices), host=given.host, port=given.port) as simulated:
        if given.known_hosts:
            given.known_hosts.write_text(simulated.known_hosts, encoding="utf-8")
        sys.stdout.write(f"{simulated.host}:{simulated.port}\n")
        sys.stdout.flush()
        with contextlib.suppress(KeyboardInterrupt):
            while not simulated.wait(3600):
                pass
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
