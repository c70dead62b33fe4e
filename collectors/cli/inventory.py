"""`plantproof inventory`: the assets as they are read, and what is missing to ask them."""

from typing import Any

import click

from collectors.cli.options import opening_options
from evidence.cli.options import platforms_option, verbosity_option


@click.command()
@click.option("-i", "--inventory", multiple=True, metavar="SOURCE", help="Ansible inventory: file, folder or `a,b,`.")
@click.option("-l", "--limit", metavar="PATTERN", help="Only these hosts: `web:&dc1:!x`.")
@click.option("-e", "--extra-vars", multiple=True, metavar="VARS", help="More variables: `k=v`, JSON or @file.")
@click.option("-u", "--user", metavar="NAME", help="Log in as this user where the inventory names none.")
@opening_options
@click.option(
    "-c", "--config", type=click.Path(dir_okay=False), envvar="PLANTPROOF_CONFIG", metavar="FILE", help="Site file."
)
@click.option("--graph", is_flag=True, help="Print groups and hosts as a tree.")
@click.option("--list-hosts", is_flag=True, help="Print the names of the hosts only.")
@click.option(
    "--format", "output_format", type=click.Choice(["table", "json"]), default="table", help="For machines: json."
)
@platforms_option
@verbosity_option
def command(
    inventory: tuple[str, ...],
    limit: str | None,
    extra_vars: tuple[str, ...],
    user: str | None,
    config: str | None,
    graph: bool,
    list_hosts: bool,
    output_format: str,
    platforms_folder: str | None,
    **said: Any,
) -> None:
    """
    Show the assets as read from the inventory.

    For each asset: where it is asked, with which platform and transports, and what is missing. Nothing is sent, and
    no secret is shown. Static YAML, JSON and INI are read directly, everything else through ansible-inventory.
    """
    import os
    from pathlib import Path

    from collectors.cli.opening import opening
    from collectors.cli.site import load_site
    from collectors.cli.tell_inventory import tell_assets, tell_graph, tell_hosts
    from collectors.inventory.read import read_inventory
    from evidence.harmless import one_line

    site = load_site(config)
    opened = opening(os.environ, credentials=site.credentials, **said)
    sources = inventory or site.inventory
    found = read_inventory(sources, limit=limit, extra_vars=extra_vars, environ=os.environ, user=user, opening=opened)
    for warning in found.warnings:
        click.echo(f"warning: {one_line(warning)}", err=True)
    if list_hosts:
        lines = tell_hosts(found)
    elif graph:
        lines = tell_graph(found)
    else:
        from evidence.platforms.load import load_platforms

        if platforms_folder == "none":
            knowledge = load_platforms(only=())
        else:
            knowledge = load_platforms(Path(platforms_folder) if platforms_folder else None)
        lines = tell_assets(found, knowledge, json_output=output_format == "json")
    for line in lines:
        click.echo(line)
