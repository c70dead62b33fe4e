"""`plantproof seal`: commit every part that waits, and say what is missing."""

from typing import Any

import click

from collectors.cli.options import opening_options
from evidence.cli.options import STORE_HELP, STORE_METAVAR, verbosity_option


@click.command()
@click.option(
    "-c", "--config", type=click.Path(dir_okay=False), envvar="PLANTPROOF_CONFIG", metavar="FILE", help="Site file."
)
@click.option("--store", envvar="PLANTPROOF_STORE", metavar=STORE_METAVAR, help=STORE_HELP)
@click.option("--slot", metavar="SLOT", help="The slot to close: a job's name, or nightly-20260722T0200Z.")
@click.option("-i", "--inventory", multiple=True, metavar="SOURCE", help="The whole inventory, where parts saw shares.")
@opening_options
@click.option(
    "--format", "output_format", type=click.Choice(["table", "json"]), default="table", help="For machines: json."
)
@verbosity_option
def command(
    config: str | None,
    store: str | None,
    slot: str | None,
    inventory: tuple[str, ...],
    output_format: str,
    **said: Any,
) -> int:
    """
    Check every statement that is not in the log yet, and commit them with a new checkpoint.

    Of --slot, or of every planned slot that was sealed now, it names the parts that are absent or unfinished, and the
    planned assets without an outcome; it then ends with 1, and what is there is sealed all the same. With -i the
    plan is stated anew where it is not of these assets.
    """
    from collectors.cli.closing import run_seal

    return run_seal(
        config=config, store=store, slot=slot, sources=inventory, said=said, json_output=output_format == "json"
    )
