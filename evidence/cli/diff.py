"""`diff`: what changed between an asset's two newest configurations."""

import click

from evidence.cli.options import platforms_option, store_option, verbosity_option
from evidence.harmless import harmless, one_line


@click.command()
@click.argument("asset")
@store_option
@click.option("--raw", is_flag=True, help="With the lines that change by themselves.")
@click.option("--startup", is_flag=True, help="The configuration the device starts with, not the running one.")
@platforms_option
@verbosity_option
def command(asset: str, store: str, raw: bool, startup: bool, platforms_folder: str | None) -> None:
    """
    Show what changed between the two newest configurations of ASSET.

    Lines that change by themselves are left out. A secret that changed shows as another tag; tags made with different
    keys cannot be compared and count as unknown, not as changed. Prints nothing when nothing changed.
    """
    from evidence.changes import changed_lines
    from evidence.cli.reading import open_platforms, open_snapshots
    from evidence.snapshots import configuration, erased_configuration

    snapshots = open_snapshots(store, None)
    (name,) = snapshots.choose([asset])
    platforms, kind = open_platforms(platforms_folder), "startup" if startup else "running"
    found = configuration(snapshots, name, platforms, kind)
    gone = erased_configuration(snapshots, name, platforms, kind)
    if gone is not None:
        told = f"{name}: the {kind} configuration of {gone.capture.at} was {gone.erasure}"
        click.echo(one_line(told), err=True)
    if len(found) < 2:
        click.echo(f"{name}: {len(found)} whole configurations are stored, nothing to compare", err=True)
        return
    new, old = found
    read = snapshots.data if raw else snapshots.stable
    if new.capture.blob == old.capture.blob and not raw:
        return
    before, after = (read(one).decode("utf-8", "replace") for one in (old, new))
    titles = [f"{name} {one.capture.question} {one.capture.at}" for one in (old, new)]
    for line in changed_lines(before, after, *titles):
        click.echo(harmless(line))
