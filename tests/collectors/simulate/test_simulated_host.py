"""A simulated host: commands and files of a transcript, each in a channel of its own."""

from collections.abc import Callable
from typing import Any

import pytest

from collectors.simulate.ssh import SimulatedCli
from collectors.transports.host import open_host
from collectors.transports.hostkeys import HostKeys
from collectors.transports.interface import RefusedError
from evidence.platforms.platform import Verb

TRANSCRIPT = {"uname -s": "Linux\n", "/etc/os-release": "ID=debian\n", "last -F": ""}


def test_commands_and_files_are_answered_in_one_connection(simulate: Callable[..., SimulatedCli], parts: Any) -> None:
    server = simulate(host=True, commands=TRANSCRIPT)
    opening = parts.opening(*TRANSCRIPT, host_keys=HostKeys(known_hosts=[server.known_hosts]))
    with open_host(parts.access(server), **opening) as host:
        assert host.ask(parts.question("uname -s")).data == b"Linux\n"
        assert host.ask(parts.question("/etc/os-release", Verb.READ)).data == b"ID=debian\n"
        nothing = host.ask(parts.question("last -F"))
        assert (nothing.data, nothing.complete) == (b"", True)
    assert server.record.commands() == ["uname -s", "cat -- /etc/os-release", "last -F"]
    assert server.record.connections == 1


def test_what_is_not_in_the_transcript_is_not_there(simulate: Callable[..., SimulatedCli], parts: Any) -> None:
    server = simulate(host=True, commands=TRANSCRIPT)
    opening = parts.opening("dmesg", "/etc/none", host_keys=HostKeys(known_hosts=[server.known_hosts]))
    with open_host(parts.access(server), **opening) as host:
        with pytest.raises(RefusedError, match="cannot be run there"):
            host.ask(parts.question("dmesg"))
        with pytest.raises(RefusedError, match="cannot be read"):
            host.ask(parts.question("/etc/none", Verb.READ))
