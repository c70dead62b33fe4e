"""What can go wrong, through the real command line: a clear outcome each, nothing lost, the next run works."""

import contextlib
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from collectors.simulate.device import Device as Agent
from collectors.simulate.device import Faults
from collectors.simulate.snmp import SimulatedAgent
from collectors.simulate.ssh import SimulatedCli, read_devices
from evidence.normalise.varbinds import decode

PLANT = files("collectors.demo") / "plant"
COMMUNITY = "w3ld-0bserver-77"
PASSWORD = "S1mulated-login-19"


def recording(name: str = "weld-sw-01") -> list[Any]:
    return decode((PLANT / f"{name}#snmp.txt").read_bytes())


@pytest.fixture
def cli() -> Iterator[Callable[..., SimulatedCli]]:
    """Start simulated command lines; the recorded core switch, with changes."""
    started: list[SimulatedCli] = []
    (core,) = read_devices(Path(str(PLANT / "core-sw-01.yaml")))

    def start(**changes: Any) -> SimulatedCli:
        simulated = SimulatedCli([replace(core, password=PASSWORD, **changes)])
        simulated.start()
        started.append(simulated)
        return simulated

    yield start
    for simulated in started:
        simulated.stop()


@pytest.fixture
def agent() -> Iterator[Callable[..., SimulatedAgent]]:
    """Start simulated SNMP agents; the recorded weld switch, with faults."""
    started: list[SimulatedAgent] = []

    def start(faults: Faults | None = None, communities: tuple[str, ...] = (COMMUNITY,)) -> SimulatedAgent:
        simulated = SimulatedAgent({name: Agent(recording(), faults=faults) for name in communities}).start()
        started.append(simulated)
        return simulated

    yield start
    for simulated in started:
        simulated.stop()


def asked(simulated: SimulatedAgent) -> int:
    counts = simulated.counts(COMMUNITY)
    assert counts.set == 0
    return counts.get + counts.getnext + counts.getbulk


def known(site: Any, simulated: SimulatedCli) -> None:
    (site.folder / "known_hosts").write_text(simulated.known_hosts)


def test_a_wrong_password_is_tried_once_and_named(site: Any, cli: Any) -> None:
    simulated = cli()
    known(site, simulated)
    site.hosts = {f"core-{n}": site.by_ssh(simulated.port, ansible_password="wr0ng-passw0rd") for n in range(5)}
    ended = site.collect("-v")
    assert ended.code == 2
    assert ended.out.count("auth-failed") == 1
    assert ended.out.count("its credential was refused by core-") == 4
    assert simulated.record.logins == [("core-sw-01", False)]
    assert simulated.record.commands() == []
    assert site.verify().code == 0


def test_a_wrong_community_is_told_as_what_it_can_be(site: Any, agent: Any) -> None:
    site.hosts = {"weld-sw-01": site.by_snmp(agent().port, plantproof_snmp_community="not-the-c0mmunity")}
    ended = site.collect("-v")
    assert ended.code == 4
    assert "unreachable" in ended.out
    assert "community" in ended.out
    assert site.verify().code == 0


def test_an_unknown_host_key_is_refused_before_the_password_is_sent(site: Any, cli: Any) -> None:
    simulated = cli()
    site.hosts = {"core-sw-01": site.by_ssh(simulated.port)}
    ended = site.collect("-v")
    assert (ended.code, "refused" in ended.out) == (2, True)
    assert simulated.record.logins == []
    known(site, simulated)
    assert site.collect().code == 0


def test_a_changed_host_key_is_refused_and_said_so(site: Any, cli: Any) -> None:
    first, second = cli(), cli()
    (site.folder / "known_hosts").write_text(first.known_hosts.replace(str(first.port), str(second.port)))
    site.hosts = {"core-sw-01": site.by_ssh(second.port)}
    ended = site.collect("-v")
    assert ended.code == 2
    assert "CHANGED" in ended.out
    assert second.record.logins == []


def test_a_host_key_is_pinned_on_first_use_only_when_the_site_says_so(site: Any, cli: Any) -> None:
    first, second = cli(), cli()
    site.settings = {"pin_on_first_use": True}
    site.hosts = {"core-sw-01": site.by_ssh(first.port)}
    assert site.collect().code == 0
    assert site.collect().code == 0
    shutil.rmtree(site.folder / "home")
    port = first.port
    first.stop()
    with SimulatedCli(first.devices.values(), port=port, key=second.key):
        ended = site.collect("-v")
    assert (ended.code, "CHANGED" in ended.out) == (2, True)


