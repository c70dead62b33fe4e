"""`report`: what the log shows, for people to read and file."""

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from evidence.cli.exits import ExitCode
from evidence.cli.invocation import say
from evidence.cli.options import (
    as_of_option,
    moment_text,
    now,
    open_here,
    platforms_option,
    store_option,
    verbosity_option,
    write_whole,
)
from evidence.errors import Error

if TYPE_CHECKING:
    from evidence.store.interface import Store
    from evidence.verify.result import Report


@click.command()
@store_option
@click.option(
    "--audience",
    type=click.Choice(["auditor", "owner"]),
    default="auditor",
    show_default=True,
    help="Everything for an auditor, or one page a site for the owner.",
)
@click.option("--format", "form", type=click.Choice(["html", "json"]), default="html", show_default=True, help="Form.")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="Where it is written; - is standard output. Default: report.html or owner.html.",
)
@as_of_option
@click.option("--pin", "pins", multiple=True, metavar="P", help="A pin: `origin size root`, or a file that holds one.")
@click.option("--key", type=click.Path(dir_okay=False), metavar="ROOT.pub", help="The owner's root public key.")
@platforms_option
@verbosity_option
def command(
    store: str,
    audience: str,
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
    failed, and the command then ends with 16. Its origin, size and root make a filed report a pin. The owner's is one
    page a site: what to decide, better or worse, the last real restore, who got in.
    """
    from evidence.cli.reading import open_knowledge
    from evidence.cli.verify import read_pin, root_key
    from evidence.verify.verifier import verify

    trusted = root_key(store, key)
    opened = open_here(store)
    verification = verify(
        opened,
        trusted_root=trusted,
        pins=[read_pin(pin) for pin in pins],
        as_of=as_of or now(),
        knowledge=lambda: open_knowledge(platforms_folder),
    )
    try:
        if audience == "owner":
            text, told = _owner(opened, store, verification, form, as_of, platforms_folder)
        else:
            root = trusted.id if trusted else None
            text, told = _auditor(opened, store, verification, form, as_of, platforms_folder, root)
    except Error as error:
        if not verification.failed:
            raise
        say("news", f"no report: the evidence does not verify, and cannot be read: {error}")
        return ExitCode.UNVERIFIED
    _write(output or f"{'report' if audience == 'auditor' else 'owner'}.{form}", text, told, verification, quiet)
    return ExitCode.UNVERIFIED if verification.failed else ExitCode.DONE


def _write(target: str, text: str, told: str, verification: "Report", quiet: bool) -> None:
    """Write the report, and a line about it."""
    if target == "-":
        sys.stdout.buffer.write(text.encode("utf-8", "replace"))
        return
    write_whole(Path(target), text.encode("utf-8", "replace"))
    if verification.failed:
        named = ", ".join(f"step {step.number} {step.name}" for step in verification.failed)
        say("news", f"{target}: verification FAILED at {named}")
    elif not quiet:
        say("news", f"{target}: {told}")


def _auditor(
    opened: "Store",
    store: str,
    verification: "Report",
    form: str,
    as_of: datetime | None,
    platforms_folder: str | None,
    root: str | None,
) -> tuple[str, str]:
    """Return the auditor's report, and a line about it."""
    from importlib.metadata import version

    from evidence.cli.reading import open_platforms, open_snapshots
    from evidence.controls.load import load_catalogue
    from evidence.report.compose import compose
    from evidence.report.judged import judgement_of
    from evidence.report.render import render_html, render_json

    snapshots = open_snapshots(store, as_of)
    document = compose(
        snapshots,
        verification,
        open_platforms(platforms_folder),
        at=as_of or now(),
        store=store,
        tool=version("plantproof"),
        root_key=root,
        judgement=judgement_of(opened, snapshots.history, load_catalogue(), as_of=moment_text(as_of)),
    )
    text = render_html(document) if form == "html" else render_json(document)
    return text, f"{len(document.sheets)} assets; pin: {document.pin}"


def _owner(
    opened: "Store",
    store: str,
    verification: "Report",
    form: str,
    as_of: datetime | None,
    platforms_folder: str | None,
) -> tuple[str, str]:
    """Return the owner's pages, and a line about them."""
    from evidence.assess.recorded import newest_two
    from evidence.cli.findings import NothingJudgedError
    from evidence.cli.reading import open_knowledge
    from evidence.log.history import History
    from evidence.report.owner import owner_report
    from evidence.report.render import render_owner_html, render_owner_json

    history = History.read(opened)
    newest, before = newest_two(opened, history, as_of=moment_text(as_of))
    if newest is None:
        raise NothingJudgedError(f"{store}: nothing was judged, so there is nothing to tell its owner")
    report = owner_report(
        opened, history, newest, before, open_knowledge(platforms_folder), verified=not verification.failed
    )
    text = render_owner_html(report) if form == "html" else render_owner_json(report)
    return text, f"{len(report.pages)} pages; pin: {report.pin}"
