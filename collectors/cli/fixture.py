"""`plantproof fixture`: record a device into a fixture, and serve fixtures as if they were devices."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from collectors.cli.options import opening_options
from evidence.cli.options import platforms_option, verbosity_option


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordArguments:
    """What was said on the command line."""

    asset: str
    inventory: tuple[str, ...]
    extra_vars: tuple[str, ...]
    user: str | None
    ask_pass: bool
    ask_become_pass: bool
    config: str | None
    owner: str | None
    platforms_folder: str | None
    pace: str | None
    no_input: bool
    tags: tuple[str, ...]
    walk: tuple[str, ...]
    replace: tuple[str, ...]
    name: str | None
    source: str | None
    output: Path
    opening: dict[str, Any]


@click.group()
def command() -> None:
    """Record a device into a fixture, and serve fixtures."""


@command.command("record")
@click.argument("asset")
@click.option("-i", "--inventory", multiple=True, metavar="SOURCE", help="Ansible inventory: file, folder or `a,b,`.")
@click.option("-e", "--extra-vars", multiple=True, metavar="VARS", help="More variables: `k=v`, JSON or @file.")
@click.option("-u", "--user", metavar="NAME", help="Log in as this user where the inventory names none.")
@click.option("-k", "--ask-pass", is_flag=True, help="Ask for the login password.")
@click.option("-K", "--ask-become-pass", is_flag=True, help="Ask for the enable password.")
@opening_options
@click.option("-t", "--tags", multiple=True, metavar="TAGS", help="Only: identify, config, tables, host.")
@click.option("--walk", multiple=True, metavar="OID", help="Also this SNMP subtree: the vendor's own branch.")
@click.option(
    "--replace", multiple=True, metavar="OLD=NEW", help="A name, address or serial number to be replaced by another."
)
@click.option("--as", "name", metavar="PLATFORM", help="The platform it is recorded for, where none is known yet.")
@click.option("--source", metavar="TEXT", help="Where the recording is from, in words.")
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default="fixtures",
    metavar="DIR",
    show_default=True,
    help="Where the files go.",
)
@click.option(
    "-c", "--config", type=click.Path(dir_okay=False), envvar="PLANTPROOF_CONFIG", metavar="FILE", help="Site file."
)
@click.option("--owner", metavar="NAME", help="Whose plant it is.")
@platforms_option
@click.option("--pace", type=click.Choice(["none"]), help="Do not pace; only where the asset is on loopback.")
@click.option("--no-input", is_flag=True, help="Never ask anything.")
@verbosity_option
def record(**said: Any) -> int:
    """
    Read ASSET once, and write what it answered as a fixture: files of one name, in the form of tests/data.

    Every secret is replaced by a made-up one of the same shape, the names, the address and the serial numbers that are
    known to be such by others. It is asked as `collect` asks: read-only, paced, within its windows. What may still say
    whose device it was is listed at the end: look at the files before you give them away.
    """
    from collectors.cli.recording import run_record

    names = set(RecordArguments.__dataclass_fields__)
    given = {name: value for name, value in said.items() if name in names}
    rest = {name: value for name, value in said.items() if name not in names}
    return run_record(RecordArguments(**given, opening=rest | {"no_input": said["no_input"]}))


@command.command("replay")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--snmp-port", type=click.IntRange(0, 65535), default=0, help="UDP port; 0 picks a free one.")
@click.option("--ssh-port", type=click.IntRange(0, 65535), default=0, help="TCP port; 0 picks a free one.")
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default="replay",
    metavar="DIR",
    show_default=True,
    help="A site to read them with: plantproof.yml, hosts.yml, known_hosts.",
)
@platforms_option
@verbosity_option
def replay(folder: Path, snmp_port: int, ssh_port: int, output: Path, platforms_folder: str | None) -> None:
    """
    Serve the fixtures of FOLDER on 127.0.0.1 as if they were devices, until interrupted.

    Writes a site with an inventory of them, so that `plantproof collect --pace none` in that folder reads them.
    """
    from collectors.cli.recording import run_replay

    run_replay(folder, output, snmp_port=snmp_port, ssh_port=ssh_port, platforms_folder=platforms_folder)
