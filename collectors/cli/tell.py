"""How a plan and a run are told to a person, to a machine, and to nobody."""

import json
import sys

import click

from collectors.pace import PACES
from collectors.plan import Plan
from collectors.recap import news, recap
from collectors.run import Done
from evidence.cli.invocation import Invocation
from evidence.cli.output import harmless, one_line
from evidence.model.asset import Safety
from evidence.platforms.platform import Platform

SCHEMA = "urn:plantproof:collect:v1"
"""Version of what `--format json` prints."""


def tell_plan(plan: Plan, generic: Platform, *, json_output: bool) -> None:
    """Print every request the plan may make."""
    rows = []
    for visit in sorted(plan.visits, key=lambda one: one.asset):
        actions = () if visit.verdict else tuple(plan.actions(visit, generic))
        rows.append(
            {
                "asset": visit.asset,
                "address": visit.host.asset.address,
                "platform": visit.platform.name if visit.platform else None,
                "safety": visit.host.asset.safety,
                "result": visit.verdict.result if visit.verdict else None,
                "reason": visit.verdict.reason if visit.verdict else "; ".join(visit.problems) or None,
                "requests": [f"{transport} {request}" for transport, request in actions],
            }
        )
    if json_output:
        click.echo(json.dumps({"schema": SCHEMA, "plan": rows}, ensure_ascii=False, indent=1))
        return
    for row in rows:
        safety = Safety(str(row["safety"]))
        pace = f", at most {PACES[safety].device_per_s:g} requests/s" if safety in PACES else ""
        platform = row["platform"] or "platform found by its sysObjectID"
        click.echo(one_line(f"{row['asset']} ({row['address']}): {platform}, {safety}{pace}"))
        if row["result"] or row["reason"]:
            click.echo(one_line(f"  {row['result'] or 'note'}: {row['reason']}"))
        for request in row["requests"]:  # type: ignore[attr-defined]
            click.echo(one_line(f"  {request}"))


def tell_recap(done: Done) -> None:
    """Print the recap to a person; where nobody watches, only what is new or worse."""
    invocation = click.get_current_context().find_object(Invocation)
    if sys.stdout.isatty() or sys.stderr.isatty() or (invocation and invocation.verbosity):
        click.echo("PLANTPROOF RECAP " + "*" * 40)
        for line in recap(done.kept):
            click.echo(harmless(line))
        click.echo(f"{done.requests} requests; " + (done.checkpoint.pin if done.checkpoint else "not sealed"))
        return
    before = {asset: memory.result for asset, memory in done.before.items()}
    for line in news(done.kept, before):
        click.echo(one_line(line), err=True)


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
    text = {"schema": SCHEMA, "assets": assets, "requests": done.requests, "log": log}
    click.echo(json.dumps(text, ensure_ascii=False, indent=1))
