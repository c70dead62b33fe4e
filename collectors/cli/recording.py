"""What `plantproof fixture` does with what was said: visit one asset and keep what it answered; serve what was kept."""

import asyncio
import json
import os
import re
import secrets
import signal
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from collectors.cli.fixture import RecordArguments
from collectors.cli.opening import opening
from collectors.cli.options import tags_of
from collectors.cli.recap import exit_code
from collectors.cli.rules import closed_now, trusted_host_keys
from collectors.cli.site import load_site, open_evidence
from collectors.cli.system import SystemClock, identities, lock_folder
from collectors.conduct import Conduct
from collectors.credentials import Secret
from collectors.doors import CommandDoors
from collectors.engine import Engine, EngineOptions
from collectors.fixtures import write_fixture
from collectors.hold import glance, held
from collectors.inventory.host import Host
from collectors.inventory.read import read_inventory
from collectors.locks import DeviceLocks
from collectors.memory import DeviceMemory, load_memory
from collectors.pace import Pace
from collectors.plan import Plan, make_plan
from collectors.replaying import replaying
from collectors.run import DEVICES
from collectors.settings import Settings
from collectors.site import OpenSite, read_pins
from collectors.slices import check_loopback
from collectors.transports.ssh_jump import JumpHosts
from collectors.visit import Findings
from collectors.wider import Wider, walks
from evidence.cli.invocation import say
from evidence.cli.reading import open_platforms
from evidence.clock import rfc3339
from evidence.errors import Error
from evidence.harmless import one_line
from evidence.log.hints import read_hint
from evidence.model.names import AssetId
from evidence.model.outcome import Outcome
from evidence.normalise.recordings import recordings
from evidence.platforms.load import GENERIC

_OID = re.compile(r"\.?([0-9]+(?:\.[0-9]+)+)")
_ENTERPRISE = re.compile(r"1\.3\.6\.1\.4\.1\.[0-9]+")
_NAME = re.compile(r"[a-z][a-z0-9_.-]{0,59}")


class FixtureError(Error):
    """What was said does not fit together, or there is nothing to record."""

    exit_code = 5


@dataclass(slots=True)
class _Heard:
    """Takes in what the visit heard, and keeps it as it came, in memory."""

    findings: Findings | None = None
    outcome: Outcome | None = None
    nearby = True
    due = False

    def keep(self, findings: Findings, outcome: Outcome) -> Sequence[Exception]:
        self.findings, self.outcome = findings, outcome
        return ()

    def write_due(self) -> None:
        """Write nothing: it is never due."""


@dataclass(slots=True)
class _Before:
    """What is known of the site: holds, quarantine, pinned host keys; nothing where there is no site."""

    opened: OpenSite | None
    memory: Mapping[AssetId, DeviceMemory] = field(default_factory=dict)
    pins: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, site: Settings, clock: SystemClock) -> "_Before":
        if not site.keys.is_dir():
            return cls(None)
        opened = open_evidence(site, clock)
        memory = load_memory(read_hint(opened.store, opened.keyring, DEVICES))
        return cls(opened, memory, read_pins(opened))


def run_record(said: RecordArguments) -> int:
    """Carry out `fixture record`; return its exit code."""
    if said.name is not None and not _NAME.fullmatch(said.name):
        raise FixtureError(f"--as {said.name!r:.40}: expected a platform's name: small letters, digits and _")
    replace, oids = _pairs(said.replace), _oids(said.walk)
    clock = SystemClock()
    site = load_site(said.config, owner=said.owner)
    known = open_platforms(said.platforms_folder)
    (host,) = _hosts(said, site)
    wider = Wider(known, walks(oids))
    plan = make_plan([host], wider, tags=tags_of(said.tags), verdict=closed_now(site, clock), paces=site.paces)
    if said.pace == "none":
        check_loopback([host])
    heard, requests = _visit(said, site, clock, plan, wider)
    outcome = heard.outcome
    if heard.findings is None or outcome is None or not heard.findings.heard:
        raise FixtureError(f"{host.asset.id}: nothing was heard: {outcome.reason if outcome else 'not visited'}")
    if outcome.reason:
        say("warning", one_line(outcome.reason))
    platform = heard.findings.heard[-1].platform
    made = write_fixture(
        heard.findings.heard,
        said.output,
        host=host,
        known=known,
        key=secrets.token_bytes(32),
        name=said.name,
        replace=replace,
        source=said.source or f"recorded with plantproof fixture record, {rfc3339(clock.now())[:10]}",
    )
    for path in made.files:
        click.echo(path)
    say("recorded", f"{platform.name}, {requests} requests; {made.secrets} secrets replaced by made-up ones")
    if platform.name == GENERIC and (branch := _unasked(made.recording.values, oids)):
        say("hint", f"nobody knows this device; its vendor's branch was not recorded: --walk {branch}")
    for text in made.look_at:
        say("look at", f"{one_line(text)} (--replace {one_line(text)}=…)")
    return exit_code([outcome])


