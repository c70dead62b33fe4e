"""`report`: what the log shows, for people to read and file."""

import sys
from datetime import datetime
from pathlib import Path

import click

from evidence.cli.exits import ExitCode
from evidence.cli.options import (
    as_of_option,
    now,
    open_here,
    platforms_option,
    store_option,
    verbosity_option,
    write_whole,
)


@click.command()
@store_option
@click.option("--format", "form", type=click.Choice(["html", "json"]), default="html", show_default=True, help="Form.")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="Where it is written; - is standard output. Default: report.html or report.json.",
)
@as_of_option
@click.option("--pin", "pins", multiple=True, metavar="P", help="A pin: `origin size root`, or a file that holds one.")
@click.option("--key", type=click.Path(dir_okay=False), metavar="ROOT.pub", help="The owner's root public key.")
@platforms_option
@verbosity_option
def command(
    store: str,
    form: str,
    output: str | None,
    as_of: datetime | None,
    pins: tuple[str, ...],
    key: str | None,
    platforms_folder: str | None,
    quiet: bool = False,
) -> int:
    """
    Write the report: one HTML file that needs no network and no script, or JSON.

    The whole log is verified first and the result stands in the report, step by step; it is written even when a step
    failed, and the command then ends with 16. Its origin, size and root make a filed report a pin.
    """
    from importlib.metadata import version

    from evidence.cli.reading import open_platforms, open_snapshots
    from evidence.cli.verify import read_pin, root_key
    from evidence.report.compose import compose
    from evidence.report.render import render_html, render_json
    from evidence.verify.verifier import verify

    trusted = root_key(store, key)
    at = as_of or now()
    verification = verify(open_here(store), trusted_root=trusted, pins=[read_pin(pin) for pin in pins], as_of=at)
    document = compose(
        open_snapshots(store, as_of),
        verification,
        open_platforms(platforms_folder),
        at=at,
        store=store,
        tool=version("plantproof"),
        root_key=trusted.id if trusted else None,
    )
    text = render_html(document) if form == "html" else render_json(document)
    target = output or f"report.{form}"
    if target == "-":
        sys.stdout.buffer.write(text.encode("utf-8", "replace"))
    else:
        write_whole(Path(target), text.encode("utf-8", "replace"))
        if verification.failed:
            named = ", ".join(f"step {step.number} {step.name}" for step in verification.failed)
            click.echo(f"{target}: verification FAILED at {named}", err=True)
        elif not quiet:
            click.echo(f"{target}: {len(document.sheets)} assets; pin: {document.pin}", err=True)
    return ExitCode.UNVERIFIED if verification.failed else ExitCode.DONE
