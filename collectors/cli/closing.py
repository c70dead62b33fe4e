"""What `plantproof seal` does with what was said: seal, look what is missing, tell."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import click

from collectors.cli.opening import opening
from collectors.cli.site import load_site, open_evidence
from collectors.cli.system import SystemClock
from collectors.closing import ClosedSlot, close, newly_sealed
from collectors.inventory.read import read_assets
from collectors.sealing import seal_site
from collectors.settings import Settings
from collectors.site import OpenSite, newest_checkpoint, plan_in_force
from collectors.slots import filled_slot
from evidence.cli.exits import ExitCode
from evidence.cli.output import json_text
from evidence.harmless import one_line
from evidence.log.history import History
from evidence.verify.run_steps import AD_HOC

SCHEMA = "urn:plantproof:seal:v1"
"""Version of what `--format json` prints."""

NAMED = 20
"""Assets named on one line; JSON names all."""


def run_seal(
    *,
    config: str | None,
    store: str | None,
    slot: str | None,
    sources: Sequence[str],
    said: Mapping[str, Any],
    json_output: bool,
) -> int:
    """Carry out the command; `said` is what opens the inventory. Return the exit code."""
    site, clock = load_site(config, store=store), SystemClock()
    now = clock.now()
    wanted = filled_slot(slot, site.jobs, now).name if slot else None
    opened = open_evidence(site, clock)
    planned = _state_plan(opened, site, sources, said, now, wanted) if sources else None
    before = newest_checkpoint(opened)
    checkpoint = seal_site(opened, at=now)
    history = History.read(opened.store)
    if wanted:
        slots = {wanted}
    else:
        new = newly_sealed(history, before.size if before else 0)
        slots = {one for one in new if not one.startswith(AD_HOC)}
    closed = list(close(history, slots, planned))
    if json_output:
        log = {"origin": checkpoint.origin, "size": checkpoint.size, "root": checkpoint.root}
        rows = [{**asdict(one), "whole": one.whole} for one in closed]
        click.echo(json_text({"schema": SCHEMA, "log": log, "slots": rows}))
    else:
        for line in (line for one in closed for line in _lines(one)):
            click.echo(one_line(line))
        click.echo(checkpoint.pin)
    return ExitCode.DONE if all(one.whole for one in closed) else ExitCode.FAILED


def _state_plan(
    opened: OpenSite,
    site: Settings,
    sources: Sequence[str],
    said: Mapping[str, Any],
    at: datetime,
    filling: str | None,
) -> frozenset[str]:
    """Make the plan that of the whole inventory, and return its assets."""
    assets = read_assets(sources, environ=os.environ, opening=opening(os.environ, **said))
    plan_in_force(opened, lambda: assets, at=at, jobs=site.jobs, filling=filling)
    return frozenset(str(asset.id) for asset in assets)


def _lines(one: ClosedSlot) -> Iterator[str]:
    there = ", ".join(one.parts) or "none"
    if one.whole:
        yield f"{one.slot}: whole: parts {there}; {one.planned} assets"
        return
    yield f"{one.slot}: parts that are there: {there}"
    if one.absent:
        yield f"{one.slot}: absent parts: {', '.join(one.absent)}"
    if one.unfinished:
        yield f"{one.slot}: unfinished parts: {', '.join(one.unfinished)}"
    if one.without:
        more = f" and {len(one.without) - NAMED} more" if len(one.without) > NAMED else ""
        yield f"{one.slot}: no outcome of {', '.join(one.without[:NAMED])}{more}"
