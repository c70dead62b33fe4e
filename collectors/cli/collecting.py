"""What `plantproof collect` does with what was said: read, plan, run, tell."""

import os
import secrets
import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext, suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click

from collectors.assessing import judge_site, may_judge
from collectors.cli.checking import check
from collectors.cli.collect import CollectArguments
from collectors.cli.opening import opening
from collectors.cli.options import tags_of
from collectors.cli.progress import Progress
from collectors.cli.recap import exit_code
from collectors.cli.rules import clear_now, closed_now, trusted_host_keys
from collectors.cli.site import load_site, open_evidence
from collectors.cli.system import SystemClock, clock_state, identities, lock_folder, raise_file_limit, run_by
from collectors.cli.tell import is_watched, tell_bugs, tell_json, tell_recap
from collectors.cli.tell_findings import tell_findings
from collectors.cli.watching import Watching, ending, watching
from collectors.credentials import Secret
from collectors.doors import CommandDoors
from collectors.engine import EngineOptions
from collectors.events import RunJudged
from collectors.inventory.host import Host
from collectors.inventory.read import Opening, read_assets, read_inventory
from collectors.locks import run_lock
from collectors.pace import Pace
from collectors.parts import RunIdentity
from collectors.plan import Plan, make_plan
from collectors.run import Done, Job, collect
from collectors.settings import Settings
from collectors.site import OpenSite, newest_checkpoint, plan_in_force, read_pins
from collectors.slices import Slice, check_loopback
from collectors.slots import Filled, filled_slot
from collectors.tagging import redactor_for
from collectors.transports.ssh_jump import JumpHosts
from evidence.assess.comparison import fails
from evidence.assess.knowledge import knowledge_of
from evidence.cli.exits import ExitCode
from evidence.cli.invocation import say
from evidence.clock import Clock
from evidence.controls.load import load_catalogue
from evidence.errors import Error
from evidence.harmless import one_line
from evidence.log.assets import dump_assets
from evidence.log.canonical import dumps
from evidence.log.findings import count
from evidence.log.heads import heads
from evidence.model.asset import Asset
from evidence.model.outcome import Outcome
from evidence.platforms.load import Platforms, load_platforms
from evidence.store.blobs import put_blob


class UsageError(Error):
    """What was said on the command line does not fit together."""

    exit_code = 5


def run_collect(said: CollectArguments) -> int:
    """Carry out the command; return its exit code."""
    if said.output_format == "html" and not said.check:
        raise UsageError("--format html is the visit sheet of --check", hint="`plantproof report` writes what was read")
    clock = SystemClock()
    site = load_site(said.config, store=said.store, owner=said.owner, snmp_engine=said.snmp_engine)
    slot = filled_slot(said.slot, site.jobs, clock.now()) if said.slot else None
    if said.list_hosts or said.check:
        return _show(said, site, clock, slot)
    seen = watching(site, clock, log=said.log)
    with ending(seen.tell, slot.job_name if slot else "adhoc") as ends:
        code = _read(said, site, clock, slot, seen)
        ends(code)
    return code


def _show(said: CollectArguments, site: Settings, clock: SystemClock, slot: Filled | None) -> int:
    """Show what would be done, and do nothing."""
    hosts = _hosts(said, site, _opening(said, site))
    if said.list_hosts:
        click.echo("\n".join(one_line(host.asset.id) for host in hosts))
        return 0
    knowledge, closed = _knowledge(said), closed_now(site, clock)
    check(
        said.output_format,
        site=site,
        plan=_plan(said, site, hosts, knowledge, clock, closed, slot),
        knowledge=knowledge,
        closed=closed,
        forks=said.forks or site.forks,
        paced=said.pace != "none",
    )
    return 0


def _plan(
    said: CollectArguments,
    site: Settings,
    hosts: tuple[Host, ...],
    knowledge: Platforms,
    clock: Clock,
    closed: Callable[[Host], Outcome | None],
    slot: Filled | None,
) -> Plan:
    clear = clear_now(site, clock, hosts)
    plan = make_plan(hosts, knowledge, tags=_tags(said, slot), verdict=closed, paces=site.paces, clear=clear)
    if said.pace == "none":
        check_loopback(hosts)
    if _is_whole(said):
        load_catalogue().profile(site.profile)  # a profile that is not there is said before anything is asked
    return plan


def _read(said: CollectArguments, site: Settings, clock: SystemClock, slot: Filled | None, seen: Watching) -> int:
    """Read, tell, judge and report; return the exit code."""
    knowledge = _knowledge(said)
    ended = _visit(said, site, clock, slot, seen, knowledge)
    if ended == ExitCode.BUG:
        return ended
    found = _judge(said, site, knowledge, clock, seen) if _is_whole(said) and ended != ExitCode.INTERRUPTED else 0
    return _report(site) or found or ended


