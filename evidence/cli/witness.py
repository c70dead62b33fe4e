"""`witness`: look at a log as somebody who does not write it, and sign that one saw it."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from evidence.cli.exits import ExitCode
from evidence.cli.options import now, open_here, store_option, verbosity_option, write_whole

if TYPE_CHECKING:
    from evidence.log.note import Checkpoint


@click.group()
def command() -> None:
    """
    Look at a log now and then, remember one line of it, and cosign it (C2SP tlog-cosignature).

    For the owner, the auditor, or the centre of many sites: whoever does not hold the log's keys. A log that was forked
    or cut back since the last look is refused.
    """


@command.command("sign")
@click.option("--state", required=True, type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="What was seen last, one small file; it is a pin, too.")  # fmt: skip
@click.option("--key", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="The witness' private key (ssh-keygen -t ed25519 -N ''). Without it nothing is signed.")  # fmt: skip
@click.option("--name", metavar="NAME", help="What the witness is called, without blanks: auditor.example/acme.")
@click.option("--pin", metavar="P", help="For the first look: a pin from elsewhere that the log must hold.")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="Write the cosignature there, to be sent back; without it, it is put into the store.")  # fmt: skip
@store_option
@verbosity_option
@click.pass_context
def sign(
    ctx: click.Context,
    state: Path,
    key: Path | None,
    name: str | None,
    pin: str | None,
    output: Path | None,
    store: str,
) -> None:
    """
    Recompute the log from its batches, compare it with what was seen last, remember it, and cosign it.

    At the first look there is nothing to compare with but --pin. Ends with 16, and signs and remembers nothing, where
    the log is not the one that was seen.
    """
    from evidence.cli.verify import read_pin
    from evidence.log.chain import RolledBackError
    from evidence.log.cosign import cosign
    from evidence.log.keyring import load_private
    from evidence.log.witness import look, take

    if (key is None) != (name is None):
        raise click.UsageError("--key and --name go together")
    opened = open_here(store)
    before = [read_pin(said) for said in (str(state) if state.exists() else None, pin) if said is not None]
    try:
        seen = [look(opened, one) for one in before][-1] if before else look(opened, None)
    except RolledBackError as error:
        click.echo(f"REFUSED: {error}", err=True)
        ctx.exit(ExitCode.UNVERIFIED)
    here = seen.checkpoint
    if before:
        click.echo(f"holds everything up to leaf {max(one.size for one in before)}", err=True)
    else:
        click.echo(f"first look; its root key is {seen.root_key}: compare it with the owner's", err=True)
    write_whole(state, _state(here))
    if key is not None and name is not None:
        data = cosign(load_private(key), name, here, now())
        if output is not None:
            write_whole(output, data)
        click.echo(str(output) if output is not None else take(opened, data)[1], err=True)
    click.echo(f"seen: {here.pin}")


@command.command("add")
@click.argument("files", nargs=-1, required=True, type=click.Path(dir_okay=False, path_type=Path), metavar="FILE...")
@store_option
@verbosity_option
def add(files: tuple[Path, ...], store: str) -> None:
    """
    Put cosignatures that witnesses sent back into the store.

    One that is of another log, or of this log as it never was, is refused.
    """
    from evidence.log.witness import take
    from evidence.store.layout import MAX_NOTE_BYTES

    opened = open_here(store)
    for path in files:
        with path.open("rb") as file:
            made, key = take(opened, file.read(MAX_NOTE_BYTES + 1))
        click.echo(f"{key}: {made.name} saw {made.checkpoint.size} leaves at {made.at:%Y-%m-%dT%H:%M:%SZ}")


def _state(here: "Checkpoint") -> bytes:
    """Return what is remembered of a log: a pin, as JSON."""
    return json.dumps({"origin": here.origin, "size": here.size, "root": here.root}).encode() + b"\n"
