"""`history`: everything the log holds about an asset."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from evidence.cli.options import open_here, store_option, verbosity_option
from evidence.cli.output import json_line, table

if TYPE_CHECKING:
    from evidence.log.history import Entry, History
    from evidence.log.part import PartStatement

Row = dict[str, object]


@click.command()
@click.argument("asset")
@store_option
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "jsonl"]),
    default="table",
    show_default=True,
    help="jsonl is one object a line.",
)
@click.option("--all", "everything", is_flag=True, help="Answers that did not change, too.")
@verbosity_option
def command(asset: str, store: str, form: str, everything: bool) -> None:
    """
    List every visit to ASSET in log order, and the answers that changed.

    Each line names the statement that says so; `store get DIGEST` prints it.
    """
    from evidence.log.history import History
    from evidence.snapshots import UnknownAssetError

    rows = list(_rows(History.read(open_here(store)), asset, everything))
    if not rows:
        raise UnknownAssetError(f"{asset}: no such asset in this log", hint="`facts` lists the assets it knows")
    if form == "jsonl":
        for row in rows:
            click.echo(json_line(row))
        return
    columns = ("at", "event", "detail", "statement")
    for line in table([c.upper() for c in columns], ([row.get(c) for c in columns] for row in rows)):
        click.echo(line)


def _rows(history: "History", asset: str, everything: bool) -> Iterator[Row]:
    """Yield one row a visit, before it one an answer that is new or different."""
    seen: dict[str, str] = {}
    for entry, part in history.parts():
        yield from _answers(entry, part, asset, seen, everything)
        for outcome in part.outcomes:
            if outcome.asset == asset:
                reason = f": {outcome.reason}" if outcome.reason else ""
                yield {
                    "at": part.ended,
                    "event": "visit",
                    "detail": f"{outcome.result}{reason}",
                    "slot": part.slot,
                    "index": entry.index,
                    "statement": entry.digest,
                }


def _answers(
    entry: "Entry", part: "PartStatement", asset: str, seen: dict[str, str], everything: bool
) -> Iterator[Row]:
    for capture in part.captures:
        if capture.asset != asset:
            continue
        before = seen.get(capture.question)
        seen[capture.question] = capture.blob
        event = "first" if before is None else "unchanged" if before == capture.blob else "changed"
        if event != "unchanged" or everything:
            yield {
                "at": capture.at,
                "event": event,
                "detail": f"{capture.question}: {capture.transport} {capture.request:.80}",
                "source": capture.blob,
                "index": entry.index,
                "statement": entry.digest,
            }
