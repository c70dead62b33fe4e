"""`plantproof release`: let an asset, or a zone, be asked again."""

import click

from evidence.cli.options import STORE_HELP, STORE_METAVAR, verbosity_option


@click.command()
@click.argument("asset", required=False)
@click.option("--zone", metavar="ZONE", help="End the hold of this zone (`all`: the hold of everything) instead.")
@click.option("--reason", required=True, help="Why; kept with the asset's memory.")
@click.option(
    "-c", "--config", type=click.Path(dir_okay=False), envvar="PLANTPROOF_CONFIG", metavar="FILE", help="Site file."
)
@click.option("--store", envvar="PLANTPROOF_STORE", metavar=STORE_METAVAR, help=STORE_HELP)
@verbosity_option
def command(asset: str | None, zone: str | None, reason: str, config: str | None, store: str | None) -> None:
    """Lift the quarantine of ASSET, or the hold of a zone."""
    from collectors.cli.site import load_site, open_evidence
    from collectors.cli.system import SystemClock
    from collectors.hold import held, write_hold
    from collectors.run import release
    from evidence.errors import Error
    from evidence.model.names import AssetId
    from evidence.store.layout import HOLD_FOLDER

    if (asset is None) == (zone is None):
        raise click.UsageError("name an asset, or a zone with --zone")
    site = load_site(config, store=store)
    clock = SystemClock()
    now = clock.now()
    opened = open_evidence(site, clock)
    if zone is not None:
        write_hold(opened.store, zone, until=now, reason=f"released: {reason}")
        still = held(opened.store, zone, now)
        if still:
            raise Error(f"{still}, which is not this command's to lift", hint=f"see {HOLD_FOLDER} in the store")
        click.echo(f"zone {zone} is released")
    elif asset is not None:
        was = release(opened, AssetId(asset), reason=reason)
        click.echo(f"{asset} is released; it {'was: ' + was if was else 'was in no quarantine'}")
