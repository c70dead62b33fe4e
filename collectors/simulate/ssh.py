"""
Simulated network systems and hosts behind a real SSH server: for the demo plant and for tests.

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
from collections.abc import Iterable, Iterator
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
from paramiko.server import InteractiveQuery

from collectors.simulate.ssh_shell import Device, Record, Shell, run_command
from evidence.errors import Error
from evidence.model.ssh import LEGACY

FAULTS = frozenset(
    {
        "",
        "hang-at-connect",
        "hang-at-login",
        "hang-at-channel",
        "hang-at-shell",
        "hang",
        "silent",
        "silent-at-enable",
        "late",
        "split-banner",
        "endless",
        "reset",
        "big-banner",
        "bye",
        "restless-prompt",
        "slow",
        "trickle",
        "pause",
        "drop",
        "drop-bare",
        "counting",
        "renamed",
    }
)
"""How a device may misbehave: while one logs in, or at every command of its transcript."""

MAX_FILE_BYTES = 16 * 1024 * 1024
"""Largest transcript file read: the largest of our recordings has 2 MiB."""


class SimulationError(Error):
    """A transcript is not one, or a device is called by a name that is not there."""


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
        options = transport.get_security_options()
        options.ciphers = [name for name in options.ciphers if name not in LEGACY]
        options.digests = [name for name in options.digests if name not in LEGACY]
        login = _Login(self)
        try:
            transport.start_server(server=login)
            while (channel := transport.accept(30)) is not None and login.device is not None:
                if login.device.host:
                    continue  # each channel is answered when its command comes
                if login.shell.wait(30):
                    Shell(login.device, channel, self.record, self._quit).run()
                break
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
        self._asked: Iterator[str] = iter(())
        self._name = ""

    def get_allowed_auths(self, username: str) -> str:
        device = self._outer.devices.get(username)
        return "keyboard-interactive" if device is not None and device.prompts else "password"

    def check_auth_interactive(self, username: str, _submethods: str) -> int | InteractiveQuery:
        device = self._outer.devices.get(username)
        if device is None or not device.prompts:
            return AUTH_FAILED
        self._asked, self._name = iter(device.prompts), username
        return self._next_prompt()

    def check_auth_interactive_response(self, responses: list[str]) -> int | InteractiveQuery:
        device = self._outer.devices[self._name]
        self._outer.record.answers += [(self._name, answer) for answer in responses]
        if responses and responses != [device.password]:
            return self._end(AUTH_FAILED)
        return self._next_prompt()

    def _next_prompt(self) -> int | InteractiveQuery:
        text = next(self._asked, None)
        if text is None:
            return self._end(AUTH_SUCCESSFUL)
        return InteractiveQuery("", "", *((line, text.endswith("?")) for line in text.split("|") if line))

    def _end(self, result: int) -> int:
        self._outer.record.logins.append((self._name, result == AUTH_SUCCESSFUL))
        self.device = self._outer.devices[self._name] if result == AUTH_SUCCESSFUL else None
        return result

    def check_auth_password(self, username: str, password: str) -> int:
        device = self._outer.devices.get(username.split("+", 1)[0])
        if device is not None and device.prompts:
            return AUTH_FAILED  # a way in that is switched off looks at no password
        accepted = device is not None and password == device.password
        self._outer.record.logins.append((username, accepted))
        if device is not None and device.fault == "hang-at-login":
            self._outer.wait(60)
        self.device = device if accepted else None
        return AUTH_SUCCESSFUL if accepted else AUTH_FAILED

    def check_channel_request(self, kind: str, _chanid: int) -> int:
        if self.device is not None and self.device.fault == "hang-at-channel":
            self._outer.wait(60)
        return OPEN_SUCCEEDED if kind == "session" else OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED

    def check_channel_env_request(self, *_: Any) -> bool:
        return self.device is not None and self.device.host

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        if self.device is None or not self.device.host:
            return False
        arguments = (self.device, channel, self._outer.record, command.decode("utf-8", "replace"))
        threading.Thread(target=run_command, args=arguments, daemon=True).start()
        return True

    def check_channel_pty_request(self, *_: Any) -> bool:
        return True

    def check_channel_shell_request(self, _channel: paramiko.Channel) -> bool:
        if self.device is not None and self.device.fault == "hang-at-shell":
            self._outer.wait(60)
        self.shell.set()
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
