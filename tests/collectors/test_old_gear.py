"""Old and tired devices, through the real command line: outcome, words and exit code of each."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from collectors.simulate.device import Device, Faults
from collectors.simulate.snmp import SimulatedAgent
from collectors.simulate.ssh import SimulatedCli, read_devices
from evidence.normalise.varbinds import decode

pytestmark = pytest.mark.real

PLANT = files("collectors.demo") / "plant"
COMMUNITY, PASSWORD = "w3ld-0bserver-77", "S1mulated-login-19"
(CORE,) = read_devices(Path(str(PLANT / "core-sw-01.yaml")))
FEW = {
    name: text
    for name, text in CORE.commands.items()
    if name in ("show version", "show inventory", "show running-config", "show startup-config")
} | {
    "show ip access-lists": "Standard IP access list 10\n    10 permit 10.20.3.0, wildcard bits 0.0.0.255 (4 matches)",
    "show crypto pki certificates": "Certificate\n  Status: Pending\n",
    "show license": "Index 1 Feature: ipbase\n        Period left: Life time\n",
}


@pytest.fixture
def tired(site: Any) -> Iterator[Callable[..., SimulatedCli]]:
    """Start the recorded core switch with a fault, known to the site, and put it into the inventory."""
    started: list[SimulatedCli] = []

    def start(**changes: Any) -> SimulatedCli:
        simulated = SimulatedCli([replace(CORE, password=PASSWORD, commands=FEW, **changes)]).start()
        started.append(simulated)
        (site.folder / "known_hosts").write_text(simulated.known_hosts)
        site.hosts = {"core-sw-01": site.by_ssh(simulated.port)}
        return simulated

    yield start
    for simulated in started:
        simulated.stop()


@contextmanager
def agent(faults: Faults) -> Iterator[SimulatedAgent]:
    """The recorded weld switch without an engine's clock."""
    recorded = decode((PLANT / "weld-sw-01#snmp.txt").read_bytes())
    kept = [one for one in recorded if not one.oid.startswith("1.3.6.1.6.3.10.")]
    with SimulatedAgent({COMMUNITY: Device(kept, faults=faults)}) as running:
        yield running


@pytest.mark.parametrize(
    "fault",
    [
        "drop",
        pytest.param("counting", marks=pytest.mark.exhaustive),
        pytest.param("big-banner", marks=pytest.mark.exhaustive),
    ],
)
def test_a_device_with_a_quirk_is_collected(site: Any, tired: Any, fault: str) -> None:
    simulated = tired(fault=fault)
    ended = site.collect("-v")
    assert ended.code == 0
    assert "collected" in ended.out, ended.out
    assert "hostname" in site.run("config", "core-sw-01").out
    assert len(simulated.record.logins) == (8 if fault == "drop" else 1), "seven questions, and one lost at log-in"


@pytest.mark.exhaustive
def test_a_device_that_pages_and_cannot_stop_is_read_page_by_page(site: Any, tired: Any) -> None:
    simulated = tired(pager=" --More-- ", paging_off="nothing turns it off")
    assert site.collect().code == 0
    assert simulated.record.keys
    assert {key for _, key in simulated.record.keys} == {" "}
    assert "--More--" not in site.run("config", "core-sw-01").out


@pytest.mark.exhaustive
def test_a_slow_device_is_unreachable_until_its_asset_says_how_long_it_takes(site: Any, tired: Any) -> None:
    simulated = tired(fault="pause")
    site.settings = {"timeouts": {"cli_s": 0.4}}
    ended = site.collect("-v", "-t", "identify")
    assert ended.code == 4
    assert "no prompt within 0.4 s" in ended.out
    site.hosts = {"core-sw-01": site.by_ssh(simulated.port, ansible_command_timeout=30)}
    assert site.collect("-t", "identify").code == 0


def test_a_device_whose_lines_are_all_taken_is_unreachable_and_said_so(site: Any, sshd: Any) -> None:
    server = sshd("MaxSessions 0")
    (site.folder / "known_hosts").write_text(server.known_hosts)
    with closing_at_once() as port, socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        site.hosts = {
            "closes": site.by_ssh(port),
            "refuses": site.by_ssh(nobody.getsockname()[1]),
            "no-line": site.by_ssh(
                server.port,
                ansible_user=server.user,
                ansible_password="",
                ansible_ssh_private_key_file=str(server.key_file),
            ),
        }
        ended = site.collect("-v")
    assert ended.code == 4
    assert ended.out.count("unreachable") >= 3
    assert "the connection was closed before SSH was agreed: all its lines may be in use" in ended.out
    assert "Connection refused (nothing listens there, or all its lines are in use)" in ended.out
    assert "the login was accepted and a session refused: all lines may be in use" in ended.out
    assert site.verify().code == 0


@contextmanager
def closing_at_once() -> Iterator[int]:
    """A port that accepts, and closes without a word."""
    listener = socket.create_server(("127.0.0.1", 0))

    def close() -> None:
        visitor, _ = listener.accept()
        visitor.close()

    thread = threading.Thread(target=close)
    thread.start()
    yield int(listener.getsockname()[1])
    thread.join(10)
    listener.close()


def test_a_device_that_knows_only_snmp_version_1_is_read_by_it(site: Any) -> None:
    with agent(Faults(version=0)) as running:
        site.hosts = {"weld-sw-01": site.by_snmp(running.port)}
        ended = site.collect("-v")
        assert (ended.code, "unreachable" in ended.out) == (4, True)
        assert "the community is wrong" in ended.out
        assert "plantproof_snmp_version" in ended.out
        site.hosts = {"weld-sw-01": site.by_snmp(running.port, plantproof_snmp_version="1")}
        assert site.collect("-t", "identify").code == 0
    assert site.run("facts", "--fact", "access.version").out.split()[-1] == "1"


def test_a_device_that_restarts_in_the_middle_is_partial_says_so_and_rests(site: Any) -> None:
    with agent(Faults(restart_after=8)) as running:
        site.hosts = {"weld-sw-01": site.by_snmp(running.port)}
        ended = site.collect("-v")
        assert ended.code == 0
        assert "put in quarantine: it restarted during our visit" in ended.out
        before = running.counts(COMMUNITY)
        asked = before.get + before.getnext + before.getbulk
        again = site.collect("-v")
        assert (again.code, "left-alone" in again.out) == (2, True)
        after = running.counts(COMMUNITY)
        assert after.get + after.getnext + after.getbulk == asked
    assert site.verify().code == 0


@pytest.mark.parametrize(
    "said",
    [{"plantproof_collect": "telnet"}, pytest.param({"ansible_connection": "telnet"}, marks=pytest.mark.exhaustive)],
)
def test_telnet_is_refused_with_what_would_do(site: Any, said: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0)
        site.hosts = {"old-01": site.by_ssh(listener.getsockname()[1], **said)}
        ended = site.collect("-v")
        with pytest.raises(BlockingIOError):
            listener.accept()
    assert (ended.code, "refused" in ended.out) == (2, True)
    assert "telnet: it would send the password, and every answer, in the clear" in ended.out
