"""`plantproof why`: the last tries to read an asset."""

import click

from evidence.cli.options import open_here, store_option, verbosity_option

SCHEMA = "urn:plantproof:why:v1"
"""Version of what `--format json` prints."""


@click.command()
@click.argument("asset")
@click.option("-n", "--last", default=5, type=click.IntRange(1, 1000), help="How many tries to show.")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", help="How to print.")
@store_option
@verbosity_option
def command(asset: str, last: int, form: str, store: str) -> None:
    """Show the last tries to read ASSET, what came of each, why it failed, and what to do about the newest."""
    from collectors.advice import advice
    from evidence.cli.output import json_text
    from evidence.errors import Error
    from evidence.harmless import one_line
    from evidence.log.history import History

    tries = [
        (part, outcome, sum(1 for capture in part.captures if capture.asset == asset))
        for _, part in History.read(open_here(store)).parts()
        for outcome in part.outcomes
        if outcome.asset == asset
    ]
    if not tries:
        raise Error(f"{asset}: no try to read it is in the log", hint="`plantproof inventory` lists the assets")
    advised = list(dict.fromkeys(advice(tries[-1][1])))
    if form == "json":
        rows = [
            {
                "run": part.run,
                "slot": part.slot,
                "started": part.started,
                "result": outcome.result,
                "reason": outcome.reason,
                "captures": captures,
            }
            for part, outcome, captures in tries[-last:]
        ]
        click.echo(json_text({"schema": SCHEMA, "asset": asset, "tries": rows, "advice": advised}))
        return
    for part, outcome, captures in tries[-last:]:
        reason = f": {one_line(outcome.reason)}" if outcome.reason else ""
        click.echo(f"{part.started}  {outcome.result:<15}  {captures:>3} captures{reason}")
    for line in advised:
        click.echo(f"what to do: {one_line(line)}")