def _visit(
    said: CollectArguments,
    site: Settings,
    clock: SystemClock,
    slot: Filled | None,
    seen: Watching,
    knowledge: Platforms,
) -> int:
    """Read and tell, and let go of everything that was needed for it; return the exit code."""
    opened_with = _opening(said, site)
    hosts, closed = _hosts(said, site, opened_with), closed_now(site, clock)
    plan = _plan(said, site, hosts, knowledge, clock, closed, slot)
    with _lock(said, site, slot):
        done = _run(said, site, plan, knowledge, clock, closed, slot, opened_with, seen)
    if said.output_format == "json":
        tell_json(done)
    else:
        tell_recap(done)
    if done.bugs:
        tell_bugs(done.bugs)
        return ExitCode.BUG
    return exit_code(kept.outcome for kept in done.kept.values())


def _is_whole(said: CollectArguments) -> bool:
    """Tell whether a run reads everything and seals it: what half of a plant says is not judged by itself."""
    return not (said.no_assess or said.no_seal or said.part or said.limit or said.tags)


def _judge(said: CollectArguments, site: Settings, platforms: Platforms, clock: Clock, seen: Watching) -> int:
    """
    Judge what the log holds now, where this keyring may, and tell it; return 8 for what `--fail-on` names.

    What was read is sealed by now, so a log that cannot be judged is an error of its own and hides nothing.
    """
    now = clock.now().replace(microsecond=0)
    try:
        opened = open_evidence(site, clock)
        if not may_judge(opened):
            return ExitCode.DONE
        knowledge = knowledge_of(platforms, load_catalogue(), tool=version("plantproof"))
        judged = judge_site(opened, knowledge, at=now, now=now, profile=site.profile)
    except Error as error:
        say("error", f"not judged: {error}")
        return ExitCode.FAILED
    seen.tell(RunJudged(counts=count(judged.findings)))
    if said.output_format != "json":
        tell_findings(judged)
    return ExitCode.FINDINGS if said.fail_on and fails(judged.findings, said.fail_on) else ExitCode.DONE


def _report(site: Settings) -> int:
    """Write the report the site file asks for; return 16 when the evidence did not verify."""
    if site.report is None:
        return 0
    from evidence.cli.report import command

    root = site.keys / "root.pub"
    key = str(root) if root.is_file() else None
    arguments = {"store": site.store, "output": str(site.report), "key": key, "quiet": not is_watched()}
    return int(click.get_current_context().invoke(command, **arguments))


def _opening(said: CollectArguments, site: Settings) -> Opening:
    return opening(
        os.environ,
        vault_ids=said.vault_ids,
        vault_password_files=said.vault_password_files,
        ask_vault_pass=said.ask_vault_pass,
        resolve=said.resolve,
        no_input=said.no_input,
        credentials=site.credentials,
    )


def _hosts(said: CollectArguments, site: Settings, opened_with: Opening) -> tuple[Host, ...]:
    inventory = read_inventory(
        said.inventory or site.inventory,
        limit=said.limit,
        extra_vars=said.extra_vars,
        environ=os.environ,
        user=said.user,
        opening=opened_with,
        share=Slice.parse(said.part).of,
        **_asked(said),
    )
    for warning in (*inventory.warnings, *_named_like_secrets(inventory.hosts)):
        say("warning", warning)
    return inventory.hosts


def _named_like_secrets(hosts: Iterable[Host]) -> Iterator[str]:
    """Warn of credentials that are also names: names stand in the evidence."""
    for host in hosts:
        names = {Secret(host.asset.id), Secret(host.asset.address)}
        if not names.isdisjoint(host.secrets()):
            yield f"{host.asset.id}: a credential of it is also its name or address, and those are no secrets"


def _asked(said: CollectArguments) -> dict[str, Any]:
    """Ask for the passwords that were to be asked for; they never stand on a command line."""
    if (said.ask_pass or said.ask_become_pass) and said.no_input:
        raise UsageError("--no-input forbids asking for a password", hint="leave out -k and -K, or --no-input")
    return {
        name: Secret(click.prompt(text, hide_input=True, err=True))
        for wanted, name, text in (
            (said.ask_pass, "password", "SSH password"),
            (said.ask_become_pass, "enable", "Enable password"),
        )
        if wanted
    }


def _lock(said: CollectArguments, site: Settings, slot: Filled | None) -> AbstractContextManager[None]:
    """Return what keeps a second run of the same job and part away; runs that fill no slot may overlap."""
    if slot is None:
        return nullcontext()
    store = site.store if "://" in site.store else str(Path(site.store).resolve())
    return run_lock(lock_folder(), store=store, job=slot.job_name, part=Slice.parse(said.part).label)


def _knowledge(said: CollectArguments) -> Platforms:
    if said.platforms_folder == "none":
        return load_platforms(only=())
    return load_platforms(Path(said.platforms_folder) if said.platforms_folder else None)


def _tags(said: CollectArguments, slot: Filled | None) -> tuple[str, ...]:
    if not said.tags and slot and slot.job:
        return slot.job.tags
    return tags_of(said.tags)


