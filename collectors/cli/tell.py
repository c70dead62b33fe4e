"""How a plan and a run are told to a person, to a machine, and to nobody."""

import sys
from collections.abc import Iterator, Sequence

import click

from collectors.cli.recap import news, recap
from collectors.plan import Plan, Visit
from collectors.run import Done
from evidence.cli.invocation import Invocation, say
from evidence.cli.output import json_text
from evidence.harmless import harmless, one_line
from evidence.platforms.platform import Platform

SCHEMA = "urn:plantproof:collect:v1"
"""Version of what `--format json` prints."""


def tell_plan(plan: Plan, generic: Platform) -> None:
    """Print every request the plan may make."""
    for visit in sorted(plan.visits, key=lambda one: one.asset):
        for line in _plan_lines(plan, visit, generic):
            click.echo(one_line(line))


def _requests(plan: Plan, visit: Visit, generic: Platform) -> list[str]:
    return [] if visit.verdict else [f"{transport} {request}" for transport, request in plan.actions(visit, generic)]


def plan_row(plan: Plan, visit: Visit, generic: Platform) -> dict[str, object]:
    """Return what is to be asked of one asset, for a machine."""
    return {
        "asset": visit.asset,
        "address": visit.host.asset.address,
        "platform": visit.platform.name if visit.platform else None,
        "safety": visit.host.asset.safety,
        "result": visit.verdict.result if visit.verdict else None,
        "reason": visit.verdict.reason if visit.verdict else None,
        "problems": list(visit.problems),
        "requests": _requests(plan, visit, generic),
    }


def _plan_lines(plan: Plan, visit: Visit, generic: Platform) -> Iterator[str]:
    asset = visit.host.asset
    platform = visit.platform.name if visit.platform else "platform found by its sysObjectID"
    limits = plan.paces.get(asset.safety)
    pace = f", at most {limits.device_per_s:g} requests/s" if limits else ""
    yield f"{asset.id} ({asset.address}): {platform}, {asset.safety}{pace}"
    if visit.verdict:
        yield f"  not asked: {visit.verdict.result}: {visit.verdict.reason or 'as planned'}"
        return
    for problem in visit.problems:
        yield f"  note: {problem}"
    for request in _requests(plan, visit, generic):
        yield f"  {request}"


def is_watched() -> bool:
    """Tell whether somebody reads along, or asked to be told: cron hears of what is new or worse only."""
    invocation = click.get_current_context().find_object(Invocation)
    return sys.stdout.isatty() or sys.stderr.isatty() or bool(invocation and invocation.verbosity)


def tell_recap(done: Done) -> None:
    """Print the recap to a person; where nobody watches, only what is new or worse."""
    if is_watched():
        click.echo("PLANTPROOF RECAP " + "*" * 40)
        for line in recap(done.kept):
            click.echo(line)
        click.echo(f"{done.requests} requests; " + (done.checkpoint.pin if done.checkpoint else "not sealed"))
        return
    before = {asset: memory.result for asset, memory in done.before.items()}
    for line in news(done.kept, before):
        say("news", line)


def tell_bugs(bugs: Sequence[str]) -> None:
    """Own up to what nobody expected: the last line of each traceback, with `-v` all of it."""
    invocation = click.get_current_context().find_object(Invocation) or Invocation()
    for text in bugs:
        invocation.say("bug", harmless(text if invocation.verbosity else text.rstrip().rpartition("\n")[2]))
    if not invocation.verbosity:
        say("news", "The rest is sealed. Please report it; -v shows where it happened.")


def tell_json(done: Done) -> None:
    """Print the run for a machine."""
    assets = [
        {
            "asset": asset,
            "result": kept.outcome.result,
            "reason": kept.outcome.reason,
            "captures": kept.captures,
            "redactions": kept.redactions,
        }
        for asset, kept in sorted(done.kept.items())
    ]
    checkpoint = done.checkpoint
    log = {"origin": checkpoint.origin, "size": checkpoint.size, "root": checkpoint.root} if checkpoint else None
    click.echo(json_text({"schema": SCHEMA, "assets": assets, "requests": done.requests, "log": log}))