def test_a_device_that_is_down_costs_nobody_else_anything(site: Any, agent: Any) -> None:
    port = agent().port
    site.hosts = {"weld-sw-01": site.by_snmp(port), "gone-sw-02": site.by_snmp(9)}
    assert site.results() == {"weld-sw-01": "collected", "gone-sw-02": "unreachable"}


def test_a_device_that_falls_silent_half_way_is_partial(site: Any, agent: Any) -> None:
    site.hosts = {"weld-sw-01": site.by_snmp(agent(Faults(silent_after=8)).port)}
    ended = site.collect("-v")
    assert ended.code == 0
    assert "partial" in ended.out
    assert site.verify().code == 0
    assert "weld-sw-01" in site.run("facts", "--fact", "system.name").out


def test_half_an_answer_of_a_command_line_is_partial(site: Any, cli: Any) -> None:
    simulated = cli(fault="reset")
    known(site, simulated)
    site.hosts = {"core-sw-01": site.by_ssh(simulated.port)}
    ended = site.collect("-v")
    assert ended.code in (0, 4)
    assert "core-sw-01" in ended.out
    assert site.verify().code == 0


def test_a_device_that_never_stops_sending_is_cut(site: Any, cli: Any, agent: Any) -> None:
    simulated = cli(fault="endless")
    known(site, simulated)
    site.settings = {"max_answer_bytes": 100_000}
    site.hosts = {"core-sw-01": site.by_ssh(simulated.port), "weld-sw-01": site.by_snmp(agent(Faults(loop=True)).port)}
    began = time.monotonic()
    results = site.results()
    assert results["core-sw-01"] in ("partial", "unreachable")
    assert results["weld-sw-01"] in ("partial", "collected")
    assert time.monotonic() - began < 60
    assert site.verify().code == 0


@pytest.mark.real
def test_a_full_disk_is_said_and_loses_nothing(site: Any, agent: Any) -> None:
    port = agent().port
    site.hosts = {f"sw-{n}": site.by_snmp(port) for n in range(4)}
    site.write()
    for folder in ("store", "kept"):
        (site.folder / folder).mkdir()
    small = "mount -t tmpfs -o size=120k tmpfs store"
    done = site.apart("m", small, "collect", "--pace", "none", after="cp -a store/. kept/")
    assert done.returncode == 1, done.stderr
    assert "the disk is full" in done.stderr
    (site.folder / "store").rmdir()
    (site.folder / "kept").rename(site.store)
    assert site.collect().code == 0
    assert site.verify().code == 0


