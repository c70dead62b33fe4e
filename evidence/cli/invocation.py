"""What is known of one call of a program while it runs."""

from collections.abc import Callable
from dataclasses import dataclass, field

import click

from evidence.harmless import one_line


def plainly(level: str, text: str) -> None:
    """Say something on standard error: `error: …`, `warning: …`; news stands for itself."""
    click.echo(text if level == "news" else f"{level}: {text}", err=True)


@dataclass(slots=True, kw_only=True)
class Invocation:
    """What is known of one call of a program while it runs; `ctx.obj` of every command."""

    verbosity: int = 0
    """How many `-v` were given."""
    say: Callable[[str, str], None] = field(default=plainly)
    """Says (level, text) on standard error: in words, or as the command's log wants it."""
    site_store: Callable[[str | None], str | None] = field(default=lambda _config: None)
    """Returns the site file's store, given `--config`; the auditor's program has no site file."""


def say(level: str, text: str) -> None:
    """Say something on standard error, on one line, as the command's log wants it."""
    invocation = click.get_current_context().find_object(Invocation) or Invocation()
    invocation.say(level, one_line(text))
