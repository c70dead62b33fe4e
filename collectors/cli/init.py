"""`plantproof init`: a new site in an empty place."""

from pathlib import Path

import click

from evidence.cli.options import STORE_METAVAR, now, verbosity_option


@click.command()
@click.argument("directory", metavar="[DIR]", default=".", type=click.Path(file_okay=False, path_type=Path))
@click.option("--owner", default="default", metavar="NAME", help="Whose plant it is.")
@click.option("--domain", default="plantproof.invalid", metavar="DOMAIN", help="A domain of whoever collects.")
@click.option("--store", metavar=STORE_METAVAR, help="Where the evidence goes [DIR/plantproof-store].")
@click.option("--schema", is_flag=True, help="Print the JSON Schema of plantproof.yml for an editor, and stop.")
@verbosity_option
def command(directory: Path, owner: str, domain: str, store: str | None, schema: bool) -> None:
    """
    Make a site in DIR: site file, example inventory, keys and an empty store.

    A bucket must exist; what it honours is printed.

    Nothing that exists is written over. A log keeps the owner and domain it was made with for good, so name them
    now.
    """
    if schema:
        import json

        from collectors.settings import site_file_schema

        click.echo(json.dumps(site_file_schema(), indent=2))
        return
    import os

    from collectors.cli.starter import make_site
    from evidence.store.remote import Remote, endpoint_in

    remote = Remote(endpoint=endpoint_in(os.environ), now=now)
    for line in make_site(directory, owner=owner, domain=domain, at=now(), bucket=store, remote=remote):
        click.echo(line)