def test_two_runs_at_once_both_count(site: Any, agent: Any) -> None:
    simulated = agent()
    site.hosts = {"weld-sw-01": site.by_snmp(simulated.port)}
    site.write()
    runs = [
        subprocess.Popen(site.command("collect"), cwd=site.folder, env=site.environ(), stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    ends = [(run.communicate(timeout=60)[1], run.returncode) for run in runs]
    assert [code for _, code in ends] == [0, 0], ends
    verified = site.verify()
    assert verified.code == 0
    assert "2 parts" in verified.out


@pytest.mark.slow
@pytest.mark.parametrize("moments", [range(2, 20, 3), pytest.param(range(20), marks=pytest.mark.exhaustive)], ids=len)
def test_kill_nine_at_any_moment_loses_nothing_that_was_sealed(site: Any, agent: Any, moments: range) -> None:
    simulated = agent()
    site.hosts = {f"sw-{n}": site.by_snmp(simulated.port) for n in range(3)}
    assert site.collect().code == 0
    whole, pin, killed = asked(simulated), _pin(site), 0
    for moment in moments:
        before = asked(simulated)
        run = site.start("collect", "--pace", "none", "--no-assess")
        while run.poll() is None and asked(simulated) - before < whole * moment / 15:
            time.sleep(0.001)
        with contextlib.suppress(TimeoutError):  # the last moments are those of writing and sealing
            run.wait(0.001 + 0.02 * max(0, moment - 14))
        killed += run.poll() is None
        run.kill()
        verified = site.verify_after_a_kill("--store", "store", "--pin", pin)
        assert verified.code == 0, verified.out
        pin = _pin(site)
    assert killed >= len(moments) // 2
    assert site.collect().code == 0
    assert site.verify("--pin", pin).code == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_second_signal_waits_for_no_device(site: Any, cli: Any, number: signal.Signals) -> None:
    simulated = cli(fault="hang")
    site.hosts = {"core-sw-01": site.by_ssh(simulated.port)}
    site.settings = {"timeouts": {"cli_s": 60.0}}
    site.write()
    known(site, simulated)
    with subprocess.Popen(
        site.command("collect"),
        cwd=site.folder,
        env=site.environ(),
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),  # under nohup SIGHUP is ignored, and stays so
    ) as run:
        while not simulated.record.commands():
            time.sleep(0.02)
        run.send_signal(number)
        assert run.stderr is not None
        assert b"being sealed" in run.stderr.readline()
        run.send_signal(number)
        assert run.wait(10) == 99
    site.hosts = {}
    assert site.collect().code == 0
    assert site.verify().code == 0


def _pin(site: Any) -> str:
    found = [line for line in site.verify().out.splitlines() if line.startswith("pin: ")]
    (site.folder / "pin").write_text(found[0].removeprefix("pin: ") + "\n")
    return str(site.folder / "pin")


def test_ctrl_c_seals_what_is_there_as_interrupted(site: Any, agent: Any) -> None:
    simulated = agent(Faults(delay_s=0.1))
    site.hosts = {f"sw-{n}": site.by_snmp(simulated.port) for n in range(40)}
    site.settings = {"forks": 2}
    site.write()
    run = subprocess.Popen(
        site.command("collect", "-v"),
        cwd=site.folder,
        env=site.environ(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while asked(simulated) < 20:
        time.sleep(0.02)
    run.send_signal(signal.SIGINT)
    out, err = run.communicate(timeout=30)
    assert run.returncode == 99, err
    assert "being sealed" in err
    assert out.count("interrupted") == 40
    verified = site.verify()
    assert verified.code == 0
    assert "1 parts" in verified.out


def test_three_runs_with_home_deleted_between_behave_as_three_runs(site: Any, agent: Any) -> None:
    site.hosts = {"weld-sw-01": site.by_snmp(agent().port)}
    blobs = []
    for _ in range(3):
        assert site.collect().code == 0
        shutil.rmtree(site.folder / "home")
        blobs.append(sum(1 for path in (site.store / "blobs").rglob("*") if path.is_file()))
    assert "3 parts" in site.verify().out
    assert blobs[2] - blobs[1] <= 3, "an unchanged device costs a packed volatile blob, an action log and findings"


def test_a_hold_stops_a_run(site: Any, agent: Any) -> None:
    simulated = agent()
    site.hosts = {"weld-sw-01": site.by_snmp(simulated.port, plantproof_zone="weld-line")}
    assert site.collect().code == 0
    assert site.run("hold", "weld-line", "--reason", "robot service").code == 0
    before = asked(simulated)
    ended = site.collect("-v")
    assert (ended.code, asked(simulated)) == (2, before)
    assert "zone weld-line is on hold: robot service" in ended.out
    assert site.run("release", "--zone", "weld-line", "--reason", "done").code == 0
    assert site.collect().code == 0


def test_a_device_that_restarted_after_our_visit_is_put_in_quarantine(site: Any) -> None:
    with SimulatedAgent({COMMUNITY: Agent(recording())}) as first:
        port = first.port
        site.hosts = {"weld-sw-01": site.by_snmp(port)}
        assert site.collect().code == 0
    again = SimulatedAgent({COMMUNITY: Agent(without_engine(), uptime_s=1.0)}, port=port)
    with again:
        ended = site.collect("-v")
        assert ended.code == 2
        assert "within 15 minutes of our visit" in ended.out
        before = asked(again)
        assert site.collect("-v").code == 2
        assert asked(again) == before, "in quarantine it is asked nothing"
        assert site.run("release", "weld-sw-01", "--reason", "power cut, not us").code == 0
        assert site.collect().code == 0


def without_engine() -> list[Any]:
    return [one for one in recording() if not one.oid.startswith("1.3.6.1.6.3.10.")]