def _run(
    said: CollectArguments,
    site: Settings,
    plan: Plan,
    knowledge: Platforms,
    clock: SystemClock,
    closed: Callable[[Host], Outcome | None],
    slot: Filled | None,
    opened_with: Opening,
    seen: Watching,
) -> Done:
    opened = open_evidence(site, clock)
    hosts = [visit.host for visit in plan.visits]
    host_keys = trusted_host_keys(site, read_pins(opened))
    with Progress(len(plan.visits), alone=not (seen.requests or seen.json)) as progress, JumpHosts[Any]() as jumps:
        return collect(
            Job(
                site=opened,
                knowledge=knowledge,
                plan=plan,
                identity=_identity(said, site, opened, plan, knowledge, clock, slot, opened_with),
                recipients=site.recipients,
                redactor=redactor_for(hosts, opened.keyring, site.keys, clock.now()),
                pace=Pace(classes=site.paces, free=said.pace == "none", share=Slice.parse(said.part).share),
                clock=clock,
                random=secrets.token_bytes,
                wait=clock.wait,
                locks=lock_folder(),
                doors=lambda gate: CommandDoors(
                    gate=gate,
                    clock=clock,
                    host_keys=host_keys,
                    jumps=jumps,
                    identities=identities(os.environ),
                    timeout_s=site.cli_timeout_s,
                    read_limit=site.max_answer_bytes,
                    environ=dict(os.environ),
                    wait=clock.wait,
                ),
                pins=host_keys.new_pins,
                options=_options(said, site),
                verdict=closed,
                progress=progress.note,
                on_stop=_stop_on_signals,
                sealing=not said.no_seal,
                watch=seen.tell,
                requests=seen.requests,
            )
        )


def _options(said: CollectArguments, site: Settings) -> EngineOptions:
    return EngineOptions(
        forks=min(said.forks or site.forks, raise_file_limit()),
        snmp_timeout_s=site.snmp_timeout_s,
        snmp_engine=site.snmp_engine,
    )


def _identity(
    said: CollectArguments,
    site: Settings,
    opened: OpenSite,
    plan: Plan,
    knowledge: Platforms,
    clock: SystemClock,
    filled: Filled | None,
    opened_with: Opening,
) -> RunIdentity:
    now, run = clock.now(), secrets.token_hex(3)
    assets = dump_assets(visit.host.asset for visit in sorted(plan.visits, key=lambda visit: visit.asset))
    platforms = dumps([{"name": name, "digest": digest} for name, digest in knowledge.digests().items()])
    part = Slice.parse(said.part)
    slot = filled.name if filled else f"adhoc-{now:%Y%m%dT%H%M%SZ}-{run}"
    state = clock_state()
    return RunIdentity(
        run=f"{slot}-{run}" if filled else slot,
        slot=slot,
        label=part.label,
        plan=plan_in_force(
            opened,
            lambda: _all_assets(said, site, plan, opened_with),
            at=now,
            jobs=site.jobs,
            filling=filled.name if filled else None,
            narrowed=bool(said.limit or part.name),
        ),
        assets=put_blob(opened.store, assets),
        assets_bytes=len(assets),
        platforms=put_blob(opened.store, platforms),
        platforms_bytes=len(platforms),
        after=newest_checkpoint(opened),
        previous=heads(opened.store, opened.keyring),
        clock={"source": state.source} | ({} if state.offset_us is None else {"offset_us": state.offset_us}),
        tool={"name": "plantproof", "version": version("plantproof")}
        | ({"snmp_engine": site.snmp_engine} if site.snmp_engine else {}),
        run_by=run_by(os.environ, opened.keyring.redaction_key().derive("run-by")),
        pace=said.pace or "classes",
    )


def _all_assets(said: CollectArguments, site: Settings, plan: Plan, opened_with: Opening) -> Iterator[Asset]:
    """Yield every asset of the inventory, those of other slices and behind a limit too."""
    if not (said.limit or said.part):
        yield from (visit.host.asset for visit in plan.visits)
        return
    sources = said.inventory or site.inventory
    yield from read_assets(sources, extra_vars=said.extra_vars, environ=os.environ, opening=opened_with)


def _stop_on_signals(stop: Callable[[], None]) -> None:
    """
    Let the first Ctrl-C, SIGTERM or hang-up end the run in order and be sealed; the second ends it at once.

    At once means without waiting for a device that is being asked; the store is made to be left like that. A signal
    that whoever started us had ignored stays ignored.
    """

    def first(_number: int, _frame: object) -> None:
        stop()
        for number in caught:
            signal.signal(number, second)
        with suppress(OSError, RuntimeError):  # the terminal may be gone, or this came in the middle of printing
            say("ending", "what was read is being sealed (Ctrl-C again to stop at once)")

    def second(_number: int, _frame: object) -> None:
        os._exit(ExitCode.INTERRUPTED)

    ends = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    caught = [number for number in ends if signal.getsignal(number) is not signal.SIG_IGN]
    for number in caught:
        signal.signal(number, first)
