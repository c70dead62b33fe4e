"""`facts`: what is known of assets, and how old it is."""

import sys
from collections.abc import Iterator
from datetime import datetime
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import TYPE_CHECKING

import click

from evidence.cli.options import as_of_option, now, platforms_option, store_option, verbosity_option
from evidence.cli.output import age_text, json_line, table
from evidence.harmless import csv_line, one_line

if TYPE_CHECKING:
    from evidence.model.fact import Fact

Row = dict[str, object]

_COLUMNS = ("asset", "fact", "row", "value", "at", "age_s", "ttl_s", "platform", "source", "from")


@click.command()
@click.argument("assets", nargs=-1, metavar="[ASSET]...")
@store_option
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "jsonl", "json", "csv"]),
    default="table",
    show_default=True,
    help="jsonl is one object a line.",
)
@click.option("--fact", "patterns", multiple=True, metavar="GLOB", help="Only facts of this name: 'firmware.*'.")
@as_of_option
@platforms_option
@verbosity_option
def command(
    assets: tuple[str, ...],
    store: str,
    form: str,
    patterns: tuple[str, ...],
    as_of: datetime | None,
    platforms_folder: str | None,
) -> None:
    """
    Print what is known of assets, and how old it is.

    Every fact names the artefact it was read from; `store get DIGEST` prints that. A fact older than its time to live
    is marked stale in the table.
    """
    from evidence.cli.reading import open_platforms, open_snapshots

    at = as_of or now()
    snapshots = open_snapshots(store, as_of)
    platforms = open_platforms(platforms_folder)
    chosen = tuple(snapshots.choose(assets))
    rows = (
        _row(fact, at)
        for asset in chosen
        for fact in snapshots.facts(asset, platforms)
        if not patterns or any(fnmatchcase(fact.name, pattern) for pattern in patterns)
    )
    sys.stdout.writelines(f"{line}\n" for line in _WRITERS[form](rows))
    for asset in chosen:
        for question, gone in snapshots.erased(asset).items():
            click.echo(one_line(f"{asset}: its answer to {question} was {gone.erasure}"), err=True)


@lru_cache(maxsize=1024)
def _age_s(then: str, at: datetime) -> int:
    from evidence.clock import parse_rfc3339

    return int((at - parse_rfc3339(then)).total_seconds())


def _row(fact: "Fact", at: datetime) -> Row:
    row: Row = {
        "asset": fact.asset,
        "fact": fact.name,
        "value": fact.value,
        "at": fact.at,
        "age_s": _age_s(fact.at, at),
        "ttl_s": fact.ttl_s,
        "platform": fact.platform,
        "source": fact.source,
        "from": fact.origin,
    }
    if fact.row is not None:
        row["row"] = fact.row
    if fact.untested:
        row["untested"] = True
    return row


def _jsonl(rows: Iterator[Row]) -> Iterator[str]:
    return map(json_line, rows)


def _json(rows: Iterator[Row]) -> Iterator[str]:
    """Yield one document, an asset's fact a line, so that it can be read while it is written."""
    yield '{"schema": "plantproof.facts/1", "facts": ['
    held: str | None = None
    for row in rows:
        if held is not None:
            yield f"{held},"
        held = json_line(row)
    if held is not None:
        yield held
    yield "]}"


def _csv(rows: Iterator[Row]) -> Iterator[str]:
    yield csv_line(_COLUMNS)
    for row in rows:
        yield csv_line(row.get(column) for column in _COLUMNS)


def _table(rows: Iterator[Row]) -> Iterator[str]:
    def cells(row: Row) -> tuple[object, ...]:
        age, ttl = int(str(row["age_s"])), int(str(row["ttl_s"]))
        stale = " stale" if age > ttl else ""
        name = f"{row['fact']}[{row['row']}]" if "row" in row else row["fact"]
        return row["asset"], name, f"{age_text(age)}{stale}", row["value"]

    body = [cells(row) for row in rows]
    return iter(table(("ASSET", "FACT", "AGE", "VALUE"), body)) if body else iter(())


_WRITERS = {"table": _table, "jsonl": _jsonl, "json": _json, "csv": _csv}