def run_replay(folder: Path, output: Path, *, snmp_port: int, ssh_port: int, platforms_folder: str | None) -> None:
    """Carry out `fixture replay`: serve until interrupted."""
    found = recordings(folder)
    if not found:
        raise FixtureError(f"{folder}: expected files like acme_press#unit_x#snmp.txt, found none")
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    known = open_platforms(platforms_folder)
    with replaying(found, known, secret=secrets.token_hex(8), snmp_port=snmp_port, ssh_port=ssh_port) as served:
        output.mkdir(parents=True, exist_ok=True)
        site = {"owner": "replay", "domain": "replay.example", "store": "store", "inventory": ["hosts.yml"]}
        files = {
            "plantproof.yml": json.dumps({**site, "known_hosts": ["known_hosts"]}),
            "hosts.yml": json.dumps({"all": {"hosts": served.hosts}}, indent=1),
            "known_hosts": served.known_hosts,
        }
        for name, text in files.items():
            (output / name).write_text(text, encoding="utf-8")
        for name, variables in served.hosts.items():
            click.echo(f"{name}  {variables['plantproof_role']}")
        click.echo(f"ready: cd {output} && plantproof collect --pace none")
        ended.wait()


def _hosts(said: RecordArguments, site: Settings) -> tuple[Host, ...]:
    asked: dict[str, Any] = {
        name: Secret(click.prompt(text, hide_input=True, err=True))
        for wanted, name, text in (
            (said.ask_pass, "password", "SSH password"),
            (said.ask_become_pass, "enable", "Enable password"),
        )
        if wanted
    }
    inventory = read_inventory(
        said.inventory or site.inventory,
        limit=said.asset,
        extra_vars=said.extra_vars,
        environ=os.environ,
        user=said.user,
        opening=opening(os.environ, credentials=site.credentials, **said.opening),
        **asked,
    )
    for warning in inventory.warnings:
        say("warning", one_line(warning))
    if len(inventory.hosts) != 1:
        names = ", ".join(one_line(host.asset.id) for host in inventory.hosts[:5]) or "none"
        raise FixtureError(f"{said.asset}: expected one asset of the inventory, found {names}")
    return inventory.hosts


def _visit(said: RecordArguments, site: Settings, clock: SystemClock, plan: Plan, known: Wider) -> tuple[_Heard, int]:
    """Visit as `collect` does; return what was heard, and how many requests it took."""
    before, heard = _Before.of(site, clock), _Heard()
    hosts = {visit.asset: visit.host for visit in plan.visits}
    closed = closed_now(site, clock)
    holds = glance(before.opened.store, clock.monotonic) if before.opened else None
    conduct = Conduct(
        assets={asset: host.asset for asset, host in hosts.items()},
        clock=clock,
        pace=Pace(classes=site.paces, free=said.pace == "none"),
        baselines={asset: one.baseline_s() for asset, one in before.memory.items()},
        held=lambda zone: held(holds, zone, clock.now()) if holds else None,
        wait=clock.wait,
        windows=lambda asset: closed(hosts[asset]),
    )
    locks = DeviceLocks(lock_folder())
    locks.prepare()
    with JumpHosts[Any]() as jumps:
        doors = CommandDoors(
            gate=conduct,
            clock=clock,
            host_keys=trusted_host_keys(site, before.pins),
            jumps=jumps,
            identities=identities(os.environ),
            timeout_s=site.cli_timeout_s,
            read_limit=site.max_answer_bytes,
            environ=dict(os.environ),
            wait=clock.wait,
        )
        engine = Engine(
            plan=plan,
            knowledge=known,
            conduct=conduct,
            recorder=heard,
            doors=doors,
            locks=locks,
            clock=clock,
            memory=before.memory,
            options=EngineOptions(snmp_timeout_s=site.snmp_timeout_s, snmp_engine=site.snmp_engine),
            verdict=closed,
        )
        asyncio.run(engine.run())
    for bug in engine.bugs:
        raise bug
    return heard, conduct.totals.requests


def _pairs(given: Sequence[str]) -> dict[str, str]:
    pairs = {}
    for text in given:
        old, equals, new = text.partition("=")
        if not equals or not old:
            raise FixtureError(f"--replace {text!r:.60}: expected OLD=NEW")
        pairs[old] = new
    return pairs


def _oids(given: Sequence[str]) -> list[str]:
    found = []
    for text in given:
        match = _OID.fullmatch(text)
        if match is None:
            raise FixtureError(f"--walk {text!r:.60}: expected an OID like 1.3.6.1.4.1.99999")
        found.append(match[1])
    return found


def _unasked(values: Mapping[str, object], asked: Sequence[str]) -> str | None:
    """Return the vendor's branch of a device, where nothing of it was asked for."""
    match = _ENTERPRISE.match(str(values.get("1.3.6.1.2.1.1.2.0", "")))
    if match is None or any(f"{oid}.".startswith(f"{match[0]}.") for oid in asked):
        return None
    return match[0]
