"""The visit sheet on paper and for machines: `collect --check --format html|json`."""

from dataclasses import asdict

import click

from collectors.cli.tell import SCHEMA, plan_row
from collectors.plan import Plan
from collectors.visit_sheet import Turn, VisitSheet
from evidence.cli.output import json_text
from evidence.platforms.platform import Platform
from evidence.report.render import page_environment


def tell_page(sheet: VisitSheet) -> None:
    """Print the sheet as one HTML page that needs no script and no network."""
    click.echo(page_environment("collectors").get_template("visits.html").render(sheet=sheet))


def tell_rows(plan: Plan, generic: Platform, sheet: VisitSheet) -> None:
    """Print the plan as it would be carried out now, and what is expected of each visit."""
    turns = {turn.asset.id: turn for turn in sheet.turns}
    visits = sorted(plan.visits, key=lambda one: one.asset)
    rows = [plan_row(plan, visit, generic) | _expected(turns[visit.asset]) for visit in visits]
    jobs = [{"job": name, "due": due, "tags": tags} for name, due, tags in sheet.jobs]
    zones = [asdict(zone) for zone in sheet.zones]
    total = {"requests": sheet.requests, "seconds": round(sheet.seconds, 1), "at_least": sheet.at_least}
    click.echo(json_text({"schema": SCHEMA, "plan": rows, "zones": zones, "jobs": jobs, "expected": total}))


def _expected(turn: Turn) -> dict[str, object]:
    return {
        "site": turn.asset.site,
        "zone": turn.zone,
        "ways": [asdict(way) for way in turn.ways],
        "expected": {
            "requests": turn.requests,
            "seconds": round(turn.seconds, 1),
            "bytes": turn.bytes,
            "at_least": turn.at_least,
            "as_on": turn.as_on,
        },
        "powered": turn.asset.powered,
        "blackouts": list(turn.blackouts),
    }
