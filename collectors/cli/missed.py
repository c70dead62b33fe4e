"""`plantproof missed`: say why a slot was not read."""

import click

from evidence.cli.options import STORE_HELP, STORE_METAVAR, verbosity_option


@click.command()
@click.argument("slot")
@click.option("--reason", required=True, help="Why; it is signed, and stands in the log and the report.")
@click.option("--asset", "assets", multiple=True, metavar="ASSET", help="Only of this asset; default: all of them.")
@click.option(
    "-c", "--config", type=click.Path(dir_okay=False), envvar="PLANTPROOF_CONFIG", metavar="FILE", help="Site file."
)
@click.option("--store", envvar="PLANTPROOF_STORE", metavar=STORE_METAVAR, help=STORE_HELP)
@verbosity_option
def command(slot: str, reason: str, assets: tuple[str, ...], config: str | None, store: str | None) -> None:
    """
    State why nothing was read in SLOT (nightly-20260722T0200Z), signed by whoever plans.

    It explains a gap and closes none: what was missed stays not assessed. It may be said in advance. The next seal
    commits it.
    """
    from collectors.cli.site import load_site, open_evidence
    from collectors.cli.system import SystemClock
    from collectors.missing import state_missed

    site, clock = load_site(config, store=store), SystemClock()
    now = clock.now()
    opened = open_evidence(site, clock)
    due = state_missed(opened, slot, reason=reason, assets=assets, at=now)
    click.echo(f"{slot}: {len(assets) or len(due.assets)} assets: {reason} (the next seal commits it)")
