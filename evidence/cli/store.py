"""`store`: look into a store, and check it."""

from typing import TYPE_CHECKING

import click

from evidence.cli.copying import copy
from evidence.cli.exits import ExitCode
from evidence.cli.options import Moment, open_here, store_option, verbosity_option

if TYPE_CHECKING:
    from datetime import datetime

    from evidence.store.interface import Store

_LOCK_WAIT_S = 30.0

_AT_WORK_S = 3600.0
"""How long a writer may still be at an unfinished file, seconds; it takes moments."""


@click.group()
def command() -> None:
    """Look into a store, and check it."""


@command.command("ls")
@click.argument("prefix", default="")
@store_option
@verbosity_option
def list_keys(prefix: str, store: str) -> None:
    """List the keys that begin with PREFIX."""
    from evidence.harmless import one_line

    for key in open_here(store).keys(prefix):
        click.echo(one_line(key))


@command.command("get")
@click.argument("name", metavar="KEY|DIGEST")
@store_option
@verbosity_option
def get_object(name: str, store: str) -> None:
    """
    Print one object: an artefact in plain, everything else as it is kept.

    DIGEST is `sha256:…`: an artefact's, a statement's, or that of an encrypted original, which `age -d` opens.
    """
    import sys

    from evidence.harmless import harmless

    data = _find(open_here(store), name)
    if sys.stdout.isatty():
        click.echo(harmless(data.decode("utf-8", "replace")), nl=not data.endswith(b"\n"))
    else:
        sys.stdout.buffer.write(data)


def _find(store: "Store", name: str) -> bytes:
    from evidence.model.names import hex_of, parse_digest
    from evidence.store.blobs import get_blob, measure_blob
    from evidence.store.interface import MissingError
    from evidence.store.layout import Area, KeyNameError, blob_key, parse_key

    if not name.startswith("sha256:"):
        digest = parse_key(name).digest if name.startswith("blobs/") else None
        return get_blob(store, digest, measure_blob(store, digest)) if digest else store.get(name)
    digest = parse_digest(name)
    if blob_key(digest) in store.keys(blob_key(digest)):
        return get_blob(store, digest, measure_blob(store, digest))
    for prefix in ("parts/", "statements/", "sealed/"):
        for key in store.keys(prefix):
            if hex_of(digest) not in key:
                continue
            try:
                if parse_key(key).area in (Area.PART, Area.STATEMENT, Area.ORIGINAL):
                    return store.get(key)
            except KeyNameError:
                continue
    raise MissingError(f"{name}: neither an artefact nor a statement of this store")


@command.command("check")
@click.option("--repair", is_flag=True, help="Make again what is derived, and remove what writers left that died.")
@store_option
@verbosity_option
@click.pass_context
def check(ctx: click.Context, repair: bool, store: str) -> None:
    """
    Check that every object is there and what it should be.

    Says nothing about whose evidence it is: that is `verify`, with a pin and the owner's key. --repair never touches
    evidence. Ends with 16 when something is wrong.
    """
    from evidence.harmless import one_line
    from evidence.store.directory import DirectoryStore
    from evidence.verify.result import Status
    from evidence.verify.verifier import verify

    opened = open_here(store)
    if repair:
        for line in _repair(opened):
            click.echo(one_line(line))
    report = verify(opened)
    for step in report.failed:
        for detail in step.details:
            click.echo(f"step {step.number} {step.name}: {one_line(detail)}")
    left = len(opened.leftovers()) if isinstance(opened, DirectoryStore) else 0
    if left:
        click.echo(f"{left} unfinished files in .tmp, by writers that died or are at work; --repair removes old ones")
    passed = sum(step.status is not Status.FAILED for step in report.steps)
    click.echo(f"store check: {passed} of {len(report.steps)} steps found nothing wrong")
    if report.failed:
        ctx.exit(ExitCode.UNVERIFIED)


@command.command("policy")
@click.argument("role", type=click.Choice(["collector", "sealer", "assessor", "auditor", "witness", "eraser"]))
@click.option(
    "--principal", metavar="ARN", help="For whom; then it is a bucket's policy. Ceph: arn:aws:iam:::user/NAME."
)
@click.option("--until", type=Moment(), metavar="DATE", help="When what it allows ends.")
@store_option
@verbosity_option
def print_policy(role: str, principal: str | None, until: "datetime | None", store: str) -> None:
    """
    Print what ROLE needs in a store in S3, and what it is refused, as a policy.

    No role may shorten a lock, change how the bucket keeps versions, or write this policy anew, and none may delete
    but the eraser: answers and their originals, nothing of the log. He runs `erase --no-seal`, then somebody else
    `seal`, then he the same again. Whoever collects and seals in one process is a sealer.
    """
    from evidence.store.s3_policy import PolicyRole, policy, policy_text

    click.echo(policy_text(policy(PolicyRole(role), store, principal=principal, until=until)))


@command.command("retention")
@click.option("--all", "everything", is_flag=True, help="Look at every object, not at the log and one shard of blobs.")
@store_option
@verbosity_option
def retention(everything: bool, store: str) -> None:
    """Show what a store in S3 honours, and until when it keeps what it holds."""
    from evidence.cli.output import table
    from evidence.cli.retention import honoured, kept

    opened = open_here(store)
    for line in honoured(opened):
        click.echo(line)
    click.echo("\n".join(table(("KEYS", "OBJECTS", "LOCKED", "FIRST ENDS"), kept(opened, everything=everything))))


command.add_command(copy)


def _repair(store: "Store") -> list[str]:
    """Make the checkpoint hint again and clear `.tmp/` of what no writer is at any more, while nobody seals."""
    import time

    from evidence.log.chain import checkpoint_sizes
    from evidence.store.directory import DirectoryStore
    from evidence.store.layout import CHECKPOINT_HINT_KEY, checkpoint_key
    from evidence.store.lock import locked

    done = []
    with locked(store, wait_s=_LOCK_WAIT_S):
        newest = max(checkpoint_sizes(store), default=None)
        if newest is not None:
            store.replace(CHECKPOINT_HINT_KEY, store.get(checkpoint_key(newest)))
            done.append(f"{CHECKPOINT_HINT_KEY}: made again from {checkpoint_key(newest)}")
        for path in store.leftovers(before=time.time() - _AT_WORK_S) if isinstance(store, DirectoryStore) else ():
            path.unlink(missing_ok=True)
            done.append(f".tmp/{path.name}: removed")
    return done
