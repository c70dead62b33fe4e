"""`plantproof why`: the last tries to read an asset."""

import click

from evidence.cli.options import open_here, store_option, verbosity_option


@click.command()
@click.argument("asset")
@click.option("-n", "--last", default=5, type=click.IntRange(1, 1000), help="How many tries to show.")
@store_option
@verbosity_option
def command(asset: str, last: int, store: str) -> None:
    """Show the last tries to read ASSET, what came of each, and why it failed."""
    from evidence.errors import Error
    from evidence.harmless import one_line
    from evidence.log.history import History

    tries = [
        (part.started, outcome, sum(1 for capture in part.captures if capture.asset == asset))
        for _, part in History.read(open_here(store)).parts()
        for outcome in part.outcomes
        if outcome.asset == asset
    ]
    if not tries:
        raise Error(f"{asset}: no try to read it is in the log", hint="`plantproof inventory` lists the assets")
    for started, outcome, captures in tries[-last:]:
        reason = f": {one_line(outcome.reason)}" if outcome.reason else ""
        click.echo(f"{started}  {outcome.result:<15}  {captures:>3} captures{reason}")
