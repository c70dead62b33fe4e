"""Options that several of the operator's commands share."""

import click

from evidence.cli.options import AnyCommand


def fail_on_option(command: AnyCommand) -> AnyCommand:
    """Add `--fail-on`."""
    return click.option(
        "--fail-on",
        type=click.Choice(["contradicts", "due", "not-assessed"]),
        help="End with 8 when a finding contradicts; with due also when one is due; with not-assessed at those, too.",
    )(command)
