"""`plantproof demo`: the whole way of an answer, on a simulated plant and on this machine."""

from pathlib import Path

import click

from evidence.cli.options import verbosity_option


@click.command()
@click.option(
    "--dir", "folder", default="demo-plant", type=click.Path(file_okay=False, path_type=Path), help="Where it is kept."
)
@verbosity_option
def command(folder: Path) -> None:
    """
    Start a simulated plant on loopback, collect from it and from this machine twice, verify, and write the report.

    Every step is an ordinary command of this program and is shown before it runs. Needs no root, and reaches nothing
    beyond this machine.
    """
    from collectors.demo.story import tell
    from evidence.cli.options import now

    report, page = tell(folder, now=now(), say=click.echo)
    click.echo(f"\nThe report: {report}\nThe owner's page: {page}")
