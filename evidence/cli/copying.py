"""`store copy`: a log carried unchanged to another place, and what a centre says of what it was brought."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from evidence.cli.exits import ExitCode
from evidence.cli.options import now, verbosity_option, write_whole

if TYPE_CHECKING:
    from evidence.log.courier import Carried
    from evidence.store.interface import Store

MAX_RECORD_BYTES = 16 * 1024 * 1024
"""Largest record of deliveries: a century of daily ones."""

_LOCK_WAIT_S = 30.0


@click.command("copy")
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
@click.option("--since", type=click.IntRange(min=0), metavar="LEAF", help="Only what is new since a pin of this size.")
@click.option("--record", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="Remember what was brought, to tell what comes in another order.")  # fmt: skip
@verbosity_option
@click.pass_context
def copy(ctx: click.Context, source: str, target: str, since: int | None, record: Path | None) -> None:
    """
    Carry a sealed log from one store to another, unchanged: FROM and TO are directories or buckets.

    A closed site copies onto a medium (--since: what is new since the last one), the centre from the medium into its
    replica, which it then witnesses. What is there already is not written again. Leaves that are missing, repeated or
    in another order than before are named. Ends with 1 where leaves are missing or an object is damaged, with 16
    where the two are not one history; nothing is committed then.
    """
    from evidence.log.chain import RolledBackError
    from evidence.log.courier import carry, held_by, judge, span_of
    from evidence.store.lock import locked

    here, there = _open(source, create=False), _open(target, create=True)
    earlier = _read(record) if record else []
    with locked(there, wait_s=_LOCK_WAIT_S):
        brought, held = span_of(here), held_by(there)
        if since is None:
            for line in judge(brought, held, earlier):
                click.echo(line)
        if record:
            _remember(record, earlier, brought)
        try:
            done = carry(here, there, since=since)
        except RolledBackError as error:
            click.echo(f"REFUSED: {error}", err=True)
            ctx.exit(ExitCode.UNVERIFIED)
    for line in done.damaged:
        click.echo(f"not copied: {line}")
    click.echo(f"copied: {done.size - done.held} leaves, {done.objects} objects; {target} now has {done.size} leaves")


def _open(place: str, *, create: bool) -> "Store":
    import os

    from evidence.store.open import open_store
    from evidence.store.remote import Remote, endpoint_in

    return open_store(place, create=create, remote=Remote(endpoint=endpoint_in(os.environ), now=now))


def _read(path: Path) -> "list[Carried]":
    """Return what was brought before; a record that cannot be read is an error: it is not begun anew."""
    from evidence.log.courier import Carried

    if not path.exists():
        return []
    try:
        with path.open("rb") as file:
            rows = json.loads(file.read(MAX_RECORD_BYTES))
        return [Carried(begin=int(row["begin"]), end=int(row["end"])) for row in rows]
    except (ValueError, TypeError, KeyError) as error:
        raise click.BadParameter(f"{path}: not a record of deliveries", param_hint="--record") from error


def _remember(path: Path, earlier: "list[Carried]", brought: "Carried") -> None:
    rows = [{"begin": one.begin, "end": one.end} for one in (*earlier, brought)]
    write_whole(path, json.dumps(rows).encode() + b"\n")
