"""The simulated command line is one: other clients can use it, and it tells the truth about what it saw."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import paramiko
import pytest

from collectors.simulate.ssh import SimulatedCli, SimulationError, read_devices
from collectors.simulate.ssh_shell import Device

Simulate = Callable[..., SimulatedCli]
PASSWORD = "S1mulated-Pa55"


def shell(server: SimulatedCli, password: str = PASSWORD, user: str = "sw") -> tuple[paramiko.SSHClient, object]:
    """Log in with paramiko's own client."""
    client = paramiko.SSHClient()
    client.set_missing_host_key_policy(paramiko.RejectPolicy())
    client.get_host_keys().add(f"[{server.host}]:{server.port}", server.key.get_name(), server.key)
    client.connect(
        server.host, server.port, user, password, look_for_keys=False, allow_agent=False, timeout=10, banner_timeout=10
    )
    channel = client.invoke_shell()
    channel.settimeout(10)
    return client, channel


def test_netmiko_reads_it(simulate: Simulate) -> None:
    from netmiko import ConnectHandler

    server = simulate(commands={"show version": "Version 15.2"}, prompt="core-1#")
    with ConnectHandler(
        device_type="cisco_ios", host=server.host, port=server.port, username="sw", password=PASSWORD
    ) as connection:
        assert connection.send_command("show version") == "Version 15.2"
        assert "Invalid input" in connection.send_command("show nothing")
    assert "show version" in server.record.commands("sw")
    assert server.record.commands("another") == []


def test_logins_are_recorded_with_their_outcome(simulate: Simulate) -> None:
    server = simulate()
    for password, user in (("wrong", "sw"), (PASSWORD, "nobody")):
        with pytest.raises(paramiko.AuthenticationException):
            shell(server, password, user)
    client, _ = shell(server)
    client.close()
    assert server.record.logins == [("sw", False), ("nobody", False), ("sw", True)]
    assert server.record.connections == 3


def test_a_session_ends_at_exit(simulate: Simulate) -> None:
    server = simulate(commands={"show version": "x"})
    client, channel = shell(server)
    channel.sendall(b"show version\r\nexit\n")  # type: ignore[attr-defined]
    said = b""
    while chunk := channel.recv(4096):  # type: ignore[attr-defined]
        said += chunk
    client.close()
    assert said == b"switch#show version\r\nx\r\nswitch#"
    assert server.record.lines == [("sw", "show version"), ("sw", "exit")]


def test_only_a_shell_is_offered(simulate: Simulate) -> None:
    server = simulate()
    client, _ = shell(server)
    transport = client.get_transport()
    assert transport is not None
    with pytest.raises(paramiko.ChannelException):
        transport.open_channel("direct-tcpip", ("127.0.0.1", 1), ("127.0.0.1", 0), timeout=10)
    client.close()


def test_a_fault_that_does_not_exist_is_said() -> None:
    with pytest.raises(SimulationError, match="no such fault: smoke"):
        SimulatedCli([Device(name="a", password="b", fault="smoke")])


def test_devices_are_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "devices.yaml"
    path.write_text("r1:\n  password: x\n  prompt: 'r1>'\n  commands: {show version: Version 1}\n")
    assert read_devices(path) == (
        Device(name="r1", password="x", prompt="r1>", commands={"show version": "Version 1"}),
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [("- a", "expected a mapping"), ("r1: {password: x, pormpt: y}", "pormpt"), ("r1: {}", "password")],
)
def test_a_file_that_holds_no_devices_is_said_to_hold_none(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "devices.yaml"
    path.write_text(text)
    with pytest.raises(SimulationError, match=said):
        read_devices(path)


def test_a_file_has_a_greatest_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "devices.yaml"
    path.write_text("r1: {password: x}\n")
    monkeypatch.setattr("collectors.simulate.ssh.MAX_FILE_BYTES", 5)
    with pytest.raises(SimulationError, match="larger than 5 bytes"):
        read_devices(path)


@pytest.mark.real
def test_it_runs_by_hand(tmp_path: Path) -> None:
    (tmp_path / "devices.yaml").write_text("r1: {password: x, prompt: 'r1#'}\n")
    known = tmp_path / "known_hosts"
    command = [sys.executable, "-m", "collectors.simulate.ssh", tmp_path / "devices.yaml", "--known-hosts", known]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=dict(os.environ))
    assert process.stdout is not None
    try:
        host, _, port = process.stdout.readline().strip().partition(":")
        client = paramiko.SSHClient()
        client.load_host_keys(str(known))
        client.connect(host, int(port), "r1", "x", look_for_keys=False, allow_agent=False, timeout=10)
        client.close()
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
        process.stdout.close()
