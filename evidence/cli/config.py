"""`config`: the stored configuration of an asset."""

import sys
from datetime import datetime

import click

from evidence.cli.options import as_of_option, platforms_option, store_option, verbosity_option
from evidence.errors import Error
from evidence.harmless import harmless, one_line


class NoConfigurationError(Error):
    """No whole configuration of the asset is stored."""


@click.command()
@click.argument("asset")
@store_option
@click.option("--raw", is_flag=True, help="On a terminal too, print every byte as it is stored.")
@click.option("--startup", is_flag=True, help="The configuration the device starts with, not the running one.")
@as_of_option
@platforms_option
@verbosity_option
def command(
    asset: str, store: str, raw: bool, startup: bool, as_of: datetime | None, platforms_folder: str | None
) -> None:
    """
    Print the stored configuration of ASSET.

    It is whole, as the device gave it, with each secret replaced by a tag. On a terminal control characters are
    spelled out; a pipe gets the bytes.
    """
    from evidence.cli.reading import open_platforms, open_snapshots
    from evidence.snapshots import configuration, erased_configuration

    kind = "startup" if startup else "running"
    snapshots = open_snapshots(store, as_of)
    (name,) = snapshots.choose([asset])
    platforms = open_platforms(platforms_folder)
    found = configuration(snapshots, name, platforms, kind)
    gone = erased_configuration(snapshots, name, platforms, kind)
    if gone is not None:
        told = one_line(f"{name}: the {kind} configuration of {gone.capture.at} was {gone.erasure}")
        if not found:
            raise NoConfigurationError(told)
        click.echo(f"{told}; this is the one of {found[0].capture.at}", err=True)
    if not found:
        visit = snapshots.visit(name)
        raise NoConfigurationError(
            f"{name}: no whole {kind} configuration is stored",
            hint=f"its newest visit ended {visit.outcome.result}: {visit.outcome.reason or 'no reason given'}",
        )
    data = snapshots.data(found[0])
    if sys.stdout.isatty() and not raw:
        click.echo(harmless(data.decode("utf-8", "replace")), nl=not data.endswith(b"\n"))
    else:
        sys.stdout.buffer.write(data)
