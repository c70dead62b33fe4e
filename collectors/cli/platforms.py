"""`plantproof platforms`: what the auditor's program says of platforms, and trying one on recorded devices."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from evidence.cli.options import platforms_option, verbosity_option
from evidence.cli.platforms import command as auditors
from evidence.errors import Error

if TYPE_CHECKING:
    from evidence.normalise.recordings import Recording
    from evidence.platforms.load import Platforms
    from evidence.platforms.platform import Platform


class NoFixtureError(Error):
    """There is nothing to try a platform on, or no such platform."""

    exit_code = 5


command = click.Group(
    "platforms", help="List, show and test platforms: what is asked, what is secret.", commands={**auditors.commands}
)


@command.command("test")
@click.argument("platform", metavar="NAME|FILE")
@click.option(
    "--fixtures",
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default="fixtures",
    metavar="DIR",
    show_default=True,
    help="Where the recordings are.",
)
@click.option("--write", is_flag=True, help="Write what is read now as what is expected.")
@platforms_option
@verbosity_option
def try_platform(platform: str, folder: Path, write: bool, platforms_folder: str | None) -> int:
    """
    Try a platform on the recorded devices whose files are named after it; 1 when anything is not as expected.

    The device is recognised, its facts are what stands beside the recording, its secrets are found by the rules and
    nothing else is taken for one. Rules that no recording shows to be right are listed. FILE is a platform file in the
    making: it goes before a built-in one of that name.
    """
    from collectors.fixtures import write_facts
    from evidence.normalise.recordings import recordings
    from evidence.normalise.trials import Tried, in_words, unshown

    known, wanted = _known(platform, platforms_folder)
    found = [one for one in recordings(folder) if one.platform == wanted.name]
    if not found:
        raise NoFixtureError(
            f"{folder}: expected recordings named {wanted.name}#…, found none",
            hint="plantproof fixture record ASSET --as " + wanted.name,
        )
    failed = False
    for recording in found:
        if write:
            click.echo(write_facts(recording, known, source="", name=wanted.name))
        troubles = list(_troubles(type(recording)(recording.folder, recording.stem), known, wanted))
        failed = failed or bool(troubles)
        click.echo(f"{'FAILED' if troubles else 'passed'}  {recording.stem}")
        for trouble in troubles:
            click.echo(f"        {trouble}")
    tried = [Tried(*one.asked(known)) for one in found]
    for rule in unshown(wanted, known, tried):
        click.echo(f"not shown by any recording: {in_words(rule)}")
    return int(failed)


def _known(platform: str, folder: str | None) -> "tuple[Platforms, Platform]":
    """Return the platforms, with the file in the making among them, and the one that is tried."""
    from evidence.cli.reading import open_platforms
    from evidence.platforms.load import with_file

    known = open_platforms(folder)
    if platform.endswith((".yaml", ".yml")):
        known = with_file(Path(platform), known)
        return known, known.unresolved(Path(platform).stem)
    if platform not in known:
        raise NoFixtureError(
            f"{platform}: no platform is named so, and it is no file", hint="`platforms ls` lists them"
        )
    return known, known.unresolved(platform)


def _troubles(recording: "Recording", known: "Platforms", wanted: "Platform") -> "Iterator[str]":
    from collectors.fixtures import read_facts, secrets_left
    from evidence.normalise.recordings import differences

    platform, said = recording.asked(known)
    if platform.name != wanted.name:
        yield f"platform: expected {wanted.name}, but it is recognised as {platform.name}"
    yield from differences(recording.expected, read_facts(platform, said))
    yield from secrets_left(recording, platform, said)
