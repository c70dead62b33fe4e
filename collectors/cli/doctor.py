"""`plantproof doctor`: is this installation fit to collect evidence."""

from typing import Any

import click

from collectors.cli.options import opening_options
from evidence.cli.options import STORE_HELP, STORE_METAVAR, verbosity_option


@click.command()
@click.option("-i", "--inventory", multiple=True, metavar="SOURCE", help="Also look at this inventory.")
@click.option("-l", "--limit", metavar="PATTERN", help="With -i: knock at these hosts' doors, without logging in.")
@opening_options
@click.option(
    "-c", "--config", type=click.Path(dir_okay=False), envvar="PLANTPROOF_CONFIG", metavar="FILE", help="Site file."
)
@click.option("--store", envvar="PLANTPROOF_STORE", metavar=STORE_METAVAR, help=STORE_HELP)
@click.option("--format", "output_format", type=click.Choice(["table", "json"]), default="table")
@verbosity_option
def command(
    inventory: tuple[str, ...],
    limit: str | None,
    config: str | None,
    store: str | None,
    output_format: str,
    **said: Any,
) -> int:
    """
    Examine this installation, its keys, clock, disk, store and inventory, and say what to do about what is wrong.

    With -i and -l it also knocks at the doors of the hosts selected, inside their windows, at their pace, and without
    logging in: name, port, host key, certificate, one SNMP value. Ends with 1 when something is ill.
    """

    from collectors.checkup import Health
    from collectors.cli.examine import examine
    from evidence.cli.output import json_text, table

    if limit and not inventory:
        raise click.UsageError("-l says at whose doors to knock: name the inventory, too, with -i")
    findings = list(examine(inventory, config, store, limit, said))
    if output_format == "json":
        rows = [{"what": one.what, "health": one.health, "said": one.said, "advice": one.advice} for one in findings]
        click.echo(json_text({"schema": "urn:plantproof:doctor:v1", "findings": rows}))
    else:
        rows_ = [(one.health, one.what, one.said + (f" — {one.advice}" if one.advice else "")) for one in findings]
        click.echo("\n".join(table(("", "WHAT", "SAID"), rows_)))
    return 1 if any(one.health is Health.ILL for one in findings) else 0
