"""`plantproof owner`: several owners under one roof, each with a site of its own."""

import click

from evidence.cli.options import now, open_here, verbosity_option


@click.group()
def command() -> None:
    """
    Make and list owners: each has its own keys, store, log and redaction key, in a folder of its own.

    Every other command works on one owner at a time: with its site file as --config, in its folder, or, where the
    command has it, with --owner.
    """


@command.command("add")
@click.argument("name")
@click.option("--domain", default="plantproof.invalid", metavar="DOMAIN", help="A domain of whoever collects.")
@verbosity_option
def add(name: str, domain: str) -> None:
    """Make the site of the owner NAME in `owners/`; nothing that exists is written over."""
    from collectors.cli.site import OWNERS
    from collectors.cli.starter import make_site
    from evidence.model.names import slug

    for line in make_site(OWNERS / slug(name), owner=name, domain=domain, at=now()):
        click.echo(line)


@command.command("ls")
@verbosity_option
def list_owners() -> None:
    """List the owners, each with its folder and the pin of its log."""
    from collectors.cli.site import OWNERS, load_site
    from collectors.settings import SITE_FILE
    from evidence.cli.output import table
    from evidence.log.history import History

    found = []
    for file in sorted(OWNERS.glob(f"*/{SITE_FILE}")):
        site = load_site(str(file))
        history = History.read(open_here(site.store))
        found.append(
            (history.owner, str(file.parent), history.checkpoint.pin if history.size else "nothing sealed yet")
        )
    for line in table(("owner", "folder", "pin"), found):
        click.echo(line)
