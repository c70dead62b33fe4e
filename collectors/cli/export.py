"""`plantproof export`: the evidence bundle, for an auditor to check alone."""

from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from evidence.cli.options import (
    STORE_HELP,
    STORE_METAVAR,
    as_of_option,
    moment_text,
    now,
    platforms_option,
    verbosity_option,
)

if TYPE_CHECKING:
    from collectors.site import OpenSite
    from evidence.export.selection import Selection
    from evidence.export.write import Page


_SELECTION = (
    click.option("-c", "--config", type=click.Path(dir_okay=False), metavar="FILE", help="Site file."),
    click.option("--store", envvar="PLANTPROOF_STORE", metavar=STORE_METAVAR, help=STORE_HELP),
    click.option("--owner", metavar="NAME", help="Whose plant it is, of those in owners/."),
    click.option("--period", metavar="P", help="2026, 2026Q3, 2026-07, or 2026-07-01..2026-08-15; days are UTC."),
    click.option("--asset", "assets", multiple=True, metavar="A", help="Only this asset."),
    click.option("--profile", metavar="P", help="Only what this profile asks for."),
    click.option("--control", "controls", multiple=True, metavar="C", help="Only this control."),
    click.option("--for", "recipient", metavar="NAME", help="Who gets it; stands in the bundle and in the log."),
    click.option(
        "--incident", is_flag=True, help="Everything of the period, what changes by itself too, and a timeline."
    ),
    click.option(
        "--artifact-root", metavar="PATH", help="Where it is to be unpacked, for CMMC's hash logs; else C:\\CMMC."
    ),
    as_of_option,
)


def selection_options(command: Callable[..., object]) -> Callable[..., object]:
    """Give a command the options that say what a bundle is to hold."""
    for option in reversed(_SELECTION):
        command = option(command)
    return command


@click.command()
@selection_options
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="The zip.")
@click.option(
    "--verifier",
    "verifiers",
    type=click.Path(dir_okay=False, path_type=Path),
    multiple=True,
    metavar="FILE",
    help="Write a stand-alone verifier, too: verify.py, or verify.html for a browser.",
)
@click.option(
    "--allowed-signers",
    "signers",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the lines ssh-keygen needs to know the sealer by, too.",
)
@platforms_option
@verbosity_option
def command(
    config: str | None,
    store: str | None,
    owner: str | None,
    period: str | None,
    assets: tuple[str, ...],
    profile: str | None,
    controls: tuple[str, ...],
    recipient: str | None,
    incident: bool,
    artifact_root: str | None,
    as_of: datetime | None,
    output: Path | None,
    verifiers: tuple[Path, ...],
    signers: Path | None,
    platforms_folder: str | None,
) -> None:
    """
    Write the evidence bundle of a period: a BagIt bag in a zip, signed with the sealer's key.

    It holds a plain copy of each artefact, every statement about it, and what shows that nothing between was left
    out of the log. `verify FILE`, verify.py, verify.html, ssh-keygen and sha256sum check it. The same log and the
    same words give the same bytes. That it was handed out is stated in the log: the next seal commits it.

    It is made for the moment of the period's newest statement, or --as-of: what was due in the period after that is
    listed as pending. So of a period that is over, --as-of its end shows a collector that died in it.

    The verifiers and the allowed signers go to the auditor another way than the bundle, as the root key does.
    """
    if not output and not verifiers and not signers:
        raise click.UsageError("nothing to write: name a file with --output, --verifier or --allowed-signers")
    if output and not period:
        raise click.UsageError("--output needs --period")
    for verifier in verifiers:
        _write_verifier(verifier)
    if signers:
        _write_signers(_open(config, store, owner), signers)
    if output and period:
        selection = chosen(period, assets, profile, controls, recipient, as_of, incident, artifact_root)
        _export(_open(config, store, owner), selection, output, platforms_folder)


def chosen(
    period: str,
    assets: Iterable[str],
    profile: str | None,
    controls: Iterable[str],
    recipient: str | None,
    as_of: datetime | None,
    incident: bool,
    artifact_root: str | None,
) -> "Selection":
    """Return what a bundle is to hold; an incident's is about everything there was."""
    if incident and (assets or profile or controls):
        raise click.UsageError("--incident is everything of the period: no --asset, --profile or --control beside it")
    from evidence.export.period import parse_period
    from evidence.export.selection import Selection
    from evidence.model.names import AssetId

    return Selection(
        period=parse_period(period),
        as_of=moment_text(as_of),
        assets=frozenset(map(AssetId, assets)),
        profile=profile,
        controls=tuple(sorted(controls)),
        recipient=recipient,
        incident=incident,
        artifact_root=artifact_root,
    )


def pages(platforms: str | None) -> "Page":
    """Return what writes the report of a bundle."""
    from functools import partial
    from importlib.metadata import version

    from evidence.cli.reading import open_platforms
    from evidence.export.page import report_page

    return partial(report_page, platforms=open_platforms(platforms), tool=version("plantproof"))


def _open(config: str | None, store: str | None, owner: str | None) -> "OpenSite":
    from collectors.cli.site import load_site, open_evidence
    from collectors.cli.system import SystemClock

    return open_evidence(load_site(config, store=store, owner=owner), SystemClock())


def _export(opened: "OpenSite", selection: "Selection", output: Path, platforms: str | None) -> None:
    from importlib.metadata import version

    from evidence.export.write import export

    tool, page = version("plantproof"), pages(platforms)
    done = export(opened.store, opened.keyring, selection, output, page=page, tool=tool, at=now())
    click.echo(f"{output}: {done.files} files, {done.withheld} statements withheld; pin: {done.pin}", err=True)


def _write_verifier(target: Path) -> None:
    from evidence.cli.options import write_whole
    from evidence.export.verifier import page, standalone

    in_a_browser = target.suffix == ".html"
    write_whole(target, (page() if in_a_browser else standalone()).encode())
    needs = "a browser" if in_a_browser else "Python 3.11"
    click.echo(f"{target}: a stand-alone verifier; it needs {needs} and nothing else", err=True)


def _write_signers(opened: "OpenSite", target: Path) -> None:
    from evidence.cli.options import write_whole
    from evidence.export.readme import allowed_signers
    from evidence.log.history import History

    write_whole(target, allowed_signers(History.read(opened.store)))
    click.echo(f"{target}: who signs the bundles, for ssh-keygen -Y verify", err=True)
