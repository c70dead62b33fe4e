"""`plantproof register`: registers as sheets, out and in."""

from pathlib import Path

import click

from collectors.cli.declaring import opened_for_reading, sign, signing_options, site_options
from evidence.model.columns import KINDS


@click.group(no_args_is_help=True)
def command() -> None:
    """Write registers as sheets, filled with what is in force and what was seen, and read them back in."""


@command.command("export")
@click.argument("kind", type=click.Choice(KINDS))
@click.option(
    "--output", required=True, type=click.Path(dir_okay=False), metavar="FILE", help="A .csv, .yaml or .yml file."
)
@site_options
def export(kind: str, output: str, config: str | None, store: str | None) -> None:
    """Write a sheet: the entries in force, and a row to be completed for each thing seen that needs one."""
    from importlib.metadata import version

    from collectors.cli.system import SystemClock
    from evidence.assess.assess import assess
    from evidence.assess.knowledge import packaged_knowledge
    from evidence.cli.options import write_whole
    from evidence.model.columns import register_of
    from evidence.registers.propose import rows_of
    from evidence.registers.reading import current, declared
    from evidence.registers.sheet import write_csv, write_yaml

    path = Path(output)
    if path.suffix.lower() not in (".csv", ".yaml", ".yml"):
        raise click.BadParameter("expected a name that ends in .csv, .yaml or .yml", param_hint="--output")
    history = opened_for_reading(config, store)
    register = register_of(kind)
    knowledge = packaged_knowledge(version("plantproof"))
    findings = assess(history.ledger.store, history, knowledge, at=SystemClock().now()).findings
    known = {
        name: one.entry
        for name, one in current(declared(history), register).items()
        if register != "attestation" or one.entry.text("kind") == kind
    }
    rows = list(rows_of(kind, known, findings))
    text = write_csv(kind, rows) if path.suffix.lower() == ".csv" else write_yaml(kind, rows)
    write_whole(path, text.encode())
    click.echo(f"{len(known)} in force, {len(rows) - len(known)} to be completed: {output}")


@command.command("import")
@click.argument("kind", type=click.Choice(KINDS))
@click.argument("file", type=click.Path(dir_okay=False), metavar="FILE")
@click.option("-C", "--check", is_flag=True, help="Show what would be signed, and sign nothing.")
@signing_options
def import_(kind: str, file: str, check: bool, config: str | None, store: str | None, no_seal: bool) -> None:
    """
    Sign every row of a sheet that differs from what is in force.

    A row that is missing ends nothing: what ends is written in the column `ended`, with the reason.
    """
    from evidence.model.columns import register_of
    from evidence.registers.sheet import MAX_SHEET_BYTES, read_sheet

    with Path(file).open("rb") as sheet:
        lines = read_sheet(kind, sheet.read(MAX_SHEET_BYTES + 1), file)
    sign([line.entry for line in lines], register_of(kind), config=config, store=store, no_seal=no_seal, check=check)
