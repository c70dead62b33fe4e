"""`plantproof hold`: stop polling a zone."""

from datetime import datetime

import click

from evidence.cli.options import Moment, now, open_here, store_option, verbosity_option


@click.command()
@click.argument("zone")
@click.option("--until", type=Moment(), metavar="DATE", help="When the hold ends by itself; default: never.")
@click.option("--reason", help="Why; shown with every asset that is left alone.")
@store_option
@verbosity_option
def command(zone: str, until: datetime | None, reason: str | None, store: str) -> None:
    """
    Stop polling ZONE (`all` is every zone) before the next request leaves, running collectors included.

    The hold is a plain file in the store; `plantproof release --zone ZONE --reason …`, or deleting the file, ends it.
    """
    from collectors.hold import write_hold

    if until is not None and until <= now():
        raise click.BadParameter(f"it lies in the past: {until:%Y-%m-%dT%H:%M:%SZ}", param_hint="--until")
    key = write_hold(open_here(store), zone, until=until, reason=reason)
    click.echo(f"zone {zone} is on hold ({key})")
