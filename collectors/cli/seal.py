"""`plantproof seal`: commit every part that waits."""

import click

from evidence.cli.options import verbosity_option


@click.command()
@click.option("-c", "--config", type=click.Path(dir_okay=False), metavar="FILE", help="Site file.")
@click.option("--store", envvar="PLANTPROOF_STORE", metavar="DIR", help="Where the evidence is: a directory.")
@verbosity_option
def command(config: str | None, store: str | None) -> None:
    """Check every statement that is not in the log yet, and commit them with a new checkpoint."""
    from collectors.cli.site import load_site
    from collectors.cli.system import SystemClock
    from collectors.site import open_site
    from evidence.log.seal import seal

    site, now = load_site(config, store=store), SystemClock().now()
    opened = open_site(site.store, site.keys, owner=site.owner, domain=site.domain, at=now)
    checkpoint = seal(opened.store, opened.keyring, at=now)
    click.echo(checkpoint.pin if checkpoint else "nothing to seal")
