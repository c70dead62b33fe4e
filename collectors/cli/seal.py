"""`plantproof seal`: commit every part that waits."""

import click

from evidence.cli.options import verbosity_option


@click.command()
@click.option("-c", "--config", type=click.Path(dir_okay=False), metavar="FILE", help="Site file.")
@click.option("--store", envvar="PLANTPROOF_STORE", metavar="DIR", help="Where the evidence is: a directory.")
@verbosity_option
def command(config: str | None, store: str | None) -> None:
    """Check every statement that is not in the log yet, and commit them with a new checkpoint."""
    from collectors.cli.site import load_site, open_site
    from collectors.cli.system import SystemClock
    from evidence.log.seal import seal

    opened = open_site(load_site(config, store=store), SystemClock().now())
    checkpoint = seal(opened.store, opened.keyring, at=SystemClock().now())
    if checkpoint is None:
        click.echo("nothing to seal")
    else:
        click.echo(f"{checkpoint.origin} {checkpoint.size} {checkpoint.root_text}")
