"""`plantproof init`: a new site in an empty place."""

from pathlib import Path

import click

from evidence.cli.options import now, verbosity_option


@click.command()
@click.argument("directory", metavar="[DIR]", default=".", type=click.Path(file_okay=False, path_type=Path))
@click.option("--owner", default="default", metavar="NAME", help="Whose plant it is.")
@click.option("--domain", default="plantproof.invalid", metavar="DOMAIN", help="A domain of whoever collects.")
@click.option("--schema", is_flag=True, help="Print the JSON Schema of plantproof.yml for an editor, and stop.")
@verbosity_option
def command(directory: Path, owner: str, domain: str, schema: bool) -> None:
    """
    Make a site in DIR: site file, example inventory, keys and an empty store.

    Nothing that exists is written over. A log keeps the owner and domain it was made with for good, so name them
    now.
    """
    if schema:
        import json

        from collectors.settings import site_file_schema

        click.echo(json.dumps(site_file_schema(), indent=2))
        return
    from collectors.cli.starter import make_site

    for line in make_site(directory, owner=owner, domain=domain, at=now()):
        click.echo(line)
